/* SPDX-License-Identifier: MIT */
/*
 * Sleeping and waking with the module: the bell, the second look, the kick, the
 * wait queue, and a thread that may be off its CPU. Positions alone are
 * modelled, since ring.pml has the records.
 *
 * Two threads, each of which publishes and waits: in a stream the producer
 * waits for space and the consumer for records; with CALL they are two rings
 * with a call and a reply, by shmring_kick_wait(). One waits by HOW_P, the
 * other by HOW_C. No wait has a timeout: a wakeup that is lost ends in an
 * invalid end state, with records or space there and nobody awake.
 *
 * Modelled besides: which CPUs are interrupted, and the shortcut for a publisher
 * that sleeps off its CPU (with THREADS, of a process of two threads of which
 * one ends); epoll as the kernel does it, edge-triggered.
 * Not modelled: several who sleep on one side (bell.pml); signals; more than two
 * rings; spurious wakeups (each of these would only wake).
 * Taken for granted: wait queues, eventfd, epoll and the scheduler are right;
 * smp_call_function_many() orders what was stored before it; a lock is an
 * acquire and a release, and with TSO a full barrier.
 *
 * Pieces to be removed: NO_ARM, NO_ARM_FENCE, NO_CLEAR_FIRST,
 * NO_COMPILER_BARRIER, NO_ET_ARM, NO_INTERRUPT, NO_KICK_FENCE, NO_MM_ORDER,
 * NO_MM_USERS, NO_ON_CPU_ORDER, NO_SECOND_LOOK, NO_SWITCH_FENCE, NO_TASK_MM
 */
mtype = { WAIT_IOCTL, EVENTFD, POLL, EPOLL, READ_WRITE };
#ifndef HOW_P
#define HOW_P	WAIT_IOCTL
#endif
#ifndef HOW_C
#define HOW_C	WAIT_IOCTL
#endif

#include "sides.pml"

#define FIRST	2		/* the producer's other thread */
#define CPUS	3

#define POS(side)	(side)
#define BELL(side)	(2 + side)
#define CPU(thread)	(4 + (thread))
#define QUEUE(side)	(7 + side)	/* the list as others see it */
#define MM_USERS	9		/* of the producer */
#define TASK_MM		10		/* of the thread that mapped it */
#define WORDS		11
#include "memory.pml"
#include "cpu.pml"

bit sleeping[2];	/* task->__state: TASK_INTERRUPTIBLE */
bit queued[2];		/* on the wait queue, under its lock */
bit autoremove[2];	/* by prepare_to_wait(); else it stays until the end */
bit event[2];		/* eventfd: count; poll: triggered; epoll: ready list */
mtype how[2];

/* Under the queue's lock, which makes all that is on it visible. */
inline wake_up(side)
{
	d_step { !off[me] ->
		if
		:: queued[side] ->
			event[side] = 1;
			sleeping[side] = 0;
			blocked[side] = 0;
			if
			:: autoremove[side] ->
				queued[side] = 0;
				mem[QUEUE(side)] = 0
			:: else
			fi
		:: else
		fi
	}
}

/*
 * kmod/notify.c
 */

/* shmring_wake() */
inline kernel_kick(side)
{
#ifndef NO_CLEAR_FIRST
	/* @ kmod/notify.c shmring_wake: WRITE_ONCE(*slot->bell, 0); */
	store(me, BELL(side), 0);
	/* @ kmod/notify.c shmring_wake (W2): smp_mb(); */
	fence(me);
#endif
	/* @ kmod/notify.c shmring_wake: if (waitqueue_active(&slot->wq)) { */
	load(me, QUEUE(side), v);
	if
	:: v -> wake_up(side); v = 0
	:: else
	fi;
	/* @ kmod/notify.c shmring_wake: shmring_eventfd_signal(slot->eventfd); */
	if
	:: how[side] == EVENTFD ->
		d_step { !off[me] -> event[side] = 1; blocked[side] = 0 }
	:: else
	fi
#ifdef NO_CLEAR_FIRST
	;
	fence(me);
	store(me, BELL(side), 0)
#endif
}

/* shmring_wake_armed(), by who publishes in the kernel */
inline kernel_kick_armed(side)
{
	/* @ kmod/notify.c shmring_wake_armed (K1): smp_mb(); */
#ifndef NO_KICK_FENCE
	fence(me);
#endif
	/* @ kmod/notify.c shmring_wake_armed: if (READ_ONCE(*slot->bell)) */
	load(me, BELL(side), v);
	if
	:: v -> v = 0; kernel_kick(side)
	:: else
	fi
}

/* shmring_publisher_sleeps(): v becomes 1 where it does not */
inline runs(side, thread)
{
	v = 0;
#ifdef THREADS
	if
	:: side == P ->
#ifdef NO_MM_ORDER
		load(me, TASK_MM, mm);
		load(me, MM_USERS, v);
#else
		/* @ kmod/notify.c shmring_publisher_sleeps: if (atomic_read(&mm->mm_users) != 1) */
		load(me, MM_USERS, v);
		/* @ kmod/notify.c shmring_publisher_sleeps (F2): smp_rmb(); */
		/* @ kmod/notify.c shmring_publisher_sleeps: return READ_ONCE(ep->task->mm) == mm && !shmring_task_on_cpu(ep->task); */
		load(me, TASK_MM, mm);
#endif
#ifdef NO_MM_USERS
		v = 1;
#endif
#ifdef NO_TASK_MM
		mm = 1;
#endif
		v = (v != 1 || mm != 1)
	:: else
	fi;
#endif
	/* @ kmod/compat.h shmring_task_on_cpu: return smp_load_acquire(&task->on_cpu); */
	if
	:: !v -> load(me, CPU(thread), v)
	:: else
	fi
}

#ifdef THREADS
#define noted(side)	((side == P) -> FIRST : side)
#else
#define noted(side)	side
#endif

/* shmring_fence() */
inline kernel_fence(side)
{
	/* @ kmod/notify.c shmring_fence (F1): smp_mb(); */
#ifndef NO_ARM_FENCE
	fence(me);
#endif
#ifdef NO_ON_CPU_ORDER
	load(me, POS(side), early);
#endif
	if
	:: how[side] == READ_WRITE	/* no mm: it fences */
	:: else ->
		runs(side, noted(side));
		/* @ kmod/notify.c shmring_publisher_cpus: if (mm && !shmring_publisher_sleeps(ep, mm)) */
#ifndef NO_INTERRUPT
		if
		:: v ->
			fence(me);
			/* mm_cpumask(): where it does not run, it fenced */
			/* @ kmod/notify.c shmring_ipi (F3): smp_mb(); */
			d_step { !off[me] -> interrupt(side) }
		:: else
		fi;
#endif
		v = 0
	fi;
	/* @ kmod/notify.c shmring_fence (F4): smp_mb(); */
	fence(me)
}

/* shmring_arm() */
inline kernel_arm()
{
	/* @ kmod/notify.c shmring_arm (W1): smp_mb(); */
	fence(me);
	/* @ kmod/notify.c shmring_arm: WRITE_ONCE(*slot->bell, 1); */
#ifndef NO_ARM
	store(me, BELL(me), 1);
#endif
	kernel_fence(you)
}

/* shmring_ready(), where v becomes 1 */
inline ready()
{
	d_step { !off[me] ->
		peek(me, POS(you), v);
		v = (limit_by(v) != pos) }
}

inline second_look()
{
#ifdef NO_SECOND_LOOK
	v = 0
#else
	ready()
#ifdef NO_ON_CPU_ORDER
	;
	if
	:: v = (limit_by(early) != pos)
	:: skip
	fi
#endif
#endif
}

/* shmring_sleep_until() */
inline sleep_until(kick)
{
	do
	::	/* @ kmod/notify.c shmring_sleep_until: prepare_to_wait(&slot->wq, &wait, TASK_INTERRUPTIBLE); */
		d_step { !off[me] && empty_buffer(me) ->
			queued[me] = 1;
			autoremove[me] = 1;
			sleeping[me] = 1;
			mem[QUEUE(me)] = 1 };
		/* @ kmod/notify.c shmring_sleep_until: shmring_arm(ep); */
		kernel_arm();
		if
		:: kick -> kernel_kick(you); kick = 0
		:: else
		fi;
		/* @ kmod/notify.c shmring_sleep_until: events = shmring_is_live(ep) ? */
		/* @ kmod/notify.c shmring_sleep_until: shmring_events(slot, flags, want) : -ENOTCONN; */
		second_look();
		if
		:: v -> break
		:: else -> block(me, sleeping[me])
		fi
	od;
	skip;	/* spin: no break into a d_step */
	/* finish_wait() */
	d_step { !off[me] ->
		queued[me] = 0;
		autoremove[me] = 0;
		sleeping[me] = 0;
		event[me] = 0;
		mem[QUEUE(me)] = 0;
		v = 0 }
}

/* shmring_wait_for() without a timeout: WAIT, and read() and write() */
inline kernel_wait()
{
	ready();
	if
	:: !v -> kicks = 0; sleep_until(kicks)
	:: else
	fi
}

/* shmring_look(), by WAIT with a timeout of 0; then sleep on the eventfd */
inline eventfd_wait()
{
	ready();
	if
	:: !v ->
		kernel_arm();
		second_look();
		if
		:: !v ->
			block(me, !event[me]);
			event[me] = 0
		:: else
		fi
	:: else
	fi
}

/* shmring_poll() */
inline kernel_poll(edge)
{
	ready();
	/* @ kmod/notify.c shmring_poll: if (mask && !(poll_requested_events(pt) & EPOLLET)) */
#ifdef NO_ET_ARM
	if
	:: !v
#else
	if
	:: !v || edge
#endif
		-> kernel_arm(); second_look()
	:: else
	fi
}

/* @ kmod/notify.c shmring_poll: poll_wait(file, &slot->wq, pt); */
inline poll_wait()
{
	d_step { !off[me] && sb[me].n < DEPTH ->
		queued[me] = 1; push(me, QUEUE(me), 1, 0) }
#ifdef TSO
	; fence(me)
#endif
}

/* do_poll(): it joins the queue once and asks until there is something. */
inline poll_call()
{
	poll_wait();
	do
	::	kernel_poll(false);
		if
		:: v -> break
		:: else ->
			block(me, !event[me]);
			event[me] = 0
		fi
	od;
	skip;
	d_step { !off[me] && empty_buffer(me) ->
		queued[me] = 0; event[me] = 0; mem[QUEUE(me)] = 0; v = 0 }
}

/* EPOLL_CTL_ADD: it stays on the queue, and says what is there already. */
inline epoll_add()
{
	poll_wait();
	kernel_poll(true);
	d_step { !off[me] -> event[me] = event[me] || v }
}

/* epoll_wait(): who was woken for is asked again, and told once. */
inline epoll_wait()
{
	do
	::	block(me, !event[me]);
		event[me] = 0;
		kernel_poll(true);
		if
		:: v -> break
		:: else
		fi
	od
}

inline prepare()
{
	if
	:: how[me] == EPOLL -> epoll_add(); v = 0
	:: else
	fi
}

inline wait()
{
	if
	:: how[me] == EVENTFD -> eventfd_wait()
	:: how[me] == POLL -> poll_call()
	:: how[me] == EPOLL -> epoll_wait()
	:: else -> kernel_wait()
	fi;
	v = 0
}

#define ALWAYS_KICKS	(how[me] == READ_WRITE)
inline kick_peer()
{
	if
	:: how[me] == READ_WRITE -> kernel_kick_armed(you)
	:: else -> kernel_kick(you)
	fi
}

#ifdef THREADS
#define LOCALS		bit kicks; byte mm;
#endif
#ifdef NO_ON_CPU_ORDER
#define LOCALS		bit kicks; byte early;
#endif
#ifndef LOCALS
#define LOCALS		bit kicks;
#endif
#include "side.pml"

#ifdef CALL
/* shmring_wait() for one record; pos counts what came in */
inline await()
{
	do
	::	look();
		if
		:: limit != pos -> pos++; break
		:: else -> wait()
		fi
	od
}

/* shmring_publish_quiet() and then shmring_kick_wait() */
inline call_and_await()
{
	out++;
	store_rel(me, POS(me), out);
	/* @ user/lib/wait.c shmring_kick_wait: __atomic_signal_fence(__ATOMIC_SEQ_CST); */
	load(me, BELL(you), v);
	/* @ user/lib/wait.c shmring_kick_wait: if (!peer_sleeps(kick)) */
	if
	:: !v
	:: else ->
		v = 0;
		kicks = 1;
		sleep_until(kicks)
	fi;
	await()
}

proctype side(byte me)
{
	byte pos, out, limit, v;
	LOCALS

	if
	:: me == C -> await()
	:: else
	fi;
	do
	:: out == RECORDS -> break
	:: me == C && out == RECORDS - 1 -> out++; publish(out)
	:: me == P && out < RECORDS || out < RECORDS - 1 -> call_and_await()
	od;
	skip;
	finish()
}
#endif

/* The thread that mapped the ring: it sleeps, and some time wakes up and ends. */
proctype first_thread()
{
	/* exit_mm() */
	store_rel(FIRST, TASK_MM, 0);
	add(FIRST, MM_USERS, -1);
	d_step { !off[FIRST] && sb[FIRST].n < DEPTH ->
		off[FIRST] = 1; blocked[FIRST] = 1; push(FIRST, CPU(FIRST), 0, 1) }
}

init
{
	atomic {
		how[P] = HOW_P;
		how[C] = HOW_C;
		mem[CPU(P)] = 1;
		mem[CPU(C)] = 1;
		run memory(P);
		run memory(C);
		run scheduler(P);
		run scheduler(C);
#ifdef THREADS
		off[FIRST] = 1;
		mem[MM_USERS] = 2;
		mem[TASK_MM] = 1;
		run memory(FIRST);
		run scheduler(FIRST);
		run first_thread();
#endif
		run side(P);
		run side(C)
	}
}
