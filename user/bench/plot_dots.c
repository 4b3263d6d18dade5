// SPDX-License-Identifier: MIT
/* Dots by mechanism, the best on top: a panel for each kind of result. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "plot.h"
#include "../common/units.h"

#define COLUMNS_MAX	3
#define LEFT		142	/* for the names */
#define RIGHT		96	/* for the values */
#define TIC		56	/* for a number below the axis */
#define TOP		34
#define BOTTOM		34
#define ROW		19
#define PANELS_MAX	9

/*
 * The first group of each test, and of those with batches the first of these:
 * that is the smallest message, which is where mechanisms differ most.
 */
static size_t find_panels(const json_t *doc, const json_t *first[PANELS_MAX])
{
	const json_t *r, *other;
	size_t i, p, n = 0;
	bool batch;

	json_array_foreach(doc_part(doc, "results"), i, r) {
		if (!doc_is_measured(r))
			continue;
		batch = doc_number(r, "batch") > 1;
		for (p = 0; p < n; p++) {
			other = first[p];
			if (doc_test(other) == doc_test(r) &&
			    (doc_number(other, "batch") > 1) == batch)
				break;
		}
		if (p == n && n < PANELS_MAX)
			first[n++] = r;
	}
	return n;
}

static size_t columns_of(size_t panels)
{
	return panels < COLUMNS_MAX ? panels : COLUMNS_MAX;
}

/* The height of the row of panels that begins with @from. */
static int row_height(const json_t *doc, const json_t **first, size_t from,
		      size_t n)
{
	size_t p, nr, most = 0;

	for (p = from; p < n && p < from + COLUMNS_MAX; p++) {
		free(plot_sorted(doc, first[p], &nr));
		most = nr > most ? nr : most;
	}
	return TOP + (int)most * ROW + BOTTOM;
}

static int height(const json_t *doc)
{
	const json_t *first[PANELS_MAX];
	size_t p, n = find_panels(doc, first);
	int sum = 0;

	for (p = 0; p < n; p += COLUMNS_MAX)
		sum += row_height(doc, first, p, n);
	return sum;
}

static void print_data(FILE *script, const json_t **sorted, size_t nr)
{
	char text[UNITS_TEXT_MAX];
	const json_t *r;
	double v;
	size_t i;

	fputs("$dots << EOD\n", script);
	for (i = 0; i < nr; i++) {
		r = sorted[i];
		v = doc_number(r, "median");
		fprintf(script, "%zu %s %g %g %g \"%s\" %ld\n", i,
			doc_text(r, "transport"), plot_value(r, v),
			plot_value(r, doc_number(r, "low")),
			plot_value(r, doc_number(r, "high")),
			doc_value_text(r, v, text),
			strtol(plot_colour(r) + 1, NULL, 16));
	}
	fputs("EOD\n", script);
}

/* A number on every power of ten, or of a hundred and so on, as there is room. */
static double tic_step(double from, double to, int width)
{
	double decades = round(log10(to / from));

	return pow(10, ceil(decades / (width / TIC)));
}

static void draw_panel(FILE *script, const json_t *doc, const json_t *first,
		       int left, int top, int width, int all)
{
	double from = INFINITY, to = 0;
	char text[WHY_MAX];
	const json_t **sorted;
	size_t i, nr;

	sorted = plot_sorted(doc, first, &nr);
	if (!sorted)
		return;
	for (i = 0; i < nr; i++) {
		from = fmin(from, plot_value(first, doc_number(sorted[i], "low")));
		to = fmax(to, plot_value(first, doc_number(sorted[i], "high")));
	}
	from = plot_floor(from * 0.9);
	to = plot_ceiling(to * 1.1);
	plot_reset(script);
	print_data(script, sorted, nr);
	width -= LEFT + RIGHT;
	plot_box(script, all, left + LEFT, top + TOP, width, (int)nr * ROW);
	plot_title(script, all, left + 8, top + TOP / 2,
		   doc_group_text(first, text));
	fprintf(script,
		"set logscale x\nset xrange [%g:%g]\nset yrange [%zu-0.5:-0.5]\n"
		"set format x '%s'\nset xtics %g offset 0,0.3\nunset mxtics\n"
		"set grid x ytics lc '#e4e4e4' lt 1\n"
		"unset errorbars\nset y2range [%zu-0.5:-0.5]\nset y2tics scale 0\n"
		"plot $dots using 3:1:4:5:7:yticlabels(2):y2ticlabels(6) with xerrorbars pt 0 lw 2 lc rgb variable, \\\n"
		" '' using 3:1:7 with points pt 7 ps 0.8 lc rgb variable\n",
		from, to, nr, plot_format(first), tic_step(from, to, width), nr);
	free(sorted);
}

static void draw(FILE *script, const json_t *doc, int top, int all)
{
	const json_t *first[PANELS_MAX];
	size_t p, n = find_panels(doc, first), columns = columns_of(n);
	int width = PLOT_WIDTH / (int)(columns ? columns : 1);

	for (p = 0; p < n; p++) {
		if (p && !(p % columns))
			top += row_height(doc, first, p - columns, n);
		draw_panel(script, doc, first[p], (int)(p % columns) * width,
			   top, width, all);
	}
}

const struct plot plot_dots = {
	.name = "dots",
	.title = "By mechanism: median with its confidence interval; this project's in red (logarithmic)",
	.height = height,
	.draw = draw,
};
