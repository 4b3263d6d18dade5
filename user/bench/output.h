/* SPDX-License-Identifier: MIT */
/* What becomes of a document: the table, and files. */
#ifndef BENCH_OUTPUT_H
#define BENCH_OUTPUT_H

#include <jansson.h>

#include "options.h"

/* Refuse what could not be written in the end, before minutes are spent. */
void output_check(const struct command *c);

/*
 * What @c asks for of a document of measurements, of a comparison, of who
 * survived whom, of the list of what there is: files first, then the table.
 * False when a file could not be written.
 */
bool output_results(const json_t *doc, const struct command *c);
bool output_comparison(const json_t *comparison, const struct command *c);
bool output_survival(const json_t *doc, const struct command *c);
bool output_list(const json_t *list, const struct command *c);

#endif /* BENCH_OUTPUT_H */
