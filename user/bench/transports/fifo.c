// SPDX-License-Identifier: MIT
/* A named pipe, blocking, one per direction, up to --ring-size large. */
/* Two copies (in and out of the kernel) and two system calls per message. */
/* man 7 fifo */
#include <limits.h>
#include <sys/stat.h>

#include "pipe.h"
#include "tmpdir.h"

DEFINE_EACH_LOOPS(stream);

/* The reader first: it needs no writer to open without blocking. */
static int fifo_ends(struct channel *ch, const char *path)
{
	struct stream *s = ch->state;
	int *fd = s->ends.fd;

	fd[SIDE_CONSUMER] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd[SIDE_CONSUMER] < 0)
		return -errno;
	fd[SIDE_PRODUCER] = open(path, O_WRONLY | O_CLOEXEC);
	if (fd[SIDE_PRODUCER] < 0 || fcntl(fd[SIDE_CONSUMER], F_SETFL, 0))
		return -errno;
	return pipe_resize(fd[SIDE_PRODUCER], ch);
}

/* Who inherits the two ends needs no name: it goes before a process starts. */
static int fifo_open(struct channel *ch)
{
	char path[PATH_MAX];
	int rc;

	if (!stream_new(ch, ch->size))
		return -ENOMEM;
	snprintf(path, sizeof(path), "%s/shmring-bench-%d-%u", tmpdir(),
		 (int)getpid(), ch->id);
	/* Of a process that had this number and was killed within this call. */
	unlink(path);
	if (mkfifo(path, 0600)) {
		rc = -errno;
		snprintf(ch->why, sizeof(ch->why),
			 "fifo: cannot make one in %.80s: %s: set TMPDIR",
			 tmpdir(), strerror(-rc));
		return rc;
	}
	rc = fifo_ends(ch, path);
	unlink(path);
	return rc;
}

const struct transport transport_fifo = {
	.name = "fifo",
	.group = "pipes",
	.what = "named pipe, one write and one read per message",
	.loops = &stream_loops,
	.asleep = &stream_loops,
	.many = true,
	.fits = pipe_fits,
	.open = fifo_open,
	.join = ends_join,
	.close = ends_close,
};
