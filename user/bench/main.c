// SPDX-License-Identifier: MIT
/* shmring-bench: measure, list, show, compare. */
#include <stdio.h>

#include "../common/cli.h"
#include "compare.h"
#include "doc.h"
#include "noise.h"
#include "options.h"
#include "output.h"
#include "run.h"
#include "table.h"

/* Nothing asked for can be measured here: the first reason says why. */
static void refuse_plan(const struct plan *plan, const struct options *o)
{
	size_t i;

	for (i = 0; i < plan->nr; i++)
		if (plan->cells[i].state != CELL_OK)
			refuse("%s", plan->cells[i].why);
	if (plan->nr_unavailable)
		refuse("%s", plan->unavailable[0].why);
	if (o->test == TEST_TOPOLOGY)
		refuse("topology: this process may use one CPU only: another taskset or cpuset");
	refuse("nothing to measure");
}

static int measure(struct command *c)
{
	const struct options *o = &c->options;
	struct cpu_times before;
	struct noise noise;
	struct plan plan;
	bool finished, failed = true;
	json_t *doc;

	output_check(c);
	if (plan_make(&plan, o))
		refuse("no memory for the results: smaller --repeat");
	if (!plan_has_work(&plan))
		refuse_plan(&plan, o);
	before = noise_now(o->cpus);
	finished = run_plan(&plan, o);
	noise = noise_since(o->cpus, &before);
	doc = doc_make(&plan, o, &noise, finished);
	if (doc)
		failed = !output_all(doc, c) || plan_failed(&plan);
	else
		fputs("shmring-bench: no memory for the results\n", stderr);
	json_decref(doc);
	plan_free(&plan);
	return finished ? failed : EXIT_INTERRUPTED;
}

static json_t *read_file(const char *path)
{
	char why[WHY_MAX];
	json_t *doc = doc_read(path, why);

	if (!doc)
		refuse("%s: %s", path, why);
	return doc;
}

static int show(const struct command *c)
{
	json_t *doc = read_file(c->files[0]);
	bool ok;

	output_check(c);
	ok = output_all(doc, c);
	json_decref(doc);
	return !ok;
}

static int compare(const struct command *c)
{
	json_t *before = read_file(c->files[0]);
	json_t *after = read_file(c->files[1]);
	size_t regressions = compare_print(stdout, before, after, c->threshold);

	json_decref(before);
	json_decref(after);
	return regressions > 0;
}

int main(int argc, char **argv)
{
	struct command c;

	cli_open_std();
	options_parse(&c, argc, argv);
	switch (c.id) {
	case COMMAND_LIST:
		table_list(stdout);
		return 0;
	case COMMAND_SHOW:
		return show(&c);
	case COMMAND_COMPARE:
		return compare(&c);
	default:
		return measure(&c);
	}
}
