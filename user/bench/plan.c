// SPDX-License-Identifier: MIT
/* From options to cells. */
#include "plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channel.h"
#include "../common/cpus.h"
#include "limit.h"
#include "payload.h"

/* A ring that a core's own cache holds, and no less than two messages. */
#define RING_BYTES_MIN	65536u

/* All pairs of more CPUs than that would take the comparison's time. */
#define COMPARISON_CPUS	24
#define TOPOLOGY_REPEAT	5

#define DEFAULT_BATCH	64

/* So many have ten beyond the p99, which is when it is known. */
#define P99_SAMPLES	1000

uint64_t plan_capacity(const struct options *o, uint32_t size)
{
	uint64_t bytes = RING_BYTES_MIN;

	if (o->ring_bytes)
		return o->ring_bytes;
	while (bytes < 2ull * size)
		bytes *= 2;
	return bytes;
}

static struct cell *add_cell(struct plan *plan, const struct options *o,
			     const struct shape *s, const struct transport *t)
{
	bool clocked = tests[s->test].clocked;
	struct cell *c;

	c = realloc(plan->cells, (plan->nr + 1) * sizeof(*c));
	if (!c)
		return NULL;
	plan->cells = c;
	c += plan->nr;
	*c = (struct cell){
		.shape = *s,
		.transport = t,
		.cpus = { o->cpus[0], o->cpus[1] },
		.capacity = plan_capacity(o, s->size),
		.least = clocked && !o->duration_ms ? P99_SAMPLES : 0,
		.shown = true,
		.samples = calloc(o->repeat, sizeof(*c->samples)),
		.repeat = o->repeat,
		.hist = clocked ? calloc(1, sizeof(*c->hist)) : NULL,
		.syscalls = -1,
	};
	plan->nr++;
	return c->samples && (c->hist || !clocked) ? c : NULL;
}

static bool __attribute__((format(printf, 2, 3)))
skip_cell(struct cell *c, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(c->why, sizeof(c->why), fmt, args);
	va_end(args);
	return false;
}

/* Some limits are known only when they are met. */
static bool can_open(struct cell *c)
{
	struct channel ch;
	int rc = channel_open(&ch, c, NULL);

	ch.transport->close(&ch);
	if (rc)
		skip_cell(c, "%s: %s", c->transport->name,
			  ch.why[0] ? ch.why : strerror(-rc));
	return !rc;
}

/*
 * A ring must hold messages, but a pipe or socket may be shorter than one, and
 * limited to that: what the user did not ask for need not be.
 */
static bool find_capacity(struct cell *c, const struct options *o)
{
	struct channel ch = {
		.transport = c->transport,
		.size = c->shape.size,
		.batch = c->shape.batch,
		.producers = c->shape.producers,
	};

	for (;; c->capacity /= 2) {
		ch.capacity = c->capacity;
		if (transport_fits(c->transport, &ch, c->why) &&
		    (c->capacity <= RING_BYTES_MIN || can_open(c)))
			break;
		if (o->ring_bytes || c->capacity <= RING_BYTES_MIN)
			return false;
	}
	c->why[0] = 0;
	return true;
}

static bool is_possible(struct cell *c, const struct options *o)
{
	const struct transport *t = c->transport;

	if (c->shape.test == TEST_WAKEUP && !t->asleep)
		return skip_cell(c, "%s: has no way to sleep: it can only be polled",
				 t->name);
	if (c->shape.producers > 1 && !t->many)
		return skip_cell(c, "%s: takes one producer: --producers 1",
				 t->name);
	if (tests[c->shape.test].many && (c->shape.size < PAYLOAD_SEQ_MIN ||
					  c->shape.size > PAYLOAD_SEQ_MAX))
		return skip_cell(c, "%s: %u bytes: a message says whose it is in 8 bytes to 1M: another --size",
				 t->name, c->shape.size);
	return find_capacity(c, o);
}

static bool is_unavailable(const struct plan *plan, const struct transport *t)
{
	size_t i;

	for (i = 0; i < plan->nr_unavailable; i++)
		if (plan->unavailable[i].transport == t)
			return true;
	return false;
}

static int add_limit(struct plan *plan, const struct options *o, long *index,
		     const struct shape *s, const struct transport *t)
{
	struct cell *c;

	if (*index >= 0 || o->cpus[0] == o->cpus[1])
		return 0;
	c = add_cell(plan, o, s, t);
	if (!c)
		return -ENOMEM;
	c->shown = false;
	*index = c - plan->cells;
	return 0;
}

static int add_two_flag(struct plan *plan, const struct options *o)
{
	static const struct shape bare = {
		.test = TEST_LATENCY, .size = 8, .batch = 1, .producers = 1
	};

	return add_limit(plan, o, &plan->two_flag, &bare, &limit_two_flag);
}

static int add_copy(struct plan *plan, const struct options *o)
{
	static const struct shape bare = {
		.test = TEST_THROUGHPUT, .size = LIMIT_COPY_BLOCK, .batch = 1,
		.producers = 1
	};

	return add_limit(plan, o, &plan->copy, &bare, &limit_copy);
}

static bool has_cell(const struct plan *plan, const struct transport *t)
{
	size_t i;

	for (i = 0; i < plan->nr; i++)
		if (plan->cells[i].transport == t)
			return true;
	return false;
}

/*
 * In a comparison, who takes one producer, or sends one by one, by nature is
 * not worth a line; nor is more than one try of what never gets a number.
 */
static bool is_wanted(const struct plan *plan, const struct options *o,
		      const struct shape *s, const struct transport *t)
{
	if (o->test != TEST_COUNT)
		return true;
	if (t->broken && has_cell(plan, t))
		return false;
	return (s->producers < 2 || t->many) && (s->batch < 2 || t->batches);
}

static int add_pairs(struct plan *plan, const struct options *o)
{
	const struct shape bare = {
		.test = TEST_TOPOLOGY, .size = 8, .batch = 1, .producers = 1
	};
	long a, b;
	struct cell *c;

	if (o->test == TEST_COUNT && cpus_count() > COMPARISON_CPUS)
		return 0;
	for (a = cpus_next(0); a >= 0; a = cpus_next(a + 1))
		for (b = cpus_next(a + 1); b >= 0; b = cpus_next(b + 1)) {
			c = add_cell(plan, o, &bare, &limit_two_flag);
			if (!c)
				return -ENOMEM;
			c->cpus[0] = (unsigned int)a;
			c->cpus[1] = (unsigned int)b;
			if (c->repeat > TOPOLOGY_REPEAT)
				c->repeat = TOPOLOGY_REPEAT;
		}
	return 0;
}

static int add_shape(struct plan *plan, const struct options *o,
		     const struct shape *given)
{
	const struct test *test = &tests[given->test];
	struct shape s = *given;
	struct cell *c;
	size_t i;

	if (s.test == TEST_TOPOLOGY)
		return add_pairs(plan, o);
	s.producers = test->many ? (uint32_t)o->producers : 1;
	s.rate = test->paced ? (uint32_t)o->rate : 0;
	for (i = 0; i < o->nr_chosen; i++) {
		if (is_unavailable(plan, o->chosen[i]) ||
		    !is_wanted(plan, o, &s, o->chosen[i]))
			continue;
		c = add_cell(plan, o, &s, o->chosen[i]);
		if (!c)
			return -ENOMEM;
		if (!is_possible(c, o))
			c->state = CELL_SKIPPED;
	}
	return 0;
}

/* With batches that the user did not ask for only where a ring holds one. */
static int add_sizes(struct plan *plan, const struct options *o,
		     enum test_id id, uint64_t batch)
{
	const struct test *test = &tests[id];
	const uint64_t *size = o->nr_sizes ? o->sizes : test->sizes;
	size_t i, nr = o->nr_sizes ? o->nr_sizes : test->nr_sizes;
	struct shape s = { .test = id, .batch = (uint32_t)batch };

	for (i = 0; i < nr; i++) {
		s.size = (uint32_t)size[i];
		if (batch > 1 && !o->nr_batches &&
		    batch * s.size > plan_capacity(o, s.size))
			continue;
		if (add_shape(plan, o, &s))
			return -ENOMEM;
	}
	return 0;
}

static int add_test(struct plan *plan, const struct options *o, enum test_id id)
{
	static const uint64_t own[] = { 1, DEFAULT_BATCH };
	const uint64_t *batch = o->nr_batches ? o->batches : own;
	size_t i, nr = o->nr_batches ? o->nr_batches : 2;

	if (id == TEST_TOPOLOGY)
		return add_pairs(plan, o);
	if (!tests[id].batched)
		return add_sizes(plan, o, id, 1);
	for (i = 0; i < nr; i++)
		if (add_sizes(plan, o, id, batch[i]))
			return -ENOMEM;
	return 0;
}

static int add_comparison(struct plan *plan, const struct options *o)
{
	const struct shape *s = o->quick ? quick_comparison : comparison;
	size_t i, n = o->quick ? nr_quick_comparison : nr_comparison;
	int test, err = 0;

	if (o->nr_sizes || o->nr_batches)
		for (test = 0; !err && test < TEST_COUNT; test++)
			err = add_test(plan, o, test);
	else
		for (i = 0; !err && i < n; i++)
			err = add_shape(plan, o, &s[i]);
	return err;
}

static void probe(struct plan *plan, const struct options *o)
{
	size_t i, n = 0;

	if (o->test == TEST_TOPOLOGY)
		return;
	for (i = 0; i < o->nr_chosen; i++) {
		plan->unavailable[n].transport = o->chosen[i];
		if (!transport_available(o->chosen[i],
					 plan->unavailable[n].why))
			n++;
	}
	plan->nr_unavailable = n;
}

int plan_make(struct plan *plan, const struct options *o)
{
	int err;

	*plan = (struct plan){ .two_flag = -1, .copy = -1 };
	probe(plan, o);
	/* The limits first: they also say what to think of the rest. */
	err = add_two_flag(plan, o);
	if (!err)
		err = add_copy(plan, o);
	if (!err)
		err = o->test == TEST_COUNT ? add_comparison(plan, o) :
					      add_test(plan, o, o->test);
	if (err)
		plan_free(plan);
	return err;
}

void plan_free(struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->nr; i++) {
		free(plan->cells[i].samples);
		free(plan->cells[i].hist);
	}
	free(plan->cells);
	*plan = (struct plan){ .two_flag = -1, .copy = -1 };
}

bool plan_has_work(const struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->nr; i++)
		if (plan->cells[i].shown && plan->cells[i].state == CELL_OK)
			return true;
	return false;
}

bool plan_failed(const struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->nr; i++)
		if (plan->cells[i].state == CELL_FAILED)
			return true;
	return false;
}

const char *cell_text(const struct cell *c, char *text, size_t size)
{
	const struct shape *s = &c->shape;
	char more[48] = "";

	if (s->test == TEST_TOPOLOGY)
		snprintf(more, sizeof(more), ", CPUs %u and %u", c->cpus[0],
			 c->cpus[1]);
	else if (tests[s->test].batched)
		snprintf(more, sizeof(more), ", %u per publish", s->batch);
	else if (tests[s->test].many)
		snprintf(more, sizeof(more), ", %u producers", s->producers);
	else if (tests[s->test].paced)
		snprintf(more, sizeof(more), ", %u per second", s->rate);
	snprintf(text, size, "%s, %s, %u bytes%s", tests[s->test].name,
		 c->transport->name, s->size, more);
	return text;
}
