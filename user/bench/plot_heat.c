// SPDX-License-Identifier: MIT
/* The core-to-core round trips as a heat map. */
#include <math.h>
#include <string.h>

#include "doc.h"
#include "matrix.h"
#include "plot.h"
#include "topology.h"
#include "../common/units.h"

#define LEFT		70
#define TOP		24
#define BOTTOM		62
#define CELL		64
#define SIDE_MIN	200
#define SIDE_MAX	900
#define VALUES_MAX	20	/* more CPUs leave no room for numbers */
#define RELATIONS_MAX	8	/* nor these for words */

static int side_of(size_t nr)
{
	int side = (int)nr * CELL;

	return side < SIDE_MIN ? SIDE_MIN : side > SIDE_MAX ? SIDE_MAX : side;
}

/* A run that was interrupted may have no number at all. */
static bool is_empty(const struct matrix *m)
{
	size_t i;

	for (i = 0; i < m->nr * m->nr; i++)
		if (m->ns[i] > 0)
			return false;
	return true;
}

static int height(const json_t *doc)
{
	struct matrix m;
	int h;

	if (!matrix_make(&m, doc))
		return 0;
	h = is_empty(&m) ? 0 : TOP + side_of(m.nr) + BOTTOM;
	matrix_free(&m);
	return h;
}

static void print_data(FILE *script, const struct matrix *m)
{
	size_t a, b;

	fputs("$heat << EOD\n", script);
	for (a = 0; a < m->nr; a++)
		for (b = 0; b < m->nr; b++)
			/* Not "nan", which is left out, and a hole in the grid. */
			if (isnan(m->ns[a * m->nr + b]))
				fprintf(script, "%zu %zu NaN\n", a, b);
			else
				fprintf(script, "%zu %zu %g\n", a, b,
					m->ns[a * m->nr + b]);
	fputs("EOD\n", script);
}

/* A file may have anything there, and gnuplot executes some of it. */
static const char *known(const char *relation)
{
	int r;

	for (r = 0; r <= RELATION_UNKNOWN; r++)
		if (!strcmp(relation, relation_text[r]))
			return relation_text[r];
	return "";
}

static void print_labels(FILE *script, const struct matrix *m)
{
	char text[UNITS_TEXT_MAX];
	size_t a, b;
	double ns;

	for (a = 0; a < m->nr && m->nr <= VALUES_MAX; a++)
		for (b = 0; b < m->nr; b++) {
			ns = m->ns[a * m->nr + b];
			if (isnan(ns))
				continue;
			fprintf(script, "set label \"%s%s%s\" at %zu,%zu center front font ',11'\n",
				units_time(ns, text),
				m->nr <= RELATIONS_MAX ? "\\n" : "",
				m->nr <= RELATIONS_MAX ?
				known(m->relation[a * m->nr + b]) : "", a, b);
		}
}

static void print_tics(FILE *script, const struct matrix *m, char axis)
{
	size_t i, step = m->nr / 32 + 1;

	fprintf(script, "set %ctics (", axis);
	for (i = 0; i < m->nr; i += step)
		fprintf(script, "%s'%u' %zu", i ? ", " : "", m->cpus[i], i);
	fputs(")\n", script);
}

static void draw(FILE *script, const json_t *doc, int top, int all)
{
	struct matrix m;
	double min = INFINITY, max = 0;
	size_t i;
	int side;

	if (!matrix_make(&m, doc))
		return;
	for (i = 0; i < m.nr * m.nr; i++) {
		min = fmin(min, m.ns[i]);
		max = fmax(max, m.ns[i]);
	}
	side = side_of(m.nr);
	plot_reset(script);
	print_data(script, &m);
	print_labels(script, &m);
	print_tics(script, &m, 'x');
	print_tics(script, &m, 'y');
	plot_box(script, all, LEFT, top + TOP, side, side);
	fprintf(script,
		"unset grid\nset xrange [-0.5:%zu-0.5]\nset yrange [%zu-0.5:-0.5]\n"
		"set xlabel 'CPU'\nset ylabel 'CPU'\nset cblabel 'round trip, ns' offset 1\n"
		"set palette defined (0 '#f4f8d8', 0.5 '#7fc4b8', 1 '#3c86b4')\n"
		"set cbrange [%g:%g]\nset colorbox user origin screen %f,%f size screen %f,%f\n"
		"plot $heat using 1:2:3 with image pixels\n",
		m.nr, m.nr, min * 0.9, max * 1.1,
		(LEFT + side + 20.0) / PLOT_WIDTH,
		1 - (double)(top + TOP + side) / all, 16.0 / PLOT_WIDTH,
		(double)side / all);
	matrix_free(&m);
}

const struct plot plot_heat = {
	.name = "heat",
	.title = "From core to core: bare two-flag round trip",
	.height = height,
	.draw = draw,
};
