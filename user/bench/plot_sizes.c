// SPDX-License-Identifier: MIT
/*
 * Throughput by message size: a small panel for each mechanism, in which its
 * line stands before those of all others. Thirty lines in one panel could not
 * be told apart.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "plot.h"

#define LEFT		84
#define RIGHT		34
#define GAP		16
#define TITLE		22
#define PANEL		110
#define BOTTOM		46
#define COLUMNS_MAX	6

/* One message per publish, of those transports that have two sizes or more. */
static bool is_shown(const json_t *r)
{
	return doc_test(r) == &tests[TEST_THROUGHPUT] &&
	       doc_number(r, "batch") == 1 &&
	       doc_number(r, "bytes_per_s") > 0;
}

/* Is @r the first result of its transport, and does another follow? */
static bool begins_line(const json_t *doc, const json_t *r)
{
	const json_t *other;
	size_t i, n = 0;

	if (!is_shown(r))
		return false;
	json_array_foreach(doc_part(doc, "results"), i, other) {
		if (!is_shown(other) || strcmp(doc_text(other, "transport"),
					       doc_text(r, "transport")))
			continue;
		if (!n && other != r)
			return false;
		n++;
	}
	return n > 1;
}

static int count_lines(const json_t *doc)
{
	const json_t *r;
	size_t i;
	int n = 0;

	json_array_foreach(doc_part(doc, "results"), i, r)
		n += begins_line(doc, r);
	return n;
}

static int columns_of(int lines)
{
	return lines < COLUMNS_MAX ? lines : COLUMNS_MAX;
}

static int height(const json_t *doc)
{
	int lines = count_lines(doc);

	if (!lines)
		return 0;
	return (lines + columns_of(lines) - 1) / columns_of(lines) *
	       (TITLE + PANEL) + BOTTOM;
}

struct range {
	double min_size, max_size, min, max;
};

/* A block of lines for each transport. */
static struct range print_data(FILE *script, const json_t *doc)
{
	struct range g = { INFINITY, 0, INFINITY, 0 };
	const json_t *results = doc_part(doc, "results"), *r, *other;
	double v, size;
	size_t i, j;

	fputs("$sizes << EOD\n", script);
	json_array_foreach(results, i, r) {
		if (!begins_line(doc, r))
			continue;
		json_array_foreach(results, j, other) {
			if (!is_shown(other) ||
			    strcmp(doc_text(other, "transport"),
				   doc_text(r, "transport")))
				continue;
			v = doc_number(other, "bytes_per_s");
			size = doc_number(other, "size");
			fprintf(script, "%g %g\n", size, v);
			g.min = fmin(g.min, v);
			g.max = fmax(g.max, v);
			g.min_size = fmin(g.min_size, size);
			g.max_size = fmax(g.max_size, size);
		}
		fputs("\n\n", script);
	}
	fputs("EOD\n", script);
	return g;
}

static void draw_panel(FILE *script, int index, int lines,
		       const char *colour, bool left, bool bottom)
{
	fprintf(script, "set format y '%s'\n", left ? "%.0s %cB/s" : "");
	if (bottom)
		fputs("set xtics ('8' 8, '64' 64, '512' 512, '4 Ki' 4096, '32 Ki' 32768, '' 262144, '1 Mi' 1048576) rotate by -45 font ',10'\n",
		      script);
	else
		fputs("set xtics ('' 8, '' 64, '' 512, '' 4096, '' 32768, '' 262144, '' 1048576)\n",
		      script);
	fprintf(script,
		"plot for [i=0:%d] $sizes index i using 1:2 with lines lw 1 lc '#d4d4d4', \\\n"
		" $sizes index %d using 1:2 with linespoints lw 2 pt 7 ps 0.5 lc '%s'\n"
		"unset label\n", lines - 1, index, colour);
}

static void draw(FILE *script, const json_t *doc, int top, int all)
{
	int i = 0, lines = count_lines(doc), columns = columns_of(lines);
	struct range g;
	const json_t *r;
	int width, left, y;
	size_t n;

	assert(columns);	/* height() said that there is a line */
	width = (PLOT_WIDTH - LEFT - RIGHT - (columns - 1) * GAP) / columns;
	plot_reset(script);
	g = print_data(script, doc);
	fprintf(script,
		"set logscale x 2\nset logscale y\nset xrange [%g:%g]\nset yrange [%g:%g]\n"
		"set ytics 100 font ',10'\nunset mytics\nset grid ytics lc '#eeeeee' lt 1\n",
		g.min_size / 1.4, g.max_size * 1.4, plot_floor(g.min),
		g.max * 2);
	json_array_foreach(doc_part(doc, "results"), n, r) {
		if (!begins_line(doc, r))
			continue;
		left = LEFT + i % columns * (width + GAP);
		y = top + i / columns * (TITLE + PANEL);
		plot_box(script, all, left, y + TITLE, width, PANEL);
		plot_title(script, all, left + 4, y + TITLE / 2 + 2,
			   doc_text(r, "transport"));
		draw_panel(script, i, lines, plot_colour(r), !(i % columns),
			   i + columns >= lines);
		i++;
	}
}

const struct plot plot_sizes = {
	.name = "sizes",
	.title = "Throughput by message size, one message per publish (in grey: all others; this project's in red)",
	.height = height,
	.draw = draw,
};
