// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sleeping and waking.
 *
 *	sleeper                           publisher (user mode)
 *	  join the wait queue               STORE.rel position
 *	  STORE 1 to the bell    (arm)      LOAD the peer's bell
 *	  fence the publisher's CPUs        if odd: KICK
 *	  LOAD position, sleep                STORE 0 to the bell
 *	                                      wake the wait queue
 *
 * This is Dekker's pattern: each side stores and then loads what the other
 * stored, and at least one must see the other. The publisher has no fence; the
 * sleeper puts one into its instruction stream by an interrupt, as
 * membarrier(2) does. If it lands after the publisher's store, the sleeper's
 * second look sees the position; if before, the publisher's load comes after
 * it and sees the bell. read() and write() publish here, and fence.
 *
 * One bell stands for all who sleep in a place. Who joined the queue and then had
 * the bell cleared by somebody's kick is woken by it, since a kick looks at the
 * queue last; and all who are woken look, and arm again. Who armed later finds the
 * bell as it left it, and the next publish kicks.
 *
 * Wake-ups carry no poll key. io_uring and aio believe a key and do not ask
 * again: they would report what is not true, and leave nothing armed for the
 * next publish. Without a key they ask.
 */
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/hrtimer.h>
#include <linux/lockdep.h>
#include <linux/nospec.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "args.h"
#include "file.h"
#include "notify.h"
#include "trace.h"

static void shmring_ipi(void *unused)
{
	/* (F3) In the publisher's instruction stream; see above. */
	smp_mb();
}

/*
 * Whether the only thread that can publish is off its CPU. Before it publishes
 * again it is switched to: on_cpu is set, and then a full barrier executed on
 * the way to user mode (membarrier(2) needs it too), so that it sees whatever
 * the caller stored before it called this.
 */
static bool shmring_publisher_sleeps(const struct shmring_endpoint *ep,
				     struct mm_struct *mm)
{
	if (atomic_read(&mm->mm_users) != 1)
		return false;
	/* (F2) Pairs with exit_mm(): the task's mm is cleared, then mm_users drops. */
	smp_rmb();
	return READ_ONCE(ep->task->mm) == mm && !shmring_task_on_cpu(ep->task);
}

/*
 * The CPUs that may run who publishes there, or NULL. Without mappings one
 * publishes by write() and read(), which fence. One that maps now finds the bell
 * odd, by (M3); so does a new owner of the role.
 */
static const struct cpumask *shmring_publisher_cpus(const struct shmring_slot *publisher)
{
	struct shmring_endpoint *ep = rcu_dereference(publisher->owner);
	struct mm_struct *mm = NULL;

	if (ep)
		/* (M2) The mm before the task; pairs with (M1). */
		mm = smp_load_acquire(&ep->mm);
	if (mm && !shmring_publisher_sleeps(ep, mm))
		return shmring_mm_cpus(mm);
	return NULL;
}

static void shmring_fence_cpus(const struct cpumask *cpus)
{
	preempt_disable();
	smp_call_function_many(cpus, shmring_ipi, NULL, true);
	preempt_enable();
}

/* One process may have many lanes. */
static void shmring_fence_lanes(struct shmring *ring)
{
	const struct cpumask *fenced[SHMRING_LANES_MAX], *cpus;
	struct shmring_slot *lane;
	unsigned int i, nr = 0;

	shmring_for_each_lane(ring, lane) {
		cpus = shmring_publisher_cpus(lane);
		for (i = 0; i < nr && fenced[i] != cpus; i++)
			;
		if (!cpus || i < nr)
			continue;
		fenced[nr++] = cpus;
		shmring_fence_cpus(cpus);
	}
}

/* All that can publish for @slot. */
static void shmring_fence(const struct shmring_slot *slot)
{
	const struct cpumask *cpus;

	/* (F1) The bell is stored before we look where the publisher is. */
	smp_mb();
	rcu_read_lock();
	if (shmring_is_producer(slot)) {
		cpus = shmring_publisher_cpus(&slot->ring->consumer);
		if (cpus)
			shmring_fence_cpus(cpus);
	} else {
		shmring_fence_lanes(slot->ring);
	}
	rcu_read_unlock();
	/* (F4) The caller's second look comes after the publisher's fence. */
	smp_mb();
}

/*
 * Arming waits for other CPUs, and user space can arm all the time. So it holds
 * no lock that attaching, leaving, kicking or copying needs.
 */
static void shmring_assert_unlocked(struct shmring_endpoint *ep)
{
	lockdep_assert_not_held(&ep->io);
	lockdep_assert_not_held(&ep->lock);
	lockdep_assert_not_held(&ep->ring->lock);
	lockdep_assert_not_held(&ep->slot->lock);
}

/* From here on, the next publish of the other side kicks. */
static void shmring_arm(struct shmring_endpoint *ep)
{
	struct shmring_slot *slot = ep->slot;

	shmring_assert_unlocked(ep);
	/* (W1) On the queue before the bell is odd; pairs with (W2). */
	smp_mb();
	WRITE_ONCE(*slot->bell, 1);
	shmring_fence(slot);
}

/*
 * Wake those who sleep on @slot. The position was stored before, by user space
 * in program order or by our caller. @sync: the caller is about to sleep, so
 * whom it wakes may as well have its CPU.
 */
static void shmring_wake(struct shmring_slot *slot, bool sync)
{
	atomic64_inc(&slot->kicks);
	trace_shmring_kick(slot);
	WRITE_ONCE(*slot->bell, 0);
	/* (W2) Who made the bell odd before is on the queue; pairs with (W1). */
	smp_mb();
	if (waitqueue_active(&slot->wq)) {	/* (W2) */
		if (sync)
			wake_up_interruptible_sync_poll(&slot->wq, 0);
		else
			wake_up_interruptible_poll(&slot->wq, 0);
	}
	/* Not one at a time: they need not be of the same place. */
	if (waitqueue_active(&slot->ring->wq))	/* (W2) */
		wake_up_interruptible_all(&slot->ring->wq);
	spin_lock(&slot->lock);
	if (slot->eventfd) {
		shmring_eventfd_signal(slot->eventfd);
		atomic64_inc(&slot->eventfd_signals);
		trace_shmring_eventfd(slot);
	}
	spin_unlock(&slot->lock);
}

void shmring_kick(struct shmring_slot *slot)
{
	shmring_wake(slot, false);
}

/* The position was stored before, by user space or by our caller. */
static void shmring_wake_armed(struct shmring_slot *slot, bool sync)
{
	/* (K1) The position is stored before the bell is read; pairs with (F1). */
	smp_mb();
	if (READ_ONCE(*slot->bell))
		shmring_wake(slot, sync);
}

void shmring_kick_armed(struct shmring_slot *slot)
{
	shmring_wake_armed(slot, false);
}

/* The peer of @slot, or those of several that armed. */
static void shmring_wake_peers(struct shmring_slot *slot, bool sync)
{
	struct shmring *ring = slot->ring;
	struct shmring_slot *lane;

	if (shmring_is_producer(slot))
		return shmring_wake(&ring->consumer, sync);
	if (ring->nr_lanes == 1)
		return shmring_wake(&ring->lane[0], sync);
	shmring_for_each_lane(ring, lane)
		shmring_wake_armed(lane, sync);
}

int shmring_kick_peer(struct shmring_slot *slot, unsigned long index)
{
	struct shmring *ring = slot->ring;

	if (shmring_is_producer(slot))
		shmring_kick(&ring->consumer);
	else if (ring->nr_lanes == 1)
		shmring_kick(&ring->lane[0]);
	else if (index == SHMRING_INDEX_ANY || index == ULONG_MAX)
		shmring_wake_peers(slot, false);
	else if (index < ring->nr_lanes)
		shmring_kick(&ring->lane[array_index_nospec(index,
							    ring->nr_lanes)]);
	else
		return -EINVAL;
	return 0;
}

/*
 * Bytes that are published in a lane and not handed back. -EBADMSG if the
 * producer's position contradicts the consumer's. A consumer that contradicts its
 * producer counts as one that stands still: that is the same, and said by who asks.
 *
 * Tail is read before head. If tail did not move meanwhile, head - tail is at
 * most the ring's size between honest sides. If it did, somebody is at work on
 * the asker's own side: look again, and if that goes on, -EAGAIN.
 */
static int shmring_lane_used(const struct shmring_slot *lane, u64 *used)
{
	u64 head, tail;
	int tries;

	for (tries = 0; tries < 4; tries++) {
		tail = shmring_tail(lane);	/* (A) */
		/* (C), pairs with (B). */
		head = smp_load_acquire(&lane->head->pos);
		*used = head - tail;
		if (shmring_is_plausible(lane->ring, head, tail))
			return 0;
		if (shmring_tail(lane) == tail)
			return -EBADMSG;
	}
	return -EAGAIN;
}

static int shmring_has_space(const struct shmring_slot *lane, u64 want)
{
	const struct shmring *ring = lane->ring;
	u64 used;
	int err = shmring_lane_used(lane, &used);

	if (err)
		return err == -EAGAIN;
	return ring->bytes - used >=
	       (want ?: ring->record_size ?: sizeof(struct shmring_record));
}

/*
 * Whether a reader can do something about a lane that makes no sense: drop what
 * there is. With one lane it is told in any case, since there is nothing else.
 */
static bool shmring_is_news(const struct shmring_slot *lane)
{
	u64 tail = shmring_tail(lane), head = READ_ONCE(lane->head->pos);

	return lane->ring->nr_lanes == 1 ||
	       shmring_is_before(tail, shmring_whole(lane->ring, tail, head));
}

/*
 * One record in any lane, or @want bytes in all together. What makes no sense in
 * one is told when there is nothing else.
 */
static int shmring_has_records(struct shmring *ring, u64 want)
{
	u64 least = ring->record_size ?: 1, used, sum = 0;
	struct shmring_slot *lane;
	bool bad = false, any = false;
	int err;

	shmring_for_each_lane(ring, lane) {
		err = shmring_lane_used(lane, &used);
		if (err == -EAGAIN)
			return 1;
		if (err) {
			bad = bad || shmring_is_news(lane);
			continue;
		}
		any = any || used >= least;
		sum += used;
	}
	if (want ? sum >= want : any)
		return 1;
	return bad ? -EBADMSG : 0;
}

/*
 * 1 if @want bytes (0: one record) are there for @slot, or free; 0 if not;
 * -EBADMSG. Where it cannot be told it is 1, since a caller looks for itself.
 */
static int shmring_ready(struct shmring_slot *slot, u64 want)
{
	return shmring_is_producer(slot) ? shmring_has_space(slot, want) :
					   shmring_has_records(slot->ring, want);
}

/*
 * The events of WAIT_PEER. A peer that came and left again since @epoch was
 * there, too. The epoch is read before the state: what is gone behind a new one
 * is not what the peer was before it came.
 */
static int shmring_peer_events(const struct shmring_slot *slot, u32 epoch)
{
	/* (P4) Pairs with (P2). */
	bool moved = smp_load_acquire(&slot->ring->info->epoch) != epoch;
	u32 state = shmring_peer_state(slot);

	if (state == SHMRING_STATE_ATTACHED)
		return SHMRING_EVENT_READY;
	if (!moved)
		return 0;
	return SHMRING_EVENT_READY |
	       (state == SHMRING_STATE_GONE ? SHMRING_EVENT_HUP : 0);
}

/* SHMRING_EVENT_*, 0 for "not yet", or a negative errno. */
static int shmring_events(struct shmring_slot *slot, u32 flags, u64 want)
{
	bool gone;
	int ready;

	if (flags & SHMRING_WAIT_PEER)
		return shmring_peer_events(slot, want);

	gone = shmring_peer_gone(slot);
	ready = shmring_ready(slot, want);
	if (ready < 0)
		return ready;
	return (ready ? SHMRING_EVENT_READY : 0) |
	       (gone ? SHMRING_EVENT_HUP : 0);
}

/*
 * Arm, kick the peers of @kick once if there is one, and sleep until there are events. Returns
 * them, or a negative errno. @expires is on the monotonic clock, NULL for ever.
 */
static int shmring_sleep_until(struct shmring_endpoint *ep, u32 flags, u64 want,
			       ktime_t *expires, struct shmring_slot *kick)
{
	struct shmring_slot *slot = ep->slot;
	bool timed_out = false;
	DEFINE_WAIT(wait);
	int events;

	atomic64_inc(&slot->waits);
	trace_shmring_wait(slot, want);
	for (;;) {
		prepare_to_wait(&slot->wq, &wait, TASK_INTERRUPTIBLE);
		shmring_arm(ep);
		if (kick)
			shmring_wake_peers(kick, true);
		kick = NULL;
		events = shmring_is_live(ep) ?
			 shmring_events(slot, flags, want) : -ENOTCONN;
		if (events)
			break;
		events = timed_out ? -ETIMEDOUT :
			 signal_pending(current) ? -EINTR : 0;
		if (events)
			break;
		if (schedule_hrtimeout(expires, HRTIMER_MODE_ABS)) {
			atomic64_inc(&slot->wakeups);
			trace_shmring_wake(slot);
		}
		/* By the clock: kicks without end must not hold back the time. */
		timed_out = expires && ktime_compare(ktime_get(), *expires) >= 0;
	}
	finish_wait(&slot->wq, &wait);
	return events;
}

/* For read() and write(): as long as it takes. */
int shmring_sleep(struct shmring_endpoint *ep, u64 want)
{
	return shmring_sleep_until(ep, 0, want, NULL, NULL);
}

/* Not ready within no time: arm, so that the next publish is told of. */
static int shmring_look(struct shmring_endpoint *ep, u32 flags, u64 want)
{
	int events = shmring_events(ep->slot, flags, want);

	if (!events) {
		shmring_arm(ep);
		events = shmring_events(ep->slot, flags, want);
	}
	return events ?: -EAGAIN;
}

static bool shmring_wait_is_valid(const struct shmring *ring,
				  const struct shmring_wait *args)
{
	u64 most = args->flags & SHMRING_WAIT_PEER ? U32_MAX : ring->bytes;

	return !(args->flags & ~SHMRING_WAIT_FLAGS) && args->want <= most &&
	       args->timeout_ns >= SHMRING_WAIT_FOREVER;
}

/* Whether @args ask to arm rather than to sleep. */
static bool shmring_is_look(const struct shmring_wait *args)
{
	return !args->timeout_ns && !(args->flags & SHMRING_WAIT_ABSTIME);
}

/* When the time is up, on the monotonic clock: @expires or, for ever, NULL. */
static ktime_t *shmring_expiry(const struct shmring_wait *args, ktime_t *expires)
{
	if (args->timeout_ns == SHMRING_WAIT_FOREVER)
		return NULL;
	*expires = ns_to_ktime(args->timeout_ns);
	if (!(args->flags & SHMRING_WAIT_ABSTIME))
		*expires = ktime_add_safe(ktime_get(), *expires);
	return expires;
}

static int shmring_wait_for(struct shmring_endpoint *ep,
			    const struct shmring_wait *args, ktime_t *expires,
			    struct shmring_slot *kick)
{
	u64 want = args->want;
	int events;

	if (args->flags & SHMRING_WAIT_PEER && !want)
		want = READ_ONCE(ep->ring->info->epoch);

	if (shmring_is_look(args)) {
		if (kick)
			shmring_wake_peers(kick, false);
		return shmring_look(ep, args->flags, want);
	}
	if (!kick) {
		events = shmring_events(ep->slot, args->flags, want);
		if (events)
			return events;
	}
	return shmring_sleep_until(ep, args->flags, want, expires, kick);
}

/*
 * What a signal makes of a WAIT. Without a handler it goes on, for the rest of
 * its time. A handler ends it, unless there is no limit and SA_RESTART.
 */
static int shmring_interrupted(struct shmring_wait __user *arg,
			       const struct shmring_wait *args,
			       const ktime_t *expires)
{
	s64 rest;

	if (!expires)
		return -ERESTARTSYS;
	if (!(args->flags & SHMRING_WAIT_ABSTIME)) {
		rest = ktime_to_ns(ktime_sub(*expires, ktime_get()));
		if (put_user(max_t(s64, rest, 1), &arg->timeout_ns))
			return -EFAULT;
	}
	return -ERESTARTNOHAND;
}

static long shmring_do_wait(struct shmring_endpoint *ep,
			    struct shmring_wait __user *arg,
			    const struct shmring_wait *args,
			    struct shmring_endpoint *kick_ep)
{
	struct shmring_slot *kick = NULL;
	ktime_t time, *expires;
	int events;

	if (!ep || !shmring_is_live(ep))
		return -ENOTCONN;
	if (kick_ep)
		kick = kick_ep->slot;
	if (!shmring_wait_is_valid(ep->ring, args))
		return -EINVAL;

	expires = shmring_expiry(args, &time);
	events = shmring_wait_for(ep, args, expires, kick);
	if (events == -EINTR)
		return shmring_interrupted(arg, args, expires);
	if (events < 0)
		return events;
	return put_user((u32)events, &arg->events);
}

/* The endpoint of a descriptor, which may be closed meanwhile; or an ERR_PTR. */
static struct shmring_endpoint *shmring_endpoint_of_fd(int fd)
{
	struct shmring_endpoint *ep = ERR_PTR(-EBADF);
	struct file *file = fget(fd);

	if (!file)
		return ep;
	ep = shmring_endpoint_of(file);
	if (!ep || (!IS_ERR(ep) && !shmring_is_live(ep)))
		ep = ERR_PTR(-ENOTCONN);
	else if (!IS_ERR(ep))
		shmring_get_endpoint(ep);
	fput(file);
	return ep;
}

static long shmring_kick_wait(struct shmring_endpoint *ep,
			      struct shmring_wait __user *arg,
			      const struct shmring_wait *args)
{
	struct shmring_endpoint *kick_ep;
	long err;

	if (args->kick_fd == -1)
		return shmring_do_wait(ep, arg, args, ep);
	kick_ep = shmring_endpoint_of_fd(args->kick_fd);
	if (IS_ERR(kick_ep))
		return PTR_ERR(kick_ep);
	err = shmring_do_wait(ep, arg, args, kick_ep);
	shmring_put_endpoint(kick_ep);
	return err;
}

/* WAIT, or with @kick KICK_WAIT. @ep is NULL where nobody has attached. */
long shmring_wait(struct shmring_endpoint *ep, void __user *arg, bool kick)
{
	struct shmring_wait args;
	long err;

	err = shmring_get_args(&args, sizeof(args), SHMRING_WAIT_SIZE_VER0, arg);
	if (err)
		return err;
	if (kick)
		return shmring_kick_wait(ep, arg, &args);
	return args.kick_fd ? -EINVAL : shmring_do_wait(ep, arg, &args, NULL);
}

/*
 * eventfd
 */
void shmring_put_eventfd(struct shmring_slot *slot)
{
	struct eventfd_ctx *ctx;

	spin_lock(&slot->lock);
	ctx = slot->eventfd;
	slot->eventfd = NULL;
	spin_unlock(&slot->lock);
	if (ctx)
		eventfd_ctx_put(ctx);
}

static int shmring_add_eventfd(struct shmring_endpoint *ep, int fd)
{
	struct eventfd_ctx *ctx = eventfd_ctx_fdget(fd);
	struct shmring_slot *slot = ep->slot;
	int err;

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	err = shmring_enter(ep);
	if (err)
		goto put;
	spin_lock(&slot->lock);
	if (slot->eventfd)
		err = -EBUSY;
	else
		slot->eventfd = ctx;
	spin_unlock(&slot->lock);
	shmring_leave(ep);
put:
	if (err)
		eventfd_ctx_put(ctx);
	return err;
}

static int shmring_remove_eventfd(struct shmring_endpoint *ep)
{
	int err = shmring_enter(ep);

	if (err)
		return err;
	/* A racing second unregister finds nothing, which is right. */
	if (READ_ONCE(ep->slot->eventfd))
		shmring_put_eventfd(ep->slot);
	else
		err = -ENOENT;
	shmring_leave(ep);
	return err;
}

long shmring_set_eventfd(struct shmring_endpoint *ep, void __user *arg)
{
	struct shmring_eventfd args;
	int err;

	err = shmring_get_args(&args, sizeof(args), SHMRING_EVENTFD_SIZE_VER0,
			       arg);
	if (err)
		return err;
	if (!ep || !shmring_is_live(ep))
		return -ENOTCONN;
	return args.fd == -1 ? shmring_remove_eventfd(ep) :
			       shmring_add_eventfd(ep, args.fd);
}

/*
 * poll
 */
static __poll_t shmring_poll_mask(struct shmring_slot *slot)
{
	u32 flags = READ_ONCE(slot->page->poll_flags) & SHMRING_POLL_PEER ?
		    SHMRING_WAIT_PEER : 0;
	u64 want = flags ? READ_ONCE(slot->page->poll_epoch) :
			   min_t(u64, READ_ONCE(slot->page->want),
				 slot->ring->bytes);
	bool producer = shmring_is_producer(slot);
	int events = shmring_events(slot, flags, want);
	__poll_t mask = 0;

	if (events < 0)
		return EPOLLERR;
	if (events & SHMRING_EVENT_READY)
		mask |= producer ? EPOLLOUT | EPOLLWRNORM :
				   EPOLLIN | EPOLLRDNORM;
	if (events & SHMRING_EVENT_HUP && !flags)
		mask |= producer ? EPOLLHUP | EPOLLERR : EPOLLHUP;
	return mask;
}

/*
 * Who gets an answer at once calls again before it sleeps, so there is nothing
 * to arm; except for who asks for edges, epoll or a multishot io_uring, which
 * call again only after a wakeup.
 */
__poll_t shmring_poll(struct shmring_endpoint *ep, struct file *file,
		      poll_table *pt)
{
	struct shmring_slot *slot = ep->slot;
	__poll_t mask;

	poll_wait(file, &slot->wq, pt);
	if (!shmring_is_live(ep))
		return EPOLLERR | EPOLLHUP;
	mask = shmring_poll_mask(slot);
	if (mask && !(poll_requested_events(pt) & EPOLLET))
		return mask;
	shmring_arm(ep);
	return shmring_poll_mask(slot);
}
