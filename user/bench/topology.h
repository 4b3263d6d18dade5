/* SPDX-License-Identifier: MIT */
/* How two CPUs are related, by sysfs. */
#ifndef BENCH_TOPOLOGY_H
#define BENCH_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>

/* Where the kernel describes its CPUs; a test has others. */
#define TOPOLOGY_ROOT	"/sys/devices/system"

enum relation {
	RELATION_SAME_CPU,
	RELATION_SAME_CORE,
	RELATION_SAME_CACHE,
	RELATION_SAME_NODE,
	RELATION_ACROSS_NODES,
	RELATION_UNKNOWN,
};

/* "same core" */
extern const char *const relation_text[];

/* The closest that they have in common. */
enum relation topology_relation(const char *root, unsigned int a,
				unsigned int b);

/* The first line of a file below @root, without its end; false if none. */
bool topology_read(const char *root, const char *path, char *text, size_t size);

/* Is @cpu in a list such as "0-3,8"? */
bool topology_in_list(const char *list, unsigned int cpu);

#endif /* BENCH_TOPOLOGY_H */
