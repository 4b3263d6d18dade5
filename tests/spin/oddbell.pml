/* SPDX-License-Identifier: MIT */
/*
 * One bell for many without the module: a futex that only counts up, and is odd
 * while somebody is about to sleep on it. A sleeper makes it odd, or finds it so.
 * Who finds it odd after publishing adds one and wakes all in one step of the
 * kernel (user/lib/shm_sleep.c). Of two who do so at once the second leaves it
 * odd, for which somebody rings in vain.
 *
 * A publisher may be stopped for good between any two of its instructions, or in
 * front of its system call; the others' records must be seen all the same.
 *
 * Pieces to be removed: NO_MEMBARRIER, NO_SECOND_LOOK, NO_COUNT (even again by
 * taking one away, so that values come back), WAKE_FIRST and CLEAR_FIRST (two
 * steps instead of one: a compare-and-swap behind the wake, or before it)
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
#define HEAD(l)	(l)
#define BELL	LANES
#define WORDS	(LANES + 1)
#include "memory.pml"

#define P(l)	(l)
#define C(c)	(LANES + (c))
#define ODD(v)	((v) & 1)

typedef cursor { byte pos[LANES] };

bit queued[SLEEPERS];
cursor at[SLEEPERS];
bit stops;			/* one publisher stops for good */

/* All who sleep, in one step with what the caller does to the word. */
inline wake_all()
{
	i_ = 0;
	do
	:: i_ < SLEEPERS -> queued[i_] = 0; i_++
	:: else -> break
	od;
	i_ = 0
}

/* Lane 0's publisher may stop before each step; what it has published counts. */
#define MAY_STOP	if :: me == 0 && stops -> goto stopped :: true fi

inline ring(me, v)
{
#if defined(WAKE_FIRST)
	d_step { wake_all() };
	d_step { empty_buffer(P(me)) ->
		if
		:: mem[BELL] == v -> mem[BELL] = v + 1
		:: else
		fi }
#elif defined(CLEAR_FIRST)
	d_step { empty_buffer(P(me)) ->
		if
		:: mem[BELL] == v -> mem[BELL] = v + 1
		:: else
		fi };
	MAY_STOP;
	d_step { wake_all() }
#else
	/* @ user/lib/shm_lock.c ring_by: futex_add_and_wake(shmring_bell(info, role, 0), n); */
	d_step { empty_buffer(P(me)) ->
#ifdef NO_COUNT
		if
		:: ODD(mem[BELL]) -> mem[BELL] = mem[BELL] - 1
		:: else
		fi;
#else
		mem[BELL] = mem[BELL] + 1;
#endif
		wake_all() }
#endif
}

proctype publisher(byte me)
{
	byte n, v;

	do
	:: n < RECORDS ->
		MAY_STOP;
		n++;
		store_rel(P(me), HEAD(me), n);		/* (B) */
		MAY_STOP;
		load(P(me), BELL, v);			/* (5) */
		if
		:: ODD(v) ->
			MAY_STOP;
			fence(P(me));
			ring(me, v);			/* (6) */
			v = 0
		:: else -> v = 0
		fi
	:: else -> break
	od;
stopped:
	skip
}

/* What lane 0 has published may wait for its publisher: it stands for its owner. */
inline look(me, new, l, v)
{
	new = 0;
	l = 0;
	do
	:: l < LANES ->
		load(C(me), HEAD(l), v);
		if
		:: v != at[me].pos[l] -> new = 1; at[me].pos[l] = v
		:: else
		fi;
		l++
	:: else -> break
	od;
	l = 0; v = 0
}

#define MISSED(me)	(mem[HEAD(1)] != at[me].pos[1])

proctype sleeper(byte me)
{
	byte v, l, k;
	bit new;

	do
	:: look(me, new, l, v);
		if
		:: new
		:: else ->
			/* (1), (2) */
			/* @ user/lib/shm_sleep.c shm_arm_and_look: *k = __atomic_fetch_or(own_bell(s), 1, __ATOMIC_SEQ_CST) | 1; */
			d_step { empty_buffer(C(me)) ->
				mem[BELL] = mem[BELL] | 1;
				k = mem[BELL] };
#ifndef NO_MEMBARRIER
			l = 0;				/* (3) */
			do
			:: l < LANES -> d_step { interrupt(P(l)); l++ }
			:: else -> break
			od;
			l = 0;
#endif
#ifndef NO_SECOND_LOOK
			look(me, new, l, v);		/* (4) */
#endif
			if
			:: new
			:: else ->
				/* (7) compares and queues */
				d_step { queued[me] = (mem[BELL] == k) };
				k = 0;
				/*
				 * Asleep when all is over is as it should be, as
				 * long as nothing of lane 1 was missed.
				 */
end:				!queued[me]
			fi
		fi;
		k = 0
	od
}

/* When nobody can do anything any more. */
active proctype judge()
{
	timeout;
	i_ = 0;
	do
	:: i_ < SLEEPERS -> assert(!MISSED(i_)); i_++
	:: else -> break
	od
}

init
{
	byte i;

	atomic {
		if
		:: stops = 1
		:: stops = 0
		fi;
		for (i : 0 .. LANES - 1) {
			run memory(P(i));
			run publisher(i)
		}
		for (i : 0 .. SLEEPERS - 1) {
			run memory(C(i));
			run sleeper(i)
		}
	}
}
