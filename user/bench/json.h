/* SPDX-License-Identifier: MIT */
/* The results for programs. */
#ifndef BENCH_JSON_H
#define BENCH_JSON_H

#include "plan.h"

/* Write to the file @o->json, "-" being standard output. 0 or -errno. */
int json_write(const struct plan *plan, const struct options *o);

#endif /* BENCH_JSON_H */
