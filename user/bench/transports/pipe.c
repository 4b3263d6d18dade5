// SPDX-License-Identifier: MIT
/* An anonymous pipe, blocking, one per direction, as large as --ring-size. */
/* Two copies (in and out of the kernel) and two system calls per message. */
/* man 7 pipe */
#include <fcntl.h>
#include <stdio.h>

#include "stream.h"

DEFINE_LOOPS(pipe_loops, stream_put, stream_get);

static int pipe_open(struct channel *ch)
{
	struct stream *s = stream_new(ch);
	int fd[2];

	if (!s)
		return -ENOMEM;
	if (pipe2(fd, O_CLOEXEC))
		return -errno;
	s->fd[SIDE_CONSUMER] = fd[0];
	s->fd[SIDE_PRODUCER] = fd[1];
	if (fcntl(fd[1], F_SETPIPE_SZ, (int)ch->capacity) < 0)
		return -errno;
	return 0;
}

static bool pipe_fits(const struct channel *ch, char why[WHY_MAX])
{
	unsigned long long max = 0;
	FILE *f = fopen("/proc/sys/fs/pipe-max-size", "re");

	if (!f)
		return true;
	if (fscanf(f, "%llu", &max) != 1)
		max = UINT64_MAX;
	fclose(f);
	if (ch->capacity <= max || !geteuid())
		return true;
	snprintf(why, WHY_MAX,
		 "pipe: holds at most %llu bytes: smaller --ring-size, or sysctl fs.pipe-max-size=%llu",
		 max, (unsigned long long)ch->capacity);
	return false;
}

const struct transport transport_pipe = {
	.name = "pipe",
	.what = "anonymous pipe, one write and one read per message",
	.loops = &pipe_loops,
	.asleep = &pipe_loops,
	.fits = pipe_fits,
	.open = pipe_open,
	.join = stream_join,
	.close = stream_close,
};
