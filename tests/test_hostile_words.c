// SPDX-License-Identifier: MIT
/*
 * Invariant 4, the library's half, word by word: each word that a peer can write
 * is set to each value at the edges of what arithmetic on it can do, at each
 * phase of this side's work. What shmring_wait() and the copying calls answer
 * follows from the words, and is computed here; all else is documented; and the
 * side that behaves can always leave.
 *
 * Attacker and victim are two handles of this process. Each victim is a new one,
 * since of what a peer once said a handle remembers some.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

#include "backend.h"
#include "common.h"

#define SIZE	4096
#define LEN	56	/* bytes of payload; the size of fixed records */
#define ROUNDS	5	/* beside a writer that never stops */

/* Where a word is: in the attacker's page, the data at the tail, the info page. */
enum place { CTL, DATA, INFO };

#define CTL_WORD(field, size) \
	{ #field, CTL, offsetof(struct shmring_ctl_page, field), size }
#define INFO_WORD(field, size) \
	{ #field, INFO, offsetof(struct shmring_info_page, field), size }

static const struct word {
	const char *name;
	enum place place;
	size_t at;
	size_t size;
} words[] = {
	CTL_WORD(cursor[0].pos, 8),
	CTL_WORD(cursor[0].generation, 4),
	CTL_WORD(cursor[0].pad, 4),
	CTL_WORD(pad0, 4),
	CTL_WORD(want, 4),
	CTL_WORD(poll_flags, 4),
	CTL_WORD(poll_epoch, 4),
	CTL_WORD(life, 4),
	CTL_WORD(pad1, 4),
	CTL_WORD(stalls, 8),
	CTL_WORD(messages, 8),
	{ "len", DATA, 0, 4 },
	{ "tag", DATA, 4, 4 },
	{ "payload", DATA, 8, 8 },
	INFO_WORD(magic, 8),
	INFO_WORD(version, 4),
	INFO_WORD(record_size, 4),
	INFO_WORD(ring_bytes, 8),
	INFO_WORD(flags, 4),
	INFO_WORD(node, 4),
	INFO_WORD(epoch, 4),
	INFO_WORD(state[0], 4),
	INFO_WORD(state[1], 4),
	INFO_WORD(features, 8),
	INFO_WORD(max_producers, 4),
	INFO_WORD(max_consumers, 4),
	INFO_WORD(bell.value, 4),
	INFO_WORD(lane[0].generation, 4),
	INFO_WORD(lane[0].end[0], 8),
	INFO_WORD(lane[0].end[1], 8),
	INFO_WORD(lane[0].bell.value, 4),
};

/* As they are, and added to what is there. */
static const uint64_t edges[] = {
	0, 1, 7, 8, LEN + 1, SIZE - 1, SIZE, SIZE + 1, SIZE + 8, 2 * SIZE,
	0x7fffffff, 0x80000000, 0xffffffff, 1ULL << 32, (1ULL << 32) + 1,
	INT64_MAX, 1ULL << 63, UINT64_MAX, UINT64_MAX - 7, UINT64_MAX - SIZE,
	0x5555555555555555ULL, 0xaaaaaaaaaaaaaaaaULL,
};
static const uint64_t steps[] = {
	1, -1ULL, 8, -8ULL, LEN, -(uint64_t)LEN, SIZE, -(uint64_t)SIZE,
	SIZE + 8, 1ULL << 63,
};

#define VALUES (ARRAY_SIZE(edges) + ARRAY_SIZE(steps))

/* How much is in the ring; HELD: some, and the victim has its hands on one. */
enum phase { EMPTY, SOME, FULL, HELD, PHASES };

/* struct duel - a ring and who fights over it */
struct duel {
	struct ring ring;
	struct shmring_opts opts;
	struct shmring *attacker;
	struct shmring *victim;
	uint32_t victims_role;
	unsigned int tried;
};

static void duel_open(struct duel *d, uint32_t victims_role,
		      uint32_t record_size)
{
	*d = (struct duel) {
		.opts = ring_opts(SIZE, record_size),
		.victims_role = victims_role,
	};
	d->opts.spin_ns = 0;
	ring_make(&d->ring, &d->opts);
	d->attacker = ring_join(&d->ring, PRODUCER + CONSUMER - victims_role,
				&d->opts);
	assert_non_null(d->attacker);
}

static void duel_close(struct duel *d)
{
	shmring_close(d->attacker);
	ring_drop(&d->ring);
}

/*
 * Whether it says where the last one has left off. It is nobody's to write while
 * both sides are there, and what follows from it is test_settle's: here, only
 * that no harm is done.
 */
static bool is_legacy(const struct word *w)
{
	return w->place == INFO &&
	       w->at >= offsetof(struct shmring_info_page, lane) &&
	       w->at < offsetof(struct shmring_info_page, lane[0].bell);
}

/* Whether the attacker can write there. */
static bool reaches(const struct duel *d, const struct word *w)
{
	if (w->place == INFO)
		return !backend_is("dev");
	return w->place == CTL || d->victims_role == CONSUMER;
}

static void *address_of(const struct duel *d, const struct word *w)
{
	const struct shmring *a = d->attacker;

	switch (w->place) {
	case CTL:
		return (char *)a->ctl + w->at;
	case INFO:
		return (char *)(uintptr_t)a->info + w->at;
	default:
		return a->data + (a->peer->pos & a->mask) + w->at;
	}
}

static void put(void *at, size_t size, uint64_t value)
{
	if (size == 4)
		__atomic_store_n((uint32_t *)at, (uint32_t)value,
				 __ATOMIC_RELAXED);
	else
		__atomic_store_n((uint64_t *)at, value, __ATOMIC_RELAXED);
}

static uint64_t get(const void *at, size_t size)
{
	return size == 4 ? *(const uint32_t *)at : *(const uint64_t *)at;
}

/* The @i-th value into the word; returns what was there. */
static uint64_t attack(const struct duel *d, const struct word *w, size_t i)
{
	void *at = address_of(d, w);
	uint64_t was = get(at, w->size);

	put(at, w->size, i < ARRAY_SIZE(edges) ? edges[i] :
			 was + steps[i - ARRAY_SIZE(edges)]);
	return was;
}

static uint64_t records(const struct duel *d, unsigned int phase)
{
	uint64_t most = SIZE / shmring_footprint(d->attacker, LEN);

	return phase == EMPTY ? 0 : phase == FULL ? most : 3;
}

/* As a consumer does that hears of the next producer. */
static void follow(struct duel *d)
{
	put(&d->attacker->self->generation, 4, d->attacker->lane->generation);
}

/*
 * The attacker's words as they should be, from where the victim is; its position
 * goes from one value to the other in one step, since a victim may look.
 */
static void be_honest(struct duel *d, uint64_t used)
{
	struct shmring *a = d->attacker;
	uint64_t victim = a->peer->pos, pos, at;
	size_t len = d->opts.record_size ? LEN : LEN + 8;

	/* One that was told of other records began elsewhere: the next aligns. */
	if (!d->opts.record_size)
		victim &= ~7ULL;
	memset(a->ctl, 0, sizeof(*a->ctl));
	memset((char *)a->self + sizeof(a->self->pos), 0,
	       sizeof(*a->self) - sizeof(a->self->pos));
	follow(d);
	if (d->victims_role == PRODUCER) {
		put(&a->self->pos, 8, victim - used);
		return;
	}
	for (at = victim; !d->opts.record_size && at - victim <= used; at += len)
		*(struct shmring_record *)(void *)shmring_at(a, at) =
			(struct shmring_record) { .len = LEN };
	pos = victim + used;
	put(&a->self->pos, 8, pos);
}

/* What a record takes of the ring, by the layout in the UAPI header. */
static uint64_t taken_by(const struct shmring *v, uint32_t len)
{
	uint64_t quads = ((uint64_t)len + 7) / 8;

	return v->record_size ? v->record_size : 8 + 8 * quads;
}

/*
 * A consumer that has not followed the lane to this producer is no more than a
 * ring behind the end of the first one that it has not followed, or there.
 */
static uint64_t peer_said(const struct shmring *v)
{
	uint32_t behind = v->generation - v->peer->generation;
	uint64_t said = v->peer->pos, end;

	if (v->role == CONSUMER || !behind)
		return said;
	if (behind > SHMRING_LANE_ENDS - 1)
		behind = SHMRING_LANE_ENDS - 1;
	end = v->lane->end[(v->generation - behind + 1) % SHMRING_LANE_ENDS];
	return end - said > SIZE ? end : said;
}

/*
 * The oracle: how far the peer says that the victim may go, in bytes from the
 * victim's position on, or -EBADMSG; a consumer that says what cannot be counts
 * as one that has not moved. It knows no arithmetic of the library's, but
 * tries each position at which an honest peer can be: where the victim saw it
 * last, and each step on from there, until it has consumed all that the victim
 * has @shown, or filled the ring beyond it.
 */
static int64_t room_of(const struct shmring *v, uint64_t shown)
{
	const bool produces = v->role == PRODUCER;
	const uint64_t step = v->record_size ? 1 : 8;
	uint64_t last = shown + (produces ? 0 : SIZE);
	uint64_t at = v->limit - (produces ? SIZE : 0);
	uint64_t said = peer_said(v);
	int64_t room;

	while (at != said && at != last)
		at += step;
	if (at != said)
		return produces ? (int64_t)(v->limit - v->pos) : -EBADMSG;
	room = (int64_t)(at - v->pos) + (produces ? SIZE : 0);
	/* Fixed records are published whole. */
	if (!produces && room && room < (int64_t)v->record_size)
		return -EBADMSG;
	return room;
}

static bool is_gone(const struct shmring *v)
{
	return v->info->state[v->role == PRODUCER] == SHMRING_STATE_GONE;
}

/* Of shmring_wait(v, 0, 0); -EAGAIN where one that waits would sleep. */
static int expected_wait(const struct shmring *v)
{
	uint64_t need = taken_by(v, 0);
	int64_t room;

	if (v->limit - v->pos >= need)
		return 0;
	/* Waiting flushes first. */
	room = room_of(v, v->pos);
	if (room < 0)
		return -EBADMSG;
	if ((uint64_t)room >= need)
		return 0;
	return is_gone(v) ? -EPIPE : -EAGAIN;
}

/* No record begins before an end and goes on behind it. */
static bool goes_across(const struct shmring *v, uint64_t bytes)
{
	size_t i;

	for (i = 0; i < SHMRING_LANE_ENDS; i++)
		if (v->lane->end[i] - v->pos - 1 < bytes - 1)
			return true;
	return false;
}

/* Of shmring_send() or shmring_recv(), without waiting. */
static int expected_copy(const struct shmring *v)
{
	const struct shmring_record *rec = (void *)shmring_at(v, v->pos);
	uint64_t need = v->role == PRODUCER ? taken_by(v, LEN) : 1;
	uint64_t room = v->limit - v->pos;

	if (room < need) {
		if (room_of(v, v->shown) < 0)
			return -EBADMSG;
		room = (uint64_t)room_of(v, v->shown);
	}
	if (room < need)
		return is_gone(v) ? -EPIPE : -EAGAIN;
	if (v->role == PRODUCER)
		return 0;
	need = taken_by(v, rec->len);
	if (room < need || goes_across(v, need))
		return -EBADMSG;
	return v->record_size ? LEN : (int)rec->len;
}

static int copy(struct shmring *v, int64_t timeout_ns)
{
	/* On the heap, of exactly so many bytes: AddressSanitizer looks. */
	char *buf = calloc(1, SIZE);
	int ret;

	assert_non_null(buf);
	if (v->role == PRODUCER)
		ret = shmring_send(v, buf, LEN, 0, timeout_ns);
	else
		ret = (int)shmring_recv(v, buf, SIZE, NULL, timeout_ns);
	free(buf);
	return ret;
}

static bool same(const char *what, int expected, int got)
{
	if (expected != got)
		fprintf(stderr, "# %s: expected %d, got %d\n", what, expected,
			got);
	return expected == got;
}

static bool documented(const char *what, int ret)
{
	static const int known[] = {
		EAGAIN, EBADMSG, EMSGSIZE, EPIPE, ETIMEDOUT,
	};
	size_t i;

	for (i = 0; ret < 0 && i < ARRAY_SIZE(known); i++)
		if (ret == -known[i])
			return true;
	return ret >= 0 || same(what, 0, ret);
}

static bool look_only(struct shmring *v)
{
	return documented("wait", shmring_wait(v, 0, 0)) &&
	       documented("send or recv", copy(v, 0)) &&
	       v->limit - v->pos <= SIZE;
}

static bool look(struct shmring *v)
{
	int expected = expected_wait(v);

	if (!same("wait", expected == -EAGAIN ? -ETIMEDOUT : expected,
		  shmring_wait(v, 0, 0)))
		return false;
	expected = expected_copy(v);
	return same("send or recv", expected, copy(v, 0)) &&
	       v->limit - v->pos <= SIZE;
}

/* What starts threads, or looks at the info page, which has no oracle. */
static bool look_further(struct shmring *v)
{
	int peer = shmring_peer(v);

	return documented("arm", shmring_arm(v, 0)) &&
	       documented("peer", peer) && peer <= SHMRING_STATE_GONE;
}

/* @try for each word that can be reached and each value. */
typedef bool try_fn(struct duel *d, unsigned int phase, const struct word *w,
		    size_t value);

static void for_each_value(struct duel *d, unsigned int phase, try_fn *try)
{
	size_t w, i;

	for (w = 0; w < ARRAY_SIZE(words); w++) {
		for (i = 0; reaches(d, &words[w]) && i < VALUES; i++) {
			if (!try(d, phase, &words[w], i))
				fail_msg("victim %u, record size %u, phase %u, word %s, value %zu",
					 d->victims_role, d->opts.record_size,
					 phase, words[w].name, i);
			d->tried++;
		}
	}
}

static bool join(struct duel *d)
{
	d->victim = ring_join(&d->ring, d->victims_role, &d->opts);
	follow(d);
	return d->victim;
}

/* A word of the info page is not put right by be_honest(). */
static void repair(struct duel *d, const struct word *w, uint64_t was)
{
	if (w->place == INFO)
		put(address_of(d, w), w->size, was);
}

/*
 * Awake
 */
static bool try_awake(struct duel *d, unsigned int phase, const struct word *w,
		      size_t value)
{
	const void *held = NULL;
	struct shmring *v;
	uint64_t was;
	bool ok;

	be_honest(d, records(d, phase) * shmring_footprint(d->attacker, LEN));
	if (!join(d))
		return false;
	v = d->victim;
	if (phase == HELD)
		held = v->role == PRODUCER ? shmring_reserve(v, LEN) :
					     shmring_peek(v, NULL, NULL);
	was = attack(d, w, value);
	if (held && v->role == PRODUCER)
		shmring_commit(v, LEN, 0);
	else if (held)
		shmring_release(v, LEN);
	if (is_legacy(w))
		ok = look_only(v) && look_only(v) && look_further(v);
	else
		ok = look(v) && look(v) && look_further(v);
	shmring_close(v);
	repair(d, w, was);
	return ok;
}

/* A victim that comes to a ring in ruins is told so, or lives with it. */
static bool try_joining(struct duel *d, unsigned int phase,
			const struct word *w, size_t value)
{
	uint64_t was;
	bool ok;

	be_honest(d, records(d, phase) * shmring_footprint(d->attacker, LEN));
	was = attack(d, w, value);
	d->victim = shmring_open(d->ring.address, d->victims_role, &d->opts);
	if (!d->victim)
		ok = errno == EPROTO;
	else if (w->place == INFO)
		ok = documented("wait", shmring_wait(d->victim, 0, 0)) &&
		     look_further(d->victim);
	else
		ok = look(d->victim) && look_further(d->victim);
	shmring_close(d->victim);
	repair(d, w, was);
	return ok;
}

/* For each side as the victim, and each kind of record. */
static void for_each_duel(void (*run)(struct duel *d))
{
	static const uint32_t sizes[] = { 0, LEN };
	uint32_t role;
	struct duel d;
	size_t i;

	for (role = PRODUCER; role <= CONSUMER; role++) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			duel_open(&d, role, sizes[i]);
			run(&d);
			duel_close(&d);
			printf("# victim %u, record size %u: %u combinations\n",
			       role, sizes[i], d.tried);
		}
	}
}

static void run_awake(struct duel *d)
{
	unsigned int phase;

	for (phase = 0; phase < PHASES; phase++)
		for_each_value(d, phase, try_awake);
}

static void test_awake(void **state)
{
	(void)state;
	for_each_duel(run_awake);
}

static void run_joining(struct duel *d)
{
	for_each_value(d, SOME, try_joining);
}

static void test_joining(void **state)
{
	(void)state;
	for_each_duel(run_joining);
}

/*
 * Asleep
 */
enum way { BY_WAIT, BY_COPY, BY_FD, WAYS };

static int sleep_by(enum way way, struct shmring *v)
{
	struct pollfd pollfd = {
		.fd = way == BY_FD ? shmring_fd(v) : -1,
		.events = POLLIN | POLLOUT,
	};
	int ret;

	switch (way) {
	case BY_WAIT:
		return shmring_wait(v, 0, -1);
	case BY_COPY:
		return copy(v, -1);
	default:
		while (!(ret = shmring_arm(v, 0)))
			poll(&pollfd, 1, -1);
		return ret == 1 ? 0 : ret;
	}
}

struct sleeper {
	struct shmring *v;
	enum way way;
	int ret;
	bool done;
};

static void *sleep_as_told(void *arg)
{
	struct sleeper *s = arg;

	s->ret = sleep_by(s->way, s->v);
	__atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* -EAGAIN while it sleeps on. */
static int expected_asleep(const struct shmring *v, enum way way)
{
	int64_t room = room_of(v, v->shown);

	if (way != BY_COPY || v->role == CONSUMER)
		return expected_wait(v) ?: way == BY_COPY ? expected_copy(v) : 0;
	/* Until there is room for all of it. */
	if (room < 0)
		return -EBADMSG;
	return (uint64_t)room < taken_by(v, LEN) && !is_gone(v) ?
	       -EAGAIN : expected_copy(v);
}

static bool armed(const struct duel *d)
{
	return __atomic_load_n(d->attacker->bell, __ATOMIC_ACQUIRE) & 1;
}

/* Until the victim's bell is odd, or it is done. A kick makes it even. */
static void wait_until_armed(const struct duel *d, const struct sleeper *s)
{
	while (!__atomic_load_n(&s->done, __ATOMIC_ACQUIRE) && !armed(d))
		sched_yield();
}

static bool try_asleep(struct duel *d, unsigned int way, const struct word *w,
		       size_t value)
{
	uint64_t used = records(d, d->victims_role == PRODUCER ? FULL : EMPTY) *
			shmring_footprint(d->attacker, LEN);
	uint64_t was, more = shmring_footprint(d->attacker, LEN);
	struct sleeper s = { .way = way };
	struct shmring before;
	pthread_t thread;
	int expected;

	be_honest(d, used);
	if (!join(d))
		return false;
	s.v = d->victim;
	/* As it is once it has looked. */
	before = *s.v;
	before.limit = before.pos + (uint64_t)room_of(&before, before.shown);
	if (armed(d))
		shmring_kick(d->attacker);
	assert_int_equal(pthread_create(&thread, NULL, sleep_as_told, &s), 0);
	wait_until_armed(d, &s);
	was = attack(d, w, value);
	expected = expected_asleep(&before, way);
	shmring_kick(d->attacker);
	if (is_legacy(w)) {
		repair(d, w, was);
		be_honest(d, d->victims_role == PRODUCER ? used - more : more);
	} else if (expected == -EAGAIN) {
		/* It looked, and sleeps again; what it waits for comes. */
		wait_until_armed(d, &s);
		repair(d, w, was);
		be_honest(d, d->victims_role == PRODUCER ? used - more : more);
		expected = expected_asleep(&before, way);
	}
	while (!__atomic_load_n(&s.done, __ATOMIC_ACQUIRE)) {
		shmring_kick(d->attacker);
		sched_yield();
	}
	pthread_join(thread, NULL);
	shmring_close(s.v);
	repair(d, w, was);
	return is_legacy(w) ? documented("asleep", s.ret) :
			      same("asleep", expected, s.ret);
}

static void run_asleep(struct duel *d)
{
	unsigned int way;

	for (way = 0; way < WAYS; way++)
		for_each_value(d, way, try_asleep);
}

static void test_asleep(void **state)
{
	(void)state;
	for_each_duel(run_asleep);
}

/*
 * While a writer never stops
 */
struct writer {
	struct duel *d;
	const struct word *w;
	void *at;
	bool stop;
};

static void *write_on_and_on(void *arg)
{
	struct writer *w = arg;
	uint64_t n = 0;

	while (!__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE)) {
		put(w->at, w->w->size, n % 2 ? n : edges[n / 2 % ARRAY_SIZE(edges)]);
		n++;
	}
	return NULL;
}

static const struct shmring_backend *sleeps_by;
static unsigned int sleeps;

static int count_sleep(struct shmring *r, uint64_t need, uint32_t flags,
		       int64_t deadline)
{
	sleeps++;
	return sleeps_by->sleep(r, need, flags, deadline);
}

/* A time limit that is over lets it try to sleep once, and not until it can. */
static bool wait_once(struct shmring *v)
{
	struct shmring_backend counting = *v->backend;
	int ret;

	sleeps_by = v->backend;
	sleeps = 0;
	counting.sleep = count_sleep;
	v->backend = &counting;
	ret = shmring_wait(v, 0, 1);
	v->backend = sleeps_by;
	return documented("wait", ret) &&
	       same("more than one sleep", 0, sleeps > 1);
}

/* With a time limit each: it holds, whatever is written meanwhile. */
static bool call_once(struct shmring *v)
{
	const int64_t ms = 1000000;

	return documented("wait", shmring_wait(v, 0, ms)) &&
	       documented("wait_peer", shmring_wait_peer(v, ms)) &&
	       documented("send or recv", copy(v, ms)) && look_further(v) &&
	       v->limit - v->pos <= SIZE;
}

static bool try_beside_a_writer(struct duel *d, const struct word *w)
{
	struct writer writer = { .d = d, .w = w, .at = address_of(d, w) };
	uint64_t was;
	pthread_t thread;
	bool ok = true;
	int i;

	be_honest(d, 0);
	if (!join(d))
		return false;
	was = get(writer.at, w->size);
	assert_int_equal(pthread_create(&thread, NULL, write_on_and_on,
					&writer), 0);
	for (i = 0; i < 50 * ROUNDS && ok; i++)
		ok = wait_once(d->victim);
	/* From here on a thread of its own sleeps for it, too. */
	for (i = 0; i < ROUNDS && ok; i++)
		ok = call_once(d->victim);
	/* Whoever has enough goes. */
	shmring_close(d->victim);
	__atomic_store_n(&writer.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	repair(d, w, was);
	return ok;
}

static void run_beside_a_writer(struct duel *d)
{
	size_t w;

	for (w = 0; w < ARRAY_SIZE(words); w++, d->tried++)
		if (reaches(d, &words[w]) && !try_beside_a_writer(d, &words[w]))
			fail_msg("victim %u, record size %u, word %s",
				 d->victims_role, d->opts.record_size,
				 words[w].name);
}

static void test_beside_a_writer(void **state)
{
	(void)state;
	for_each_duel(run_beside_a_writer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_awake),
		cmocka_unit_test(test_joining),
		cmocka_unit_test(test_asleep),
		cmocka_unit_test(test_beside_a_writer),
	};

	alarm(HANG_GUARD_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
