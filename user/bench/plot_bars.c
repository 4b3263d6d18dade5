// SPDX-License-Identifier: MIT
/* Bars by mechanism, the best on top: a panel for each kind of result. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "plot.h"
#include "../common/units.h"

#define COLUMNS		3
#define WIDTH		(PLOT_WIDTH / COLUMNS)
#define LEFT		126	/* for the names */
#define RIGHT		20
#define TOP		34
#define BOTTOM		34
#define BAR		19
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

/* The height of the row of panels that begins with @from. */
static int row_height(const json_t *doc, const json_t **first, size_t from,
		      size_t n)
{
	size_t p, nr, most = 0;

	for (p = from; p < n && p < from + COLUMNS; p++) {
		free(plot_sorted(doc, first[p], &nr));
		most = nr > most ? nr : most;
	}
	return TOP + (int)most * BAR + BOTTOM;
}

static int height(const json_t *doc)
{
	const json_t *first[PANELS_MAX];
	size_t p, n = find_panels(doc, first);
	int sum = 0;

	for (p = 0; p < n; p += COLUMNS)
		sum += row_height(doc, first, p, n);
	return sum;
}

static void print_data(FILE *script, const json_t **sorted, size_t nr)
{
	char text[UNITS_TEXT_MAX];
	const json_t *r;
	double v;
	size_t i;

	fputs("$bars << EOD\n", script);
	for (i = 0; i < nr; i++) {
		r = sorted[i];
		v = doc_number(r, "median");
		fprintf(script, "%zu %s %g %g %g \"%s\"\n", i,
			doc_text(r, "transport"), plot_value(r, v),
			plot_value(r, doc_number(r, "low")),
			plot_value(r, doc_number(r, "high")),
			doc_test(r)->is_time ? units_time(v, text) :
					       units_rate(v, text));
	}
	fputs("EOD\n", script);
}

static void draw_panel(FILE *script, const json_t *doc, const json_t *first,
		       int left, int top, int all)
{
	char text[WHY_MAX];
	const json_t **sorted;
	double from = INFINITY, to = 0, v;
	size_t i, nr;

	sorted = plot_sorted(doc, first, &nr);
	if (!sorted)
		return;
	for (i = 0; i < nr; i++) {
		v = plot_value(first, doc_number(sorted[i], "median"));
		from = fmin(from, v);
		to = fmax(to, plot_value(first, doc_number(sorted[i], "high")));
	}
	/* A bar on a logarithmic axis begins somewhere: visible, and no lie. */
	from = plot_floor(from * 0.7);
	to *= pow(to / from, 0.45);
	plot_reset(script);
	print_data(script, sorted, nr);
	plot_box(script, all, left + LEFT, top + TOP, WIDTH - LEFT - RIGHT,
		 (int)nr * BAR);
	plot_title(script, all, left + 8, top + TOP / 2,
		   doc_group_text(first, text));
	fprintf(script,
		"set logscale x\nset xrange [%g:%g]\nset yrange [%zu-0.5:-0.5]\n"
		"set format x '%s'\nset xtics %d offset 0,0.3\nunset mxtics\n"
		"plot $bars using 3:1:(%g):3:($1-0.36):($1+0.36):yticlabels(2) with boxxyerror fs solid 1 noborder lc '#4878a8', \\\n"
		" '' using 3:1:4:5 with xerrorbars pt 0 lw 1 lc '#1a1a1a', \\\n"
		" '' using 5:1:6 with labels left offset 0.6,0 font ',11' tc '#333333'\n",
		from, to, nr, plot_format(first), to / from < 3000 ? 10 : 100,
		from);
	free(sorted);
}

static void draw(FILE *script, const json_t *doc, int top, int all)
{
	const json_t *first[PANELS_MAX];
	size_t p, n = find_panels(doc, first);

	for (p = 0; p < n; p++) {
		if (p && !(p % COLUMNS))
			top += row_height(doc, first, p - COLUMNS, n);
		draw_panel(script, doc, first[p], (int)(p % COLUMNS) * WIDTH,
			   top, all);
	}
}

const struct plot plot_bars = {
	.name = "bars",
	.title = "By mechanism: median, with its confidence interval (logarithmic)",
	.height = height,
	.draw = draw,
};
