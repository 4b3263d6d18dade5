/* SPDX-License-Identifier: MIT */
/*
 * Death: a side is killed at any of its steps, or leaves when it is done. What
 * it stored becomes visible, the other side hears of it, a successor takes the
 * role and goes on from the positions in the control pages. By default the
 * kernel tells (kmod/endpoint.c); with LOCKS the thread of the other side does,
 * which the kernel wakes by a robust futex (user/lib/watch.c, service.c).
 *
 * Each slot holds its record's position and who wrote it, so that a record that
 * was staged and not published by one who was killed cannot pass for that of
 * its successor. In the end the consumers together have seen each record, and
 * nobody is left asleep, but for who was told that the peer is gone and waits
 * for another one that does not come. Nobody is told of one that did not come.
 *
 * Modelled: SIGKILL between any two steps, even within a system call, where in
 * truth it waits for the end of the call; KILLS of them, of either side.
 * Not modelled: threads off their CPU, and when to fence (device.pml and
 * futex.pml): arming here interrupts the peer without further ado.
 * Taken for granted: that a dead process's stores are visible before its files
 * are closed; file locks.
 *
 * Pieces to be removed: NO_NEWS, NO_EPOCH, NO_EPOCH_FIRST; of the kernel
 * NO_STATE_FIRST; with LOCKS NO_BELL and NO_LOOK_AFTER_HUP
 * (which with the kernel goes well by another way: it looks at the state first,
 * and then at the positions)
 */
#ifndef KILLS
#define KILLS	1
#endif
#define DEPTH	2
#include "sides.pml"

#define CPUS	2
#define POS(side)	(side)
#define BELL(side)	(2 + side)
#define STATE(side)	(4 + side)
#define EPOCH	6
#define DATA	7
#define WORDS	(DATA + SLOTS)
#include "memory.pml"

#define NEVER		0
#define ATTACHED	1
#define GONE		2

bit held[2];		/* the role: kernel's owner, or the lock */
bit watched[2];		/* a read lock on it */
bit alive[2];		/* in user mode, or in a system call of its own */
bit dead[2];
bit vacant[2];		/* it was killed, and nobody takes the role again */
bit queued[2];		/* on the wait queue, or on the bell */
bit died[2];		/* its life is marked */
bit lost[2];		/* the other side saw it gone, and it has not come since */
byte kills;
/* What was published by whom, and how much was handed back: for the asserts. */
byte author[RECORDS];
byte handed_back;

#define slot(pos)		(DATA + (pos) % SLOTS)
#define content(pos, who)	((pos) * 8 + (who))

inline store_state(to)
{
	d_step { !off[me] && empty_buffer(me) ->
		mem[STATE(me)] = to;
		lost[me] = lost[me] & (to != ATTACHED) }
}

/* Of the other side: by 1 when it is kicked, by 2 when there is news. */
inline ring_bell(step)
{
#ifdef LOCKS
	d_step { !off[me] && empty_buffer(me) ->
		mem[BELL(you)] = mem[BELL(you)] + step;
		queued[you] = 0 }
#else
	/* In this order, but for who joins in between: device.pml */
	d_step { !off[me] && empty_buffer(me) ->
		mem[BELL(you)] = 0;
		queued[you] = 0 }
#endif
}

inline kick_peer()
{
	ring_bell(1)
}

#ifdef NO_EPOCH_FIRST
#define epoch_first(to)	false
#else
#define epoch_first(to)	(to == GONE)
#endif

#ifdef LOCKS
/* shm_set_state(), of side me, by a thread of whatever side; then the bells */
inline set_state(to)
{
	if
	:: epoch_first(to) ->
		/* @ user/lib/shm_lock.c shm_set_state: if (to == SHMRING_STATE_GONE) */
		add(me, EPOCH, 1);
		store_state(to)
	:: else ->
		store_state(to);
		/* @ user/lib/shm_lock.c shm_set_state: if (to != SHMRING_STATE_GONE) */
		add(me, EPOCH, 1)
	fi;
	/* @ user/lib/shm_lock.c shm_set_state: shm_ring(info, SHMRING_ROLE_PRODUCER); */
	/* @ user/lib/shm_lock.c shm_ring: ring_by(info, role, 2); */
	ring_bell(2)
}
#else
/* shmring_set_state(), under the ring's lock */
inline set_state(to)
{
#ifdef NO_STATE_FIRST
	add(me, EPOCH, 1);
	kick_peer();
	store_state(to)
#else
	if
	:: epoch_first(to) ->
		/* @ kmod/endpoint.c shmring_set_state: if (moves && state == SHMRING_STATE_GONE) */
		/* @ kmod/endpoint.c shmring_set_state: WRITE_ONCE(info->epoch, info->epoch + 1); */
		add(me, EPOCH, 1);
		/* @ kmod/endpoint.c shmring_set_state (P1): smp_store_release(shmring_state(slot), state); */
		store_state(to)
	:: else ->
		store_state(to);
		/* @ kmod/endpoint.c shmring_set_state: if (moves && state != SHMRING_STATE_GONE) */
		/* @ kmod/endpoint.c shmring_set_state (P2): smp_store_release(&info->epoch, info->epoch + 1); */
		add(me, EPOCH, 1)
	fi;
	/* @ kmod/endpoint.c shmring_wake_all: shmring_kick(slot); */
#ifdef NO_NEWS
	if
	:: to == GONE -> empty_buffer(me)
	:: to != GONE -> kick_peer()
	fi
#else
	kick_peer()
#endif
#endif
}
#endif

/* hup, and for the assert in get_more() the epoch at which it was seen */
inline see_state()
{
	d_step { !off[me] ->
		peek(me, STATE(you), v);
		hup = (v == GONE);
		lost[you] = hup;
		missed = mem[EPOCH] };
	v = 0
}

/*
 * Sleep once, where there is nothing to see: hup is whether the peer was gone.
 */
inline sleep_once()
{
	load(me, EPOCH, epoch);
#ifdef LOCKS
	d_step { !off[me] && empty_buffer(me) ->
		mem[BELL(me)] = mem[BELL(me)] | 1;
		k = mem[BELL(me)] };
#else
	d_step { !off[me] && empty_buffer(me) -> queued[me] = 1 };
	d_step { !off[me] && empty_buffer(me) -> mem[BELL(me)] = 1 };
#endif
	d_step { !off[me] -> interrupt(you) };
#ifndef LOCKS
	/* @ kmod/notify.c shmring_events: gone = shmring_peer_gone(slot); */
	see_state();
#endif
	load(me, POS(you), v);
	if
	:: limit_by(v) != pos ->
		d_step { queued[me] = 0; hup = 0; missed = 0; lost[you] = 0 }
	:: else ->
#ifdef LOCKS
		see_state();
#endif
		if
		:: hup -> queued[me] = 0
		:: else ->
			missed = 0;
#ifdef LOCKS
			/* @ user/lib/shm_sleep.c shm_sleep_until: return futex_wait(own_bell(s), k, deadline); */
			d_step { !off[me] && empty_buffer(me) ->
				queued[me] = (mem[BELL(me)] == k) };
			if
			:: !off[me] && !queued[me]
			/* It was killed before it said that it was there. */
			:: vacant[you] && mem[STATE(you)] == NEVER -> goto out
			fi;
			queued[me] = 0;
			k = 0
#else
			!off[me] && !queued[me]
#endif
		fi
	fi;
	v = 0
}

/* shmring_wait_peer() */
inline wait_peer()
{
	do
	::
#ifdef LOCKS
		load(me, BELL(me), k);
#endif
		/* @ user/lib/wait.c shmring_wait_peer: epoch = shmring_epoch(r); */
		load(me, STATE(you), v);
		load(me, EPOCH, epoch);
		/* @ user/lib/wait.c shmring_wait_peer: if (epoch != *missed || */
#ifdef NO_EPOCH
		if
		:: v == ATTACHED -> break
		:: else
		fi;
#else
		if
		:: epoch != missed || v == ATTACHED -> break
		:: else
		fi;
#endif
		/* @ user/lib/backend_shm.c shm_sleep: return shm_sleep_peer(r->priv, (uint32_t)need, deadline); */
		/* @ kmod/notify.c shmring_peer_events: bool moved = smp_load_acquire(&slot->ring->info->epoch) != epoch; */
#ifdef NO_EPOCH
#define came_or_went	(mem[STATE(you)] == ATTACHED)
#else
#define came_or_went	(mem[STATE(you)] == ATTACHED || mem[EPOCH] != epoch)
#endif
		/*
		 * Queued before the look: both in one step, since whoever
		 * changes the words wakes afterwards.
		 */
		d_step { !off[me] && empty_buffer(me) ->
			if
			:: came_or_went
			:: else ->
#ifdef LOCKS
				queued[me] = (mem[BELL(me)] == k)
#else
				queued[me] = 1
#endif
			fi };
		if
		:: !off[me] && !queued[me]
		:: vacant[you] && mem[EPOCH] == epoch -> goto out
		fi
	od;
	/* Whoever is told that there is a peer has one, or had one. */
	assert(!lost[you]);
	missed = 0;
	v = 0
}

/* Until there is a record, or room: shmring_wait(), and on EPIPE wait_peer() */
inline get_more()
{
	do
	::	load(me, POS(you), v);
		limit = limit_by(v);
		v = 0;
		if
		:: limit != pos -> break
		:: else
		fi;
		if
		:: pos != shown -> publish()
		:: else
		fi;
		sleep_once();
		if
		:: hup ->
			hup = 0;
			/* @ user/lib/wait.c look_or_miss: uint32_t epoch = shmring_epoch(r); */
			load(me, EPOCH, epoch);
#ifndef NO_LOOK_AFTER_HUP
			/* @ user/lib/wait.c sleep_until_ready: } while (err == -EAGAIN && !slept); */
			load(me, POS(you), v);
			limit = limit_by(v);
			v = 0;
#endif
			/* EPIPE is said only where nothing was left. */
			assert(limit != pos || mem[EPOCH] != missed ||
			       limit_by(mem[POS(you)]) == pos);
			if
			:: limit != pos -> lost[you] = 0; break
			:: else -> missed = epoch; wait_peer()
			fi
		:: else
		fi;
		epoch = 0
	od;
	epoch = 0
}

inline publish()
{
	shown = pos;
	d_step { !off[me] && sb[me].n < DEPTH ->
		push(me, POS(me), pos, 1);
		if
		:: me == C -> handed_back = pos
		:: else -> author[pos - 1] = who
		fi };
	load(me, BELL(you), v);
	if
	:: v & 1 -> v = 0; kick_peer()
	:: else -> v = 0
	fi
}

/* shmring_begin() */
inline begin()
{
	/* @ user/lib/ring.c shmring_begin: self = __atomic_load_n(&r->self->pos, __ATOMIC_ACQUIRE); */
	load(me, POS(me), pos);
	assert(me == P || pos == handed_back);
	shown = pos;
	limit = pos
}

inline attach()
{
#ifdef LOCKS
	begin();
	/* @ user/lib/backend_shm.c shm_attach: if (shmring_state(s->info, role) == SHMRING_STATE_ATTACHED) */
	load(me, STATE(me), v);
	if
	:: v == ATTACHED -> v = 0; set_state(GONE)
	:: else -> v = 0
	fi;
	/* @ user/lib/backend_shm.c shm_attach: shm_set_state(s->info, role, SHMRING_STATE_ATTACHED); */
	set_state(ATTACHED)
#else
	set_state(ATTACHED);
	begin()
#endif
}

inline work()
{
	do
	:: pos == RECORDS -> break
	:: else ->
		if
		:: limit == pos -> get_more()
		:: else
		fi;
		if
		:: me == P -> store(P, slot(pos), content(pos, who))
		:: else ->
			load(C, slot(pos), v);
			assert(v == content(pos, author[pos]));
			v = 0
		fi;
		pos++;
		if
		:: me == P || pos - shown >= HANDBACK -> publish()
		:: else
		fi
	od;
	if
	:: pos != shown -> publish()
	:: else
	fi
}

/* What is left to the kernel, of who was killed too. */
inline kernel_leave()
{
	empty_buffer(me);
	off[me] = 0;
#ifndef LOCKS
	/* @ kmod/endpoint.c shmring_lose_role: shmring_set_state(slot, state); */
	set_state(GONE);
#endif
	empty_buffer(me);
	d_step { held[me] = 0; queued[me] = 0; lost[you] = 0;
#ifdef LOCKS
		died[me] = dead[me]
#endif
		}
}

proctype side(byte me)
{
	byte pos, limit, shown, epoch, missed, who, v, hup;
#ifdef LOCKS
	byte k;
#endif

	do
	::	d_step { !watched[me] -> held[me] = 1; alive[me] = 1 };
		{
			attach();
			work();
out:			skip;
#ifdef LOCKS
			/* @ user/lib/backend_shm.c shm_leave: shm_set_state(s->info, s->role, SHMRING_STATE_GONE); */
			set_state(GONE);
#endif
			alive[me] = 0
		} unless { dead[me] };
		kernel_leave();
		d_step { v = 0; hup = 0; epoch = 0; missed = 0; pos = 0; limit = 0;
			shown = 0;
#ifdef LOCKS
			k = 0;
#endif
			who++ };
		if
		:: dead[me] -> dead[me] = 0
		:: dead[me] -> vacant[me] = 1; break
		:: else -> break
		fi
	od
}

/* kill -9 */
active proctype killer()
{
end:	do
	:: d_step { kills < KILLS && alive[P] ->
		kills++; alive[P] = 0; dead[P] = 1; off[P] = 1 }
	:: d_step { kills < KILLS && alive[C] ->
		kills++; alive[C] = 0; dead[C] = 1; off[C] = 1 }
	od
}

#ifdef LOCKS
/*
 * watch() of the other side, when the life of side me is marked; as long as a
 * successor has the lock, it is for that one to say it.
 */
proctype watcher(byte me)
{
end:	do
	::	d_step { died[me] -> died[me] = 0 };
#ifndef NO_BELL
		/* @ user/lib/service.c watch: shm_ring(s->info, s->role); */
		mem[BELL(you)] = mem[BELL(you)] + 2;
		queued[you] = 0;
#endif
		if
		:: d_step { !held[me] -> watched[me] = 1 };
			if
			/* @ user/lib/watch.c shm_mourn: if (proof && shmring_state(s->info, s->other) == SHMRING_STATE_ATTACHED) */
			:: mem[STATE(me)] == ATTACHED ->
#ifdef NO_EPOCH_FIRST
				mem[STATE(me)] = GONE;
				mem[EPOCH] = mem[EPOCH] + 1;
#else
				mem[EPOCH] = mem[EPOCH] + 1;
				mem[STATE(me)] = GONE;
#endif
				mem[BELL(you)] = mem[BELL(you)] + 2;
				queued[you] = 0
			:: else
			fi;
			watched[me] = 0
		:: held[me]
		fi
	od
}
#endif

init
{
	atomic {
		run memory(P);
		run memory(C);
#if defined(LOCKS) && !defined(NO_NEWS)
		run watcher(P);
		run watcher(C);
#endif
		run side(P);
		run side(C)
	}
}
