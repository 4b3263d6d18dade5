/* SPDX-License-Identifier: MIT */
/*
 * Pictures of a document, drawn by gnuplot. Each is a panel or more, of which
 * one file can show all or a page one after the other.
 */
#ifndef BENCH_PLOT_H
#define BENCH_PLOT_H

#include <jansson.h>
#include <stdio.h>

#define PLOT_WIDTH	1200	/* pixels, as all sizes here */

/* This project's own mechanisms, and all others. */
#define PLOT_OURS	"#c44e2c"
#define PLOT_OTHERS	"#4878a8"

/*
 * struct plot - a picture of a kind
 * @height: of this document's; 0 when it has nothing to show
 * @draw: the commands, into a file in which nothing has been drawn above @top
 */
struct plot {
	const char *name;
	const char *title;
	int (*height)(const json_t *doc);
	void (*draw)(FILE *script, const json_t *doc, int top, int all);
};

extern const struct plot plot_dots;
extern const struct plot plot_sizes;
extern const struct plot plot_tails;
extern const struct plot plot_heat;

/* These four; NULL at the end. */
extern const struct plot *const plots[];

/* All pictures as one. 0 or -errno. */
int plot_svg(const json_t *doc, FILE *out);
int plot_png(const json_t *doc, FILE *out);

/* How high that is; 0 when there is nothing to draw. */
int plot_height(const json_t *doc);

/* One of them, as SVG. 0 or -errno. */
int plot_part(const struct plot *p, const json_t *doc, FILE *out);

/*
 * For those that draw. In a picture @all pixels high, the next panel's axes
 * are the box of @width * @height whose upper left corner is at @left, @top.
 */
void plot_box(FILE *script, int all, int left, int top, int width, int height);

/* A title above a panel at @left, @top. */
void plot_title(FILE *script, int all, int left, int top, const char *text);

/* All settings as they were before the first panel, besides the size. */
void plot_reset(FILE *script);

/* Which of the two a result has. */
const char *plot_colour(const json_t *result);

/* Results have nanoseconds, axes have seconds with prefixes: the value. */
double plot_value(const json_t *result, double v);

/* "%.0s%cs", or without the second: how axes show these values */
const char *plot_format(const json_t *result);

/* The powers of ten around values. */
double plot_floor(double v);
double plot_ceiling(double v);

/*
 * The measured results of @first's group, best first. Free the array; NULL if
 * there are none.
 */
const json_t **plot_sorted(const json_t *doc, const json_t *first, size_t *nr);

#endif /* BENCH_PLOT_H */
