// SPDX-License-Identifier: GPL-2.0-only
/* A ring's figures, gathered without any help of the hot path. */
#include <linux/pid.h>

#include "endpoint.h"
#include "stat.h"

/* Tail is read before head, so that an honest ring is never said to be negative. */
static void shmring_get_positions(struct shmring *ring,
				  struct shmring_stat *stat)
{
	stat->tail = shmring_tail(ring);	/* (A), as shmring_ready() has it */
	stat->head = READ_ONCE(ring->side[SHMRING_PRODUCER].cursor->pos);
	stat->used = min(stat->head - stat->tail, ring->bytes);
}

u64 shmring_get_used(struct shmring *ring)
{
	struct shmring_stat stat;

	shmring_get_positions(ring, &stat);
	return stat.used;
}

const char *shmring_state_name(u32 state)
{
	static const char * const name[] = {
		[SHMRING_STATE_NEVER] = "never",
		[SHMRING_STATE_ATTACHED] = "attached",
		[SHMRING_STATE_GONE] = "gone",
	};

	return name[state];
}

static void shmring_get_side_stat(struct shmring *ring,
				  struct shmring_side *side,
				  struct pid_namespace *ns,
				  struct shmring_side_stat *stat)
{
	lockdep_assert_held(&ring->lock);
	stat->state = *shmring_state(ring, side);
	stat->pid = pid_nr_ns(side->pid, ns);
	stat->waits = atomic64_read(&side->waits);
	stat->wakeups = atomic64_read(&side->wakeups);
	stat->kicks = atomic64_read(&side->kicks);
	stat->eventfd_signals = atomic64_read(&side->eventfd_signals);
	stat->deaths = atomic64_read(&side->deaths);
	stat->stalls = READ_ONCE(side->page->stalls);
	stat->messages = READ_ONCE(side->page->messages);
}

void shmring_get_stat(struct shmring *ring, struct pid_namespace *ns,
		      struct shmring_stat *stat)
{
	int i;

	shmring_get_positions(ring, stat);
	stat->high_water = READ_ONCE(ring->high_water);
	stat->level = READ_ONCE(ring->level);
	mutex_lock(&ring->lock);
	for (i = 0; i < SHMRING_SIDES; i++)
		shmring_get_side_stat(ring, &ring->side[i], ns, &stat->side[i]);
	mutex_unlock(&ring->lock);
}
