/* SPDX-License-Identifier: MIT */
/*
 * What remote procedure calls share. There are two procedures:
 *
 *	PUT(message) -> nothing		one way: every message is a call
 *	ECHO(message) -> message	a round trip: the call is all of it
 *
 * and a transport has three functions of the type of a put or get:
 *
 *	put	call PUT with message seq, and n - 1 more
 *	echo	call ECHO, and verify what it returns
 *	serve	answer n calls, and verify what they bring
 */
#ifndef BENCH_RPC_H
#define BENCH_RPC_H

#include "../loops.h"

enum rpc_proc {
	RPC_PUT = 1,
	RPC_ECHO = 2,
};

/* The first channel of a round trip carries the answers, too: no second one. */
static inline bool rpc_needs(const struct channel *ch)
{
	return !ch->partner || !ch->partner->state;
}

#define DEFINE_RPC_LOOPS(name, put, echo, serve)			\
DEFINE_ONE_WAY_LOOPS(name, put, serve)					\
									\
static int name##_ping(struct channel *out, struct channel *in,	\
			uint64_t first, uint64_t count)			\
{									\
	(void)in;							\
	return loop_one_way(out, first, count, echo);			\
}									\
									\
static int name##_pong(struct channel *out, struct channel *in,	\
			uint64_t first, uint64_t count)			\
{									\
	(void)out;							\
	return loop_one_way(in, first, count, serve);			\
}									\
									\
static const struct loops name = {					\
	.produce = name##_produce,					\
	.consume = name##_consume,					\
	.ping = name##_ping,						\
	.pong = name##_pong,						\
}

#endif /* BENCH_RPC_H */
