// SPDX-License-Identifier: MIT
/*
 * What somebody leaves in a ring who wrote nonsense there, and then goes: the next
 * one to have the role starts where that can be, the side that stayed goes on, and
 * each record of the successor arrives once.
 *
 * Attacker, victim and successor are handles of this process.
 */
#include "backend.h"
#include <poll.h>
#include <sched.h>

#include "common.h"

#define SIZE	4096
#define LEN	56	/* bytes of payload; the size of fixed records */
#define MORE	200	/* records of a successor, several rings of them */

/* struct scene - a ring whose records are @step bytes */
struct scene {
	struct ring ring;
	struct shmring_opts opts;
	struct shmring *p;
	struct shmring *c;
	uint64_t step;
};

static void scene_open(struct scene *t, uint32_t record_size)
{
	*t = (struct scene) {
		.opts = ring_opts(SIZE, record_size),
		.step = record_size ? record_size : LEN + 8,
	};
	ring_make(&t->ring, &t->opts);
	t->p = ring_join(&t->ring, PRODUCER, &t->opts);
	t->c = ring_join(&t->ring, CONSUMER, &t->opts);
	assert_non_null(t->p);
	assert_non_null(t->c);
}

static void scene_close(struct scene *t)
{
	shmring_close(t->p);
	shmring_close(t->c);
	ring_drop(&t->ring);
}

static void put(struct scene *t, uint64_t value)
{
	unsigned char record[LEN] = { 0 };

	memcpy(record, &value, sizeof(value));
	assert_int_equal(shmring_send(t->p, record, LEN, 0, 0), 0);
}

/* The next record's value; errors are passed over, no more than there can be. */
static int get(struct scene *t, uint64_t *value)
{
	unsigned char record[SIZE];
	ssize_t len = -EBADMSG;
	int tries;

	*value = UINT64_MAX;
	for (tries = 0; tries < 3 && len == -EBADMSG; tries++)
		len = shmring_recv(t->c, record, sizeof(record), NULL, 0);
	if (len < 0)
		return (int)len;
	memcpy(value, record, sizeof(*value));
	return len == LEN ? 0 : -EMSGSIZE;
}

static void next_producer(struct scene *t)
{
	shmring_close(t->p);
	t->p = ring_join(&t->ring, PRODUCER, &t->opts);
	assert_non_null(t->p);
}

static void next_consumer(struct scene *t)
{
	shmring_close(t->c);
	t->c = ring_join(&t->ring, CONSUMER, &t->opts);
	assert_non_null(t->c);
}

/* From here on all are honest: what is sent arrives, in order and once. */
static void check_traffic(struct scene *t)
{
	uint64_t i, value;

	for (i = 0; i < MORE; i++) {
		put(t, i << 32);
		assert_int_equal(get(t, &value), 0);
		assert_int_equal(value, i << 32);
	}
	assert_int_equal(get(t, &value), -EAGAIN);
}

/* Whatever can be read, without any order; returns why no more can. */
static int drain(struct scene *t)
{
	uint64_t value;
	int i, err = 0;

	for (i = 0; i < SIZE && (!err || err == -EMSGSIZE); i++)
		err = get(t, &value);
	return err;
}

static const uint64_t jumps[] = {
	8, LEN, LEN + 8, SIZE - 8, SIZE, SIZE + 8, SIZE + 4, 1, 7,
	1ULL << 31, 1ULL << 32, 1ULL << 62, 1ULL << 63, -1ULL, -8ULL,
	-(uint64_t)LEN, -(uint64_t)(LEN + 8), -(uint64_t)SIZE, -(1ULL << 32),
};

/* @run with each kind of record and each jump of a position. */
static void for_each_jump(void (*run)(struct scene *t, uint64_t jump))
{
	static const uint32_t sizes[] = { 0, LEN };
	struct scene t;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (j = 0; j < ARRAY_SIZE(jumps); j++) {
			printf("# record size %u, jump %lld\n", sizes[i],
			       (long long)jumps[j]);
			scene_open(&t, sizes[i]);
			/* Not at the beginning: there is room to go back. */
			check_traffic(&t);
			put(&t, 1);
			put(&t, 2);
			run(&t, jumps[j]);
			scene_close(&t);
		}
	}
}

/* The consumer stays, and may have looked at the head while it was wrong. */
static void wrong_head(struct scene *t, uint64_t jump)
{
	unsigned int looks;

	for (looks = 0; looks < 2; looks++) {
		t->p->self->pos += jump;
		if (looks)
			drain(t);
		next_producer(t);
		assert_int_equal(drain(t), -EAGAIN);
		check_traffic(t);
	}
}

static void test_wrong_head(void **state)
{
	(void)state;
	for_each_jump(wrong_head);
}

/* What was right before it is still delivered. */
static void head_too_far(struct scene *t, uint64_t jump)
{
	uint64_t value;

	if (jump <= SIZE || jump >> 63)
		return;
	t->p->self->pos += jump;
	next_producer(t);
	assert_int_equal(get(t, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(get(t, &value), 0);
	assert_int_equal(value, 2);
}

static void test_head_too_far(void **state)
{
	(void)state;
	for_each_jump(head_too_far);
}

/* The consumer read records that their producer then took back. */
static void test_taken_back(void **state)
{
	struct scene t;
	uint64_t value;

	(void)state;
	scene_open(&t, LEN);
	check_traffic(&t);
	put(&t, 1);
	put(&t, 2);
	put(&t, 3);
	assert_int_equal(get(&t, &value), 0);
	assert_int_equal(get(&t, &value), 0);
	assert_int_equal(get(&t, &value), 0);
	t.p->self->pos -= 2 * t.step;
	next_producer(&t);
	put(&t, 7);
	assert_int_equal(get(&t, &value), 0);
	assert_int_equal(value, 7);
	check_traffic(&t);
	scene_close(&t);
}

/*
 * The consumer has seen records that their producer then took back, and reads them
 * while the next one is at work: nothing of that one's is overwritten.
 */
static void test_read_ahead(void **state)
{
	struct scene t;
	uint64_t value;

	(void)state;
	scene_open(&t, LEN);
	put(&t, 1);
	put(&t, 2);
	put(&t, 3);
	assert_int_equal(shmring_wait(t.c, 3 * LEN, 0), 0);
	t.p->self->pos = 0;
	next_producer(&t);
	put(&t, 7);
	put(&t, 8);
	put(&t, 9);
	while (t.c->pos != t.c->limit) {
		assert_int_equal(get(&t, &value), 0);
		shmring_flush(t.c);
	}
	while (shmring_reserve(t.p, LEN))
		put(&t, 10);
	assert_int_equal(get(&t, &value), 0);
	assert_int_equal(value, 7);
	assert_int_equal(get(&t, &value), 0);
	assert_int_equal(value, 8);
	scene_close(&t);
}

/* A header that cannot be: told once, and all that is there is dropped. */
static void test_torn_record(void **state)
{
	struct scene t;
	uint64_t value;
	size_t len;

	(void)state;
	scene_open(&t, 0);
	check_traffic(&t);
	put(&t, 1);
	put(&t, 2);
	*(uint32_t *)(void *)shmring_at(t.p, t.c->pos) = SIZE;
	assert_null(shmring_peek(t.c, &len, NULL));
	assert_int_equal(errno, EBADMSG);
	assert_null(shmring_peek(t.c, &len, NULL));
	assert_int_equal(errno, EAGAIN);
	put(&t, 3);
	assert_int_equal(get(&t, &value), 0);
	assert_int_equal(value, 3);
	next_producer(&t);
	check_traffic(&t);
	scene_close(&t);
}

/* Records 1 to 9, of which 2 claims what the next producer wrote. */
static void scene_across_an_end(struct scene *t)
{
	uint64_t i;

	scene_open(t, 0);
	check_traffic(t);
	put(t, 1);
	put(t, 2);
	*(uint32_t *)(void *)shmring_at(t->p, t->p->pos - t->step) = 3 * LEN;
	next_producer(t);
	for (i = 3; i < 10; i++)
		put(t, i);
}

/* All of them but the broken one arrive. */
static void check_across_an_end(struct scene *t)
{
	uint64_t value, i;

	for (i = 1; i < 10; i += 1 + (i == 1)) {
		assert_int_equal(get(t, &value), 0);
		assert_int_equal(value, i);
	}
}

/* What the next producer wrote is not lost. */
static void test_across_an_end(void **state)
{
	struct scene t;

	(void)state;
	scene_across_an_end(&t);
	check_across_an_end(&t);
	scene_close(&t);
}

/* Nor where that one leaves, too, and only who looks over it follows. */
static void test_across_two_ends(void **state)
{
	uint64_t at;
	struct scene t;
	uint32_t tag;
	size_t len;

	(void)state;
	scene_across_an_end(&t);
	assert_non_null(shmring_peek(t.c, &len, NULL));
	at = t.c->seen - t.c->pos;
	next_producer(&t);
	assert_null(shmring_peek_at(t.c, &at, &len, &tag));
	assert_int_equal(errno, EAGAIN);
	check_across_an_end(&t);
	scene_close(&t);
}

/* Nor is it for who only looks, and takes it afterwards. */
static void test_look_across_an_end(void **state)
{
	uint64_t value, at = 0, i;
	const void *record;
	struct scene t;
	uint32_t tag;
	size_t len;

	(void)state;
	scene_across_an_end(&t);
	for (i = 1; i < 10; i++) {
		record = shmring_peek_at(t.c, &at, &len, &tag);
		assert_int_equal(at, i * t.step);
		if (i == 2) {
			assert_null(record);
			assert_int_equal(errno, EBADMSG);
			continue;
		}
		assert_non_null(record);
		memcpy(&value, record, sizeof(value));
		assert_int_equal(value, i);
		assert_int_equal(len, LEN);
		assert_int_equal(tag, 0);
	}
	assert_null(shmring_peek_at(t.c, &at, &len, &tag));
	assert_int_equal(errno, EAGAIN);
	check_across_an_end(&t);
	scene_close(&t);
}

/*
 * The producer looked at last takes back what was only looked at, beyond where the
 * one before it left off: the next one's is not taken for that.
 */
static void test_looked_at_and_taken_back(void **state)
{
	uint64_t value, at = 0;
	struct scene t;
	uint32_t tag;
	size_t len = 0;

	(void)state;
	scene_open(&t, 0);
	check_traffic(&t);
	put(&t, 1);
	next_producer(&t);
	put(&t, 2);
	assert_non_null(shmring_peek(t.c, &len, NULL));
	assert_non_null(shmring_peek_at(t.c, &at, &len, &tag));
	assert_non_null(shmring_peek_at(t.c, &at, &len, &tag));
	t.p->self->pos -= t.step;
	next_producer(&t);
	put(&t, 3);
	assert_non_null(shmring_peek(t.c, &len, NULL));
	shmring_release(t.c, len);
	/* Mind that get() passes over it. */
	assert_null(shmring_peek(t.c, &len, NULL));
	assert_int_equal(errno, EBADMSG);
	assert_int_equal(get(&t, &value), 0);
	assert_int_equal(value, 3);
	/* Who goes on looking is told, too. */
	put(&t, 4);
	at = 0;
	assert_non_null(shmring_peek_at(t.c, &at, &len, &tag));
	t.p->self->pos -= t.step;
	next_producer(&t);
	put(&t, 5);
	assert_null(shmring_peek_at(t.c, &at, &len, &tag));
	assert_int_equal(errno, ESTALE);
	assert_int_equal(get(&t, &value), 0);
	assert_int_equal(value, 5);
	scene_close(&t);
}

/* Headers that promise more than a ring, wherever somebody looks. */
static void scene_of_lies(struct scene *t)
{
	uint64_t at;

	scene_open(t, 0);
	check_traffic(t);
	for (at = 0; at < SIZE; at += sizeof(struct shmring_record))
		*(struct shmring_record *)(void *)shmring_at(t->p, at) =
			(struct shmring_record) { .len = SIZE };
}

static void look_over(struct scene *t)
{
	uint64_t at = 0;
	uint32_t tag;
	size_t len;

	for (;;) {
		if (shmring_peek_at(t->c, &at, &len, &tag))
			assert_in_range(len, 0, SIZE - 8);
		else if (errno != EBADMSG)
			break;
	}
	assert_in_range(t->c->seen - t->c->pos, 0, SIZE);
}

static void check_bounds(struct scene *t)
{
	size_t len;

	look_over(t);
	if (shmring_peek(t->c, &len, NULL))
		assert_in_range(len, 0, SIZE - 8);
	assert_in_range(t->c->limit - t->c->pos, 0, SIZE);
}

/*
 * The consumer comes while the head is more than a ring behind, releases a record
 * without handing it back, and the head is where it should be, then nowhere.
 */
static void test_far_behind(void **state)
{
	struct scene t;
	uint64_t start;
	size_t len = 0;

	(void)state;
	scene_of_lies(&t);
	/* One that has shown nothing yet: what the tail says is not about it. */
	next_producer(&t);
	start = t.p->pos;
	t.p->self->pos = start - SIZE - 8;
	next_consumer(&t);
	((struct shmring_record *)(void *)shmring_at(t.p, start - SIZE - 8))->len = 8;
	t.p->self->pos = start - SIZE + 8;
	assert_non_null(shmring_peek(t.c, &len, NULL));
	shmring_release(t.c, len);
	t.p->self->pos = start + 8;
	next_producer(&t);
	look_over(&t);
	t.p->self->pos = 1ULL << 40;
	look_over(&t);
	check_bounds(&t);
	scene_close(&t);
}

/* What was dropped while the consumer held it is released all the same. */
static void test_release_of_the_dropped(void **state)
{
	struct shmring_record *big;
	struct scene t;
	uint64_t at;
	uint32_t tag;
	size_t len = 0;

	(void)state;
	scene_of_lies(&t);
	big = (void *)shmring_at(t.p, t.p->pos);
	big->len = SIZE / 2;
	t.p->self->pos += SIZE / 2 + 8;
	assert_non_null(shmring_peek(t.c, &len, NULL));
	at = len + 8;
	t.p->self->pos = t.c->pos - 8;
	assert_null(shmring_peek_at(t.c, &at, &len, &tag));
	assert_int_equal(errno, ESTALE);
	shmring_release(t.c, SIZE / 2);
	t.p->self->pos = t.c->pos + SIZE;
	check_bounds(&t);
	check_bounds(&t);
	scene_close(&t);
}

/*
 * Two producers between two looks of the consumer, the first of which took back
 * what it had read: the second one's are not lost.
 */
static void test_two_at_once(void **state)
{
	struct scene t;
	uint64_t value;

	(void)state;
	scene_open(&t, LEN);
	check_traffic(&t);
	put(&t, 1);
	put(&t, 2);
	assert_int_equal(get(&t, &value), 0);
	assert_int_equal(get(&t, &value), 0);
	t.p->self->pos -= 2 * t.step;
	next_producer(&t);
	put(&t, 3);
	put(&t, 4);
	next_producer(&t);
	while (shmring_reserve(t.p, LEN))
		put(&t, 5);
	assert_int_equal(get(&t, &value), 0);
	assert_int_equal(value, 3);
	assert_int_equal(get(&t, &value), 0);
	assert_int_equal(value, 4);
	assert_int_equal(get(&t, &value), 0);
	assert_int_equal(value, 5);
	scene_close(&t);
}

/* The consumer holds a record that its producer took back: it has none. */
static void test_held(void **state)
{
	struct scene t;
	uint64_t value;
	int i;

	(void)state;
	scene_open(&t, 0);
	check_traffic(&t);
	put(&t, 1);
	assert_non_null(shmring_peek(t.c, NULL, NULL));
	t.p->self->pos -= t.step;
	next_producer(&t);
	for (i = 2; i < 12; i++)
		put(&t, (uint64_t)i);
	assert_int_equal(shmring_wait(t.c, 2 * t.step, -1), -EBADMSG);
	shmring_release(t.c, LEN);
	for (i = 2; i < 12; i++) {
		assert_int_equal(get(&t, &value), 0);
		assert_int_equal(value, i);
	}
	scene_close(&t);
}

/* Going back gives room to a producer that waits for it: it is woken. */
static void test_room_by_following(void **state)
{
	struct scene t;
	uint64_t value;
	uint32_t bell;
	int i;

	(void)state;
	scene_open(&t, LEN);
	for (i = 0; i < 4; i++)
		put(&t, 1);
	for (i = 0; i < 4; i++)
		assert_int_equal(get(&t, &value), 0);
	assert_int_equal(t.c->self->pos, 0);
	t.p->self->pos = t.step;
	next_producer(&t);
	assert_true(shmring_fd(t.p) >= 0);
	assert_int_equal(shmring_arm(t.p, SIZE), 0);
	/* Its thread arms, where it has one; on the device poll() does. */
	poll(&(struct pollfd) { .fd = shmring_fd(t.p), .events = POLLOUT }, 1, 0);
	while (!((bell = __atomic_load_n(t.c->bell, __ATOMIC_ACQUIRE)) & 1))
		sched_yield();
	assert_int_equal(get(&t, &value), -EAGAIN);
	assert_int_not_equal(__atomic_load_n(t.c->bell, __ATOMIC_ACQUIRE), bell);
	assert_int_equal(shmring_arm(t.p, SIZE), 1);
	scene_close(&t);
}

/* A producer that left nonsense is gone, and nothing else. */
static void gone_with_nonsense(struct scene *t, uint64_t jump)
{
	drain(t);
	t->p->self->pos += jump;
	shmring_close(t->p);
	assert_int_equal(drain(t), -EPIPE);
	t->p = ring_join(&t->ring, PRODUCER, &t->opts);
	assert_non_null(t->p);
	assert_int_equal(drain(t), -EAGAIN);
	check_traffic(t);
}

static void test_gone_with_nonsense(void **state)
{
	(void)state;
	for_each_jump(gone_with_nonsense);
}

/* Nor does its nonsense hide what its predecessor has published, who was honest. */
static void behind_honest_records(struct scene *t, uint64_t jump)
{
	uint64_t value;

	next_producer(t);
	t->p->self->pos += jump;
	shmring_close(t->p);
	assert_int_equal(shmring_wait(t->c, 0, 0), 0);
	assert_int_equal(get(t, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(get(t, &value), 0);
	assert_int_equal(value, 2);
	t->p = ring_join(&t->ring, PRODUCER, &t->opts);
	assert_non_null(t->p);
	drain(t);
	check_traffic(t);
}

static void test_behind_honest_records(void **state)
{
	(void)state;
	for_each_jump(behind_honest_records);
}

/*
 * The producer stays. It has no room for more while the tail is wrong, nor before
 * the next consumer comes; whose first records may be what was overwritten.
 */
static void wrong_tail(struct scene *t, uint64_t jump)
{
	unsigned int looks;

	for (looks = 0; looks < 2; looks++) {
		t->c->self->pos += jump;
		while (looks && shmring_reserve(t->p, LEN))
			assert_int_equal(shmring_commit(t->p, LEN, 0), 0);
		next_consumer(t);
		assert_int_equal(drain(t), -EAGAIN);
		check_traffic(t);
	}
}

static void test_wrong_tail(void **state)
{
	(void)state;
	for_each_jump(wrong_tail);
}

/* Honest ones that come and go leave no trace: nothing is lost or comes twice. */
static void test_honest(void **state)
{
	static const uint32_t sizes[] = { 0, LEN };
	struct scene t;
	uint64_t i, value;
	size_t s;

	(void)state;
	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		scene_open(&t, sizes[s]);
		for (i = 0; i < 3 * MORE; i++) {
			put(&t, i);
			if (i % 3 == 0)
				next_producer(&t);
			put(&t, i + 1000);
			if (i % 5 == 0)
				next_consumer(&t);
			assert_int_equal(get(&t, &value), 0);
			assert_int_equal(value, i);
			if (i % 7 == 0)
				next_producer(&t);
			assert_int_equal(get(&t, &value), 0);
			assert_int_equal(value, i + 1000);
		}
		assert_int_equal(get(&t, &value), -EAGAIN);
		scene_close(&t);
	}
}

/* Who waits for more than is there, while the producer changes, gets it once. */
static void test_wait_across(void **state)
{
	struct scene t;
	uint64_t value;

	(void)state;
	scene_open(&t, LEN);
	put(&t, 1);
	assert_int_equal(shmring_wait(t.c, 0, 0), 0);
	next_producer(&t);
	put(&t, 2);
	assert_int_equal(shmring_wait(t.c, 2 * LEN, 0), 0);
	assert_int_equal(get(&t, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(get(&t, &value), 0);
	assert_int_equal(value, 2);
	check_traffic(&t);
	scene_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_head),
		cmocka_unit_test(test_head_too_far),
		cmocka_unit_test(test_taken_back),
		cmocka_unit_test(test_read_ahead),
		cmocka_unit_test(test_torn_record),
		cmocka_unit_test(test_across_an_end),
		cmocka_unit_test(test_across_two_ends),
		cmocka_unit_test(test_look_across_an_end),
		cmocka_unit_test(test_looked_at_and_taken_back),
		cmocka_unit_test(test_far_behind),
		cmocka_unit_test(test_release_of_the_dropped),
		cmocka_unit_test(test_two_at_once),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_room_by_following),
		cmocka_unit_test(test_gone_with_nonsense),
		cmocka_unit_test(test_behind_honest_records),
		cmocka_unit_test(test_wrong_tail),
		cmocka_unit_test(test_honest),
		cmocka_unit_test(test_wait_across),
	};

	alarm(HANG_GUARD_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
