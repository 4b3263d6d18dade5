/* SPDX-License-Identifier: MIT */
/* Pictures, by gnuplot. */
#ifndef LAB_PLOT_H
#define LAB_PLOT_H

#include "lab.h"

/* Is there a gnuplot on this host? */
bool plot_possible(void);

/*
 * Where to write gnuplot's commands and data for the picture of this
 * experiment, or NULL when none was asked for.
 */
FILE *plot_begin(struct lab *lab, int width, int height);

/* Draw it. */
void plot_end(struct lab *lab, FILE *plot);

/* struct bar - @marked ones have another colour */
struct bar {
	const char *name;
	double value;
	bool marked;
};

/*
 * The picture of an experiment that is a bar for each row, from top to bottom,
 * on a logarithmic scale. @marked: what marked ones are, @others: the others
 */
void plot_bars(struct lab *lab, const struct bar *bars, size_t nr,
	       const char *scale, const char *others, const char *marked);

#endif /* LAB_PLOT_H */
