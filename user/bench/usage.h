/* SPDX-License-Identifier: MIT */
/* What a process has used, by the kernel's own accounts. */
#ifndef BENCH_USAGE_H
#define BENCH_USAGE_H

#include <stdint.h>

struct usage {
	uint64_t cpu_ns;
	uint64_t voluntary_switches;
	uint64_t involuntary_switches;
	uint64_t minor_faults;
	uint64_t major_faults;
};

/* @who as for getrusage(). */
struct usage usage_of(int who);

struct usage usage_since(struct usage now, struct usage then);
void usage_add(struct usage *to, const struct usage *more);

#endif /* BENCH_USAGE_H */
