/* SPDX-License-Identifier: MIT */
/* The table for people. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdio.h>

#include "plan.h"

void report_table(FILE *out, const struct plan *plan, const struct options *o);

/* `list`: tests and transports, and what is missing for those not there. */
void report_list(FILE *out);

#endif /* BENCH_REPORT_H */
