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

#endif /* LAB_PLOT_H */
