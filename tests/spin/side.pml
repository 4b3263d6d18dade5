/* SPDX-License-Identifier: MIT */
/*
 * What user/lib does in a thread that publishes and waits, whatever the ring is
 * made of; positions alone. What includes this has the words POS(side) and
 * WAIT(side), and says how to kick_peer(), wait() and prepare() for it, with
 * v to be used and left 0.
 *
 * Pieces to be removed: NO_COMPILER_BARRIER, NO_FIRST_KICK, NO_KICKED_FIRST
 */
/* shmring_show() and shmring_kick() */
inline publish(upto)
{
#ifdef NO_COMPILER_BARRIER
	load(me, WAIT(you), v);
	store_rel(me, POS(me), upto);
#else
	/* (B) or (D) */
	store_rel(me, POS(me), upto);
	/* @ user/lib/shmring.h shmring_show: __atomic_signal_fence(__ATOMIC_SEQ_CST); */
	/* @ user/lib/shmring.h shmring_show: if (shmring_unlikely(__atomic_load_n(&r->peer->wait, __ATOMIC_RELAXED) != */
	load(me, WAIT(you), v);
#endif
	v = (v != kicked);
	if
	:: ALWAYS_KICKS -> v = 0; kick_peer()
	:: !ALWAYS_KICKS && v ->
		v = 0;
#ifdef NO_KICKED_FIRST
		kick_peer();
		load(me, WAIT(you), kicked)
#else
		/* @ user/lib/ring.c shmring_kick: r->kicked = __atomic_load_n(&r->peer->wait, __ATOMIC_RELAXED); */
		load(me, WAIT(you), kicked);
		kick_peer()
#endif
	:: else
	fi
}

inline begin()
{
	/* @ user/lib/ring.c shmring_begin: r->kicked = __atomic_load_n(&r->peer->wait, __ATOMIC_RELAXED) - 1; */
	load(me, WAIT(you), kicked);
#ifndef NO_FIRST_KICK
	kicked = kicked - 1
#endif
}

inline finish()
{
	d_step { !off[me] -> finished[me] = 1 }
}

/* shmring_look() */
inline look()
{
	load(me, POS(you), v);
	/* (A), (C) */
	assert(((limit_by(v) - limit) & 255) <= SLOTS);
	limit = limit_by(v);
	v = 0
}

#ifndef CALL
proctype side(byte me)
{
	byte pos, limit, shown, kicked, done, v;
	LOCALS

	begin();
	prepare();
	do
	:: done == RECORDS -> break
	:: else ->
		do
		:: limit != pos -> break
		:: else ->
			look();
			if
			:: limit != pos -> break
			:: limit == pos && pos != shown ->
				shown = pos;
				publish(pos)
			:: limit == pos && pos == shown -> wait()
			fi
		od;
		pos++;
		done++;
		if
		:: me == P || ((pos - shown) & 255) >= HANDBACK ->
			shown = pos;
			publish(pos)
		:: else
		fi
	od;
	skip;
	finish()
}
#endif
