/* SPDX-License-Identifier: MIT */
/*
 * What user/lib does in a thread that publishes and waits, whatever the ring is
 * made of; positions alone. What includes this has the words POS(side) and
 * BELL(side), and says how to kick_peer(), wait() and prepare() for it, with
 * v to be used and left 0.
 *
 * Piece to be removed: NO_COMPILER_BARRIER
 */
#define ODD(v)	((v) & 1)

/* shmring_show() */
inline publish(upto)
{
#ifdef NO_COMPILER_BARRIER
	load(me, BELL(you), v);
	store_rel(me, POS(me), upto);
#else
	/* (B) or (D) */
	store_rel(me, POS(me), upto);
	/* @ user/lib/shmring.h shmring_show: __atomic_signal_fence(__ATOMIC_SEQ_CST); */
	/* @ user/lib/shmring.h shmring_show: if (shmring_unlikely(__atomic_load_n(r->bell, __ATOMIC_RELAXED) & 1)) */
	load(me, BELL(you), v);				/* (5) */
#endif
	v = ODD(v);
	if
	:: ALWAYS_KICKS || v -> v = 0; kick_peer()
	:: else
	fi
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
	byte pos, limit, shown, done, v;
	LOCALS

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
