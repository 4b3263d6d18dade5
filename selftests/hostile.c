// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 4: the kernel trusts nothing shared. Garbage in every field that
 * user space can write, from both sides, while the system calls look at it:
 * each returns in time, with an errno that its documentation lists.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/time.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

#define SECONDS 15

/* What the kernel's taint must not gain: a bad page, an oops, a warning, ... */
#define TAINT_BAD 0x42a0

FIXTURE(hostile)
{
	char name[SHMRING_NAME_MAX];
	struct endpoint producer;
	struct endpoint consumer;
	bool *stop;
};

FIXTURE_VARIANT(hostile)
{
	__u32 record_size;
};

FIXTURE_VARIANT_ADD(hostile, any_length)
{
	.record_size = 0,
};

FIXTURE_VARIANT_ADD(hostile, fixed)
{
	.record_size = 56,
};

FIXTURE_SETUP(hostile)
{
	const char *why = unusable();

	if (why)
		SKIP(return, "%s", why);
	ring_name(self->name);
	ASSERT_EQ(0, ring_create(self->name, 2 * page_size(),
				 variant->record_size));
	ASSERT_EQ(0, endpoint_open(&self->producer, self->name,
				   SHMRING_ROLE_PRODUCER));
	ASSERT_EQ(0, endpoint_open(&self->consumer, self->name,
				   SHMRING_ROLE_CONSUMER));
	self->stop = shared_memory(sizeof(*self->stop));
	ASSERT_TRUE(!!self->stop);
}

FIXTURE_TEARDOWN(hostile)
{
	endpoint_close(&self->producer);
	endpoint_close(&self->consumer);
	EXPECT_EQ(0, ring_destroy(self->name));
}

static long long taint(void)
{
	return number_of("/proc/sys/kernel/tainted", "") & TAINT_BAD;
}

static bool stopped(const bool *stop)
{
	return READ_ONCE(*stop);
}

/* Values at the edges of what arithmetic on positions can do, and others. */
static __u64 nasty(__u64 seed, __u64 near)
{
	static const __u64 edges[] = {
		0, 1, 7, 8, 4095, 4096, 8191, 8192, 8193, 16384, 1ULL << 31,
		0xffffffff, 1ULL << 32, 1ULL << 63, ~0ULL, ~0ULL - 7,
		~0ULL - 8191,
	};
	__u64 r = mix(seed);

	switch (r % 4) {
	case 0:
		return edges[(r >> 8) % ARRAY_SIZE(edges)];
	case 1:
		return near + edges[(r >> 8) % ARRAY_SIZE(edges)];
	case 2:
		return near - edges[(r >> 8) % ARRAY_SIZE(edges)];
	default:
		return r;
	}
}

static void scribble_page(struct endpoint *ep, __u64 seed)
{
	struct shmring_ctl_page *page = ep->ctl;
	__u64 *words = (__u64 *)page;

	WRITE_ONCE(ep->mine->pos, nasty(seed, ep->peer->pos));
	switch (mix(~seed) % 8) {
	case 0:
		WRITE_ONCE(page->poll_flags, nasty(seed + 5, 0));
		break;
	case 1:
		WRITE_ONCE(page->poll_epoch, nasty(seed + 6, ep->info->epoch));
		break;
	case 2:
		WRITE_ONCE(page->want, nasty(seed + 2, 0));
		break;
	case 3:
		WRITE_ONCE(words[mix(seed + 4) % (ep->page / sizeof(*words))], mix(seed));
		break;
	case 4:
		WRITE_ONCE(ep->mine->pos, ep->peer->pos);
		break;
	}
}

/* Headers wherever a record could start, with every kind of length. */
static void scribble_data(struct endpoint *ep, __u64 seed)
{
	struct shmring_record *record;
	size_t at = mix(seed) % (ep->ring_bytes / sizeof(*record));

	record = (struct shmring_record *)ep->data + at;
	WRITE_ONCE(record->len, nasty(seed + 1, ep->ring_bytes));
	WRITE_ONCE(record->tag, mix(seed));
}

/*
 * struct part - who does something to an endpoint, or to both
 * @number: which part it plays
 */
struct part {
	struct endpoint *ep;
	const bool *stop;
	unsigned int number;
};

/* In the process that has the endpoint: nobody else has it writable. */
static void *scribbler(void *arg)
{
	const struct part *part = arg;
	struct endpoint *ep = part->ep;
	__u64 seed = part->number * 1000003ULL;
	int i;

	pin(part->number);
	while (!stopped(part->stop)) {
		for (i = 0; i < 64; i++, seed++) {
			scribble_page(ep, seed);
			if (ep->role == SHMRING_ROLE_PRODUCER)
				scribble_data(ep, seed);
			jitter(seed);
		}
	}
	return arg;
}

static int result(int ret)
{
	return ret < 0 ? -errno : ret;
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* Ends what would wait for ever, as it may. */
static void interrupt_me(void)
{
	struct itimerval tick = { { 0, 3000 }, { 0, 3000 } };
	struct sigaction action = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &tick, NULL);
}

static void waiter(struct endpoint *ep, const bool *stop)
{
	static const int errors[] = { EBADMSG, EAGAIN, ETIMEDOUT, EINTR, 0 };
	__u64 seed = getpid();
	__u32 events;

	interrupt_me();
	for (; !stopped(stop); seed++) {
		__u64 want = mix(seed) % (ep->ring_bytes + 1);
		__s64 timeout = (__s64)(mix(~seed) % 300000) - 1;

		CHILD_ASSERT(documented(ring_wait(ep->fd, 0, want, timeout,
						  &events), errors));
		CHILD_ASSERT(documented(ring_kick_wait(ep->fd, -1, timeout,
						       &events), errors));
		CHILD_ASSERT(documented(ring_ioctl(ep->fd, SHMRING_IOC_KICK,
						   NULL), errors + 4));
	}
	_exit(0);
}

static void reader(struct endpoint *ep, const bool *stop)
{
	static const int errors[] = { EBADMSG, EAGAIN, EMSGSIZE, EINTR, 0 };
	static char buffer[65536];
	__u64 seed = getpid();

	interrupt_me();
	for (; !stopped(stop); seed++) {
		size_t room = mix(seed) % (2 * ep->ring_bytes);
		int ret = result(read(ep->fd, buffer, room));

		CHILD_ASSERT(documented(ret, errors));
		CHILD_ASSERT(ret <= (int)room && ret <= (int)ep->ring_bytes);
	}
	_exit(0);
}

static void writer(struct endpoint *ep, const bool *stop)
{
	static const int errors[] = { EBADMSG, EAGAIN, EMSGSIZE, EINTR, 0 };
	static char buffer[65536];
	__u64 seed = getpid();

	interrupt_me();
	for (; !stopped(stop); seed++) {
		size_t len = seed % 3 && ep->record_size ?
			     ep->record_size : mix(seed) % (2 * ep->ring_bytes);

		CHILD_ASSERT(documented(result(write(ep->fd, buffer, len)),
					errors));
	}
	_exit(0);
}

static void poller(struct endpoint *ep, const bool *stop)
{
	const short any = POLLIN | POLLOUT | POLLERR | POLLHUP;
	struct pollfd pollfd = { .fd = ep->fd, .events = POLLIN | POLLOUT };
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	int epfd = epoll_create1(EPOLL_CLOEXEC);
	int fd = eventfd(0, EFD_CLOEXEC);

	CHILD_ASSERT(!epoll_ctl(epfd, EPOLL_CTL_ADD, ep->fd, &event));
	while (!stopped(stop)) {
		CHILD_ASSERT(poll(&pollfd, 1, 1) >= 0);
		CHILD_ASSERT(!(pollfd.revents & ~any));
		CHILD_ASSERT(epoll_wait(epfd, &event, 1, 1) >= 0);
		CHILD_ASSERT(!ring_eventfd(ep->fd, fd));
		CHILD_ASSERT(!ring_eventfd(ep->fd, -1));
	}
	_exit(0);
}

static void *mapper(void *arg)
{
	const struct part *part = arg;
	struct endpoint *ep = part->ep, other;

	while (!stopped(part->stop)) {
		CHILD_ASSERT(!endpoint_map(&other, dup(ep->fd)));
		CHILD_ASSERT(other.info->magic == SHMRING_MAGIC);
		CHILD_ASSERT(other.info->ring_bytes == ep->ring_bytes);
		madvise(other.data, other.data_bytes, MADV_DONTNEED);
		READ_ONCE(*other.data);
		endpoint_close(&other);
	}
	return arg;
}

/* Reads all that the kernel publishes of the ring. */
static void onlooker(const char *name, const bool *stop)
{
	char path[512], text[4096];
	unsigned long files = 0;
	struct dirent *entry;
	DIR *dir;
	int fd;

	while (!stopped(stop)) {
		snprintf(path, sizeof(path), "/sys/class/shmring/%s", name);
		dir = opendir(path);
		while (dir && (entry = readdir(dir))) {
			snprintf(path, sizeof(path), "/sys/class/shmring/%s/%s",
				 name, entry->d_name);
			fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
			while (fd >= 0 && read(fd, text, sizeof(text)) > 0)
				files++;
			close(fd);
		}
		if (dir)
			closedir(dir);
	}
	CHILD_ASSERT(files);
	_exit(0);
}

/* Those who only call can be processes of their own, with the descriptor. */
static void play(struct endpoint *ep, const char *name, const bool *stop,
		 unsigned int part)
{
	switch (part / 2) {
	case 0:
	case 1:
		waiter(ep, stop);
		break;
	case 2:
		part % 2 ? writer(ep, stop) : reader(ep, stop);
		break;
	case 3:
		poller(ep, stop);
		break;
	default:
		onlooker(name, stop);
		break;
	}
}

TEST_F_TIMEOUT(hostile, inv4_garbage, HANG)
{
	pthread_t thread[6];
	struct part parts[ARRAY_SIZE(thread)];
	long long before = taint();
	unsigned int part;
	__u32 events;
	pid_t pid[9], sleeper;
	void *played;

	for (part = 0; part < ARRAY_SIZE(pid); part++) {
		pid[part] = spawn(part / 2);
		if (!pid[part])
			play(part % 2 ? &self->producer : &self->consumer,
			     self->name, self->stop, part);
	}
	/* Whoever waits for ever can be killed all the same. */
	sleeper = spawn(0);
	if (!sleeper)
		for (;;)
			ring_wait(self->consumer.fd, SHMRING_WAIT_PEER, 0,
				  SHMRING_WAIT_FOREVER, &events);
	for (part = 0; part < ARRAY_SIZE(thread); part++) {
		parts[part] = (struct part) {
			.ep = part % 2 ? &self->producer : &self->consumer,
			.stop = self->stop,
			.number = part,
		};
		ASSERT_EQ(0, pthread_create(&thread[part], NULL,
					    part / 2 < 2 ? scribbler : mapper,
					    &parts[part]));
	}
	sleep(SECONDS);
	EXPECT_EQ(0, kill(sleeper, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, reap(sleeper));
	WRITE_ONCE(*self->stop, true);
	for (part = 0; part < ARRAY_SIZE(thread); part++) {
		EXPECT_EQ(0, pthread_join(thread[part], &played));
		EXPECT_EQ(&parts[part], played);
	}
	for (part = 0; part < ARRAY_SIZE(pid); part++)
		EXPECT_EQ(0, reap(pid[part])) {
			TH_LOG("part %u", part);
		}
	EXPECT_EQ(before, taint());
}

/* Positions that cannot be, one by one, and what each call says of them. */
TEST_F(hostile, inv4_contradictions)
{
	static const __u64 wrong[] = {
		8193, 8192 + 8, 1ULL << 32, 1ULL << 63, ~0ULL, ~0ULL - 4095,
	};
	struct endpoint *p = &self->producer, *c = &self->consumer;
	struct pollfd pollfd = { .events = POLLIN | POLLOUT };
	char buffer[256] = "";
	unsigned int i;
	__u32 events;

	ASSERT_EQ(0, fcntl(p->fd, F_SETFL, O_NONBLOCK));
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		p->mine->pos = wrong[i];
		EXPECT_EQ(-EBADMSG, ring_wait(c->fd, 0, 0, 0, &events));
		EXPECT_EQ(-EBADMSG, ring_wait(c->fd, 0, 0, -1, &events));
		/* To the producer, a consumer that stands still. */
		EXPECT_EQ(-EAGAIN, ring_wait(p->fd, 0, 0, 0, &events));
		EXPECT_EQ(-ETIMEDOUT, ring_kick_wait(p->fd, -1, 1, &events));
		pollfd.fd = c->fd;
		EXPECT_EQ(1, poll(&pollfd, 1, -1));
		EXPECT_EQ(POLLERR, pollfd.revents);
		pollfd.fd = p->fd;
		EXPECT_EQ(0, poll(&pollfd, 1, 0));
		EXPECT_EQ(-EAGAIN, result(write(p->fd, buffer, 56)));
		EXPECT_EQ(-EBADMSG, result(read(c->fd, buffer, 256)));
		/* It may have gone on to there. */
		c->mine->pos = 0;
	}
	/* It is not held against them. */
	p->mine->pos = 0;
	EXPECT_EQ(-EAGAIN, ring_wait(c->fd, 0, 0, 0, &events));
	EXPECT_EQ(56, write(p->fd, buffer, 56));
	EXPECT_EQ(56, read(c->fd, buffer, 256));
}

TEST_F(hostile, inv4_record_headers)
{
	static const __u32 wrong[] = {
		57, 64, 4096, 8192, 8193, 1 << 30, 0x7fffffff, 0x80000000,
		0xfffffff0, 0xfffffff7, 0xfffffff8, 0xffffffff,
	};
	struct endpoint *p = &self->producer, *c = &self->consumer;
	struct shmring_record *record = (struct shmring_record *)p->data;
	static char buffer[65536];
	unsigned int i;

	if (variant->record_size) {
		/* Less than a record cannot be there. */
		p->mine->pos = variant->record_size - 1;
		EXPECT_EQ(-EBADMSG, result(read(c->fd, buffer, 256)));
		return;
	}
	p->mine->pos = 64;
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		record->len = wrong[i];
		EXPECT_EQ(-EBADMSG, result(read(c->fd, buffer, 65536))) {
			TH_LOG("length %#x", wrong[i]);
		}
		/* All that was there is dropped. */
		EXPECT_EQ(64, c->mine->pos);
		c->mine->pos = 0;
	}
	p->mine->pos = 4;
	EXPECT_EQ(-EBADMSG, result(read(c->fd, buffer, 65536)));
	p->mine->pos = 64;
	record->len = 56;
	EXPECT_EQ(56, read(c->fd, buffer, 65536));
}

TEST_HARNESS_MAIN
