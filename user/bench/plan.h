/* SPDX-License-Identifier: MIT */
/* What is to be measured: the options, and the cells they make. */
#ifndef BENCH_PLAN_H
#define BENCH_PLAN_H

#include "hist.h"
#include "tests.h"
#include "transport.h"
#include "usage.h"

#define PLAN_LIST_MAX	64

/*
 * struct options - what the user asked for
 * @test: TEST_COUNT is all of them: the comparison
 * @chosen: transports by name; none: all
 * @sizes, @batches: none: the test's own
 * @ring_bytes: 0 is what suits the message
 * @duration_ms: 0 is what the time for the whole run allows
 * @budget_s: that time
 * @kills, @seed, @limit_ms: of survive: hits of each row, what their instants
 *	come from, and when what moves nothing is said to hang
 */
struct options {
	enum test_id test;
	bool quick;
	const struct transport *chosen[PLAN_LIST_MAX];
	size_t nr_chosen;
	uint64_t sizes[PLAN_LIST_MAX];
	size_t nr_sizes;
	uint64_t batches[PLAN_LIST_MAX];
	size_t nr_batches;
	uint64_t producers;
	uint64_t rate;
	uint64_t ring_bytes;
	uint64_t repeat;
	uint64_t duration_ms;
	uint64_t budget_s;
	uint64_t kills;
	uint64_t seed;
	uint64_t limit_ms;
	unsigned int cpus[2];
};

enum cell_state {
	CELL_OK,
	CELL_SKIPPED,	/* not possible: .why */
	CELL_FAILED,	/* went wrong: .why */
};

/*
 * struct cell - one result
 * @capacity: what the ring or pipe should hold
 * @shown: false where it is measured only for what it says about the machine
 * @least: times of single messages that the first repeat should have, for a p99
 * @samples, @nr, @repeat: so far, and to be
 * @hist: of all repeats, for a clocked test
 * @used, @messages: by all processes, in all repeats
 * @achieved: messages per second of a paced test, in the last repeat
 * @syscalls: per message, or < 0 where they could not be counted
 * @traced_sleeps: per message, while they were counted
 */
struct cell {
	struct shape shape;
	const struct transport *transport;
	unsigned int cpus[2];
	uint64_t capacity;
	uint64_t least;
	bool shown;
	enum cell_state state;
	char why[WHY_MAX];
	double *samples;
	size_t nr;
	size_t repeat;
	struct hist *hist;
	struct usage used;
	uint64_t messages;
	double achieved;
	double syscalls;
	double traced_sleeps;
};

/*
 * struct plan - all cells, those that are compared with each other adjacent
 * @unavailable: what was asked for and is not there, and why
 * @two_flag, @copy: the indices of the cells of the limits, or -1 (one CPU)
 */
struct plan {
	struct cell *cells;
	size_t nr;
	struct {
		const struct transport *transport;
		char why[WHY_MAX];
	} unavailable[PLAN_LIST_MAX];
	size_t nr_unavailable;
	long two_flag;
	long copy;
};

/* What a ring or pipe for messages of @size bytes should hold. */
uint64_t plan_capacity(const struct options *o, uint32_t size);

/* 0 or -ENOMEM. */
int plan_make(struct plan *plan, const struct options *o);
void plan_free(struct plan *plan);

/* Is there anything to measure, besides the limits? */
bool plan_has_work(const struct plan *plan);

/* Did anything go wrong? */
bool plan_failed(const struct plan *plan);

/* "throughput, memfd, 8 bytes, 64 per publish" */
const char *cell_text(const struct cell *c, char *text, size_t size);

#endif /* BENCH_PLAN_H */
