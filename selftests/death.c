// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariants 2 and 3: whatever instruction a peer is killed at, published
 * records arrive exactly once and in order, nothing else arrives, and the other
 * side hears of it and goes on.
 *
 * A victim is killed again and again while it streams; its survivor stays. The
 * number of the next record and the position that goes with it are kept in a
 * ledger, and what they will be before each step, so that after a kill there are
 * just two states of the ring that may be.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

#define KILLS		200
#define RING_PAGES	1

/* How the survivor waits: a different one for each victim. */
enum means { BY_SPINNING, BY_WAIT, BY_POLL, BY_EPOLL, BY_SYSCALL, WAYS };

/*
 * What one side has done: record @seq lies at @pos, and after it comes @next_seq
 * at @next_pos. Atomic, since the order of the stores is what it is about.
 */
struct ledger {
	atomic_ullong seq;
	atomic_ullong pos;
	atomic_ullong next_seq;
	atomic_ullong next_pos;
};

struct shared {
	struct ledger ledger[2];
	__u64 attached;		/* victims that were attached */
};

FIXTURE(death)
{
	char name[SHMRING_NAME_MAX];
	struct shared *shared;
	int go[2];
	int done[2];
};

FIXTURE_VARIANT(death)
{
	__u32 record_size;
};

FIXTURE_VARIANT_ADD(death, any_length)
{
	.record_size = 0,
};

FIXTURE_VARIANT_ADD(death, fixed)
{
	.record_size = 24,
};

FIXTURE_SETUP(death)
{
	const char *why = unusable();

	if (why)
		SKIP(return, "%s", why);
	ring_name(self->name);
	ASSERT_EQ(0, ring_create(self->name, RING_PAGES * page_size(),
				 variant->record_size));
	self->shared = shared_memory(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	ASSERT_EQ(0, pipe(self->go));
	ASSERT_EQ(0, pipe(self->done));
}

FIXTURE_TEARDOWN(death)
{
	EXPECT_EQ(0, ring_destroy(self->name));
}

static struct ledger *ledger_of(struct shared *shared,
				const struct endpoint *ep)
{
	return &shared->ledger[ep->role == SHMRING_ROLE_CONSUMER];
}

static void ledger_settle(struct ledger *ledger)
{
	ledger->seq = ledger->next_seq;
	ledger->pos = ledger->next_pos;
}

/* In this order: until @next_pos is the new one, nothing says it is next. */
static void ledger_announce(struct ledger *ledger, __u64 pos)
{
	ledger->next_pos = pos;
	ledger->next_seq = ledger->seq + 1;
}

/* The dead one either moved on or did not; in between there is nothing. */
static bool ledger_resume(struct ledger *ledger, __u64 pos)
{
	if (pos == ledger->next_pos) {
		ledger_settle(ledger);
		return true;
	}
	ledger->next_pos = ledger->pos;
	ledger->next_seq = ledger->seq;
	return pos == ledger->pos;
}

/* The next record: put, or checked and taken. 0 if the ring is full or empty. */
static ssize_t transfer(struct ledger *ledger, struct endpoint *ep)
{
	ssize_t bytes = ep->role == SHMRING_ROLE_PRODUCER ?
			(ssize_t)endpoint_fill(ep, ledger->seq) :
			endpoint_check(ep, ledger->seq);

	if (bytes <= 0)
		return bytes;
	ledger_announce(ledger, ledger->pos + bytes);
	endpoint_move(ep, bytes);
	ledger_settle(ledger);
	return bytes;
}

static void victim(struct shared *shared, const char *name, __u32 role)
{
	struct ledger *ledger;
	struct endpoint ep;
	unsigned int idle = 0;
	ssize_t ret;
	__u32 events;

	CHILD_ASSERT(!endpoint_open(&ep, name, role));
	ledger = ledger_of(shared, &ep);
	CHILD_ASSERT(ledger_resume(ledger, ep.mine->pos));
	__atomic_fetch_add(&shared->attached, 1, __ATOMIC_RELEASE);
	for (;;) {
		ret = transfer(ledger, &ep);
		CHILD_ASSERT(ret >= 0);
		/* Some die while they spin, some while they sleep. */
		if (ret || idle++ % 4)
			relax();
		else
			ring_wait(ep.fd, 0, 0, SHMRING_WAIT_FOREVER, &events);
	}
}

static int peer_state(const struct endpoint *ep)
{
	bool consumer_is_peer = ep->role == SHMRING_ROLE_PRODUCER;

	return __atomic_load_n(&ep->info->state[consumer_is_peer],
			       __ATOMIC_ACQUIRE);
}

/* One record by read() or write(). 1: done; 0: the peer is gone. */
static int transfer_by_syscall(struct ledger *ledger, struct endpoint *ep)
{
	unsigned char record[512];
	ssize_t len;

	if (ep->role == SHMRING_ROLE_PRODUCER) {
		len = record_fill(record, ep, ledger->seq);
		if (write(ep->fd, record, len) != len)
			return errno == EPIPE ? 0 : -errno;
	} else {
		len = read(ep->fd, record, sizeof(record));
		if (len <= 0)
			return len ? -errno : 0;
		if (!record_matches(record, len, ep, ledger->seq))
			return -EBADMSG;
	}
	ledger_announce(ledger, ep->mine->pos);
	ledger_settle(ledger);
	return 1;
}

/* Waits for the peer by @way. 1: look again; 0: the peer is gone. */
static int wait_by(enum means way, struct endpoint *ep, int epfd)
{
	bool producer = ep->role == SHMRING_ROLE_PRODUCER;
	short ready = producer ? POLLOUT : POLLIN;
	short hup = producer ? POLLHUP | POLLERR : POLLHUP;
	struct pollfd pollfd = { .fd = ep->fd, .events = ready };
	struct epoll_event event;
	__u32 events;
	int ret;

	switch (way) {
	case BY_SPINNING:
		relax();
		return peer_state(ep) != SHMRING_STATE_GONE;
	case BY_WAIT:
		ret = ring_wait(ep->fd, 0, 0, SHMRING_WAIT_FOREVER, &events);
		return ret ?: !(events & SHMRING_EVENT_HUP);
	case BY_POLL:
		if (poll(&pollfd, 1, -1) != 1)
			return -errno;
		ret = pollfd.revents;
		break;
	default:
		if (epoll_wait(epfd, &event, 1, -1) != 1)
			return -errno;
		ret = event.events;
		break;
	}
	if (ret & ~(ready | hup) || !ret)
		return -EBADMSG;
	if ((ret & hup) && (ret & hup) != hup)
		return -EBADMSG;
	return !(ret & hup);
}

/* Until the peer is gone and all is done that can be. */
static int outlive(struct shared *shared, struct endpoint *ep, enum means way,
		   int epfd)
{
	struct ledger *ledger = ledger_of(shared, ep);
	bool alive = true;
	ssize_t ret;

	for (;;) {
		ret = transfer(ledger, ep);
		if (ret < 0)
			return ret;
		if (ret)
			continue;
		if (!alive)
			return 0;
		/* What it published last is looked for once more. */
		ret = way == BY_SYSCALL ? transfer_by_syscall(ledger, ep) :
					  wait_by(way, ep, epfd);
		if (ret < 0)
			return ret;
		alive = ret;
	}
}

/* Stays, and says after each victim's death that it has heard of it. */
static void survivor(struct shared *shared, const char *name, __u32 role,
		     int go, int done)
{
	struct epoll_event event = {
		.events = role == SHMRING_ROLE_CONSUMER ? EPOLLIN : EPOLLOUT,
	};
	unsigned int round = 0;
	struct endpoint ep;
	__u32 epoch;
	int epfd;
	char c;

	CHILD_ASSERT(!endpoint_open(&ep, name, role));
	epfd = epoll_create1(EPOLL_CLOEXEC);
	CHILD_ASSERT(!epoll_ctl(epfd, EPOLL_CTL_ADD, ep.fd, &event));
	epoch = ep.info->epoch;
	CHILD_ASSERT(write(done, "", 1) == 1);
	while (read(go, &c, 1) == 1) {
		int ret = outlive(shared, &ep, round++ % WAYS, epfd);

		if (ret)
			fprintf(stderr, "# outliving %u by way %u: %s\n",
				round, (round - 1) % WAYS, strerror(-ret));
		CHILD_ASSERT(!ret);
		CHILD_ASSERT(peer_state(&ep) == SHMRING_STATE_GONE);
		CHILD_ASSERT(ep.info->epoch != epoch);
		epoch = ep.info->epoch;
		CHILD_ASSERT(write(done, "", 1) == 1);
	}
	_exit(0);
}

/* A moment between none at all and some 100 microseconds. */
static void random_moment(__u64 seed)
{
	__u64 r;

	for (r = mix(seed) % (1U << (mix(~seed) % 16)); r; r--)
		relax();
}

static bool last_round(struct shared *shared, struct endpoint *ep)
{
	struct ledger *ledger = ledger_of(shared, ep);
	ssize_t ret;

	if (!ledger_resume(ledger, ep->mine->pos))
		return false;
	do {
		ret = transfer(ledger, ep);
	} while (ret > 0);
	return !ret;
}

static void kill_again_and_again(struct __test_metadata *_metadata,
				 const char *name, struct shared *shared,
				 const int *go, const int *done, __u32 role)
{
	struct endpoint ep;
	const unsigned int kills = rounds(KILLS);
	pid_t other, pid;
	unsigned int i;
	char c;

	other = spawn(0);
	if (!other) {
		close(go[1]);
		close(done[0]);
		survivor(shared, name, 3 - role, go[0], done[1]);
	}
	close(go[0]);
	close(done[1]);
	ASSERT_EQ(1, read(done[0], &c, 1));
	for (i = 0; i < kills; i++) {
		pid = spawn(1);
		if (!pid) {
			close(go[1]);
			victim(shared, name, role);
		}
		while (__atomic_load_n(&shared->attached,
				       __ATOMIC_ACQUIRE) == i) {
			ASSERT_EQ(0, waitpid(pid, NULL, WNOHANG));
			relax();
		}
		ASSERT_EQ(-EBUSY, ring_open_as(name, role));
		ASSERT_EQ(1, write(go[1], "", 1));
		random_moment(i);
		ASSERT_EQ(0, kill(pid, SIGKILL));
		ASSERT_EQ(128 + SIGKILL, reap(pid));
		/* The survivor's answer, or the end of its pipe. */
		ASSERT_EQ(1, read(done[0], &c, 1)) {
			TH_LOG("the survivor died of victim %u", i);
		}
	}
	close(go[1]);
	EXPECT_EQ(0, reap(other));

	/* Whoever comes last finds what was left, and no more. */
	ASSERT_EQ(0, endpoint_open(&ep, name, SHMRING_ROLE_CONSUMER));
	EXPECT_TRUE(last_round(shared, &ep));
	EXPECT_TRUE(ledger_resume(&shared->ledger[0], ep.peer->pos));
	EXPECT_EQ(shared->ledger[0].seq, shared->ledger[1].seq);
	EXPECT_EQ(ep.peer->pos, ep.mine->pos);
	EXPECT_LT(kills, shared->ledger[0].seq);
	TH_LOG("%llu records", shared->ledger[0].seq);
	endpoint_close(&ep);
}

TEST_F_TIMEOUT(death, inv2_inv3_producer_killed, HANG)
{
	kill_again_and_again(_metadata, self->name, self->shared, self->go,
			     self->done, SHMRING_ROLE_PRODUCER);
}

TEST_F_TIMEOUT(death, inv2_inv3_consumer_killed, HANG)
{
	kill_again_and_again(_metadata, self->name, self->shared, self->go,
			     self->done, SHMRING_ROLE_CONSUMER);
}

/* What was seen and not released comes again, to whoever is next. */
TEST_F(death, inv2_unreleased_is_delivered_again)
{
	struct endpoint producer, consumer;
	ssize_t bytes;
	int i, seq;
	pid_t pid;

	ASSERT_EQ(0, endpoint_open(&producer, self->name,
				   SHMRING_ROLE_PRODUCER));
	for (seq = 0; seq < 10; seq++)
		endpoint_move(&producer, endpoint_fill(&producer, seq));
	for (seq = 0; seq < 10; seq++) {
		for (i = 0; i < 2; i++) {
			pid = spawn(1);
			if (pid) {
				ASSERT_EQ(128 + SIGKILL, reap(pid));
				continue;
			}
			CHILD_ASSERT(!endpoint_open(&consumer, self->name,
						    SHMRING_ROLE_CONSUMER));
			bytes = endpoint_check(&consumer, seq);
			CHILD_ASSERT(bytes > 0);
			if (i)
				endpoint_move(&consumer, bytes);
			raise(SIGKILL);
		}
	}
	ASSERT_EQ(0, endpoint_open(&consumer, self->name,
				   SHMRING_ROLE_CONSUMER));
	EXPECT_EQ(0, endpoint_has(&consumer));
	endpoint_close(&producer);
	endpoint_close(&consumer);
}

/* A sleeper hears of a death in each way, with and without data. */
TEST_F(death, inv3_events)
{
	struct endpoint producer, consumer;
	struct pollfd pollfd = { .events = POLLIN | POLLOUT };
	__u32 events;

	ASSERT_EQ(0, endpoint_open(&consumer, self->name,
				   SHMRING_ROLE_CONSUMER));
	pollfd.fd = consumer.fd;
	/* Nobody came yet, so nobody is gone. */
	EXPECT_EQ(0, poll(&pollfd, 1, 0));
	EXPECT_EQ(-EAGAIN, ring_wait(consumer.fd, 0, 0, 0, &events));

	ASSERT_EQ(0, endpoint_open(&producer, self->name,
				   SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(0, poll(&pollfd, 1, 0));
	endpoint_move(&producer, endpoint_fill(&producer, 0));
	endpoint_close(&producer);
	EXPECT_EQ(0, ring_wait(consumer.fd, 0, 0, 0, &events));
	EXPECT_EQ(SHMRING_EVENT_READY | SHMRING_EVENT_HUP, events);
	EXPECT_EQ(1, poll(&pollfd, 1, 0));
	EXPECT_EQ(POLLIN | POLLHUP, pollfd.revents);
	endpoint_move(&consumer, endpoint_check(&consumer, 0));
	EXPECT_EQ(0, ring_wait(consumer.fd, 0, 0, SHMRING_WAIT_FOREVER,
			       &events));
	EXPECT_EQ(SHMRING_EVENT_HUP, events);
	EXPECT_EQ(1, poll(&pollfd, 1, 0));
	EXPECT_EQ(POLLHUP, pollfd.revents);

	/* The next one ends it. */
	ASSERT_EQ(0, endpoint_open(&producer, self->name,
				   SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(-EAGAIN, ring_wait(consumer.fd, 0, 0, 0, &events));
	EXPECT_EQ(0, poll(&pollfd, 1, 0));
	endpoint_close(&consumer);
	pollfd.fd = producer.fd;
	EXPECT_EQ(1, poll(&pollfd, 1, 0));
	EXPECT_EQ(POLLOUT | POLLHUP | POLLERR, pollfd.revents);
	endpoint_close(&producer);
}

TEST_HARNESS_MAIN
