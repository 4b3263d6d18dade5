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

/*
 * By pread() and not mmap(): no SIGBUS when somebody cuts the file. The tail is
 * read before the head, which is then not behind it.
 */
int shm_stat_file(int fd, const char *what, struct shmring_stat *st)
{
	struct shmring_ctl_page consumer, producer;
	struct shmring_info_page info;
	struct shmring_geometry g;
	int err;

	err = shm_file_check(fd, what, &g, &st->flags);
	if (err)
		return err;
	if (pread(fd, &consumer, sizeof(consumer), g.consumer) != sizeof(consumer) ||
	    pread(fd, &producer, sizeof(producer), g.producer) != sizeof(producer) ||
	    pread(fd, &info, sizeof(info), g.info) != sizeof(info))
		return shmring_fail(EPROTO, "%s: not a ring any more", what);
	st->ring_bytes = g.ring_bytes;
	st->record_size = g.record_size;
	st->node = info.node;
	st->head = producer.pos;
	st->tail = shmring_tail(&info.lane, &consumer, info.lane.generation,
				g.ring_bytes);
	st->state[0] = state_of(fd, info.state[0], SHMRING_ROLE_PRODUCER);
	st->state[1] = state_of(fd, info.state[1], SHMRING_ROLE_CONSUMER);
	st->stalls[0] = producer.stalls;
	st->stalls[1] = consumer.stalls;
	return 0;
}
