/* SPDX-License-Identifier: MIT */
/* The results for spreadsheets. */
#ifndef BENCH_CSV_H
#define BENCH_CSV_H

#include <jansson.h>
#include <stdio.h>

/* A line of names, then a line for each result (RFC 4180, line feeds alone). */
void csv_print(FILE *out, const json_t *doc);

#endif /* BENCH_CSV_H */
