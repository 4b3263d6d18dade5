// SPDX-License-Identifier: MIT
/* Waiting: look for a while, then sleep. */
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

/* How far the peer says that @pos may go. */
static uint64_t limit_of_peer(const struct shmring *r)
{
	uint64_t ring = shmring_ring_bytes(r);

	if (r->role == SHMRING_ROLE_PRODUCER)
		return shmring_tail(&r->info->lane, r->peer, r->generation,
				    ring) + ring;
	/* (C) */
	return __atomic_load_n(&r->peer->pos, __ATOMIC_ACQUIRE);
}

/*
 * The producer that the consumer last looked at has left: all that it published
 * is there, up to its end. One that lied has shown more than was let stand, and the
 * next one began there: back, wherever this side is, and whatever it has in its
 * hands, which is @torn. True: what it has seen of the head may be the next one's.
 */
static bool follow(struct shmring *r, bool *torn)
{
	const struct shmring_lane *lane = &r->info->lane;
	uint64_t ring = shmring_ring_bytes(r), end;
	/* (G5) After the head, and (G2); both pair with (G1). */
	uint32_t now = __atomic_load_n(&lane->generation, __ATOMIC_ACQUIRE);
	bool back, more;

	if (now == r->generation)
		return false;
	end = shmring_lane_end(lane, r->generation + 1, now);
	end = shmring_whole(r, end, end);
	if (__atomic_load_n(&lane->generation, __ATOMIC_RELAXED) != now)
		return true;
	more = end - r->limit > ring;
	back = end - r->pos > ring;
	if (back) {
		r->pos = end;
		r->granted = end;
		shmring_show_quiet(r);
	}
	r->limit = more ? r->pos : end;
	*torn |= more;
	r->generation = now;
	/* (G4) The tail before the generation; pairs with (G3). */
	__atomic_store_n(&r->self->generation, now, __ATOMIC_RELEASE);
	/* What was released and not handed back is space for who sleeps. */
	if (back)
		shmring_show(r);
	return true;
}

/* Behind @from, and not behind @to. */
static bool is_within(uint64_t pos, uint64_t from, uint64_t to)
{
	return pos - from - 1 < to - from;
}

/* Where number @n left off, if that is a place for a record. */
static uint64_t end_of(const struct shmring *r, uint32_t n)
{
	return shmring_aligned(r, shmring_lane_end(&r->info->lane, n,
						   r->generation));
}

/*
 * How far the consumer sees: to where the next producer began that came since. A
 * record of one that lied may go on behind that.
 */
static uint64_t horizon(const struct shmring *r, uint64_t head)
{
	uint32_t now = r->generation, n;
	uint64_t last = shmring_lane_end(&r->info->lane, now, now), end;

	/* Mostly; without a division. */
	if (shmring_likely(!is_within(last, r->pos, head)))
		return head;
	last = end_of(r, now);
	if (!is_within(last, r->pos, head))
		return head;
	n = now < SHMRING_LANE_ENDS ? 1 : now - (SHMRING_LANE_ENDS - 2);
	for (; n < now; n++) {
		end = end_of(r, n);
		if (is_within(end, r->pos, last))
			return end;
	}
	return last;
}

void shmring_skip(struct shmring *r, uint64_t to)
{
	r->pos = shmring_aligned(r, to);
	r->limit = r->pos;
	r->granted = r->pos;
	shmring_show(r);
}

/* Not back: the producer may have used what lies behind. */
int shmring_drop(struct shmring *r, uint64_t to)
{
	if (!shmring_is_before(shmring_aligned(r, to), r->pos))
		shmring_skip(r, to);
	r->limit = r->pos;
	return -EBADMSG;
}

static bool peer_gone(const struct shmring *r)
{
	return shmring_state(r->info, shmring_other(r->role)) ==
	       SHMRING_STATE_GONE;
}

/* What the peer says can be: see shmring_look(). */
static bool is_plausible(const struct shmring *r, uint64_t limit)
{
	uint64_t avail = limit - r->pos;

	if (limit - r->limit > r->shown + shmring_ring_bytes(r) - r->limit)
		return false;
	if (!r->record_size)
		return limit % SHMRING_RECORD_ALIGN == 0;
	/* What is there begins with a whole record. */
	return r->role == SHMRING_ROLE_PRODUCER || !avail ||
	       avail >= r->record_size;
}

/*
 * Both sides keep @limit as "how far pos may go": head for the consumer, tail
 * plus the ring for the producer. An honest peer moves it forward only, and
 * never beyond what this side has shown plus the ring. A consumer that shows
 * anything else counts as one that stands still, and so does a producer that is
 * gone, until the next one puts that right; else, of a producer it is EBADMSG. So
 * limit - pos neither underflows nor exceeds the ring.
 */
int shmring_look(struct shmring *r, uint64_t need)
{
	bool produces = r->role == SHMRING_ROLE_PRODUCER, torn = false;
	unsigned int turns = 0;
	uint64_t limit;

	/* It released what had been dropped. */
	if (shmring_unlikely(r->limit - r->pos > r->mask + 1))
		r->pos = r->limit;
	do {
		/* Only who writes over the ring has so many come and go. */
		if (turns++ == SHMRING_LANE_ENDS)
			return -EAGAIN;
		limit = limit_of_peer(r);
	} while (!produces && follow(r, &torn));
	if (torn)
		return -EBADMSG;
	if (!is_plausible(r, limit)) {
		if (!produces && !peer_gone(r))
			return shmring_drop(r, limit);
		limit = r->limit;
	}
	r->limit = produces ? limit : horizon(r, limit);
	return limit - r->pos < need ? -EAGAIN : 0;
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

/*
 * Look for the last time before sleep, or after it. -EPIPE: there is no peer to
 * wait for. Whether it is gone is seen first, by asking, since nobody else may
 * have yet. Then the epoch, which has moved for that; it moves again when the
 * next one comes, or, if that was already, when it leaves. And what either of
 * them did last shows in the look.
 */
static int look_or_miss(struct shmring *r, uint64_t need)
{
	bool gone = r->backend->peer_state(r) == SHMRING_STATE_GONE;
	uint32_t epoch = shmring_epoch(r);
	int err = shmring_look(r, need);

	if (err != -EAGAIN || !gone)
		return err;
	shmring_endpoint(r)->epoch = epoch;
	return -EPIPE;
}

/* The first round does without the clock: mostly it is enough. */
static int spin(struct shmring *r, uint64_t need, int64_t timeout_ns,
		int64_t *deadline)
{
	int err = spin_round(r, need);
	int64_t now, end;

	now = err == -EAGAIN ? shmring_now() : 0;
	*deadline = shmring_deadline(now, timeout_ns);
	end = shmring_deadline(now, r->spin_ns);
	if (end > *deadline)
		end = *deadline;
	while (err == -EAGAIN && shmring_now() < end && !peer_gone(r))
		err = spin_round(r, need);
	if (!err)
		learn(r);
	return err;
}

/*
 * One sleep, or the end of all: a peer that never stops to write what is slept on
 * lets nobody fall asleep, but it cannot hold back the time.
 */
static int sleep_once(struct shmring *r, uint64_t need, uint32_t flags,
		      struct shmring *kick, int64_t deadline)
{
	int err;

	if (kick)
		err = r->backend->kick_sleep(r, need, kick, deadline);
	else
		err = r->backend->sleep(r, need, flags, deadline);
	if (!err && deadline != SHMRING_NEVER && shmring_now() >= deadline)
		err = -ETIMEDOUT;
	return err;
}

/* Sleep until ready. What is ready counts, even when the peer is gone. */
static int sleep_until_ready(struct shmring *r, uint64_t need,
			     struct shmring *kick, int64_t deadline)
{
	int err, slept;

	do {
		slept = sleep_once(r, need, 0, kick, deadline);
		kick = NULL;
		if (slept && slept != -EPIPE && slept != -ETIMEDOUT &&
		    slept != -EBADMSG)
			return slept;
		err = look_or_miss(r, need);
	} while (err == -EAGAIN && !slept);
	return err == -EAGAIN ? slept : err;
}

static int wait_ready(struct shmring *r, uint64_t need, int64_t timeout_ns)
{
	int64_t deadline;
	int err;

	shmring_flush(r);
	if (r->limit - r->pos >= need)
		return 0;
	if (!timeout_ns || !r->spin_ns) {
		err = look_or_miss(r, need);
		if (err != -EAGAIN)
			return err;
		if (!timeout_ns)
			return -ETIMEDOUT;
		deadline = timeout_ns < 0 ? SHMRING_NEVER :
			   shmring_deadline(shmring_now(), timeout_ns);
	} else {
		err = spin(r, need, timeout_ns, &deadline);
		if (err != -EAGAIN)
			return err;
	}
	return sleep_until_ready(r, need, NULL, deadline);
}

/* Bytes to wait for, or a negative errno. */
static int need_of(const struct shmring *r, size_t want, uint64_t *need)
{
	uint64_t least = shmring_footprint(r, 0);

	if (r->role == SHMRING_ROLE_NONE)
		return -ENOTCONN;
	if (want > shmring_ring_bytes(r))
		return -EMSGSIZE;
	if (r->role == SHMRING_ROLE_PRODUCER && !r->record_size)
		*need = shmring_footprint(r, want);
	else
		*need = want > least ? want : least;
	return *need > shmring_ring_bytes(r) ? -EMSGSIZE : 0;
}

int shmring_wait(struct shmring *r, size_t want, int64_t timeout_ns)
{
	uint64_t need;
	int err = need_of(r, want, &need);

	return err ? err : wait_ready(r, need, timeout_ns);
}

/*
 * A peer can come, do its work and leave before this side looks, and even
 * before it asks. So a change of epoch since the peer was last found missing
 * counts as well.
 */
int shmring_wait_peer(struct shmring *r, int64_t timeout_ns)
{
	uint32_t *missed = &shmring_endpoint(r)->epoch;
	uint32_t epoch, state;
	int64_t deadline;
	int err = 0;

	if (r->role == SHMRING_ROLE_NONE)
		return -ENOTCONN;
	shmring_flush(r);
	deadline = shmring_deadline(shmring_now(), timeout_ns);
	for (;;) {
		state = r->backend->peer_state(r);
		epoch = shmring_epoch(r);
		if (epoch != *missed || state == SHMRING_STATE_ATTACHED)
			break;
		if (err)
			return err;
		err = sleep_once(r, epoch, SHMRING_WAIT_PEER, NULL, deadline);
	}
	*missed = epoch;
	return 0;
}

static bool peer_sleeps(const struct shmring *r)
{
	return __atomic_load_n(r->bell, __ATOMIC_RELAXED) & 1;
}

int shmring_kick_wait(struct shmring *r, struct shmring *kick,
		      int64_t timeout_ns)
{
	uint64_t need;
	int err = need_of(r, 0, &need);

	if (err)
		return err;
	if (kick->role == SHMRING_ROLE_NONE)
		return -ENOTCONN;
	/* As in shmring_show(): the store of pos, then the load of the bell. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (!peer_sleeps(kick))
		return wait_ready(r, need, timeout_ns);
	if (!r->backend->kick_sleep || r->backend != kick->backend ||
	    !timeout_ns) {
		shmring_kick(kick);
		return wait_ready(r, need, timeout_ns);
	}
	/*
	 * The peer slept, so its answer takes as long as a wake-up: looking for
	 * it is pointless.
	 */
	shmring_flush(r);
	return sleep_until_ready(r, need, kick,
				 shmring_deadline(shmring_now(), timeout_ns));
}

int shmring_arm(struct shmring *r, size_t want)
{
	uint64_t need;
	int err = need_of(r, want, &need);

	if (err)
		return err;
	shmring_flush(r);
	/* The kernel's poll() reads it, of which it believes nothing. */
	__atomic_store_n(&r->self->want,
			 need < UINT32_MAX ? (uint32_t)need : UINT32_MAX,
			 __ATOMIC_RELAXED);
	err = look_or_miss(r, need);
	if (err != -EAGAIN)
		return err ? err : 1;
	return r->backend->arm(r, need);
}

/* The same as in shmring_wait_peer(), but for who sleeps. */
int shmring_arm_peer(struct shmring *r)
{
	uint32_t *missed = &shmring_endpoint(r)->epoch;
	uint32_t epoch, state;

	if (r->role == SHMRING_ROLE_NONE)
		return -ENOTCONN;
	shmring_flush(r);
	state = r->backend->peer_state(r);
	epoch = shmring_epoch(r);
	if (epoch == *missed && state != SHMRING_STATE_ATTACHED)
		return r->backend->arm_peer(r, epoch);
	*missed = epoch;
	return 1;
}
