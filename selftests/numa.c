// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 6: placement is kept. Where each page of each region lies is asked
 * of move_pages(2), not of the module.
 */
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

#define RING_BYTES	0x100000
#define MAX_NODES	64

FIXTURE(numa)
{
	char name[SHMRING_NAME_MAX];
	struct shmring_create create;
	char saved[2][32];
	int node[MAX_NODES];
	unsigned int nodes;
};

/* MemFree and the like of a node in bytes, or a negative errno. */
static long long node_meminfo(int node, const char *key)
{
	char path[64];
	long long kib;

	snprintf(path, sizeof(path),
		 "/sys/devices/system/node/node%d/meminfo", node);
	kib = number_of(path, key);
	return kib < 0 ? kib : kib * 1024;
}

FIXTURE_SETUP(numa)
{
	const char *why = unusable();
	int node;

	if (why)
		SKIP(return, "%s", why);
	for (node = 0; node < MAX_NODES; node++)
		if (node_meminfo(node, "MemTotal:") > 0)
			self->node[self->nodes++] = node;
	if (self->nodes < 2)
		SKIP(return, "one node with memory: nothing to choose from");
	ring_name(self->name);
	ring_defaults(&self->create, self->name);
	self->create.ring_bytes = RING_BYTES;
	ASSERT_EQ(0, param_get(PARAM_MAX_RING_BYTES, self->saved[0]));
	ASSERT_EQ(0, param_get(PARAM_MAX_TOTAL_BYTES, self->saved[1]));
}

FIXTURE_TEARDOWN(numa)
{
	EXPECT_EQ(0, param_set(PARAM_MAX_RING_BYTES, self->saved[0]));
	EXPECT_EQ(0, param_set(PARAM_MAX_TOTAL_BYTES, self->saved[1]));
	if (ring_exists(self->name))
		EXPECT_EQ(0, ring_destroy(self->name));
}

/* Pages of a region that are not on @node, all of them touched before. */
static long pages_elsewhere(const void *region, size_t bytes, int node)
{
	unsigned long i, count = bytes / page_size();
	int *status = calloc(count, sizeof(*status));
	void **pages = calloc(count, sizeof(*pages));
	long elsewhere = 0;

	for (i = 0; i < count; i++) {
		pages[i] = (char *)region + i * page_size();
		READ_ONCE(*(char *)pages[i]);
	}
	if (syscall(SYS_move_pages, 0, count, pages, NULL, status, 0))
		elsewhere = -errno;
	for (i = 0; i < count && elsewhere >= 0; i++) {
		if (status[i] < 0)
			elsewhere = status[i];
		else
			elsewhere += status[i] != node;
	}
	free(status);
	free(pages);
	return elsewhere;
}

/* That the whole ring is on @node, as each of its sides sees it. */
static void expect_on_node(struct __test_metadata *_metadata,
			   const char *name, int node)
{
	struct endpoint ep;
	__u32 role;

	for (role = SHMRING_ROLE_PRODUCER; role <= SHMRING_ROLE_CONSUMER;
	     role++) {
		ASSERT_EQ(0, endpoint_open(&ep, name, role));
		EXPECT_EQ(0, pages_elsewhere(ep.info, ep.page, node));
		EXPECT_EQ(0, pages_elsewhere(ep.mine, ep.page, node));
		EXPECT_EQ(0, pages_elsewhere(ep.peer, ep.page, node));
		EXPECT_EQ(0, pages_elsewhere(ep.data, ep.data_bytes, node));
		endpoint_close(&ep);
	}
}

static bool run_on_node(int node)
{
	char path[64];
	cpu_set_t set;
	int cpu;

	CPU_ZERO(&set);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		snprintf(path, sizeof(path),
			 "/sys/devices/system/node/node%d/cpu%d", node, cpu);
		if (!access(path, F_OK))
			CPU_SET(cpu, &set);
	}
	return CPU_COUNT(&set) && !sched_setaffinity(0, sizeof(set), &set);
}

TEST_F(numa, inv6_a_node)
{
	unsigned int i, strict, from;

	for (from = 0; from < self->nodes; from++) {
		if (!run_on_node(self->node[from]))
			continue;
		for (i = 0; i < self->nodes; i++)
			for (strict = 0; strict < 2; strict++) {
				self->create.node = self->node[i];
				self->create.flags = strict ?
						     SHMRING_CREATE_STRICT : 0;
				ASSERT_EQ(0, ring_create_as(&self->create));
				expect_on_node(_metadata, self->name,
					       self->node[i]);
				ASSERT_EQ(0, ring_destroy(self->name));
			}
	}
}

TEST_F(numa, inv6_local)
{
	struct shmring_info info;
	unsigned int i, strict;
	int fd;

	for (i = 0; i < self->nodes; i++) {
		if (!run_on_node(self->node[i]))
			continue;
		for (strict = 0; strict < 2; strict++) {
			self->create.node = SHMRING_NODE_LOCAL;
			self->create.flags = strict ? SHMRING_CREATE_STRICT : 0;
			ASSERT_EQ(0, ring_create_as(&self->create));
			expect_on_node(_metadata, self->name, self->node[i]);
			fd = ring_open(self->name, O_RDWR);
			ASSERT_EQ(0, ring_info(fd, &info));
			EXPECT_NE(SHMRING_NODE_ANY, info.node);
			close(fd);
			ASSERT_EQ(0, ring_destroy(self->name));
		}
	}
}

/* By the memory policy of who asks. */
TEST_F(numa, inv6_any)
{
		unsigned long mask;
	unsigned int i;

	for (i = 0; i < self->nodes; i++) {
		mask = 1UL << self->node[i];
		ASSERT_EQ(0, syscall(SYS_set_mempolicy, MPOL_BIND, &mask,
				     8 * sizeof(mask)));
		ASSERT_EQ(0, ring_create_as(&self->create));
		expect_on_node(_metadata, self->name, self->node[i]);
		ASSERT_EQ(0, ring_destroy(self->name));
	}
	ASSERT_EQ(0, syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0));
}

/*
 * More than a node has: refused, given back, and the neighbour not used.
 */
TEST_F_TIMEOUT(numa, inv6_strict_or_nothing, HANG)
{
	int node = self->node[self->nodes - 1], other = self->node[0];
	long long total = node_meminfo(node, "MemTotal:");
	long long free_here, free_there;
	__u64 bytes = RING_BYTES;

	while (bytes < total)
		bytes *= 2;
	ASSERT_EQ(0, param_set(PARAM_MAX_RING_BYTES, "1125899906842624"));
	ASSERT_EQ(0, param_set(PARAM_MAX_TOTAL_BYTES, "1125899906842624"));
	self->create.node = node;
	self->create.flags = SHMRING_CREATE_STRICT;
	self->create.ring_bytes = bytes;

	free_here = node_meminfo(node, "MemFree:");
	free_there = node_meminfo(other, "MemFree:");
	EXPECT_EQ(-ENOMEM, ring_create_as(&self->create));
	EXPECT_FALSE(ring_exists(self->name));
	/* Reclaim may have freed what others had; the ring's share is large. */
	EXPECT_GT(free_here / 8, free_here - node_meminfo(node, "MemFree:"));
	EXPECT_GT(free_there / 8,
		  free_there - node_meminfo(other, "MemFree:"));
}

TEST_F(numa, inv6_absent_node)
{
	char path[64];
	int node;

	for (node = 0; node < MAX_NODES; node++) {
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%d",
			 node);
		if (!access(path, F_OK))
			continue;
		self->create.node = node;
		self->create.flags = SHMRING_CREATE_STRICT;
		EXPECT_EQ(-ENXIO, ring_create_as(&self->create));
		self->create.flags = 0;
		EXPECT_EQ(-ENXIO, ring_create_as(&self->create));
		EXPECT_FALSE(ring_exists(self->name));
	}
}

TEST_HARNESS_MAIN
