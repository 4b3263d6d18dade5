/* SPDX-License-Identifier: MIT */
/* What becomes of a document: the table, and files. */
#ifndef BENCH_OUTPUT_H
#define BENCH_OUTPUT_H

#include <jansson.h>

#include "options.h"

/* Refuse what could not be written in the end, before minutes are spent. */
void output_check(const struct command *c);

/* Everything that @c asks for; false when something could not be written. */
bool output_all(const json_t *doc, const struct command *c);

#endif /* BENCH_OUTPUT_H */
