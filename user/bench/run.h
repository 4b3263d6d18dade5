/* SPDX-License-Identifier: MIT */
/* All measurements of a plan. */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

#include "plan.h"

/* False when the user stopped it; what is complete is in the cells. */
bool run_plan(struct plan *plan, const struct options *o);

#endif /* BENCH_RUN_H */
