/* SPDX-License-Identifier: MIT */
/* The tables for people. */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define TABLE_NAME_WIDTH	15	/* of a transport or test, and a space */

/*
 * @verbose: all that is known of each result, not only its median. No line is
 * longer than @width, but for a word that is.
 */
void table_print(FILE *out, const json_t *doc, bool verbose, int width);

/* `list`: tests and transports, and what is missing for those not there. */
void table_list(FILE *out, const json_t *list, int width);

#endif /* BENCH_TABLE_H */
