// SPDX-License-Identifier: MIT
/*
 * Invariant 1: no lost wakeup. Two processes that never look twice before they
 * sleep; a lost wakeup is a hang, which alarm() turns into a failure.
 */
#include <poll.h>
#include <sys/epoll.h>

#include "backend.h"
#include "common.h"

#define SIZE	4096

/* Wait for one record, or room for one. */
typedef int (*wait_fn)(struct shmring *r, int epoll);

static int by_wait(struct shmring *r, int epoll)
{
	(void)epoll;
	return shmring_wait(r, 0, -1);
}

static int by_poll(struct shmring *r, int epoll)
{
	struct pollfd p = { .fd = shmring_fd(r), .events = POLLIN | POLLOUT };
	int armed = shmring_arm(r, 0);

	(void)epoll;
	if (p.fd < 0 || armed)
		return p.fd < 0 ? p.fd : armed < 0 ? armed : 0;
	return poll(&p, 1, -1) == 1 ? 0 : -errno;
}

static int by_epoll(struct shmring *r, int epoll)
{
	struct epoll_event e;
	int armed = shmring_arm(r, 0);

	if (armed)
		return armed < 0 ? armed : 0;
	return epoll_wait(epoll, &e, 1, -1) == 1 ? 0 : -errno;
}

static int epoll_of(struct shmring *r)
{
	struct epoll_event e = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (r->role == PRODUCER)
		e.events = EPOLLOUT;
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, shmring_fd(r), &e))
		return -1;
	return epoll;
}

/* struct side - what a child does with which rings */
struct side {
	struct ring *in;
	struct ring *out;
	struct shmring_opts o;
	wait_fn wait;
	int starts;
	uint64_t seed;
};

static int ping_pong(void *arg)
{
	struct side *s = arg;
	struct shmring *out = ring_join(s->out, PRODUCER, &s->o);
	struct shmring *in = ring_join(s->in, CONSUMER, &s->o);
	uint64_t i, got;
	int epoll;

	CHILD_CHECK(in && out);
	epoll = epoll_of(in);
	CHILD_CHECK(epoll >= 0);
	for (i = 0; i < rounds(); i++) {
		if (s->starts)
			CHILD_CHECK(!shmring_send(out, &i, 8, 0, -1));
		while (shmring_recv(in, &got, 8, NULL, 0) == -EAGAIN)
			CHILD_CHECK(!s->wait(in, epoll));
		CHILD_CHECK(got == i);
		if (!s->starts)
			CHILD_CHECK(!shmring_send(out, &i, 8, 0, -1));
	}
	/* The other one may still be reading: leaving is no answer. */
	if (s->starts)
		CHILD_CHECK(shmring_wait(in, 0, -1) == -EPIPE);
	shmring_close(out);
	shmring_close(in);
	close(epoll);
	return 0;
}

static int call_and_reply(void *arg)
{
	struct side *s = arg;
	struct shmring *out = ring_join(s->out, PRODUCER, &s->o);
	struct shmring *in = ring_join(s->in, CONSUMER, &s->o);
	uint64_t i, got;

	CHILD_CHECK(in && out);
	for (i = 0; i < rounds(); i++) {
		uint64_t *to;

		if (!s->starts) {
			CHILD_CHECK(shmring_recv(in, &got, 8, NULL, -1) == 8);
			CHILD_CHECK(got == i);
		}
		to = shmring_reserve(out, 8);
		CHILD_CHECK(to);
		*to = i;
		shmring_stage(out, 8, 0);
		shmring_publish_quiet(out);
		/* The last one has nothing to wait for, only to wake. */
		if (!s->starts && i == rounds() - 1) {
			shmring_publish(out);
			break;
		}
		CHILD_CHECK(!shmring_kick_wait(in, out, -1));
		if (s->starts) {
			CHILD_CHECK(shmring_recv(in, &got, 8, NULL, 0) == 8);
			CHILD_CHECK(got == i);
		}
	}
	shmring_close(out);
	shmring_close(in);
	return 0;
}

static void run_two(int (*child)(void *), wait_fn wait)
{
	struct shmring_opts o = ring_opts(SIZE, 8);
	struct ring there, back;
	struct side a = { .in = &back, .out = &there, .wait = wait, .starts = 1 };
	struct side b = { .in = &there, .out = &back, .wait = wait };
	pid_t pa, pb;

	o.spin_ns = 0;
	a.o = o;
	b.o = o;
	ring_make(&there, &o);
	ring_make(&back, &o);
	pa = spawn(child, &a);
	pb = spawn(child, &b);
	assert_child_ok(pa);
	assert_child_ok(pb);
	ring_drop(&there);
	ring_drop(&back);
}

static void test_ping_pong_wait(void **state)
{
	(void)state;
	run_two(ping_pong, by_wait);
}

static void test_ping_pong_poll(void **state)
{
	(void)state;
	run_two(ping_pong, by_poll);
}

static void test_ping_pong_epoll(void **state)
{
	(void)state;
	run_two(ping_pong, by_epoll);
}

static void test_kick_wait(void **state)
{
	(void)state;
	run_two(call_and_reply, NULL);
}

/*
 * One way, at times of its own: publishes fall into every moment of the other
 * side's going to sleep, which an answer on request never does.
 */
static void dawdle(uint64_t *state)
{
	volatile uint64_t n = rnd(state) % 2048;

	while (n)
		n = n - 1;
}

static int stream_out(void *arg)
{
	struct side *s = arg;
	struct shmring *out = ring_join(s->out, PRODUCER, &s->o);
	uint64_t i, *to;
	int epoll;

	CHILD_CHECK(out);
	epoll = epoll_of(out);
	CHILD_CHECK(epoll >= 0);
	for (i = 0; i < 4 * rounds(); i++) {
		while (!(to = shmring_reserve(out, 1024)))
			CHILD_CHECK(errno == EAGAIN && !s->wait(out, epoll));
		*to = i;
		shmring_commit(out, 1024, 0);
		dawdle(&s->seed);
	}
	shmring_close(out);
	close(epoll);
	return 0;
}

static int stream_in(void *arg)
{
	struct side *s = arg;
	struct shmring *in = ring_join(s->in, CONSUMER, &s->o);
	const uint64_t *from;
	uint64_t i;
	int epoll, err;

	CHILD_CHECK(in);
	epoll = epoll_of(in);
	CHILD_CHECK(epoll >= 0);
	for (i = 0; i < 4 * rounds(); i++) {
		while (!(from = shmring_peek(in, NULL, NULL))) {
			CHILD_CHECK(errno == EAGAIN);
			err = s->wait(in, epoll);
			CHILD_CHECK(!err);
		}
		CHILD_CHECK(*from == i);
		shmring_release(in, 1024);
		dawdle(&s->seed);
	}
	shmring_close(in);
	close(epoll);
	return 0;
}

static void run_stream(wait_fn out, wait_fn in)
{
	struct shmring_opts o = ring_opts(SIZE, 1024);
	struct ring t;
	struct side a = { .out = &t, .wait = out };
	struct side b = { .in = &t, .wait = in };
	pid_t pa, pb;

	o.spin_ns = 0;
	o.handback_shift = 0;
	a.o = o;
	b.o = o;
	a.seed = rnd_seed();
	b.seed = ~a.seed;
	ring_make(&t, &o);
	pa = spawn(stream_out, &a);
	pb = spawn(stream_in, &b);
	assert_child_ok(pa);
	assert_child_ok(pb);
	ring_drop(&t);
}

static void test_stream_wait(void **state)
{
	(void)state;
	run_stream(by_wait, by_wait);
}

static void test_stream_poll(void **state)
{
	(void)state;
	run_stream(by_poll, by_poll);
}

static void test_stream_epoll(void **state)
{
	(void)state;
	run_stream(by_epoll, by_wait);
	run_stream(by_wait, by_epoll);
}

/* A request for more replaces one for less, and the other way round. */
static void test_arm_again(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 8);
	struct pollfd p = { .events = POLLIN };
	uint64_t i = 0;
	struct pair t;

	(void)state;
	pair_open(&t, &o);
	p.fd = shmring_fd(t.c);
	assert_true(p.fd >= 0);
	assert_int_equal(shmring_arm(t.c, 64), 0);
	assert_int_equal(shmring_arm(t.c, 8), 0);
	assert_int_equal(shmring_send(t.p, &i, 8, 0, 0), 0);
	assert_int_equal(poll(&p, 1, -1), 1);
	assert_int_equal(shmring_arm(t.c, 8), 1);
	assert_int_equal(shmring_arm(t.c, 64), 0);
	for (i = 0; i < 7; i++)
		assert_int_equal(shmring_send(t.p, &i, 8, 0, 0), 0);
	assert_int_equal(poll(&p, 1, -1), 1);
	assert_int_equal(shmring_arm(t.c, 64), 1);
	pair_close(&t);
}

/* Who waits for all of the ring goes on publishing, and gets it all the same. */
static void test_publish_while_armed(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 8);
	struct pollfd p = { .events = POLLOUT };
	uint64_t value = 0;
	struct pair t;
	int i;

	(void)state;
	pair_open(&t, &o);
	p.fd = shmring_fd(t.p);
	assert_true(p.fd >= 0);
	assert_int_equal(shmring_send(t.p, &value, 8, 0, 0), 0);
	assert_int_equal(shmring_arm(t.p, SIZE), 0);
	assert_int_equal(shmring_send(t.p, &value, 8, 0, 0), 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(shmring_recv(t.c, &value, 8, NULL, 0), 8);
	shmring_flush(t.c);
	assert_int_equal(poll(&p, 1, -1), 1);
	assert_int_equal(shmring_arm(t.p, SIZE), 1);
	pair_close(&t);
}

static int wait_for_peer(void *arg)
{
	struct side *s = arg;
	struct shmring *in = ring_join(s->in, CONSUMER, &s->o);

	CHILD_CHECK(in);
	CHILD_CHECK(!shmring_wait_peer(in, -1));
	CHILD_CHECK(shmring_peer(in) != SHMRING_STATE_NEVER);
	shmring_close(in);
	return 0;
}

static void test_wait_peer(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 8);
	struct ring t;
	struct side s = { .in = &t };
	struct shmring *p;
	pid_t pid;
	int i;

	(void)state;
	s.o = o;
	ring_make(&t, &o);
	for (i = 0; i < 200; i++) {
		/* Gone is not there: a new one is waited for. */
		pid = spawn(wait_for_peer, &s);
		p = ring_join(&t, PRODUCER, &o);
		assert_non_null(p);
		assert_child_ok(pid);
		shmring_close(p);
	}
	ring_drop(&t);
}

/*
 * A peer came and left after the waiter had looked, and before it slept: by the
 * epoch at which the peer was missing, the backend does not sleep.
 */
static void test_peer_came_and_left(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 8);
	struct shmring *c, *p;
	int64_t hang_guard;
	struct ring t;
	uint32_t epoch;

	(void)state;
	ring_make(&t, &o);
	c = ring_join(&t, CONSUMER, &o);
	assert_non_null(c);
	epoch = shmring_epoch(c);
	p = ring_join(&t, PRODUCER, &o);
	assert_non_null(p);
	shmring_close(p);
	hang_guard = shmring_deadline(shmring_now(), HANG_GUARD_S * 1000000000LL);
	assert_int_equal(c->backend->sleep(c, epoch, SHMRING_WAIT_PEER,
					   hang_guard), 0);
	shmring_close(c);
	ring_drop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ping_pong_wait),
		cmocka_unit_test(test_ping_pong_poll),
		cmocka_unit_test(test_ping_pong_epoll),
		cmocka_unit_test(test_kick_wait),
		cmocka_unit_test(test_stream_wait),
		cmocka_unit_test(test_stream_poll),
		cmocka_unit_test(test_stream_epoll),
		cmocka_unit_test(test_arm_again),
		cmocka_unit_test(test_publish_while_armed),
		cmocka_unit_test(test_wait_peer),
		cmocka_unit_test(test_peer_came_and_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
