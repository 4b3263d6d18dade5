/* SPDX-License-Identifier: MIT */
/* The results for spreadsheets. */
#ifndef BENCH_CSV_H
#define BENCH_CSV_H

#include <jansson.h>
#include <stdio.h>

/* A line of names, then a line for each result (RFC 4180, line feeds alone). 0 or -errno. */
int csv_write(const json_t *doc, FILE *out);

#endif /* BENCH_CSV_H */
