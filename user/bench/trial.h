/* SPDX-License-Identifier: MIT */
/* One hit: processes that move messages, one of which is killed or stopped. */
#ifndef BENCH_TRIAL_H
#define BENCH_TRIAL_H

#include "leftover.h"
#include "plan.h"

/* What is done to one of them. */
enum hit {
	HIT_KILL,	/* SIGKILL */
	HIT_STOP,	/* SIGSTOP, and SIGCONT after a while */
	HIT_REPLACE,	/* SIGKILL, and a process that takes over */
	HITS,
};

/* And to whom. */
enum victim {
	VICTIM_PRODUCER,
	VICTIM_CONSUMER,
	VICTIM_ONE_OF_TWO,	/* producers */
	VICTIMS,
};

/* What became of those that were not hit; the worst, of several. */
enum outcome {
	OUTCOME_WENT_ON,
	OUTCOME_TOLD,		/* by an error of its own call, and it ended */
	OUTCOME_HUNG,		/* moved nothing until the harness ended it */
	OUTCOME_CRASHED,	/* by a signal that nobody sent */
	OUTCOMES,
};

/*
 * struct trial - what to do
 * @cell: the transport, its size, capacity and CPUs
 * @name: a channel that is not open: each trial opens one of the same name
 * @after_ns: the hit comes so long after all have moved a message
 * @which: of two producers, which one is hit
 * @limit_ns: who moves nothing for so long hangs
 * @stop_ns: how long one is stopped
 */
struct trial {
	const struct cell *cell;
	const struct channel *name;
	enum hit hit;
	enum victim victim;
	uint64_t after_ns;
	unsigned int which;
	uint64_t limit_ns;
	uint64_t stop_ns;
};

enum trial_end {
	TRIAL_OK,
	TRIAL_FAILED,		/* before the hit; .why says it in one line */
	TRIAL_INTERRUPTED,
};

/*
 * struct fate - what came of it
 * @outcome: of those that were not hit
 * @error, @told_ns: what was the first to be told, and how long after the hit;
 *	0 where nobody was
 * @held_ns: the longest time without a message, by enum side, of those that
 *	were not hit and moved one after it
 * @sent, @lost, @repeated, @torn: messages
 * @next_pair: another pair could move messages through a channel of its name
 * @to_remove: what there was when all processes were gone, until the transport
 *	closed the channel
 * @left: what there was after that
 */
struct fate {
	enum outcome outcome;
	int error;
	uint64_t told_ns;
	uint64_t held_ns[2];
	uint64_t sent;
	uint64_t lost;
	uint64_t repeated;
	uint64_t torn;
	bool next_pair;
	struct leftover to_remove;
	struct leftover left;
	char why[WHY_MAX];
};

/* All processes are gone when it returns, and the channel is closed. */
enum trial_end trial_run(const struct trial *t, struct fate *fate);

#endif /* BENCH_TRIAL_H */
