/* SPDX-License-Identifier: MIT */
/* An anonymous pipe as large as --ring-size. */
#ifndef BENCH_PIPE_H
#define BENCH_PIPE_H

#include <fcntl.h>

#include "fits.h"
#include "stream.h"

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
	if (fcntl(fd[1], F_SETPIPE_SZ, (int)ch->capacity) < 0)
		return -errno;
	return 0;
}

static inline bool pipe_fits(const struct channel *ch, char why[WHY_MAX])
{
	unsigned long long max = sysctl_number("/proc/sys/fs/pipe-max-size");

	if (ch->capacity <= max || !geteuid())
		return true;
	snprintf(why, WHY_MAX,
		 "%s: holds at most %llu bytes: smaller --ring-size, or sysctl fs.pipe-max-size=%llu",
		 ch->transport->name, max, (unsigned long long)ch->capacity);
	return false;
}

#endif /* BENCH_PIPE_H */
