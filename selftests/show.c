// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysfs, procfs and uevents: each by itself, and against Netlink while a ring
 * is at work.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest_harness.h"
#include "shmring_nl.h"
#include "shmring_test.h"

#define GUARD_MS	60000
#define LOOKS		200	/* at a ring that is at work */
#define READS		50	/* of /proc/shmring while rings come and go */
#define STEADY		60	/* rings that stay meanwhile */

/* A line of /proc/shmring. */
struct line {
	char name[SHMRING_NAME_MAX];
	__u64 size;
	__u32 record_size;
	__s32 node;
	__u64 head;
	__u64 tail;
	__u64 used;
	char producer[16];
	char consumer[16];
	__u64 waits;
	__u64 wakeups;
	__u64 kicks;
	__u64 eventfd_signals;
	__u64 peer_deaths;
	__u64 stalls_full;
	__u64 stalls_empty;
};

#define LINE_FIELDS 16

FIXTURE(show)
{
	char name[SHMRING_NAME_MAX];
	struct nl_client client;
};

FIXTURE_SETUP(show)
{
	const char *why = unusable();

	if (why)
		SKIP(return, "%s", why);
	ring_name(self->name);
	ASSERT_EQ(0, client_open(&self->client));
	ASSERT_EQ(0, ring_create(self->name, page_size(), 8));
}

FIXTURE_TEARDOWN(show)
{
	if (ring_exists(self->name))
		EXPECT_EQ(0, ring_destroy(self->name));
	client_close(&self->client);
}

/*
 * The three ways to ask
 */
static int read_file(const char *path, char *buf, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	while ((got = read(fd, buf + n, room - 1 - n)) > 0)
		n += got;
	close(fd);
	buf[n] = 0;
	return got < 0 ? -errno : (int)n;
}

static void sysfs_path(char path[128], const char *ring, const char *file)
{
	snprintf(path, 128, "/sys/class/shmring/%s/%s", ring, file);
}

/* The content, without the newline at its end. */
static const char *sysfs_text(const char *ring, const char *file)
{
	static char text[256];
	char path[128];
	int n;

	sysfs_path(path, ring, file);
	n = read_file(path, text, sizeof(text));
	if (n <= 0 || text[n - 1] != '\n')
		return "(no line)";
	text[n - 1] = 0;
	return text;
}

static __u64 sysfs(const char *ring, const char *file)
{
	return strtoull(sysfs_text(ring, file), NULL, 10);
}

static int parse_line(const char *text, struct line *line)
{
	return sscanf(text,
		      "%31s %llu %u %d %llu %llu %llu %15s %15s %llu %llu %llu %llu %llu %llu %llu",
		      line->name, &line->size, &line->record_size, &line->node,
		      &line->head, &line->tail, &line->used, line->producer,
		      line->consumer, &line->waits, &line->wakeups,
		      &line->kicks, &line->eventfd_signals, &line->peer_deaths,
		      &line->stalls_full, &line->stalls_empty) == LINE_FIELDS ?
	       0 : -EINVAL;
}

/* All of /proc/shmring, @chunk bytes a time. */
static char *read_proc(size_t chunk)
{
	int fd = open("/proc/shmring", O_RDONLY | O_CLOEXEC);
	size_t n = 0, room = 0;
	char *buf = NULL, *more;
	ssize_t got;

	do {
		if (room - n < chunk + 1) {
			room = 2 * room + chunk + 1;
			more = realloc(buf, room);
			CHILD_ASSERT(more);
			buf = more;
		}
		got = read(fd, buf + n, chunk);
		n += got > 0 ? got : 0;
	} while (got > 0);
	close(fd);
	buf[n] = 0;
	return buf;
}

static int proc_line(const char *name, struct line *line)
{
	char *all = read_proc(4096), *text;
	int err = -ENOENT;

	for (text = strtok(all, "\n"); text && err; text = strtok(NULL, "\n"))
		if (!parse_line(text, line) && !strcmp(line->name, name))
			err = 0;
	free(all);
	return err;
}

/*
 * sysfs
 */

/* Of all nodes: who creates a ring of any node may move to another's CPU. */
static unsigned int sum_of_pages(const char *text)
{
	unsigned int node, pages, sum = 0;
	int n;

	for (; sscanf(text, "%u:%u%n", &node, &pages, &n) == 2; text += n)
		sum += pages;
	return sum;
}

TEST_F(show, sysfs_tells_the_geometry)
{
	struct timespec now;

	EXPECT_EQ(page_size(), sysfs(self->name, "size"));
	EXPECT_EQ(8, sysfs(self->name, "record_size"));
	EXPECT_STREQ("0x0", sysfs_text(self->name, "flags"));
	EXPECT_STREQ("-1", sysfs_text(self->name, "node"));
	EXPECT_EQ(1 + 3, sum_of_pages(sysfs_text(self->name, "numa_pages")));
	EXPECT_STREQ("never", sysfs_text(self->name, "producer"));
	EXPECT_EQ(0, sysfs(self->name, "producer_pid"));
	/* time() is that of the last tick, which may be before the ring. */
	ASSERT_EQ(0, clock_gettime(CLOCK_REALTIME, &now));
	EXPECT_GE(now.tv_sec, sysfs(self->name, "created"));
}

static int store(const char *ring, const char *text)
{
	char path[128];
	int fd, err;

	sysfs_path(path, ring, "high_water");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

TEST_F(show, sysfs_sets_the_high_water_mark)
{
	EXPECT_EQ(0, sysfs(self->name, "high_water"));
	EXPECT_EQ(0, store(self->name, "75\n"));
	EXPECT_EQ(75, sysfs(self->name, "high_water"));
	EXPECT_EQ(-EINVAL, store(self->name, "101\n"));
	EXPECT_EQ(-EINVAL, store(self->name, "-1\n"));
	EXPECT_EQ(-EINVAL, store(self->name, "half\n"));
	EXPECT_EQ(-ERANGE, store(self->name, "99999999999\n"));
	EXPECT_EQ(75, sysfs(self->name, "high_water"));
}

/* An open file of a ring that is gone ends in an error, not in its memory. */
TEST_F(show, sysfs_of_a_destroyed_ring_is_enodev)
{
	char path[128], byte;
	int fd;

	sysfs_path(path, self->name, "head");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ring_destroy(self->name));
	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_EQ(ENODEV, errno);
	close(fd);
}

/*
 * procfs
 */
/* Every line whole, and each ring that stayed on one of them. */
static int check_table(char *all)
{
	char *text, *rest = all, name[SHMRING_NAME_MAX];
	struct line line;
	int steady = 0;

	text = strsep(&rest, "\n");
	if (!text || strncmp(text, "name ", 5))
		return -1;
	while ((text = strsep(&rest, "\n")) && *text) {
		if (parse_line(text, &line))
			return -1;
		steady_name(name, steady);
		if (!strcmp(line.name, name))
			steady++;
	}
	return steady;
}

/* A reader and who makes rings take turns, which takes long under KCSAN. */
TEST_F_TIMEOUT(show, proc_has_no_torn_line, HANG)
{
	static const size_t chunk[] = { 1, 100, 4096, 65536 };
	char name[SHMRING_NAME_MAX], *all;
	pid_t churn;
	int i;

	for (i = 0; i < STEADY; i++) {
		steady_name(name, i);
		ASSERT_EQ(0, ring_create(name, page_size(), 8));
	}
	churn = start_churn();
	for (i = 0; i < READS; i++) {
		all = read_proc(chunk[i % 4]);
		EXPECT_EQ(STEADY, check_table(all));
		free(all);
	}
	stop_churn(churn);
	for (i = 0; i < STEADY; i++) {
		steady_name(name, i);
		EXPECT_EQ(0, ring_destroy(name));
	}
}

TEST_F(show, proc_is_for_reading_alone)
{
	struct stat st;
	int fd;

	ASSERT_EQ(0, stat("/proc/shmring", &st));
	EXPECT_EQ(S_IFREG | 0444, st.st_mode);
	/* Root may open it, but there is nothing to write to. */
	fd = open("/proc/shmring", O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, write(fd, "x", 1));
	close(fd);
}

/*
 * All three together
 */
static void expect_same(struct __test_metadata *_metadata, const char *name,
			const char *file, __u64 proc, __u64 netlink)
{
	EXPECT_EQ(proc, netlink) {
		TH_LOG("%s: procfs, Netlink", file);
	}
	EXPECT_EQ(proc, sysfs(name, file)) {
		TH_LOG("%s: procfs, sysfs", file);
	}
}

/* Of a ring that rests, they say the same. */
static void expect_all_same(struct __test_metadata *_metadata,
			    struct nl_client *client, const char *name)
{
	const struct nl_side *p, *c;
	struct nl_ring ring;
	struct line line;

	ASSERT_EQ(0, client_get(client, name, &ring));
	ASSERT_EQ(0, proc_line(name, &line));
	p = &ring.side[0];
	c = &ring.side[1];
#define SAME(file, netlink) \
	expect_same(_metadata, name, #file, line.file, netlink)
	SAME(size, ring.size);
	SAME(record_size, ring.record_size);
	SAME(head, ring.head);
	SAME(tail, ring.tail);
	SAME(used, ring.used);
	SAME(waits, p->waits + c->waits);
	SAME(wakeups, p->wakeups + c->wakeups);
	SAME(kicks, p->kicks + c->kicks);
	SAME(eventfd_signals, p->eventfd_signals + c->eventfd_signals);
	SAME(peer_deaths, p->deaths + c->deaths);
	SAME(stalls_full, p->stalls);
	SAME(stalls_empty, c->stalls);
#undef SAME
	EXPECT_EQ(ring.id, sysfs(name, "id"));
	EXPECT_EQ(ring.created / 1000000000, sysfs(name, "created"));
	EXPECT_EQ(p->pid, sysfs(name, "producer_pid"));
	EXPECT_EQ(c->pid, sysfs(name, "consumer_pid"));
}

/* Moves records by read() and write(), which sleep and wake, to the peer's end. */
static pid_t start_side(const char *name, __u32 role)
{
	pid_t pid = fork();
	__u64 record = 0;
	int fd;

	if (pid)
		return pid;
	fd = ring_open_as(name, role);
	CHILD_ASSERT(fd >= 0);
	while ((role == SHMRING_ROLE_PRODUCER ? write(fd, &record, 8) :
						read(fd, &record, 8)) == 8)
		;
	_exit(0);
}

/* Asked one after the other, later is never less; and after all, the same. */
TEST_F(show, all_three_agree_under_load)
{
	pid_t producer = start_side(self->name, SHMRING_ROLE_PRODUCER);
	pid_t consumer = start_side(self->name, SHMRING_ROLE_CONSUMER);
	struct nl_ring first, last;
	__u64 head, kicks;
	struct line line;
	int i;

	do {
		ASSERT_EQ(0, client_get(&self->client, self->name, &first));
	} while (!first.tail);
	for (i = 0; i < LOOKS; i++) {
		ASSERT_EQ(0, client_get(&self->client, self->name, &first));
		head = sysfs(self->name, "head");
		kicks = sysfs(self->name, "kicks");
		ASSERT_EQ(0, proc_line(self->name, &line));
		ASSERT_EQ(0, client_get(&self->client, self->name, &last));
		EXPECT_LE(first.head, head);
		EXPECT_LE(head, line.head);
		EXPECT_LE(line.head, last.head);
		EXPECT_LE(first.side[0].kicks + first.side[1].kicks, kicks);
		EXPECT_LE(kicks, line.kicks);
		EXPECT_LE(line.used, line.size);
		EXPECT_EQ(producer, last.side[0].pid);
		EXPECT_EQ(producer, atoi(line.producer));
		EXPECT_EQ(consumer, atoi(line.consumer));
	}
	kill(consumer, SIGKILL);
	waitpid(consumer, NULL, 0);
	EXPECT_EQ(0, reap(producer));
	expect_all_same(_metadata, &self->client, self->name);
	EXPECT_LE(1, sysfs(self->name, "peer_deaths"));
	EXPECT_LT(0, sysfs(self->name, "waits"));
}

/*
 * uevents
 */
static int uevent_socket(void)
{
	struct sockaddr_nl addr = {
		.nl_family = AF_NETLINK,
		.nl_groups = 1,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			NETLINK_KOBJECT_UEVENT);

	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -errno;
	return fd;
}

static bool has_line(const char *buf, size_t n, const char *want)
{
	const char *at;

	for (at = buf; at < buf + n; at += strlen(at) + 1)
		if (!strcmp(at, want))
			return true;
	return false;
}

/* The next uevent of ring @name says @action; its variables are in @buf. */
static int next_uevent(int fd, const char *action, const char *name, char *buf,
		       size_t room)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char want[128];
	ssize_t n;

	snprintf(want, sizeof(want), "%s@/devices/virtual/shmring/%s", action,
		 name);
	do {
		if (poll(&pfd, 1, GUARD_MS) != 1)
			return -ETIMEDOUT;
		n = recv(fd, buf, room - 1, 0);
		if (n < 0)
			return -errno;
		buf[n] = 0;
	} while (strcmp(buf, want));
	return n;
}

TEST_F(show, uevents_carry_name_and_geometry)
{
	static const char * const action[] = { "add", "remove" };
	char buf[4096], want[64], name[SHMRING_NAME_MAX];
	int fd = uevent_socket();
	int i, n;

	ASSERT_LE(0, fd);
	ring_name(name);
	ASSERT_EQ(0, ring_create(name, page_size(), 24));
	ASSERT_EQ(0, ring_destroy(name));
	for (i = 0; i < 2; i++) {
		n = next_uevent(fd, action[i], name, buf, sizeof(buf));
		ASSERT_LT(0, n);
		snprintf(want, sizeof(want), "SHMRING_NAME=%s", name);
		EXPECT_TRUE(has_line(buf, n, want));
		snprintf(want, sizeof(want), "SHMRING_SIZE=%zu", page_size());
		EXPECT_TRUE(has_line(buf, n, want));
		EXPECT_TRUE(has_line(buf, n, "SHMRING_RECORD_SIZE=24"));
		EXPECT_TRUE(has_line(buf, n, "SHMRING_NODE=-1"));
		EXPECT_TRUE(has_line(buf, n, "SUBSYSTEM=shmring"));
	}
	close(fd);
}

TEST_HARNESS_MAIN
