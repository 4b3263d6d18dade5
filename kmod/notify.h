/* SPDX-License-Identifier: GPL-2.0-only */
/* Sleeping, waking, and the fence that the sleeper pays for. */
#ifndef _SHMRING_NOTIFY_H
#define _SHMRING_NOTIFY_H

#include <linux/ktime.h>
#include <linux/poll.h>

#include "endpoint.h"

int shmring_sleep(struct shmring_endpoint *ep, u64 want);

/* Wake who sleeps there, armed or not; signal its eventfd. */
void shmring_kick(struct shmring_slot *slot);

/* After a position moved: once for each time that @slot armed. */
void shmring_kick_armed(struct shmring_slot *slot);

/*
 * KICK by who has @slot: a consumer kicks lane @index, or with SHMRING_INDEX_ANY
 * those that armed. -EINVAL: no such lane. Where there is one, @index is anything.
 */
int shmring_kick_peer(struct shmring_slot *slot, unsigned long index);

long shmring_wait(struct shmring_endpoint *ep, void __user *arg, bool kick);
long shmring_set_eventfd(struct shmring_endpoint *ep, void __user *arg);
void shmring_put_eventfd(struct shmring_slot *slot);
__poll_t shmring_poll(struct shmring_endpoint *ep, struct file *file,
		      poll_table *pt);

#endif /* _SHMRING_NOTIFY_H */
