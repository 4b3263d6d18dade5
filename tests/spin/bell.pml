/* SPDX-License-Identifier: MIT */
/*
 * One bell for many, with the module: producers, each with a lane, publish and
 * look at the bell; consumers, each of which may wait for one record or for all
 * that are missing, join the queue, make the bell odd, fence the CPUs that run
 * producers, look again and sleep. Who finds it odd goes to the kernel, which
 * makes it even and then wakes all who are on the queue (kmod/notify.c).
 *
 * Not modelled: the records; waiting for space, which is the same with the words
 * changed; what device.pml has: which CPUs to interrupt, and other ways to sleep.
 *
 * Pieces to be removed: NO_JOIN_FENCE (W1), NO_WAKE_FENCE (W2), NO_CLEAR_FIRST,
 * NO_INTERRUPT, NO_SECOND_LOOK
 */
#ifndef LANES
#define LANES		2
#endif
#ifndef SLEEPERS
#define SLEEPERS	2
#endif
#ifndef RECORDS
#define RECORDS		1	/* of each lane */
#endif

#define CPUS	(LANES + SLEEPERS)
#define HEAD(l)		(l)
#define BELL		LANES
#define QUEUE(c)	(LANES + 1 + (c))
#define WORDS		(LANES + 1 + SLEEPERS)
#define DEPTH		2
#include "memory.pml"

#define P(l)	(l)
#define C(c)	(LANES + (c))
#define ALL	(LANES * RECORDS)

bit woken[SLEEPERS];

/* shmring_wake() */
inline kick(cpu)
{
#ifndef NO_CLEAR_FIRST
	/* @ kmod/notify.c shmring_wake: WRITE_ONCE(*slot->bell, 0); */
	store(cpu, BELL, 0);
#endif
#ifndef NO_WAKE_FENCE
	/* @ kmod/notify.c shmring_wake (W2): smp_mb(); */
	fence(cpu);
#endif
	c = 0;
	do
	:: c < SLEEPERS ->
		load(cpu, QUEUE(c), v);
		if
		:: v -> woken[c] = 1
		:: else
		fi;
		c++
	:: else -> break
	od;
	c = 0; v = 0
#ifdef NO_CLEAR_FIRST
	;
	store(cpu, BELL, 0)
#endif
}

proctype producer(byte me)
{
	byte n, v, c;

	do
	:: n < RECORDS ->
		n++;
		store_rel(P(me), HEAD(me), n);		/* (B) */
		load(P(me), BELL, v);
		if
		:: v -> v = 0; kick(P(me))
		:: else
		fi
	:: else -> break
	od
}

inline look()
{
	there = 0;
	l = 0;
	do
	:: l < LANES ->
		load(C(me), HEAD(l), v);
		there = there + v;
		l++
	:: else -> break
	od;
	l = 0; v = 0
}

proctype consumer(byte me)
{
	byte v, l, there, done, want;

	do
	:: done == ALL -> break
	:: done < ALL ->
		if
		:: want = 1
		:: want = ALL - done
		fi;
		do
		::	/* @ kmod/notify.c shmring_sleep_until: prepare_to_wait(&slot->wq, &wait, TASK_INTERRUPTIBLE); */
			woken[me] = 0;
			store(C(me), QUEUE(me), 1);
#ifndef NO_JOIN_FENCE
			/* @ kmod/notify.c shmring_arm (W1): smp_mb(); */
			fence(C(me));
#endif
			/* @ kmod/notify.c shmring_arm: WRITE_ONCE(*slot->bell, 1); */
			store(C(me), BELL, 1);
			/* @ kmod/notify.c shmring_fence (F1): smp_mb(); */
			fence(C(me));
#ifndef NO_INTERRUPT
			l = 0;
			do
			:: l < LANES -> d_step { interrupt(P(l)); l++ }
			:: else -> break
			od;
			l = 0;
#endif
#ifndef NO_SECOND_LOOK
			look();
#endif
			if
			:: there - done >= want -> break
			:: else -> woken[me]
			fi
		od;
		store(C(me), QUEUE(me), 0);
		look();
		done = there;
		there = 0
	od
}

init
{
	byte i;

	atomic {
		for (i : 0 .. LANES - 1) {
			run memory(P(i));
			run producer(i)
		}
		for (i : 0 .. SLEEPERS - 1) {
			run memory(C(i));
			run consumer(i)
		}
	}
}
