/* SPDX-License-Identifier: MIT */
/*
 * Documents of several runs: what has changed since the first, and is it more
 * than noise? What is found is a document itself, which this makes and prints.
 */
#ifndef BENCH_COMPARE_H
#define BENCH_COMPARE_H

#include <jansson.h>
#include <stdio.h>

#define COMPARE_SCHEMA	"shmring-bench-compare/1"

/*
 * Each result of any of the @nr documents, and how each of those after the first
 * differs. Worse by more than @threshold percent and beyond the noise (the
 * confidence intervals do not meet), or failed since, is a regression. NULL
 * without memory. Schema:
 *
 *	schema		COMPARE_SCHEMA
 *	threshold_percent
 *	files		of each: path, noisy, run (as in a document, or null)
 *	differences	of the environments: key, file (from 1), before, after
 *	results		test, transport, size, batch, producers, offered_per_s,
 *			unit, and runs, in the order of the files: state (null:
 *			not in this file), median, low, high, error; of those
 *			after the first also change_percent (more is better) and
 *			verdict: same, faster, slower, regression, new, lost, none
 *	regressions	how many
 */
json_t *compare_make(json_t *const *docs, const char *const *paths, size_t nr,
		     double threshold);

size_t compare_regressions(const json_t *comparison);

/* A line for each result, for each file after the first. */
void compare_print(FILE *out, const json_t *comparison);

/* A row for each result, a column for each file. 0 or -errno. */
int compare_markdown(const json_t *comparison, FILE *out);

#endif /* BENCH_COMPARE_H */
