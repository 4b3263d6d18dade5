/* SPDX-License-Identifier: MIT */
/* The round trips of all pairs of CPUs. */
#ifndef BENCH_MATRIX_H
#define BENCH_MATRIX_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/*
 * struct matrix - the topology of a document
 * @cpus: their numbers, @nr of them, ascending
 * @ns: nr * nr, symmetrical; NAN where there is none
 * @relation: likewise, "" where there is none
 */
struct matrix {
	unsigned int *cpus;
	size_t nr;
	double *ns;
	const char **relation;
};

/* False when @doc has none, or there is no memory. */
bool matrix_make(struct matrix *m, const json_t *doc);
void matrix_free(struct matrix *m);

void matrix_print(FILE *out, const json_t *doc, int width);

#endif /* BENCH_MATRIX_H */
