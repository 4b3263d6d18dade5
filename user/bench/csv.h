/* SPDX-License-Identifier: MIT */
/* The results for spreadsheets. */
#ifndef BENCH_CSV_H
#define BENCH_CSV_H

#include <jansson.h>
#include <stdio.h>

/* A line of names, then a line for each result (RFC 4180, line feeds alone). 0 or -errno. */
int csv_write(const json_t *doc, FILE *out);

/* The same with other columns, @nr keys of a result, or of a PART.KEY of it. */
int csv_write_keys(const json_t *doc, FILE *out, const char *const *keys,
		   size_t nr);

#endif /* BENCH_CSV_H */
