/* SPDX-License-Identifier: MIT */
/*
 * Sleeping and waking without the module: user/lib/shm_sleep.c, whose numbers
 * (1) to (7) stand here too, with membarrier(2) and threads that may be off
 * their CPU. With PUMP the consumer sleeps on a descriptor, for which a thread
 * of its own sleeps (user/lib/service.c, pump.c);
 * with SILENT nobody ever publishes, and that thread must end all the same.
 *
 * Not modelled: as in device.pml; and who comes and goes (death.pml).
 * Taken for granted: a futex compares and queues under one lock, and a wake has
 * a full barrier before it looks; membarrier(2) interrupts each CPU whose
 * current thread is of a registered process; eventfd; a mutex.
 *
 * Pieces to be removed, besides that of side.pml: NO_ARM, NO_COMPARE,
 * NO_KICK_WORD, NO_MEMBARRIER, NO_PUMP_WORD, NO_REGISTRATION, NO_SECOND_LOOK,
 * NO_SWITCH_FENCE, NO_WAKE, NO_WORD_FIRST
 */
#include "sides.pml"

#define PUMP_THREAD 2
#define CPUS	3

#define POS(side)	(side)
#define BELL(side)	(2 + side)
#define CPU(thread)	(4 + (thread))
#define WORDS		7
#include "memory.pml"
#include "cpu.pml"

bit queued[CPUS];	/* on the bell of its side */

inline wake_one(thread)
{
	if
	:: queued[thread] -> queued[thread] = 0; blocked[thread] = 0
	:: else
	fi
}

/* (6), in one step: shm_kick_side() */
inline kick_peer()
{
	/* @ user/lib/backend_shm.c shm_kick: shm_kick_side(s->info, s->other); */
	/* @ user/lib/shm_lock.c shm_kick_side: ring_by(info, role, 1); */
	/* @ user/lib/shm_lock.c ring_by: futex_add_and_wake(shmring_bell(info, role, 0), n); */
	d_step { !off[me] && empty_buffer(me) ->
#ifndef NO_KICK_WORD
		mem[BELL(you)] = mem[BELL(you)] + 1;
#endif
#ifndef NO_WAKE
		wake_one(you);
#ifdef PUMP
		if
		:: you == C -> wake_one(PUMP_THREAD)
		:: else
		fi
#endif
#endif
	}
}

/* shm_sleep_until() in a thread of side me; same says that it may sleep */
inline sleep_until(thread, reached, same)
{
	/* (1), (2) */
	/* @ user/lib/shm_sleep.c shm_arm_and_look: *k = __atomic_fetch_or(own_bell(s), 1, __ATOMIC_SEQ_CST) | 1; */
	d_step { !off[thread] && empty_buffer(thread) ->
#ifndef NO_ARM
		mem[BELL(me)] = mem[BELL(me)] | 1;
#endif
		k = mem[BELL(me)] };
	/* @ user/lib/shm_sleep.c shm_arm_and_look: if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0)) */
	fence(thread);				/* (3) */
	load(thread, CPU(you), v);
	/* @ user/lib/shm_sleep.c shm_sleep_ready: if (syscall(SYS_membarrier, */
#ifdef NO_REGISTRATION
	v = 0;
#endif
	if
	:: v -> v = 0;
#ifndef NO_MEMBARRIER
		fence(thread);
		d_step { !off[thread] -> interrupt(you) }
#endif
	:: else
	fi;
	fence(thread);
	/* @ user/lib/shm_sleep.c shm_is_reached (4): uint64_t pos = produces ? */
#ifndef NO_SECOND_LOOK
	load(thread, POS(you), v);		/* (4) */
#ifdef NO_WORD_FIRST
	load(thread, BELL(me), k);
#endif
	v = (reached);
#endif
	/* @ user/lib/shm_sleep.c shm_sleep_until: return futex_wait(own_bell(s), k, deadline); */
	if
	:: !v ->
		d_step { !off[thread] && empty_buffer(thread) ->
#ifdef NO_COMPARE
			queued[thread] = 1
#else
			queued[thread] = (mem[BELL(me)] == k && same)	/* (7) */
#endif
			};
		block(thread, queued[thread])
	:: else
	fi;
	v = 0;
	k = 0
}

#ifdef PUMP
/*
 * pump.c. What is under the lock is one step here. The request is the position
 * to reach, and the eventfd has one reader, the owner.
 */
bit armed, stop, event, gave_up;
bit listens;		/* the pump sleeps on the request's word, too */
byte request, target;	/* @ user/lib/shm.h shm_service: uint32_t seq; */

inline new_request()
{
	request++;
	/* @ user/lib/service.c shm_service_notify: futex_wake_all(&s->service.seq); */
	if
	:: queued[PUMP_THREAD] && listens ->
		queued[PUMP_THREAD] = 0;
		blocked[PUMP_THREAD] = 0
	:: else
	fi
}

/* shmring_arm(), and poll() on the eventfd */
inline pump_wait()
{
	d_step { !off[me] ->
		/* @ user/lib/pump.c shm_pump_arm: set_ready(s, false); */
		event = 0;
		armed = 1;
		target = pos + 1;
		new_request() };
#ifdef SILENT
	/* It has better things to do, and closes the ring. */
	gave_up = 1;
	finish();
end_gave_up:	false
#else
	block(me, !event)
#endif
}

#ifdef NO_PUMP_WORD
#define same_request	true
#define also_listens	0
#else
#define also_listens	1
/* @ user/lib/service.c sleep_for_news: futex_is(&s->service.seq, t->seq), */
#define same_request	(request == seen)
#endif

proctype pump()
{
	byte v, k, seen, wanted;
	bit busy;
	byte me = C;

	do
	::	d_step { !off[PUMP_THREAD] ->
			seen = request; busy = armed; wanted = target };
		if
		:: stop -> break
		:: !stop && !busy ->
			/* @ user/lib/service.c sleep_for_news: if (futex_wait_all(v, t->request.armed ? 3 : 2, deadline) >= 0 || */
			d_step { !off[PUMP_THREAD] ->
				listens = 1;
				queued[PUMP_THREAD] = (request == seen) };
			block(PUMP_THREAD, queued[PUMP_THREAD])
		:: !stop && busy ->
			/* @ user/lib/service.c is_due: if (shm_pump_is_due(s, &t->request)) */
			load(PUMP_THREAD, POS(you), v);
			if
			:: v == wanted ->
				/* finish() */
				d_step { !off[PUMP_THREAD] ->
					if
					/* @ user/lib/pump.c shm_pump_finish: if (__atomic_load_n(&s->service.seq, __ATOMIC_ACQUIRE) == seq) { */
					:: request == seen ->
						armed = 0;
						event = 1;
						blocked[C] = 0
					:: else
					fi }
			:: else ->
				listens = also_listens;
				sleep_until(PUMP_THREAD, v == wanted, same_request)
			fi
		fi
	od;
	skip;
	d_step { !off[PUMP_THREAD] -> finished[PUMP_THREAD] = 1 }
}
#endif

inline wait()
{
	/* target_of() */
#ifdef PUMP
	if
	:: me == C -> pump_wait()
	:: else -> sleep_until(me, limit_by(v) != pos, true)
	fi
#else
	sleep_until(me, limit_by(v) != pos, true)
#endif
}

#define prepare()	skip
#define ALWAYS_KICKS	false
#define LOCALS		byte k;
#include "side.pml"

init
{
	atomic {
		mem[CPU(P)] = 1;
		mem[CPU(C)] = 1;
		run memory(P);
		run memory(C);
		run scheduler(P);
		run scheduler(C);
#ifdef PUMP
		mem[CPU(PUMP_THREAD)] = 1;
		run memory(PUMP_THREAD);
		run scheduler(PUMP_THREAD);
		run pump();
#endif
#ifdef SILENT
		finished[P] = 1;
#else
		run side(P);
#endif
		run side(C)
	}
#ifdef PUMP
	/* shm_pump_stop() */
	finished[C] || gave_up;
	d_step { stop = 1; new_request() }
#endif
}
