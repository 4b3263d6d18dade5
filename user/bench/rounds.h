/* SPDX-License-Identifier: MIT */
/*
 * What the processes of one measurement do.
 *
 * The leader is the side that knows when it is over: the consumer, or the one
 * that pings. It runs rounds of more and more messages until it knows how many
 * take as long as asked, and then those that count; the others were the
 * warm-up. The time of a round is from the moment at which its first message is
 * begun to the moment at which its last one has been verified.
 */
#ifndef BENCH_ROUNDS_H
#define BENCH_ROUNDS_H

#include <pthread.h>

#include "hist.h"
#include "plan.h"
#include "sources.h"
#include "trace.h"

#define LEADER		0u
#define PARTIES_MAX	(1 + PRODUCERS_MAX)

/*
 * enum round_kind
 * @ROUND_PLAIN: as many messages as possible, the clock read at both ends only
 * @ROUND_TRIPS: round trips, the clock read after each @stride of them
 * @ROUND_PACED: messages are due at fixed times, and the delay of each counts
 */
enum round_kind {
	ROUND_PLAIN,
	ROUND_TRIPS,
	ROUND_PACED,
	ROUND_NONE,	/* the end */
};

/*
 * struct party - one process; the parent reads it when it is gone
 * @used: in the last round
 * @said: what it died of
 */
struct party {
	struct traced traced;
	struct usage used;
	char said[WHY_MAX];
};

/*
 * struct control - what the processes and their parent share
 * @meet: before each round; orders everything the leader sets for it
 * @kind, @count, @stride: of the round, set by the leader; @count messages of
 *	each follower, a multiple of @stride
 * @begun_ns: when the first follower began; the leader reads it after a message
 * @result, @achieved, @messages: the leader's; @messages of the last round
 * @hist: times of single messages
 * @strides: times of a stride
 */
struct control {
	pthread_barrier_t meet;
	enum round_kind kind;
	uint64_t count;
	uint64_t stride;
	uint64_t begun_ns;
	double result;
	double achieved;
	uint64_t messages;
	struct hist hist;
	struct hist strides;
	struct party party[PARTIES_MAX];
};

/*
 * struct pair - a measurement, as each process sees it
 * @there: the leader's or producers' way; @back: the answers' way, or unused
 * @goal_ns: how long the rounds that count should take together
 * @me: index into the control's parties
 * @seq: the next message of this process
 */
struct pair {
	const struct cell *cell;
	const struct test *test;
	const struct loops *loops;
	struct channel there;
	struct channel back;
	struct control *ctl;
	uint64_t goal_ns;
	unsigned int me;
	uint64_t seq;
	struct sources sources;
};

/* All rounds of this process: 0 or a negative errno. */
int rounds_run(struct pair *p);

#endif /* BENCH_ROUNDS_H */
