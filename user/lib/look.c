// SPDX-License-Identifier: MIT
/*
 * How far the peer is, and where the records of those end that came before it. Looking
 * for a while is here, too: a call from elsewhere for each look makes round trips take
 * up to 1.4 of their time.
 */
#include <errno.h>

#include "backend.h"

/*
 * Tuning of the phase that looks. A pause is 10 to 40 ns.
 *
 * BACKOFF: pauses between two looks at a streaming peer
 * ROUND: pauses between two looks at the clock
 * PROBE_*: waits until learn() checks again, by what it found last
 */
#define SPIN_BACKOFF		64
#define SPIN_ROUND		128
#define PROBE_STREAMING		16
#define PROBE_ANSWERING		256

static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

static void pause_for(unsigned int n)
{
	while (n--)
		cpu_relax();
}

/*
 * The producer that the consumer last looked at has left, as @now have: all that it
 * published is there, up to its end. One that lied has shown more than was let
 * stand, and the next one began there: back, wherever this side is, and whatever it
 * has in its hands, which it is told by true. What is too far is what the next
 * producer finds so, by what this side has shown.
 */
static __attribute__((noinline, cold))
bool follow(struct shmring *r, uint32_t now)
{
	const struct shmring_lane *lane = r->lane;
	uint64_t most = r->shown + shmring_ring_bytes(r), end;
	bool back, more;

	end = shmring_lane_end(lane, r->generation + 1, now);
	end = shmring_whole(r, end, end);
	if (__atomic_load_n(&lane->generation, __ATOMIC_RELAXED) != now)
		return false;
	more = end - r->seen > most - r->seen;
	back = end - r->pos > most - r->pos;
	if (back) {
		r->pos = end;
		r->granted = end;
		shmring_show_quiet(r);
	}
	if (more)
		r->limit = r->pos;
	r->seen = end;
	r->generation = now;
	r->bounded = 1;
	/* (G4) The tail before the generation; pairs with (G3). */
	__atomic_store_n(&r->self->generation, now, __ATOMIC_RELEASE);
	/* What was released and not handed back is space for who sleeps. */
	if (back)
		shmring_show(r);
	return more;
}

/* Behind @from, and not behind @to. */
static bool is_within(uint64_t pos, uint64_t from, uint64_t to)
{
	return pos - from - 1 < to - from;
}

/* Where number @n left off, if that is a place for a record. */
static uint64_t end_of(const struct shmring *r, uint32_t n)
{
	return shmring_aligned(r, shmring_lane_end(r->lane, n,
						   r->generation));
}

/* The ends of those that left: none is ahead of @pos where the last one is not. */
static bool is_end_ahead(const struct shmring *r, uint64_t pos)
{
	return is_within(end_of(r, r->generation), pos, pos + r->mask + 1);
}

/*
 * How far a look from @pos goes: to where the next producer began that came since.
 * A record of one that lied may go on behind that.
 */
static __attribute__((noinline, cold))
uint64_t horizon(const struct shmring *r, uint64_t pos, uint64_t head)
{
	uint32_t now = r->generation, n;
	uint64_t last = end_of(r, now), end;

	if (!is_within(last, pos, head))
		return head;
	n = now < SHMRING_LANE_ENDS ? 1 : now - (SHMRING_LANE_ENDS - 2);
	for (; n < now; n++) {
		end = end_of(r, n);
		if (is_within(end, pos, last))
			return end;
	}
	return last;
}

void shmring_skip(struct shmring *r, uint64_t to)
{
	r->pos = shmring_aligned(r, to);
	r->limit = r->pos;
	r->seen = r->pos;
	r->bounded = 1;
	r->granted = r->pos;
	shmring_show(r);
}

/* Not back: the producer may have used what lies behind. */
int shmring_drop(struct shmring *r, uint64_t to)
{
	if (!shmring_is_before(shmring_aligned(r, to), r->pos))
		shmring_skip(r, to);
	r->limit = r->pos;
	r->seen = r->pos;
	return -EBADMSG;
}

/*
 * Both sides keep how far they saw the other, as "how far pos may go": head for the
 * consumer, tail plus the ring for the producer. An honest peer moves it forward
 * only, and never beyond what this side has shown plus the ring. So limit - pos
 * neither underflows nor exceeds the ring.
 */
static bool is_plausible(const struct shmring *r, uint64_t seen, uint64_t now)
{
	return now - seen <= r->shown + shmring_ring_bytes(r) - seen &&
	       (r->record_size || now % SHMRING_RECORD_ALIGN == 0);
}

/* Neither nothing nor a whole record; by no branch that depends on which it is. */
static bool is_part(const struct shmring *r, uint64_t avail)
{
	return r->record_size && avail - 1 < r->record_size - 1;
}

/* A consumer that shows nonsense counts as one that stands still. */
static int look_for_space(struct shmring *r, uint64_t need)
{
	uint64_t ring = shmring_ring_bytes(r);
	uint64_t limit = shmring_tail(r->lane, r->peer, r->generation,
				      ring) + ring;

	if (shmring_likely(is_plausible(r, r->limit, limit)))
		r->limit = limit;
	return r->limit - r->pos < need ? -EAGAIN : 0;
}

/* It released what had been dropped, and may have shown that. */
static __attribute__((noinline, cold))
void take_back(struct shmring *r)
{
	r->pos = r->limit;
	shmring_show(r);
}

/* Whether @head is of the producer that this side knows, of whom @now have left. */
static inline bool read_head(const struct shmring *r, uint64_t *head, uint32_t *now)
{
	const uint32_t *generation = &r->lane->generation;

	/* (C) */
	*head = __atomic_load_n(&r->peer->pos, __ATOMIC_ACQUIRE);
	/* (G5) After the head, and (G2); both pair with (G1). */
	*now = __atomic_load_n(generation, __ATOMIC_ACQUIRE);
	return shmring_likely(*now == r->generation) &&
	       is_plausible(r, r->seen, *head) && !is_part(r, *head - r->pos);
}

/*
 * So does a producer that is gone, until the next one puts that right; of another
 * one nonsense is EBADMSG. What there is begins with a whole record.
 */
static __attribute__((noinline, cold))
int find_head(struct shmring *r)
{
	unsigned int turns;
	uint64_t head;
	uint32_t now;

	if (r->limit - r->pos > r->mask + 1)
		take_back(r);
	/* Only who writes over the ring has so many come and go. */
	for (turns = 0; turns <= SHMRING_LANE_ENDS; turns++) {
		if (read_head(r, &head, &now)) {
			r->seen = head;
			return 0;
		}
		if (now == r->generation)
			return shmring_peer_gone(r) ? 0 : shmring_drop(r, head);
		if (follow(r, now))
			return -EBADMSG;
	}
	return -EAGAIN;
}

static int look_for_records(struct shmring *r, uint64_t need)
{
	uint64_t head;
	uint32_t now;
	int err;

	if (shmring_likely(r->limit - r->pos <= r->mask + 1 &&
			   read_head(r, &head, &now))) {
		r->seen = head;
	} else {
		err = find_head(r);
		if (err)
			return err;
	}
	r->limit = r->seen;
	if (shmring_unlikely(r->bounded)) {
		r->limit = horizon(r, r->pos, r->seen);
		r->bounded = is_end_ahead(r, r->pos);
	}
	return r->seen - r->pos < need ? -EAGAIN : 0;
}

/* Bytes that it saw; none where it released what had been dropped. */
static uint64_t seen_ahead(const struct shmring *r)
{
	uint64_t ahead = r->seen - r->pos;

	return ahead <= r->mask + 1 ? ahead : 0;
}

static const void *peek_seen(struct shmring *r, uint64_t *at, size_t *len,
			     uint32_t *tag)
{
	uint64_t pos = r->pos + *at, avail = horizon(r, pos, r->seen) - pos;
	const void *record = shmring_record_at(r, pos, avail, len, tag);

	*at += record ? shmring_footprint(r, *len) : avail;
	if (!record)
		errno = EBADMSG;
	return record;
}

/* Across the ends: shmring_peek() goes to the next one only. */
const void *shmring_peek_at(struct shmring *r, uint64_t *at, size_t *len,
			    uint32_t *tag)
{
	int err = shmring_check_role(r, SHMRING_ROLE_CONSUMER);

	if (!err && !r->record_size && *at % SHMRING_RECORD_ALIGN)
		err = -EINVAL;
	if (!err && *at >= seen_ahead(r)) {
		err = find_head(r);
		if (err == -EBADMSG)
			err = -ESTALE;
		else if (*at >= seen_ahead(r))
			err = -EAGAIN;
	}
	if (!err)
		return peek_seen(r, at, len, tag);
	errno = -err;
	return NULL;
}

int shmring_look(struct shmring *r, uint64_t need)
{
	return r->role == SHMRING_ROLE_PRODUCER ? look_for_space(r, need) :
						  look_for_records(r, need);
}

/*
 * A peer that answers and a peer that streams want opposite things. The first
 * is done when it moved, so each pause between looks is latency. The second
 * goes on: leaving it alone for SPIN_BACKOFF pauses lets it run ahead, so that
 * cache lines change hands in bulk and not one by one under its feet, which
 * doubles the throughput. Which of them it is shows when this side, although
 * it has what it waited for, waits once more: only a streaming peer moves on.
 */
static void learn(struct shmring *r)
{
	uint64_t seen;

	if (r->probe_in) {
		r->probe_in--;
		return;
	}
	seen = __atomic_load_n(&r->peer->pos, __ATOMIC_RELAXED);
	pause_for(SPIN_BACKOFF);
	r->streaming = __atomic_load_n(&r->peer->pos, __ATOMIC_RELAXED) != seen;
	r->probe_in = r->streaming ? PROBE_STREAMING : PROBE_ANSWERING;
}

/* The caller has just looked, so the pause comes first. */
static int spin_round(struct shmring *r, uint64_t need)
{
	unsigned int step = r->streaming ? SPIN_BACKOFF : 1;
	unsigned int spent;
	int err;

	for (spent = 0; spent < SPIN_ROUND; spent += step) {
		pause_for(step);
		err = shmring_look(r, need);
		if (err != -EAGAIN)
			return err;
	}
	return -EAGAIN;
}

/* The first round does without the clock: mostly it is enough. */
int shmring_spin(struct shmring *r, uint64_t need, int64_t timeout_ns,
		 int64_t *deadline)
{
	int err = spin_round(r, need);
	int64_t now, end;

	now = err == -EAGAIN ? shmring_now() : 0;
	*deadline = shmring_deadline(now, timeout_ns);
	end = shmring_deadline(now, r->spin_ns);
	if (end > *deadline)
		end = *deadline;
	while (err == -EAGAIN && shmring_now() < end && !shmring_peer_gone(r))
		err = spin_round(r, need);
	if (!err)
		learn(r);
	return err;
}
