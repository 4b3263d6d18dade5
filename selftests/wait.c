// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 1: no lost wakeup, for every way to sleep. Sleeps here have no
 * timeout: a wakeup that is lost hangs, and the harness' alarm ends the test.
 * Invariant 8: no system call while nobody sleeps.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

#define SLEEPS		5000
#define RECORDS		100000
#define LONG		20	/* times as many, where there is time */
#define BATCH		256	/* rounds between two looks at the sleeps */

enum way { BY_WAIT, BY_KICK_WAIT, BY_POLL, BY_EPOLL, BY_EPOLL_EDGE, BY_EVENTFD };

/* One side that sleeps: its endpoint and what its way of sleeping needs. */
struct sleeper {
	struct endpoint *ep;
	enum way way;
	int epfd;
	int eventfd;
	unsigned int turn;
	bool must_kick;
};

/* Where the two processes meet besides the ring. */
struct shared {
	__u64 enough;
	__u64 sleeps[2];
	__u64 last;
};

FIXTURE(wait)
{
	char name[SHMRING_NAME_MAX];
	char back[SHMRING_NAME_MAX];
	struct shared *shared;
};

FIXTURE_SETUP(wait)
{
	const char *why = unusable();

	if (why)
		SKIP(return, "%s", why);
	ring_name(self->name);
	ring_name(self->back);
	self->shared = shared_memory(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	self->shared->last = ~0ULL;
	self->shared->enough = rounds_up_to(LONG * SLEEPS, SLEEPS);
	/* One record fills a ring: its two sides sleep in turns. */
	ASSERT_EQ(0, ring_create(self->name, page_size(), page_size()));
	ASSERT_EQ(0, ring_create(self->back, page_size(), page_size()));
}

FIXTURE_TEARDOWN(wait)
{
	EXPECT_EQ(0, ring_destroy(self->name));
	EXPECT_EQ(0, ring_destroy(self->back));
}

static bool sleeper_init(struct sleeper *s, struct endpoint *ep, enum way way)
{
	struct epoll_event event = {
		.events = ep->role == SHMRING_ROLE_CONSUMER ? EPOLLIN : EPOLLOUT,
	};
	int watched = ep->fd;

	*s = (struct sleeper) { .ep = ep, .way = way, .epfd = -1 };
	if (way == BY_EVENTFD) {
		s->eventfd = eventfd(0, EFD_CLOEXEC);
		if (ring_eventfd(ep->fd, s->eventfd))
			return false;
		watched = s->eventfd;
		event.events = EPOLLIN;
	}
	if (way == BY_EPOLL_EDGE)
		event.events |= EPOLLET;
	s->epfd = epoll_create1(EPOLL_CLOEXEC);
	return !epoll_ctl(s->epfd, EPOLL_CTL_ADD, watched, &event);
}

/* Arms, and sleeps on the eventfd: by read and by epoll in turns. */
static bool sleep_on_eventfd(struct sleeper *s)
{
	struct epoll_event event;
	__u32 events;
	__u64 count;
	int ret;

	ret = ring_wait(s->ep->fd, 0, 0, 0, &events);
	if (ret != -EAGAIN)
		return !ret && events == SHMRING_EVENT_READY;
	if (s->turn++ % 2 && epoll_wait(s->epfd, &event, 1, -1) != 1)
		return false;
	return read(s->eventfd, &count, sizeof(count)) == sizeof(count);
}

/* One sleep; it may end early, and never when it should not. */
static bool sleep_once(struct sleeper *s)
{
	struct endpoint *ep = s->ep;
	struct epoll_event event;
	struct pollfd pollfd = {
		.fd = ep->fd,
		.events = ep->role == SHMRING_ROLE_CONSUMER ? POLLIN : POLLOUT,
	};
	__u32 events;

	switch (s->way) {
	case BY_WAIT:
		return !ring_wait(ep->fd, 0, 0, SHMRING_WAIT_FOREVER, &events) &&
		       events == SHMRING_EVENT_READY && endpoint_has(ep);
	case BY_KICK_WAIT:
		s->must_kick = false;
		return !ring_kick_wait(ep->fd, -1, SHMRING_WAIT_FOREVER,
				       &events) &&
		       events == SHMRING_EVENT_READY && endpoint_has(ep);
	case BY_POLL:
		return poll(&pollfd, 1, -1) == 1 &&
		       pollfd.revents == pollfd.events && endpoint_has(ep);
	case BY_EPOLL:
		return epoll_wait(s->epfd, &event, 1, -1) == 1 &&
		       endpoint_has(ep);
	case BY_EPOLL_EDGE:
		return epoll_wait(s->epfd, &event, 1, -1) == 1;
	case BY_EVENTFD:
		return sleep_on_eventfd(s);
	}
	return false;
}

/* Puts or takes record @n, of which the ring holds just one. */
static bool exchange(struct sleeper *s, __u64 n)
{
	struct endpoint *ep = s->ep;
	__u64 *first, *last;

	while (endpoint_has(ep) < ep->ring_bytes)
		if (!sleep_once(s))
			return false;
	first = (__u64 *)endpoint_at(ep);
	last = first + ep->ring_bytes / sizeof(*last) - 1;
	if (ep->role == SHMRING_ROLE_PRODUCER) {
		*first = n;
		*last = ~n;
	} else if (*first != n || *last != ~n) {
		return false;
	}
	/* KICK_WAIT kicks for the next sleep, unless there will be none. */
	if (s->way == BY_KICK_WAIT)
		endpoint_store(ep, ep->ring_bytes);
	else
		endpoint_move(ep, ep->ring_bytes);
	s->must_kick = true;
	return true;
}

static __u64 sleeps_so_far(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

static bool slept_enough(const struct shared *shared)
{
	return READ_ONCE(shared->sleeps[0]) +
	       READ_ONCE(shared->sleeps[1]) >=
	       shared->enough;
}

/* One side of a game that ends when both have slept often enough. */
static bool play(struct shared *shared, struct sleeper *s)
{
	bool producer = s->ep->role == SHMRING_ROLE_PRODUCER;
	__u64 start = sleeps_so_far();
	__u64 n;

	for (n = 0; n <= READ_ONCE(shared->last); n++) {
		jitter(2 * n + producer);
		if (n % BATCH == 0) {
			WRITE_ONCE(shared->sleeps[producer],
				   sleeps_so_far() - start);
			if (producer && slept_enough(shared))
				/* The other side sees it with this record. */
				WRITE_ONCE(shared->last, n);
		}
		if (!exchange(s, n))
			return false;
	}
	if (s->way == BY_KICK_WAIT && s->must_kick)
		ring_ioctl(s->ep->fd, SHMRING_IOC_KICK, NULL);
	return true;
}

/* In a child, which maps the ring by itself: its memory is its own. */
static pid_t spawn_player(const char *name, __u32 role, struct shared *shared,
			  enum way way)
{
	pid_t pid = spawn(role == SHMRING_ROLE_CONSUMER);
	struct endpoint ep;
	struct sleeper s;

	if (pid)
		return pid;
	CHILD_ASSERT(!endpoint_open(&ep, name, role));
	CHILD_ASSERT(sleeper_init(&s, &ep, way));
	/* The first to be done stays for the other: nobody sees a HUP. */
	CHILD_ASSERT(play(shared, &s));
	CHILD_ASSERT(!raise(SIGSTOP));
	_exit(0);
}

static int reap_player(pid_t pid)
{
	int status;

	waitpid(pid, &status, WUNTRACED);
	return WIFSTOPPED(status) ? 0 : -1;
}

static void play_by(struct __test_metadata *_metadata, const char *name,
		    struct shared *shared, enum way way)
{
	pid_t producer, consumer;

	producer = spawn_player(name, SHMRING_ROLE_PRODUCER, shared, way);
	consumer = spawn_player(name, SHMRING_ROLE_CONSUMER, shared, way);
	EXPECT_EQ(0, reap_player(producer));
	EXPECT_EQ(0, reap_player(consumer));
	kill(producer, SIGKILL);
	kill(consumer, SIGKILL);
	reap(producer);
	reap(consumer);
	TH_LOG("%llu + %llu sleeps, %llu records", shared->sleeps[0],
	       shared->sleeps[1], shared->last + 1);
}

TEST_F_TIMEOUT(wait, inv1_no_lost_wakeup_wait, HANG)
{
	play_by(_metadata, self->name, self->shared, BY_WAIT);
}

TEST_F_TIMEOUT(wait, inv1_no_lost_wakeup_kick_wait, HANG)
{
	self->shared->enough = rounds_up_to(LONG * SLEEPS / 5, SLEEPS / 5);
	play_by(_metadata, self->name, self->shared, BY_KICK_WAIT);
}

TEST_F_TIMEOUT(wait, inv1_no_lost_wakeup_poll, HANG)
{
	play_by(_metadata, self->name, self->shared, BY_POLL);
}

TEST_F_TIMEOUT(wait, inv1_no_lost_wakeup_epoll, HANG)
{
	play_by(_metadata, self->name, self->shared, BY_EPOLL);
}

TEST_F_TIMEOUT(wait, inv1_no_lost_wakeup_epoll_edge, HANG)
{
	self->shared->enough = rounds_up_to(LONG * SLEEPS / 5, SLEEPS / 5);
	play_by(_metadata, self->name, self->shared, BY_EPOLL_EDGE);
}

TEST_F_TIMEOUT(wait, inv1_no_lost_wakeup_eventfd, HANG)
{
	play_by(_metadata, self->name, self->shared, BY_EVENTFD);
}

/* The publishing thread is not the one that mapped the ring. */
struct player {
	struct shared *shared;
	struct sleeper s;
};

static void *play_in_thread(void *arg)
{
	struct player *player = arg;

	pin(1);
	return play(player->shared, &player->s) ? player : NULL;
}

TEST_F_TIMEOUT(wait, inv1_no_lost_wakeup_threads, HANG)
{
	struct player players[2] = {
		{ .shared = self->shared }, { .shared = self->shared },
	};
	struct endpoint producer, consumer;
	pthread_t thread;
	void *result;

	self->shared->enough = rounds_up_to(LONG * SLEEPS / 5, SLEEPS / 5);
	ASSERT_EQ(0, endpoint_open(&producer, self->name,
				   SHMRING_ROLE_PRODUCER));
	ASSERT_EQ(0, endpoint_open(&consumer, self->name,
				   SHMRING_ROLE_CONSUMER));
	ASSERT_TRUE(sleeper_init(&players[0].s, &producer, BY_WAIT));
	ASSERT_TRUE(sleeper_init(&players[1].s, &consumer, BY_WAIT));
	ASSERT_EQ(0, pthread_create(&thread, NULL, play_in_thread,
				    &players[1]));
	pin(0);
	EXPECT_TRUE(play(self->shared, &players[0].s));
	ASSERT_EQ(0, pthread_join(thread, &result));
	EXPECT_TRUE(!!result);
	endpoint_close(&producer);
	endpoint_close(&consumer);
}

/* Call and reply over two rings: each half is one system call. */
static bool call(struct endpoint *to, struct endpoint *from, __u64 n,
		 bool first)
{
	__u32 events;

	if (first) {
		*(__u64 *)endpoint_at(to) = n;
		endpoint_store(to, to->ring_bytes);
	}
	while (!endpoint_has(from))
		if (ring_kick_wait(from->fd, to->fd, SHMRING_WAIT_FOREVER,
				   &events))
			return false;
	if (*(__u64 *)endpoint_at(from) != n)
		return false;
	endpoint_store(from, from->ring_bytes);
	if (!first) {
		*(__u64 *)endpoint_at(to) = n;
		endpoint_store(to, to->ring_bytes);
	}
	return true;
}

TEST_F_TIMEOUT(wait, inv1_call_and_reply, HANG)
{
	struct endpoint to, from;
	__u64 n, calls = rounds(5000);
	pid_t pid;

	ASSERT_EQ(0, endpoint_open(&to, self->name, SHMRING_ROLE_PRODUCER));
	ASSERT_EQ(0, endpoint_open(&from, self->back, SHMRING_ROLE_CONSUMER));
	pid = spawn(1);
	if (!pid) {
		CHILD_ASSERT(!endpoint_open(&from, self->name,
					    SHMRING_ROLE_CONSUMER));
		CHILD_ASSERT(!endpoint_open(&to, self->back,
					    SHMRING_ROLE_PRODUCER));
		for (n = 0; n < calls; n++) {
			jitter(n);
			CHILD_ASSERT(call(&to, &from, n, false));
		}
		ring_ioctl(to.fd, SHMRING_IOC_KICK, NULL);
		_exit(0);
	}
	pin(0);
	for (n = 0; n < calls; n++) {
		jitter(~n);
		ASSERT_TRUE(call(&to, &from, n, true));
	}
	EXPECT_EQ(0, reap(pid));
	endpoint_close(&to);
	endpoint_close(&from);
}

static void *sleep_in_thread(void *sleeper)
{
	return sleep_once(sleeper) ? sleeper : NULL;
}

/* Kicks that mean nothing end no sleep; every sleeper of a side is woken. */
TEST_F(wait, inv1_all_sleepers_and_stray_kicks)
{
	static const enum way ways[] = { BY_WAIT, BY_POLL, BY_EPOLL, BY_WAIT };
	struct endpoint producer, consumer;
	struct sleeper sleeper[ARRAY_SIZE(ways)];
	pthread_t thread[ARRAY_SIZE(ways)];
	unsigned int i;
	void *slept;

	ASSERT_EQ(0, endpoint_open(&producer, self->name,
				   SHMRING_ROLE_PRODUCER));
	ASSERT_EQ(0, endpoint_open(&consumer, self->name,
				   SHMRING_ROLE_CONSUMER));
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		ASSERT_TRUE(sleeper_init(&sleeper[i], &consumer, ways[i]));
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, sleep_in_thread,
					    &sleeper[i]));
	}
	for (i = 0; i < rounds(5000); i++) {
		jitter(i);
		ASSERT_EQ(0, ring_ioctl(producer.fd, SHMRING_IOC_KICK, NULL));
	}
	endpoint_move(&producer, producer.ring_bytes);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		ASSERT_EQ(0, pthread_join(thread[i], &slept));
		EXPECT_EQ(&sleeper[i], slept);
	}
	endpoint_close(&producer);
	endpoint_close(&consumer);
}

FIXTURE(two)
{
	char name[SHMRING_NAME_MAX];
	struct endpoint producer;
	struct endpoint consumer;
};

FIXTURE_SETUP(two)
{
	const char *why = unusable();

	if (why)
		SKIP(return, "%s", why);
	ring_name(self->name);
	ASSERT_EQ(0, ring_create(self->name, page_size(), 64));
	ASSERT_EQ(0, endpoint_open(&self->producer, self->name,
				   SHMRING_ROLE_PRODUCER));
	ASSERT_EQ(0, endpoint_open(&self->consumer, self->name,
				   SHMRING_ROLE_CONSUMER));
}

FIXTURE_TEARDOWN(two)
{
	endpoint_close(&self->producer);
	endpoint_close(&self->consumer);
	EXPECT_EQ(0, ring_destroy(self->name));
}

TEST_F(two, inv1_want)
{
	struct endpoint *p = &self->producer, *c = &self->consumer;
	__u32 events;
	int i;

	c->ctl->want = 192;
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-EAGAIN, ring_wait(c->fd, 0, 192, 0, &events));
		EXPECT_EQ(0, polled(c->fd));
		if (i)
			EXPECT_EQ(0, ring_wait(c->fd, 0, 64, 0, &events));
		endpoint_move(p, 64);
	}
	EXPECT_EQ(0, ring_wait(c->fd, 0, 192, 0, &events));
	EXPECT_EQ(SHMRING_EVENT_READY, events);
	EXPECT_EQ(POLLIN, polled(c->fd));
	EXPECT_EQ(-EAGAIN, ring_wait(c->fd, 0, 193, 0, &events));
	endpoint_move(c, 192);

	/* The producer's, by space; more than there can be is all of it. */
	p->ctl->want = 0;
	EXPECT_EQ(0, ring_wait(p->fd, 0, page_size(), 0, &events));
	EXPECT_EQ(POLLOUT, polled(p->fd));
	endpoint_move(p, page_size());
	EXPECT_EQ(-EAGAIN, ring_wait(p->fd, 0, 0, 0, &events));
	EXPECT_EQ(0, polled(p->fd));
	endpoint_move(c, 64);
	EXPECT_EQ(0, ring_wait(p->fd, 0, 0, 0, &events));
	EXPECT_EQ(POLLOUT, polled(p->fd));
	p->ctl->want = ~0U;
	EXPECT_EQ(0, polled(p->fd));
	EXPECT_EQ(-EAGAIN, ring_wait(p->fd, 0, page_size(), 0, &events));
	endpoint_move(c, page_size() - 64);
	EXPECT_EQ(POLLOUT, polled(p->fd));
	EXPECT_EQ(0, ring_wait(p->fd, 0, page_size(), 0, &events));
}

TEST_F(two, inv1_want_sleeps_through_less)
{
	struct endpoint *p = &self->producer, *c = &self->consumer;
	__u32 events;
	pid_t pid;
	int i;

	endpoint_close(p);
	pid = spawn(1);
	if (!pid) {
		CHILD_ASSERT(!endpoint_open(p, self->name,
					    SHMRING_ROLE_PRODUCER));
		for (i = 0; i < 2000; i++) {
			while (endpoint_has(p) < 64)
				relax();
			jitter(i);
			endpoint_move(p, 64);
		}
		/* It stays until it was read: nobody hears of its end. */
		while (endpoint_has(p) < p->ring_bytes)
			relax();
		_exit(0);
	}
	pin(0);
	ASSERT_EQ(0, ring_wait(c->fd, SHMRING_WAIT_PEER, 0,
			       SHMRING_WAIT_FOREVER, &events));
	for (i = 0; i < 500; i++) {
		ASSERT_EQ(0, ring_wait(c->fd, 0, 256, SHMRING_WAIT_FOREVER,
				       &events));
		ASSERT_EQ(SHMRING_EVENT_READY, events);
		ASSERT_LE(256, endpoint_has(c));
		endpoint_move(c, 256);
	}
	EXPECT_EQ(0, reap(pid));
}

/* Who did not arm is left alone, and who did hears once. */
TEST_F(two, inv1_eventfd_once_per_arming)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct endpoint *p = &self->producer, *c = &self->consumer;
	__u32 events;
	__u64 count;
	int i;

	ASSERT_EQ(0, ring_eventfd(c->fd, fd));
	endpoint_move(p, 64);
	endpoint_move(p, 64);
	endpoint_move(c, 128);
	while (read(fd, &count, sizeof(count)) > 0)
		;
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(-EAGAIN, ring_wait(c->fd, 0, 0, 0, &events));
		ASSERT_EQ(-1, read(fd, &count, sizeof(count)));
		endpoint_move(p, 64);
		ASSERT_EQ(sizeof(count), read(fd, &count, sizeof(count)));
		ASSERT_EQ(1, count);
		endpoint_move(p, 64);
		ASSERT_EQ(-1, read(fd, &count, sizeof(count)));
		ASSERT_EQ(EAGAIN, errno);
		endpoint_move(c, 128);
	}
	EXPECT_EQ(0, ring_eventfd(c->fd, -1));
	EXPECT_EQ(-EAGAIN, ring_wait(c->fd, 0, 0, 0, &events));
	endpoint_move(p, 64);
	EXPECT_EQ(-1, read(fd, &count, sizeof(count)));
	close(fd);
}

/* A write(2) publishes as all others do: one kick for each arming. */
TEST_F(two, inv1_eventfd_once_per_arming_by_write)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct endpoint *p = &self->producer, *c = &self->consumer;
	char record[64] = "";
	__u32 events;
	__u64 count;
	int i;

	ASSERT_EQ(0, ring_eventfd(c->fd, fd));
	/* As someone may have armed before. */
	ASSERT_EQ(64, write(p->fd, record, 64));
	endpoint_store(c, 64);
	while (read(fd, &count, sizeof(count)) > 0)
		;
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(-EAGAIN, ring_wait(c->fd, 0, 0, 0, &events));
		ASSERT_EQ(64, write(p->fd, record, 64));
		ASSERT_EQ(64, write(p->fd, record, 64));
		ASSERT_EQ(64, write(p->fd, record, 64));
		ASSERT_EQ(sizeof(count), read(fd, &count, sizeof(count)));
		ASSERT_EQ(1, count);
		endpoint_store(c, 192);
	}
	/* The same of reads, for a producer. */
	EXPECT_EQ(0, ring_eventfd(c->fd, -1));
	ASSERT_EQ(0, ring_eventfd(p->fd, fd));
	endpoint_store(p, p->ring_bytes);
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(-EAGAIN, ring_wait(p->fd, 0, 192, 0, &events));
		ASSERT_EQ(64, read(c->fd, record, 64));
		ASSERT_EQ(64, read(c->fd, record, 64));
		ASSERT_EQ(64, read(c->fd, record, 64));
		ASSERT_EQ(sizeof(count), read(fd, &count, sizeof(count)));
		ASSERT_EQ(1, count);
		endpoint_store(p, 192);
	}
	close(fd);
}

/* What a side asked for goes with it, and binds nobody after it. */
TEST_F(two, inv1_want_ends_with_its_side)
{
	struct endpoint *p = &self->producer, *c = &self->consumer;

	c->ctl->want = page_size();
	c->ctl->poll_flags = SHMRING_POLL_PEER;
	p->ctl->want = page_size();
	endpoint_move(p, 64);
	endpoint_close(c);
	ASSERT_EQ(0, endpoint_open(c, self->name, SHMRING_ROLE_CONSUMER));
	EXPECT_EQ(0, c->ctl->want);
	EXPECT_EQ(0, c->ctl->poll_flags);
	EXPECT_EQ(POLLIN, polled(c->fd));
	/* The other side's wish is its own. */
	EXPECT_EQ(page_size(), c->peer_ctl->want);
	EXPECT_EQ(0, polled(p->fd));
	endpoint_close(p);
	ASSERT_EQ(0, endpoint_open(p, self->name, SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(POLLOUT, polled(p->fd));
}

/* An event loop that waits for the next peer, and for the one after it. */
TEST_F(two, inv3_poll_for_the_peer)
{
	struct endpoint *p = &self->producer, *c = &self->consumer;

	endpoint_move(p, 64);
	c->ctl->poll_epoch = READ_ONCE(c->info->epoch);
	c->ctl->poll_flags = SHMRING_POLL_PEER;
	EXPECT_EQ(POLLIN, polled(c->fd));
	endpoint_close(p);
	/* It came or went since: that is news, too, and no HUP. */
	EXPECT_EQ(POLLIN, polled(c->fd));
	c->ctl->poll_epoch = READ_ONCE(c->info->epoch);
	EXPECT_EQ(0, polled(c->fd));
	ASSERT_EQ(0, endpoint_open(p, self->name, SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(POLLIN, polled(c->fd));
	/* The same of a producer, whose ring is full. */
	endpoint_store(p, p->ring_bytes - 64);
	p->ctl->poll_epoch = READ_ONCE(p->info->epoch);
	p->ctl->poll_flags = SHMRING_POLL_PEER;
	EXPECT_EQ(POLLOUT, polled(p->fd));
	endpoint_close(c);
	p->ctl->poll_epoch = READ_ONCE(p->info->epoch);
	EXPECT_EQ(0, polled(p->fd));
	p->ctl->poll_flags = 0;
	EXPECT_EQ(POLLHUP | POLLERR, polled(p->fd));
	ASSERT_EQ(0, endpoint_open(c, self->name, SHMRING_ROLE_CONSUMER));
}

/* A sleeping poll for the peer is woken by its coming. */
TEST_F(two, inv3_poll_for_the_peer_sleeps)
{
	struct pollfd pollfd = { .fd = self->consumer.fd, .events = POLLIN };
	struct endpoint *c = &self->consumer;
	pid_t pid;
	int i;

	c->ctl->poll_flags = SHMRING_POLL_PEER;
	for (i = 0; i < 50; i++) {
		endpoint_close(&self->producer);
		c->ctl->poll_epoch = READ_ONCE(c->info->epoch);
		pid = spawn(1);
		if (!pid) {
			CHILD_ASSERT(poll(&pollfd, 1, -1) == 1);
			CHILD_ASSERT(pollfd.revents == POLLIN);
			_exit(0);
		}
		while (i % 2 && !is_asleep(pid)) {
			ASSERT_EQ(0, waitpid(pid, NULL, WNOHANG));
			relax();
		}
		ASSERT_EQ(0, endpoint_open(&self->producer, self->name,
					   SHMRING_ROLE_PRODUCER));
		ASSERT_EQ(0, reap(pid));
	}
}

TEST_F(two, inv1_wait_peer)
{
	__u32 events = 0;
	pid_t pid;
	int i;

	EXPECT_EQ(0, ring_wait(self->consumer.fd, SHMRING_WAIT_PEER, 0,
			       SHMRING_WAIT_FOREVER, &events));
	EXPECT_EQ(SHMRING_EVENT_READY, events);
	for (i = 0; i < 100; i++) {
		endpoint_close(&self->producer);
		/* Gone is not HUP here: it waits for the next. */
		ASSERT_EQ(-EAGAIN, ring_wait(self->consumer.fd,
					     SHMRING_WAIT_PEER, 0, 0, &events));
		pid = spawn(1);
		if (!pid) {
			CHILD_ASSERT(!ring_wait(self->consumer.fd,
						SHMRING_WAIT_PEER, 0,
						SHMRING_WAIT_FOREVER, &events));
			CHILD_ASSERT(events == SHMRING_EVENT_READY);
			_exit(0);
		}
		jitter(i);
		ASSERT_EQ(0, endpoint_open(&self->producer, self->name,
					   SHMRING_ROLE_PRODUCER));
		ASSERT_EQ(0, reap(pid));
	}
}

/* A peer that came and left before the sleeper looked was there all the same. */
TEST_F(two, inv3_wait_peer_by_epoch)
{
	__u32 epoch = READ_ONCE(self->consumer.info->epoch);
	__u32 events = 0;

	endpoint_close(&self->producer);
	EXPECT_EQ(0, ring_wait(self->consumer.fd, SHMRING_WAIT_PEER, epoch,
			       SHMRING_WAIT_FOREVER, &events));
	EXPECT_EQ(SHMRING_EVENT_READY | SHMRING_EVENT_HUP, events);
	epoch = READ_ONCE(self->consumer.info->epoch);
	EXPECT_EQ(-EAGAIN, ring_wait(self->consumer.fd, SHMRING_WAIT_PEER,
				     epoch, 0, &events));
	ASSERT_EQ(0, endpoint_open(&self->producer, self->name,
				   SHMRING_ROLE_PRODUCER));
	EXPECT_NE(epoch, READ_ONCE(self->consumer.info->epoch));
}

/* Attaches at the odd turns, and leaves at the even ones. */
static pid_t spawn_comer(const char *name, const __u64 *turn, __u64 turns)
{
	pid_t pid = spawn(1);
	int fd = -1;
	__u64 i;

	if (pid)
		return pid;
	for (i = 1; i <= turns; i++) {
		while (READ_ONCE(*turn) != i)
			relax();
		jitter(i);
		if (i % 2) {
			fd = ring_open_as(name, SHMRING_ROLE_PRODUCER);
			CHILD_ASSERT(fd >= 0);
		} else {
			close(fd);
		}
	}
	_exit(0);
}

/* The state is stored before the epoch: here, both are. Returns the new one. */
static __u32 await_move(const __u32 *epoch, __u32 before)
{
	__u32 now;

	while ((now = READ_ONCE(*epoch)) == before)
		relax();
	return now;
}

/* A peer that comes during the look is there, and not gone again. */
TEST_F_TIMEOUT(two, inv3_wait_peer_looks_while_it_comes, HANG)
{
	const __u32 *epoch_word = &self->consumer.info->epoch;
	__u64 *turn = shared_memory(sizeof(*turn));
	const __u64 turns = rounds(20000);
	__u32 epoch, events = 0;
	pid_t pid;
	int ret;

	ASSERT_TRUE(!!turn);
	endpoint_close(&self->producer);
	epoch = READ_ONCE(*epoch_word);
	pid = spawn_comer(self->name, turn, turns);
	pin(0);
	while (*turn < turns) {
		WRITE_ONCE(*turn, *turn + 1);
		do
			ret = ring_wait(self->consumer.fd, SHMRING_WAIT_PEER,
					epoch, 0, &events);
		while (ret == -EAGAIN);
		ASSERT_EQ(0, ret);
		ASSERT_EQ(SHMRING_EVENT_READY, events);
		epoch = await_move(epoch_word, epoch);

		WRITE_ONCE(*turn, *turn + 1);
		epoch = await_move(epoch_word, epoch);
	}
	EXPECT_EQ(0, reap(pid));
}

static void on_alarm(int signal)
{
	(void)signal;
}

TEST_F(two, inv9_signals_and_timeouts)
{
	struct itimerval tick = { { 0, 1000 }, { 0, 1000 } }, none = {};
	struct sigaction action = { .sa_handler = on_alarm };
	__u32 events;
	int i;

	for (i = 0; i < 20; i++)
		EXPECT_EQ(-ETIMEDOUT, ring_wait(self->consumer.fd, 0, 0,
						i * 50000 + 1, &events));
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &tick, NULL);
	EXPECT_EQ(-EINTR, ring_wait(self->consumer.fd, 0, 0,
				    SHMRING_WAIT_FOREVER, &events));
	EXPECT_EQ(-EINTR, ring_kick_wait(self->consumer.fd, -1,
					 SHMRING_WAIT_FOREVER, &events));
	EXPECT_EQ(-EINTR, ring_wait(self->consumer.fd, 0, 0,
				    0x7fffffffffffffffLL, &events));
	setitimer(ITIMER_REAL, &none, NULL);
}

/*
 * Until a point in time, which is not reached before it is there, and is then.
 * A wait for as long as until now would be interrupted again and again.
 */
TEST_F(two, inv9_absolute_timeouts)
{
	struct itimerval tick = { { 0, 100000 }, { 0, 100000 } }, none = {};
	struct sigaction action = { .sa_handler = on_alarm };
	__s64 at = clock_ns(CLOCK_MONOTONIC) + 3000000;
	__u32 events;
	int i, ret;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &tick, NULL);
	for (i = 0, ret = -EINTR; i < 100 && ret == -EINTR; i++)
		ret = ring_wait(self->consumer.fd, SHMRING_WAIT_ABSTIME, 0, at,
				&events);
	ASSERT_EQ(-ETIMEDOUT, ret);
	setitimer(ITIMER_REAL, &none, NULL);
	EXPECT_LE(at, clock_ns(CLOCK_MONOTONIC));
	/* What is over is no question of arming. */
	EXPECT_EQ(-ETIMEDOUT, ring_wait(self->consumer.fd, SHMRING_WAIT_ABSTIME,
					0, at, &events));
	EXPECT_EQ(-ETIMEDOUT, ring_wait(self->consumer.fd, SHMRING_WAIT_ABSTIME,
					0, 0, &events));
	EXPECT_EQ(-EINVAL, ring_wait(self->consumer.fd, SHMRING_WAIT_ABSTIME, 0,
				     -2, &events));
	endpoint_move(&self->producer, 64);
	EXPECT_EQ(0, ring_wait(self->consumer.fd, SHMRING_WAIT_ABSTIME, 0, at,
			       &events));
	EXPECT_EQ(SHMRING_EVENT_READY, events);
	EXPECT_EQ(0, ring_wait(self->consumer.fd, SHMRING_WAIT_ABSTIME, 0,
			       SHMRING_WAIT_FOREVER, &events));
	EXPECT_EQ(0, ring_wait(self->consumer.fd, SHMRING_WAIT_ABSTIME |
			       SHMRING_WAIT_PEER, 0, at, &events));
}

/* What a relative wait had left is there after a signal. */
TEST_F(two, inv9_time_left_after_a_signal)
{
	struct itimerval tick = { { 0, 1000 }, { 0, 1000 } }, none = {};
	struct sigaction action = { .sa_handler = on_alarm };
	const __s64 hour = 3600 * 1000000000LL;
	struct shmring_wait wait = { .size = sizeof(wait), .timeout_ns = hour };
	__s64 start, left, passed;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &tick, NULL);
	start = clock_ns(CLOCK_MONOTONIC);
	EXPECT_EQ(-EINTR, ring_ioctl(self->consumer.fd, SHMRING_IOC_WAIT,
				     &wait));
	passed = clock_ns(CLOCK_MONOTONIC) - start;
	left = wait.timeout_ns;
	EXPECT_GT(hour, left);
	EXPECT_LE(hour - passed, left);
	EXPECT_EQ(-EINTR, ring_ioctl(self->consumer.fd, SHMRING_IOC_WAIT,
				     &wait));
	EXPECT_GT(left, wait.timeout_ns);
	/* An absolute one is as it was. */
	wait.flags = SHMRING_WAIT_ABSTIME;
	wait.timeout_ns = start + hour;
	EXPECT_EQ(-EINTR, ring_ioctl(self->consumer.fd, SHMRING_IOC_WAIT,
				     &wait));
	EXPECT_EQ(start + hour, wait.timeout_ns);
	setitimer(ITIMER_REAL, &none, NULL);
}

/* From here on, any system call but the exit kills. */
static bool allow_only_exit(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit_group, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static pid_t stream_without_system_calls(const char *name, __u32 role)
{
	const __u64 records = rounds(RECORDS);
	pid_t pid = spawn(role);
	struct endpoint own, *ep = &own;
	__u64 n;

	if (pid)
		return pid;
	CHILD_ASSERT(!endpoint_open(ep, name, role));
	CHILD_ASSERT(allow_only_exit());
	for (n = 0; n < records; n++) {
		__u64 *record;

		while (endpoint_has(ep) < ep->record_size)
			relax();
		record = (__u64 *)endpoint_at(ep);
		if (ep->role == SHMRING_ROLE_PRODUCER)
			*record = mix(n);
		else if (*record != mix(n))
			_exit(1);
		endpoint_move(ep, ep->record_size);
	}
	_exit(0);
}

TEST_F_TIMEOUT(two, inv8_no_system_calls, HANG)
{
	pid_t producer, consumer, control;

	control = spawn(0);
	if (!control) {
		if (!allow_only_exit())
			_exit(KSFT_SKIP);
		syscall(SYS_getpid);
		_exit(0);
	}
	switch (reap(control)) {
	case 128 + SIGSYS:
		break;
	case KSFT_SKIP:
		SKIP(return, "no seccomp filters");
	default:
		EXPECT_TRUE(false);
	}
	endpoint_close(&self->producer);
	endpoint_close(&self->consumer);
	producer = stream_without_system_calls(self->name,
					       SHMRING_ROLE_PRODUCER);
	consumer = stream_without_system_calls(self->name,
					       SHMRING_ROLE_CONSUMER);
	EXPECT_EQ(0, reap(producer));
	EXPECT_EQ(0, reap(consumer));
	ASSERT_EQ(0, endpoint_open(&self->producer, self->name,
				   SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(rounds(RECORDS) * 64, self->producer.mine->pos);
	EXPECT_EQ(rounds(RECORDS) * 64, self->producer.peer->pos);
}

TEST_HARNESS_MAIN
