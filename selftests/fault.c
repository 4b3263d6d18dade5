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
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include <netlink/genl/genl.h>

#include "kselftest_harness.h"
#include "shmring_fault.h"

#define RING_PAGES	8
#define MARK		50	/* per cent */

/* A reply for which there was no memory is lost, of which the socket tells. */
static const int no_reply[] = { ENOMEM, EFAULT, ENOBUFS, 0 };

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

FIXTURE_SETUP(fault)
{
	const char *why = unusable() ?: faults_unusable();

	if (why)
		SKIP(return, "%s", why);
	ASSERT_TRUE(world_open(&self->w));
	ASSERT_EQ(0, ring_create(self->w.name, RING_PAGES * page_size(),
				 variant->record_size));
}

FIXTURE_TEARDOWN(fault)
{
	if (!self->w.name[0])
		return;
	EXPECT_EQ(0, ring_destroy(self->w.name));
	world_close(&self->w);
	EXPECT_TRUE(nothing_left());
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

TEST_F_TIMEOUT(fault, inv7_open, HANG)
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
	w->peer = ring_attach(w->fd, SHMRING_ROLE_CONSUMER);
	return w->peer < 0 ? w->peer : 0;
}

static void close_pair(struct world *w)
{
	close(w->fd);
	close(w->peer);
}

TEST_F_TIMEOUT(fault, inv7_attach, HANG)
{
	EXPECT_TRUE(fail_each(&self->w, &(struct call) {
		.prepare = prepare_open,
		.run = run_attach,
		.undo = close_pair,
		.errors = no_memory,
		.least = 3,
		.news = SHMRING_CMD_ENDPOINT_ATTACH_NTF,
	}, "ATTACH"));
}

/* Nothing is mapped: the role goes with the descriptor. */
static void prepare_attached(struct world *w)
{
	w->fd = ring_open_as(w->name, SHMRING_ROLE_PRODUCER);
	ring_eventfd(w->fd, w->other);
}

TEST_F_TIMEOUT(fault, inv7_close, HANG)
{
	self->w.other = eventfd(0, EFD_CLOEXEC);
	EXPECT_TRUE(fail_each(&self->w, &(struct call) {
		.prepare = prepare_attached,
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

static int run_munmap(struct world *w)
{
	return munmap(w->addr, page_size()) ? -errno : 0;
}

static void unmap(struct world *w)
{
	run_munmap(w);
}

/* The role goes with its one mapping, though the descriptor stays. */
static void prepare_mapped(struct world *w)
{
	struct shmring_info info;

	prepare_attached(w);
	ring_info(w->fd, &info);
	w->prot = PROT_READ | PROT_WRITE;
	w->flags = MAP_SHARED;
	w->offset = info.producer_offset;
	run_mmap(w);
	READ_ONCE(*w->addr);
}

TEST_F_TIMEOUT(fault, inv7_munmap, HANG)
{
	self->w.other = eventfd(0, EFD_CLOEXEC);
	EXPECT_TRUE(fail_each(&self->w, &(struct call) {
		.prepare = prepare_mapped,
		.run = run_munmap,
		.undo = close_fd,
		.errors = no_memory,
		.least = 2,
		.news = SHMRING_CMD_ENDPOINT_DETACH_NTF,
	}, "munmap"));
	close(self->w.other);
}

TEST_F_TIMEOUT(fault, inv7_mmap, HANG)
{
	struct world *w = &self->w;
	struct endpoint ep;	/* keeps the role */
	struct shmring_info info;
	struct call call = {
		.run = run_mmap,
		.undo = unmap,
		.errors = no_memory,
		.least = 2,
	};

	ASSERT_EQ(0, endpoint_open(&ep, w->name, SHMRING_ROLE_PRODUCER));
	w->fd = ep.fd;
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
	endpoint_close(&ep);
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

TEST_F_TIMEOUT(fault, inv7_first_touch, HANG)
{
	struct world *w = &self->w;
	struct endpoint ep;	/* keeps the role */
	struct shmring_info info;
	struct call call = {
		.prepare = prepare_touch,
		.run = run_touch,
		.undo = unmap,
		.works = 'x',
		.errors = no_error,	/* the kernel tries again */
	};

	ASSERT_EQ(0, endpoint_open(&ep, w->name, SHMRING_ROLE_PRODUCER));
	w->fd = ep.fd;
	ASSERT_EQ(0, ring_info(w->fd, &info));
	w->prot = PROT_READ | PROT_WRITE;
	w->offset = info.data_offset;
	w->flags = MAP_SHARED;
	EXPECT_TRUE(fail_each(w, &call, "first touch"));
	w->flags = MAP_PRIVATE;
	call.least = 1;
	EXPECT_TRUE(fail_each(w, &call, "first touch of a private copy"));
	endpoint_close(&ep);
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

TEST_F_TIMEOUT(fault, inv7_ioctls, HANG)
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

TEST_F_TIMEOUT(fault, inv7_read_write, HANG)
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

TEST_F_TIMEOUT(fault, inv7_poll, HANG)
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
	return write_file(w->path, "50\n");
}

TEST_F_TIMEOUT(fault, inv7_sysfs_and_procfs, HANG)
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

TEST_F_TIMEOUT(fault, inv7_netlink, HANG)
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

TEST_HARNESS_MAIN
