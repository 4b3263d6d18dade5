/* SPDX-License-Identifier: MIT */
/* Who else was there while it was measured. */
#ifndef BENCH_NOISE_H
#define BENCH_NOISE_H

#include <stdint.h>

#include "usage.h"

/*
 * struct cpu_times - of the CPUs that are measured, since boot
 * @wall_ns: by the clock, times the number of CPUs
 */
struct cpu_times {
	uint64_t wall_ns;
	uint64_t busy_ns;
	uint64_t steal_ns;
	struct usage own;
};

/*
 * struct noise - in percent of the CPUs' time
 * @steal: taken by a hypervisor
 * @foreign: used by programs other than this one
 */
struct noise {
	double steal;
	double foreign;
};

struct cpu_times noise_now(const unsigned int cpus[2]);
struct noise noise_since(const unsigned int cpus[2],
			 const struct cpu_times *then);

#endif /* BENCH_NOISE_H */
