/* SPDX-License-Identifier: MIT */
/* Which CPUs there are, and being on one. */
#ifndef COMMON_CPUS_H
#define COMMON_CPUS_H

#include <stdbool.h>
#include <stddef.h>

/* The first two CPUs that this process may use; the same one twice if alone. */
bool cpus_default(unsigned int cpus[2]);

/* May this process use @cpu? */
bool cpus_allowed(unsigned int cpu);

/* The first of those at or after @from, or -1; how many there are. */
long cpus_next(long from);
unsigned int cpus_count(void);

/*
 * The CPU of the @n-th of those that share what is not @taken, beginning with
 * @first: with no other, @taken.
 */
unsigned int cpus_beside(unsigned int taken, unsigned int first,
			 unsigned int n);

/* "0-3,6": those that it may use. */
const char *cpus_list(char *text, size_t size);

/* Pin this process. 0 or a negative errno. */
int cpus_pin(unsigned int cpu);

/* The processor as /proc/cpuinfo calls it. */
const char *cpus_model(char *text, size_t size);

#endif /* COMMON_CPUS_H */
