/* SPDX-License-Identifier: MIT */
/* The tests, and what each measures where the user says nothing. */
#ifndef BENCH_TESTS_H
#define BENCH_TESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum test_id {
	TEST_THROUGHPUT,
	TEST_LATENCY,
	TEST_WAKEUP,
	TEST_ONEWAY,
	TEST_FAN_IN,
	TEST_TOPOLOGY,
	TEST_COUNT,
};

/*
 * struct test - a way to use a transport
 * @unit: of the result, as in the JSON
 * @what: one line for `list`
 * @round_trip: messages go one by one, there and back
 * @is_time: the result is a time, less is better; else a rate
 * @clocked: the time of each message goes into a histogram
 * @paced: messages are sent at a fixed rate, whatever becomes of them
 * @batched: several messages can be published as one
 * @many: there are several producers
 * @sizes, @nr_sizes: of messages
 */
struct test {
	const char *name;
	const char *unit;
	const char *what;
	bool round_trip;
	bool is_time;
	bool clocked;
	bool paced;
	bool batched;
	bool many;
	const uint64_t *sizes;
	size_t nr_sizes;
};

extern const struct test tests[TEST_COUNT];

/*
 * struct shape - what is the same for all that are compared with each other
 * @batch: messages per publish
 * @rate: messages per second offered, 0 where not paced
 */
struct shape {
	enum test_id test;
	uint32_t size;
	uint32_t batch;
	uint32_t producers;
	uint32_t rate;
};

#define DEFAULT_PRODUCERS	2
#define DEFAULT_RATE		10000

/* The comparison, and the one that must be quick; producers and rate are 0. */
extern const struct shape comparison[];
extern const size_t nr_comparison;
extern const struct shape quick_comparison[];
extern const size_t nr_quick_comparison;

#endif /* BENCH_TESTS_H */
