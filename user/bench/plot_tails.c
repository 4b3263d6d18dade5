// SPDX-License-Identifier: MIT
/*
 * How times are distributed: a line for each mechanism from its median to its
 * worst, with the percentiles on it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "plot.h"

#define LEFT		142
#define RIGHT		30
#define TOP		52	/* for the title, and the key below it */
#define BOTTOM		40
#define ROW		19
#define PANELS_MAX	16

static bool has_percentiles(const json_t *r)
{
	return doc_is_measured(r) &&
	       doc_number(doc_part(r, "percentiles"), "p50") > 0;
}

/* The first result of each group that has percentiles. */
static size_t find_panels(const json_t *doc, const json_t *first[PANELS_MAX])
{
	const json_t *r;
	size_t i, p, n = 0;

	json_array_foreach(doc_part(doc, "results"), i, r) {
		if (!has_percentiles(r))
			continue;
		for (p = 0; p < n && !doc_same_group(r, first[p]); p++)
			;
		if (p == n && n < PANELS_MAX)
			first[n++] = r;
	}
	return n;
}

static int panel_height(const json_t *doc, const json_t *first)
{
	size_t nr;

	free(plot_sorted(doc, first, &nr));
	return TOP + (int)nr * ROW + BOTTOM;
}

static int height(const json_t *doc)
{
	const json_t *first[PANELS_MAX];
	size_t p, n = find_panels(doc, first);
	int sum = 0;

	for (p = 0; p < n; p++)
		sum += panel_height(doc, first[p]);
	return sum;
}

static const struct {
	const char *key;
	const char *title;
	const char *colour;
	int point;
} marks[] = {
	{ "p50", "median", "#1f5a8c", 7 },
	{ "p90", "90 %", "#3f8f9f", 7 },
	{ "p99", "99 %", "#6cab5c", 7 },
	{ "p99_9", "99.9 %", "#d9a514", 7 },
	{ "p99_99", "99.99 %", "#d9701f", 7 },
	{ "max", "maximum", "#b02a2a", 2 },
};

#define NR_MARKS	(sizeof(marks) / sizeof(*marks))

static void print_data(FILE *script, const json_t **sorted, size_t nr)
{
	const json_t *p;
	size_t i, m;

	fputs("$tails << EOD\n", script);
	for (i = 0; i < nr; i++) {
		p = doc_part(sorted[i], "percentiles");
		fprintf(script, "%zu %s", i, doc_text(sorted[i], "transport"));
		for (m = 0; m < NR_MARKS; m++)
			fprintf(script, " %g",
				doc_number(p, marks[m].key) * 1e-9);
		fputc('\n', script);
	}
	fputs("EOD\n", script);
}

/* Few messages leave no percentile far out. */
static bool has_mark(const json_t **sorted, size_t nr, size_t mark)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (doc_number(doc_part(sorted[i], "percentiles"),
			       marks[mark].key) > 0)
			return true;
	return false;
}

static void draw_panel(FILE *script, const json_t *doc, const json_t *first,
		       int top, int all)
{
	char text[WHY_MAX];
	const json_t **sorted;
	size_t m, nr;

	sorted = plot_sorted(doc, first, &nr);
	if (!sorted)
		return;
	plot_reset(script);
	print_data(script, sorted, nr);
	plot_box(script, all, LEFT, top + TOP, PLOT_WIDTH - LEFT - RIGHT,
		 (int)nr * ROW);
	plot_title(script, all, 8, top + 14, doc_group_text(first, text));
	fprintf(script,
		"set logscale x\nset yrange [%zu-0.5:-0.5]\nset format x '%s'\n"
		"set key at screen %f,%f right top horizontal Left reverse samplen 1 width 2\n"
		"set grid x ytics lc '#eeeeee' lt 1\n"
		"plot $tails using 3:1:($8-$3):(0):yticlabels(2) with vectors nohead lw 2 lc '#c8c8c8' notitle",
		nr, plot_format(first),
		(double)(PLOT_WIDTH - RIGHT) / PLOT_WIDTH,
		1 - (double)(top + 22) / all);
	for (m = 0; m < NR_MARKS; m++) {
		if (!has_mark(sorted, nr, m))
			continue;
		fprintf(script,
			", \\\n '' using %zu:1 with points pt %d ps 0.7 lw 2 lc '%s' title '%s'",
			m + 3, marks[m].point, marks[m].colour,
			marks[m].title);
	}
	fputc('\n', script);
	free(sorted);
}

static void draw(FILE *script, const json_t *doc, int top, int all)
{
	const json_t *first[PANELS_MAX];
	size_t p, n = find_panels(doc, first);

	for (p = 0; p < n; p++) {
		draw_panel(script, doc, first[p], top, all);
		top += panel_height(doc, first[p]);
	}
}

const struct plot plot_tails = {
	.name = "tails",
	.title = "Distribution of times, from the median to the maximum (logarithmic)",
	.height = height,
	.draw = draw,
};
