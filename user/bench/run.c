// SPDX-License-Identifier: MIT
/*
 * The order of measurements: every cell once, then every cell again, so that
 * what changes with time (clock speed, neighbours, where a hypervisor has put
 * the CPUs) hits all cells alike. Each repeat has new processes and new memory:
 * one lucky or unlucky page does not colour a whole result.
 */
#include "run.h"

#include "budget.h"
#include "pair.h"
#include "../common/progress.h"

/* Counting is exact after few messages, and a bare round trip short. */
#define COUNT_MS	10
#define TOPOLOGY_MS	5

/* More does not make a result any better than another repeat would. */
#define MOST_MS		100

/* struct run - @left: measurements still to do, the next one too */
struct run {
	const struct options *options;
	struct budget budget;
	uint64_t left;
};

typedef enum pair_end measure_fn(struct cell *c, uint64_t duration_ms,
				 char why[WHY_MAX]);

static bool is_counted(const struct cell *c)
{
	return c->state == CELL_OK && c->shown && !c->transport->broken &&
	       c->shape.test != TEST_TOPOLOGY && !tests[c->shape.test].paced;
}

static uint64_t count_measurements(const struct plan *plan)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < plan->nr; i++)
		if (plan->cells[i].state == CELL_OK)
			n += plan->cells[i].repeat + is_counted(&plan->cells[i]);
	return n;
}

static enum pair_end step(struct run *r, struct cell *c, uint64_t most_ms,
			  measure_fn *measure, char why[WHY_MAX])
{
	uint64_t ms = budget_next(&r->budget, r->left, most_ms);
	uint64_t asked = r->options->duration_ms;
	static char text[128];
	enum pair_end end;

	if (asked)
		ms = asked < most_ms || measure != pair_count ? asked : most_ms;
	progress_step(cell_text(c, text, sizeof(text)),
		      budget_left_s(&r->budget, r->left, ms));
	end = measure(c, ms, why);
	budget_done(&r->budget);
	r->left--;
	return end;
}

/* The system calls; where this fails, they are unknown and that is all. */
static bool count_calls(struct run *r, struct plan *plan)
{
	char why[WHY_MAX];
	size_t i;

	for (i = 0; i < plan->nr; i++)
		if (is_counted(&plan->cells[i]) &&
		    step(r, &plan->cells[i], COUNT_MS, pair_count, why) ==
		    PAIR_INTERRUPTED)
			return false;
	return true;
}

static uint64_t most_ms(const struct cell *c)
{
	return c->shape.test == TEST_TOPOLOGY ? TOPOLOGY_MS : MOST_MS;
}

/* When the time is over, what has a result does not get a better one. */
static bool is_due(const struct run *r, const struct cell *c, size_t repeat)
{
	if (c->state != CELL_OK || repeat >= c->repeat)
		return false;
	return !c->nr || r->options->duration_ms || !budget_is_over(&r->budget);
}

static bool repeat_all(struct run *r, struct plan *plan, size_t repeat)
{
	enum pair_end end;
	struct cell *c;
	size_t i;

	for (i = 0; i < plan->nr; i++) {
		c = &plan->cells[i];
		if (!is_due(r, c, repeat))
			continue;
		end = step(r, c, most_ms(c), pair_measure, c->why);
		if (end == PAIR_INTERRUPTED)
			return false;
		if (end == PAIR_OK)
			continue;
		/* Of what is known to be broken nothing else was expected. */
		c->state = c->transport->broken ? CELL_SKIPPED : CELL_FAILED;
		r->left -= c->repeat - repeat - 1;
	}
	return true;
}

bool run_plan(struct plan *plan, const struct options *o)
{
	struct run r = { .options = o, .left = count_measurements(plan) };
	bool go_on;
	size_t repeat;

	pair_block_signals();
	budget_begin(&r.budget, o->budget_s);
	progress_begin(r.left);
	go_on = count_calls(&r, plan);
	for (repeat = 0; go_on && repeat < o->repeat; repeat++)
		go_on = repeat_all(&r, plan, repeat);
	progress_end();
	return go_on;
}
