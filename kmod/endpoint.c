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

static struct shmring_side *shmring_side_of(struct shmring *ring, u32 role)
{
	unsigned int index = role - SHMRING_ROLE_PRODUCER;

	return &ring->side[array_index_nospec(index, SHMRING_SIDES)];
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

struct shmring_endpoint *shmring_new_endpoint(struct shmring *ring, u32 role)
{
	struct shmring_endpoint *ep = kzalloc(sizeof(*ep), GFP_KERNEL_ACCOUNT);

	if (!ep)
		return ERR_PTR(-ENOMEM);
	get_device(&ring->dev);
	ep->ring = ring;
	ep->side = shmring_side_of(ring, role);
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

/*
 * Everybody hears of a peer that comes or goes. Who looks at the state and then
 * at the epoch, and finds a peer gone, has the epoch of that.
 */
static void shmring_set_state(struct shmring *ring, struct shmring_side *side,
			      u32 state)
{
	struct shmring_info_page *info = ring->info;
	struct shmring_side *other = shmring_other(ring, side);

	lockdep_assert_held(&ring->lock);
	if (state == SHMRING_STATE_GONE)
		WRITE_ONCE(info->epoch, info->epoch + 1);
	/*
	 * (P1) After the epoch, and all that the side published or released;
	 * pairs with (P3).
	 */
	smp_store_release(shmring_state(ring, side), state);
	if (state != SHMRING_STATE_GONE)
		/* (P2) Who sees the epoch sees the state; pairs with (P4). */
		smp_store_release(&info->epoch, info->epoch + 1);
	shmring_kick(other);
	/* Also those who asked to be woken one at a time. */
	wake_up_interruptible_all(&other->wq);
}

static void shmring_gain_role(struct shmring_endpoint *ep)
{
	struct shmring *ring = ep->ring;
	struct shmring_side *side = ep->side;

	lockdep_assert_held(&ring->lock);
	reinit_completion(&ep->ended);
	WRITE_ONCE(ep->live, true);
	rcu_assign_pointer(side->owner, shmring_get_endpoint(ep));
	side->pid = get_pid(task_tgid(current));
	/* The producer may have written anything since the last one left. */
	if (!shmring_is_producer(ring, side))
		shmring_settle(side);
	ring->met = true;
	/* What the last one to have the role asked poll() for. */
	WRITE_ONCE(side->page->want, 0);
	WRITE_ONCE(side->page->poll_flags, 0);
	shmring_set_state(ring, side, SHMRING_STATE_ATTACHED);
	/* Who polls a descriptor of the ring asks again, and arms. */
	wake_up_interruptible_all(&side->wq);
	trace_shmring_attach(side);
	shmring_notify_endpoint(ring, side, SHMRING_CMD_ENDPOINT_ATTACH_NTF,
				false);
}

int shmring_take_role(struct shmring_endpoint *ep)
{
	struct shmring *ring = ep->ring;
	int err = 0;

	mutex_lock(&ring->lock);
	if (ring->condemned)
		err = -ENOENT;
	else if (rcu_access_pointer(ep->side->owner))
		err = -EBUSY;
	else
		shmring_gain_role(ep);
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

/* Its mappings are revoked, so nobody publishes or releases any more. */
static void shmring_lose_role(struct shmring_endpoint *ep)
{
	struct shmring *ring = ep->ring;
	struct shmring_side *side = ep->side;
	bool killed = shmring_was_killed(ep);

	shmring_put_eventfd(side);
	if (killed)
		atomic64_inc(&side->deaths);

	mutex_lock(&ring->lock);
	rcu_assign_pointer(side->owner, NULL);
	shmring_settle(side);
	shmring_set_state(ring, side, SHMRING_STATE_GONE);
	trace_shmring_detach(side, killed);
	shmring_notify_endpoint(ring, side, SHMRING_CMD_ENDPOINT_DETACH_NTF,
				killed);
	put_pid(side->pid);
	side->pid = NULL;
	if (ring->flags & SHMRING_CREATE_EPHEMERAL &&
	    !rcu_access_pointer(shmring_other(ring, side)->owner))
		shmring_condemn(ring);
	mutex_unlock(&ring->lock);

	/* Those who sleep on the endpoint learn that it is one no more. */
	wake_up_interruptible_all(&side->wq);
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

int shmring_evict(struct shmring *ring, u32 role)
{
	struct shmring_side *side = shmring_side_of(ring, role);
	struct shmring_endpoint *ep;

	mutex_lock(&ring->lock);
	ep = rcu_dereference_protected(side->owner,
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

int shmring_attach(struct shmring *ring, u32 role)
{
	struct shmring_endpoint *ep;
	struct file *file;
	int fd, err;

	fd = get_unused_fd_flags(O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fd;
	ep = shmring_new_endpoint(ring, role);
	file = IS_ERR(ep) ? ERR_CAST(ep) : shmring_new_endpoint_file(ep);
	err = PTR_ERR_OR_ZERO(file);
	if (err)
		goto put_fd;
	err = shmring_take_role(ep);
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
