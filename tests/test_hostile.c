// SPDX-License-Identifier: MIT
/*
 * Invariant 4, the library's half: another process writes garbage into every
 * word that it can reach, and this one never touches a byte beside the ring,
 * never gets an error that is not documented, and never hangs.
 */
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "common.h"

#define SIZE	4096
#define CALLS	20000

/* Words that break more than random ones do. */
static uint64_t garbage(uint64_t *state, uint32_t victim,
			const uint64_t *honest)
{
	uint64_t n = rnd(state);

	switch (n % 8) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return n >> 8;
	case 3:
		return n >> 52;
	case 4:
		/* All of the ring: a side that gets nothing does nothing. */
		return *honest + (victim == CONSUMER ? SIZE : 0);
	default:
		/* Near the truth, which gets past the first check. */
		return *honest + ((n >> 8) % (3 * SIZE)) - SIZE;
	}
}

/*
 * struct attack - who writes where
 * @honest: the victim's position, beside the ring, where the attacker leaves it
 */
struct attack {
	struct ring *ring;
	uint64_t *honest;
	uint32_t victim;
	size_t first;		/* byte of the file */
	size_t len;
	uint64_t seed;
};

static int attack(void *arg)
{
	struct attack *a = arg;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t all = 3 * page + SIZE;
	unsigned char *file = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_SHARED,
				   shmring_fd(a->ring->any), 0);
	uint64_t seed = a->seed;

	CHILD_CHECK(file != MAP_FAILED);
	for (;;) {
		size_t at = a->first + rnd(&seed) % a->len / 8 * 8;

		/* Mostly the words that mean something. */
		if (rnd(&seed) % 4 == 0 && a->first < 3 * page)
			at = a->first / page * page + (a->first < page ? 0 :
				offsetof(struct shmring_ctl_page, cursor[0].pos));
		__atomic_store_n((uint64_t *)(void *)(file + at),
				 garbage(&seed, a->victim, a->honest),
				 __ATOMIC_RELAXED);
	}
}

/* The data with a wall on both sides: one byte too far is SIGSEGV. */
static unsigned char *wall_in(struct shmring *r, int fd)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int prot = r->role == PRODUCER ? PROT_READ | PROT_WRITE : PROT_READ;
	unsigned char *old = r->data;
	unsigned char *p;
	int i;

	p = mmap(NULL, 2 * SIZE + 2 * page, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	for (i = 0; i < 2; i++)
		assert_ptr_not_equal(mmap(p + page + i * SIZE, SIZE, prot,
					  MAP_SHARED | MAP_FIXED, fd,
					  (off_t)(3 * page)), MAP_FAILED);
	r->data = p + page;
	return old;
}

/* How often the garbage was noticed, and how often the ring did its work. */
static unsigned int noticed, done;

static void assert_known(int err)
{
	switch (err) {
	case -EBADMSG:
		noticed++;
		return;
	case 0:
	case -EAGAIN:
	case -EMSGSIZE:
	case -EPIPE:
	case -ETIMEDOUT:
		return;
	}
	fail_msg("error %d", err);
}

static void assert_peer_known(int state)
{
	assert_true(state == -EBADMSG || (state >= SHMRING_STATE_NEVER &&
					  state <= SHMRING_STATE_GONE));
}

static void produce(struct shmring *p, uint64_t *seed)
{
	size_t len = p->record_size ? p->record_size : rnd(seed) % (SIZE - 8);
	size_t n = 1 + rnd(seed) % 100;
	void *to;

	switch (rnd(seed) % 4) {
	case 0:
		to = shmring_reserve_n(p, &n);
		if (!to)
			break;
		memset(to, 1, n * p->record_size);
		shmring_commit_n(p, n);
		done++;
		return;
	case 1:
		assert_known(shmring_wait(p, len, (int64_t)(rnd(seed) % 20000)));
		return;
	case 2:
		to = shmring_reserve(p, len);
		if (!to)
			break;
		memset(to, 2, len);
		shmring_commit(p, (uint32_t)len, 0);
		done++;
		return;
	default:
		n = (size_t)shmring_arm(p, len);
		assert_known(n == 1 ? 0 : (int)n);
		return;
	}
	assert_known(errno == EINVAL && !p->record_size ? 0 : -errno);
}

static uint64_t sum(const unsigned char *p, size_t len)
{
	uint64_t s = 0;

	while (len--)
		s += *p++;
	return s;
}

static void consume(struct shmring *c, uint64_t *seed)
{
	static volatile uint64_t sink;
	size_t n = 1 + rnd(seed) % 100, len = 0;
	char buf[SIZE];
	const void *from;
	ssize_t got;

	switch (rnd(seed) % 5) {
	case 0:
		from = shmring_peek_n(c, &n);
		if (!from)
			break;
		sink = sum(from, n * c->record_size);
		shmring_release_n(c, n);
		done++;
		return;
	case 1:
		assert_known(shmring_wait(c, rnd(seed) % SIZE,
					  (int64_t)(rnd(seed) % 20000)));
		return;
	case 2:
		from = shmring_peek(c, &len, NULL);
		if (!from)
			break;
		sink = sum(from, len);
		shmring_release(c, len);
		done++;
		return;
	case 3:
		got = shmring_recv(c, buf, rnd(seed) % SIZE, NULL, 0);
		assert_known(got > 0 ? 0 : (int)got);
		return;
	default:
		got = shmring_arm(c, 0);
		assert_known(got == 1 ? 0 : (int)got);
		return;
	}
	(void)sink;
	assert_known(errno == EINVAL && !c->record_size ? 0 : -errno);
}

/*
 * @first and @len: what the other process writes to. Where that has @positions,
 * it goes on until both was seen, however long the other one gets no CPU: what
 * never notices, or never works, hangs. A producer has nothing to notice: what a
 * consumer shows that cannot be counts as standing still.
 */
static void run_hostile(uint32_t role, uint32_t record_size, size_t first,
			size_t len)
{
	struct shmring_opts o = ring_opts(SIZE, record_size);
	struct attack a = {
		.victim = role, .first = first, .len = len, .seed = rnd_seed(),
	};
	uint64_t seed = ~a.seed;
	unsigned char *data;
	struct shmring *r;
	struct ring t;
	bool positions = first >= (size_t)sysconf(_SC_PAGESIZE);
	unsigned int i;
	int status;
	pid_t pid;

	if (backend_is("dev"))
		skip();	/* there the pages are read-only to others */
	o.spin_ns = 1000;
	ring_make(&t, &o);
	a.ring = &t;
	a.honest = mmap(NULL, sizeof(*a.honest), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(a.honest, MAP_FAILED);
	pid = spawn(attack, &a);
	r = NULL;
	/* At times what is there cannot be attached to, or is no ring. */
	while (!r) {
		r = shmring_open(t.address, role, &o);
		if (!r && errno != EPROTO)
			fail_msg("%s", shmring_errmsg());
		if (!r && !waitpid(pid, &status, WNOHANG) && first == 0)
			break;
	}
	if (!r) {
		/* The info page is in ruins: an endpoint that was there first. */
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		ring_drop(&t);
		ring_make(&t, &o);
		r = ring_join(&t, role, &o);
		assert_non_null(r);
		pid = spawn(attack, &a);
	}
	data = wall_in(r, shmring_fd(t.any));
	noticed = 0;
	done = 0;
	for (i = 0; i < CALLS ||
	     (positions && (!done || (!noticed && role == CONSUMER))); i++) {
		if (role == PRODUCER)
			produce(r, &seed);
		else
			consume(r, &seed);
		__atomic_store_n(a.honest, r->pos, __ATOMIC_RELAXED);
		assert_true(r->limit - r->pos <= SIZE);
		if (i % 64 == 0)
			assert_peer_known(shmring_peer(r));
	}
	printf("# %u calls: %u noticed it, %u did their work\n", i, noticed, done);
	munmap(r->data, 2 * SIZE);
	r->data = data;
	shmring_close(r);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	munmap(a.honest, sizeof(*a.honest));
	ring_drop(&t);
}

static void run_sides(size_t first, size_t len)
{
	run_hostile(PRODUCER, 0, first, len);
	run_hostile(CONSUMER, 0, first, len);
	run_hostile(PRODUCER, 24, first, len);
	run_hostile(CONSUMER, 24, first, len);
}

static void test_garbage_in_peers_page(void **state)
{
	const size_t len = sizeof(struct shmring_ctl_page) +
			   sizeof(struct shmring_cursor);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	(void)state;
	run_hostile(PRODUCER, 0, 2 * page, len);
	run_hostile(CONSUMER, 0, page, len);
	run_hostile(PRODUCER, 24, 2 * page, len);
	run_hostile(CONSUMER, 24, page, len);
}

static void test_garbage_in_data(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	(void)state;
	run_hostile(CONSUMER, 0, page, 2 * page + SIZE);
}

static void test_garbage_everywhere(void **state)
{
	(void)state;
	run_sides(0, 3 * (size_t)sysconf(_SC_PAGESIZE) + SIZE);
}

static void test_garbage_in_info(void **state)
{
	(void)state;
	run_sides(0, sizeof(struct shmring_info_page) +
		     sizeof(struct shmring_lane));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_garbage_in_peers_page),
		cmocka_unit_test(test_garbage_in_data),
		cmocka_unit_test(test_garbage_everywhere),
		cmocka_unit_test(test_garbage_in_info),
	};

	alarm(HANG_GUARD_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
