// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 7: nothing leaks. 10,000 rings are made, used and destroyed in all
 * ways that there are, and the memory of the machine is as it was.
 *
 * The rest of the kernel takes and gives some hundred KiB meanwhile, so SLACK_KIB
 * are let pass: a page, or a slab object of 200 bytes, leaked per ring would be
 * 20 times, or twice, as much.
 */
#include <glob.h>
#include <linux/membarrier.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

#define RINGS		10000
#define WARM_UP		500
#define SLACK_KIB	1024
/* Free memory moves more, by what the rest of the machine does. */
#define FREE_SLACK_KIB	(4 * SLACK_KIB)
#define GRACE_PERIODS	20
#define TRIES		3

struct memory {
	long long free;
	long long slab;
	long long vmalloc;
	long long percpu;
	long users;
};

FIXTURE(leak)
{
	char name[SHMRING_NAME_MAX];
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

static void settle(void)
{
	int i;

	sync();
	/* Objects freed by RCU come free while the first one works. */
	for (i = 0; i < 3; i++)
		if (write_file("/proc/sys/vm/drop_caches", "3"))
			break;
	shrink_slabs();
	/* What each CPU has counted by itself. */
	write_file("/proc/sys/vm/stat_refresh", "1");
}

static void measure(struct memory *memory)
{
	const long long page_kib = page_size() / 1024;

	settle();
	/* With those that wait on a CPU's own lists for who needs one next. */
	memory->free = number_of("/proc/meminfo", "MemFree:") +
		       sum_of("/proc/zoneinfo", " count:") * page_kib;
	memory->slab = number_of("/proc/meminfo", "SUnreclaim:");
	memory->vmalloc = number_of("/proc/meminfo", "VmallocUsed:");
	memory->percpu = number_of("/proc/meminfo", "Percpu:");
	memory->users = module_users();
}

FIXTURE_SETUP(leak)
{
	const char *why = unusable();

	if (why)
		SKIP(return, "%s", why);
	ring_name(self->name);
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

	ring_defaults(&create, name);
	create.record_size = 1;
	for (i = 0; i < rings; i++) {
		create.flags = i % 5 ? 0 : SHMRING_CREATE_EPHEMERAL;
		ASSERT_EQ(0, ring_create_as(&create));
		use(_metadata, name, i);
		if (ring_exists(name))
			ASSERT_EQ(0, ring_destroy(name));
	}
}

static bool is_same(const struct memory *before, const struct memory *now)
{
	return before->free - now->free < FREE_SLACK_KIB &&
	       now->slab - before->slab < SLACK_KIB &&
	       now->vmalloc - before->vmalloc < SLACK_KIB &&
	       now->percpu - before->percpu < SLACK_KIB;
}

/*
 * Thousands of open files were closed, which RCU frees in its own time: some
 * grace periods later they are gone, and what leaked never goes.
 */
static bool settles(struct __test_metadata *_metadata,
		    const struct memory *before, const char *what)
{
	struct memory now;
	int i;

	measure(&now);
	for (i = 0; i < GRACE_PERIODS && !is_same(before, &now); i++) {
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
		measure(&now);
	}
	TH_LOG("%s: free %+lld, slab %+lld, vmalloc %+lld, percpu %+lld KiB, %d grace periods",
	       what, now.free - before->free, now.slab - before->slab,
	       now.vmalloc - before->vmalloc, now.percpu - before->percpu, i);
	return is_same(before, &now);
}

typedef void work_fn(struct __test_metadata *_metadata, const char *name,
		     unsigned int times);

/*
 * What leaks does so each time; what the rest of the kernel takes or gives
 * meanwhile, which is in the free memory too, does not.
 */
static void expect_no_leak(struct __test_metadata *_metadata, const char *name,
			   work_fn *work, unsigned int times, const char *what)
{
	struct memory before;
	bool same = false;
	int i;

	work(_metadata, name, rounds(WARM_UP));
	for (i = 0; i < TRIES && !same; i++) {
		measure(&before);
		work(_metadata, name, times);
		same = settles(_metadata, &before, what);
	}
	EXPECT_TRUE(same);
	EXPECT_EQ(before.users, module_users());
}

TEST_F_TIMEOUT(leak, inv7_create_use_destroy, HANG)
{
	expect_no_leak(_metadata, self->name, make_and_use, rounds(RINGS), "used");
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
	expect_no_leak(_metadata, self->name, fail_to_create, rounds(RINGS / 2),
		       "failed");
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
	expect_no_leak(_metadata, self->name, kill_holders, rounds(1000),
		       "killed");
}

TEST_HARNESS_MAIN
