// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation and each copy from or to user space that a call makes fails
 * once: the first, then the second, until a run has none left to fail. Then the
 * errno is one that is documented, nothing is left behind, and the next try
 * works. Registrations fail by the allocations inside of them: there is no other
 * way for them to fail, and the kernel can fail none of them by name.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <netlink/genl/genl.h>

#include "kselftest_harness.h"
#include "shmring_fault.h"

#define RING_PAGES	8
#define MARK		50	/* per cent */

static const int no_error[] = { 0 };
static const int bad_copy[] = { EFAULT, 0 };
static const int no_memory[] = { ENOMEM, EFAULT, 0 };
/* A reply for which there was no memory is lost, of which the socket tells. */
static const int no_reply[] = { ENOMEM, EFAULT, ENOBUFS, 0 };

/*
 * Nothing is left
 */
static int entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int n = 0;

	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

static int lines_with(const char *path, const char *text)
{
	FILE *file = fopen(path, "r");
	char line[512];
	int n = 0;

	while (file && fgets(line, sizeof(line), file))
		n += !!strstr(line, text);
	if (file)
		fclose(file);
	return n;
}

/* With no ring left that anybody knows of: names, nodes, mappings, minors. */
static void expect_nothing_left(struct __test_metadata *_metadata)
{
	char name[SHMRING_NAME_MAX], path[64];
	struct stat st;

	EXPECT_EQ(0, entries("/sys/class/shmring"));
	EXPECT_EQ(1, entries(SHMRING_DEV_DIR));	/* ctl */
	EXPECT_EQ(1, lines_with("/proc/shmring", ""));
	EXPECT_EQ(0, lines_with("/proc/vmallocinfo", "[shmring] vmap"));
	EXPECT_EQ(0, module_users());
	ring_name(name);
	ring_path(path, name);
	ASSERT_EQ(0, ring_create(name, page_size(), 0));
	EXPECT_EQ(0, stat(path, &st));
	EXPECT_EQ(0, minor(st.st_rdev));
	EXPECT_EQ(0, ring_destroy(name));
}

FIXTURE(fault)
{
	struct world w;
};

FIXTURE_VARIANT(fault)
{
	__u32 record_size;
};

FIXTURE_VARIANT_ADD(fault, any_length)
{
	.record_size = 0,
};

FIXTURE_VARIANT_ADD(fault, fixed)
{
	.record_size = 64,
};

static void world_open(struct __test_metadata *_metadata, struct world *w)
{
	ring_name(w->name);
	ring_path(w->path, w->name);
	w->fd = -1;
	w->peer = -1;
	w->other = -1;
	w->ctl = open(SHMRING_CTL_PATH, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, w->ctl);
	ASSERT_EQ(0, client_open(&w->listener));
	ASSERT_EQ(0, client_join(&w->listener));
	/* A page fault would allocate, too. */
	ASSERT_EQ(0, mlockall(MCL_CURRENT));
}

static void world_close(struct world *w)
{
	close(w->ctl);
	client_close(&w->listener);
}

FIXTURE_SETUP(fault)
{
	const char *why = unusable() ?: faults_unusable();

	if (why)
		SKIP(return, "%s", why);
	world_open(_metadata, &self->w);
	ASSERT_EQ(0, ring_create(self->w.name, RING_PAGES * page_size(),
				 variant->record_size));
}

FIXTURE_TEARDOWN(fault)
{
	if (!self->w.name[0])
		return;
	EXPECT_EQ(0, ring_destroy(self->w.name));
	world_close(&self->w);
	expect_nothing_left(_metadata);
}

/*
 * Open, attach, close
 */
static void close_fd(struct world *w)
{
	close(w->fd);
}

static int run_open(struct world *w)
{
	w->fd = open(w->path, O_RDWR | O_CLOEXEC);
	return w->fd < 0 ? -errno : 0;
}

TEST_F_TIMEOUT(fault, inv7_open, 240)
{
	EXPECT_TRUE(fail_each(&self->w, &(struct call) {
		.run = run_open,
		.undo = close_fd,
		.errors = no_memory,
		.least = 2,
	}, "open"));
	snprintf(self->w.path, sizeof(self->w.path), SHMRING_CTL_PATH);
	EXPECT_TRUE(fail_each(&self->w, &(struct call) {
		.run = run_open,
		.undo = close_fd,
		.errors = no_memory,
		.least = 1,
	}, "open of ctl"));
}

static void prepare_open(struct world *w)
{
	w->fd = ring_open(w->name, O_RDWR);
}

static int run_attach(struct world *w)
{
	return ring_attach(w->fd, SHMRING_ROLE_CONSUMER);
}

TEST_F_TIMEOUT(fault, inv7_attach, 240)
{
	EXPECT_TRUE(fail_each(&self->w, &(struct call) {
		.prepare = prepare_open,
		.run = run_attach,
		.undo = close_fd,
		.errors = bad_copy,
		.least = 3,
		.news = SHMRING_CMD_ENDPOINT_ATTACH_NTF,
	}, "ATTACH"));
}

static void prepare_mapped(struct world *w)
{
	struct endpoint ep;

	if (endpoint_open(&ep, w->name, SHMRING_ROLE_PRODUCER))
		return;
	ring_eventfd(ep.fd, w->other);
	w->fd = dup(ep.fd);
	endpoint_close(&ep);
}

static int run_close(struct world *w)
{
	return close(w->fd) ? -errno : 0;
}

TEST_F_TIMEOUT(fault, inv7_close, 240)
{
	self->w.other = eventfd(0, EFD_CLOEXEC);
	EXPECT_TRUE(fail_each(&self->w, &(struct call) {
		.prepare = prepare_mapped,
		.run = run_close,
		.errors = no_error,
		.least = 2,
		.news = SHMRING_CMD_ENDPOINT_DETACH_NTF,
	}, "close"));
	close(self->w.other);
}

/*
 * mmap, first touch
 */
static int run_mmap(struct world *w)
{
	w->addr = mmap(NULL, page_size(), w->prot, w->flags, w->fd, w->offset);
	return w->addr == MAP_FAILED ? -errno : 0;
}

static void unmap(struct world *w)
{
	munmap(w->addr, page_size());
}

TEST_F_TIMEOUT(fault, inv7_mmap, 240)
{
	struct world *w = &self->w;
	struct shmring_info info;
	struct call call = {
		.run = run_mmap,
		.undo = unmap,
		.errors = no_memory,
		.least = 2,
	};

	w->fd = ring_open_as(w->name, SHMRING_ROLE_PRODUCER);
	ASSERT_EQ(0, ring_info(w->fd, &info));
	w->flags = MAP_SHARED;
	w->prot = PROT_READ;
	w->offset = info.info_offset;
	EXPECT_TRUE(fail_each(w, &call, "mmap of the info page"));
	w->offset = info.consumer_offset;
	EXPECT_TRUE(fail_each(w, &call, "mmap of the peer's page"));
	w->prot |= PROT_WRITE;
	w->offset = info.producer_offset;
	EXPECT_TRUE(fail_each(w, &call, "mmap of the own page"));
	w->offset = info.data_offset + info.ring_bytes;
	EXPECT_TRUE(fail_each(w, &call, "mmap of the data"));
	close(w->fd);
}

/* Pages that MADV_DONTNEED dropped come again, private ones as copies. */
static void prepare_touch(struct world *w)
{
	run_mmap(w);
	madvise(w->addr, page_size(), MADV_DONTNEED);
}

static int run_touch(struct world *w)
{
	WRITE_ONCE(*w->addr, 'x');
	return READ_ONCE(*w->addr);
}

TEST_F_TIMEOUT(fault, inv7_first_touch, 240)
{
	struct world *w = &self->w;
	struct shmring_info info;
	struct call call = {
		.prepare = prepare_touch,
		.run = run_touch,
		.undo = unmap,
		.works = 'x',
		.errors = no_error,	/* the kernel tries again */
	};

	w->fd = ring_open_as(w->name, SHMRING_ROLE_PRODUCER);
	ASSERT_EQ(0, ring_info(w->fd, &info));
	w->prot = PROT_READ | PROT_WRITE;
	w->offset = info.data_offset;
	w->flags = MAP_SHARED;
	EXPECT_TRUE(fail_each(w, &call, "first touch"));
	w->flags = MAP_PRIVATE;
	call.least = 1;
	EXPECT_TRUE(fail_each(w, &call, "first touch of a private copy"));
	close(w->fd);
}

/*
 * What endpoints are asked and told
 */
static void prepare_pair(struct __test_metadata *_metadata, struct world *w)
{
	w->fd = ring_open_as(w->name, SHMRING_ROLE_CONSUMER);
	w->peer = ring_open_as(w->name, SHMRING_ROLE_PRODUCER);
	ASSERT_LE(0, w->fd);
	ASSERT_LE(0, w->peer);
}

static void close_pair(struct world *w)
{
	close(w->fd);
	close(w->peer);
}

static int run_info(struct world *w)
{
	struct shmring_info info;

	return ring_info(w->fd, &info);
}

static int run_wait_ready(struct world *w)
{
	__u32 events;

	return ring_wait(w->peer, 0, 0, SHMRING_WAIT_FOREVER, &events);
}

static int run_wait_armed(struct world *w)
{
	__u32 events;

	return ring_wait(w->fd, 0, 0, 0, &events);
}

static int run_wait_asleep(struct world *w)
{
	__u32 events;

	return ring_wait(w->fd, 0, 0, 1, &events);
}

static int run_kick(struct world *w)
{
	return ring_ioctl(w->fd, SHMRING_IOC_KICK, NULL);
}

static int run_kick_wait(struct world *w)
{
	__u32 events;

	return ring_kick_wait(w->fd, w->peer, 1, &events);
}

static int run_eventfd(struct world *w)
{
	return ring_eventfd(w->fd, w->other);
}

static int run_no_eventfd(struct world *w)
{
	return ring_eventfd(w->fd, -1);
}

static void undo_eventfd(struct world *w)
{
	run_no_eventfd(w);
}

static void prepare_eventfd(struct world *w)
{
	run_eventfd(w);
}

TEST_F_TIMEOUT(fault, inv7_ioctls, 240)
{
	struct world *w = &self->w;
	struct call call = { .errors = bad_copy, .least = 1 };

	prepare_pair(_metadata, w);
	w->other = eventfd(0, EFD_CLOEXEC);
	call.run = run_info;
	EXPECT_TRUE(fail_each(w, &call, "INFO"));
	call.run = run_wait_ready;
	EXPECT_TRUE(fail_each(w, &call, "WAIT that is ready"));
	call.run = run_wait_armed;
	call.works = -EAGAIN;
	EXPECT_TRUE(fail_each(w, &call, "WAIT that arms"));
	call.run = run_wait_asleep;
	call.works = -ETIMEDOUT;
	EXPECT_TRUE(fail_each(w, &call, "WAIT that sleeps"));
	call.run = run_kick_wait;
	EXPECT_TRUE(fail_each(w, &call, "KICK_WAIT"));
	call.works = 0;
	call.run = run_eventfd;
	call.undo = undo_eventfd;
	EXPECT_TRUE(fail_each(w, &call, "EVENTFD"));
	call.prepare = prepare_eventfd;
	call.run = run_no_eventfd;
	call.undo = NULL;
	EXPECT_TRUE(fail_each(w, &call, "EVENTFD -1"));
	/* Nothing in it can fail. */
	call = (struct call) { .run = run_kick, .errors = no_error };
	EXPECT_TRUE(fail_each(w, &call, "KICK"));
	close(w->other);
	close_pair(w);
}

static char record[64] = "a record";

static int run_read(struct world *w)
{
	ssize_t ret = read(w->fd, record, sizeof(record));

	return ret < 0 ? -errno : ret;
}

static int run_write(struct world *w)
{
	ssize_t ret = write(w->peer, record, sizeof(record));

	return ret < 0 ? -errno : ret;
}

static void prepare_read(struct world *w)
{
	run_write(w);
}

static void undo_write(struct world *w)
{
	run_read(w);
}

TEST_F_TIMEOUT(fault, inv7_read_write, 240)
{
	struct world *w = &self->w;
	struct call call = {
		.works = sizeof(record),
		.errors = bad_copy,
		.least = 1,
	};

	prepare_pair(_metadata, w);
	call.prepare = prepare_read;
	call.run = run_read;
	EXPECT_TRUE(fail_each(w, &call, "read"));
	call.prepare = NULL;
	call.run = run_write;
	call.undo = undo_write;
	EXPECT_TRUE(fail_each(w, &call, "write"));
	EXPECT_STREQ("a record", record);
	close_pair(w);
}

static int run_poll(struct world *w)
{
	struct pollfd pollfd = { .fd = w->fd, .events = POLLIN };
	int ret = poll(&pollfd, 1, 0);

	return ret < 0 ? -errno : ret;
}

static int run_epoll_add(struct world *w)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	return epoll_ctl(w->other, EPOLL_CTL_ADD, w->fd, &event) ? -errno : 0;
}

static void undo_epoll_add(struct world *w)
{
	epoll_ctl(w->other, EPOLL_CTL_DEL, w->fd, NULL);
}

static int run_epoll_wait(struct world *w)
{
	struct epoll_event event;
	int ret = epoll_wait(w->other, &event, 1, 0);

	return ret < 0 ? -errno : ret;
}

TEST_F_TIMEOUT(fault, inv7_poll, 240)
{
	struct world *w = &self->w;
	struct call call = { .errors = no_memory, .least = 1 };

	prepare_pair(_metadata, w);
	w->other = epoll_create1(EPOLL_CLOEXEC);
	call.run = run_poll;
	EXPECT_TRUE(fail_each(w, &call, "poll"));
	call.run = run_epoll_add;
	call.undo = undo_epoll_add;
	call.least = 2;
	EXPECT_TRUE(fail_each(w, &call, "epoll_ctl"));
	run_epoll_add(w);
	call = (struct call) { .run = run_epoll_wait, .errors = no_memory };
	EXPECT_TRUE(fail_each(w, &call, "epoll_wait"));
	close(w->other);
	close_pair(w);
}

/*
 * What is published
 */
static int read_all(const char *path)
{
	static char text[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	int ret;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, text, sizeof(text))) > 0)
		;
	ret = n < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static int run_read_file(struct world *w)
{
	return read_all(w->path);
}

static int run_store(struct world *w)
{
	return file_put(w->path, "50\n");
}

TEST_F_TIMEOUT(fault, inv7_sysfs_and_procfs, 240)
{
	struct world *w = &self->w;
	struct call call = {
		.run = run_read_file,
		.errors = no_memory,
		.least = 3,
	};
	char folder[128];
	struct dirent *entry;
	int files = 0;
	DIR *dir;

	snprintf(folder, sizeof(folder), "/sys/class/shmring/%s", w->name);
	dir = opendir(folder);
	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_REG || !strcmp(entry->d_name, "uevent"))
			continue;
		snprintf(w->path, sizeof(w->path), "%s/%s", folder,
			 entry->d_name);
		EXPECT_TRUE(fail_each(w, &call, entry->d_name));
		files++;
	}
	closedir(dir);
	EXPECT_LE(22, files);

	snprintf(w->path, sizeof(w->path), "%s/high_water", folder);
	call.run = run_store;
	EXPECT_TRUE(fail_each(w, &call, "high_water, written"));
	call.run = run_read_file;
	snprintf(w->path, sizeof(w->path), "/proc/shmring");
	EXPECT_TRUE(fail_each(w, &call, "/proc/shmring"));
}

/* A socket each time, on which no old answer lies. */
static void prepare_talk(struct world *w)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	w->other = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (connect(w->other, (struct sockaddr *)&kernel, sizeof(kernel)))
		abort();
}

/* The kernel answers within send(). 0, or the error that came back. */
static int run_talk(struct world *w)
{
	static union {
		struct nlmsghdr header;
		char bytes[32768];
	} answer;
	struct nlmsghdr *request = nlmsg_hdr(w->request);

	if (send(w->other, request, request->nlmsg_len, 0) < 0 ||
	    recv(w->other, &answer, sizeof(answer), MSG_DONTWAIT) < 0)
		return -errno;
	if (answer.header.nlmsg_type != NLMSG_ERROR)
		return 0;
	return ((struct nlmsgerr *)NLMSG_DATA(&answer.header))->error;
}

static void undo_talk(struct world *w)
{
	close(w->other);
}

static void fail_request(struct __test_metadata *_metadata, struct world *w,
			 const char *what)
{
	nl_complete_msg(w->listener.sk, w->request);
	/* The kernel fills in whose it is. */
	nlmsg_hdr(w->request)->nlmsg_pid = 0;
	EXPECT_TRUE(fail_each(w, &(struct call) {
		.prepare = prepare_talk,
		.run = run_talk,
		.undo = undo_talk,
		.errors = no_reply,
		.least = 5,
	}, what));
	nlmsg_free(w->request);
}

TEST_F_TIMEOUT(fault, inv7_netlink, 240)
{
	struct world *w = &self->w;

	w->request = client_request(&w->listener, SHMRING_CMD_RING_GET, 0);
	nla_put_string(w->request, SHMRING_A_RING_NAME, w->name);
	fail_request(_metadata, w, "RING_GET");

	w->request = client_request(&w->listener, SHMRING_CMD_RING_GET,
				    NLM_F_DUMP);
	fail_request(_metadata, w, "RING_GET, dump");

	w->request = client_request(&w->listener, SHMRING_CMD_RING_SET,
				    NLM_F_ACK);
	nla_put_string(w->request, SHMRING_A_RING_NAME, w->name);
	nla_put_u32(w->request, SHMRING_A_RING_HIGH_WATER, MARK);
	fail_request(_metadata, w, "RING_SET");
}

/*
 * Create and destroy, in a control group: what is charged to it and not a slab
 * object is a ring's page.
 */
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
	world_open(_metadata, &self->w);
	ring_defaults(create, self->w.name);
	create->ring_bytes = RING_PAGES * page_size();
	create->record_size = variant->record_size;
	create->flags = variant->flags;
	create->node = variant->node;
	create->high_water = MARK;

	file_put(CGROUPS "cgroup.subtree_control", "+memory");
	mkdir(CGROUP, 0755);
	self->in_cgroup = !file_put(CGROUP "/cgroup.procs", "0");
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
	expect_nothing_left(_metadata);
	file_put(CGROUPS "cgroup.procs", "0");
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
	return ring_ioctl(w->ctl, SHMRING_IOC_CREATE, &w->create);
}

static int run_destroy(struct world *w)
{
	struct shmring_destroy destroy = { .size = sizeof(destroy) };

	memcpy(destroy.name, w->name, sizeof(destroy.name));
	return ring_ioctl(w->ctl, SHMRING_IOC_DESTROY, &destroy);
}

static void undo_create(struct world *w)
{
	run_destroy(w);
}

static void prepare_create(struct world *w)
{
	run_create(w);
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

TEST_F_TIMEOUT(create, inv7_create, 500)
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

TEST_F_TIMEOUT(create, inv7_destroy, 500)
{
	EXPECT_TRUE(fail_each(&self->w, &(struct call) {
		.prepare = prepare_create,
		.run = run_destroy,
		.check = check_gone,
		.errors = bad_copy,
		.least = 3,
		.news = SHMRING_CMD_RING_DEL_NTF,
	}, "DESTROY"));
}

static void prepare_last(struct world *w)
{
	run_create(w);
	w->fd = ring_open_as(w->name, SHMRING_ROLE_CONSUMER);
}

TEST_F_TIMEOUT(create, inv7_last_close, 500)
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

/*
 * Loading the module
 */
FIXTURE(load) {};

static void *image;
static off_t image_bytes;

/* The module as a file: where the runner says, or where modprobe finds it. */
static int open_module(void)
{
	const char *path = getenv("SHMRING_MODULE");
	char line[512] = "";
	FILE *modinfo;

	if (!path) {
		modinfo = popen("PATH=$PATH:/usr/sbin:/sbin modinfo -n shmring 2>/dev/null",
				"r");
		if (fgets(line, sizeof(line), modinfo))
			line[strcspn(line, "\n")] = 0;
		pclose(modinfo);
		path = line;
	}
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int load(const char *args)
{
	return syscall(SYS_init_module, image, image_bytes, args) ? -errno : 0;
}

static int unload(void)
{
	return syscall(SYS_delete_module, "shmring", O_NONBLOCK) ? -errno : 0;
}

FIXTURE_SETUP(load)
{
	const char *why = unusable() ?: faults_unusable();
	int fd = open_module();

	if (!why && fd < 0)
		why = "no shmring.ko: say where in SHMRING_MODULE";
	if (why)
		SKIP(return, "%s", why);
	image_bytes = lseek(fd, 0, SEEK_END);
	image = mmap(NULL, image_bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE,
		     fd, 0);
	ASSERT_NE(MAP_FAILED, image);
	close(fd);
	ASSERT_EQ(0, mlockall(MCL_CURRENT));
}

FIXTURE_TEARDOWN(load)
{
	if (image && access("/sys/module/shmring", F_OK))
		EXPECT_EQ(0, load(""));
	if (image)
		expect_nothing_left(_metadata);
}

static bool registered(void)
{
	return !access("/sys/module/shmring", F_OK) ||
	       !access("/sys/class/shmring", F_OK) ||
	       !access("/sys/class/misc/shmring", F_OK) ||
	       !access("/proc/shmring", F_OK) ||
	       lines_with("/proc/devices", "shmring");
}

/*
 * The module's own faults alone: the loader has more than it, and not always the
 * same number, which would make some be left out. So would the page that a cache
 * takes now and then. Where modules lie is known, where this one will be is not.
 */
static int faults_of_modules(void)
{
	const unsigned long around = 1UL << 24;
	FILE *modules = fopen("/proc/modules", "r");
	unsigned long at = 0;
	char line[256];

	while (!at && fgets(line, sizeof(line), modules))
		if (!strncmp(line, "shmring ", 8))
			sscanf(line, "%*s %*s %*s %*s %*s %lx", &at);
	fclose(modules);
	at &= ~(around - 1);
	return file_put(DEBUGFS "fail_page_alloc/min-order", "64") ?:
	       faults_of(at, at + 2 * around);
}

/* The module is there as a whole, or not at all. */
static bool load_once(unsigned int nth, bool *hit, bool *failed)
{
	int ret;

	arm(nth);
	ret = load("");
	*hit = !disarm();
	*failed = ret;
	if (ret)
		return *hit && documented(ret, no_memory) && !registered();
	/* The misc device's core makes ctl elsewhere when its name fails. */
	if (*hit)
		unlink("/dev/shmring");
	return !unload();
}

TEST_F_TIMEOUT(load, inv7_load, 500)
{
	unsigned int nth, failures = 0;
	bool hit = true, failed;

	if (faults_of_modules())
		SKIP(return, "no FAULT_INJECTION_STACKTRACE_FILTER in this kernel");
	ASSERT_EQ(0, unload());
	for (nth = 0; hit; failures += failed)
		ASSERT_TRUE(load_once(++nth, &hit, &failed)) {
			TH_LOG("load with fault %u", nth);
		}
	TH_LOG("load: %u faults injected, %u of them failed it",
	       nth - 1, failures);
	EXPECT_LT(10, failures);
}

/*
 * What nobody points to any more: kmemleak says it, of all that was done before.
 */
FIXTURE(leaks) {};

#define KMEMLEAK DEBUGFS "kmemleak"

FIXTURE_SETUP(leaks)
{
	if (access(KMEMLEAK, F_OK))
		SKIP(return, "no DEBUG_KMEMLEAK in this kernel");
}

FIXTURE_TEARDOWN(leaks)
{
}

TEST_F_TIMEOUT(leaks, inv7_kmemleak, 500)
{
	FILE *report;
	char line[256];
	int leaks = 0;

	/*
	 * It tells of what is five seconds old, and did not change since the
	 * scan before: it takes two.
	 */
	sleep(6);
	ASSERT_EQ(0, file_put(KMEMLEAK, "scan"));
	ASSERT_EQ(0, file_put(KMEMLEAK, "scan"));
	report = fopen(KMEMLEAK, "r");
	ASSERT_NE(NULL, report);
	while (fgets(line, sizeof(line), report)) {
		fprintf(stderr, "# %s", line);
		leaks += !strncmp(line, "unreferenced", 12);
	}
	fclose(report);
	EXPECT_EQ(0, leaks);
}

TEST_HARNESS_MAIN
