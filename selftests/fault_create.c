// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creating and destroying a ring, each allocation and copy of which fails once
 * (see fault.c), in a control group: what is charged to it and not a slab object
 * is a ring's page.
 */
#include <linux/membarrier.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "shmring_fault.h"

#define RING_PAGES	8
#define MARK		50	/* per cent */
#define CGROUPS		"/sys/fs/cgroup/"
#define CGROUP		CGROUPS "shmring-fault"
#define SLACK_PAGES	16	/* the remainders of slab pages */
#define GRACE_PERIODS	300

FIXTURE(create)
{
	struct world w;
	char max_rings[32];
	bool in_cgroup;
};

FIXTURE_VARIANT(create)
{
	__u32 record_size;
	__u32 flags;
	__s32 node;
};

FIXTURE_VARIANT_ADD(create, any_node)
{
	.record_size = 0,
	.flags = SHMRING_CREATE_EPHEMERAL,
	.node = SHMRING_NODE_ANY,
};

FIXTURE_VARIANT_ADD(create, local_node)
{
	.record_size = 64,
	.flags = 0,
	.node = SHMRING_NODE_LOCAL,
};

FIXTURE_VARIANT_ADD(create, strict_node)
{
	.record_size = 64,
	.flags = SHMRING_CREATE_STRICT | SHMRING_CREATE_EPHEMERAL,
	.node = 0,
};

FIXTURE_SETUP(create)
{
	const char *why = unusable() ?: faults_unusable();
	struct shmring_create *create = &self->w.create;

	if (why)
		SKIP(return, "%s", why);
	ASSERT_TRUE(world_open(&self->w));
	ring_defaults(create, self->w.name);
	create->ring_bytes = RING_PAGES * page_size();
	create->record_size = variant->record_size;
	create->flags = variant->flags;
	create->node = variant->node;
	create->high_water = MARK;

	write_file(CGROUPS "cgroup.subtree_control", "+memory");
	mkdir(CGROUP, 0755);
	self->in_cgroup = !write_file(CGROUP "/cgroup.procs", "0");
	/* One at a time: what failed has given back its share. */
	ASSERT_EQ(0, param_get(PARAM_MAX_RINGS, self->max_rings));
	ASSERT_EQ(0, param_set(PARAM_MAX_RINGS, "1"));
}

FIXTURE_TEARDOWN(create)
{
	if (!self->w.name[0])
		return;
	param_set(PARAM_MAX_RINGS, self->max_rings);
	world_close(&self->w);
	EXPECT_TRUE(nothing_left());
	write_file(CGROUPS "cgroup.procs", "0");
	rmdir(CGROUP);
}

static long long charged_pages(void)
{
	static const char *const not_ours[] = {
		"slab ", "kernel_stack ", "pagetables ", "percpu ", "vmalloc ",
	};
	const char *stat = CGROUP "/memory.stat";
	long long bytes = number_of(stat, "kernel ");
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(not_ours); i++)
		bytes -= number_of(stat, not_ours[i]);
	return bytes / (long long)page_size();
}

/* The kernel sums up what its CPUs counted in its own time. */
static void expect_uncharged(struct __test_metadata *_metadata, long long before)
{
	long long now;
	int i;

	for (i = 0; i < GRACE_PERIODS; i++) {
		now = charged_pages();
		if (now - before <= SLACK_PAGES)
			break;
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	}
	TH_LOG("%+lld pages", now - before);
	EXPECT_GE(SLACK_PAGES, now - before);
}

static int run_create(struct world *w)
{
	w->peer = ring_ioctl(w->ctl, SHMRING_IOC_CREATE, &w->create);
	return w->peer < 0 ? w->peer : 0;
}

static int run_destroy(struct world *w)
{
	struct shmring_destroy destroy = { .size = sizeof(destroy) };

	memcpy(destroy.name, w->name, sizeof(destroy.name));
	return ring_ioctl(w->ctl, SHMRING_IOC_DESTROY, &destroy);
}

static void undo_create(struct world *w)
{
	close(w->peer);
	run_destroy(w);
}

/* With its descriptor: an ephemeral one would go with it. */
static void prepare_create(struct world *w)
{
	run_create(w);
}

static void close_peer(struct world *w)
{
	close(w->peer);
}

/* Where it should be, as it should be. */
static bool check_create(struct world *w)
{
	struct stat st;

	return !stat(w->path, &st) && st.st_mode == (S_IFCHR | 0600);
}

static bool check_gone(struct world *w)
{
	return !ring_exists(w->name);
}

TEST_F_TIMEOUT(create, inv7_create, HANG)
{
	long long before = charged_pages();

	EXPECT_TRUE(fail_each(&self->w, &(struct call) {
		.run = run_create,
		.check = check_create,
		.undo = undo_create,
		.errors = no_memory,
		.least = RING_PAGES + 20,
		.news = SHMRING_CMD_RING_ADD_NTF,
	}, "CREATE"));
	if (self->in_cgroup)
		expect_uncharged(_metadata, before);
}

TEST_F_TIMEOUT(create, inv7_destroy, HANG)
{
	EXPECT_TRUE(fail_each(&self->w, &(struct call) {
		.prepare = prepare_create,
		.run = run_destroy,
		.check = check_gone,
		.undo = close_peer,
		.errors = bad_copy,
		.least = 3,
		.news = SHMRING_CMD_RING_DEL_NTF,
	}, "DESTROY"));
}

static void prepare_last(struct world *w)
{
	run_create(w);
	w->fd = ring_attach(w->peer, SHMRING_ROLE_CONSUMER);
	close(w->peer);
}

TEST_F_TIMEOUT(create, inv7_last_close, HANG)
{
	if (!(variant->flags & SHMRING_CREATE_EPHEMERAL))
		SKIP(return, "this ring stays");
	EXPECT_TRUE(fail_each(&self->w, &(struct call) {
		.prepare = prepare_last,
		.run = run_close,
		.check = check_gone,
		.errors = no_error,
		.least = 3,
		.news = SHMRING_CMD_RING_DEL_NTF,
	}, "last close of an ephemeral ring"));
}

TEST_HARNESS_MAIN
