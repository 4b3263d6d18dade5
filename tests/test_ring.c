// SPDX-License-Identifier: MIT
/* Records: every call that moves them, one thread at a time. */
#include "common.h"

#define SIZE	4096

static void assert_reserve_errno(struct shmring *p, size_t len, int err)
{
	errno = 0;
	assert_null(shmring_reserve(p, len));
	assert_int_equal(errno, err);
}

static void test_any_length(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct pair t;
	size_t len;

	(void)state;
	pair_open(&t, &o);
	for (len = 0; len <= SIZE - sizeof(struct shmring_record); len++) {
		put_record(t.p, len, len);
		get_record(t.c, len, len);
		shmring_flush(t.c);
	}
	assert_true(t.p->pos / SIZE > 1000);
	pair_close(&t);
}

static void test_fixed_sizes(void **state)
{
	static const uint32_t sizes[] = { 1, 5, 8, 24, 64, 1000, SIZE - 1, SIZE };
	size_t i;
	uint64_t seq;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct shmring_opts o = ring_opts(SIZE, sizes[i]);
		uint64_t sent = 0, fits = SIZE / sizes[i];
		struct pair t;

		pair_open(&t, &o);
		for (seq = 0; seq < 3 * fits + 5; seq++) {
			while (sent < seq + fits)
				put_record(t.p, sizes[i], sent++);
			assert_reserve_errno(t.p, sizes[i], EAGAIN);
			get_record(t.c, sizes[i], seq);
			shmring_flush(t.c);
		}
		pair_close(&t);
	}
}

static void test_staged_is_invisible(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct pair t;
	uint64_t seq;

	(void)state;
	pair_open(&t, &o);
	for (seq = 0; seq < 5; seq++) {
		fill(shmring_reserve(t.p, 20), 20, seq);
		shmring_stage(t.p, 20, (uint32_t)seq);
	}
	assert_peek_errno(t.c, EAGAIN);
	shmring_publish(t.p);
	for (seq = 0; seq < 5; seq++)
		get_record(t.c, 20, seq);
	assert_peek_errno(t.c, EAGAIN);
	pair_close(&t);
}

static void test_reserved_may_shrink(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct pair t;
	void *to;

	(void)state;
	pair_open(&t, &o);
	to = shmring_reserve(t.p, 1000);
	fill(to, 10, 7);
	shmring_commit(t.p, 10, 7);
	put_record(t.p, 10, 8);
	get_record(t.c, 10, 7);
	get_record(t.c, 10, 8);
	pair_close(&t);
}

/* A length that does not fit what was reserved is refused, and not cut. */
static void test_no_length_is_cut(void **state)
{
	static const size_t bad[] = { SIZE, (size_t)1 << 32, ((size_t)1 << 32) + 8,
				      SIZE_MAX, SIZE_MAX - 7 };
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct pair t;
	size_t i;

	(void)state;
	pair_open(&t, &o);
	assert_non_null(shmring_reserve(t.p, 8));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(shmring_stage(t.p, bad[i], 0), -EMSGSIZE);
		assert_int_equal(shmring_commit(t.p, bad[i], 0), -EMSGSIZE);
	}
	assert_peek_errno(t.c, EAGAIN);
	put_record(t.p, 8, 1);
	get_record(t.c, 8, 1);
	pair_close(&t);

	o.record_size = 24;
	pair_open(&t, &o);
	assert_non_null(shmring_reserve(t.p, 24));
	assert_int_equal(shmring_commit(t.p, 23, 0), -EMSGSIZE);
	assert_int_equal(shmring_commit(t.p, ((size_t)1 << 32) + 24, 0),
			 -EMSGSIZE);
	assert_int_equal(shmring_commit_n(t.p, SIZE), -EMSGSIZE);
	assert_int_equal(shmring_commit_n(t.p, SIZE_MAX), -EMSGSIZE);
	assert_peek_errno(t.c, EAGAIN);
	assert_int_equal(shmring_commit_n(t.p, 1), 0);
	assert_non_null(shmring_peek(t.c, NULL, NULL));
	assert_int_equal(shmring_release_n(t.c, 2), -EMSGSIZE);
	assert_int_equal(shmring_release_n(t.c, 1), 0);
	pair_close(&t);
}

/*
 * Three bits of a length are kept. A ring that could hold such a record is too
 * large for a test, so the handle is made to believe that it has the room.
 */
static void test_kept_bits(void **state)
{
	const uint32_t len = SHMRING_RECORD_MAX + 1;
	struct shmring_opts o = ring_opts(SIZE, 0);
	uint64_t mask;
	struct pair t;

	(void)state;
	pair_open(&t, &o);
	t.p->limit = t.p->pos + ((uint64_t)1 << 33);
	assert_reserve_errno(t.p, len, EMSGSIZE);
	assert_int_equal(shmring_stage(t.p, len, 0), -EMSGSIZE);
	assert_non_null(shmring_reserve(t.p, SHMRING_RECORD_MAX));
	assert_int_equal(shmring_commit(t.p, SHMRING_RECORD_MAX, 0), 0);
	mask = t.c->mask;
	t.c->mask = ((uint64_t)1 << 33) - 1;
	t.c->limit = t.c->pos + t.c->mask + 1;
	assert_non_null(shmring_peek(t.c, NULL, NULL));
	memcpy(t.p->data, &len, sizeof(len));
	assert_peek_errno(t.c, EBADMSG);
	t.c->mask = mask;
	t.p->pos = t.p->shown = 0;
	pair_close(&t);
}

static void test_discard(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct pair t;

	(void)state;
	pair_open(&t, &o);
	put_record(t.p, 8, 1);
	fill(shmring_reserve(t.p, 16), 16, 2);
	assert_int_equal(shmring_stage(t.p, 16, 2), 0);
	assert_non_null(shmring_reserve(t.p, 16));
	shmring_discard(t.p);
	shmring_flush(t.p);
	put_record(t.p, 24, 3);
	get_record(t.c, 8, 1);
	get_record(t.c, 24, 3);
	assert_peek_errno(t.c, EAGAIN);
	/* All of the room is there again. */
	while (shmring_reserve(t.p, 24))
		assert_int_equal(shmring_stage(t.p, 24, 0), 0);
	shmring_discard(t.p);
	assert_non_null(shmring_reserve(t.p, SIZE - 8));
	pair_close(&t);
}

static void test_accessors(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 24);
	struct pair t;

	(void)state;
	pair_open(&t, &o);
	assert_int_equal(shmring_size(t.ring.any), SIZE);
	assert_int_equal(shmring_record_size(t.ring.any), 24);
	assert_int_equal(shmring_role(t.ring.any), SHMRING_ROLE_NONE);
	assert_int_equal(shmring_used(t.ring.any), -ENOTCONN);
	assert_int_equal(shmring_events(t.ring.any), -ENOTCONN);
	assert_int_equal(shmring_size(t.p), SIZE);
	assert_int_equal(shmring_record_size(t.c), 24);
	assert_int_equal(shmring_role(t.p), PRODUCER);
	assert_int_equal(shmring_role(t.c), CONSUMER);
	assert_int_equal(shmring_used(t.p), 0);
	put_record(t.p, 24, 1);
	put_record(t.p, 24, 2);
	assert_int_equal(shmring_used(t.p), 48);
	assert_int_equal(shmring_used(t.c), 48);
	get_record(t.c, 24, 1);
	shmring_flush(t.c);
	assert_int_equal(shmring_used(t.p), 24);
	assert_int_equal(shmring_used(t.c), 24);
	/* Whatever the peer writes. */
	t.p->self->pos = 1ULL << 40;
	assert_int_equal(shmring_used(t.c), SIZE);
	t.p->self->pos = 0;
	assert_int_equal(shmring_used(t.c), 0);
	t.p->self->pos = 48;
	t.c->self->pos = 1ULL << 40;
	assert_int_equal(shmring_used(t.p), 0);
	t.c->self->pos = -(1ULL << 40);
	assert_int_equal(shmring_used(t.p), SIZE);
	t.c->self->pos = 24;
	pair_close(&t);
}

/* What is looked over stays, and @at says how far it is. */
static void test_peek_at(void **state)
{
	static const uint32_t sizes[] = { 0, 24 };
	unsigned char record[24] = { 0 };
	struct shmring_opts o;
	struct pair t;
	uint64_t at;
	uint32_t tag;
	size_t len, i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		o = ring_opts(SIZE, sizes[i]);
		pair_open(&t, &o);
		at = 0;
		errno = 0;
		assert_null(shmring_peek_at(t.ring.any, &at, &len, &tag));
		assert_int_equal(errno, ENOTCONN);
		assert_null(shmring_peek_at(t.p, &at, &len, &tag));
		assert_int_equal(errno, EISCONN);
		assert_null(shmring_peek_at(t.c, &at, &len, &tag));
		assert_int_equal(errno, EAGAIN);
		assert_int_equal(shmring_send(t.p, record, sizes[i], 7, 0), 0);
		put_record(t.p, 24, 2);
		assert_non_null(shmring_peek_at(t.c, &at, &len, &tag));
		assert_int_equal(len, sizes[i]);
		assert_int_equal(tag, sizes[i] ? 0 : 7);
		assert_int_equal(at, shmring_footprint(t.c, sizes[i]));
		assert_non_null(shmring_peek_at(t.c, &at, &len, NULL));
		assert_int_equal(len, 24);
		assert_int_equal(at, shmring_used(t.c));
		assert_null(shmring_peek_at(t.c, &at, &len, &tag));
		assert_int_equal(errno, EAGAIN);
		at = shmring_used(t.c) - 1;
		assert_null(shmring_peek_at(t.c, &at, &len, &tag));
		assert_int_equal(errno, sizes[i] ? EBADMSG : EINVAL);
		/* Beyond all that is there. */
		at = UINT64_MAX - 7;
		assert_null(shmring_peek_at(t.c, &at, &len, &tag));
		assert_int_equal(errno, EAGAIN);
		assert_non_null(shmring_peek(t.c, &len, &tag));
		assert_int_equal(len, sizes[i]);
		shmring_release(t.c, len);
		get_record(t.c, 24, 2);
		pair_close(&t);
	}
}

static void test_batches(void **state)
{
	static const uint32_t sizes[] = { 3, 8, 24 };
	size_t i, n, done;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct shmring_opts o = ring_opts(SIZE, sizes[i]);
		uint64_t sent = 0, got = 0;
		struct pair t;

		pair_open(&t, &o);
		while (got < 10 * SIZE / sizes[i]) {
			unsigned char *to;
			const unsigned char *from;

			n = 1 + got % 100;
			to = shmring_reserve_n(t.p, &n);
			assert_non_null(to);
			for (done = 0; done < n; done++)
				fill(to + done * sizes[i], sizes[i], sent++);
			shmring_commit_n(t.p, n);
			n = 1 + sent % 77;
			from = shmring_peek_n(t.c, &n);
			assert_non_null(from);
			for (done = 0; done < n; done++)
				assert_true(filled(from + done * sizes[i],
						   sizes[i], got++));
			shmring_release_n(t.c, n);
			if (sent - got > SIZE / sizes[i] / 2) {
				n = SIZE_MAX;
				from = shmring_peek_n(t.c, &n);
				assert_non_null(from);
				assert_int_equal(n, sent - got);
				got += n;
				shmring_release_n(t.c, n);
				shmring_flush(t.c);
			}
		}
		pair_close(&t);
	}
}

static void test_batch_limits(void **state)
{
	/* (1 << 61) * 8 is 0 in 64 bits: it must not pass for little. */
	static const size_t many[] = { 1000, (size_t)1 << 61, SIZE_MAX };
	struct shmring_opts o = ring_opts(SIZE, 8);
	struct pair t;
	size_t i, n;

	(void)state;
	pair_open(&t, &o);
	for (i = 0; i < ARRAY_SIZE(many); i++) {
		n = many[i];
		assert_non_null(shmring_reserve_n(t.p, &n));
		assert_int_equal(n, SIZE / 8);
		shmring_commit_n(t.p, n);
		errno = 0;
		assert_null(shmring_reserve_n(t.p, &n));
		assert_int_equal(errno, EAGAIN);
		n = many[i];
		assert_non_null(shmring_peek_n(t.c, &n));
		assert_int_equal(n, SIZE / 8);
		shmring_release_n(t.c, n);
		errno = 0;
		assert_null(shmring_peek_n(t.c, &n));
		assert_int_equal(errno, EAGAIN);
	}
	pair_close(&t);

	o.record_size = 0;
	pair_open(&t, &o);
	n = 1;
	errno = 0;
	assert_null(shmring_reserve_n(t.p, &n));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(shmring_peek_n(t.c, &n));
	assert_int_equal(errno, EINVAL);
	pair_close(&t);
}

static void test_message_size(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	char buf[SIZE] = "";
	struct pair t;

	(void)state;
	pair_open(&t, &o);
	assert_reserve_errno(t.p, SIZE - 7, EMSGSIZE);
	assert_reserve_errno(t.p, SIZE_MAX, EMSGSIZE);
	assert_reserve_errno(t.p, SIZE_MAX - 7, EMSGSIZE);
	assert_int_equal(shmring_wait(t.p, SIZE - 7, 0), -EMSGSIZE);
	assert_int_equal(shmring_wait(t.p, SIZE_MAX, 0), -EMSGSIZE);
	assert_int_equal(shmring_wait(t.c, SIZE + 1, 0), -EMSGSIZE);
	assert_int_equal(shmring_send(t.p, buf, SIZE - 7, 0, 0), -EMSGSIZE);
	assert_int_equal(shmring_send(t.p, buf, SIZE - 8, 0, 0), 0);
	/* A buffer that is too short leaves the record where it is. */
	assert_int_equal(shmring_recv(t.c, buf, SIZE - 9, NULL, 0), -EMSGSIZE);
	assert_int_equal(shmring_recv(t.c, buf, SIZE - 8, NULL, 0), SIZE - 8);
	pair_close(&t);

	o.record_size = 24;
	pair_open(&t, &o);
	assert_reserve_errno(t.p, 23, EMSGSIZE);
	assert_reserve_errno(t.p, 25, EMSGSIZE);
	assert_int_equal(shmring_send(t.p, buf, 0, 0, 0), -EMSGSIZE);
	assert_int_equal(shmring_send(t.p, buf, 24, 0, 0), 0);
	assert_int_equal(shmring_recv(t.c, buf, 24, NULL, 0), 24);
	pair_close(&t);
}

static void test_full_and_empty(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 8);
	struct pair t;
	char buf[8] = "";
	int i;

	(void)state;
	pair_open(&t, &o);
	assert_int_equal(shmring_recv(t.c, buf, 8, NULL, 0), -EAGAIN);
	assert_int_equal(t.c->ctl->stalls, 1);
	assert_int_equal(shmring_wait(t.c, 0, 0), -ETIMEDOUT);
	assert_int_equal(shmring_wait(t.c, 0, 1000000), -ETIMEDOUT);
	for (i = 0; i < SIZE / 8; i++)
		assert_int_equal(shmring_send(t.p, buf, 8, 0, 0), 0);
	assert_int_equal(shmring_send(t.p, buf, 8, 0, 0), -EAGAIN);
	assert_int_equal(t.p->ctl->stalls, 1);
	assert_int_equal(shmring_wait(t.p, 8, 0), -ETIMEDOUT);
	assert_int_equal(shmring_wait(t.p, 8, 1000000), -ETIMEDOUT);
	assert_int_equal(shmring_send(t.p, buf, 8, 0, 1000000), -ETIMEDOUT);
	assert_int_equal(shmring_wait(t.c, SIZE, 0), 0);
	assert_int_equal(shmring_recv(t.c, buf, 8, NULL, 0), 8);
	shmring_flush(t.c);
	assert_int_equal(shmring_wait(t.p, 8, 0), 0);
	pair_close(&t);
}

static void test_handback(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 8);
	struct pair t;
	int i;

	(void)state;
	pair_open(&t, &o);
	for (i = 0; i < SIZE / 8; i++)
		put_record(t.p, 8, (uint64_t)i);
	for (i = 0; i < SIZE / 8 / 8 - 1; i++)
		get_record(t.c, 8, (uint64_t)i);
	assert_int_equal(t.c->self->pos, 0);
	get_record(t.c, 8, (uint64_t)i++);
	assert_int_equal(t.c->self->pos, SIZE / 8);
	get_record(t.c, 8, (uint64_t)i++);
	assert_int_equal(t.c->self->pos, SIZE / 8);
	shmring_flush(t.c);
	assert_int_equal(t.c->self->pos, SIZE / 8 + 8);
	/* Finding it empty hands back all. */
	while (i < SIZE / 8)
		get_record(t.c, 8, (uint64_t)i++);
	put_record(t.p, 8, 1);
	get_record(t.c, 8, 1);
	assert_peek_errno(t.c, EAGAIN);
	assert_int_equal(t.c->self->pos, SIZE + 8);
	pair_close(&t);

	o.handback_shift = 0;
	pair_open(&t, &o);
	put_record(t.p, 8, 1);
	put_record(t.p, 8, 2);
	get_record(t.c, 8, 1);
	assert_int_equal(t.c->self->pos, 8);
	pair_close(&t);
}

/* What a hostile or broken peer may show, and what is answered. */
static void test_bad_positions(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	const uint64_t bad[] = { 2, 4095, SIZE + 8, 1 << 20, UINT64_MAX,
				 (uint64_t)1 << 63 };
	struct pair t;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * ARRAY_SIZE(bad); i++) {
		pair_open(&t, &o);
		t.p->self->pos = bad[i / 2];
		if (i % 2)
			assert_int_equal(shmring_wait(t.c, 0, -1), -EBADMSG);
		else
			assert_peek_errno(t.c, EBADMSG);
		/* What goes on there, or comes back, is heard of. */
		t.p->self->pos = t.c->pos + 16;
		*(uint32_t *)(void *)shmring_at(t.p, t.c->pos) = 8;
		assert_non_null(shmring_peek(t.c, NULL, NULL));
		pair_close(&t);
	}
	pair_open(&t, &o);
	/* A consumer's counts as standing still, where it was seen last. */
	while (shmring_reserve(t.p, 8))
		shmring_commit(t.p, 8, 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		t.c->self->pos = bad[i];
		assert_reserve_errno(t.p, 8, EAGAIN);
		assert_int_equal(shmring_wait(t.p, 0, 0), -ETIMEDOUT);
	}
	pair_close(&t);
	pair_open(&t, &o);
	/* Backwards, behind what was seen before. */
	put_record(t.p, 8, 1);
	put_record(t.p, 8, 2);
	get_record(t.c, 8, 1);
	get_record(t.c, 8, 2);
	t.p->self->pos = 16;
	assert_peek_errno(t.c, EBADMSG);
	t.p->self->pos = 32;
	assert_peek_errno(t.c, EAGAIN);
	while (shmring_reserve(t.p, 8))
		shmring_commit(t.p, 8, 0);
	t.c->self->pos = 16;
	assert_reserve_errno(t.p, 8, EAGAIN);
	pair_close(&t);
}

static void test_bad_header(void **state)
{
	const uint32_t lens[] = { 17, 4096, UINT32_MAX };
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct pair t;
	size_t i;

	(void)state;
	pair_open(&t, &o);
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		put_record(t.p, 16, 1);
		memcpy(shmring_at(t.p, t.c->pos), &lens[i], sizeof(lens[i]));
		assert_peek_errno(t.c, EBADMSG);
		/* Nobody knows where the next one begins. */
		assert_peek_errno(t.c, EAGAIN);
		put_record(t.p, 16, 3);
		get_record(t.c, 16, 3);
	}
	pair_close(&t);

	/* Less than a whole record, in a ring of fixed ones. */
	o.record_size = 24;
	pair_open(&t, &o);
	t.p->self->pos = 23;
	assert_peek_errno(t.c, EBADMSG);
	pair_close(&t);
}

static void test_roles(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct pair t;
	char buf[8];

	(void)state;
	pair_open(&t, &o);
	errno = 0;
	assert_null(shmring_open(t.ring.address, PRODUCER, &o));
	assert_int_equal(errno, EBUSY);
	assert_int_equal(shmring_attach(t.ring.any, CONSUMER), -EBUSY);
	assert_int_equal(shmring_attach(t.p, CONSUMER), -EISCONN);
	assert_int_equal(shmring_attach(t.ring.any, 3), -EINVAL);
	assert_int_equal(shmring_attach(t.ring.any, SHMRING_ROLE_NONE), -EINVAL);
	assert_int_equal(shmring_send(t.c, buf, 8, 0, 0), -EISCONN);
	assert_int_equal(shmring_recv(t.p, buf, 8, NULL, 0), -EISCONN);
	assert_int_equal(shmring_send(t.ring.any, buf, 8, 0, 0), -ENOTCONN);
	assert_int_equal(shmring_recv(t.ring.any, buf, 8, NULL, 0), -ENOTCONN);
	assert_int_equal(shmring_wait(t.ring.any, 0, 0), -ENOTCONN);
	assert_int_equal(shmring_wait_peer(t.ring.any, 0), -ENOTCONN);
	assert_int_equal(shmring_arm(t.ring.any, 0), -ENOTCONN);
	assert_int_equal(shmring_kick_wait(t.ring.any, t.p, 0), -ENOTCONN);
	assert_int_equal(shmring_peer(t.ring.any), -ENOTCONN);
	assert_int_equal(shmring_epoch(t.ring.any), 0);
	assert_reserve_errno(t.ring.any, 8, ENOTCONN);
	assert_peek_errno(t.ring.any, ENOTCONN);
	pair_close(&t);
}

static void test_leaving(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct pair t;
	uint32_t epoch;
	char buf[8] = "";

	(void)state;
	ring_make(&t.ring, &o);
	t.p = ring_join(&t.ring, PRODUCER, &o);
	assert_int_equal(shmring_peer(t.p), SHMRING_STATE_NEVER);
	assert_int_equal(shmring_wait_peer(t.p, 0), -ETIMEDOUT);
	epoch = shmring_epoch(t.p);
	t.c = ring_join(&t.ring, CONSUMER, &o);
	assert_int_not_equal(shmring_epoch(t.p), epoch);
	assert_int_equal(shmring_peer(t.p), SHMRING_STATE_ATTACHED);
	assert_int_equal(shmring_wait_peer(t.p, 0), 0);

	put_record(t.p, 8, 1);
	put_record(t.p, 8, 2);
	epoch = shmring_epoch(t.p);
	shmring_close(t.p);
	assert_int_not_equal(shmring_epoch(t.c), epoch);
	assert_int_equal(shmring_peer(t.c), SHMRING_STATE_GONE);
	/* Ready wins: what was published is delivered first. */
	assert_int_equal(shmring_wait(t.c, 0, -1), 0);
	get_record(t.c, 8, 1);
	get_record(t.c, 8, 2);
	assert_int_equal(shmring_wait(t.c, 0, -1), -EPIPE);
	assert_int_equal(shmring_wait(t.c, 0, 0), -EPIPE);
	assert_int_equal(shmring_recv(t.c, buf, 8, NULL, -1), -EPIPE);
	assert_int_equal(shmring_arm(t.c, 0), -EPIPE);

	/* The next one goes on where the last one stopped. */
	t.p = ring_join(&t.ring, PRODUCER, &o);
	assert_non_null(t.p);
	assert_int_equal(t.p->pos, 32);
	put_record(t.p, 8, 3);
	put_record(t.p, 8, 4);
	get_record(t.c, 8, 3);
	shmring_close(t.c);
	while (!shmring_send(t.p, buf, 8, 0, 0))
		;
	assert_int_equal(shmring_send(t.p, buf, 8, 0, -1), -EPIPE);
	t.c = ring_join(&t.ring, CONSUMER, &o);
	assert_non_null(t.c);
	get_record(t.c, 8, 4);
	pair_close(&t);
}

/* A child that closes its copy of a handle takes nothing from the parent. */
static int close_copies(void *arg)
{
	struct pair *t = arg;

	shmring_close(t->p);
	shmring_close(t->c);
	return 0;
}

static void test_forked_copy(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct pair t;

	(void)state;
	pair_open(&t, &o);
	fill(shmring_reserve(t.p, 8), 8, 1);
	shmring_stage(t.p, 8, 1);
	assert_child_ok(spawn(close_copies, &t));
	assert_int_equal(shmring_peer(t.p), SHMRING_STATE_ATTACHED);
	assert_int_equal(shmring_peer(t.c), SHMRING_STATE_ATTACHED);
	assert_peek_errno(t.c, EAGAIN);
	shmring_publish(t.p);
	get_record(t.c, 8, 1);
	pair_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_length),
		cmocka_unit_test(test_fixed_sizes),
		cmocka_unit_test(test_staged_is_invisible),
		cmocka_unit_test(test_reserved_may_shrink),
		cmocka_unit_test(test_no_length_is_cut),
		cmocka_unit_test(test_kept_bits),
		cmocka_unit_test(test_discard),
		cmocka_unit_test(test_accessors),
		cmocka_unit_test(test_peek_at),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_batch_limits),
		cmocka_unit_test(test_message_size),
		cmocka_unit_test(test_full_and_empty),
		cmocka_unit_test(test_handback),
		cmocka_unit_test(test_bad_positions),
		cmocka_unit_test(test_bad_header),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_leaving),
		cmocka_unit_test(test_forked_copy),
	};

	alarm(HANG_GUARD_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
