// SPDX-License-Identifier: GPL-2.0-only
/* Taking a role, and the end of it. */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/shmring_netlink.h>

#include "endpoint.h"
#include "file.h"
#include "netlink.h"
#include "notify.h"
#include "trace.h"

/* @index is that of one. */
static struct shmring_slot *shmring_slot_of(struct shmring *ring, u32 role, u32 index)
{
	if (role == SHMRING_ROLE_CONSUMER)
		return &ring->consumer;
	return &ring->lane[array_index_nospec(index, ring->nr_lanes)];
}

static void shmring_free_endpoint(struct work_struct *work)
{
	struct shmring_endpoint *ep = container_of(to_rcu_work(work),
						   struct shmring_endpoint,
						   free_work);

	if (ep->mm) {
		mmdrop(ep->mm);
		put_task_struct(ep->task);
	}
	kfree(ep);
}

struct shmring_endpoint *shmring_get_endpoint(struct shmring_endpoint *ep)
{
	refcount_inc(&ep->ref);
	return ep;
}

void shmring_put_endpoint(struct shmring_endpoint *ep)
{
	struct shmring *ring = ep->ring;

	if (!refcount_dec_and_test(&ep->ref))
		return;
	queue_rcu_work(shmring_workqueue, &ep->free_work);
	put_device(&ring->dev);
}

struct shmring_endpoint *shmring_new_endpoint(struct shmring *ring)
{
	struct shmring_endpoint *ep = kzalloc(sizeof(*ep), GFP_KERNEL_ACCOUNT);

	if (!ep)
		return ERR_PTR(-ENOMEM);
	get_device(&ring->dev);
	ep->ring = ring;
	address_space_init_once(&ep->mapping);
	ep->mapping.a_ops = &empty_aops;
	init_rwsem(&ep->mapping.invalidate_lock);
	init_rwsem(&ep->lock);
	mutex_init(&ep->io);
	init_completion(&ep->ended);
	complete_all(&ep->ended);
	INIT_RCU_WORK(&ep->free_work, shmring_free_endpoint);
	refcount_set(&ep->ref, 1);
	return ep;
}

static bool shmring_has_producer(struct shmring *ring)
{
	struct shmring_slot *lane;

	lockdep_assert_held(&ring->lock);
	shmring_for_each_lane(ring, lane)
		if (!shmring_is_free(lane))
			return true;
	return false;
}

/* Those on the other side hear of it. */
static void shmring_wake_all(struct shmring_slot *slot)
{
	shmring_kick(slot);
	/* Also those who asked to be woken one at a time. */
	wake_up_interruptible_all(&slot->wq);
}

static void shmring_tell_peers(struct shmring_slot *slot)
{
	struct shmring *ring = slot->ring;
	struct shmring_slot *lane;

	if (shmring_is_producer(slot))
		return shmring_wake_all(&ring->consumer);
	shmring_for_each_lane(ring, lane)
		shmring_wake_all(lane);
}

/*
 * Everybody hears of a peer that comes or goes. The epoch is about sides: it moves
 * with the first that comes and the last that goes. Who looks at the state and then
 * at the epoch, and finds the peer gone, has the epoch of that.
 */
static void shmring_set_state(struct shmring_slot *slot, u32 state)
{
	struct shmring_info_page *info = slot->ring->info;
	bool moves = *shmring_state(slot) != state;

	lockdep_assert_held(&slot->ring->lock);
	if (moves && state == SHMRING_STATE_GONE)
		WRITE_ONCE(info->epoch, info->epoch + 1);
	/*
	 * (P1) After the epoch, and all that the side published or released;
	 * pairs with (P3).
	 */
	smp_store_release(shmring_state(slot), state);
	if (moves && state != SHMRING_STATE_GONE)
		/* (P2) Who sees the epoch sees the state; pairs with (P4). */
		smp_store_release(&info->epoch, info->epoch + 1);
	shmring_tell_peers(slot);
}

static void shmring_gain_role(struct shmring_endpoint *ep, struct shmring_slot *slot)
{
	struct shmring *ring = ep->ring;

	lockdep_assert_held(&ring->lock);
	reinit_completion(&ep->ended);
	ep->slot = slot;
	WRITE_ONCE(ep->live, true);
	rcu_assign_pointer(slot->owner, shmring_get_endpoint(ep));
	slot->pid = get_pid(task_tgid(current));
	/* The producers may have written anything since the last one left. */
	if (!shmring_is_producer(slot))
		shmring_settle(slot);
	ring->met = true;
	/* What the last one to have the role asked poll() for. */
	WRITE_ONCE(slot->page->want, 0);
	WRITE_ONCE(slot->page->poll_flags, 0);
	shmring_set_state(slot, SHMRING_STATE_ATTACHED);
	trace_shmring_attach(slot);
	shmring_notify_endpoint(slot, SHMRING_CMD_ENDPOINT_ATTACH_NTF, false);
}

/*
 * What a process writes with one descriptor after the other stays in order where it
 * finds its lane again. So each takes that, or the one that was left longest ago.
 */
static struct shmring_slot *shmring_free_lane(struct shmring *ring)
{
	struct shmring_slot *lane, *own = NULL, *oldest = NULL;

	lockdep_assert_held(&ring->lock);
	shmring_for_each_lane(ring, lane) {
		if (!shmring_is_free(lane))
			continue;
		if (lane->last == task_tgid(current) &&
		    (!own || own->left < lane->left))
			own = lane;
		if (!oldest || lane->left < oldest->left)
			oldest = lane;
	}
	return own ?: oldest;
}

static struct shmring_slot *shmring_free_slot(struct shmring *ring, u32 role,
					      u32 index)
{
	struct shmring_slot *slot;

	if (role == SHMRING_ROLE_PRODUCER && index == SHMRING_INDEX_ANY)
		return shmring_free_lane(ring);
	slot = shmring_slot_of(ring, role, index);
	return shmring_is_free(slot) ? slot : NULL;
}

int shmring_take_role(struct shmring_endpoint *ep, u32 role, u32 index)
{
	struct shmring *ring = ep->ring;
	struct shmring_slot *slot;
	int err = 0;

	mutex_lock(&ring->lock);
	slot = shmring_free_slot(ring, role, index);
	if (ring->condemned)
		err = -ENOENT;
	else if (!slot)
		err = -EBUSY;
	else
		shmring_gain_role(ep, slot);
	mutex_unlock(&ring->lock);
	return err;
}

/*
 * Checks the process that mapped the endpoint, which need not be the current one:
 * a reader of its /proc files can be the last user of its memory. If nobody mapped
 * it, only an exiting holder counts.
 */
static bool shmring_was_killed(const struct shmring_endpoint *ep)
{
	const struct task_struct *task = ep->task ?: current;
	const struct signal_struct *signal = task->signal;

	if (!ep->task && !(current->flags & PF_EXITING))
		return false;
	return READ_ONCE(signal->flags) & SIGNAL_GROUP_EXIT &&
	       READ_ONCE(signal->group_exit_code) & 0x7f;
}

/* Where there are several lanes, the process may want the same one again. */
static void shmring_forget_pid(struct shmring_slot *slot)
{
	if (shmring_is_producer(slot) && slot->ring->nr_lanes > 1) {
		swap(slot->last, slot->pid);
		slot->left = ++slot->ring->leaves;
	}
	put_pid(slot->pid);
	slot->pid = NULL;
}

/* Its mappings are revoked, so nobody publishes or releases any more. */
static void shmring_lose_role(struct shmring_endpoint *ep)
{
	struct shmring *ring = ep->ring;
	struct shmring_slot *slot = ep->slot;
	bool killed = shmring_was_killed(ep);
	u32 state = SHMRING_STATE_GONE;

	shmring_put_eventfd(slot);
	if (killed)
		atomic64_inc(&slot->deaths);

	mutex_lock(&ring->lock);
	rcu_assign_pointer(slot->owner, NULL);
	shmring_settle(slot);
	if (shmring_is_producer(slot) && shmring_has_producer(ring))
		state = SHMRING_STATE_ATTACHED;
	shmring_set_state(slot, state);
	trace_shmring_detach(slot, killed);
	shmring_notify_endpoint(slot, SHMRING_CMD_ENDPOINT_DETACH_NTF, killed);
	shmring_forget_pid(slot);
	if (ring->flags & SHMRING_CREATE_EPHEMERAL &&
	    shmring_is_free(&ring->consumer) && !shmring_has_producer(ring))
		shmring_condemn(ring);
	mutex_unlock(&ring->lock);

	/* Those who sleep on the endpoint learn that it is one no more. */
	wake_up_interruptible_all(&slot->wq);
	wake_up_interruptible_all(&ring->wq);
	complete_all(&ep->ended);
	shmring_put_endpoint(ep);
}

void shmring_end_role(struct shmring_endpoint *ep)
{
	bool live;

	down_write(&ep->lock);
	live = ep->live;
	WRITE_ONCE(ep->live, false);
	up_write(&ep->lock);
	if (live) {
		unmap_mapping_range(&ep->mapping, 0, 0, 1);
		shmring_lose_role(ep);
	}
	wait_for_completion(&ep->ended);
}

static int shmring_evict_one(struct shmring_slot *slot)
{
	struct shmring *ring = slot->ring;
	struct shmring_endpoint *ep;

	mutex_lock(&ring->lock);
	ep = rcu_dereference_protected(slot->owner,
				       lockdep_is_held(&ring->lock));
	if (ep)
		shmring_get_endpoint(ep);
	mutex_unlock(&ring->lock);
	if (!ep)
		return -ENOTCONN;
	shmring_end_role(ep);
	shmring_put_endpoint(ep);
	return 0;
}

int shmring_evict(struct shmring *ring, u32 role, u32 index)
{
	u32 i, nr = shmring_nr_slots(role, ring->nr_lanes);
	int err = -ENOTCONN;

	if (index != SHMRING_INDEX_ANY)
		return shmring_evict_one(shmring_slot_of(ring, role, index));
	for (i = 0; i < nr; i++)
		if (!shmring_evict_one(shmring_slot_of(ring, role, i)))
			err = 0;
	return err;
}

int shmring_attach(struct shmring *ring, u32 role, u32 index)
{
	struct shmring_endpoint *ep;
	struct file *file;
	int fd, err;

	fd = get_unused_fd_flags(O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fd;
	ep = shmring_new_endpoint(ring);
	file = IS_ERR(ep) ? ERR_CAST(ep) : shmring_new_endpoint_file(ep);
	err = PTR_ERR_OR_ZERO(file);
	if (err)
		goto put_fd;
	err = shmring_take_role(ep, role, index);
	if (err)
		goto put_file;
	fd_install(fd, file);
	return fd;

put_file:
	fput(file);
put_fd:
	put_unused_fd(fd);
	return err;
}
