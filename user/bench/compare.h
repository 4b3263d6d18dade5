/* SPDX-License-Identifier: MIT */
/* Two documents: what has changed, and is it more than noise? */
#ifndef BENCH_COMPARE_H
#define BENCH_COMPARE_H

#include <jansson.h>
#include <stdio.h>

/*
 * A line for each result of either. Returns how many regressions: results that
 * are worse by more than @threshold percent and beyond the noise (the
 * confidence intervals do not meet), or that have failed since.
 */
size_t compare_print(FILE *out, const json_t *before, const json_t *after,
		     double threshold);

#endif /* BENCH_COMPARE_H */
