// SPDX-License-Identifier: GPL-2.0-only
/*
 * The high-water mark. Publishing makes no system call, so nobody tells the
 * kernel that a ring fills up: it looks, now and then, at the rings that have a
 * mark. They pay with a cache line or two, the others with nothing. While nobody
 * listens for the news, it only looks for listeners, and wakes no CPU for that.
 */
#include <linux/moduleparam.h>
#include <linux/workqueue.h>
#include <linux/shmring_netlink.h>

#include "level.h"
#include "netlink.h"
#include "stat.h"

static unsigned int level_ms = 100;
module_param(level_ms, uint, 0644);
MODULE_PARM_DESC(level_ms,
		 "Milliseconds between looks at a ring with a high-water mark");

#define SHMRING_LISTENERS_SECONDS 1

static void shmring_await_listeners(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(shmring_listeners_work, shmring_await_listeners);

/* Up at the mark, down at half of it: one that hovers there is told of once. */
static u32 shmring_level_of(const struct shmring *ring, u64 used, u32 mark)
{
	if (!mark)
		return SHMRING_LEVEL_BELOW;
	if (used * 100 >= ring->bytes * mark)
		return SHMRING_LEVEL_ABOVE;
	if (used * 200 <= ring->bytes * mark)
		return SHMRING_LEVEL_BELOW;
	return ring->level;
}

static void shmring_check_level(struct work_struct *work)
{
	struct shmring *ring = container_of(to_delayed_work(work),
					    struct shmring, level_work);
	u32 mark = READ_ONCE(ring->high_water);
	u64 used = shmring_get_used(ring);
	u32 level = shmring_level_of(ring, used, mark);

	if (level != ring->level) {
		/* Only this work, of which one runs at a time, writes it. */
		WRITE_ONCE(ring->level, level);
		shmring_notify_level(ring, used, mark);
	}
	if (!mark)
		return;
	if (shmring_has_listeners())
		queue_delayed_work(system_wq, &ring->level_work,
				   msecs_to_jiffies(max(READ_ONCE(level_ms),
							1U)));
	else
		queue_delayed_work(system_wq, &shmring_listeners_work,
				   SHMRING_LISTENERS_SECONDS * HZ);
}

/* Look at all rings that have a mark; without listeners, the looks end there. */
static void shmring_await_listeners(struct work_struct *work)
{
	bool listeners = shmring_has_listeners(), marks = false;
	struct shmring *ring;

	shmring_lock_list();
	for (ring = shmring_from(0); ring; ring = shmring_after(ring)) {
		if (!READ_ONCE(ring->high_water))
			continue;
		marks = true;
		if (!listeners)
			break;
		mod_delayed_work(system_wq, &ring->level_work, 0);
	}
	shmring_unlock_list();
	if (marks && !listeners)
		queue_delayed_work(system_wq, &shmring_listeners_work,
				   SHMRING_LISTENERS_SECONDS * HZ);
}

void shmring_init_level(struct shmring *ring)
{
	INIT_DELAYED_WORK(&ring->level_work, shmring_check_level);
}

int shmring_set_high_water(struct shmring *ring, u32 percent)
{
	if (percent > 100)
		return -EINVAL;
	WRITE_ONCE(ring->high_water, percent);
	mod_delayed_work(system_wq, &ring->level_work, 0);
	flush_delayed_work(&ring->level_work);
	return 0;
}

void shmring_stop_level(struct shmring *ring)
{
	cancel_delayed_work_sync(&ring->level_work);
}

void shmring_level_exit(void)
{
	cancel_delayed_work_sync(&shmring_listeners_work);
}
