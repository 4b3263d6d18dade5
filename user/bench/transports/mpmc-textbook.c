// SPDX-License-Identifier: MIT
/* The textbook's circular buffer: head, tail and a shared count. WRONG. */
/* No copy and no system call; it cannot sleep: it pauses, then yields. */
/* man 7 sem_overview: what it lacks */
#include <time.h>

#include "relax.h"
#include "slots.h"

/*
 * It looks right and is taught. But `count++` of the producer and `count--` of
 * the consumer are a load and a store each, so one of two that meet is lost:
 * the count says that there is a message where there is none, or room where
 * there is none. With two producers the same goes for head. It is kept to show
 * that the verifier finds it. A run that went well by luck proves nothing, so
 * it is .broken and never gets a number.
 *
 * The atomics are no help to it, being only loads and stores: they keep the
 * compiler from looking just once.
 */
struct textbook_ctl {
	uint32_t head;
	uint32_t tail;
	uint32_t count;
};

/* A count that is too low hides the last messages for ever: they are lost. */
#define LOST_S		2
#define YIELDS_PER_LOOK	1024

static ALWAYS_INLINE uint32_t look(const uint32_t *v)
{
	return __atomic_load_n(v, __ATOMIC_ACQUIRE);
}

static ALWAYS_INLINE void set(uint32_t *v, uint32_t to)
{
	__atomic_store_n(v, to, __ATOMIC_RELEASE);
}

/* Until the count is no longer @bad; false if it stays so too long. */
static bool textbook_wait(const uint32_t *count, uint32_t bad)
{
	unsigned int spins = 0;
	time_t begun = 0;

	while (look(count) == bad) {
		relax(&spins);
		if (spins % YIELDS_PER_LOOK)
			continue;
		if (!begun)
			begun = time(NULL);
		if (time(NULL) > begun + LOST_S)
			return false;
	}
	return true;
}

static ALWAYS_INLINE int textbook_put(struct channel *ch, uint64_t seq,
				      size_t n, size_t size)
{
	struct slots *s = ch->state;
	struct textbook_ctl *ctl = s->ctl;
	uint64_t end = seq + n;

	for (; seq < end; seq++) {
		if (!textbook_wait(&ctl->count, s->nr))
			return -EPIPE;
		payload_fill(slots_at(s, look(&ctl->head), size), seq, 1, size);
		set(&ctl->head, look(&ctl->head) + 1);
		set(&ctl->count, look(&ctl->count) + 1);
	}
	return 0;
}

static ALWAYS_INLINE int textbook_get(struct channel *ch, uint64_t seq,
				      size_t n, size_t size)
{
	struct slots *s = ch->state;
	struct textbook_ctl *ctl = s->ctl;
	uint64_t end = seq + n;
	int rc;

	for (; seq < end; seq++) {
		if (!textbook_wait(&ctl->count, 0)) {
			ch->bad_seq = seq;
			return -EILSEQ;
		}
		rc = verify(ch, slots_at(s, look(&ctl->tail), size), seq, 1,
			    size);
		if (bench_unlikely(rc))
			return rc;
		set(&ctl->tail, look(&ctl->tail) + 1);
		set(&ctl->count, look(&ctl->count) - 1);
	}
	return 0;
}

DEFINE_LOOPS(textbook_loops, textbook_put, textbook_get);

static int textbook_open(struct channel *ch)
{
	struct slots *s = slots_new(ch, sizeof(*s), ch->size);

	return s ? slots_map(s, -1) : -ENOMEM;
}

const struct transport transport_mpmc_textbook = {
	.name = "mpmc-textbook",
	.group = "memory",
	.what = "the textbook's circular buffer with a shared count, which loses messages",
	.broken = "a shared count that two processes change is lost now and then, and messages with it: use mpmc",
	.loops = &textbook_loops,
	.many = true,
	.fits = fits_half,
	.open = textbook_open,
	.close = slots_close,
};
