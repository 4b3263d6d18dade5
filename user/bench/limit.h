/* SPDX-License-Identifier: MIT */
/* What the machine can do at best, measured beside everything else. */
#ifndef BENCH_LIMIT_H
#define BENCH_LIMIT_H

#include "transport.h"

/*
 * The bare round trip between two CPUs: two words, each written by one side.
 * Measured as a transport is, but it carries nothing and is not in the list.
 */
extern const struct transport limit_two_flag;

/* Below this the two CPUs share a cache. */
#define LIMIT_NEAR_NS	200.0

/* Above this it is not the distance: somebody else runs on them, or emulates. */
#define LIMIT_BUSY_NS	2000.0

/*
 * The bare copy between two CPUs: one writes blocks, the other copies them into
 * memory of its own. Nothing is looked at.
 */
extern const struct transport limit_copy;

#define LIMIT_COPY_BLOCK	2048

#endif /* BENCH_LIMIT_H */
