// SPDX-License-Identifier: MIT
/*
 * Invariants 2 and 3: whatever instruction a side is killed at, the other gets
 * each published record once and in order, learns of the death, and goes on
 * with the next one.
 *
 * Each record holds its own number, which is its position over its footprint:
 * so a new endpoint knows what to expect from where it starts.
 */
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>

#include "common.h"

#define SIZE		4096
#define KILLS		100
#define MAX_DELAY_NS	3000000
#define END		UINT64_MAX	/* the record after which the test ends */

/* struct shared - what the processes of a test tell each other */
struct shared {
	uint64_t released;	/* the consumer has handed back all before */
	uint32_t stop;
	uint32_t met;		/* the sleeper has seen its peer */
	uint32_t deaths;	/* seen by the survivor */
};

struct death {
	struct ring ring;
	struct shmring_opts o;
	struct shared *shared;
	uint64_t footprint;
	int poll;
};

static uint64_t number(const struct death *d, const struct shmring *r)
{
	return r->pos / d->footprint;
}

static int produce(void *arg)
{
	struct death *d = arg;
	struct shmring *p = ring_join(&d->ring, PRODUCER, &d->o);
	uint64_t *to;
	int err;

	CHILD_CHECK(p);
	/* The next one's consumer is not this one's to miss. */
	while (!__atomic_load_n(&d->shared->stop, __ATOMIC_RELAXED)) {
		to = shmring_reserve(p, 8);
		if (to) {
			*to = number(d, p);
			shmring_commit(p, 8, 0);
			continue;
		}
		CHILD_CHECK(errno == EAGAIN);
		err = shmring_wait(p, 8, -1);
		if (err == -EPIPE) {
			d->shared->deaths++;
			err = shmring_wait_peer(p, -1);
		}
		CHILD_CHECK(!err);
	}
	while (!(to = shmring_reserve(p, 8)))
		CHILD_CHECK(!shmring_wait_peer(p, -1) &&
			    (err = shmring_wait(p, 8, -1), !err || err == -EPIPE));
	*to = END;
	shmring_commit(p, 8, 0);
	shmring_close(p);
	return 0;
}

/* Sleep for data, by the descriptor or by the call. */
static int wait_for_data(struct death *d, struct shmring *c)
{
	struct pollfd p = { .events = POLLIN };
	int err;

	if (!d->poll)
		return shmring_wait(c, 0, -1);
	p.fd = shmring_fd(c);
	err = shmring_arm(c, 0);
	if (err)
		return err < 0 ? err : 0;
	return poll(&p, 1, -1) == 1 ? 0 : -errno;
}

static int consume(void *arg)
{
	struct death *d = arg;
	struct shmring *c = ring_join(&d->ring, CONSUMER, &d->o);
	uint64_t handed_back;
	const uint64_t *from;
	size_t len;
	int err;

	CHILD_CHECK(c);
	/* What the last one handed back does not come again. */
	handed_back = __atomic_load_n(&d->shared->released, __ATOMIC_RELAXED);
	CHILD_CHECK(c->pos >= handed_back);
	for (;;) {
		from = shmring_peek(c, &len, NULL);
		if (!from) {
			CHILD_CHECK(errno == EAGAIN);
			err = wait_for_data(d, c);
			if (err == -EPIPE) {
				d->shared->deaths++;
				err = shmring_wait_peer(c, -1);
			}
			CHILD_CHECK(!err);
			continue;
		}
		CHILD_CHECK(len == 8);
		if (*from == END)
			break;
		CHILD_CHECK(*from == number(d, c));
		shmring_release(c, len);
		__atomic_store_n(&d->shared->released, c->shown,
				 __ATOMIC_RELAXED);
	}
	shmring_release(c, len);
	shmring_close(c);
	return 0;
}

static void kill_at_random(pid_t pid, uint64_t *state)
{
	struct timespec t = { .tv_nsec = (long)(rnd(state) % MAX_DELAY_NS) };
	int status;

	nanosleep(&t, NULL);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* It ended by this and not by a failed check. */
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void death_begin(struct death *d, uint32_t record_size)
{
	memset(d, 0, sizeof(*d));
	d->o = ring_opts(SIZE, record_size);
	d->footprint = record_size ? record_size : 16;
	d->shared = mmap(NULL, sizeof(*d->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(d->shared, MAP_FAILED);
	ring_make(&d->ring, &d->o);
}

static void death_end(struct death *d)
{
	ring_drop(&d->ring);
	munmap(d->shared, sizeof(*d->shared));
}

/* @victim dies again and again, @survivor sees all of it. */
static void run_deaths(int (*victim)(void *), int (*survivor)(void *),
		       uint32_t record_size, uint32_t spin_ns, int poll)
{
	uint64_t state = rnd_seed();
	struct death d;
	pid_t other, last;
	int i;

	death_begin(&d, record_size);
	d.o.spin_ns = spin_ns;
	d.poll = poll;
	other = spawn(survivor, &d);
	for (i = 0; i < KILLS; i++)
		kill_at_random(spawn(victim, &d), &state);
	/* However slow the machine, the last one lives to move something. */
	last = spawn(victim, &d);
	while (__atomic_load_n(&d.shared->released, __ATOMIC_RELAXED) <= SIZE)
		sched_yield();
	__atomic_store_n(&d.shared->stop, 1, __ATOMIC_RELAXED);
	assert_child_ok(last);
	assert_child_ok(other);
	printf("# %d kills, %u times EPIPE, %llu records\n", KILLS,
	       d.shared->deaths,
	       (unsigned long long)(d.shared->released / d.footprint));
	death_end(&d);
}

static void test_killed_producers(void **state)
{
	(void)state;
	run_deaths(produce, consume, 8, SHMRING_SPIN_NS, 0);
	run_deaths(produce, consume, 0, 0, 0);
}

static void test_killed_producers_poll(void **state)
{
	(void)state;
	run_deaths(produce, consume, 8, 0, 1);
}

static void test_killed_consumers(void **state)
{
	(void)state;
	run_deaths(consume, produce, 8, SHMRING_SPIN_NS, 0);
	run_deaths(consume, produce, 0, 0, 0);
}

/* Nothing else than the death can wake this sleeper. */
static int sleep_for_death(void *arg)
{
	struct death *d = arg;
	struct shmring *c = ring_join(&d->ring, CONSUMER, &d->o);

	CHILD_CHECK(c);
	CHILD_CHECK(!shmring_wait_peer(c, -1));
	__atomic_store_n(&d->shared->met, 1, __ATOMIC_RELAXED);
	if (!d->poll)
		CHILD_CHECK(shmring_wait(c, 0, -1) == -EPIPE);
	else
		while (wait_for_data(d, c) != -EPIPE)
			CHILD_CHECK(!shmring_peek(c, NULL, NULL));
	CHILD_CHECK(shmring_peer(c) == SHMRING_STATE_GONE);
	shmring_close(c);
	return 0;
}

static int attach_and_pause(void *arg)
{
	struct death *d = arg;

	CHILD_CHECK(ring_join(&d->ring, PRODUCER, &d->o));
	__atomic_store_n(&d->shared->stop, 1, __ATOMIC_RELAXED);
	for (;;)
		pause();
}

static void run_sleeper(int poll)
{
	uint64_t state = rnd_seed();
	struct death d;
	pid_t sleeper, victim;
	int i;

	death_begin(&d, 8);
	d.o.spin_ns = 0;
	d.poll = poll;
	for (i = 0; i < 50; i++) {
		d.shared->met = 0;
		sleeper = spawn(sleep_for_death, &d);
		victim = spawn(attach_and_pause, &d);
		while (!__atomic_load_n(&d.shared->met, __ATOMIC_RELAXED))
			sched_yield();
		kill_at_random(victim, &state);
		assert_child_ok(sleeper);
	}
	death_end(&d);
}

static void test_death_wakes(void **state)
{
	(void)state;
	run_sleeper(0);
	run_sleeper(1);
}

/* A consumer, whose producer is attached and waits to be killed. */
static struct shmring *consumer_of_victim(struct death *d, pid_t *victim)
{
	struct shmring *c = ring_join(&d->ring, CONSUMER, &d->o);

	assert_non_null(c);
	*victim = spawn(attach_and_pause, d);
	while (!__atomic_load_n(&d->shared->stop, __ATOMIC_RELAXED))
		sched_yield();
	return c;
}

/* Nobody watches a ring on which nobody sleeps: asking finds out. */
static void test_peer_is_asked(void **state)
{
	struct shmring *c;
	struct death d;
	pid_t victim;

	(void)state;
	death_begin(&d, 8);
	c = consumer_of_victim(&d, &victim);
	assert_int_equal(shmring_peer(c), SHMRING_STATE_ATTACHED);
	kill(victim, SIGKILL);
	assert_int_equal(waitpid(victim, NULL, 0), victim);
	assert_int_equal(shmring_peer(c), SHMRING_STATE_GONE);
	assert_int_equal(shmring_wait(c, 0, -1), -EPIPE);
	shmring_close(c);
	death_end(&d);
}

/* Who is dead is no peer that came, however its death was found out. */
static void run_mourning(int64_t timeout)
{
	struct shmring *c;
	struct death d;
	pid_t victim;
	int err;

	death_begin(&d, 8);
	c = consumer_of_victim(&d, &victim);
	kill(victim, SIGKILL);
	assert_int_equal(waitpid(victim, NULL, 0), victim);
	do {
		err = shmring_wait(c, 0, timeout);
	} while (err == -ETIMEDOUT && shmring_peer(c) != SHMRING_STATE_NEVER);
	assert_int_equal(err, -EPIPE);
	assert_int_equal(shmring_wait_peer(c, 1000000), -ETIMEDOUT);
	shmring_close(c);
	death_end(&d);
}

static void test_mourning(void **state)
{
	(void)state;
	run_mourning(-1);
	run_mourning(0);
}

/* struct last_words - a peer that publishes one record when told to, and leaves */
static struct last_words {
	struct death d;
	pid_t peer;
	int go[2];
	int ready[2];
	void *page;
	const struct shmring_info_page *info;
} last_words;

static int say_last_words(void *arg)
{
	struct last_words *l = arg;
	struct shmring *p = ring_join(&l->d.ring, PRODUCER, &l->d.o);
	char c;

	CHILD_CHECK(p && write(l->ready[1], "", 1) == 1);
	CHILD_CHECK(read(l->go[0], &c, 1) == 1);
	CHILD_CHECK(shmring_reserve(p, 8));
	shmring_commit(p, 8, 0);
	shmring_close(p);
	return 0;
}

/* The consumer looks at its info page: just before that it all happens. */
static void on_fault(int sig)
{
	struct last_words *l = &last_words;

	(void)sig;
	if (write(l->go[1], "", 1) != 1 || waitpid(l->peer, NULL, 0) < 0 ||
	    mprotect(l->page, SIZE, PROT_READ))
		_exit(1);
}

/*
 * The info page as this thread alone sees it. Without the module there is another
 * one that looks there, and it is to see nothing of this.
 */
static void watch_page(struct last_words *l, struct shmring *c)
{
	l->page = (void *)(uintptr_t)c->info;
	l->info = c->info;
	if (backend_is("dev"))
		return;
	l->page = mremap(l->page, 0, SIZE, MREMAP_MAYMOVE);
	assert_ptr_not_equal(l->page, MAP_FAILED);
	c->info = l->page;
}

/* What @ask answers about a peer that publishes and leaves under its eyes. */
static void run_last_words(int (*ask)(struct shmring *c), int answer)
{
	struct sigaction sa = { .sa_handler = on_fault }, old;
	struct last_words *l = &last_words;
	struct shmring *c;
	char ready;

	death_begin(&l->d, 8);
	assert_int_equal(pipe(l->go), 0);
	assert_int_equal(pipe(l->ready), 0);
	c = ring_join(&l->d.ring, CONSUMER, &l->d.o);
	assert_non_null(c);
	l->peer = spawn(say_last_words, l);
	assert_int_equal(read(l->ready[0], &ready, 1), 1);
	watch_page(l, c);
	sigaction(SIGSEGV, &sa, &old);
	assert_int_equal(mprotect(l->page, SIZE, PROT_NONE), 0);
	assert_int_equal(ask(c), answer);
	sigaction(SIGSEGV, &old, NULL);
	assert_int_equal(waitpid(l->peer, NULL, 0), -1);
	assert_non_null(shmring_peek(c, NULL, NULL));
	if (!backend_is("dev")) {
		c->info = l->info;
		munmap(l->page, SIZE);
	}
	shmring_close(c);
	close(l->go[0]);
	close(l->go[1]);
	close(l->ready[0]);
	close(l->ready[1]);
	death_end(&l->d);
}

static int look_once(struct shmring *c)
{
	return shmring_wait(c, 0, 0);
}

static int arm(struct shmring *c)
{
	return shmring_arm(c, 0);
}

static void test_last_words(void **state)
{
	(void)state;
	run_last_words(look_once, 0);
	run_last_words(arm, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mourning),
		cmocka_unit_test(test_last_words),
		cmocka_unit_test(test_killed_producers),
		cmocka_unit_test(test_killed_producers_poll),
		cmocka_unit_test(test_killed_consumers),
		cmocka_unit_test(test_death_wakes),
		cmocka_unit_test(test_peer_is_asked),
	};

	alarm(HANG_GUARD_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
