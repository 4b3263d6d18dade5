// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariants 2 and 4, across a change of hands: what somebody who wrote nonsense
 * leaves in its page is put right when its role ends, before anybody comes; what
 * an honest one leaves stays as it is. By read() and write(), which keep nothing
 * in user space, and by the words.
 */
#include <fcntl.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

#define RING_BYTES	8192
#define RECORD		56

FIXTURE(settle)
{
	char name[SHMRING_NAME_MAX];
	struct endpoint p;
	struct endpoint c;
	__u64 step;
};

FIXTURE_VARIANT(settle)
{
	__u32 record_size;
};

FIXTURE_VARIANT_ADD(settle, any_length)
{
	.record_size = 0,
};

FIXTURE_VARIANT_ADD(settle, fixed)
{
	.record_size = RECORD,
};

FIXTURE_SETUP(settle)
{
	const char *why = unusable();

	if (why)
		SKIP(return, "%s", why);
	self->step = variant->record_size ?: RECORD + 8;
	ring_name(self->name);
	ASSERT_EQ(0, ring_create(self->name, RING_BYTES, variant->record_size));
	ASSERT_EQ(0, endpoint_open(&self->p, self->name, SHMRING_ROLE_PRODUCER));
	ASSERT_EQ(0, endpoint_open(&self->c, self->name, SHMRING_ROLE_CONSUMER));
}

FIXTURE_TEARDOWN(settle)
{
	endpoint_close(&self->p);
	endpoint_close(&self->c);
	EXPECT_EQ(0, ring_destroy(self->name));
}

static int again(struct endpoint *ep, const char *name)
{
	__u32 role = ep->role;

	endpoint_close(ep);
	return endpoint_open(ep, name, role);
}

static bool put(const struct endpoint *p, char what)
{
	char record[RECORD];

	memset(record, what, sizeof(record));
	return write(p->fd, record, sizeof(record)) == sizeof(record);
}

/* What the next record is made of, or an errno. */
static int get(const struct endpoint *c)
{
	char record[RING_BYTES];
	ssize_t ret;

	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	ret = read(c->fd, record, sizeof(record));
	return ret < 0 ? -errno : ret == RECORD ? record[0] : -EILSEQ;
}

/* Where the last producer to leave has left off. */
static __u64 last_end(const struct endpoint *ep)
{
	const struct shmring_lane *lane = ep->info->lane;

	return lane->end[lane->generation % SHMRING_LANE_ENDS];
}

/*
 * Heads, in records from where the tail is: what becomes of each when its
 * producer leaves, which began two records after it. The ring has room for
 * @most.
 */
TEST_F(settle, inv4_head)
{
	const __s64 most = RING_BYTES / self->step;
	const struct { __s64 said, true_one; } heads[] = {
		{ 2, 2 }, { 3, 3 }, { most, most }, { 1, 2 }, { 0, 2 },
		{ -1, 2 }, { -1000, 2 }, { most + 1, most }, { 1 << 20, most },
		{ 1LL << 50, most },
	};
	__u32 generation;
	__u64 tail;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(heads); i++) {
		/* The producer of these two leaves first. */
		tail = self->c.mine->pos;
		ASSERT_TRUE(put(&self->p, 'a') && put(&self->p, 'b'));
		ASSERT_EQ(0, again(&self->p, self->name));
		EXPECT_EQ(tail + 2 * self->step, last_end(&self->c));
		generation = self->c.info->lane->generation;

		self->p.mine->pos = tail + heads[i].said * self->step;
		endpoint_close(&self->p);
		EXPECT_EQ(tail + heads[i].true_one * self->step,
			  self->c.peer->pos) {
			TH_LOG("said %lld", heads[i].said);
		}
		EXPECT_EQ(self->c.peer->pos, last_end(&self->c));
		EXPECT_EQ(generation + 1, self->c.info->lane->generation);
		/* What was right before it is still there. */
		EXPECT_EQ('a', get(&self->c));
		EXPECT_EQ('b', get(&self->c));
		self->c.mine->pos = self->c.peer->pos;
		ASSERT_EQ(0, endpoint_open(&self->p, self->name,
					   SHMRING_ROLE_PRODUCER));
	}
}

/* In the middle of a record is before it. */
TEST_F(settle, inv4_half_a_record)
{
	ASSERT_TRUE(put(&self->p, 'a'));
	self->p.mine->pos += variant->record_size ? 55 : 7;
	endpoint_close(&self->p);
	EXPECT_EQ(self->step, self->c.peer->pos);
	ASSERT_EQ(0, endpoint_open(&self->p, self->name, SHMRING_ROLE_PRODUCER));
	ASSERT_TRUE(put(&self->p, 'b'));
	EXPECT_EQ('a', get(&self->c));
	EXPECT_EQ('b', get(&self->c));
}

/* Tails: the next consumer begins where that can be, or at the head. */
TEST_F(settle, inv4_tail)
{
	const struct { __s64 said, true_one; } tails[] = {
		{ 0, 0 }, { 1, 1 }, { 3, 3 }, { 4, 3 }, { -1, 0 },
		{ 1LL << 50, 3 },
	};
	unsigned int i;
	__u64 base;

	for (i = 0; i < ARRAY_SIZE(tails); i++) {
		ASSERT_EQ(0, again(&self->c, self->name));
		base = self->c.mine->pos;
		ASSERT_TRUE(put(&self->p, 'a') && put(&self->p, 'b') &&
			    put(&self->p, 'c'));
		self->c.mine->pos += tails[i].said * self->step;
		endpoint_close(&self->c);
		EXPECT_EQ(base + tails[i].true_one * self->step,
			  self->p.peer->pos) {
			TH_LOG("said %lld", tails[i].said);
		}
		ASSERT_EQ(0, endpoint_open(&self->c, self->name,
					   SHMRING_ROLE_CONSUMER));
		self->c.mine->pos = self->p.mine->pos;
	}
}

/* A reader that has not mapped the ring, of a producer that took records back. */
TEST_F(settle, inv4_taken_back)
{
	int fd;

	endpoint_close(&self->c);
	fd = ring_open(self->name, O_RDONLY);
	ASSERT_LE(0, fd);
	self->c.fd = fd;
	ASSERT_TRUE(put(&self->p, 'a') && put(&self->p, 'b') &&
		    put(&self->p, 'c'));
	EXPECT_EQ('a', get(&self->c));
	EXPECT_EQ('b', get(&self->c));
	EXPECT_EQ('c', get(&self->c));
	self->p.mine->pos -= 2 * self->step;
	ASSERT_EQ(0, again(&self->p, self->name));
	ASSERT_TRUE(put(&self->p, 'd') && put(&self->p, 'e'));
	EXPECT_EQ('d', get(&self->c));
	EXPECT_EQ('e', get(&self->c));
	close(fd);
	ASSERT_EQ(0, endpoint_open(&self->c, self->name, SHMRING_ROLE_CONSUMER));
	EXPECT_EQ(self->p.mine->pos, self->c.mine->pos);
}

/* What is no record is told of, and all that is there is dropped. */
TEST_F(settle, inv4_no_record)
{
	struct shmring_record *record = (void *)self->p.data;

	if (variant->record_size)
		SKIP(return, "fixed records have no header");
	ASSERT_TRUE(put(&self->p, 'a') && put(&self->p, 'b'));
	record->len = RING_BYTES;
	EXPECT_EQ(-EBADMSG, get(&self->c));
	ASSERT_TRUE(put(&self->p, 'c'));
	EXPECT_EQ('c', get(&self->c));
}

/* A header that claims what the next producer will write: that is not lost. */
TEST_F(settle, inv4_across_an_end)
{
	struct shmring_record *record = (void *)self->p.data + self->step;

	if (variant->record_size)
		SKIP(return, "fixed records have no header");
	ASSERT_TRUE(put(&self->p, 'a') && put(&self->p, 'b'));
	record->len = 3 * RECORD;
	ASSERT_EQ(0, again(&self->p, self->name));
	ASSERT_TRUE(put(&self->p, 'c') && put(&self->p, 'd') &&
		    put(&self->p, 'e') && put(&self->p, 'f'));
	EXPECT_EQ('a', get(&self->c));
	EXPECT_EQ(-EBADMSG, get(&self->c));
	EXPECT_EQ('c', get(&self->c));
}

/*
 * Two producers between two looks of the consumer, the first of which took back
 * what it had read: the second one's are not lost.
 */
TEST_F(settle, inv4_two_at_once)
{
	ASSERT_TRUE(put(&self->p, 'a') && put(&self->p, 'b'));
	EXPECT_EQ('a', get(&self->c));
	EXPECT_EQ('b', get(&self->c));
	self->p.mine->pos -= 2 * self->step;
	ASSERT_EQ(0, again(&self->p, self->name));
	ASSERT_TRUE(put(&self->p, 'c') && put(&self->p, 'd'));
	ASSERT_EQ(0, again(&self->p, self->name));
	ASSERT_EQ(0, fcntl(self->p.fd, F_SETFL, O_NONBLOCK));
	while (put(&self->p, 'e'))
		;
	EXPECT_EQ('c', get(&self->c));
	EXPECT_EQ('d', get(&self->c));
	EXPECT_EQ('e', get(&self->c));
}

/* A record of no bytes, the last of its producer, does not hide the next one's. */
TEST_F(settle, inv2_no_bytes_before_an_end)
{
	struct shmring_record *record = (void *)self->p.data;

	if (variant->record_size)
		SKIP(return, "no record of this ring is empty");
	record->len = 0;
	self->p.mine->pos = sizeof(*record);
	ASSERT_EQ(0, again(&self->p, self->name));
	ASSERT_TRUE(put(&self->p, 'a'));
	endpoint_close(&self->p);
	EXPECT_EQ('a', get(&self->c));
	EXPECT_EQ(-EILSEQ, get(&self->c));
	ASSERT_EQ(0, endpoint_open(&self->p, self->name, SHMRING_ROLE_PRODUCER));
}

/*
 * A consumer gave space, took it back and left; its producer used it, and stays.
 * The next consumer is told, and both go on.
 */
TEST_F(settle, inv4_overrun)
{
	__u64 tail = self->c.mine->pos;

	while (self->p.mine->pos - tail + self->step <= RING_BYTES)
		ASSERT_TRUE(put(&self->p, 'a'));
	self->c.mine->pos += 2 * self->step;
	self->c.mine->pos = tail;
	ASSERT_EQ(0, again(&self->c, self->name));
	EXPECT_EQ(tail, self->c.mine->pos);
	/* As a library does that has seen the space. */
	self->p.mine->pos += 2 * self->step;
	EXPECT_EQ(-EBADMSG, get(&self->c));
	ASSERT_TRUE(put(&self->p, 'b'));
	EXPECT_EQ('b', get(&self->c));
}

/* The last consumer stopped within a record: its successor goes on at the head. */
TEST_F(settle, inv4_within_a_record)
{
	if (variant->record_size)
		SKIP(return, "fixed records have no header");
	ASSERT_TRUE(put(&self->p, 'z') && put(&self->p, 'z'));
	self->c.mine->pos += 16;
	ASSERT_EQ(0, again(&self->c, self->name));
	EXPECT_EQ(-EBADMSG, get(&self->c));
	ASSERT_TRUE(put(&self->p, 'a'));
	EXPECT_EQ('a', get(&self->c));
}

TEST_HARNESS_MAIN
