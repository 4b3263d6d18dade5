/* SPDX-License-Identifier: GPL-2.0-only */
/* Sleeping, waking, and the fence that the sleeper pays for. */
#ifndef _SHMRING_NOTIFY_H
#define _SHMRING_NOTIFY_H

#include <linux/ktime.h>
#include <linux/poll.h>

#include "endpoint.h"

int shmring_ready(struct shmring *ring, struct shmring_side *side, u64 want);
int shmring_sleep(struct shmring *ring, struct shmring_side *side, u64 want);
void shmring_kick(struct shmring_side *side);

long shmring_wait(struct shmring_endpoint *ep, void __user *arg, bool kick);
long shmring_set_eventfd(struct shmring_endpoint *ep, void __user *arg);
void shmring_put_eventfd(struct shmring_side *side);
__poll_t shmring_poll(struct file *file, poll_table *pt);

#endif /* _SHMRING_NOTIFY_H */
