// SPDX-License-Identifier: MIT
/* From options to cells. */
#include "plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "limit.h"

const struct test tests[TEST_COUNT] = {
	[TEST_THROUGHPUT] = {
		.name = "throughput",
		.unit = "msgs_per_s",
		.what = "messages per second, one way",
	},
	[TEST_LATENCY] = {
		.name = "latency",
		.unit = "ns",
		.what = "round trip, rings looking all the time, the kernel's mechanisms blocking",
		.round_trip = true,
	},
	[TEST_WAKEUP] = {
		.name = "wakeup",
		.unit = "ns",
		.what = "round trip, both sides asleep each time",
		.round_trip = true,
	},
};

struct shape {
	enum test_id test;
	uint32_t size;
	uint32_t batch;
};

/* What is measured where the user says nothing. */
static const struct shape comparison[] = {
	{ TEST_THROUGHPUT, 8, 1 },
	{ TEST_THROUGHPUT, 8, 64 },
	{ TEST_THROUGHPUT, 64, 1 },
	{ TEST_THROUGHPUT, 64, 16 },
	{ TEST_LATENCY, 8, 1 },
	{ TEST_WAKEUP, 8, 1 },
};

static struct cell *add_cell(struct plan *plan, const struct options *o,
			     const struct shape *s, const struct transport *t)
{
	struct cell *c;

	c = realloc(plan->cells, (plan->nr + 1) * sizeof(*c));
	if (!c)
		return NULL;
	plan->cells = c;
	c += plan->nr;
	*c = (struct cell){
		.test = s->test,
		.transport = t,
		.size = s->size,
		.batch = s->batch,
		.shown = true,
		.samples = calloc(o->repeat, sizeof(*c->samples)),
	};
	if (!c->samples)
		return NULL;
	plan->nr++;
	return c;
}

static void check_cell(struct cell *c, const struct options *o)
{
	const struct channel ch = {
		.transport = c->transport,
		.size = c->size,
		.batch = c->batch,
		.capacity = o->ring_bytes,
	};

	if (c->test == TEST_WAKEUP && !c->transport->asleep) {
		snprintf(c->why, sizeof(c->why),
			 "%s: has no way to sleep: it can only be polled",
			 c->transport->name);
		c->state = CELL_SKIPPED;
	} else if (!transport_fits(c->transport, &ch, c->why)) {
		c->state = CELL_SKIPPED;
	}
}

static bool is_unavailable(const struct plan *plan, const struct transport *t)
{
	size_t i;

	for (i = 0; i < plan->nr_unavailable; i++)
		if (plan->unavailable[i].transport == t)
			return true;
	return false;
}

static int add_two_flag(struct plan *plan, const struct options *o, bool shown)
{
	const struct shape bare = { TEST_LATENCY, 8, 1 };
	struct cell *c;

	if (plan->two_flag >= 0 || o->cpus[0] == o->cpus[1])
		return 0;
	c = add_cell(plan, o, &bare, &limit_two_flag);
	if (!c)
		return -ENOMEM;
	c->shown = shown;
	plan->two_flag = c - plan->cells;
	return 0;
}

static int add_shape(struct plan *plan, const struct options *o,
		     const struct shape *s)
{
	struct cell *c;
	size_t i;

	if (s->test == TEST_LATENCY && add_two_flag(plan, o, true))
		return -ENOMEM;
	for (i = 0; i < o->nr_chosen; i++) {
		if (is_unavailable(plan, o->chosen[i]))
			continue;
		c = add_cell(plan, o, s, o->chosen[i]);
		if (!c)
			return -ENOMEM;
		check_cell(c, o);
	}
	return 0;
}

static int add_product(struct plan *plan, const struct options *o,
		       enum test_id test)
{
	static const uint64_t sizes[] = { 8, 64 }, batches[] = { 1, 64 };
	const uint64_t *size = o->nr_sizes ? o->sizes : sizes;
	const uint64_t *batch = o->nr_batches ? o->batches : batches;
	size_t nr_sizes = o->nr_sizes ? o->nr_sizes : 2;
	size_t nr_batches = o->nr_batches ? o->nr_batches : 2;
	struct shape s = { .test = test };
	size_t i, j;

	if (tests[test].round_trip)
		nr_batches = 1;
	for (i = 0; i < nr_sizes; i++)
		for (j = 0; j < nr_batches; j++) {
			s.size = (uint32_t)size[i];
			s.batch = tests[test].round_trip ? 1 :
				  (uint32_t)batch[j];
			if (add_shape(plan, o, &s))
				return -ENOMEM;
		}
	return 0;
}

static int add_comparison(struct plan *plan, const struct options *o)
{
	size_t i;
	int test;

	if (o->nr_sizes || o->nr_batches) {
		for (test = 0; test < TEST_COUNT; test++)
			if (add_product(plan, o, test))
				return -ENOMEM;
		return 0;
	}
	for (i = 0; i < sizeof(comparison) / sizeof(*comparison); i++)
		if (add_shape(plan, o, &comparison[i]))
			return -ENOMEM;
	return 0;
}

static void probe(struct plan *plan, const struct options *o)
{
	size_t i, n = 0;

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

	*plan = (struct plan){ .two_flag = -1 };
	probe(plan, o);
	err = o->test == TEST_COUNT ? add_comparison(plan, o) :
				      add_product(plan, o, o->test);
	/* It also says how far the CPUs are from each other, for any test. */
	if (!err)
		err = add_two_flag(plan, o, false);
	if (err)
		plan_free(plan);
	return err;
}

void plan_free(struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->nr; i++)
		free(plan->cells[i].samples);
	free(plan->cells);
	*plan = (struct plan){ .two_flag = -1 };
}

bool plan_has_work(const struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->nr; i++)
		if ((long)i != plan->two_flag &&
		    plan->cells[i].state == CELL_OK)
			return true;
	return false;
}

const char *cell_text(const struct cell *c, char *text, size_t size)
{
	int n = snprintf(text, size, "%s, %s, %u bytes", tests[c->test].name,
			 c->transport->name, c->size);

	if (!tests[c->test].round_trip && n > 0 && (size_t)n < size)
		snprintf(text + n, size - (size_t)n, ", %u per publish",
			 c->batch);
	return text;
}
