// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 7: nothing leaks. 10,000 rings are made, used and destroyed in all
 * ways that there are, and the memory of the machine is as it was.
 *
 * The kernel's own caches and the per-CPU lists breathe by some hundred KiB, so
 * SLACK_KIB are let pass: a page, or a slab object of 200 bytes, leaked per ring
 * would be 20 times, or twice, as much.
 */
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

#define RINGS		10000
#define WARM_UP		500
#define SLACK_KIB	1024
/* Free memory breathes more, by what the rest of the machine does. */
#define FREE_SLACK_KIB	(4 * SLACK_KIB)

struct memory {
	long long free;
	long long slab;
	long long vmalloc;
	long long percpu;
	long users;
};

FIXTURE(leak)
{
	struct memory before;
	char name[SHMRING_NAME_MAX];
};

static void settle(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	int i;

	sync();
	/* Objects freed by RCU come free while the first one works. */
	for (i = 0; i < 3; i++)
		if (write(fd, "3", 1) != 1)
			break;
	close(fd);
}

static void measure(struct memory *memory)
{
	settle();
	memory->free = number_of("/proc/meminfo", "MemFree:");
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

static void expect_same(struct __test_metadata *_metadata,
			const struct memory *before, const char *what)
{
	struct memory now;

	measure(&now);
	TH_LOG("%s: free %+lld, slab %+lld, vmalloc %+lld, percpu %+lld KiB",
	       what, now.free - before->free, now.slab - before->slab,
	       now.vmalloc - before->vmalloc, now.percpu - before->percpu);
	EXPECT_GT(FREE_SLACK_KIB, before->free - now.free);
	EXPECT_GT(SLACK_KIB, now.slab - before->slab);
	EXPECT_GT(SLACK_KIB, now.vmalloc - before->vmalloc);
	EXPECT_GT(SLACK_KIB, now.percpu - before->percpu);
	EXPECT_EQ(before->users, now.users);
}

TEST_F_TIMEOUT(leak, inv7_create_use_destroy, 500)
{
	make_and_use(_metadata, self->name, WARM_UP);
	measure(&self->before);
	make_and_use(_metadata, self->name, RINGS);
	expect_same(_metadata, &self->before, "used");
}

static void fail_to_create(struct __test_metadata *_metadata, const char *name,
			   const char *taken, unsigned int times)
{
	struct shmring_create create;
	unsigned int i;

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

TEST_F_TIMEOUT(leak, inv7_failed_creates, 240)
{
	char other[SHMRING_NAME_MAX];

	ring_name(other);
	ASSERT_EQ(0, ring_create(self->name, page_size(), 0));
	fail_to_create(_metadata, other, self->name, WARM_UP);
	measure(&self->before);
	fail_to_create(_metadata, other, self->name, RINGS / 2);
	expect_same(_metadata, &self->before, "failed");
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

TEST_F_TIMEOUT(leak, inv7_killed_holders, 240)
{
	ASSERT_EQ(0, ring_create(self->name, page_size(), 0));
	kill_holders(_metadata, self->name, 100);
	measure(&self->before);
	kill_holders(_metadata, self->name, 1000);
	expect_same(_metadata, &self->before, "killed");
}

TEST_HARNESS_MAIN
