// SPDX-License-Identifier: MIT
/*
 * Two threads of one process, for ThreadSanitizer. It knows memory by address,
 * and the two sides map the same memory at different ones: so here both use the
 * producer's mapping of the data and each the other's mapping of its page, and
 * every access of the protocol is seen, (A) with (D) and (B) with (C).
 */
#include <poll.h>
#include <pthread.h>

#include "common.h"

#define SIZE	4096
#define RECORDS	50000

/* struct joined - a pair in one mapping, and what to put back */
struct joined {
	struct pair t;
	const struct shmring_cursor *p_peer;
	const struct shmring_cursor *c_peer;
	unsigned char *c_data;
	int poll;
};

static void joined_open(struct joined *j, const struct shmring_opts *o)
{
	pair_open(&j->t, o);
	j->p_peer = j->t.p->peer;
	j->c_peer = j->t.c->peer;
	j->c_data = j->t.c->data;
	j->t.p->peer = j->t.c->self;
	j->t.c->peer = j->t.p->self;
	j->t.c->data = j->t.p->data;
}

static void joined_close(struct joined *j)
{
	j->t.p->peer = j->p_peer;
	j->t.c->peer = j->c_peer;
	j->t.c->data = j->c_data;
	pair_close(&j->t);
}

/* Not cmocka's assertions, which belong to the thread that runs the test. */
#define THREAD_CHECK(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "# %s:%d: %s (errno %d)\n", __FILE__,	\
			__LINE__, #cond, errno);			\
		abort();						\
	}								\
} while (0)

static void wait_for(struct joined *j, struct shmring *r, size_t want)
{
	struct pollfd p = { .events = POLLIN };
	int err;

	if (!j->poll) {
		THREAD_CHECK(!shmring_wait(r, want, -1));
		return;
	}
	p.fd = shmring_fd(r);
	if (r->role == PRODUCER)
		p.events = POLLOUT;
	err = shmring_arm(r, want);
	THREAD_CHECK(err >= 0);
	if (!err)
		THREAD_CHECK(poll(&p, 1, -1) == 1);
}

static size_t length_of(const struct shmring *r, uint64_t seq)
{
	return r->record_size ? r->record_size : seq * 37 % 300;
}

static void *produce(void *arg)
{
	struct joined *j = arg;
	struct shmring *p = j->t.p;
	uint64_t seq;

	for (seq = 0; seq < RECORDS; seq++) {
		size_t len = length_of(p, seq);
		void *to;

		while (!(to = shmring_reserve(p, len))) {
			THREAD_CHECK(errno == EAGAIN);
			wait_for(j, p, len);
		}
		fill(to, len, seq);
		shmring_stage(p, (uint32_t)len, (uint32_t)seq);
		if (seq % 3 == 0)
			shmring_publish(p);
	}
	shmring_flush(p);
	return NULL;
}

static void *consume(void *arg)
{
	struct joined *j = arg;
	struct shmring *c = j->t.c;
	uint64_t seq;

	for (seq = 0; seq < RECORDS; seq++) {
		const void *from;
		size_t len = 0;

		while (!(from = shmring_peek(c, &len, NULL))) {
			THREAD_CHECK(errno == EAGAIN);
			wait_for(j, c, 0);
		}
		THREAD_CHECK(len == length_of(c, seq));
		THREAD_CHECK(filled(from, len, seq));
		shmring_release(c, len);
	}
	return NULL;
}

static void run_threads(uint32_t record_size, uint32_t spin_ns, int poll)
{
	struct shmring_opts o = ring_opts(SIZE, record_size);
	struct joined j = { .poll = poll };
	pthread_t p, c;

	o.spin_ns = spin_ns;
	joined_open(&j, &o);
	assert_int_equal(pthread_create(&p, NULL, produce, &j), 0);
	assert_int_equal(pthread_create(&c, NULL, consume, &j), 0);
	pthread_join(p, NULL);
	pthread_join(c, NULL);
	joined_close(&j);
}

static void test_spinning(void **state)
{
	(void)state;
	run_threads(0, SHMRING_SPIN_NS, 0);
	run_threads(24, SHMRING_SPIN_NS, 0);
}

static void test_sleeping(void **state)
{
	(void)state;
	run_threads(0, 0, 0);
	run_threads(24, 0, 0);
}

static void test_polling(void **state)
{
	(void)state;
	run_threads(0, 0, 1);
	run_threads(24, 0, 1);
}

/* Endpoints come and go while the other sleeps, watches and pumps. */
static void *come_and_go(void *arg)
{
	struct ring *t = arg;
	int i;

	for (i = 0; i < 200; i++) {
		uint64_t n = (uint64_t)i;
		struct shmring *p = ring_join(t, PRODUCER, NULL);

		THREAD_CHECK(p);
		THREAD_CHECK(!shmring_send(p, &n, 8, 0, -1));
		shmring_close(p);
	}
	return NULL;
}

static void test_come_and_go(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 8);
	struct pollfd p = { .events = POLLIN };
	struct shmring *c;
	struct ring t;
	pthread_t other;
	uint64_t got, i;
	ssize_t err;

	(void)state;
	o.spin_ns = 0;
	ring_make(&t, &o);
	c = ring_join(&t, CONSUMER, &o);
	p.fd = shmring_fd(c);
	assert_int_equal(pthread_create(&other, NULL, come_and_go, &t), 0);
	for (i = 0; i < 200;) {
		err = shmring_arm(c, 0);
		if (!err)
			assert_int_equal(poll(&p, 1, -1), 1);
		if (err == -EPIPE)
			assert_int_equal(shmring_wait_peer(c, -1), 0);
		err = shmring_recv(c, &got, 8, NULL, 0);
		if (err == -EAGAIN || err == -EPIPE)
			continue;
		assert_int_equal(err, 8);
		assert_int_equal(got, i);
		i++;
	}
	pthread_join(other, NULL);
	shmring_close(c);
	ring_drop(&t);
}

/* An error belongs to the thread that made it. */
static void *fail_otherwise(void *arg)
{
	(void)arg;
	THREAD_CHECK(!shmring_open("memfd:other", PRODUCER, NULL));
	THREAD_CHECK(strstr(shmring_errmsg(), "memfd:other"));
	return NULL;
}

static void test_errors_by_thread(void **state)
{
	pthread_t other;

	(void)state;
	assert_null(shmring_open("memfd:mine", PRODUCER, NULL));
	assert_int_equal(pthread_create(&other, NULL, fail_otherwise, NULL), 0);
	pthread_join(other, NULL);
	assert_non_null(strstr(shmring_errmsg(), "memfd:mine"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spinning),
		cmocka_unit_test(test_sleeping),
		cmocka_unit_test(test_polling),
		cmocka_unit_test(test_come_and_go),
		cmocka_unit_test(test_errors_by_thread),
	};

	alarm(HANG_GUARD_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
