/* SPDX-License-Identifier: MIT */
/* The machine that the results are of, for the document. */
#ifndef BENCH_ENV_H
#define BENCH_ENV_H

#include <jansson.h>

#include "plan.h"

/* All that does not change during a run. */
json_t *env_json(const struct options *o);

#endif /* BENCH_ENV_H */
