// SPDX-License-Identifier: MIT
/* Pictures of a document: files, and what all panels share. */
#include "plot.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "../common/gnuplot.h"

#define FONT		"sans-serif,12"
#define HEADING		44
#define FOOTER		48
#define FOOTER_CHARS	165	/* so many small ones are as wide as the picture */

const struct plot *const plots[] = {
	&plot_dots, &plot_sizes, &plot_tails, &plot_heat, NULL
};

void plot_box(FILE *script, int all, int left, int top, int width, int height)
{
	fprintf(script,
		"set lmargin at screen %f\nset rmargin at screen %f\n"
		"set tmargin at screen %f\nset bmargin at screen %f\n",
		(double)left / PLOT_WIDTH, (double)(left + width) / PLOT_WIDTH,
		1 - (double)top / all, 1 - (double)(top + height) / all);
}

void plot_title(FILE *script, int all, int left, int top, const char *text)
{
	fputs("set label ", script);
	gnuplot_text(script, text);
	fprintf(script, " at screen %f,%f left font ',13' front\n",
		(double)left / PLOT_WIDTH, 1 - (double)top / all);
}

void plot_reset(FILE *script)
{
	fputs("reset\nset datafile missing 'nan'\nunset key\n"
	      "set border 3 lc '#888888'\nset tics nomirror textcolor '#333333'\n"
	      "set grid xtics lc '#dddddd' lt 1\nset style textbox noborder\n",
	      script);
}

double plot_value(const json_t *result, double v)
{
	return doc_test(result)->is_time ? v * 1e-9 : v;
}

const char *plot_format(const json_t *result)
{
	return doc_test(result)->is_time ? "%.0s %cs" : "%.0s %c/s";
}

double plot_floor(double v)
{
	return pow(10, floor(log10(v)));
}

double plot_ceiling(double v)
{
	return pow(10, ceil(log10(v)));
}

const char *plot_colour(const json_t *result)
{
	static const char *const ours[] = { "dev", "memfd", "shm", "ring-rpc" };
	size_t i;

	for (i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (!strcmp(doc_text(result, "transport"), ours[i]))
			return PLOT_OURS;
	return PLOT_OTHERS;
}

static int best_first(const void *a, const void *b)
{
	const json_t *x = *(const json_t *const *)a;
	const json_t *y = *(const json_t *const *)b;
	double v = doc_times_as_fast(x, doc_number(x, "median"),
				     doc_number(y, "median"));

	return (v < 1) - (v > 1);
}

const json_t **plot_sorted(const json_t *doc, const json_t *first, size_t *nr)
{
	const json_t *results = doc_part(doc, "results"), *r;
	const json_t **sorted;
	size_t i;

	*nr = 0;
	sorted = calloc(json_array_size(results) + 1, sizeof(*sorted));
	if (!sorted)
		return NULL;
	json_array_foreach(results, i, r)
		if (doc_same_group(r, first) && doc_number(r, "median") > 0)
			sorted[(*nr)++] = r;
	qsort(sorted, *nr, sizeof(*sorted), best_first);
	if (*nr)
		return sorted;
	free(sorted);
	return NULL;
}

static void begin(FILE *script, const char *terminal, int height)
{
	fprintf(script,
		"set encoding utf8\n"
		"set terminal %s size %d,%d font '" FONT "' noenhanced background '#ffffff'\n"
		"set multiplot\n", terminal, PLOT_WIDTH, height);
}

static int run(FILE *script, FILE *out)
{
	fputs("unset multiplot\n", script);
	return gnuplot_run(script, out);
}

int plot_part(const struct plot *p, const json_t *doc, FILE *out)
{
	FILE *script = tmpfile();
	char terminal[64];
	int err, height = p->height(doc);

	if (!script)
		return -errno;
	snprintf(terminal, sizeof(terminal), "svg name '%s'", p->name);
	begin(script, terminal, height);
	p->draw(script, doc, 0, height);
	err = run(script, out);
	fclose(script);
	return err;
}

int plot_height(const json_t *doc)
{
	const struct plot *const *p;
	int all = 0;

	for (p = plots; *p; p++)
		if ((*p)->height(doc))
			all += HEADING + (*p)->height(doc);
	return all;
}

/* What is outside of all panels: it is set for an empty one, which draws it. */
static void draw_text(FILE *script, int all, int top, int size,
		      const char *colour, const char *text)
{
	fputs("set label 1000 ", script);
	gnuplot_text(script, text);
	fprintf(script, " at screen 0.01,%f left font ',%d' tc '%s' front\n",
		1 - (double)top / all, size, colour);
	fputs("unset border\nunset tics\nunset key\nset yrange [0:1]\nset xrange [0:1]\nplot -1\nunset label 1000\n",
	      script);
}

static void draw_small(FILE *script, int all, int top, const char *text)
{
	char line[FOOTER_CHARS + sizeof(" ...")];

	gnuplot_shorten(line, text, FOOTER_CHARS);
	draw_text(script, all, top, 10, "#777777", line);
}

/* Where it comes from. */
static void draw_footer(FILE *script, const json_t *doc, int all)
{
	const json_t *env = doc_part(doc, "environment");
	char text[1024], run[WHY_MAX];

	snprintf(text, sizeof(text), "%s%s%s, %s %s, %s", doc_text(env, "cpu"),
		 *doc_text(env, "hypervisor") ? " under " : "",
		 doc_text(env, "hypervisor"), doc_text(env, "system"),
		 doc_text(env, "kernel"), doc_run_text(doc, run));
	draw_small(script, all, all - FOOTER + 16, text);
	plot_reset(script);
	draw_small(script, all, all - FOOTER + 33,
		   doc_text(doc_part(doc, "run"), "command"));
	plot_reset(script);
}

static int draw_all(const json_t *doc, const char *terminal, FILE *out)
{
	int err, all = plot_height(doc) + FOOTER, top = 0;
	const struct plot *const *p;
	FILE *script = tmpfile();

	if (!script)
		return -errno;
	begin(script, terminal, all);
	draw_footer(script, doc, all);
	for (p = plots; *p; p++) {
		if (!(*p)->height(doc))
			continue;
		draw_text(script, all, top + HEADING / 2, 17, "#000000",
			  (*p)->title);
		top += HEADING;
		(*p)->draw(script, doc, top, all);
		plot_reset(script);
		top += (*p)->height(doc);
	}
	err = run(script, out);
	fclose(script);
	return err;
}

int plot_svg(const json_t *doc, FILE *out)
{
	return draw_all(doc, "svg", out);
}

int plot_png(const json_t *doc, FILE *out)
{
	return draw_all(doc, "pngcairo", out);
}
