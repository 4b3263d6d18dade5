/* SPDX-License-Identifier: MIT */
/* The channels of a cell. */
#ifndef BENCH_CHANNEL_H
#define BENCH_CHANNEL_H

#include "plan.h"

/* One that is not opened; a copy of it that is has the same name as others. */
void channel_init(struct channel *ch, const struct cell *c,
		  struct channel *partner);

/*
 * As the transport's open: 0 or a negative errno, and the transport's close has
 * to follow in any case. What went wrong is in @ch->why, or only the errno.
 */
int channel_open(struct channel *ch, const struct cell *c,
		 struct channel *partner);

#endif /* BENCH_CHANNEL_H */
