/* SPDX-License-Identifier: MIT */
/* The tables for people. */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include <jansson.h>
#include <stdio.h>

void table_print(FILE *out, const json_t *doc);

/* `list`: tests and transports, and what is missing for those not there. */
void table_list(FILE *out);

#endif /* BENCH_TABLE_H */
