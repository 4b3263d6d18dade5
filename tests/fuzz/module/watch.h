/* SPDX-License-Identifier: MIT */
/* What is looked at while the workers work, and after. */
#ifndef FUZZ_WATCH_H
#define FUZZ_WATCH_H

#include "shared.h"

/* watch.c: until the limits are reached or something is wrong */
void fuzz_watch(struct fuzz_shared *shared, long seconds, bool save);

/* finish.c: what the workers left; false when it is more than nothing */
bool fuzz_begin(struct fuzz_shared *shared);
bool fuzz_finish(struct fuzz_shared *shared);

void fuzz_count(struct fuzz_shared *shared, uint64_t *calls,
		uint64_t *programs);

#endif /* FUZZ_WATCH_H */
