/* SPDX-License-Identifier: MIT */
/* Pipes as large as --ring-size, if the system allows it. */
#ifndef BENCH_PIPE_H
#define BENCH_PIPE_H

#include <fcntl.h>
#include <limits.h>

#include "fits.h"
#include "stream.h"

static inline int pipe_resize(int fd, const struct channel *ch)
{
	uint64_t max = sysctl_number("/proc/sys/fs/pipe-max-size");
	uint64_t size = ch->capacity < max ? ch->capacity : max;

	return fcntl(fd, F_SETPIPE_SZ, (int)size) < 0 ? -errno : 0;
}

/* A larger write of one producer could be torn by another's. */
static inline bool pipe_fits(const struct channel *ch, char why[WHY_MAX])
{
	return ch->producers < 2 ||
	       fits_limit(ch, PIPE_BUF, "several producers' atomic writes", why);
}

/* @bytes: of the caller's buffer */
static inline int pipe_open(struct channel *ch, size_t bytes)
{
	struct stream *s = stream_new(ch, bytes);
	int fd[2];

	if (!s)
		return -ENOMEM;
	if (pipe2(fd, O_CLOEXEC))
		return -errno;
	s->ends.fd[SIDE_CONSUMER] = fd[0];
	s->ends.fd[SIDE_PRODUCER] = fd[1];
	return pipe_resize(fd[1], ch);
}

#endif /* BENCH_PIPE_H */
