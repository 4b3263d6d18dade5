// SPDX-License-Identifier: GPL-2.0-only
/*
 * What bounds a creator: its memory cgroup, and the module's limits. Whoever
 * wants too much is refused with the right errno, alone; all others go on, and
 * what was refused is accounted to nobody.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

#define CGROUP		"/sys/fs/cgroup"
#define GROUP		CGROUP "/shmring-limits"
#define MEMORY_MAX	(8ULL << 20)
#define MOST		4000	/* rings that may be tried for */
#define NARROW		20	/* rings, each with as little room as will do */
#define RACERS		8
#define RACES		"40"

struct shared {
	unsigned int made;	/* rings */
	int err;		/* by which it ended */
	unsigned int enomem;
	unsigned int ready;	/* racers */
	__u64 records;
	bool stop;
};

FIXTURE(limits)
{
	struct shared *shared;
	char saved_rings[32];
	char saved_total[32];
	char saved_ring[32];
};

FIXTURE_SETUP(limits)
{
	const char *why = unusable();

	if (!why && count_lines("/proc/shmring", "") > 1)
		why = "there are rings, which count too";
	if (why)
		SKIP(return, "%s", why);
	self->shared = shared_memory(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	ASSERT_EQ(0, param_get(PARAM_MAX_RINGS, self->saved_rings));
	ASSERT_EQ(0, param_get(PARAM_MAX_TOTAL_BYTES, self->saved_total));
	ASSERT_EQ(0, param_get(PARAM_MAX_RING_BYTES, self->saved_ring));
}

FIXTURE_TEARDOWN(limits)
{
	EXPECT_EQ(0, param_set(PARAM_MAX_RINGS, self->saved_rings));
	EXPECT_EQ(0, param_set(PARAM_MAX_TOTAL_BYTES, self->saved_total));
	EXPECT_EQ(0, param_set(PARAM_MAX_RING_BYTES, self->saved_ring));
}

static int set_number(const char *param, unsigned long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", value);
	return param_set(param, text);
}

static void name_of(char name[SHMRING_NAME_MAX], const char *who,
		    unsigned int i)
{
	snprintf(name, SHMRING_NAME_MAX, "limits-%.12s-%u", who, i);
}

static int ctl_create(int ctl, const char *who, unsigned int i, __u64 bytes)
{
	struct shmring_create create;
	char name[SHMRING_NAME_MAX];
	int fd;

	name_of(name, who, i);
	ring_defaults(&create, name);
	create.ring_bytes = bytes;
	fd = ring_ioctl(ctl, SHMRING_IOC_CREATE, &create);
	return fd < 0 ? fd : close(fd);
}

static int ctl_destroy(int ctl, const char *who, unsigned int i)
{
	struct shmring_destroy destroy = { .size = sizeof(destroy) };

	name_of(destroy.name, who, i);
	return ring_ioctl(ctl, SHMRING_IOC_DESTROY, &destroy);
}

/*
 * Memory
 */
static const char *make_group(void)
{
	char text[32];

	if (access(CGROUP "/cgroup.controllers", F_OK))
		return "no cgroup v2 at " CGROUP;
	if (write_file(CGROUP "/cgroup.subtree_control", "+memory"))
		return "no memory controller to be had";
	if (mkdir(GROUP, 0755) && errno != EEXIST)
		return "cannot make " GROUP;
	snprintf(text, sizeof(text), "%llu", MEMORY_MAX);
	if (write_file(GROUP "/memory.max", text))
		return "cannot limit " GROUP;
	/* Not there where there is no swap. */
	write_file(GROUP "/memory.swap.max", "0");
	return NULL;
}

/* Streams, outside of the group, until it is told to stop. */
static void stream(struct shared *shared, const char *name, __u32 role)
{
	struct endpoint ep;
	ssize_t bytes;
	__u32 events;
	__u64 seq;

	CHILD_ASSERT(!endpoint_open(&ep, name, role));
	CHILD_ASSERT(!ring_wait(ep.fd, SHMRING_WAIT_PEER, 0,
				SHMRING_WAIT_FOREVER, &events));
	for (seq = 0;;) {
		bytes = role == SHMRING_ROLE_PRODUCER ?
			(ssize_t)endpoint_fill(&ep, seq) :
			endpoint_check(&ep, seq);
		CHILD_ASSERT(bytes >= 0);
		if (bytes) {
			endpoint_move(&ep, bytes);
			WRITE_ONCE(shared->records, ++seq);
			continue;
		}
		if (READ_ONCE(shared->stop))
			_exit(0);
		CHILD_ASSERT(!ring_wait(ep.fd, 0, 0, SHMRING_WAIT_FOREVER,
					&events));
	}
}

/* In the group, with all that it will touch in memory before. */
static void exhaust(struct shared *shared, __u64 bytes)
{
	int ctl = open(SHMRING_CTL_PATH, O_RDWR | O_CLOEXEC);
	unsigned int round, i, n;

	CHILD_ASSERT(ctl >= 0);
	CHILD_ASSERT(!mlockall(MCL_CURRENT | MCL_FUTURE));
	CHILD_ASSERT(!write_file(GROUP "/cgroup.procs", "0"));
	/* What is destroyed can be had again. */
	for (round = 0; round < 3; round++) {
		for (n = 0; n < MOST; n++) {
			shared->err = ctl_create(ctl, "memory", n, bytes);
			if (shared->err)
				break;
		}
		/* It stays refused, but for what RCU gives back late. */
		for (i = 0; i < 10 && n < MOST; i++) {
			int err = ctl_create(ctl, "memory", n, bytes);

			n += !err;
			shared->enomem += err == -ENOMEM;
		}
		/* RCU is late with some of what is small. */
		CHILD_ASSERT(!round || n >= shared->made / 10 * 9);
		shared->made = n;
		for (i = 0; i < n; i++)
			CHILD_ASSERT(!ctl_destroy(ctl, "memory", i));
	}
	_exit(0);
}

static void expect_only_it_was_refused(struct __test_metadata *_metadata,
				       struct shared *shared, __u64 bytes)
{
	__u64 need = bytes + 3 * page_size();
	__u64 records = READ_ONCE(shared->records);
	char own[SHMRING_NAME_MAX];
	pid_t pid = spawn(1);
	int ret = 0;

	if (!pid)
		exhaust(shared, bytes);
	/* A neighbour gets what it asks for, and the traffic goes on. */
	ring_name(own);
	while (!waitpid(pid, &ret, WNOHANG)) {
		ASSERT_EQ(0, ring_create(own, bytes, 0));
		ASSERT_EQ(0, ring_destroy(own));
	}
	EXPECT_EQ(0, ret) {
		TH_LOG("the creator died: status %#x", ret);
	}
	while (READ_ONCE(shared->records) == records)
		relax();
	EXPECT_EQ(-ENOMEM, shared->err);
	EXPECT_LE(MEMORY_MAX / need / 4, shared->made);
	EXPECT_LE(shared->made, MEMORY_MAX / need);
	EXPECT_LE(20, shared->enomem);
	EXPECT_EQ(0, number_of(GROUP "/memory.events", "oom_kill "));
	printf("# rings of %llu KiB in a cgroup of %llu MiB: %u, then ENOMEM %u times\n",
	       (unsigned long long)bytes >> 10, MEMORY_MAX >> 20, shared->made,
	       shared->enomem + 3);
}

/* What was refused, and what was destroyed, takes no room. */
static void expect_room_for(struct __test_metadata *_metadata,
			    unsigned int rings)
{
	int ctl = open(SHMRING_CTL_PATH, O_RDWR | O_CLOEXEC);
	unsigned int i;

	ASSERT_LE(0, ctl);
	ASSERT_EQ(0, set_number(PARAM_MAX_RINGS, rings));
	for (i = 0; i < rings; i++)
		EXPECT_EQ(0, ctl_create(ctl, "room", i, page_size()));
	EXPECT_EQ(-ENOSPC, ctl_create(ctl, "room", rings, page_size()));
	for (i = 0; i < rings; i++)
		ctl_destroy(ctl, "room", i);
	close(ctl);
}

static void exhaust_memory(struct __test_metadata *_metadata,
			   struct shared *shared, __u64 bytes)
{
	char name[SHMRING_NAME_MAX];
	pid_t pids[2];
	__u32 i;

	/* However many there are, it is memory that runs out. */
	ASSERT_EQ(0, set_number(PARAM_MAX_RINGS, 2 * MOST));
	ring_name(name);
	ASSERT_EQ(0, ring_create(name, page_size(), 0));
	for (i = 0; i < 2; i++) {
		pids[i] = spawn(0);
		if (!pids[i])
			stream(shared, name, SHMRING_ROLE_PRODUCER + i);
	}
	expect_only_it_was_refused(_metadata, shared, bytes);
	WRITE_ONCE(shared->stop, true);
	for (i = 0; i < 2; i++) {
		kill(pids[i], SIGTERM);
		reap(pids[i]);
	}
	EXPECT_EQ(0, ring_destroy(name));
	EXPECT_EQ(0, rmdir(GROUP));
	expect_room_for(_metadata, 3);
}

/*
 * struct group - files of the group, open since an open() costs memory, too
 */
struct group {
	int current;
	int high;
	int max;
};

static unsigned long long group_used(const struct group *group)
{
	char text[32] = "";

	CHILD_ASSERT(pread(group->current, text, sizeof(text) - 1, 0) > 0);
	return strtoull(text, NULL, 10);
}

/*
 * What each CPU has of the group's memory in advance, and of objects that were
 * freed, the kernel takes back where the group has too much.
 */
static void group_drain(const struct group *group)
{
	CHILD_ASSERT(pwrite(group->high, "0", 1, 0) == 1);
	CHILD_ASSERT(pwrite(group->high, "max", 3, 0) == 3);
}

static void group_limit(const struct group *group, unsigned long long bytes)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%llu", bytes);

	CHILD_ASSERT(pwrite(group->max, text, len, 0) == len);
}

/*
 * The limit is what the group uses, and a page more each time that a create is
 * refused: each thing that a ring is made of is the first without memory once.
 */
static void exhaust_narrowly(struct shared *shared)
{
	struct group group = {
		.current = open(GROUP "/memory.current", O_RDONLY | O_CLOEXEC),
		.high = open(GROUP "/memory.high", O_WRONLY | O_CLOEXEC),
		.max = open(GROUP "/memory.max", O_WRONLY | O_CLOEXEC),
	};
	int ctl = open(SHMRING_CTL_PATH, O_RDWR | O_CLOEXEC);
	unsigned long long room;
	unsigned int i;

	CHILD_ASSERT(ctl >= 0);
	/* The descriptor costs memory as open() does, for which the kernel kills. */
	CHILD_ASSERT(!write_file("/proc/self/oom_score_adj", "-1000"));
	CHILD_ASSERT(!mlockall(MCL_CURRENT | MCL_FUTURE));
	CHILD_ASSERT(!write_file(GROUP "/cgroup.procs", "0"));
	group_used(&group);
	for (i = 0; i < NARROW; i++) {
		group_drain(&group);
		room = group_used(&group);
		do {
			group_drain(&group);
			group_limit(&group, room);
			shared->err = ctl_create(ctl, "narrow", i, page_size());
			shared->enomem += shared->err == -ENOMEM;
			room += page_size();
		} while (shared->err == -ENOMEM);
		CHILD_ASSERT(!shared->err);
	}
	group_limit(&group, MEMORY_MAX);
	for (i = 0; i < NARROW; i++)
		CHILD_ASSERT(!ctl_destroy(ctl, "narrow", i));
	_exit(0);
}

TEST_F_TIMEOUT(limits, enomem_of_a_cgroup_at_each_allocation, HANG)
{
	const char *why = make_group();
	long long ooms;
	int ret = 0;
	pid_t pid;

	if (why)
		SKIP(return, "%s", why);
	pid = spawn(1);
	if (!pid)
		exhaust_narrowly(self->shared);
	ASSERT_EQ(pid, waitpid(pid, &ret, 0));
	EXPECT_EQ(0, ret) {
		TH_LOG("the creator died: status %#x", ret);
	}
	EXPECT_LE(NARROW, self->shared->enomem);
	/* Nor was the kernel asked to kill somebody, but for the descriptor. */
	ooms = number_of(GROUP "/memory.events", "oom ");
	EXPECT_LE(0, ooms);
	EXPECT_GE(NARROW / 2, ooms);
	printf("# %d rings of %llu KiB, ENOMEM %u times, asked to kill %lld times\n",
	       NARROW, (unsigned long long)page_size() >> 10,
	       self->shared->enomem, ooms);
	EXPECT_EQ(0, rmdir(GROUP));
}

TEST_F_TIMEOUT(limits, enomem_of_a_cgroup_large_rings, HANG)
{
	const char *why = make_group();

	if (why)
		SKIP(return, "%s", why);
	exhaust_memory(_metadata, self->shared, 1 << 20);
}

TEST_F_TIMEOUT(limits, enomem_of_a_cgroup_small_rings, HANG)
{
	const char *why = make_group();

	if (why)
		SKIP(return, "%s", why);
	exhaust_memory(_metadata, self->shared, page_size());
}

/*
 * The module's limits
 */

/* All at once: as many rings as it can get, of which the module has @room. */
static void race(struct shared *shared, unsigned int racer, unsigned int room,
		 __u64 bytes)
{
	int ctl = open(SHMRING_CTL_PATH, O_RDWR | O_CLOEXEC);
	char who[16];
	unsigned int i, n = 0;
	int err = 0;

	snprintf(who, sizeof(who), "%u", racer);
	__atomic_fetch_add(&shared->ready, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE) < RACERS)
		sched_yield();
	while (n <= room && !err) {
		err = ctl_create(ctl, who, n, bytes);
		n += !err;
	}
	CHILD_ASSERT(err == -ENOSPC);
	/* Those of all racers are there together. */
	__atomic_fetch_add(&shared->made, n, __ATOMIC_ACQ_REL);
	__atomic_fetch_add(&shared->ready, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE) < 2 * RACERS)
		sched_yield();
	for (i = 0; i < n; i++)
		CHILD_ASSERT(!ctl_destroy(ctl, who, i));
	_exit(0);
}

static void race_for(struct __test_metadata *_metadata, struct shared *shared,
		     unsigned int room, __u64 bytes)
{
	const char *given = getenv("SHMRING_LOAD_RACES");
	unsigned int i, races = atoi(given ?: RACES), refused = 0;
	pid_t pids[RACERS];

	for (; races; races--) {
		shared->ready = 0;
		shared->made = 0;
		for (i = 0; i < RACERS; i++) {
			pids[i] = spawn(i);
			if (!pids[i])
				race(shared, i, room, bytes);
		}
		for (i = 0; i < RACERS; i++)
			ASSERT_EQ(0, reap(pids[i]));
		ASSERT_EQ(room, shared->made);
		refused += RACERS;
	}
	printf("# %d racing creators: %u rings each time, ENOSPC %u times\n",
	       RACERS, room, refused);
}

TEST_F_TIMEOUT(limits, racers_for_max_rings, HANG)
{
	ASSERT_EQ(0, set_number(PARAM_MAX_RINGS, 5));
	race_for(_metadata, self->shared, 5, page_size());
}

TEST_F_TIMEOUT(limits, racers_for_max_total_bytes, HANG)
{
	__u64 bytes = 1 << 20;

	ASSERT_EQ(0, set_number(PARAM_MAX_TOTAL_BYTES,
				4 * bytes - 1 + 4 * 3 * page_size()));
	race_for(_metadata, self->shared, 3, bytes);
	ASSERT_EQ(0, set_number(PARAM_MAX_TOTAL_BYTES,
				4 * bytes + 4 * 3 * page_size()));
	race_for(_metadata, self->shared, 4, bytes);
}

/* Whatever the limit is at that moment, it is one of the two. */
TEST_F(limits, creators_while_max_ring_bytes_moves)
{
	int ctl = open(SHMRING_CTL_PATH, O_RDWR | O_CLOEXEC), err;
	unsigned int i, made = 0, refused = 0;
	pid_t pid;

	ASSERT_LE(0, ctl);
	ASSERT_EQ(0, set_number(PARAM_MAX_RING_BYTES, page_size()));
	pid = spawn(1);
	for (i = 0; !pid; i++)
		CHILD_ASSERT(!set_number(PARAM_MAX_RING_BYTES,
					 page_size() << (i % 2)));
	while (!made || !refused) {
		ASSERT_EQ(0, ctl_create(ctl, "edge", 0, page_size()));
		ASSERT_EQ(0, ctl_destroy(ctl, "edge", 0));
		ASSERT_EQ(-EFBIG, ctl_create(ctl, "edge", 0, page_size() << 2));
		err = ctl_create(ctl, "edge", 0, page_size() << 1);
		made += !err;
		refused += err == -EFBIG;
		ASSERT_TRUE(!err || err == -EFBIG);
		if (!err)
			ASSERT_EQ(0, ctl_destroy(ctl, "edge", 0));
	}
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	printf("# %u rings at the edge of max_ring_bytes, EFBIG %u times\n",
	       made, refused);
	close(ctl);
}

TEST_HARNESS_MAIN
