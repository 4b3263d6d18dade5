// SPDX-License-Identifier: MIT
/* Where a document goes. */
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../common/cli.h"
#include "../common/gnuplot.h"
#include "../common/outfile.h"
#include "../common/width.h"
#include "compare.h"
#include "csv.h"
#include "doc.h"
#include "html.h"
#include "plot.h"
#include "survive.h"
#include "table.h"

/* 0 or -errno. */
typedef int writer_fn(const json_t *doc, FILE *out);

/* struct target - an option that writes a file; @writer is of what it writes */
struct target {
	const char *option;
	const char *path;
	writer_fn *writer;
};

#define TARGETS_MAX	5

static bool is_stdout(const char *path)
{
	return path && (!strcmp(path, "-") || !strcmp(path, "/dev/stdout"));
}

static writer_fn *plot_writer(const char *path)
{
	return path && outfile_ends_in(path, ".png") ? plot_png : plot_svg;
}

static void survive_targets(const struct command *c,
			    struct target t[TARGETS_MAX])
{
	bool png = c->plot && outfile_ends_in(c->plot, ".png");

	t[0] = (struct target){ "--json", c->json, doc_write };
	t[1] = (struct target){ "--csv", c->csv, survive_csv };
	t[2] = (struct target){ "--markdown", c->markdown, survive_markdown };
	t[3] = (struct target){ "--plot", c->plot,
				png ? survive_png : survive_svg };
	t[4] = (struct target){ "--report", NULL, NULL };
}

/* All that @c has, given or not. */
static void targets_of(const struct command *c, struct target t[TARGETS_MAX])
{
	if (c->survival) {
		survive_targets(c, t);
		return;
	}
	t[0] = (struct target){ "--json", c->json, doc_write };
	t[1] = (struct target){ "--csv", c->csv, csv_write };
	t[2] = (struct target){ "--markdown", c->markdown, compare_markdown };
	t[3] = (struct target){ "--plot", c->plot, plot_writer(c->plot) };
	t[4] = (struct target){ "--report", c->report, html_write };
}

/* Some option sends its document where the table would go. */
static bool takes_stdout(const struct command *c)
{
	return is_stdout(c->json) || is_stdout(c->csv) ||
	       is_stdout(c->markdown);
}

void output_check(const struct command *c)
{
	struct target t[TARGETS_MAX];
	const char *taken = NULL;
	int i, k, err;

	targets_of(c, t);
	for (i = 0; i < TARGETS_MAX; i++)
		for (k = 0; k < i; k++)
			if (t[i].path && t[k].path && !is_stdout(t[i].path) &&
			    !strcmp(t[i].path, t[k].path))
				refuse("%s %s: %s has the same file", t[i].option,
				       t[i].path, t[k].option);
	if (is_stdout(c->report))
		refuse("--report -: a page goes to a file");
	for (i = 0; i < TARGETS_MAX; i++) {
		if (is_stdout(t[i].path) && taken)
			refuse("%s - %s -: one of them needs a file", taken,
			       t[i].option);
		if (is_stdout(t[i].path))
			taken = t[i].option;
		err = t[i].path && !is_stdout(t[i].path) ?
		      outfile_check(t[i].path) : 0;
		if (err)
			refuse("%s %s: cannot write it: %s", t[i].option,
			       t[i].path, strerror(-err));
	}
	if ((c->plot || c->report) && !gnuplot_exists())
		refuse("%s: gnuplot is not installed: apt-get install gnuplot-nox",
		       c->plot ? "--plot" : "--report");
}

static int write_file(const struct target *t, const json_t *doc)
{
	struct outfile o;
	int err;

	if (is_stdout(t->path)) {
		err = t->writer(doc, stdout);
		return !fflush(stdout) || err ? err : -errno;
	}
	err = outfile_open(&o, t->path);
	return err ? err : outfile_close(&o, t->writer(doc, o.file));
}

static bool write_target(const struct target *t, const json_t *doc)
{
	int err = t->path ? write_file(t, doc) : 0;

	if (err)
		fprintf(stderr, "shmring-bench: %s %s: cannot write it: %s\n",
			t->option, t->path, strerror(-err));
	return !err;
}

/* Files first: the reader of standard output may leave. */
static bool write_targets(const json_t *doc, const struct command *c)
{
	struct target t[TARGETS_MAX];
	bool ok = true;
	int i, to_stdout;

	targets_of(c, t);
	for (to_stdout = 0; to_stdout < 2; to_stdout++)
		for (i = 0; i < TARGETS_MAX; i++)
			if (is_stdout(t[i].path) == to_stdout)
				ok &= write_target(&t[i], doc);
	return ok;
}

/* "x.png" and "latency": "x-latency.png", beside the picture of all tests. */
static bool plot_tests(const json_t *doc, const struct command *c)
{
	char path[4096];
	struct target t = { "--plot", path, plot_writer(c->plot) };
	bool ok = true;
	json_t *part;
	int i;

	for (i = 0; c->plot && i < TEST_COUNT; i++) {
		part = doc_of_test(doc, i);
		snprintf(path, sizeof(path), "%.*s-%s%s",
			 (int)strlen(c->plot) - 4, c->plot, tests[i].name,
			 c->plot + strlen(c->plot) - 4);
		if (part && plot_height(part))
			ok &= write_target(&t, part);
		json_decref(part);
	}
	return ok;
}

bool output_results(const json_t *doc, const struct command *c)
{
	FILE *out = takes_stdout(c) ? stderr : stdout;
	bool ok = plot_tests(doc, c);

	ok &= write_targets(doc, c);
	table_print(out, doc, c->verbose, width_of(out));
	return ok;
}

bool output_comparison(const json_t *comparison, const struct command *c)
{
	bool ok = write_targets(comparison, c);

	compare_print(takes_stdout(c) ? stderr : stdout, comparison);
	return ok;
}

bool output_survival(const json_t *doc, const struct command *c)
{
	FILE *out = takes_stdout(c) ? stderr : stdout;
	bool ok = write_targets(doc, c);

	survive_print(out, doc, width_of(out));
	return ok;
}

bool output_list(const json_t *list, const struct command *c)
{
	FILE *out = takes_stdout(c) ? stderr : stdout;
	bool ok = write_targets(list, c);

	table_list(out, list, width_of(out));
	return ok;
}
