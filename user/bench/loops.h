/* SPDX-License-Identifier: MIT */
/*
 * The loops around a transport's two inline functions:
 *
 *	int NAME_put(struct channel *ch, uint64_t seq, size_t n, size_t size)
 *		fill and send messages seq to seq + n - 1, published as one
 *	int NAME_get(struct channel *ch, uint64_t seq, size_t n, size_t size)
 *		receive and verify them
 *
 * DEFINE_LOOPS(NAME, put, get) makes `static const struct loops NAME`. The
 * function pointers and the common sizes are constants by the time that the
 * compiler has inlined everything, so each gets a loop of its own and nothing
 * is called or decided per message.
 */
#ifndef BENCH_LOOPS_H
#define BENCH_LOOPS_H

#include <errno.h>

#include "payload.h"
#include "sources.h"
#include "transport.h"

#define bench_unlikely(x)	__builtin_expect(!!(x), 0)

typedef int move_fn(struct channel *ch, uint64_t seq, size_t n, size_t size);

/*
 * Verify what has arrived; for the get functions. Several producers number
 * their messages so that none is ever the one that a single one would send.
 */
static ALWAYS_INLINE int verify(struct channel *ch, const void *buf,
				uint64_t seq, size_t n, size_t size)
{
	if (bench_unlikely(!payload_ok(buf, seq, n, size)))
		return sources_verify(ch, buf, seq, n, size);
	return 0;
}

static ALWAYS_INLINE int one_way(struct channel *ch, uint64_t first,
				 uint64_t count, move_fn *move, size_t n,
				 size_t size)
{
	uint64_t seq, end = first + count;
	int rc;

	for (seq = first; seq < end; seq += n) {
		rc = move(ch, seq, n, size);
		if (bench_unlikely(rc))
			return rc;
	}
	return 0;
}

static ALWAYS_INLINE int one_way_size(struct channel *ch, uint64_t first,
				      uint64_t count, move_fn *move,
				      size_t size)
{
	if (ch->batch == 1)
		return one_way(ch, first, count, move, 1, size);
	return one_way(ch, first, count, move, ch->batch, size);
}

/* @count is a multiple of the batch. */
static ALWAYS_INLINE int loop_one_way(struct channel *ch, uint64_t first,
				      uint64_t count, move_fn *move)
{
	switch (ch->size) {
	case 8:
		return one_way_size(ch, first, count, move, 8);
	case 16:
		return one_way_size(ch, first, count, move, 16);
	case 32:
		return one_way_size(ch, first, count, move, 32);
	case 64:
		return one_way_size(ch, first, count, move, 64);
	default:
		return one_way_size(ch, first, count, move, ch->size);
	}
}

static ALWAYS_INLINE int both_ways(struct channel *ch1, move_fn *move1,
				   struct channel *ch2, move_fn *move2,
				   uint64_t first, uint64_t count, size_t size)
{
	uint64_t seq, end = first + count;
	int rc;

	for (seq = first; seq < end; seq++) {
		rc = move1(ch1, seq, 1, size);
		if (bench_unlikely(rc))
			return rc;
		rc = move2(ch2, seq, 1, size);
		if (bench_unlikely(rc))
			return rc;
	}
	return 0;
}

static ALWAYS_INLINE int loop_both_ways(struct channel *ch1, move_fn *move1,
					struct channel *ch2, move_fn *move2,
					uint64_t first, uint64_t count)
{
	switch (ch1->size) {
	case 8:
		return both_ways(ch1, move1, ch2, move2, first, count, 8);
	case 64:
		return both_ways(ch1, move1, ch2, move2, first, count, 64);
	default:
		return both_ways(ch1, move1, ch2, move2, first, count,
				 ch1->size);
	}
}

#define DEFINE_ONE_WAY_LOOPS(name, put, get)				\
static int name##_produce(struct channel *ch, uint64_t first,		\
			   uint64_t count)				\
{									\
	return loop_one_way(ch, first, count, put);			\
}									\
									\
static int name##_consume(struct channel *ch, uint64_t first,		\
			   uint64_t count)				\
{									\
	return loop_one_way(ch, first, count, get);			\
}

#define DEFINE_BOTH_WAYS_LOOPS(name, put, get)				\
static int name##_ping(struct channel *out, struct channel *in,	\
			uint64_t first, uint64_t count)			\
{									\
	return loop_both_ways(out, put, in, get, first, count);	\
}									\
									\
static int name##_pong(struct channel *out, struct channel *in,	\
			uint64_t first, uint64_t count)			\
{									\
	return loop_both_ways(in, get, out, put, first, count);	\
}

#define DEFINE_LOOPS(name, put, get)					\
DEFINE_ONE_WAY_LOOPS(name, put, get)					\
DEFINE_BOTH_WAYS_LOOPS(name, put, get)					\
static const struct loops name = {					\
	.produce = name##_produce,					\
	.consume = name##_consume,					\
	.ping = name##_ping,						\
	.pong = name##_pong,						\
}

#endif /* BENCH_LOOPS_H */
