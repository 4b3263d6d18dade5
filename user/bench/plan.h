/* SPDX-License-Identifier: MIT */
/* What is to be measured: the options, the tests, and the cells they make. */
#ifndef BENCH_PLAN_H
#define BENCH_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport.h"

enum test_id {
	TEST_THROUGHPUT,
	TEST_LATENCY,
	TEST_WAKEUP,
	TEST_COUNT,
};

/*
 * struct test - a way to use a transport
 * @unit: of the result, as in the JSON
 * @what: one line for `list`
 * @round_trip: messages go one by one, there and back; the result is a time
 */
struct test {
	const char *name;
	const char *unit;
	const char *what;
	bool round_trip;
};

extern const struct test tests[TEST_COUNT];

#define PLAN_LIST_MAX	64

/*
 * struct options - what the user asked for
 * @test: TEST_COUNT is all of them: the comparison
 * @chosen: transports by name; none: all
 * @sizes, @batches: none: the test's own
 */
struct options {
	enum test_id test;
	const struct transport *chosen[PLAN_LIST_MAX];
	size_t nr_chosen;
	uint64_t sizes[PLAN_LIST_MAX];
	size_t nr_sizes;
	uint64_t batches[PLAN_LIST_MAX];
	size_t nr_batches;
	uint64_t ring_bytes;
	uint64_t repeat;
	uint64_t duration_ms;
	unsigned int cpus[2];
	const char *json;
	bool quiet;
};

enum cell_state {
	CELL_OK,
	CELL_SKIPPED,	/* not possible: .why */
	CELL_FAILED,	/* went wrong: .why */
};

/*
 * struct cell - one result
 * @nr: samples so far
 * @shown: false where it is measured only for what it says about the machine
 */
struct cell {
	enum test_id test;
	const struct transport *transport;
	uint32_t size;
	uint32_t batch;
	bool shown;
	enum cell_state state;
	char why[WHY_MAX];
	double *samples;
	size_t nr;
};

/*
 * struct plan - all cells, those that are compared with each other adjacent
 * @unavailable: what was asked for and is not there, and why
 * @two_flag: the index of the cell that measures the limit, or -1 (one CPU)
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
};

/* 0 or -ENOMEM. */
int plan_make(struct plan *plan, const struct options *o);
void plan_free(struct plan *plan);

/* Is there anything to measure, besides the limit? */
bool plan_has_work(const struct plan *plan);

/* "throughput, memfd, 8 bytes, 64 per publish" */
const char *cell_text(const struct cell *c, char *text, size_t size);

#endif /* BENCH_PLAN_H */
