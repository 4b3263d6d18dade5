/* SPDX-License-Identifier: MIT */
/* A put of a test's own transport that never succeeds. */
#ifndef BENCH_REFUSE_H
#define BENCH_REFUSE_H

#include <errno.h>

#include "../user/bench/transport.h"

static int refuse(struct channel *ch, uint64_t seq, size_t n, size_t size)
{
	(void)ch;
	(void)seq;
	(void)n;
	(void)size;
	return -ENOSPC;
}

#endif /* BENCH_REFUSE_H */
