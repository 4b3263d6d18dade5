// SPDX-License-Identifier: MIT
/* shmring-bench: measure, survive, list, show, compare. */
#include <stdio.h>

#include "../common/cli.h"
#include "compare.h"
#include "doc.h"
#include "noise.h"
#include "options.h"
#include "output.h"
#include "pair.h"
#include "run.h"
#include "survive.h"

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

	if (plan_make(&plan, o))
		refuse("no memory for the results: smaller --repeat");
	if (!plan_has_work(&plan))
		refuse_plan(&plan, o);
	before = noise_now(o->cpus);
	finished = run_plan(&plan, o);
	noise = noise_since(o->cpus, &before);
	doc = doc_make(&plan, o, &noise, finished, c->label);
	if (doc)
		failed = !output_results(doc, c) || plan_failed(&plan);
	else
		fputs("shmring-bench: no memory for the results\n", stderr);
	json_decref(doc);
	plan_free(&plan);
	return finished ? failed : EXIT_INTERRUPTED;
}

typedef json_t *read_fn(const char *path, char why[WHY_MAX]);

/* Of the transports that were asked for. */
static json_t *read_file(const char *path, const struct options *o,
			 read_fn *reader)
{
	char why[WHY_MAX];
	json_t *doc = reader(path, why), *part;

	if (!doc)
		refuse("%s: %s", path, why);
	part = doc_of_transports(doc, o->chosen, o->nr_chosen);
	json_decref(doc);
	if (!part)
		refuse("no memory for the results");
	return part;
}

static json_t *read_shown(const char *path, char why[WHY_MAX])
{
	json_t *doc = doc_load(path, why);

	return !doc || survive_is_ours(doc) ? doc : doc_checked(doc, why);
}

static int show(struct command *c)
{
	json_t *doc = read_file(c->files[0], &c->options, read_shown);
	bool ok;

	c->survival = survive_is_ours(doc);
	if (c->survival && c->report)
		refuse("--report: means nothing to survive: see --help");
	/* As when measuring: gnuplot is ended, and what it began is removed. */
	pair_block_signals();
	ok = (c->survival ? output_survival : output_results)(doc, c);
	json_decref(doc);
	return !ok;
}

static int compare(const struct command *c)
{
	json_t *docs[FILES_MAX], *found;
	unsigned int i;
	bool ok;

	for (i = 0; i < c->nr_files; i++)
		docs[i] = read_file(c->files[i], &c->options, doc_read);
	found = compare_make(docs, c->files, c->nr_files, c->threshold);
	if (!found)
		refuse("no memory for the comparison");
	if (!json_array_size(json_object_get(found, "results")))
		refuse("compare: none of these files has a result to be compared");
	ok = output_comparison(found, c) &&
	     !compare_regressions(found);
	json_decref(found);
	for (i = 0; i < c->nr_files; i++)
		json_decref(docs[i]);
	return !ok;
}

static bool has_failed(const struct survival *s)
{
	size_t i;

	for (i = 0; i < s->nr_rows; i++)
		if (s->rows[i].failed)
			return true;
	return false;
}

static int survive(const struct command *c)
{
	struct survival s;
	bool failed = true;
	json_t *doc;

	if (survive_plan(&s, &c->options))
		refuse("no memory for the results: smaller --kills");
	if (!s.nr_rows)
		refuse("%s", s.cells[0].why);
	survive_run(&s);
	doc = survive_doc(&s, c->label);
	if (doc)
		failed = !output_survival(doc, c) || has_failed(&s);
	else
		fputs("shmring-bench: no memory for the results\n", stderr);
	json_decref(doc);
	survive_free(&s);
	return s.complete ? failed : EXIT_INTERRUPTED;
}

static int list(const struct command *c)
{
	json_t *all = doc_list();
	bool ok = all && output_list(all, c);

	json_decref(all);
	return !ok;
}

static int run(struct command *c)
{
	output_check(c);
	switch (c->id) {
	case COMMAND_LIST:
		return list(c);
	case COMMAND_SHOW:
		return show(c);
	case COMMAND_COMPARE:
		return compare(c);
	case COMMAND_SURVIVE:
		return survive(c);
	default:
		return measure(c);
	}
}

int main(int argc, char **argv)
{
	struct command c;

	cli_open_std();
	options_parse(&c, argc, argv);
	return cli_close_stdout(run(&c));
}
