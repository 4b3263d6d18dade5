// SPDX-License-Identifier: GPL-2.0-only
/* A ring's figures, gathered without any help of the hot path. */
#include <linux/pid.h>

#include "endpoint.h"
#include "stat.h"

/*
 * Adds those of @lane. Tail is read before head, so that an honest ring is never
 * said to be negative.
 */
static void shmring_add_positions(const struct shmring_slot *lane,
				  struct shmring_stat *stat)
{
	u64 tail = shmring_tail(lane);	/* (A), as in shmring_lane_used() */
	u64 head = READ_ONCE(lane->head->pos);
	u64 used = min(head - tail, lane->ring->bytes);

	stat->head += head;
	stat->tail += tail;
	stat->used = max(stat->used, used);
}

u64 shmring_get_used(struct shmring *ring)
{
	struct shmring_stat stat = {};
	struct shmring_slot *lane;

	shmring_for_each_lane(ring, lane)
		shmring_add_positions(lane, &stat);
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

static void shmring_add_slot(struct shmring_slot *slot, struct pid_namespace *ns,
			     struct shmring_side_stat *stat)
{
	lockdep_assert_held(&slot->ring->lock);
	stat->state = *shmring_state(slot);
	stat->pid = stat->pid ?: pid_nr_ns(slot->pid, ns);
	stat->waits += atomic64_read(&slot->waits);
	stat->wakeups += atomic64_read(&slot->wakeups);
	stat->kicks += atomic64_read(&slot->kicks);
	stat->eventfd_signals += atomic64_read(&slot->eventfd_signals);
	stat->deaths += atomic64_read(&slot->deaths);
	stat->stalls += READ_ONCE(slot->page->stalls);
	stat->messages += READ_ONCE(slot->page->messages);
}

void shmring_get_stat(struct shmring *ring, struct pid_namespace *ns,
		      struct shmring_stat *stat)
{
	struct shmring_slot *lane;

	*stat = (struct shmring_stat) {
		.high_water = READ_ONCE(ring->high_water),
		.level = READ_ONCE(ring->level),
	};
	mutex_lock(&ring->lock);
	shmring_for_each_lane(ring, lane) {
		shmring_add_positions(lane, stat);
		shmring_add_slot(lane, ns, &stat->producer);
	}
	shmring_add_slot(&ring->consumer, ns, &stat->consumer);
	mutex_unlock(&ring->lock);
}
