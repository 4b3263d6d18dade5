// SPDX-License-Identifier: GPL-2.0-only
/* Names, nodes and lifetimes. */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

FIXTURE(create)
{
	char name[SHMRING_NAME_MAX];
	struct shmring_create create;
};

FIXTURE_SETUP(create)
{
	const char *why = unusable();

	if (why)
		SKIP(return, "%s", why);
	ring_name(self->name);
	ring_defaults(&self->create, self->name);
}

FIXTURE_TEARDOWN(create)
{
	if (ring_exists(self->name))
		EXPECT_EQ(0, ring_destroy(self->name));
}

TEST_F(create, node_of_the_creator)
{
	char path[64];
	struct stat st;

	ASSERT_EQ(0, ring_create_as(&self->create));
	ring_path(path, self->name);
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(0600, st.st_mode & 07777);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, st.st_gid);
}

TEST_F(create, node_as_asked_for)
{
	/* 0 is left out: devtmpfs takes it for "no wish", and makes it 0600. */
	static const __u32 modes[] = { 0400, 0660, 0666, 0777 };
	char path[64];
	struct stat st;
	unsigned int i;

	ring_path(path, self->name);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		self->create.mode = modes[i];
		self->create.uid = 1000 + i;
		self->create.gid = 2000 + i;
		ASSERT_EQ(0, ring_create_as(&self->create));
		ASSERT_EQ(0, stat(path, &st));
		EXPECT_EQ(modes[i], st.st_mode & 07777);
		EXPECT_EQ(1000 + i, st.st_uid);
		EXPECT_EQ(2000 + i, st.st_gid);
		ASSERT_EQ(0, ring_destroy(self->name));
		EXPECT_EQ(-1, stat(path, &st));
	}
}

TEST_F(create, sizes)
{
	struct shmring_info info;
	int fd;

	for (self->create.ring_bytes = page_size();
	     self->create.ring_bytes <= 1 << 20;
	     self->create.ring_bytes *= 2) {
		/* The largest fixed record there can be. */
		self->create.record_size = self->create.ring_bytes;
		ASSERT_EQ(0, ring_create_as(&self->create));
		fd = ring_open(self->name, O_RDWR);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, ring_info(fd, &info));
		EXPECT_EQ(self->create.ring_bytes, info.ring_bytes);
		EXPECT_EQ(2 * self->create.ring_bytes, info.data_bytes);
		EXPECT_EQ(self->create.record_size, info.record_size);
		close(fd);
		ASSERT_EQ(0, ring_destroy(self->name));
	}
}

/* Which goes with its descriptor, as long as nobody has attached. */
static int create_ephemeral(struct shmring_create *create)
{
	create->flags = SHMRING_CREATE_EPHEMERAL;
	return ring_create_fd(create);
}

TEST_F(create, info_page_says_what_info_says)
{
	struct endpoint ep;
	int ring;

	self->create.record_size = 24;
	ring = create_ephemeral(&self->create);
	ASSERT_LE(0, ring);
	ASSERT_EQ(0, endpoint_attach(&ep, ring, SHMRING_ROLE_CONSUMER));
	close(ring);
	EXPECT_EQ(SHMRING_MAGIC, ep.info->magic);
	EXPECT_EQ(SHMRING_VERSION, ep.info->version);
	EXPECT_EQ(24, ep.info->record_size);
	EXPECT_EQ(page_size(), ep.info->ring_bytes);
	EXPECT_EQ(SHMRING_CREATE_EPHEMERAL, ep.info->flags);
	EXPECT_EQ(SHMRING_NODE_ANY, ep.info->node);
	EXPECT_EQ(SHMRING_FEATURES, ep.info->features);
	EXPECT_EQ(1, ep.info->max_producers);
	EXPECT_EQ(1, ep.info->max_consumers);
	EXPECT_EQ(SHMRING_STATE_NEVER, ep.info->state[0]);
	EXPECT_EQ(SHMRING_STATE_ATTACHED, ep.info->state[1]);
	endpoint_close(&ep);
}

TEST_F(create, inv7_ephemeral_goes_with_its_last_endpoint)
{
	int ring = create_ephemeral(&self->create);
	int producer, consumer;

	ASSERT_LE(0, ring);
	producer = ring_attach(ring, SHMRING_ROLE_PRODUCER);
	consumer = ring_attach(ring, SHMRING_ROLE_CONSUMER);
	ASSERT_LE(0, producer);
	ASSERT_LE(0, consumer);
	/* Once somebody has attached, the creator's descriptor is like others. */
	close(ring);
	EXPECT_TRUE(ring_exists(self->name));
	close(producer);
	EXPECT_TRUE(ring_exists(self->name));
	close(consumer);
	EXPECT_FALSE(ring_exists(self->name));
	EXPECT_EQ(-ENOENT, ring_destroy(self->name));
}

TEST_F(create, inv7_ephemeral_goes_with_the_killed)
{
	int ring = create_ephemeral(&self->create);
	int ready[2];
	pid_t pid;
	char c;

	ASSERT_LE(0, ring);
	ASSERT_EQ(0, pipe(ready));
	pid = spawn(0);
	if (!pid) {
		CHILD_ASSERT(ring_open_as(self->name,
					  SHMRING_ROLE_PRODUCER) >= 0);
		CHILD_ASSERT(write(ready[1], "", 1) == 1);
		pause();
	}
	close(ready[1]);
	ASSERT_EQ(1, read(ready[0], &c, 1));
	EXPECT_TRUE(ring_exists(self->name));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_FALSE(ring_exists(self->name));
	close(ready[0]);
	close(ring);
}

/* Nobody attached: it goes with the last copy of what CREATE returned. */
TEST_F(create, inv7_ephemeral_goes_with_its_creator)
{
	int ring = create_ephemeral(&self->create), copy, opened;
	pid_t pid;

	ASSERT_LE(0, ring);
	copy = dup(ring);
	close(ring);
	EXPECT_TRUE(ring_exists(self->name));
	/* Others who merely have it open are no creators. */
	opened = ring_open(self->name, O_RDWR);
	ASSERT_LE(0, opened);
	close(copy);
	EXPECT_FALSE(ring_exists(self->name));
	EXPECT_EQ(-ENOENT, ring_attach(opened, SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(-ENOENT, ring_attach(opened, SHMRING_ROLE_CONSUMER));
	close(opened);

	pid = spawn(0);
	if (!pid) {
		CHILD_ASSERT(create_ephemeral(&self->create) >= 0);
		CHILD_ASSERT(ring_exists(self->name));
		raise(SIGKILL);
	}
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_FALSE(ring_exists(self->name));

	/* One without the flag stays. */
	self->create.flags = 0;
	pid = spawn(0);
	if (!pid) {
		CHILD_ASSERT(ring_create_fd(&self->create) >= 0);
		raise(SIGKILL);
	}
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_TRUE(ring_exists(self->name));
}

/* Whoever attaches while the last one goes has a ring with a name, or ENOENT. */
struct attacher {
	int ring;
	int fd;
	bool there;
	bool go;
};

static void *attach_on_go(void *arg)
{
	struct attacher *a = arg;

	pin(1);
	WRITE_ONCE(a->there, true);
	while (!READ_ONCE(a->go))
		relax();
	a->fd = ring_attach(a->ring, SHMRING_ROLE_CONSUMER);
	return NULL;
}

TEST_F_TIMEOUT(create, inv7_last_leaves_while_next_comes, HANG)
{
	unsigned int i, came = 0, late = 0, n = rounds_up_to(20000, 150);
	struct attacher a = { 0 };
	__u64 r, pause = 1000;	/* about what an attach takes; learnt */
	pthread_t thread;
	int last;

	pin(0);
	/* Often, and on a busy machine until both have happened. */
	for (i = 0; i < n || ((!came || !late) && i < 100 * n); i++) {
		a.ring = create_ephemeral(&self->create);
		ASSERT_LE(0, a.ring);
		last = ring_attach(a.ring, SHMRING_ROLE_PRODUCER);
		ASSERT_LE(0, last);
		a.there = false;
		a.go = false;
		ASSERT_EQ(0, pthread_create(&thread, NULL, attach_on_go, &a));
		while (!READ_ONCE(a.there))
			relax();
		WRITE_ONCE(a.go, true);
		for (r = mix(i) % (2 * pause); r; r--)
			relax();
		close(last);
		ASSERT_EQ(0, pthread_join(thread, NULL));
		if (a.fd < 0) {
			ASSERT_EQ(-ENOENT, a.fd);
			late++;
			pause += pause / 8 + 1;
		} else {
			ASSERT_TRUE(ring_exists(self->name));
			came++;
			pause -= pause / 8;
			close(a.fd);
		}
		ASSERT_FALSE(ring_exists(self->name));
		close(a.ring);
	}
	TH_LOG("%u came in time, %u too late", came, late);
}

/* A node made of a ring's number, as containers have it, leads nowhere else. */
TEST_F(create, inv5_device_numbers_are_not_reused)
{
	char path[64], node[64];
	struct stat st;
	int fd, i;

	ASSERT_EQ(0, ring_create_as(&self->create));
	ring_path(path, self->name);
	ASSERT_EQ(0, stat(path, &st));
	snprintf(node, sizeof(node), "/dev/shmring-node.%d", getpid());
	ASSERT_EQ(0, mknod(node, S_IFCHR | 0600, st.st_rdev));
	fd = open(node, O_RDWR | O_CLOEXEC);
	EXPECT_LE(0, fd);
	close(fd);
	ASSERT_EQ(0, ring_destroy(self->name));
	for (i = 0; i < 10; i++) {
		EXPECT_EQ(-1, open(node, O_RDWR | O_CLOEXEC));
		EXPECT_EQ(ENXIO, errno);
		ASSERT_EQ(0, ring_create_as(&self->create));
		EXPECT_EQ(-1, open(node, O_RDWR | O_CLOEXEC));
		EXPECT_EQ(ENXIO, errno);
		ASSERT_EQ(0, ring_destroy(self->name));
	}
	unlink(node);
}

TEST_F(create, endpoints_outlive_the_name)
{
	struct endpoint producer, consumer;
	int i;

	ASSERT_EQ(0, ring_create_as(&self->create));
	ASSERT_EQ(0, endpoint_open(&producer, self->name,
				   SHMRING_ROLE_PRODUCER));
	ASSERT_EQ(0, endpoint_open(&consumer, self->name,
				   SHMRING_ROLE_CONSUMER));
	ASSERT_EQ(0, ring_destroy(self->name));
	EXPECT_FALSE(ring_exists(self->name));
	EXPECT_EQ(-ENOENT, ring_open(self->name, O_RDWR));

	/* The name is free for another ring, which is not this one. */
	ASSERT_EQ(0, ring_create_as(&self->create));
	for (i = 0; i < 1000; i++) {
		size_t bytes = endpoint_fill(&producer, i);

		ASSERT_NE(0, bytes);
		endpoint_move(&producer, bytes);
		ASSERT_EQ(bytes, endpoint_check(&consumer, i));
		endpoint_move(&consumer, bytes);
	}
	endpoint_close(&producer);
	EXPECT_EQ(SHMRING_STATE_GONE, consumer.info->state[0]);
	endpoint_close(&consumer);
	EXPECT_TRUE(ring_exists(self->name));
}

TEST_F(create, inv7_mapping_outlives_the_descriptor)
{
	int ring = create_ephemeral(&self->create);
	struct endpoint ep;
	size_t bytes;

	ASSERT_LE(0, ring);
	ASSERT_EQ(0, endpoint_attach(&ep, ring, SHMRING_ROLE_PRODUCER));
	close(ring);
	close(ep.fd);
	ep.fd = -1;
	/* The role stays with the mapping, and so does the ephemeral ring. */
	EXPECT_TRUE(ring_exists(self->name));
	EXPECT_EQ(-EBUSY, ring_open_as(self->name, SHMRING_ROLE_PRODUCER));
	bytes = endpoint_fill(&ep, 1);
	EXPECT_NE(0, bytes);
	endpoint_store(&ep, bytes);
	EXPECT_EQ(bytes, ep.mine->pos);
	endpoint_close(&ep);
	EXPECT_FALSE(ring_exists(self->name));
}

TEST_F(create, positions_outlive_their_endpoints)
{
	struct endpoint ep;
	size_t bytes;

	ASSERT_EQ(0, ring_create_as(&self->create));
	ASSERT_EQ(0, endpoint_open(&ep, self->name, SHMRING_ROLE_PRODUCER));
	bytes = endpoint_fill(&ep, 7);
	endpoint_move(&ep, bytes);
	endpoint_close(&ep);
	ASSERT_EQ(0, endpoint_open(&ep, self->name, SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(bytes, ep.mine->pos);
	endpoint_close(&ep);
	ASSERT_EQ(0, endpoint_open(&ep, self->name, SHMRING_ROLE_CONSUMER));
	EXPECT_EQ(bytes, endpoint_check(&ep, 7));
	endpoint_close(&ep);
}

/* Never called without a user of the module, so that it stays. */
static int try_unload(void)
{
	return syscall(SYS_delete_module, "shmring", O_NONBLOCK) ? errno : 0;
}

TEST_F(create, inv7_no_unload_while_used)
{
	struct endpoint ep;

	if (access("/sys/module/shmring/refcnt", F_OK))
		SKIP(return, "shmring is no module here");
	ASSERT_EQ(0, ring_create_as(&self->create));
	ASSERT_EQ(0, endpoint_open(&ep, self->name, SHMRING_ROLE_PRODUCER));
	ASSERT_LT(0, module_users());
	EXPECT_EQ(EWOULDBLOCK, try_unload());
	close(ep.fd);
	ep.fd = -1;
	ASSERT_LT(0, module_users());
	EXPECT_EQ(EWOULDBLOCK, try_unload());
	ep.ctl->messages = 1;
	EXPECT_EQ(1, ep.ctl->messages);
	endpoint_close(&ep);
}

/* Reads a folder, whose lock is held until the page is there. */
struct lister {
	int fd;
	void *page;
	long bytes;
};

static void *list_folder(void *arg)
{
	struct lister *l = arg;

	l->bytes = syscall(SYS_getdents64, l->fd, l->page, page_size());
	return l;
}

static pid_t start_create(const struct shmring_create *create)
{
	pid_t pid = spawn(0);

	if (!pid)
		_exit(-ring_create_as(create));
	return pid;
}

static bool waits_in_kernel(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return count_lines(path, "State:\tD") == 1;
}

/*
 * A device that takes long to make, since somebody has the folder of its node:
 * rings are found and shown meanwhile, and who wants to make another one can be
 * killed while it waits for its turn.
 */
TEST_F(create, names_and_kills_do_not_wait_for_a_device)
{
	struct shmring_create late = self->create;
	char sys[64], name[SHMRING_NAME_MAX];
	struct lister lister = { 0 };
	struct uffd_msg fault;
	pthread_t thread;
	pid_t slow, next;
	int uffd, fd;

	lister.page = slow_page(&uffd);
	if (!lister.page)
		SKIP(return, "no userfaultfd");
	ring_name(name);
	self->create.ring_bytes = page_size();
	ASSERT_EQ(0, ring_create_as(&self->create));
	fd = ring_open(self->name, O_RDWR);
	ASSERT_LE(0, fd);
	lister.fd = open(SHMRING_DEV_DIR, O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, lister.fd);
	ASSERT_EQ(0, pthread_create(&thread, NULL, list_folder, &lister));
	ASSERT_EQ(sizeof(fault), read(uffd, &fault, sizeof(fault)));

	/* Its place in sysfs is made before its node. */
	memcpy(late.name, name, sizeof(late.name));
	slow = start_create(&late);
	snprintf(sys, sizeof(sys), "/sys/class/shmring/%s", name);
	while (access(sys, F_OK))
		sched_yield();
	EXPECT_EQ(1, count_lines("/proc/shmring", self->name));
	EXPECT_EQ(0, count_lines("/proc/shmring", name));
	EXPECT_LE(0, ring_attach(fd, SHMRING_ROLE_PRODUCER));
	ring_name(late.name);
	next = start_create(&late);
	while (!waits_in_kernel(next))
		sched_yield();
	kill(next, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(next));
	EXPECT_TRUE(waits_in_kernel(slow));

	fill_page(uffd, lister.page);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_LT(0, lister.bytes);
	EXPECT_EQ(0, reap(slow));
	EXPECT_EQ(1, count_lines("/proc/shmring", name));
	EXPECT_EQ(0, ring_destroy(name));
	EXPECT_EQ(-ENOENT, ring_destroy(late.name));
	close(lister.fd);
	close(uffd);
	close(fd);
}

TEST_HARNESS_MAIN
