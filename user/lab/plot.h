/* SPDX-License-Identifier: MIT */
/* Pictures, by gnuplot. */
#ifndef LAB_PLOT_H
#define LAB_PLOT_H

#include "lab.h"
#include "../common/stats.h"

/* Colours that can be told apart, in any order. */
extern const char *const plot_colours[];

/*
 * Where to write gnuplot's commands and data for the picture of this
 * experiment, or NULL when none was asked for.
 */
FILE *plot_begin(struct lab *lab, int width, int height);

/* The next panel, of @columns beside each other in each of @rows. */
void plot_panel(FILE *plot, int row, int rows, int column, int columns);

/* A name below an axis, in quotes, and in two lines if it has several words. */
void plot_name(FILE *plot, const char *name);

/* Draw it. */
void plot_end(struct lab *lab, FILE *plot);

/* struct dot - a time in nanoseconds; @marked ones have another colour */
struct dot {
	const char *name;
	struct stats stats;
	bool marked;
};

/*
 * The picture of an experiment that is a time for each row, from top to bottom,
 * on a logarithmic scale: the median, the least, the most. @marked: what marked
 * ones are, @others: the others
 */
void plot_dots(struct lab *lab, const struct dot *dots, size_t nr,
	       const char *scale, const char *others, const char *marked);

#endif /* LAB_PLOT_H */
