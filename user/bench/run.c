// SPDX-License-Identifier: MIT
/*
 * The order of measurements: every cell once, then every cell again, so that
 * what changes with time (clock speed, neighbours, where a hypervisor has put
 * the CPUs) hits all cells alike. Each repeat has new processes and new memory:
 * one lucky or unlucky page does not colour a whole result.
 */
#include "run.h"

#include "pair.h"
#include "progress.h"

static bool run_cell(struct cell *c, const struct options *o)
{
	enum pair_end end;
	static char text[128];
	double sample;

	progress_step(cell_text(c, text, sizeof(text)));
	end = pair_measure(c, o, &sample, c->why);
	if (end == PAIR_OK)
		c->samples[c->nr++] = sample;
	else if (end == PAIR_FAILED)
		c->state = CELL_FAILED;
	return end != PAIR_INTERRUPTED;
}

static size_t count_cells(const struct plan *plan)
{
	size_t i, n = 0;

	for (i = 0; i < plan->nr; i++)
		n += plan->cells[i].state == CELL_OK;
	return n;
}

bool run_plan(struct plan *plan, const struct options *o)
{
	bool go_on = true;
	uint64_t repeat;
	size_t i;

	pair_block_signals();
	progress_begin(count_cells(plan) * o->repeat, !o->quiet);
	for (repeat = 0; go_on && repeat < o->repeat; repeat++)
		for (i = 0; go_on && i < plan->nr; i++)
			if (plan->cells[i].state == CELL_OK)
				go_on = run_cell(&plan->cells[i], o);
	progress_end();
	return go_on;
}
