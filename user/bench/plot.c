// SPDX-License-Identifier: MIT
/* Pictures of a document: files, and what all panels share. */
#include "plot.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doc.h"
#include "gnuplot.h"

#define FONT	"sans-serif,12"

const struct plot *const plots[] = {
	&plot_bars, &plot_sizes, &plot_tails, &plot_heat, NULL
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
	plot_text(script, text);
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

/* In single quotes, only these mean something, and twice they do not. */
void plot_text(FILE *script, const char *text)
{
	fputc('\'', script);
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', script);
		fputc((unsigned char)*text < ' ' ? ' ' : *text, script);
	}
	fputc('\'', script);
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

int plot_svg(const struct plot *p, const json_t *doc, int out)
{
	FILE *script = tmpfile();
	char terminal[64];
	int err, height = p->height(doc);

	if (!script)
		return -errno;
	snprintf(terminal, sizeof(terminal), "svg name '%s'", p->name);
	begin(script, terminal, height);
	p->draw(script, doc, 0, height);
	fputs("unset multiplot\n", script);
	err = gnuplot_run(script, out);
	fclose(script);
	return err;
}

#define HEADING	40

static void draw_all(FILE *script, const json_t *doc, const char *terminal)
{
	const struct plot *const *p;
	int all = 0, top = 0;

	for (p = plots; *p; p++)
		if ((*p)->height(doc))
			all += HEADING + (*p)->height(doc);
	begin(script, terminal, all ? all : HEADING);
	for (p = plots; *p; p++) {
		if (!(*p)->height(doc))
			continue;
		/* It stays set for the first panel, which draws it. */
		fprintf(script, "set label 1000 ");
		plot_text(script, (*p)->title);
		fprintf(script, " at screen 0.01,%f left font ',17' front\n",
			1 - (top + HEADING / 2.0) / all);
		fputs("unset border\nunset tics\nunset key\nset yrange [0:1]\nset xrange [0:1]\nplot -1\nunset label 1000\n",
		      script);
		top += HEADING;
		(*p)->draw(script, doc, top, all);
		plot_reset(script);
		top += (*p)->height(doc);
	}
	fputs("unset multiplot\n", script);
}

int plot_write(const json_t *doc, const char *path)
{
	bool svg = !strcmp(path + strlen(path) - 4, ".svg");
	FILE *script = tmpfile();
	int out, err;

	if (!script)
		return -errno;
	draw_all(script, doc, svg ? "svg" : "pngcairo");
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (out < 0) {
		err = -errno;
	} else {
		err = gnuplot_run(script, out);
		if (close(out) && !err)
			err = -errno;
	}
	fclose(script);
	return err;
}
