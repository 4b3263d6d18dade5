// SPDX-License-Identifier: GPL-2.0-only
/* Many producers: each has a lane, and one consumer reads them all. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "kselftest_harness.h"
#include "shmring_test.h"

#define LANES	8
#define WRITERS	16	/* of whom some come when others have left */

FIXTURE(lanes)
{
	char name[SHMRING_NAME_MAX];
	struct shmring_info info;
	int ring;
	int consumer;
	int producer[LANES];
};

FIXTURE_VARIANT(lanes)
{
	__u32 record_size;
};

FIXTURE_VARIANT_ADD(lanes, any_length)
{
	.record_size = 0,
};

FIXTURE_VARIANT_ADD(lanes, fixed)
{
	.record_size = 48,
};

static int create(const char *name, __u32 lanes, __u32 record_size, __u32 flags)
{
	struct shmring_create create;

	ring_defaults(&create, name);
	create.max_producers = lanes;
	create.record_size = record_size;
	create.flags = flags;
	return ring_create_fd(&create);
}

FIXTURE_SETUP(lanes)
{
	const char *why = unusable();
	int i;

	if (why)
		SKIP(return, "%s", why);
	ring_name(self->name);
	self->ring = create(self->name, LANES, variant->record_size, 0);
	ASSERT_LE(0, self->ring);
	self->consumer = ring_attach(self->ring, SHMRING_ROLE_CONSUMER);
	ASSERT_LE(0, self->consumer);
	for (i = 0; i < LANES; i++) {
		self->producer[i] = ring_attach_at(self->ring,
						   SHMRING_ROLE_PRODUCER,
						   SHMRING_INDEX_ANY);
		ASSERT_LE(0, self->producer[i]);
	}
	ASSERT_EQ(0, ring_info(self->producer[0], &self->info));
}

FIXTURE_TEARDOWN(lanes)
{
	int i;

	for (i = 0; i < LANES; i++)
		close(self->producer[i]);
	close(self->consumer);
	close(self->ring);
	EXPECT_EQ(0, ring_destroy(self->name));
}

static struct endpoint shape_of(__u32 record_size)
{
	return (struct endpoint) { .record_size = record_size };
}

/* Record @seq of @writer; all have numbers of their own. */
static __u64 number(unsigned int writer, __u64 seq)
{
	return (__u64)writer << 32 | seq;
}

static int put(int fd, __u32 record_size, unsigned int writer, __u64 seq)
{
	struct endpoint shape = shape_of(record_size);
	unsigned char record[256];
	size_t len = record_fill(record, &shape, number(writer, seq));
	ssize_t ret = write(fd, record, len);

	return ret < 0 ? -errno : ret == (ssize_t)len ? 0 : -EIO;
}

/*
 * Which of the @writers' next records this is; or a negative errno, -EILSEQ if it is
 * none of them, and -ENODATA at the end.
 */
static int take(int fd, __u32 record_size, __u64 *next, unsigned int writers)
{
	struct endpoint shape = shape_of(record_size);
	unsigned char record[256];
	ssize_t len = read(fd, record, sizeof(record));
	unsigned int i;

	if (len <= 0)
		return len ? -errno : -ENODATA;
	for (i = 0; i < writers; i++)
		if (record_matches(record, len, &shape, number(i, next[i]))) {
			next[i]++;
			return i;
		}
	return -EILSEQ;
}

static __u32 index_of(int fd)
{
	struct shmring_info info;

	return ring_info(fd, &info) ? ~0U : info.index;
}

TEST_F(lanes, inv9_attach)
{
	__u64 taken = 0;
	int i, fd;

	EXPECT_EQ(LANES, self->info.max_producers);
	EXPECT_EQ(1, self->info.max_consumers);
	for (i = 0; i < LANES; i++)
		taken |= 1ULL << index_of(self->producer[i]);
	EXPECT_EQ((1ULL << LANES) - 1, taken);

	EXPECT_EQ(-EBUSY, ring_attach_at(self->ring, SHMRING_ROLE_PRODUCER,
					 SHMRING_INDEX_ANY));
	EXPECT_EQ(-EBUSY, ring_attach_at(self->ring, SHMRING_ROLE_PRODUCER, 3));
	EXPECT_EQ(-EBUSY, ring_attach(self->ring, SHMRING_ROLE_CONSUMER));
	EXPECT_EQ(-EINVAL, ring_attach_at(self->ring, SHMRING_ROLE_PRODUCER,
					  LANES));
	EXPECT_EQ(-EINVAL, ring_attach_at(self->ring, SHMRING_ROLE_CONSUMER,
					  1));

	/* The one that is free, by its number or without. */
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, close(self->producer[5]));
		EXPECT_EQ(-EBUSY, ring_attach_at(self->ring,
						 SHMRING_ROLE_PRODUCER, 4));
		fd = ring_attach_at(self->ring, SHMRING_ROLE_PRODUCER,
				    i ? 5 : SHMRING_INDEX_ANY);
		ASSERT_LE(0, fd);
		EXPECT_EQ(5, index_of(fd));
		self->producer[5] = fd;
	}
}

TEST_F(lanes, inv9_most_lanes)
{
	char name[] = "lanes-most";
	struct endpoint ep;
	int ring, fd;

	ring = create(name, SHMRING_LANES_MAX, variant->record_size, 0);
	ASSERT_LE(0, ring);
	fd = ring_attach_at(ring, SHMRING_ROLE_PRODUCER, SHMRING_LANES_MAX - 1);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, endpoint_map(&ep, fd));
	EXPECT_EQ(SHMRING_LANES_MAX, ep.info->max_producers);
	endpoint_move(&ep, endpoint_fill(&ep, 0));
	fd = ring_attach(ring, SHMRING_ROLE_CONSUMER);
	ASSERT_LE(0, fd);
	endpoint_close(&ep);
	ASSERT_EQ(0, endpoint_map_lane(&ep, fd, SHMRING_LANES_MAX - 1));
	EXPECT_LT(0, endpoint_check(&ep, 0));
	endpoint_close(&ep);
	close(ring);
	EXPECT_EQ(0, ring_destroy(name));
}

/* What a process writes with one descriptor after the other is in one lane. */
TEST_F(lanes, inv2_a_process_finds_its_lane_again)
{
	int i, fd[2];
	pid_t pid;

	for (i = 0; i < LANES; i++)
		ASSERT_EQ(0, close(self->producer[i]));
	pid = spawn(0);
	if (!pid) {
		/* All are free; the first one is what others take. */
		fd[0] = ring_attach_at(self->ring, SHMRING_ROLE_PRODUCER, 6);
		CHILD_ASSERT(fd[0] >= 0 && !close(fd[0]));
		fd[0] = ring_attach_at(self->ring, SHMRING_ROLE_PRODUCER,
				       SHMRING_INDEX_ANY);
		CHILD_ASSERT(index_of(fd[0]) == 6 && !close(fd[0]));
		/* Of two that it had, the one that it had last. */
		fd[0] = ring_attach_at(self->ring, SHMRING_ROLE_PRODUCER, 3);
		CHILD_ASSERT(fd[0] >= 0 && !close(fd[0]));
		fd[0] = ring_attach_at(self->ring, SHMRING_ROLE_PRODUCER, 7);
		CHILD_ASSERT(fd[0] >= 0 && !close(fd[0]));
		fd[0] = ring_attach_at(self->ring, SHMRING_ROLE_PRODUCER,
				       SHMRING_INDEX_ANY);
		CHILD_ASSERT(index_of(fd[0]) == 7);
		fd[1] = ring_attach_at(self->ring, SHMRING_ROLE_PRODUCER,
				       SHMRING_INDEX_ANY);
		CHILD_ASSERT(index_of(fd[1]) == 3);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	for (i = 0; i < LANES; i++)
		self->producer[i] = -1;
}

/* Nothing of another lane's, and all of it for the consumer, to read. */
TEST_F(lanes, inv5_regions)
{
	const struct shmring_info *info = &self->info;
	size_t page = info->page_size;
	__u32 own = info->index, i;
	struct {
		__u64 at;
		size_t len;
	} regions[2];
	unsigned int n;
	void *p;

	for (i = 0; i < LANES; i++) {
		regions[0].at = info->producer_offset +
				i * info->producer_stride;
		regions[0].len = page;
		regions[1].at = info->data_offset + i * info->data_stride;
		regions[1].len = info->data_bytes;
		for (n = 0; n < 2; n++) {
			p = mmap(NULL, regions[n].len, PROT_READ | PROT_WRITE,
				 MAP_SHARED, self->producer[0], regions[n].at);
			EXPECT_EQ(i == own, p != MAP_FAILED);
			EXPECT_TRUE(p != MAP_FAILED || errno == EACCES);
			p = mmap(NULL, page, PROT_READ, MAP_PRIVATE,
				 self->producer[0], regions[n].at);
			EXPECT_EQ(i == own, p != MAP_FAILED);
			EXPECT_TRUE(p != MAP_FAILED || errno == EACCES);

			p = mmap(NULL, regions[n].len, PROT_READ, MAP_SHARED,
				 self->consumer, regions[n].at);
			ASSERT_NE(MAP_FAILED, p);
			EXPECT_EQ(0, READ_ONCE(*(char *)p));
			EXPECT_EQ(-1, mprotect(p, page,
					       PROT_READ | PROT_WRITE));
			p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED,
				 self->consumer, regions[n].at);
			EXPECT_EQ(MAP_FAILED, p);
			EXPECT_EQ(EACCES, errno);

			/* No mapping goes on into the next region. */
			p = mmap(NULL, regions[n].len + page, PROT_READ,
				 MAP_SHARED, self->consumer, regions[n].at);
			EXPECT_EQ(MAP_FAILED, p);
			EXPECT_EQ(EINVAL, errno);
		}
	}
	p = mmap(NULL, page, PROT_READ, MAP_SHARED, self->consumer,
		 info->data_offset + LANES * info->data_stride);
	EXPECT_EQ(MAP_FAILED, p);
	EXPECT_EQ(EINVAL, errno);
	/* Where the number of the lane would be a small one in 32 bits. */
	p = mmap(NULL, page, PROT_READ, MAP_SHARED, self->consumer,
		 info->data_offset + (info->data_stride << 32));
	EXPECT_EQ(MAP_FAILED, p);
	EXPECT_EQ(EINVAL, errno);
}

/* Whatever the order in which they came. */
TEST_F(lanes, inv2_each_record_in_order)
{
	__u64 sent[LANES] = {}, next[LANES] = {};
	unsigned int i, round;
	int who;

	set_nonblock(self->consumer, true);
	for (round = 0; round < 200; round++) {
		i = mix(round) % LANES;
		ASSERT_EQ(0, put(self->producer[i], variant->record_size, i,
				 sent[i]++));
		if (mix(~round) % 3)
			continue;
		who = take(self->consumer, variant->record_size, next, LANES);
		ASSERT_LE(0, who);
	}
	while ((who = take(self->consumer, variant->record_size, next,
			   LANES)) >= 0)
		;
	EXPECT_EQ(-EAGAIN, who);
	for (i = 0; i < LANES; i++)
		EXPECT_EQ(sent[i], next[i]);
}

/* One that is full keeps no record of another waiting for longer than a turn. */
TEST_F(lanes, inv10_lanes_take_turns)
{
	__u64 next[LANES] = {};
	unsigned int i, seq;
	bool seen[LANES] = {};
	int who;

	set_nonblock(self->producer[0], true);
	for (seq = 0; !put(self->producer[0], variant->record_size, 0, seq); seq++)
		;
	ASSERT_LT(2 * LANES, seq);
	for (i = 1; i < LANES; i++)
		ASSERT_EQ(0, put(self->producer[i], variant->record_size, i, 0));
	for (i = 0; i < LANES; i++) {
		who = take(self->consumer, variant->record_size, next, LANES);
		ASSERT_LE(0, who);
		EXPECT_FALSE(seen[who]);
		seen[who] = true;
	}
}

/* What does not fit the buffer stays, and does not hold up the others. */
TEST_F(lanes, inv9_short_buffer)
{
	__u64 next[LANES] = {};
	char byte;
	int i, first;

	for (i = 0; i < LANES; i++)
		ASSERT_EQ(0, put(self->producer[i], variant->record_size, i, 64));
	for (i = 0; i < LANES; i++)
		next[i] = 64;
	for (i = 0; i < 2 * LANES; i++) {
		EXPECT_EQ(-1, read(self->consumer, &byte, 1));
		EXPECT_EQ(EMSGSIZE, errno);
	}
	for (i = 0; i < LANES; i++) {
		first = take(self->consumer, variant->record_size, next, LANES);
		EXPECT_LE(0, first);
	}
}

/* Each of them wakes the consumer, by whatever it waits. */
TEST_F(lanes, inv1_any_lane_wakes)
{
	__u64 next[LANES] = {}, signalled;
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct shmring_info_page *info;
	int i, who, epoll = epoll_create1(0), efd = eventfd(0, EFD_NONBLOCK);
	__u32 events;

	info = mmap(NULL, self->info.page_size, PROT_READ, MAP_SHARED,
		    self->consumer, self->info.info_offset);
	ASSERT_NE(MAP_FAILED, info);
	ASSERT_EQ(0, ring_eventfd(self->consumer, efd));
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->consumer, &event));
	set_nonblock(self->consumer, true);
	for (i = 0; i < LANES; i++) {
		EXPECT_EQ(-EAGAIN, ring_wait(self->consumer, 0, 0, 0, &events));
		EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
		EXPECT_EQ(1, READ_ONCE(info->bell.value));
		ASSERT_EQ(0, put(self->producer[i], variant->record_size, i, 0));
		/* One kick answers all of that. */
		EXPECT_EQ(0, READ_ONCE(info->bell.value));
		EXPECT_EQ(sizeof(signalled), read(efd, &signalled, 8));
		EXPECT_EQ(1, signalled);
		EXPECT_EQ(1, epoll_wait(epoll, &event, 1, 0));
		EXPECT_EQ(POLLIN, polled(self->consumer) & POLLIN);
		EXPECT_EQ(0, ring_wait(self->consumer, 0, 0, -1, &events));
		EXPECT_EQ(SHMRING_EVENT_READY, events);
		who = take(self->consumer, variant->record_size, next, LANES);
		EXPECT_EQ(i, who);
		EXPECT_EQ(0, polled(self->consumer) & POLLIN);
	}
	close(epoll);
	close(efd);
}

/* Each record is waited for, and comes from user mode of another CPU. */
static void publish_one_by_one(int ring, __u64 count)
{
	int fd = ring_attach_at(ring, SHMRING_ROLE_PRODUCER, LANES - 1);
	struct endpoint ep;
	__u64 seq;

	CHILD_ASSERT(fd >= 0 && !endpoint_map(&ep, fd));
	for (seq = 0; seq < count; seq++) {
		while (endpoint_has(&ep) != ep.ring_bytes)
			relax();
		jitter(seq);
		endpoint_move(&ep, endpoint_fill(&ep, number(0, seq)));
	}
	_exit(0);
}

TEST_F_TIMEOUT(lanes, inv1_no_lost_wakeup, HANG)
{
	__u64 next[1] = {}, count = rounds(20000);
	__u32 events;
	pid_t pid;
	int i;

	for (i = 0; i < LANES; i++)
		if (index_of(self->producer[i]) == LANES - 1) {
			close(self->producer[i]);
			self->producer[i] = -1;
		}
	pid = spawn(1);
	if (!pid)
		publish_one_by_one(self->ring, count);
	pin(0);
	set_nonblock(self->consumer, true);
	while (next[0] < count) {
		ASSERT_EQ(0, ring_wait(self->consumer, 0, 0, -1, &events));
		i = take(self->consumer, variant->record_size, next, 1);
		ASSERT_EQ(0, i);
	}
	EXPECT_EQ(0, reap(pid));
}

/* What is there in all lanes together counts. */
TEST_F(lanes, inv1_want)
{
	struct endpoint ep;
	__u64 each;
	__u32 events;
	int i;

	ASSERT_EQ(0, endpoint_map(&ep, self->producer[0]));
	ASSERT_EQ(0, put(ep.fd, variant->record_size, 0, 0));
	each = ep.mine->pos;
	ASSERT_LT(0, each);
	for (i = 1; i < 4; i++) {
		EXPECT_EQ(-EAGAIN, ring_wait(self->consumer, 0, 4 * each, 0,
					     &events));
		ASSERT_EQ(0, put(self->producer[i], variant->record_size, 0, 0));
	}
	EXPECT_EQ(0, ring_wait(self->consumer, 0, 4 * each, 0, &events));
	EXPECT_EQ(SHMRING_EVENT_READY, events);
	EXPECT_EQ(-EAGAIN, ring_wait(self->consumer, 0, 4 * each + 1, 0,
				     &events));
	endpoint_unmap(&ep);
}

/* Who hands back space in one lane wakes its producer, and no other. */
TEST_F(lanes, inv10_a_bell_for_each_lane)
{
	/* It fills the ring, but for less than a record. */
	ssize_t len = variant->record_size ?: 56;
	char record[64] = "";
	struct endpoint c;
	__u32 events;
	int i;

	for (i = 0; i < LANES; i++) {
		set_nonblock(self->producer[i], true);
		while (write(self->producer[i], record, len) == len)
			;
		EXPECT_EQ(EAGAIN, errno);
	}
	for (i = 0; i < LANES; i++) {
		EXPECT_EQ(-EAGAIN, ring_wait(self->producer[i], 0, 0, 0,
					     &events));
		EXPECT_EQ(0, polled(self->producer[i]) & POLLOUT);
	}
	ASSERT_EQ(0, endpoint_map_lane(&c, self->consumer, 2));
	for (i = 0; i < LANES; i++)
		EXPECT_EQ(1, READ_ONCE(c.info->lane[i].bell.value));
	ASSERT_LT(0, c.peer->pos);
	endpoint_store(&c, variant->record_size ?: 64);
	EXPECT_TRUE(endpoint_must_kick(&c));
	EXPECT_EQ(-EINVAL, ring_ioctl(c.fd, SHMRING_IOC_KICK, (void *)LANES));
	EXPECT_EQ(0, ring_ioctl(c.fd, SHMRING_IOC_KICK, (void *)2));
	for (i = 0; i < LANES; i++)
		EXPECT_EQ(i != 2, READ_ONCE(c.info->lane[i].bell.value));
	for (i = 0; i < LANES; i++)
		EXPECT_EQ(index_of(self->producer[i]) == 2 ? POLLOUT : 0,
			  polled(self->producer[i]) & POLLOUT);
	/* Those that armed, by one call. */
	EXPECT_EQ(0, ring_ioctl(c.fd, SHMRING_IOC_KICK,
				(void *)(long)(__s32)SHMRING_INDEX_ANY));
	for (i = 0; i < LANES; i++)
		EXPECT_EQ(0, READ_ONCE(c.info->lane[i].bell.value));
	endpoint_unmap(&c);
}

/* The consumer is told when the last one has gone. */
TEST_F(lanes, inv3_all_are_gone)
{
	__u64 next[LANES] = {};
	struct endpoint c;
	__u32 epoch, events;
	int i;

	ASSERT_EQ(0, put(self->producer[0], variant->record_size, 0, 0));
	ASSERT_EQ(0, endpoint_map(&c, self->consumer));
	for (i = 0; i < LANES; i++) {
		EXPECT_EQ(SHMRING_STATE_ATTACHED, READ_ONCE(c.info->state[0]));
		EXPECT_EQ(0, polled(self->consumer) & POLLHUP);
		epoch = READ_ONCE(c.info->epoch);
		close(self->producer[i]);
		self->producer[i] = -1;
		/* It is the last one that the epoch is about. */
		EXPECT_EQ(epoch + (i == LANES - 1), READ_ONCE(c.info->epoch));
	}
	EXPECT_EQ(SHMRING_STATE_GONE, READ_ONCE(c.info->state[0]));
	EXPECT_EQ(POLLHUP | POLLIN, polled(self->consumer) & (POLLHUP | POLLIN));
	EXPECT_EQ(0, take(self->consumer, variant->record_size, next, LANES));
	EXPECT_EQ(-ENODATA, take(self->consumer, variant->record_size, next,
				 LANES));
	self->producer[0] = ring_attach_at(self->ring, SHMRING_ROLE_PRODUCER,
					   3);
	ASSERT_LE(0, self->producer[0]);
	EXPECT_EQ(SHMRING_STATE_ATTACHED, READ_ONCE(c.info->state[0]));
	EXPECT_EQ(0, polled(self->consumer) & POLLHUP);
	EXPECT_EQ(0, ring_wait(self->consumer, SHMRING_WAIT_PEER, 0, -1,
			       &events));
	endpoint_unmap(&c);
}

/* Evict one lane, and all of them. */
TEST_F(lanes, inv5_evict)
{
	struct shmring_evict evict = {
		.size = sizeof(evict),
		.id = self->info.id,
		.role = SHMRING_ROLE_PRODUCER,
	};
	int ctl = open(SHMRING_CTL_PATH, O_RDWR | O_CLOEXEC), i;
	__u32 gone = index_of(self->producer[3]);
	__u32 events;

	ASSERT_LE(0, ctl);
	evict.index = LANES;
	EXPECT_EQ(-EINVAL, ring_ioctl(ctl, SHMRING_IOC_EVICT, &evict));
	evict.index = gone;
	EXPECT_EQ(0, ring_ioctl(ctl, SHMRING_IOC_EVICT, &evict));
	EXPECT_EQ(-ENOTCONN, ring_ioctl(ctl, SHMRING_IOC_EVICT, &evict));
	for (i = 0; i < LANES; i++)
		EXPECT_EQ(i == 3 ? -ENOTCONN : 0,
			  put(self->producer[i], variant->record_size, i, 0));
	evict.index = SHMRING_INDEX_ANY;
	EXPECT_EQ(0, ring_ioctl(ctl, SHMRING_IOC_EVICT, &evict));
	EXPECT_EQ(-ENOTCONN, ring_ioctl(ctl, SHMRING_IOC_EVICT, &evict));
	for (i = 0; i < LANES; i++)
		EXPECT_EQ(-ENOTCONN, put(self->producer[i],
					 variant->record_size, i, 0));
	EXPECT_EQ(0, ring_wait(self->consumer, 0, 0, 0, &events));
	EXPECT_EQ(SHMRING_EVENT_READY | SHMRING_EVENT_HUP, events);
	close(ctl);
}

/* A lane of nonsense is told of once, and costs no other one anything. */
TEST_F(lanes, inv10_a_producer_that_lies)
{
	__u64 next[LANES] = {};
	struct endpoint liar;
	unsigned int i, round, bad = 0, good = 0;
	__u32 events;
	int who;

	ASSERT_EQ(0, endpoint_map(&liar, self->producer[4]));
	set_nonblock(self->consumer, true);
	for (round = 0; round < 6; round++) {
		/* Behind, and ahead of all before. */
		WRITE_ONCE(liar.mine->pos, round % 2 ? -48ULL * round :
						       (48ULL + 48 * round) << 20);
		/* Where there is nothing to drop, there is nothing to wake for. */
		EXPECT_EQ(round % 2 ? -EAGAIN : -EBADMSG,
			  ring_wait(self->consumer, 0, 0, 0, &events));
		EXPECT_EQ(round % 2 ? 0 : POLLERR,
			  polled(self->consumer) & (POLLERR | POLLIN));
		for (i = 0; i < LANES; i++)
			if (i != 4)
				ASSERT_EQ(0, put(self->producer[i],
						 variant->record_size, i,
						 round));
		EXPECT_EQ(POLLIN, polled(self->consumer) & (POLLERR | POLLIN));
		do {
			who = take(self->consumer, variant->record_size, next,
				   LANES);
			bad += who == -EBADMSG;
			good += who >= 0;
		} while (who != -EAGAIN && bad <= LANES && good <= 100);
		EXPECT_EQ(round + 1, bad);
		EXPECT_EQ((round + 1) * (LANES - 1), good);
		/* And nobody is kept from sleeping. */
		EXPECT_EQ(-EAGAIN, ring_wait(self->consumer, 0, 0, 0, &events));
		EXPECT_EQ(0, polled(self->consumer) & (POLLERR | POLLIN));
	}
	endpoint_unmap(&liar);
}

/* What two lies come to is not a record. */
TEST_F(lanes, inv10_halves_of_records)
{
	struct endpoint liar[2];
	__u32 events;
	int i;

	if (!variant->record_size)
		SKIP(return, "these have a header each");
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, endpoint_map(&liar[i], self->producer[i]));
		WRITE_ONCE(liar[i].mine->pos, variant->record_size / 2);
	}
	EXPECT_EQ(-EAGAIN, ring_wait(self->consumer, 0, 0, 0, &events));
	EXPECT_EQ(0, polled(self->consumer) & POLLIN);
	for (i = 0; i < 2; i++)
		endpoint_unmap(&liar[i]);
}

/* Who waits for a consumer is not told of another producer. */
TEST_F(lanes, inv3_wait_for_the_consumer)
{
	struct shmring_info_page *info;
	__u32 events;
	int i;

	info = mmap(NULL, self->info.page_size, PROT_READ, MAP_SHARED,
		    self->producer[0], self->info.info_offset);
	ASSERT_NE(MAP_FAILED, info);
	for (i = 0; i < 2; i++) {
		if (i) {
			close(self->consumer);
			self->consumer = -1;
		}
		__u32 epoch = READ_ONCE(info->epoch);

		close(self->producer[1]);
		self->producer[1] = ring_attach_at(self->ring,
						   SHMRING_ROLE_PRODUCER,
						   SHMRING_INDEX_ANY);
		ASSERT_LE(0, self->producer[1]);
		EXPECT_EQ(epoch, READ_ONCE(info->epoch));
		EXPECT_EQ(i ? -EAGAIN : 0,
			  ring_wait(self->producer[0], SHMRING_WAIT_PEER, epoch,
				    0, &events));
	}
}

/*
 * Descriptors of the ring that were polled before they had a role: each is woken for
 * the lane that it has by now, also where one at a time is to be.
 */
TEST_F(lanes, inv1_exclusive_before_a_role)
{
	struct epoll_event event = { .events = EPOLLOUT | EPOLLEXCLUSIVE };
	ssize_t len = variant->record_size ?: 56;
	char record[64] = "";
	struct endpoint c[2];
	int ring[2], epoll[2], i;

	for (i = 0; i < 2; i++) {
		close(self->producer[i]);
		self->producer[i] = -1;
		ring[i] = ring_open(self->name, O_WRONLY | O_NONBLOCK);
		epoll[i] = epoll_create1(0);
		ASSERT_EQ(0, epoll_ctl(epoll[i], EPOLL_CTL_ADD, ring[i],
				       &event));
	}
	for (i = 0; i < 2; i++) {
		while (write(ring[i], record, len) == len)
			;
		EXPECT_EQ(0, epoll_wait(epoll[i], &event, 1, 0));
	}
	for (i = 1; i >= 0; i--) {
		ASSERT_EQ(0, endpoint_map_lane(&c[i], self->consumer,
					       index_of(ring[i])));
		ASSERT_LT(0, endpoint_has(&c[i]));
		endpoint_move(&c[i], variant->record_size ?: 64);
		EXPECT_EQ(1, epoll_wait(epoll[i], &event, 1, 0));
		/* The other one has no room yet. */
		EXPECT_EQ(!i, epoll_wait(epoll[!i], &event, 1, 0));
	}
	for (i = 0; i < 2; i++) {
		endpoint_unmap(&c[i]);
		close(epoll[i]);
		close(ring[i]);
	}
}

/* An ephemeral ring goes with the last of all that had a role. */
TEST_F(lanes, ephemeral)
{
	char name[] = "lanes-ephemeral";
	int ring, consumer, producer[2];

	ring = create(name, 2, variant->record_size, SHMRING_CREATE_EPHEMERAL);
	ASSERT_LE(0, ring);
	consumer = ring_attach(ring, SHMRING_ROLE_CONSUMER);
	producer[0] = ring_attach_at(ring, SHMRING_ROLE_PRODUCER, 1);
	producer[1] = ring_attach_at(ring, SHMRING_ROLE_PRODUCER, 0);
	ASSERT_LE(0, producer[1]);
	close(ring);
	close(consumer);
	EXPECT_TRUE(ring_exists(name));
	close(producer[1]);
	EXPECT_TRUE(ring_exists(name));
	close(producer[0]);
	EXPECT_FALSE(ring_exists(name));
}

/*
 * Writers that come and go, are killed wherever they are, and one that is stopped
 * for good: of each, all that it has written is read, in order, and nothing else.
 */
static void write_on(const char *name, __u32 record_size, unsigned int writer,
		     __u64 *sent)
{
	int fd = ring_open(name, O_WRONLY);
	__u64 seq;

	for (seq = 0;; seq++) {
		/* It is written, or it is not: the next one tells. */
		if (put(fd, record_size, writer, seq))
			_exit(1);
		__atomic_store_n(sent, seq + 1, __ATOMIC_RELEASE);
	}
}

TEST_F_TIMEOUT(lanes, inv2_and_10_kills_and_a_stop, HANG)
{
	__u64 *sent = shared_memory(WRITERS * sizeof(*sent));
	__u64 next[WRITERS] = {}, reads;
	pid_t pid[WRITERS];
	unsigned int i, killed = 0;
	int who;

	for (i = 0; i < LANES; i++) {
		close(self->producer[i]);
		self->producer[i] = -1;
	}
	for (i = 0; i < WRITERS; i++) {
		if (i >= LANES) {
			/* One leaves, and another one takes its lane. */
			kill(pid[killed], SIGKILL);
			reap(pid[killed++]);
		}
		pid[i] = spawn(i);
		if (!pid[i])
			write_on(self->name, variant->record_size, i, &sent[i]);
		if (i == LANES + 2)
			kill(pid[LANES + 1], SIGSTOP);
		for (reads = 0; reads < 2000 || !next[i]; reads++) {
			who = take(self->consumer, variant->record_size, next,
				   WRITERS);
			/* Nobody has come yet. */
			if (who == -ENODATA && !next[0])
				continue;
			ASSERT_LE(0, who);
		}
	}
	for (i = killed; i < WRITERS; i++) {
		kill(pid[i], SIGKILL);
		reap(pid[i]);
	}
	while ((who = take(self->consumer, variant->record_size, next,
			   WRITERS)) >= 0)
		;
	EXPECT_EQ(-ENODATA, who);
	for (i = 0; i < WRITERS; i++) {
		EXPECT_LE(sent[i], next[i]);
		EXPECT_GE(sent[i] + 1, next[i]);
	}
}

/* As it is said: many shells echo, and one cat sees every line whole, in order. */
TEST_F_TIMEOUT(lanes, inv2_cat_and_many_echos, HANG)
{
	char path[64], reader[256], writers[256];
	__u32 events;
	pid_t pid;
	int i;

	if (variant->record_size)
		SKIP(return, "lines have any length");
	close(self->consumer);
	self->consumer = -1;
	/* The first one stays, so that there is one end. */
	for (i = 1; i < LANES; i++) {
		close(self->producer[i]);
		self->producer[i] = -1;
	}
	ring_path(path, self->name);
	snprintf(reader, sizeof(reader), "cat %s | awk '%s'", path,
		 "NF != 2 || $2 != ++last[$1] { bad = 1 } END { exit bad || NR != 700 }");
	snprintf(writers, sizeof(writers), "for i in 1 2 3 4 5 6 7; do (%s >%s; done) & done; wait",
		 "for n in $(seq 100); do echo $i $n", path);
	pid = spawn(0);
	if (!pid) {
		close(self->producer[0]);
		_exit(!!system(reader));
	}
	EXPECT_EQ(0, ring_wait(self->producer[0], SHMRING_WAIT_PEER, 0, -1,
			       &events));
	EXPECT_EQ(0, system(writers));
	close(self->producer[0]);
	self->producer[0] = -1;
	EXPECT_EQ(0, reap(pid));
}

TEST_HARNESS_MAIN
