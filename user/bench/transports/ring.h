/* SPDX-License-Identifier: MIT */
/*
 * What the transports of this project's ring share: all but the address.
 * The records are filled and verified in place.
 */
#ifndef BENCH_RING_H
#define BENCH_RING_H

#include <shmring.h>
#include <stdio.h>

#include "../loops.h"
#include "fits.h"

/* Full or empty, or worse: @err is the errno of what returned NULL. */
static inline int ring_stalled(struct shmring *r, int err)
{
	int rc;

	if (err != EAGAIN)
		return -err;
	rc = shmring_wait(r, 0, -1);
	return rc == -EINTR ? 0 : rc;
}

static ALWAYS_INLINE int ring_stage(struct shmring *r, uint64_t seq,
				    size_t size)
{
	void *p;
	int rc;

	while (bench_unlikely(!(p = shmring_reserve(r, size)))) {
		rc = ring_stalled(r, errno);
		if (rc)
			return rc;
	}
	payload_fill(p, seq, 1, size);
	shmring_stage(r, size, 0);
	return 0;
}

static ALWAYS_INLINE int ring_put_run(struct shmring *r, uint64_t seq, size_t n,
				      size_t size)
{
	uint64_t end = seq + n;
	size_t run;
	void *p;
	int rc;

	while (seq < end) {
		run = end - seq;
		p = shmring_reserve_n(r, &run);
		if (bench_unlikely(!p)) {
			rc = ring_stalled(r, errno);
			if (rc)
				return rc;
			continue;
		}
		payload_fill(p, seq, run, size);
		shmring_commit_n(r, run);
		seq += run;
	}
	return 0;
}

static ALWAYS_INLINE int ring_put(struct channel *ch, uint64_t seq, size_t n,
				  size_t size)
{
	struct shmring *r = ch->state;
	int rc;

	if (n > 1)
		return ring_put_run(r, seq, n, size);
	rc = ring_stage(r, seq, size);
	if (bench_unlikely(rc))
		return rc;
	shmring_publish(r);
	return 0;
}

static ALWAYS_INLINE int ring_get_run(struct channel *ch, uint64_t seq,
				      size_t n, size_t size)
{
	struct shmring *r = ch->state;
	uint64_t end = seq + n;
	const void *p;
	size_t run;
	int rc;

	while (seq < end) {
		run = end - seq;
		p = shmring_peek_n(r, &run);
		if (bench_unlikely(!p)) {
			rc = ring_stalled(r, errno);
			if (rc)
				return rc;
			continue;
		}
		rc = verify(ch, p, seq, run, size);
		if (bench_unlikely(rc))
			return rc;
		shmring_release_n(r, run);
		seq += run;
	}
	return 0;
}

static ALWAYS_INLINE int ring_get(struct channel *ch, uint64_t seq, size_t n,
				  size_t size)
{
	struct shmring *r = ch->state;
	const void *p;
	int rc;

	if (n > 1)
		return ring_get_run(ch, seq, n, size);
	while (bench_unlikely(!(p = shmring_peek(r, NULL, NULL)))) {
		rc = ring_stalled(r, errno);
		if (rc)
			return rc;
	}
	rc = verify(ch, p, seq, 1, size);
	if (bench_unlikely(rc))
		return rc;
	shmring_release(r, size);
	return 0;
}

/*
 * Asleep: who has published does not wake the other at once but together with
 * going to sleep, in one call.
 */
static ALWAYS_INLINE int ring_put_quiet(struct channel *ch, uint64_t seq,
					size_t n, size_t size)
{
	struct shmring *r = ch->state;
	int rc = ring_stage(r, seq, size);

	(void)n; /* a round trip is of one message */
	if (bench_unlikely(rc))
		return rc;
	shmring_publish_quiet(r);
	return 0;
}

static ALWAYS_INLINE int ring_get_kick(struct channel *ch, uint64_t seq,
				       size_t n, size_t size)
{
	struct shmring *r = ch->state;
	int rc;

	while (!shmring_peek(r, NULL, NULL)) {
		if (errno != EAGAIN)
			return -errno;
		rc = shmring_kick_wait(r, ch->partner->state, -1);
		if (rc && rc != -EINTR)
			return rc;
	}
	return ring_get(ch, seq, n, size);
}

DEFINE_LOOPS(ring_loops, ring_put, ring_get);

DEFINE_BOTH_WAYS_LOOPS(ring_asleep, ring_put_quiet, ring_get_kick)

/* Nothing follows the last answer, so it needs a wake-up of its own. */
static int ring_asleep_pong_last(struct channel *out, struct channel *in,
				 uint64_t first, uint64_t count)
{
	int rc = ring_asleep_pong(out, in, first, count);

	if (!rc)
		shmring_publish(out->state);
	return rc;
}

static const struct loops ring_asleep = {
	.ping = ring_asleep_ping,
	.pong = ring_asleep_pong_last,
};

static inline int ring_failed(struct channel *ch, int err)
{
	snprintf(ch->why, sizeof(ch->why), "%s", shmring_errmsg());
	return err;
}

static inline int ring_open(struct channel *ch, const char *address,
			    uint32_t flags)
{
	struct shmring_opts opts = SHMRING_OPTS_INIT;

	opts.flags = flags;
	opts.ring_bytes = ch->capacity;
	opts.record_size = ch->size;
	if (ch->sleeps)
		opts.spin_ns = 0;
	ch->state = shmring_open(address, SHMRING_ROLE_NONE, &opts);
	return ch->state ? 0 : ring_failed(ch, -errno);
}

static inline int ring_join(struct channel *ch, enum side side)
{
	int rc = shmring_attach(ch->state, side == SIDE_PRODUCER ?
				SHMRING_ROLE_PRODUCER : SHMRING_ROLE_CONSUMER);

	return rc ? ring_failed(ch, rc) : 0;
}

static inline void ring_close(struct channel *ch)
{
	if (ch->state)
		shmring_close(ch->state);
	ch->state = NULL;
}

#endif /* BENCH_RING_H */
