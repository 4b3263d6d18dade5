/* SPDX-License-Identifier: MIT */
/* The two kinds of UNIX sockets that keep messages apart. */
#ifndef BENCH_UNIX_PAIR_H
#define BENCH_UNIX_PAIR_H

#include "sndbuf.h"

static inline int unix_pair_open(struct channel *ch, int type)
{
	struct dgram *d = dgram_new(ch, 0);

	if (!d)
		return -ENOMEM;
	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, d->ends.fd))
		return -errno;
	sndbuf_enlarge(d->ends.fd[SIDE_PRODUCER], ch->size);
	return 0;
}

#endif /* BENCH_UNIX_PAIR_H */
