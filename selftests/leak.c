// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 7: nothing leaks. Rings are made, used and destroyed in all ways that
 * there are, again and again, and counted is what the kernel has of each kind of
 * object, in each slab cache, and of pages.
 *
 * The rest of the kernel takes and gives meanwhile. What is leaked is not given
 * back: a leak is what grew each time, by as little as one for each 50 rounds.
 */
#include <glob.h>
#include <linux/membarrier.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

#define ROUNDS		100
#define MOST		10000	/* where there is time */
#define WARM_UP		50
#define PER		50	/* rounds in which one thing leaked is found */
#define TRIES		12
#define KINDS		512

/*
 * struct kind - of things that can leak
 * @grows: more of them were there after each round of work so far
 */
struct kind {
	char name[32];
	long long before;
	long long now;
	bool grows;
};

struct census {
	struct kind kind[KINDS];
	unsigned int kinds;
};

FIXTURE(leak)
{
	char name[SHMRING_NAME_MAX];
	struct census *census;
};

/*
 * Slabs that are empty, and objects that KASAN keeps in quarantine, which would
 * else look like leaked ones.
 */
static void shrink_slabs(void)
{
	glob_t caches;
	size_t i;

	if (!glob("/sys/kernel/slab/*/shrink", 0, NULL, &caches))
		for (i = 0; i < caches.gl_pathc; i++)
			write_file(caches.gl_pathv[i], "1");
	globfree(&caches);
}

/*
 * The kernel forgets mappings of its own when there are many of them, by their
 * size: lazy_max_pages() in mm/vmalloc.c.
 */
static void purge_mappings(void)
{
	const __u64 bytes = 32 << 20, cpus = sysconf(_SC_NPROCESSORS_ONLN);
	char name[SHMRING_NAME_MAX];
	__u64 mapped, most;

	ring_name(name);
	most = bytes * (64 - __builtin_clzll(cpus));
	for (mapped = 0; mapped <= most; mapped += 2 * bytes)
		if (ring_create(name, bytes, 0) || ring_destroy(name))
			return;
}

static void settle(void)
{
	int i;

	purge_mappings();
	sync();
	/* Files that were closed are freed by RCU, in its own time. */
	for (i = 0; i < 3; i++) {
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
		if (write_file("/proc/sys/vm/drop_caches", "3"))
			break;
	}
	shrink_slabs();
	/* What each CPU has counted by itself. */
	write_file("/proc/sys/vm/stat_refresh", "1");
}

static void count(struct census *census, const char *name, long long n)
{
	struct kind *kind = &census->kind[census->kinds];

	if (census->kinds == KINDS)
		return;
	snprintf(kind->name, sizeof(kind->name), "%s", name);
	kind->before = kind->now;
	kind->now = n;
	census->kinds++;
}

static bool count_objects(struct census *census)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	char line[512], name[32];
	long long active;

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%31s %lld", name, &active) == 2)
			count(census, name, active);
	fclose(file);
	return true;
}

/* Of all kinds, always in the same order. */
static bool take_census(struct census *census)
{
	const long long page_kib = page_size() / 1024;

	settle();
	census->kinds = 0;
	count(census, "users", module_users());
	count(census, "pages of vmalloc",
	      number_of("/proc/meminfo", "VmallocUsed:") / page_kib);
	count(census, "pages per CPU",
	      number_of("/proc/meminfo", "Percpu:") / page_kib);
	/* With those that wait on a CPU's own lists for who needs one next. */
	count(census, "pages", -sum_of("/proc/zoneinfo", " count:") -
	      number_of("/proc/meminfo", "MemFree:") / page_kib);
	return count_objects(census);
}

FIXTURE_SETUP(leak)
{
	const char *why = unusable();

	if (why)
		SKIP(return, "%s", why);
	ring_name(self->name);
	self->census = calloc(1, sizeof(*self->census));
	ASSERT_TRUE(!!self->census);
	if (!take_census(self->census))
		SKIP(return, "no /proc/slabinfo");
}

FIXTURE_TEARDOWN(leak)
{
	if (ring_exists(self->name))
		EXPECT_EQ(0, ring_destroy(self->name));
}

/* Everything that holds something: both sides mapped, slept, eventfds. */
static void use(struct __test_metadata *_metadata, const char *name,
		unsigned int turn)
{
	struct endpoint producer, consumer;
	int fd = eventfd(0, EFD_CLOEXEC);
	__u32 events;
	char byte;

	ASSERT_EQ(0, endpoint_open(&producer, name, SHMRING_ROLE_PRODUCER));
	ASSERT_EQ(0, endpoint_open(&consumer, name, SHMRING_ROLE_CONSUMER));
	ASSERT_EQ(0, ring_eventfd(consumer.fd, fd));
	ASSERT_EQ(-EAGAIN, ring_wait(consumer.fd, 0, 0, 0, &events));
	endpoint_move(&producer, endpoint_fill(&producer, turn));
	ASSERT_LT(0, endpoint_check(&consumer, turn));
	ASSERT_LT(0, read(consumer.fd, &byte, 1));
	if (turn % 2)
		ASSERT_EQ(0, ring_eventfd(consumer.fd, -1));
	if (turn % 3 == 0)
		ASSERT_EQ(0, ring_destroy(name));
	close(fd);
	endpoint_close(&producer);
	endpoint_close(&consumer);
}

static void make_and_use(struct __test_metadata *_metadata, const char *name,
			 unsigned int rings)
{
	struct shmring_create create;
	unsigned int i;
	int ring;

	ring_defaults(&create, name);
	create.record_size = 1;
	for (i = 0; i < rings; i++) {
		create.flags = i % 5 ? 0 : SHMRING_CREATE_EPHEMERAL;
		ring = ring_create_fd(&create);
		ASSERT_LE(0, ring);
		use(_metadata, name, i);
		close(ring);
		if (ring_exists(name))
			ASSERT_EQ(0, ring_destroy(name));
	}
}

typedef void work_fn(struct __test_metadata *_metadata, const char *name,
		     unsigned int times);

/* How many kinds still grow by each round of work. */
static unsigned int still_growing(struct census *census, unsigned int times)
{
	unsigned int i, n = 0;

	for (i = 0; i < census->kinds; i++) {
		struct kind *kind = &census->kind[i];

		kind->grows &= kind->now - kind->before >=
			       (times + PER - 1) / PER;
		n += kind->grows;
	}
	return n;
}

static void expect_no_leak(struct __test_metadata *_metadata,
			   struct census *census, const char *name,
			   work_fn *work)
{
	const unsigned int times = rounds_up_to(MOST, ROUNDS);
	unsigned int i, growing;

	work(_metadata, name, WARM_UP);
	ASSERT_TRUE(take_census(census));
	for (i = 0; i < census->kinds; i++)
		census->kind[i].grows = true;
	growing = census->kinds;
	for (i = 0; i < TRIES && growing; i++) {
		work(_metadata, name, times);
		ASSERT_TRUE(take_census(census));
		growing = still_growing(census, times);
	}
	TH_LOG("%u times %u rounds", i, times);
	for (i = 0; i < census->kinds; i++) {
		EXPECT_FALSE(census->kind[i].grows) {
			TH_LOG("%s: %+lld, each time",
			       census->kind[i].name,
			       census->kind[i].now - census->kind[i].before);
		}
	}
}

TEST_F_TIMEOUT(leak, inv7_create_use_destroy, HANG)
{
	expect_no_leak(_metadata, self->census, self->name, make_and_use);
}

static void fail_to_create(struct __test_metadata *_metadata, const char *taken,
			   unsigned int times)
{
	struct shmring_create create;
	char name[SHMRING_NAME_MAX];
	unsigned int i;

	ring_name(name);
	for (i = 0; i < times; i++) {
		ring_defaults(&create, name);
		create.record_size = 8192;
		ASSERT_EQ(-EINVAL, ring_create_as(&create));
		create.record_size = 0;
		create.node = 1023;
		ASSERT_EQ(-ENXIO, ring_create_as(&create));
		ring_defaults(&create, taken);
		ASSERT_EQ(-EEXIST, ring_create_as(&create));
	}
}

TEST_F_TIMEOUT(leak, inv7_failed_creates, HANG)
{
	ASSERT_EQ(0, ring_create(self->name, page_size(), 0));
	expect_no_leak(_metadata, self->census, self->name, fail_to_create);
}

/* Dies with everything in its hands, and one ring only it can see. */
static void die_with(const char *name)
{
	struct endpoint producer, consumer;
	char own[SHMRING_NAME_MAX];
	int fd = eventfd(0, EFD_CLOEXEC);

	CHILD_ASSERT(!endpoint_open(&producer, name, SHMRING_ROLE_PRODUCER));
	CHILD_ASSERT(!ring_eventfd(producer.fd, fd));
	ring_name(own);
	CHILD_ASSERT(!ring_create(own, page_size(), 0));
	CHILD_ASSERT(!endpoint_open(&consumer, own, SHMRING_ROLE_CONSUMER));
	CHILD_ASSERT(!ring_destroy(own));
	raise(SIGKILL);
}

static void kill_holders(struct __test_metadata *_metadata, const char *name,
			 unsigned int times)
{
	unsigned int i;
	pid_t pid;

	for (i = 0; i < times; i++) {
		pid = spawn(i);
		if (!pid)
			die_with(name);
		ASSERT_EQ(128 + SIGKILL, reap(pid));
	}
}

TEST_F_TIMEOUT(leak, inv7_killed_holders, HANG)
{
	ASSERT_EQ(0, ring_create(self->name, page_size(), 0));
	expect_no_leak(_metadata, self->census, self->name, kill_holders);
}

TEST_HARNESS_MAIN
