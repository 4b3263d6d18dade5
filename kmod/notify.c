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
 * One bell stands for all who sleep on a side. Who joined the queue and then had
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
 * Without mappings a side publishes by write() and read(), which fence. One that
 * maps now finds the bell odd, by (M3); so does a new owner of the role.
 */
static void shmring_fence(struct shmring_side *publisher)
{
	struct shmring_endpoint *ep;
	struct mm_struct *mm = NULL;

	/* (F1) The bell is stored before we look where the publisher is. */
	smp_mb();
	rcu_read_lock();
	ep = rcu_dereference(publisher->owner);
	if (ep)
		/* (M2) The mm before the task; pairs with (M1). */
		mm = smp_load_acquire(&ep->mm);
	if (mm && !shmring_publisher_sleeps(ep, mm)) {
		preempt_disable();
		smp_call_function_many(shmring_mm_cpus(mm), shmring_ipi, NULL,
				       true);
		preempt_enable();
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
	struct shmring *ring = ep->ring;

	lockdep_assert_not_held(&ep->io);
	lockdep_assert_not_held(&ep->lock);
	lockdep_assert_not_held(&ring->lock);
	lockdep_assert_not_held(&ring->side[SHMRING_PRODUCER].lock);
	lockdep_assert_not_held(&ring->side[SHMRING_CONSUMER].lock);
}

/* From here on, the next publish of the other side kicks. */
static void shmring_arm(struct shmring_endpoint *ep)
{
	struct shmring_side *side = ep->side;

	shmring_assert_unlocked(ep);
	/* (W1) On the queue before the bell is odd; pairs with (W2). */
	smp_mb();
	WRITE_ONCE(*side->bell, 1);
	shmring_fence(shmring_other(ep->ring, side));
}

/*
 * Wake those who sleep on @side. The position was stored before, by user space
 * in program order or by our caller. @sync: the caller is about to sleep, so
 * whom it wakes may as well have its CPU.
 */
static void shmring_wake(struct shmring_side *side, bool sync)
{
	atomic64_inc(&side->kicks);
	trace_shmring_kick(side);
	WRITE_ONCE(*side->bell, 0);
	/* (W2) Who made the bell odd before is on the queue; pairs with (W1). */
	smp_mb();
	if (waitqueue_active(&side->wq)) {	/* (W2) */
		if (sync)
			wake_up_interruptible_sync_poll(&side->wq, 0);
		else
			wake_up_interruptible_poll(&side->wq, 0);
	}
	spin_lock(&side->lock);
	if (side->eventfd) {
		shmring_eventfd_signal(side->eventfd);
		atomic64_inc(&side->eventfd_signals);
		trace_shmring_eventfd(side);
	}
	spin_unlock(&side->lock);
}

void shmring_kick(struct shmring_side *side)
{
	shmring_wake(side, false);
}

void shmring_kick_armed(struct shmring_side *side)
{
	/* (K1) The position is stored before the bell is read; pairs with (F1). */
	smp_mb();
	if (READ_ONCE(*side->bell))
		shmring_kick(side);
}

/*
 * 1 if @want bytes (0: one record) are there for @side, or free; 0 if not;
 * -EBADMSG if the producer's contradicts the consumer's own. A consumer that
 * contradicts its producer counts as one that stands still.
 *
 * Tail is read before head. If tail did not move meanwhile, head - tail is at
 * most the ring's size between honest sides. If it did, somebody is at work on
 * this very side: look again, and if that goes on, say ready, since a caller
 * looks for itself.
 */
static int shmring_ready(struct shmring *ring, struct shmring_side *side, u64 want)
{
	u64 *head_word = &ring->side[SHMRING_PRODUCER].cursor->pos;
	bool producer = shmring_is_producer(ring, side);
	u64 head, tail, used;
	int tries;

	if (!want)
		want = ring->record_size ?: producer ?
			sizeof(struct shmring_record) : 1;

	for (tries = 0; tries < 4; tries++) {
		tail = shmring_tail(ring);	/* (A) */
		/* (C), pairs with (B). */
		head = smp_load_acquire(head_word);
		used = head - tail;
		if (shmring_is_plausible(ring, head, tail))
			return (producer ? ring->bytes - used : used) >= want;
		if (shmring_tail(ring) == tail)
			return producer ? 0 : -EBADMSG;
	}
	return 1;
}

/*
 * The events of WAIT_PEER. A peer that came and left again since @epoch was
 * there, too. The epoch is read before the state: what is gone behind a new one
 * is not what the peer was before it came.
 */
static int shmring_peer_events(struct shmring *ring, struct shmring_side *side,
			       u32 epoch)
{
	/* (P4) Pairs with (P2). */
	bool moved = smp_load_acquire(&ring->info->epoch) != epoch;
	u32 state = shmring_peer_state(ring, side);

	if (state == SHMRING_STATE_ATTACHED)
		return SHMRING_EVENT_READY;
	if (!moved)
		return 0;
	return SHMRING_EVENT_READY |
	       (state == SHMRING_STATE_GONE ? SHMRING_EVENT_HUP : 0);
}

/* SHMRING_EVENT_*, 0 for "not yet", or a negative errno. */
static int shmring_events(struct shmring *ring, struct shmring_side *side,
			  u32 flags, u64 want)
{
	bool gone;
	int ready;

	if (flags & SHMRING_WAIT_PEER)
		return shmring_peer_events(ring, side, want);

	gone = shmring_peer_gone(ring, side);
	ready = shmring_ready(ring, side, want);
	if (ready < 0)
		return ready;
	return (ready ? SHMRING_EVENT_READY : 0) |
	       (gone ? SHMRING_EVENT_HUP : 0);
}

/*
 * Arm, kick @kick once if there is one, and sleep until there are events. Returns
 * them, or a negative errno. @expires is on the monotonic clock, NULL for ever.
 */
static int shmring_sleep_until(struct shmring_endpoint *ep, u32 flags, u64 want,
			       ktime_t *expires, struct shmring_side *kick)
{
	struct shmring_side *side = ep->side;
	struct shmring *ring = ep->ring;
	bool timed_out = false;
	DEFINE_WAIT(wait);
	int events;

	atomic64_inc(&side->waits);
	trace_shmring_wait(side, want);
	for (;;) {
		prepare_to_wait(&side->wq, &wait, TASK_INTERRUPTIBLE);
		shmring_arm(ep);
		if (kick)
			shmring_wake(kick, true);
		kick = NULL;
		events = shmring_is_live(ep) ?
			 shmring_events(ring, side, flags, want) : -ENOTCONN;
		if (events)
			break;
		events = timed_out ? -ETIMEDOUT :
			 signal_pending(current) ? -EINTR : 0;
		if (events)
			break;
		if (schedule_hrtimeout(expires, HRTIMER_MODE_ABS)) {
			atomic64_inc(&side->wakeups);
			trace_shmring_wake(side);
		}
		/* By the clock: kicks without end must not hold back the time. */
		timed_out = expires && ktime_compare(ktime_get(), *expires) >= 0;
	}
	finish_wait(&side->wq, &wait);
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
	int events = shmring_events(ep->ring, ep->side, flags, want);

	if (!events) {
		shmring_arm(ep);
		events = shmring_events(ep->ring, ep->side, flags, want);
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
			    struct shmring_side *kick)
{
	struct shmring_side *side = ep->side;
	struct shmring *ring = ep->ring;
	u64 want = args->want;
	int events;

	if (args->flags & SHMRING_WAIT_PEER && !want)
		want = READ_ONCE(ring->info->epoch);

	if (shmring_is_look(args)) {
		if (kick)
			shmring_kick(kick);
		return shmring_look(ep, args->flags, want);
	}
	if (!kick) {
		events = shmring_events(ring, side, args->flags, want);
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
	struct shmring_side *kick = NULL;
	ktime_t time, *expires;
	int events;

	if (!ep || !shmring_is_live(ep))
		return -ENOTCONN;
	if (kick_ep)
		kick = shmring_other(kick_ep->ring, kick_ep->side);
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
void shmring_put_eventfd(struct shmring_side *side)
{
	struct eventfd_ctx *ctx;

	spin_lock(&side->lock);
	ctx = side->eventfd;
	side->eventfd = NULL;
	spin_unlock(&side->lock);
	if (ctx)
		eventfd_ctx_put(ctx);
}

static int shmring_add_eventfd(struct shmring_endpoint *ep, int fd)
{
	struct eventfd_ctx *ctx = eventfd_ctx_fdget(fd);
	struct shmring_side *side = ep->side;
	int err;

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	err = shmring_enter(ep);
	if (err)
		goto put;
	spin_lock(&side->lock);
	if (side->eventfd)
		err = -EBUSY;
	else
		side->eventfd = ctx;
	spin_unlock(&side->lock);
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
	if (READ_ONCE(ep->side->eventfd))
		shmring_put_eventfd(ep->side);
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
static __poll_t shmring_poll_mask(struct shmring *ring,
				  struct shmring_side *side)
{
	u32 flags = READ_ONCE(side->page->poll_flags) & SHMRING_POLL_PEER ?
		    SHMRING_WAIT_PEER : 0;
	u64 want = flags ? READ_ONCE(side->page->poll_epoch) :
			   min_t(u64, READ_ONCE(side->page->want), ring->bytes);
	bool producer = shmring_is_producer(ring, side);
	int events = shmring_events(ring, side, flags, want);
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
	struct shmring_side *side = ep->side;
	__poll_t mask;

	poll_wait(file, &side->wq, pt);
	if (!shmring_is_live(ep))
		return EPOLLERR | EPOLLHUP;
	mask = shmring_poll_mask(ep->ring, side);
	if (mask && !(poll_requested_events(pt) & EPOLLET))
		return mask;
	shmring_arm(ep);
	return shmring_poll_mask(ep->ring, side);
}
