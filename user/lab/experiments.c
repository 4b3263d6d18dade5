// SPDX-License-Identifier: MIT
/* All experiments, in the order in which `all` runs them. */
#include "experiments.h"

const struct experiment *const experiments[] = {
	&cow, &cow_device, &demand, &share, &false_sharing, &numa, &mutex,
	&atomics, &threads, &signals, &syscalls, NULL
};
