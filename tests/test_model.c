// SPDX-License-Identifier: MIT
/*
 * Random calls on a ring and on a queue that is too simple to be wrong. They
 * must agree on every record, and on what is left after an endpoint restarts.
 */
#include "common.h"

#define SIZE	4096
#define STEPS	200000
#define QUEUE	(1 << 20)

/*
 * struct model - the records by number, in four runs
 *
 *	0 .. shown	handed back
 *	  .. read	released, not handed back
 *	  .. published	in the ring
 *	  .. staged	not visible yet
 */
struct model {
	uint32_t len[QUEUE];
	uint64_t shown;
	uint64_t read;
	uint64_t published;
	uint64_t staged;
};

struct run {
	struct pair t;
	struct model *m;
	struct shmring_opts o;
	uint64_t rnd;
};

/* Lengths small, large, and anything. */
static size_t any_len(struct run *r)
{
	uint64_t n = rnd(&r->rnd);

	if (r->o.record_size)
		return r->o.record_size;
	switch (n % 3) {
	case 0:
		return n >> 8 & 15;
	case 1:
		return (n >> 8) % (SIZE - 7);
	default:
		return (n >> 8) % 200;
	}
}

static void stage(struct run *r)
{
	size_t len = any_len(r);
	void *to = shmring_reserve(r->t.p, len);
	uint64_t held, first;

	if (!to) {
		assert_int_equal(errno, EAGAIN);
		/* It is really full: what is held and this exceed the ring. */
		held = shmring_footprint(r->t.p, len);
		for (first = r->m->shown; first < r->m->staged; first++)
			held += shmring_footprint(r->t.p, r->m->len[first % QUEUE]);
		assert_true(held > SIZE);
		return;
	}
	fill(to, len, r->m->staged);
	shmring_stage(r->t.p, (uint32_t)len, (uint32_t)r->m->staged);
	r->m->len[r->m->staged++ % QUEUE] = (uint32_t)len;
}

static void publish(struct run *r)
{
	shmring_publish(r->t.p);
	r->m->published = r->m->staged;
}

static void stage_many(struct run *r)
{
	size_t n = rnd(&r->rnd) % 50 + 1, i;
	unsigned char *to;

	publish(r);
	to = shmring_reserve_n(r->t.p, &n);
	if (!to) {
		assert_int_equal(errno, r->o.record_size ? EAGAIN : EINVAL);
		return;
	}
	for (i = 0; i < n; i++) {
		fill(to + i * r->o.record_size, r->o.record_size, r->m->staged);
		r->m->len[r->m->staged++ % QUEUE] = r->o.record_size;
	}
	shmring_commit_n(r->t.p, n);
	r->m->published = r->m->staged;
}

/* The consumer's page says what was handed back: count it in records. */
static void note_handback(struct run *r)
{
	if (r->t.c->shown == r->t.c->pos)
		r->m->shown = r->m->read;
}

static void take(struct run *r)
{
	uint64_t seq = r->m->read;
	uint32_t tag = 0;
	size_t len = 0;
	const void *from = shmring_peek(r->t.c, &len, &tag);

	note_handback(r);
	if (!from) {
		assert_int_equal(errno, EAGAIN);
		assert_int_equal(r->m->read, r->m->published);
		return;
	}
	assert_true(seq < r->m->published);
	assert_int_equal(len, r->m->len[seq % QUEUE]);
	assert_int_equal(tag, r->o.record_size ? 0 : (uint32_t)seq);
	assert_true(filled(from, len, seq));
	/* Sometimes it is only looked at. */
	if (rnd(&r->rnd) % 4 == 0)
		return;
	shmring_release(r->t.c, len);
	r->m->read++;
	note_handback(r);
}

static void take_many(struct run *r)
{
	size_t n = rnd(&r->rnd) % 50 + 1, i;
	const unsigned char *from = shmring_peek_n(r->t.c, &n);

	note_handback(r);
	if (!from) {
		assert_int_equal(errno, r->o.record_size ? EAGAIN : EINVAL);
		return;
	}
	for (i = 0; i < n; i++)
		assert_true(filled(from + i * r->o.record_size,
				   r->o.record_size, r->m->read + i));
	shmring_release_n(r->t.c, n);
	r->m->read += n;
	assert_true(r->m->read <= r->m->published);
	note_handback(r);
}

static void restart(struct run *r)
{
	if (rnd(&r->rnd) & 1) {
		shmring_close(r->t.p);
		/* Closing publishes what is complete. */
		r->m->published = r->m->staged;
		r->t.p = ring_join(&r->t.ring, PRODUCER, &r->o);
		assert_non_null(r->t.p);
	} else {
		shmring_close(r->t.c);
		r->m->shown = r->m->read;
		r->t.c = ring_join(&r->t.ring, CONSUMER, &r->o);
		assert_non_null(r->t.c);
	}
}

static void step(struct run *r)
{
	uint64_t what = rnd(&r->rnd) % 1000;

	if (what < 350)
		stage(r);
	else if (what < 500)
		publish(r);
	else if (what < 550)
		stage_many(r);
	else if (what < 900)
		take(r);
	else if (what < 950)
		take_many(r);
	else if (what < 998)
		shmring_flush(r->t.c);
	else
		restart(r);
	note_handback(r);
	assert_true(r->t.p->limit - r->t.p->pos <= SIZE);
	assert_true(r->t.c->limit - r->t.c->pos <= SIZE);
}

static void run_model(uint32_t record_size)
{
	static struct model model;	/* too large for a stack */
	struct run r = { .o = ring_opts(SIZE, record_size), .m = &model };
	int i;

	r.rnd = rnd_seed();
	r.o.handback_shift = (uint32_t)(rnd(&r.rnd) % 5);
	memset(&model, 0, sizeof(model));
	pair_open(&r.t, &r.o);
	for (i = 0; i < STEPS; i++)
		step(&r);
	assert_true(r.m->read > STEPS / 100);
	pair_close(&r.t);
}

static void test_model_any_length(void **state)
{
	(void)state;
	run_model(0);
}

static void test_model_fixed(void **state)
{
	(void)state;
	run_model(8);
	run_model(24);
	run_model(5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model_any_length),
		cmocka_unit_test(test_model_fixed),
	};

	alarm(HANG_GUARD_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
