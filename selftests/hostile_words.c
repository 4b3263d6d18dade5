// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 4, word by word: each word that a side can write is set to each
 * value at the edges of what arithmetic on it can do, at each phase of the
 * other side's work. What every call then answers follows from the words alone:
 * it is told here as the contract tells it, by wide numbers that cannot wrap, and
 * compared.
 *
 * The attacker and its victim are two endpoints of this process, which therefore
 * can put back what it broke.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

#define RING_BYTES	8192
#define RECORD		56	/* bytes of payload */
#define ROUNDS		10	/* beside a writer that never stops */
#define GUARD_S		400	/* a hang ends here */

/* Words of a control page, and the data's; REST are those that mean nothing. */
enum which {
	POS, WANT, POLL_FLAGS, POLL_EPOCH, GENERATION, LIFE, STALLS,
	MESSAGES, REST, CTL_WORDS,
	LEN = CTL_WORDS, TAG, PAYLOAD, WORDS,
};

static const char *const word_name[] = {
	"pos", "want", "poll_flags", "poll_epoch", "generation", "life",
	"stalls", "messages", "padding",
	"len", "tag", "payload",
};

/* As they are, and added to what is there. */
static const __u64 edges[] = {
	0, 1, 7, 8, RECORD + 1, 4095, 4096, RING_BYTES - 1, RING_BYTES,
	RING_BYTES + 1, RING_BYTES + 8, 2 * RING_BYTES, 0x7fffffff, 0x80000000,
	0xffffffff, 1ULL << 32, (1ULL << 32) + 1, ~0ULL >> 1, 1ULL << 63, ~0ULL,
	~0ULL - 7, ~0ULL - RING_BYTES, 0x5555555555555555ULL,
	0xaaaaaaaaaaaaaaaaULL,
};

static const __u64 steps[] = {
	1, -1ULL, 8, -8ULL, RECORD, -RECORD, RING_BYTES, -RING_BYTES,
	RING_BYTES + 8, 1ULL << 63,
};

#define VALUES (ARRAY_SIZE(edges) + ARRAY_SIZE(steps))

/* How much is in the ring: nothing ever, nothing any more, some, as much as goes. */
enum fill { NEW, EMPTY, SOME, HALF_A_RECORD, FULL, PHASES };

/*
 * struct pair - a ring and its two sides
 * @used_fd: what sysfs says of it
 * @tried: combinations
 */
struct pair {
	char name[SHMRING_NAME_MAX];
	struct endpoint attacker;
	struct endpoint victim;
	int used_fd;
	unsigned int tried;
};

FIXTURE(words)
{
	struct pair t;
};

FIXTURE_VARIANT(words)
{
	__u32 record_size;
	__u32 attacker;
};

FIXTURE_VARIANT_ADD(words, producer_any_length)
{
	.record_size = 0,
	.attacker = SHMRING_ROLE_PRODUCER,
};

FIXTURE_VARIANT_ADD(words, consumer_any_length)
{
	.record_size = 0,
	.attacker = SHMRING_ROLE_CONSUMER,
};

FIXTURE_VARIANT_ADD(words, producer_fixed)
{
	.record_size = RECORD,
	.attacker = SHMRING_ROLE_PRODUCER,
};

FIXTURE_VARIANT_ADD(words, consumer_fixed)
{
	.record_size = RECORD,
	.attacker = SHMRING_ROLE_CONSUMER,
};

FIXTURE_SETUP(words)
{
	const char *why = unusable();
	char path[128];

	if (why)
		SKIP(return, "%s", why);
	ring_name(self->t.name);
	ASSERT_EQ(0, ring_create(self->t.name, RING_BYTES, variant->record_size));
	ASSERT_EQ(0, endpoint_open(&self->t.attacker, self->t.name,
				   variant->attacker));
	ASSERT_EQ(0, endpoint_open(&self->t.victim, self->t.name,
				   3 - variant->attacker));
	snprintf(path, sizeof(path), "/sys/class/shmring/%s/used", self->t.name);
	self->t.used_fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->t.used_fd);
	alarm(GUARD_S);
}

FIXTURE_TEARDOWN(words)
{
	endpoint_close(&self->t.attacker);
	endpoint_close(&self->t.victim);
	close(self->t.used_fd);
	EXPECT_EQ(0, ring_destroy(self->t.name));
}

static struct endpoint *producer_of(struct pair *t)
{
	return t->attacker.role == SHMRING_ROLE_PRODUCER ? &t->attacker :
							   &t->victim;
}

static struct endpoint *consumer_of(struct pair *t)
{
	return t->attacker.role == SHMRING_ROLE_CONSUMER ? &t->attacker :
							   &t->victim;
}

/* Of a record in the ring. */
static __u64 footprint(const struct endpoint *ep, __u64 len)
{
	return ep->record_size ?: (len + 8 + 7) & ~7ULL;
}

/* A victim may be looking: the position goes from one value to the other. */
static void wipe(struct endpoint *ep)
{
	size_t pos = offsetof(struct shmring_ctl_page, cursor[0].pos);
	size_t behind = pos + sizeof(ep->mine->pos);

	memset(ep->ctl, 0, pos);
	memset((char *)ep->ctl + behind, 0, ep->page - behind);
}

/*
 * The ring as honest sides would have it at @phase, at @base: the page of the
 * attacker without a trace of the last value.
 */
static void set_phase(struct pair *t, enum fill phase, __u64 base)
{
	struct endpoint *p = producer_of(t), *c = consumer_of(t);
	struct shmring_record *record;
	__u64 each = footprint(p, RECORD), n = 0, i;

	wipe(&t->attacker);
	memset(p->data, 'd', p->ring_bytes);
	if (phase == SOME)
		n = 3;
	if (phase == FULL)
		n = p->ring_bytes / each;
	c->mine->pos = base;
	for (i = 0; i <= n && !p->record_size; i++) {
		record = (void *)p->data + ((base + i * each) &
					    (p->ring_bytes - 1));
		record->len = RECORD;
		record->tag = i;
	}
	p->mine->pos = base + (phase == HALF_A_RECORD ? 8 : n * each);
}

static void put_word(void *at, enum which word, __u64 value)
{
	if (word == LEN || word == TAG || (word > POS && word < STALLS))
		WRITE_ONCE(*(__u32 *)at, value);
	else
		WRITE_ONCE(*(__u64 *)at, value);
}

static void *word_at(struct pair *t, enum which word)
{
	struct shmring_ctl_page *page = t->attacker.ctl;
	unsigned char *record = t->attacker.data +
		(consumer_of(t)->mine->pos & (t->attacker.ring_bytes - 1) & -8);

	switch (word) {
	case POS:
		return &page->cursor->pos;
	case WANT:
		return &page->want;
	case POLL_FLAGS:
		return &page->poll_flags;
	case POLL_EPOCH:
		return &page->poll_epoch;
	case GENERATION:
		return &page->cursor->generation;
	case LIFE:
		return &page->life;
	case STALLS:
		return &page->stalls;
	case MESSAGES:
		return &page->messages;
	case LEN:
		return record;
	case TAG:
		return record + 4;
	default:
		return record + 8;
	}
}

static void put_rest(struct shmring_ctl_page *page, size_t bytes, __u64 value)
{
	size_t at;

	for (at = 0; at < bytes; at += 8)
		if (at != offsetof(struct shmring_ctl_page, cursor[0].pos) &&
		    at != offsetof(struct shmring_ctl_page, cursor[0].generation) &&
		    at != offsetof(struct shmring_ctl_page, want) &&
		    at != offsetof(struct shmring_ctl_page, poll_epoch) &&
		    at != offsetof(struct shmring_ctl_page, life) &&
		    at != offsetof(struct shmring_ctl_page, stalls) &&
		    at != offsetof(struct shmring_ctl_page, messages))
			put_word((char *)page + at, REST, value);
}

/* The @i-th value into the word, which is at @at. */
static void attack_at(struct pair *t, void *at, enum which word, unsigned int i)
{
	__u64 value = i < ARRAY_SIZE(edges) ? edges[i] :
		      steps[i - ARRAY_SIZE(edges)] +
		      (word == POS ? *(__u64 *)at : *(__u32 *)at);

	if (word == REST)
		put_rest(t->attacker.ctl, t->attacker.page, value);
	else
		put_word(at, word, value);
}

static void attack(struct pair *t, enum which word, unsigned int i)
{
	attack_at(t, word_at(t, word), word, i);
}

static enum which words_of(const struct pair *t)
{
	return t->attacker.role == SHMRING_ROLE_CONSUMER ? CTL_WORDS : WORDS;
}

/*
 * The oracle: the contract of <linux/shmring.h>, on the words as they stand.
 */
static bool gone(const struct endpoint *ep)
{
	return ep->info->state[ep->role == SHMRING_ROLE_PRODUCER] ==
	       SHMRING_STATE_GONE;
}

static __u64 pos_of(const struct endpoint *ep, __u32 role)
{
	return ep->role == role ? ep->mine->pos : ep->peer->pos;
}

/*
 * Where the consumer is. One that has not followed the lane is no more than a ring
 * behind the end of the first producer that it has not followed, or there.
 */
static __u64 tail_by(const struct endpoint *ep,
		     const struct shmring_cursor *at)
{
	const struct shmring_lane *lane = ep->info->lane;
	__u32 behind = lane->generation - at->generation;
	__u64 end;

	if (!behind)
		return at->pos;
	if (behind > SHMRING_LANE_ENDS - 1)
		behind = SHMRING_LANE_ENDS - 1;
	end = lane->end[(lane->generation - behind + 1) % SHMRING_LANE_ENDS];
	return end - at->pos > RING_BYTES ? end : at->pos;
}

static __u64 tail_of(const struct endpoint *ep)
{
	return tail_by(ep, ep->role == SHMRING_ROLE_CONSUMER ? ep->mine :
							       ep->peer);
}

/*
 * Bytes between two positions that may be: a consumer never passes its producer,
 * nor falls behind by more than a ring. Counted one by one around the 2^64 that
 * positions go round, which no subtraction can get wrong; -1 when there is none.
 */
static int distance_from(const struct endpoint *ep, __u64 tail)
{
	__u64 head = pos_of(ep, SHMRING_ROLE_PRODUCER);
	__u64 bytes;

	for (bytes = 0; bytes <= ep->ring_bytes; bytes++, tail++)
		if (tail == head)
			return bytes;
	return -1;
}

static int distance(const struct endpoint *ep)
{
	return distance_from(ep, tail_of(ep));
}

/* Records of any length start at multiples of 8, and so do both positions. */
static bool may_be(const struct endpoint *ep, __u64 tail)
{
	return distance_from(ep, tail) >= 0 &&
	       (ep->record_size ||
		!(tail % 8 || pos_of(ep, SHMRING_ROLE_PRODUCER) % 8));
}

/*
 * Whether @want bytes are there, or free. To a producer, a consumer that
 * contradicts it is one that stands still.
 */
static int ready(const struct endpoint *ep, __u64 want)
{
	bool producer = ep->role == SHMRING_ROLE_PRODUCER;
	int there = distance(ep);

	if (!may_be(ep, tail_of(ep)))
		return producer ? 0 : -EBADMSG;
	/* A record without content is a header; any byte is of some record. */
	if (!want)
		want = ep->record_size ?: producer ? 8 : 1;
	return (producer ? RING_BYTES - there : there) >= (int)want;
}

static int events(const struct endpoint *ep, __u64 want)
{
	int yes = ready(ep, want);

	if (yes < 0)
		return yes;
	return (yes ? SHMRING_EVENT_READY : 0) |
	       (gone(ep) ? SHMRING_EVENT_HUP : 0);
}

static int expected_wait(const struct endpoint *ep)
{
	return events(ep, 0) ?: -EAGAIN;
}

/* Of SHMRING_POLL_PEER: one is there, or came or went. */
static bool peer_news(const struct endpoint *ep)
{
	return ep->info->state[ep->role == SHMRING_ROLE_PRODUCER] ==
	       SHMRING_STATE_ATTACHED ||
	       ep->info->epoch != ep->ctl->poll_epoch;
}

static int expected_poll(const struct endpoint *ep)
{
	bool producer = ep->role == SHMRING_ROLE_PRODUCER;
	__u64 want = ep->ctl->want;
	int what;

	if (ep->ctl->poll_flags & SHMRING_POLL_PEER)
		return peer_news(ep) ? producer ? POLLOUT : POLLIN : 0;
	what = events(ep, want < ep->ring_bytes ? want : ep->ring_bytes);
	if (what < 0)
		return POLLERR;
	return (what & SHMRING_EVENT_READY ? producer ? POLLOUT : POLLIN : 0) |
	       (what & SHMRING_EVENT_HUP ?
		producer ? POLLHUP | POLLERR : POLLHUP : 0);
}

/*
 * How many of @there bytes from @pos on are before the next producer's. What ended
 * before the last one did is of 2^64 bytes ago where that one did not end there.
 */
static int seen(const struct endpoint *ep, __u64 pos, int there)
{
	const struct shmring_lane *lane = ep->info->lane;
	__u32 ago, kept = lane->generation;
	int bytes, found = there;
	bool last = false;

	if (kept > SHMRING_LANE_ENDS - 1)
		kept = SHMRING_LANE_ENDS - 1;
	for (bytes = there; bytes > 0; bytes--) {
		for (ago = 0; ago < kept || !ago; ago++) {
			if ((ago && !last) || pos + bytes !=
			    lane->end[(lane->generation - ago) % SHMRING_LANE_ENDS])
				continue;
			last = true;
			found = bytes;
		}
	}
	return found;
}

/* @skipped: from where its page @was. */
static ssize_t expected_read(const struct endpoint *ep,
			     const struct shmring_cursor *was, __u64 *skipped)
{
	__u64 pos = tail_by(ep, was), len = ep->record_size;
	const struct shmring_record *record;
	__u64 head = ep->peer->pos;
	int there;

	*skipped = pos - was->pos;
	if (!may_be(ep, pos)) {
		/* On by whole records to what is there, but not back. */
		if (!((head - pos) >> 63))
			*skipped += head - pos - (head - pos) % (len ?: 8);
		return -EBADMSG;
	}
	there = seen(ep, pos, distance_from(ep, pos));
	for (; there; there -= 8, pos += 8, *skipped += 8) {
		record = (void *)ep->data + pos % RING_BYTES;
		if (!ep->record_size)
			len = record->len;
		if (there < (__int128)footprint(ep, len)) {
			*skipped += there;
			return -EBADMSG;
		}
		/* What has no bytes is passed over. */
		if (len)
			return len;
	}
	return gone(ep) ? 0 : -EAGAIN;
}

static ssize_t expected_write(const struct endpoint *ep)
{
	if (!may_be(ep, tail_of(ep)) ||
	    RING_BYTES - distance(ep) < (int)footprint(ep, RECORD))
		return gone(ep) ? -EPIPE : -EAGAIN;
	return RECORD;
}

static ssize_t expected_io(const struct endpoint *ep)
{
	__u64 skipped;

	return ep->role == SHMRING_ROLE_PRODUCER ? expected_write(ep) :
						   expected_read(ep, ep->mine,
								 &skipped);
}

/*
 * The calls
 */
static int do_wait(const struct endpoint *ep, __s64 timeout)
{
	__u32 events;
	int ret = ring_wait(ep->fd, 0, 0, timeout, &events);

	return ret ?: (int)events;
}

static int do_poll(const struct endpoint *ep, int timeout)
{
	struct pollfd pollfd = { .fd = ep->fd, .events = POLLIN | POLLOUT };

	return poll(&pollfd, 1, timeout) < 0 ? -errno : pollfd.revents;
}

static int do_epoll(const struct endpoint *ep, int timeout)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT };
	int epfd = epoll_create1(EPOLL_CLOEXEC), n;

	epoll_ctl(epfd, EPOLL_CTL_ADD, ep->fd, &event);
	n = epoll_wait(epfd, &event, 1, timeout);
	close(epfd);
	return n == 1 ? (int)event.events : n;
}

static char buffer[2 * RING_BYTES];

static ssize_t read_or_write(const struct endpoint *ep)
{
	ssize_t ret = ep->role == SHMRING_ROLE_PRODUCER ?
		      write(ep->fd, buffer, RECORD) :
		      read(ep->fd, buffer, sizeof(buffer));

	return ret < 0 ? -errno : ret;
}

/* The same, which moves this side by one record or not at all. */
static ssize_t do_io(const struct endpoint *ep)
{
	const struct shmring_cursor was = *ep->mine;
	__u64 skipped = 0, moved;
	ssize_t ret;

	ret = read_or_write(ep);
	moved = ret > 0 ? footprint(ep, ret) : 0;
	/* Now, since what it waited for was not there before. */
	if (ep->role == SHMRING_ROLE_CONSUMER)
		expected_read(ep, &was, &skipped);
	if (ep->mine->pos - was.pos != skipped + moved)
		return -ENOTRECOVERABLE;
	/* What was read is what is there, and nothing else. */
	if (ret > 0 && ep->role == SHMRING_ROLE_CONSUMER &&
	    memcmp(buffer, ep->data + (was.pos + skipped) % RING_BYTES +
		   (ep->record_size ? 0 : 8), ret))
		return -EILSEQ;
	return ret;
}

static __u64 shown_used(struct pair *t)
{
	char text[32] = "";

	if (pread(t->used_fd, text, sizeof(text) - 1, 0) <= 0)
		return -1ULL;
	return strtoull(text, NULL, 10);
}

static bool same(const char *what, const struct endpoint *ep, long expected,
		 long got)
{
	if (expected != got)
		fprintf(stderr, "# %s of the %s: expected %ld, got %ld\n", what,
			ep->role == SHMRING_ROLE_PRODUCER ? "producer" :
							    "consumer",
			expected, got);
	return expected == got;
}

/* Each call of one side, none of which waits. */
static bool look(const struct endpoint *ep)
{
	ssize_t expected = expected_io(ep);

	/* The last one moves the positions. */
	return same("WAIT", ep, expected_wait(ep), do_wait(ep, 0)) &&
	       same("poll", ep, expected_poll(ep), do_poll(ep, 0)) &&
	       same("read or write", ep, expected, do_io(ep));
}

static bool look_at_used(struct pair *t)
{
	const struct endpoint *ep = &t->attacker;
	int there = distance(ep);

	return same("used", ep, there < 0 ? RING_BYTES : there, shown_used(t));
}

/*
 * @attempt for each word and value at @phase, or way to wait; says which
 * it was that failed.
 */
typedef bool attempt_fn(struct pair *t, unsigned int phase, enum which word,
			unsigned int value);

static bool with_each_value(struct pair *t, unsigned int phase, attempt_fn attempt)
{
	enum which w;
	unsigned int i;

	for (w = 0; w < words_of(t); w++) {
		for (i = 0; i < VALUES; i++) {
			if (!attempt(t, phase, w, i)) {
				fprintf(stderr, "# phase %u, %s, value %u\n",
					phase, word_name[w], i);
				return false;
			}
			t->tried++;
		}
	}
	return true;
}

/*
 * Awake
 */
static bool try_awake(struct pair *t, unsigned int phase, enum which word,
		      unsigned int value)
{
	set_phase(t, phase, phase == NEW ? 0 : 5 * RING_BYTES + RING_BYTES / 2);
	attack(t, word, value);
	return look_at_used(t) && look(&t->victim) && look(&t->attacker);
}

static bool try_all_phases(struct pair *t)
{
	enum fill phase = 0;

	while (phase < PHASES && with_each_value(t, phase, try_awake))
		phase++;
	return phase == PHASES;
}

TEST_F_TIMEOUT(words, inv4_awake, HANG)
{
	set_nonblock(self->t.attacker.fd, true);
	set_nonblock(self->t.victim.fd, true);
	EXPECT_TRUE(try_all_phases(&self->t));
	TH_LOG("%u combinations", self->t.tried);
}

/*
 * Asleep: a thread does what its victim is told, again and again.
 */
enum way { BY_WAIT, BY_POLL, BY_EPOLL, BY_IO, WAYS };

static const char *const way_name[] = {
	"WAIT", "poll", "epoll", "read or write",
};

/*
 * struct sleeper - a thread that waits
 * @orders: a pipe of struct order; the end of it ends the thread
 * @answers: a pipe of what the calls gave
 */
struct sleeper {
	pthread_t thread;
	const struct endpoint *ep;
	int orders[2];
	int answers[2];
};

static struct sleeper sleeper;

static int sleep_by(enum way way, const struct endpoint *ep)
{
	switch (way) {
	case BY_WAIT:
		return do_wait(ep, SHMRING_WAIT_FOREVER);
	case BY_POLL:
		return do_poll(ep, -1);
	case BY_EPOLL:
		return do_epoll(ep, -1);
	default:
		return do_io(ep);
	}
}

static void *sleep_as_told(void *arg)
{
	struct sleeper *s = arg;
	enum way way;
	int ret;

	while (read(s->orders[0], &way, sizeof(way)) == sizeof(way)) {
		ret = sleep_by(way, s->ep);
		if (write(s->answers[1], &ret, sizeof(ret)) != sizeof(ret))
			break;
	}
	return NULL;
}

/* What it gives when the words are as they are; -EAGAIN while it sleeps on. */
static int expected_asleep(const struct endpoint *ep, enum way way)
{
	bool producer = ep->role == SHMRING_ROLE_PRODUCER;
	int yes;

	switch (way) {
	case BY_WAIT:
		return expected_wait(ep);
	case BY_POLL:
	case BY_EPOLL:
		return expected_poll(ep) ?: -EAGAIN;
	default:
		yes = ready(ep, producer ? footprint(ep, RECORD) : 0);
		if (yes <= 0)
			return yes ?: -EAGAIN;
		return expected_io(ep);
	}
}

/* Until the victim's bell is odd: it sleeps, or is about to. A kick makes it even. */
static void wait_until_armed(const struct pair *t)
{
	while (!(READ_ONCE(*t->attacker.bell) & 1))
		sched_yield();
}

static int answer(void)
{
	int ret;

	if (read(sleeper.answers[0], &ret, sizeof(ret)) != sizeof(ret))
		return -EPIPE;
	return ret;
}

static void kick(const struct pair *t)
{
	ring_ioctl(t->attacker.fd, SHMRING_IOC_KICK, NULL);
}

/* What the victim waits for comes, as an honest side does it. */
static void be_honest(struct pair *t, enum fill phase, __u64 base)
{
	set_phase(t, phase, base);
	t->attacker.mine->pos += footprint(&t->attacker, RECORD);
	kick(t);
}

static bool try_asleep(struct pair *t, unsigned int way, enum which word,
		       unsigned int value)
{
	bool victim_fills = t->victim.role == SHMRING_ROLE_PRODUCER;
	enum fill phase = victim_fills ? FULL : EMPTY;
	struct endpoint before = t->victim;
	struct shmring_cursor at;
	__u64 base = 3 * RING_BYTES;
	int expected;

	set_phase(t, phase, base);
	/* It may be quicker than the oracle, and move on. */
	at = *t->victim.mine;
	before.mine = &at;
	kick(t);
	if (write(sleeper.orders[1], &way, sizeof(way)) != sizeof(way))
		return false;
	wait_until_armed(t);
	attack(t, word, value);
	expected = expected_asleep(&before, way);
	kick(t);
	if (expected == -EAGAIN) {
		/* It looked, and sleeps again. */
		wait_until_armed(t);
		be_honest(t, phase, base);
		expected = expected_asleep(&before, way);
	}
	return same(way_name[way], &t->victim, expected, answer());
}

static bool try_all_ways(struct pair *t)
{
	enum way way = 0;

	while (way < WAYS && with_each_value(t, way, try_asleep))
		way++;
	return way == WAYS;
}

TEST_F_TIMEOUT(words, inv4_asleep, HANG)
{
	sleeper.ep = &self->t.victim;
	ASSERT_EQ(0, pipe(sleeper.orders));
	ASSERT_EQ(0, pipe(sleeper.answers));
	ASSERT_EQ(0, pthread_create(&sleeper.thread, NULL, sleep_as_told,
				    &sleeper));
	ASSERT_TRUE(try_all_ways(&self->t));
	close(sleeper.orders[1]);
	ASSERT_EQ(0, pthread_join(sleeper.thread, NULL));
	TH_LOG("%u combinations", self->t.tried);
}

/*
 * Coming and going
 */
static __u32 state_seen_by(const struct endpoint *ep)
{
	return READ_ONCE(ep->info->state[ep->role == SHMRING_ROLE_PRODUCER]);
}

/* @who goes, and comes back, with the words as they are. */
static bool leave_and_come(struct pair *t, struct endpoint *who,
			   const struct endpoint *other)
{
	__u32 role = who->role;

	endpoint_close(who);
	if (!same("the peer's state", other, SHMRING_STATE_GONE,
		  state_seen_by(other)) || !look(other) ||
	    endpoint_open(who, t->name, role))
		return false;
	set_nonblock(who->fd, true);
	return look(who) && look(other);
}

static bool try_leaving(struct pair *t, unsigned int phase, enum which word,
			unsigned int value)
{
	set_phase(t, phase, 0);
	attack(t, word, value);
	if (!leave_and_come(t, &t->victim, &t->attacker))
		return false;
	attack(t, word, value);
	return leave_and_come(t, &t->attacker, &t->victim);
}

TEST_F_TIMEOUT(words, inv4_leaving, HANG)
{
	set_nonblock(self->t.attacker.fd, true);
	set_nonblock(self->t.victim.fd, true);
	ASSERT_TRUE(with_each_value(&self->t, SOME, try_leaving));
	TH_LOG("%u combinations", self->t.tried);
}

/*
 * While a writer never stops
 */
struct writer {
	struct pair *t;
	enum which word;
	void *at;
	bool stop;
};

static void *write_on_and_on(void *arg)
{
	struct writer *w = arg;
	struct endpoint *ep = &w->t->attacker;
	unsigned int i;

	while (!READ_ONCE(w->stop)) {
		for (i = 0; i < VALUES; i++)
			attack_at(w->t, w->at, w->word, i);
		/* What is true comes up as well. */
		if (w->word == POS)
			WRITE_ONCE(ep->mine->pos, ep->peer->pos);
	}
	return NULL;
}

/* One of the calls of the victim, none of which waits for long. */
static bool call_once(const struct endpoint *ep)
{
	static const int errors[] = { EBADMSG, EAGAIN, ETIMEDOUT, 0 };
	const int any = POLLIN | POLLOUT | POLLERR | POLLHUP;

	return documented(do_wait(ep, 0), errors) &&
	       documented(do_wait(ep, 1000), errors) &&
	       !(do_poll(ep, 1) & ~any) && !(do_epoll(ep, 1) & ~any) &&
	       documented(read_or_write(ep), errors);
}

TEST_F_TIMEOUT(words, inv4_beside_a_writer, HANG)
{
	struct writer writer = { .t = &self->t };
	pthread_t thread;
	bool ok = true;
	int i;

	set_nonblock(self->t.victim.fd, true);
	for (writer.word = 0; writer.word < words_of(&self->t); writer.word++) {
		set_phase(&self->t, SOME, 0);
		writer.at = word_at(&self->t, writer.word);
		writer.stop = false;
		ASSERT_EQ(0, pthread_create(&thread, NULL, write_on_and_on,
					    &writer));
		for (i = 0; i < ROUNDS && ok; i++)
			ok = call_once(&self->t.victim);
		EXPECT_TRUE(ok) {
			TH_LOG("%s", word_name[writer.word]);
		}
		/* Whoever has enough goes. */
		endpoint_close(&self->t.victim);
		WRITE_ONCE(writer.stop, true);
		ASSERT_EQ(0, pthread_join(thread, NULL));
		ASSERT_EQ(0, endpoint_open(&self->t.victim, self->t.name,
					   3 - self->t.attacker.role));
		set_nonblock(self->t.victim.fd, true);
	}
}

/* Kicks without end keep nobody from timing out. */
static void *kick_on_and_on(void *arg)
{
	struct writer *w = arg;

	while (!READ_ONCE(w->stop))
		kick(w->t);
	return NULL;
}

TEST_F_TIMEOUT(words, inv4_beside_a_kicker, HANG)
{
	struct writer writer = { .t = &self->t };
	bool victim_fills = self->t.victim.role == SHMRING_ROLE_PRODUCER;
	pthread_t thread;
	char path[128];
	long long before;
	int i, late = 0;

	snprintf(path, sizeof(path), "/sys/class/shmring/%s/wakeups", self->t.name);
	set_phase(&self->t, victim_fills ? FULL : EMPTY, 0);
	ASSERT_EQ(0, pthread_create(&thread, NULL, kick_on_and_on, &writer));
	for (i = 0; i < ROUNDS; i++) {
		EXPECT_EQ(-ETIMEDOUT, do_wait(&self->t.victim, 1000000));
		EXPECT_EQ(0, do_poll(&self->t.victim, 1));
		EXPECT_EQ(0, do_epoll(&self->t.victim, 1));
	}
	/* A time limit that is over lets it be woken once. */
	before = number_of(path, "");
	for (i = 0; i < 20 * ROUNDS; i++)
		late += do_wait(&self->t.victim, 1) == -ETIMEDOUT;
	EXPECT_EQ(20 * ROUNDS, late);
	EXPECT_GE(20 * ROUNDS, number_of(path, "") - before);
	WRITE_ONCE(writer.stop, true);
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

TEST_HARNESS_MAIN
