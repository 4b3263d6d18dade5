/* SPDX-License-Identifier: MIT */
/* Running gnuplot. */
#ifndef BENCH_GNUPLOT_H
#define BENCH_GNUPLOT_H

#include <stdbool.h>
#include <stdio.h>

bool gnuplot_exists(void);

/* Its picture of @script (from the start) into @out. 0 or a negative errno. */
int gnuplot_run(FILE *script, int out);

#endif /* BENCH_GNUPLOT_H */
