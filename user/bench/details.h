/* SPDX-License-Identifier: MIT */
/* All that is known of each result. */
#ifndef BENCH_DETAILS_H
#define BENCH_DETAILS_H

#include <jansson.h>
#include <stdio.h>

void details_print(FILE *out, const json_t *doc, int width);

#endif /* BENCH_DETAILS_H */
