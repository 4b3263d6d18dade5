// SPDX-License-Identifier: MIT
/* How CPUs are related, on machines that this one is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "../user/bench/topology.h"

static char root[] = "/tmp/shmring-topology-XXXXXX";

/* A file below the root, and the folders on the way to it. */
static void put(const char *path, const char *text)
{
	char full[512], *slash;
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	for (slash = full + strlen(root) + 1; (slash = strchr(slash, '/'));
	     *slash++ = '/') {
		*slash = 0;
		mkdir(full, 0700);
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fprintf(f, "%s\n", text);
	fclose(f);
}

static void put_cpu(unsigned int cpu, const char *path, const char *text)
{
	char full[128];

	snprintf(full, sizeof(full), "cpu/cpu%u/%s", cpu, path);
	put(full, text);
}

/*
 * Two nodes of four cores with two threads each: 0-7 with 16-23 on node 0. Two
 * cores share a cache; a node has two of these. What no test asks for is not
 * written.
 */
static int make_machine(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(root));
	put_cpu(0, "topology/core_cpus_list", "0,16");
	put_cpu(0, "cache/index0/shared_cpu_list", "0,16");
	put_cpu(0, "cache/index3/shared_cpu_list", "0-1,16-17");
	put_cpu(1, "topology/thread_siblings_list", "1,17");
	put("node/possible", "0-1");
	put("node/node0/cpulist", "0-7,16-23");
	put("node/node1/cpulist", "8-15,24-31");
	return 0;
}

static int remove_machine(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static void the_closest_is_found(void **state)
{
	(void)state;
	assert_int_equal(topology_relation(root, 3, 3), RELATION_SAME_CPU);
	assert_int_equal(topology_relation(root, 0, 16), RELATION_SAME_CORE);
	assert_int_equal(topology_relation(root, 0, 17), RELATION_SAME_CACHE);
	assert_int_equal(topology_relation(root, 0, 1), RELATION_SAME_CACHE);
	assert_int_equal(topology_relation(root, 0, 2), RELATION_SAME_NODE);
	assert_int_equal(topology_relation(root, 0, 8), RELATION_ACROSS_NODES);
	assert_int_equal(topology_relation(root, 9, 30), RELATION_SAME_NODE);
}

static void an_old_kernel_has_another_name_for_cores(void **state)
{
	(void)state;
	assert_int_equal(topology_relation(root, 1, 17), RELATION_SAME_CORE);
}

static void what_is_not_said_is_unknown(void **state)
{
	(void)state;
	assert_int_equal(topology_relation(root, 0, 99), RELATION_UNKNOWN);
	assert_int_equal(topology_relation("/nonexistent", 0, 1),
			 RELATION_UNKNOWN);
}

static void lists(void **state)
{
	(void)state;
	assert_true(topology_in_list("0-3,8", 0));
	assert_true(topology_in_list("0-3,8", 3));
	assert_true(topology_in_list("0-3,8", 8));
	assert_false(topology_in_list("0-3,8", 4));
	assert_false(topology_in_list("", 0));
	assert_false(topology_in_list("x", 0));
	assert_false(topology_in_list("1,x", 0));
	assert_false(topology_in_list("1-x,0", 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_closest_is_found),
		cmocka_unit_test(an_old_kernel_has_another_name_for_cores),
		cmocka_unit_test(what_is_not_said_is_unknown),
		cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests(tests, make_machine, remove_machine);
}
