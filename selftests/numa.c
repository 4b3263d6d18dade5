// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 6: placement is kept. Where each page of each region lies is told by
 * its frame's number, in /proc/self/pagemap, and by the zones of memory that a
 * node has, and not by the module.
 */
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>
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

/* The number of a mapped page's frame, or 0. */
static __u64 frame_of(int pagemap, const void *page)
{
	const __u64 present = 1ULL << 63, mask = (1ULL << 55) - 1;
	__u64 entry;
	off_t at = (uintptr_t)page / page_size() * sizeof(entry);

	READ_ONCE(*(const char *)page);
	if (pread(pagemap, &entry, sizeof(entry), at) != sizeof(entry) ||
	    !(entry & present))
		return 0;
	return entry & mask;
}

/* The frames of a node's zone, of which no other node has one in our guests. */
struct zone {
	int node;
	__u64 start;
	__u64 spanned;
};

#define ZONES	64

/* The zones that have memory, by /proc/zoneinfo; how many. */
static int read_zones(struct zone *zones)
{
	FILE *file = fopen("/proc/zoneinfo", "r");
	struct zone zone = { 0 };
	char line[256];
	int n = 0;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Node %d, zone", &zone.node) == 1 ||
		    sscanf(line, " spanned %llu", &zone.spanned) == 1)
			continue;
		if (sscanf(line, " start_pfn: %llu", &zone.start) == 1 &&
		    zone.spanned && n < ZONES)
			zones[n++] = zone;
	}
	if (file)
		fclose(file);
	return n;
}

static bool is_frame_on(const struct zone *zones, int n, __u64 frame, int node)
{
	int i;

	for (i = 0; i < n; i++)
		if (frame >= zones[i].start &&
		    frame - zones[i].start < zones[i].spanned)
			return zones[i].node == node;
	return false;
}

/* Pages of a region that are not on @node, or not to be found. */
static long pages_elsewhere(const void *region, size_t bytes, int node)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	struct zone zones[ZONES];
	int n = read_zones(zones);
	long elsewhere = 0;
	size_t at;

	if (!n || pagemap < 0)
		elsewhere = -ENOENT;
	for (at = 0; at < bytes && elsewhere >= 0; at += page_size()) {
		__u64 frame = frame_of(pagemap, region + at);

		elsewhere += !frame || !is_frame_on(zones, n, frame, node);
	}
	close(pagemap);
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
		EXPECT_EQ(0, pages_elsewhere(ep.ctl, ep.page, node));
		EXPECT_EQ(0, pages_elsewhere(ep.peer_ctl, ep.page, node));
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
	unsigned int i, strict, from, froms = 0;

	for (from = 0; from < self->nodes; from++) {
		/* A node may be without a CPU of its own. */
		if (!run_on_node(self->node[from]))
			continue;
		froms++;
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
	EXPECT_LT(0, froms);
}

TEST_F(numa, inv6_local)
{
	struct shmring_info info;
	unsigned int i, strict, froms = 0;
	int fd;

	for (i = 0; i < self->nodes; i++) {
		if (!run_on_node(self->node[i]))
			continue;
		froms++;
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
	EXPECT_LT(0, froms);
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
 * Rings that fill a node: each has a 64th of it or a bit more, so that all of
 * them together are mapped where one as large as the node would not be.
 */
#define FILLERS		64

static void filler_name(char name[SHMRING_NAME_MAX], const char *of, int i)
{
	snprintf(name, SHMRING_NAME_MAX, "%.24s-%d", of, i);
}

/* As @like says, until there is no memory. Bytes of their data, or -errno. */
static long long fill_up(const struct shmring_create *like)
{
	struct shmring_create create = *like;
	int i, ret = 0;

	for (i = 0; i < FILLERS && !ret; i++) {
		filler_name(create.name, like->name, i);
		ret = ring_create_as(&create);
	}
	if (!ret)
		return i * create.ring_bytes;
	return ret == -ENOMEM ? (long long)(i - 1) * create.ring_bytes : ret;
}

static void destroy_fillers(const char *of)
{
	char name[SHMRING_NAME_MAX];
	int i;

	for (i = 0; i < FILLERS; i++) {
		filler_name(name, of, i);
		ring_destroy(name);
	}
}

/* Of the size of fillers for @node, and with no limit but memory. */
static void prepare_to_fill(struct __test_metadata *_metadata,
			    struct shmring_create *create, int node)
{
	long long total = node_meminfo(node, "MemTotal:");

	ASSERT_LT(0, total);
	while (FILLERS * create->ring_bytes < (__u64)total)
		create->ring_bytes *= 2;
	ASSERT_EQ(0, param_set(PARAM_MAX_RING_BYTES, "1125899906842624"));
	ASSERT_EQ(0, param_set(PARAM_MAX_TOTAL_BYTES, "1125899906842624"));
}

/* More than a node has: refused, given back, and the neighbour not used. */
TEST_F_TIMEOUT(numa, inv6_strict_or_nothing, HANG)
{
	int node = self->node[self->nodes - 1];
	long long bytes;

	prepare_to_fill(_metadata, &self->create, node);
	self->create.node = node;
	self->create.flags = SHMRING_CREATE_STRICT;
	bytes = fill_up(&self->create);
	TH_LOG("%lld bytes of node %d", bytes, node);
	EXPECT_LT(0, bytes);
	EXPECT_GT(node_meminfo(node, "MemTotal:"), bytes);
	/* There is memory, for those who take it from anywhere. */
	self->create.flags = 0;
	EXPECT_EQ(0, ring_create_as(&self->create));
	EXPECT_EQ(0, ring_destroy(self->name));
	destroy_fillers(self->name);
	/* What fits is granted, there and nowhere else. */
	self->create.flags = SHMRING_CREATE_STRICT;
	ASSERT_EQ(0, ring_create_as(&self->create));
	expect_on_node(_metadata, self->name, node);
}

TEST_F(numa, inv6_absent_node)
{
	char path[64];
	int node, absent = 0;

	for (node = 0; node < MAX_NODES; node++) {
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%d",
			 node);
		if (!access(path, F_OK))
			continue;
		absent++;
		self->create.node = node;
		self->create.flags = SHMRING_CREATE_STRICT;
		EXPECT_EQ(-ENXIO, ring_create_as(&self->create));
		self->create.flags = 0;
		EXPECT_EQ(-ENXIO, ring_create_as(&self->create));
		EXPECT_FALSE(ring_exists(self->name));
	}
	EXPECT_LT(0, absent);
}

/* What tells it can tell: memory of this process, bound to the other node. */
TEST_F(numa, frames_tell_the_node)
{
	unsigned int i, other;
	unsigned long mask;
	char *page;

	for (i = 0; i < self->nodes; i++) {
		mask = 1UL << self->node[i];
		page = shared_memory(page_size());
		ASSERT_TRUE(!!page);
		ASSERT_EQ(0, syscall(SYS_mbind, page, page_size(), MPOL_BIND,
				     &mask, 8 * sizeof(mask), 0));
		*page = 1;
		for (other = 0; other < self->nodes; other++)
			EXPECT_EQ(other != i,
				  pages_elsewhere(page, page_size(),
						  self->node[other]));
		munmap(page, page_size());
	}
}

/*
 * Who may only have memory of some nodes gets no ring on others, whichever way
 * it asks.
 */
#define GROUP	"/sys/fs/cgroup/shmring-numa"

static const char *make_group(int node)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", node);
	if (write_file("/sys/fs/cgroup/cgroup.subtree_control", "+cpuset"))
		return "no cpuset controller of cgroup v2";
	if (mkdir(GROUP, 0755) && errno != EEXIST)
		return "cannot make " GROUP;
	return write_file(GROUP "/cpuset.mems", text) ?
	       "cannot set cpuset.mems" : NULL;
}

TEST_F(numa, inv6_cpuset)
{
	int inside = self->node[0], outside = self->node[1];
	const char *why = make_group(inside);
	pid_t pid;

	if (why)
		SKIP(return, "%s", why);
	pid = spawn(0);
	if (!pid) {
		CHILD_ASSERT(!write_file(GROUP "/cgroup.procs", "0"));
		self->create.flags = SHMRING_CREATE_STRICT;
		self->create.node = outside;
		CHILD_ASSERT(ring_create_as(&self->create) == -ENXIO);
		CHILD_ASSERT(!ring_exists(self->name));
		self->create.flags = 0;
		CHILD_ASSERT(!ring_create_as(&self->create));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	/* It asked for the other node, and got what it may have. */
	if (ring_exists(self->name)) {
		expect_on_node(_metadata, self->name, inside);
		EXPECT_EQ(0, ring_destroy(self->name));
	}
	pid = spawn(0);
	if (!pid) {
		CHILD_ASSERT(!write_file(GROUP "/cgroup.procs", "0"));
		self->create.flags = SHMRING_CREATE_STRICT;
		self->create.node = inside;
		CHILD_ASSERT(!ring_create_as(&self->create));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	expect_on_node(_metadata, self->name, inside);
	/* Who is outside of it has both. */
	EXPECT_EQ(0, ring_destroy(self->name));
	self->create.node = outside;
	ASSERT_EQ(0, ring_create_as(&self->create));
	expect_on_node(_metadata, self->name, outside);
	rmdir(GROUP);
}

/*
 * Nor when its own are full. From outside: whoever is in the cpuset then could
 * not get the pages that it runs on, and have somebody killed. Two of the
 * fillers go again for that, and the ring is larger than both.
 */
TEST_F_TIMEOUT(numa, inv6_full_cpuset, HANG)
{
	int inside = self->node[0], outside = self->node[1];
	const char *why = make_group(inside);
	char name[SHMRING_NAME_MAX];
	pid_t pid;
	int i;

	if (why)
		SKIP(return, "%s", why);
	prepare_to_fill(_metadata, &self->create, inside);
	self->create.node = inside;
	self->create.flags = SHMRING_CREATE_STRICT;
	EXPECT_LT(2 * self->create.ring_bytes, fill_up(&self->create));
	for (i = 0; i < 2; i++) {
		filler_name(name, self->name, i);
		EXPECT_EQ(0, ring_destroy(name));
	}
	self->create.node = outside;
	self->create.flags = 0;
	self->create.ring_bytes *= 4;
	pid = spawn(0);
	if (!pid) {
		CHILD_ASSERT(!write_file(GROUP "/cgroup.procs", "0"));
		_exit(-ring_create_as(&self->create));
	}
	EXPECT_EQ(ENOMEM, reap(pid));
	/* There is memory outside of it. */
	EXPECT_EQ(0, ring_create_as(&self->create));
	destroy_fillers(self->name);
	rmdir(GROUP);
}

/* The nearest node that has memory, for a CPU whose own has none. */
TEST_F(numa, inv6_local_without_memory)
{
	char path[64];
	int node;

	for (node = 0; node < MAX_NODES; node++) {
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%d",
			 node);
		if (access(path, F_OK) || node_meminfo(node, "MemTotal:") > 0 ||
		    !run_on_node(node))
			continue;
		self->create.node = SHMRING_NODE_LOCAL;
		EXPECT_EQ(0, ring_create_as(&self->create));
		EXPECT_EQ(0, ring_destroy(self->name));
		self->create.flags = SHMRING_CREATE_STRICT;
		EXPECT_EQ(0, ring_create_as(&self->create));
		return;
	}
	SKIP(return, "each node with a CPU has memory");
}

TEST_HARNESS_MAIN
