/* SPDX-License-Identifier: MIT */
/*
 * Slots whose sides tell each other by two positions, on which they sleep by
 * futex.
 *
 *	who publishes			who sleeps
 *	  STORE.rel pos		(A)	  STORE watched
 *	  full fence		(B)	  full fence		(C)
 *	  LOAD watched			  FUTEX_WAIT while pos is as seen
 *
 * A pairs with the acquire of pos. B and C: one of the two sees the other's
 * store. Only the sleeper takes back its flag: if the publisher did, a late one
 * could take back that of the next sleep.
 */
#ifndef BENCH_INDEX_H
#define BENCH_INDEX_H

#include "futex.h"
#include "slots.h"

/*
 * struct index_end - a side's line
 * @pos: all slots before it were given away; only this side writes it
 * @watched: the other side sleeps on it; only the other side writes it
 */
struct index_end {
	_Alignas(128) uint32_t pos;
	uint32_t watched;
};

/* struct index_ctl - in the shared memory, by enum side */
struct index_ctl {
	struct index_end end[2];
};

/* @limit: how far this side may go by the last look at the other's position */
struct index {
	struct slots slots;
	uint32_t limit;
};

/* Nothing to take by the last look: look again, then sleep. */
static __attribute__((noinline, unused)) int index_wait(struct channel *ch,
							 enum side side)
{
	struct index *x = ch->state;
	struct index_ctl *ctl = x->slots.ctl;
	struct index_end *other = &ctl->end[other_side(side)];
	unsigned int spins = futex_spins(ch);
	uint32_t seen;
	int rc = 0;

	for (;;) {
		seen = __atomic_load_n(&other->pos, __ATOMIC_ACQUIRE);
		x->limit = seen + (side == SIDE_PRODUCER ? x->slots.nr : 0);
		if (rc || x->limit != x->slots.pos)
			return rc;
		if (spins) {
			spins--;
			ck_pr_stall();
			continue;
		}
		__atomic_store_n(&other->watched, 1, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_SEQ_CST); /* (C) */
		rc = futex_wait(&other->pos, seen);
		__atomic_store_n(&other->watched, 0, __ATOMIC_RELAXED);
	}
}

static ALWAYS_INLINE int index_take(struct channel *ch, enum side side,
				    uint32_t most)
{
	struct index *x = ch->state;
	uint32_t ready;
	int rc;

	if (x->limit == x->slots.pos) {
		rc = index_wait(ch, side);
		if (bench_unlikely(rc))
			return rc;
	}
	ready = x->limit - x->slots.pos;
	return (int)(ready < most ? ready : most);
}

static ALWAYS_INLINE int index_give(struct channel *ch, enum side side,
				    uint32_t n)
{
	struct index *x = ch->state;
	struct index_ctl *ctl = x->slots.ctl;
	struct index_end *end = &ctl->end[side];

	(void)n; /* .pos says it */
	__atomic_store_n(&end->pos, x->slots.pos, __ATOMIC_RELEASE); /* (A) */
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* (B) */
	if (bench_unlikely(__atomic_load_n(&end->watched, __ATOMIC_RELAXED)))
		return futex_wake(&end->pos, 1);
	return 0;
}

#endif /* BENCH_INDEX_H */
