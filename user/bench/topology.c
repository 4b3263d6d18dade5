// SPDX-License-Identifier: MIT
/* How two CPUs are related. */
#include "topology.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHES_MAX	8
#define LIST_MAX	4096

const char *const relation_text[] = {
	[RELATION_SAME_CPU] = "same CPU",
	[RELATION_SAME_CORE] = "same core",
	[RELATION_SAME_CACHE] = "same cache",
	[RELATION_SAME_NODE] = "same node",
	[RELATION_ACROSS_NODES] = "across nodes",
	[RELATION_UNKNOWN] = "unknown",
};

bool topology_read(const char *root, const char *path, char *text, size_t size)
{
	char full[512];
	FILE *f;
	bool ok;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	f = fopen(full, "re");
	if (!f)
		return false;
	ok = fgets(text, (int)size, f);
	fclose(f);
	if (ok)
		text[strcspn(text, "\n")] = 0;
	return ok;
}

bool topology_in_list(const char *list, unsigned int cpu)
{
	unsigned long from, to;
	char *end;

	for (; *list; list = *end == ',' ? end + 1 : end) {
		from = to = strtoul(list, &end, 10);
		if (end == list)
			return false;
		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		if (from <= cpu && cpu <= to)
			return true;
		if (*end && *end != ',')
			return false;
	}
	return false;
}

/* Does the list in @path, below @root, hold @cpu? */
static bool file_lists(const char *root, const char *path, unsigned int cpu)
{
	char list[LIST_MAX];

	return topology_read(root, path, list, sizeof(list)) &&
	       topology_in_list(list, cpu);
}

static bool share_core(const char *root, unsigned int a, unsigned int b)
{
	char path[128];

	/* The second name is that of kernels before 5.4. */
	snprintf(path, sizeof(path), "cpu/cpu%u/topology/core_cpus_list", a);
	if (file_lists(root, path, b))
		return true;
	snprintf(path, sizeof(path), "cpu/cpu%u/topology/thread_siblings_list",
		 a);
	return file_lists(root, path, b);
}

static bool share_cache(const char *root, unsigned int a, unsigned int b)
{
	char path[128];
	int i;

	for (i = 0; i < CACHES_MAX; i++) {
		snprintf(path, sizeof(path),
			 "cpu/cpu%u/cache/index%d/shared_cpu_list", a, i);
		if (file_lists(root, path, b))
			return true;
	}
	return false;
}

/* The node whose list holds @cpu, or -1. */
static int node_of(const char *root, unsigned int cpu)
{
	char possible[LIST_MAX], path[64];
	unsigned int node;

	if (!topology_read(root, "node/possible", possible, sizeof(possible)))
		return -1;
	for (node = 0; node < 1024; node++) {
		snprintf(path, sizeof(path), "node/node%u/cpulist", node);
		if (topology_in_list(possible, node) &&
		    file_lists(root, path, cpu))
			return (int)node;
	}
	return -1;
}

enum relation topology_relation(const char *root, unsigned int a,
				unsigned int b)
{
	int node_a, node_b;

	if (a == b)
		return RELATION_SAME_CPU;
	if (share_core(root, a, b))
		return RELATION_SAME_CORE;
	if (share_cache(root, a, b))
		return RELATION_SAME_CACHE;
	node_a = node_of(root, a);
	node_b = node_of(root, b);
	if (node_a < 0 || node_b < 0)
		return RELATION_UNKNOWN;
	return node_a == node_b ? RELATION_SAME_NODE : RELATION_ACROSS_NODES;
}
