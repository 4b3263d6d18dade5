// SPDX-License-Identifier: MIT
/* Who survived whom, as a picture: a row for each transport. */
#include "survive.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "doc.h"
#include "plot.h"
#include "../common/gnuplot.h"

#define LEFT		142	/* for the names */
#define RIGHT		24
#define TOP		64
#define BOTTOM		64
#define ROW		22
#define COLUMNS		3
#define NEVER		10.0	/* seconds: where those are drawn that hung */
#define SOONEST		1e-6

/* For each kind of hit: how long until the others knew, or went on. */
static const struct panel {
	const char *hit;
	const char *title;
} panels[COLUMNS] = {
	{ "kill", "killed: others told, or held up" },
	{ "stop", "stopped: others held up" },
	{ "replace", "replaced: others held up" },
};

/* Dots of different victims lie beside each other. */
static const struct hue {
	const char *who;
	const char *colour;
	double shift;
} victims[] = {
	{ "producer", PLOT_OURS, -0.2 },
	{ "consumer", PLOT_OTHERS, 0 },
	{ "one of two", "#5a9a4a", 0.2 },
};

#define NR_VICTIMS	(sizeof(victims) / sizeof(*victims))

static size_t row_of(const json_t *doc, const char *transport)
{
	const json_t *r;
	const char *last = "";
	size_t i, row = 0;

	json_array_foreach(doc_part(doc, "results"), i, r) {
		if (*last && strcmp(last, doc_text(r, "transport")))
			row++;
		last = doc_text(r, "transport");
		if (transport && !strcmp(last, transport))
			break;
	}
	return transport ? row : row + (*last != 0);
}

/* The longest of all, in seconds: of some that hung, never. */
static double seconds_of(const json_t *r)
{
	const json_t *held = doc_part(r, "held_up_ns");
	double ns;

	if (doc_number(r, "hung") > 0)
		return NEVER;
	if (!strcmp(doc_text(r, "hit"), "kill") && doc_number(r, "told") > 0)
		ns = doc_number(doc_part(r, "told_ns"), "max");
	else
		ns = fmax(doc_number(held, "producer"),
			  doc_number(held, "consumer"));
	return isnan(ns) ? NAN : fmin(fmax(ns * 1e-9, SOONEST), NEVER / 2);
}

/* A circle: some hung; a triangle: more messages were wrong than hits made. */
static int point_of(const json_t *r, double seconds)
{
	double wrong = doc_number(r, "repeated") + doc_number(r, "torn") +
		       doc_number(r, "lost");

	if (seconds == NEVER)
		return 6;
	/* What nobody is there for is lost by nature. */
	if (!strcmp(doc_text(r, "hit"), "kill"))
		return 7;
	return wrong > doc_number(r, "hits") ? 8 : 7;
}

static void print_data(FILE *script, const json_t *doc, const struct panel *p,
		       const struct hue *v)
{
	const json_t *r;
	double s;
	size_t i;

	json_array_foreach(doc_part(doc, "results"), i, r) {
		s = seconds_of(r);
		if (strcmp(doc_text(r, "hit"), p->hit) ||
		    strcmp(doc_text(r, "who"), v->who) || isnan(s) ||
		    !(doc_number(r, "hits") > 0))
			continue;
		fprintf(script, "%g %g %d\n", s, v->shift +
			(double)row_of(doc, doc_text(r, "transport")),
			point_of(r, s));
	}
}

static void print_names(FILE *script, const json_t *doc, size_t column)
{
	const char *last = "";
	const json_t *r;
	size_t i, row = 0;

	fputs("set ytics (", script);
	json_array_foreach(doc_part(doc, "results"), i, r) {
		if (!strcmp(last, doc_text(r, "transport")))
			continue;
		last = doc_text(r, "transport");
		fprintf(script, "%s'%s' %zu", row ? ", " : "",
			column ? "" : last, row);
		row++;
	}
	fputs(")\n", script);
}

static void draw_panel(FILE *script, const json_t *doc, size_t column, int all)
{
	int width = (PLOT_WIDTH - LEFT - RIGHT) / COLUMNS;
	const struct panel *p = &panels[column];
	size_t v, rows = row_of(doc, NULL);

	plot_reset(script);
	for (v = 0; v < NR_VICTIMS; v++) {
		fprintf(script, "$v%zu << EOD\n", v);
		print_data(script, doc, p, &victims[v]);
		/* Outside of the panel: no set of data is empty. */
		fputs("1 -9 7\nEOD\n", script);
	}
	plot_box(script, all, LEFT + (int)column * width, TOP, width - 16,
		 (int)rows * ROW);
	plot_title(script, all, LEFT + (int)column * width, TOP - 14, p->title);
	print_names(script, doc, column);
	fprintf(script,
		"set logscale x\nset xrange [%g:%g]\nset yrange [%zu-0.5:-0.5]\n"
		"set xtics ('1 us' 1e-6, '100 us' 1e-4, '10 ms' 1e-2, '1 s' 1, 'hung' %g)\n"
		"set grid x ytics lc '#e4e4e4' lt 1\nplot ",
		SOONEST / 2, NEVER * 2, rows, NEVER);
	for (v = 0; v < NR_VICTIMS; v++)
		fprintf(script, "%s$v%zu using 1:2:3 with points pt variable ps 0.9 lc rgb '%s'",
			v ? ", " : "", v, victims[v].colour);
	fputc('\n', script);
}

static void draw_key(FILE *script, const json_t *doc, int all)
{
	char text[WHY_MAX], line[3 * WHY_MAX];
	size_t v;

	plot_reset(script);
	for (v = 0; v < NR_VICTIMS; v++)
		fprintf(script,
			"set label 10%zu '%s was hit' at screen %f,%f left tc '%s' front point pt 7 lc rgb '%s' offset 1,0\n",
			v, victims[v].who, 0.13 + 0.16 * (double)v,
			1 - 24.0 / all, victims[v].colour, victims[v].colour);
	snprintf(line, sizeof(line),
		 "%s; each dot is the longest of %.0f hits; a circle: some hung; a triangle: messages lost, repeated or torn",
		 doc_run_text(doc, text),
		 doc_number(doc_part(doc, "settings"), "kills"));
	fputs("set label 110 ", script);
	gnuplot_text(script, line);
	fprintf(script, " at screen 0.01,%f left font ',10' tc '#777777' front\n",
		16.0 / all);
	fputs("unset border\nunset tics\nset yrange [0:1]\nset xrange [0:1]\nplot -1\n",
	      script);
}

static int draw(const json_t *doc, const char *terminal, FILE *out)
{
	int err, all = TOP + (int)row_of(doc, NULL) * ROW + BOTTOM;
	FILE *script = tmpfile();
	size_t column;

	if (!script)
		return -errno;
	fprintf(script,
		"set encoding utf8\nset terminal %s size %d,%d font 'sans-serif,12' noenhanced background '#ffffff'\nset multiplot\n",
		terminal, PLOT_WIDTH, all);
	for (column = 0; column < COLUMNS; column++)
		draw_panel(script, doc, column, all);
	draw_key(script, doc, all);
	fputs("unset multiplot\n", script);
	err = gnuplot_run(script, out);
	fclose(script);
	return err;
}

int survive_svg(const json_t *doc, FILE *out)
{
	return draw(doc, "svg", out);
}

int survive_png(const json_t *doc, FILE *out)
{
	return draw(doc, "pngcairo", out);
}
