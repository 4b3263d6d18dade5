/* SPDX-License-Identifier: MIT */
/*
 * A process that moves messages one by one until it is ended, or told that its
 * peer is gone, in the view of a harness that kills and stops such processes.
 */
#ifndef BENCH_MOVER_H
#define BENCH_MOVER_H

#include "sources.h"

/* A consumer, two producers at most, and one that takes over. */
enum {
	MOVER_CONSUMER,
	MOVER_PRODUCER,
	MOVER_SECOND,
	MOVER_SUCCESSOR,
	MOVERS,
};

/*
 * struct mover - how far a process is; it writes this, and the harness reads it
 * @begun: messages that it has begun to send; 0 in a consumer
 * @moved: messages that were sent or received
 * @last_ns: when the last one was
 * @longest_ns: the longest time without one that ended since the hit
 * @error: what its own call returned first since the hit, or, if there was
 *	none, before it; a negative errno
 * @told_ns: when it did
 * @why: what the transport had to say of it
 */
struct mover {
	_Alignas(128) uint64_t begun;
	uint64_t moved;
	uint64_t last_ns;
	uint64_t longest_ns;
	int error;
	uint64_t told_ns;
	char why[WHY_MAX];
};

/*
 * struct stage - memory that all of them and the harness share
 * @hit_ns: when one of them was hit; 0: not yet
 * @sources: what the consumer, and who takes over from it, have received
 */
struct stage {
	uint64_t hit_ns;
	struct sources sources;
	struct mover mover[MOVERS];
};

/*
 * struct part - what one of them is to do
 * @me: index into the stage's movers
 * @source: a producer's, as its messages are numbered
 * @goes_on: after an error it calls again, since somebody may take over
 */
struct part {
	struct channel ch;
	struct stage *stage;
	unsigned int me;
	enum side side;
	unsigned int source;
	unsigned int cpu;
	bool goes_on;
};

/* A word that another process writes. */
static inline uint64_t mover_peek(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* Joins the channel and moves messages. Returns only with an error. */
int mover_run(struct part *p);

#endif /* BENCH_MOVER_H */
