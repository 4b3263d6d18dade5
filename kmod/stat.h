/* SPDX-License-Identifier: GPL-2.0-only */
/* What sysfs, procfs and Netlink tell of a ring, taken at one moment. */
#ifndef _SHMRING_STAT_H
#define _SHMRING_STAT_H

#include "ring.h"

/*
 * struct shmring_side_stat - one side: all producers together, or the consumer
 * @state: SHMRING_STATE_*
 * @pid: who attached, in the first lane that somebody has; or 0 when nobody has
 *	or the asker cannot see it
 * @stalls, @messages: what the process claims, unchecked
 */
struct shmring_side_stat {
	u32 state;
	pid_t pid;
	u64 waits;
	u64 wakeups;
	u64 kicks;
	u64 eventfd_signals;
	u64 deaths;
	u64 stalls;
	u64 messages;
};

/*
 * struct shmring_stat - a ring
 * @head, @tail: what the sides' pages say, unchecked; of all lanes together
 * @used: head - tail, at most the size, of the lane that is fullest
 */
struct shmring_stat {
	u64 head;
	u64 tail;
	u64 used;
	u32 high_water;
	u32 level;
	struct shmring_side_stat producer;
	struct shmring_side_stat consumer;
};

/* Takes ring->lock. Pids are those of @ns. */
void shmring_get_stat(struct shmring *ring, struct pid_namespace *ns,
		      struct shmring_stat *stat);
u64 shmring_get_used(struct shmring *ring);

/* "never", "attached", "gone" */
const char *shmring_state_name(u32 state);

#endif /* _SHMRING_STAT_H */
