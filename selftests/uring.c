// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 1 for those who believe the key of a wake-up: io_uring and aio poll,
 * exclusive and edge-triggered epoll. What is not true is not told, and nobody
 * loses what comes after it.
 */
#include <liburing.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

#define RECORD		64
#define WAITERS		4

FIXTURE(uring)
{
	char name[SHMRING_NAME_MAX];
	struct endpoint producer;
	struct endpoint consumer;
	struct io_uring ring;
};

FIXTURE_SETUP(uring)
{
	const char *why = unusable();

	if (why)
		SKIP(return, "%s", why);
	ring_name(self->name);
	ASSERT_EQ(0, ring_create(self->name, page_size(), RECORD));
	ASSERT_EQ(0, endpoint_open(&self->producer, self->name,
				   SHMRING_ROLE_PRODUCER));
	ASSERT_EQ(0, endpoint_open(&self->consumer, self->name,
				   SHMRING_ROLE_CONSUMER));
	if (io_uring_queue_init(8, &self->ring, 0))
		SKIP(return, "no io_uring");
}

FIXTURE_TEARDOWN(uring)
{
	io_uring_queue_exit(&self->ring);
	endpoint_close(&self->producer);
	endpoint_close(&self->consumer);
	EXPECT_EQ(0, ring_destroy(self->name));
}

/* Adds a poll of @ep for what it waits for: once, or again and again. */
static int add_poll(struct io_uring *ring, const struct endpoint *ep,
		    bool multishot)
{
	short events = ep->role == SHMRING_ROLE_CONSUMER ? POLLIN : POLLOUT;
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	if (multishot)
		io_uring_prep_poll_multishot(sqe, ep->fd, events);
	else
		io_uring_prep_poll_add(sqe, ep->fd, events);
	return io_uring_submit(ring);
}

/* What the next completion says, and whether more of them will come. */
static int next_completion(struct io_uring *ring, bool *more)
{
	struct io_uring_cqe *cqe;
	int ret = io_uring_wait_cqe(ring, &cqe);

	if (ret)
		return ret;
	ret = cqe->res;
	*more = cqe->flags & IORING_CQE_F_MORE;
	io_uring_cqe_seen(ring, cqe);
	return ret;
}

static bool has_completion(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;

	return !io_uring_peek_cqe(ring, &cqe);
}

TEST_F(uring, inv1_poll_once)
{
	struct endpoint *p = &self->producer, *c = &self->consumer;
	bool more;
	int i;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(1, add_poll(&self->ring, c, false));
		EXPECT_FALSE(has_completion(&self->ring));
		endpoint_move(p, RECORD);
		ASSERT_EQ(POLLIN, next_completion(&self->ring, &more));
		endpoint_move(c, RECORD);
	}
	endpoint_move(p, p->ring_bytes);
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(1, add_poll(&self->ring, p, false));
		EXPECT_FALSE(has_completion(&self->ring));
		endpoint_move(c, RECORD);
		ASSERT_EQ(POLLOUT, next_completion(&self->ring, &more));
		endpoint_move(p, RECORD);
	}
	/* A death is told as what it is. */
	ASSERT_EQ(1, add_poll(&self->ring, p, false));
	endpoint_close(c);
	EXPECT_EQ(POLLERR | POLLHUP, next_completion(&self->ring, &more));
}

/* Nobody arms it again but itself: each publish must find it armed. */
TEST_F(uring, inv1_poll_multishot)
{
	struct endpoint *p = &self->producer, *c = &self->consumer;
	unsigned int i, told = 0;
	bool more;

	ASSERT_EQ(1, add_poll(&self->ring, c, true));
	for (i = 0; i < 200; i++) {
		endpoint_move(p, RECORD);
		do {
			ASSERT_EQ(POLLIN, next_completion(&self->ring, &more));
			ASSERT_TRUE(more);
			told++;
		} while (has_completion(&self->ring));
		ASSERT_EQ(RECORD, endpoint_has(c));
		endpoint_move(c, RECORD);
	}
	EXPECT_LE(i, told);
	endpoint_close(p);
	EXPECT_TRUE(next_completion(&self->ring, &more) & POLLHUP);
}

/* The peer is another process, and each waits for the other. */
TEST_F_TIMEOUT(uring, inv1_no_lost_wakeup_multishot, HANG)
{
	struct endpoint *p = &self->producer, *c = &self->consumer;
	const __u64 records = rounds_up_to(20000, 1000);
	bool more;
	pid_t pid;
	__u64 n;

	endpoint_close(p);
	pid = spawn(1);
	if (!pid) {
		CHILD_ASSERT(!endpoint_open(p, self->name,
					    SHMRING_ROLE_PRODUCER));
		for (n = 0; n < records; n++) {
			while (endpoint_has(p) < p->ring_bytes)
				relax();
			jitter(n);
			endpoint_move(p, endpoint_fill(p, n));
		}
		while (endpoint_has(p) < p->ring_bytes)
			relax();
		CHILD_ASSERT(!raise(SIGSTOP));
		_exit(0);
	}
	pin(0);
	/* The last one has left: that is told first, and ends a multishot. */
	while (READ_ONCE(c->info->state[0]) != SHMRING_STATE_ATTACHED)
		relax();
	ASSERT_EQ(1, add_poll(&self->ring, c, true));
	for (n = 0; n < records;) {
		ASSERT_EQ(POLLIN, next_completion(&self->ring, &more));
		ASSERT_TRUE(more);
		while (endpoint_check(c, n) == RECORD) {
			endpoint_move(c, RECORD);
			n++;
		}
	}
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
}

TEST_F(uring, inv1_aio_poll)
{
	struct endpoint *p = &self->producer, *c = &self->consumer;
	struct iocb iocb = {
		.aio_fildes = c->fd,
		.aio_lio_opcode = IOCB_CMD_POLL,
		.aio_buf = POLLIN,
	}, *iocbs = &iocb;
	aio_context_t ctx = 0;
	struct io_event event;
	int i;

	if (syscall(SYS_io_setup, 8, &ctx))
		SKIP(return, "no aio");
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(1, syscall(SYS_io_submit, ctx, 1, &iocbs));
		endpoint_move(p, RECORD);
		ASSERT_EQ(1, syscall(SYS_io_getevents, ctx, 1, 1, &event, NULL));
		ASSERT_EQ(POLLIN, event.res);
		endpoint_move(c, RECORD);
	}
	syscall(SYS_io_destroy, ctx);
}

/*
 * struct waiter - a thread that sleeps in an epoll of its own
 * @told: a pipe, for a byte from each that is woken
 */
struct waiter {
	pthread_t thread;
	pid_t tid;
	int epfd;
	int told;
	__u32 events;
};

static void *wait_once(void *arg)
{
	struct waiter *w = arg;
	struct epoll_event event;

	WRITE_ONCE(w->tid, syscall(SYS_gettid));
	if (epoll_wait(w->epfd, &event, 1, -1) != 1)
		return NULL;
	w->events = event.events;
	return write(w->told, "", 1) == 1 ? w : NULL;
}

/* An epoll that was woken stays ready; one that was passed over is not. */
static unsigned int count_woken(const struct waiter *w)
{
	unsigned int i, woken = 0;

	for (i = 0; i < WAITERS; i++) {
		struct pollfd pollfd = { .fd = w[i].epfd, .events = POLLIN };

		woken += poll(&pollfd, 1, 0) == 1;
	}
	return woken;
}

/* Of those who want to be the only one, one is woken for each record. */
TEST_F(uring, inv1_epoll_exclusive)
{
	struct endpoint *p = &self->producer, *c = &self->consumer;
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	struct waiter waiter[WAITERS];
	int told[2], i;
	char byte;

	ASSERT_EQ(0, pipe(told));
	for (i = 0; i < WAITERS; i++) {
		waiter[i].told = told[1];
		waiter[i].epfd = epoll_create1(EPOLL_CLOEXEC);
		ASSERT_EQ(0, epoll_ctl(waiter[i].epfd, EPOLL_CTL_ADD, c->fd,
				       &event));
		waiter[i].tid = 0;
		ASSERT_EQ(0, pthread_create(&waiter[i].thread, NULL, wait_once,
					    &waiter[i]));
		while (!READ_ONCE(waiter[i].tid) || !is_asleep(waiter[i].tid))
			relax();
	}
	endpoint_store(p, RECORD);
	for (i = 0; i < WAITERS; i++) {
		EXPECT_EQ(i, count_woken(waiter));
		ASSERT_EQ(0, ring_ioctl(p->fd, SHMRING_IOC_KICK, NULL));
		ASSERT_EQ(1, read(told[0], &byte, 1));
	}
	for (i = 0; i < WAITERS; i++) {
		ASSERT_EQ(0, pthread_join(waiter[i].thread, NULL));
		EXPECT_EQ(EPOLLIN, waiter[i].events);
	}
}

/* Each publish that finds it armed is an edge. */
TEST_F(uring, inv1_epoll_edge)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct endpoint *p = &self->producer, *c = &self->consumer;
	int epfd = epoll_create1(EPOLL_CLOEXEC), i;

	ASSERT_EQ(0, epoll_ctl(epfd, EPOLL_CTL_ADD, c->fd, &event));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, epoll_wait(epfd, &event, 1, 0));
		endpoint_move(p, RECORD);
		ASSERT_EQ(1, epoll_wait(epfd, &event, 1, -1));
		ASSERT_EQ(EPOLLIN, event.events);
		/* The same one is told once. */
		ASSERT_EQ(0, epoll_wait(epfd, &event, 1, 0));
		endpoint_move(c, RECORD);
	}
}

/*
 * Invariant 5: buffers that outlive a role are none of the ring. That of plain
 * memory shows that it could be done.
 */
TEST_F(uring, inv5_no_registered_buffers)
{
	struct endpoint *p = &self->producer, *c = &self->consumer;
	void *regions[] = {
		(void *)p->info, p->ctl, (void *)p->peer_ctl, p->data,
		(void *)c->info, c->ctl, (void *)c->peer_ctl, c->data,
	};
	void *plain = shared_memory(page_size());
	struct iovec iov = { plain, page_size() };
	unsigned int i;

	ASSERT_EQ(0, io_uring_register_buffers(&self->ring, &iov, 1));
	ASSERT_EQ(0, io_uring_unregister_buffers(&self->ring));
	for (i = 0; i < ARRAY_SIZE(regions); i++) {
		iov.iov_base = regions[i];
		EXPECT_EQ(-EFAULT, io_uring_register_buffers(&self->ring, &iov,
							     1)) {
			TH_LOG("region %u", i);
		}
	}
}

TEST_HARNESS_MAIN
