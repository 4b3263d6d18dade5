/* SPDX-License-Identifier: MIT */
/*
 * Cells whose word is a futex: full or empty, and whether somebody sleeps until
 * it is not. As all of it is one word, no wake-up can be lost.
 */
#ifndef BENCH_TURNS_H
#define BENCH_TURNS_H

#include "cells.h"
#include "futex.h"

#define TURN_FULL	0x1u
#define TURN_WATCHED	0x2u

static __attribute__((noinline, unused)) int turn_wait(struct channel *ch,
							uint32_t *word,
							uint32_t full)
{
	unsigned int spins = futex_spins(ch);
	uint32_t seen;
	int rc = 0;

	while (!rc) {
		seen = __atomic_load_n(word, __ATOMIC_ACQUIRE);
		if ((seen & TURN_FULL) == full)
			break;
		if (spins) {
			spins--;
			ck_pr_stall();
			continue;
		}
		/* Orders nothing: what is waited for is seen by the load. */
		if (!__atomic_compare_exchange_n(word, &seen,
						 seen | TURN_WATCHED, false,
						 __ATOMIC_RELAXED,
						 __ATOMIC_RELAXED))
			continue;
		rc = futex_wait(word, seen | TURN_WATCHED);
	}
	return rc;
}

/* Acquire: the message was written, or read, before; pairs with turn_pass(). */
static ALWAYS_INLINE int turn_await(struct channel *ch, uint32_t *word,
				    uint32_t full)
{
	if ((__atomic_load_n(word, __ATOMIC_ACQUIRE) & TURN_FULL) == full)
		return 0;
	return turn_wait(ch, word, full);
}

static ALWAYS_INLINE int turn_pass(uint32_t *word, uint32_t full)
{
	uint32_t was = __atomic_exchange_n(word, full, __ATOMIC_RELEASE);

	return bench_unlikely(was & TURN_WATCHED) ? futex_wake(word, 1) : 0;
}

static ALWAYS_INLINE int turns_put(struct channel *ch, uint64_t seq, size_t n,
				   size_t size)
{
	struct slots *s = ch->state;
	uint64_t end = seq + n;
	struct cell_slot *c;
	int rc;

	for (; seq < end; seq++) {
		c = cell_at(s, s->pos++, size);
		rc = turn_await(ch, &c->word, 0);
		if (bench_unlikely(rc))
			return rc;
		payload_fill(c->data, seq, 1, size);
		rc = turn_pass(&c->word, TURN_FULL);
		if (bench_unlikely(rc))
			return rc;
	}
	return 0;
}

static ALWAYS_INLINE int turns_get(struct channel *ch, uint64_t seq, size_t n,
				   size_t size)
{
	struct slots *s = ch->state;
	uint64_t end = seq + n;
	struct cell_slot *c;
	int rc;

	for (; seq < end; seq++) {
		c = cell_at(s, s->pos++, size);
		rc = turn_await(ch, &c->word, TURN_FULL);
		if (!rc)
			rc = verify(ch, c->data, seq, 1, size);
		if (!rc)
			rc = turn_pass(&c->word, 0);
		if (bench_unlikely(rc))
			return rc;
	}
	return 0;
}

DEFINE_LOOPS(turns_loops, turns_put, turns_get);

#endif /* BENCH_TURNS_H */
