// SPDX-License-Identifier: MIT
/* A bounded queue for many producers and consumers, in shared memory. */
/* No copy and no system call; it cannot sleep: it pauses, then yields. */
/* man 2 mmap; 1024cores.net, "Bounded MPMC queue" */
#include "cells.h"
#include "relax.h"

/*
 * Dmitry Vyukov's queue, from
 * www.1024cores.net/home/lock-free-algorithms/queues/bounded-mpmc-queue.
 * The word of a cell is the position for which it is ready: at it, to be
 * filled; one past it, to be read. Who moves a position on by compare-and-swap
 * has the cell to itself.
 *
 * struct mpmc_ctl - the position of each side, by enum side, on a line each
 */
struct mpmc_ctl {
	struct {
		_Alignas(128) uint32_t pos;
	} side[2];
};

/* @filled: 0 to claim a cell that is empty, 1 for one that is full */
static ALWAYS_INLINE struct cell_slot *
mpmc_claim(struct slots *s, enum side side, uint32_t filled, uint32_t *pos,
	   size_t size)
{
	struct mpmc_ctl *ctl = s->ctl;
	uint32_t *shared = &ctl->side[side].pos;
	uint32_t at = __atomic_load_n(shared, __ATOMIC_RELAXED);
	struct cell_slot *c;
	unsigned int spins = 0;
	int32_t ahead;

	for (;;) {
		c = cell_at(s, at, size);
		/* Pairs with the release of whoever had it before. */
		ahead = (int32_t)(__atomic_load_n(&c->word, __ATOMIC_ACQUIRE) -
				  (at + filled));
		/* Relaxed: the word orders, the position only counts. */
		if (!ahead && __atomic_compare_exchange_n(shared, &at, at + 1,
							  true,
							  __ATOMIC_RELAXED,
							  __ATOMIC_RELAXED))
			break;
		if (ahead < 0)
			relax(&spins);
		if (ahead)
			at = __atomic_load_n(shared, __ATOMIC_RELAXED);
	}
	*pos = at;
	return c;
}

static ALWAYS_INLINE int mpmc_put(struct channel *ch, uint64_t seq, size_t n,
				  size_t size)
{
	struct slots *s = ch->state;
	uint64_t end = seq + n;
	struct cell_slot *c;
	uint32_t pos;

	for (; seq < end; seq++) {
		c = mpmc_claim(s, SIDE_PRODUCER, 0, &pos, size);
		payload_fill(c->data, seq, 1, size);
		__atomic_store_n(&c->word, pos + 1, __ATOMIC_RELEASE);
	}
	return 0;
}

static ALWAYS_INLINE int mpmc_get(struct channel *ch, uint64_t seq, size_t n,
				  size_t size)
{
	struct slots *s = ch->state;
	uint64_t end = seq + n;
	struct cell_slot *c;
	uint32_t pos;
	int rc;

	for (; seq < end; seq++) {
		c = mpmc_claim(s, SIDE_CONSUMER, 1, &pos, size);
		rc = verify(ch, c->data, seq, 1, size);
		if (bench_unlikely(rc))
			return rc;
		__atomic_store_n(&c->word, pos + s->nr, __ATOMIC_RELEASE);
	}
	return 0;
}

DEFINE_LOOPS(mpmc_loops, mpmc_put, mpmc_get);

static int mpmc_open(struct channel *ch)
{
	struct slots *s = slots_new(ch, sizeof(*s), cell_bytes(ch->size));
	int rc = s ? slots_map(s, -1) : -ENOMEM;
	uint32_t i;

	for (i = 0; !rc && i < s->nr; i++)
		cell_at(s, i, ch->size)->word = i;
	return rc;
}

const struct transport transport_mpmc = {
	.name = "mpmc",
	.group = "memory",
	.what = "bounded queue for many producers and consumers in shared memory",
	.loops = &mpmc_loops,
	.many = true,
	.fits = fits_half,
	.open = mpmc_open,
	.close = slots_close,
};
