/* SPDX-License-Identifier: MIT */
/* Pipes as large as --ring-size, if the system allows it. */
#ifndef BENCH_PIPE_H
#define BENCH_PIPE_H

#include <fcntl.h>

#include "fits.h"
#include "stream.h"

static inline int pipe_resize(int fd, const struct channel *ch)
{
	uint64_t max = sysctl_number("/proc/sys/fs/pipe-max-size");
	uint64_t size = ch->capacity < max ? ch->capacity : max;

	return fcntl(fd, F_SETPIPE_SZ, (int)size) < 0 ? -errno : 0;
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
