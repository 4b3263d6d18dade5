/* SPDX-License-Identifier: MIT */
/* What a finished plan says, for the table and for the JSON. */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include "plan.h"
#include "stats.h"

/* Statistics of @c; false when it has no number. */
bool results_of(const struct cell *c, struct stats *s);

/* The cell of @transport (by name) that compares with @c and has a number. */
const struct cell *results_peer(const struct plan *plan, const struct cell *c,
				const char *transport);

/*
 * How far the two CPUs are from each other: "near", "far", "same" CPU,
 * "busy" where they have other work, "moved" where some repeats found them near
 * and others far, or "unknown".
 */
const char *results_distance(const struct plan *plan, const struct options *o);

/* Did anything go wrong? */
bool results_failed(const struct plan *plan);

#endif /* BENCH_RESULTS_H */
