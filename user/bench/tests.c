// SPDX-License-Identifier: MIT
/* The tests, and what each measures where the user says nothing. */
#include "tests.h"

#define LENGTH(a)	(sizeof(a) / sizeof(*(a)))

static const uint64_t all_sizes[] = {
	8, 64, 512, 4096, 32768, 262144, 1048576
};
static const uint64_t small_sizes[] = { 8, 64 };
static const uint64_t one_size[] = { 64 };

const struct test tests[TEST_COUNT] = {
	[TEST_THROUGHPUT] = {
		.name = "throughput",
		.unit = "msgs_per_s",
		.what = "messages per second, one way, as fast as they go",
		.batched = true,
		.sizes = all_sizes,
		.nr_sizes = LENGTH(all_sizes),
	},
	[TEST_LATENCY] = {
		.name = "latency",
		.unit = "ns",
		.what = "round trip, rings looking all the time, the kernel's mechanisms blocking",
		.round_trip = true,
		.is_time = true,
		.clocked = true,
		.sizes = small_sizes,
		.nr_sizes = LENGTH(small_sizes),
	},
	[TEST_WAKEUP] = {
		.name = "wakeup",
		.unit = "ns",
		.what = "round trip, both sides asleep each time",
		.round_trip = true,
		.is_time = true,
		.clocked = true,
		.sizes = small_sizes,
		.nr_sizes = LENGTH(small_sizes),
	},
	[TEST_ONEWAY] = {
		.name = "oneway",
		.unit = "ns",
		.what = "from when a message was due at a fixed rate to when it was verified (open loop)",
		.is_time = true,
		.clocked = true,
		.paced = true,
		.sizes = one_size,
		.nr_sizes = LENGTH(one_size),
	},
	[TEST_FAN_IN] = {
		.name = "fan-in",
		.unit = "msgs_per_s",
		.what = "messages per second of several producers to one consumer",
		.many = true,
		.sizes = one_size,
		.nr_sizes = LENGTH(one_size),
	},
	[TEST_TOPOLOGY] = {
		.name = "topology",
		.unit = "ns",
		.what = "bare two-flag round trip of each pair of CPUs, and how the two are related",
		.round_trip = true,
		.is_time = true,
	},
};

const struct shape comparison[] = {
	{ .test = TEST_THROUGHPUT, .size = 8, .batch = 1 },
	{ .test = TEST_THROUGHPUT, .size = 64, .batch = 1 },
	{ .test = TEST_THROUGHPUT, .size = 512, .batch = 1 },
	{ .test = TEST_THROUGHPUT, .size = 4096, .batch = 1 },
	{ .test = TEST_THROUGHPUT, .size = 32768, .batch = 1 },
	{ .test = TEST_THROUGHPUT, .size = 1048576, .batch = 1 },
	{ .test = TEST_THROUGHPUT, .size = 8, .batch = 64 },
	{ .test = TEST_THROUGHPUT, .size = 64, .batch = 16 },
	{ .test = TEST_LATENCY, .size = 8, .batch = 1 },
	{ .test = TEST_WAKEUP, .size = 8, .batch = 1 },
	{ .test = TEST_ONEWAY, .size = 64, .batch = 1 },
	{ .test = TEST_FAN_IN, .size = 64, .batch = 1 },
	{ .test = TEST_TOPOLOGY },
};
const size_t nr_comparison = LENGTH(comparison);

const struct shape quick_comparison[] = {
	{ .test = TEST_THROUGHPUT, .size = 8, .batch = 1 },
	{ .test = TEST_THROUGHPUT, .size = 4096, .batch = 1 },
	{ .test = TEST_THROUGHPUT, .size = 8, .batch = 64 },
	{ .test = TEST_LATENCY, .size = 8, .batch = 1 },
	{ .test = TEST_WAKEUP, .size = 8, .batch = 1 },
	{ .test = TEST_TOPOLOGY },
};
const size_t nr_quick_comparison = LENGTH(quick_comparison);
