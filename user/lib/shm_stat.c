// SPDX-License-Identifier: MIT
/* A ring without the module, seen from outside. */
#include <errno.h>
#include <unistd.h>

#include "shm.h"

/* The word of a holder that died without one is out of date. */
static uint32_t state_of(int fd, uint32_t said, uint32_t role)
{
	if (said == SHMRING_STATE_ATTACHED && !shm_role_held(fd, role))
		return SHMRING_STATE_GONE;
	return said;
}

static bool read_at(int fd, off_t at, void *to, size_t len)
{
	return pread(fd, to, len, at) == (ssize_t)len;
}

static bool read_side(int fd, off_t at, struct shmring_ctl_page *page,
		      struct shmring_cursor *cursor)
{
	return read_at(fd, at, page, sizeof(*page)) &&
	       read_at(fd, at + (off_t)sizeof(*page), cursor, sizeof(*cursor));
}

/*
 * By pread() and not mmap(): no SIGBUS when somebody cuts the file. The tail is
 * read before the head, which is then not behind it.
 */
int shm_stat_file(int fd, const char *what, struct shmring_stat *st)
{
	struct shmring_ctl_page consumer, producer;
	struct shmring_cursor tail, head;
	struct shmring_info_page info;
	struct shmring_lane lane;
	struct shmring_geometry g;
	int err;

	err = shm_file_check(fd, what, &g, &st->flags);
	if (err)
		return err;
	if (!read_side(fd, g.consumer, &consumer, &tail) ||
	    !read_side(fd, g.producer, &producer, &head) ||
	    !read_at(fd, g.info, &info, sizeof(info)) ||
	    !read_at(fd, g.info + (off_t)sizeof(info), &lane, sizeof(lane)))
		return shmring_fail(EPROTO, "%s: not a ring any more", what);
	st->ring_bytes = g.ring_bytes;
	st->record_size = g.record_size;
	st->node = info.node;
	st->head = head.pos;
	st->tail = shmring_tail(&lane, &tail, lane.generation, g.ring_bytes);
	st->state[0] = state_of(fd, info.state[0], SHMRING_ROLE_PRODUCER);
	st->state[1] = state_of(fd, info.state[1], SHMRING_ROLE_CONSUMER);
	st->stalls[0] = producer.stalls;
	st->stalls[1] = consumer.stalls;
	return 0;
}
