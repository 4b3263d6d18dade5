/* SPDX-License-Identifier: MIT */
/* All results on a page or two: transports down, what was measured across. */
#ifndef BENCH_SUMMARY_H
#define BENCH_SUMMARY_H

#include <jansson.h>
#include <stdio.h>

void summary_print(FILE *out, const json_t *doc, int width);

#endif /* BENCH_SUMMARY_H */
