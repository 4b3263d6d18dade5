/* SPDX-License-Identifier: MIT */
/*
 * What the tests share. SHMRING_TEST_BACKEND says on what they run: memfd (the
 * default), shm, or dev, which is skipped where the module is not loaded.
 */
#ifndef SHMRING_TESTS_COMMON_H
#define SHMRING_TESTS_COMMON_H

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* fail() and skip() do not return, and cmocka.h does not say so. */
void _fail(const char * const file, const int line) __attribute__((noreturn));
void _skip(const char * const file, const int line) __attribute__((noreturn));

#include "shmring.h"

#define PRODUCER	SHMRING_ROLE_PRODUCER
#define CONSUMER	SHMRING_ROLE_CONSUMER
#define HANG_GUARD_S	300	/* alarm(): a hang fails instead of lasting */

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* struct ring - one that was created, and an address by which to attach */
struct ring {
	struct shmring *any;
	char address[64];
};

static inline const char *backend(void)
{
	const char *name = getenv("SHMRING_TEST_BACKEND");

	return name ? name : "memfd";
}

static inline int backend_is(const char *name)
{
	return !strcmp(backend(), name);
}

/* Round trips to make: fewer where a CPU is emulated. */
static inline uint64_t rounds(void)
{
	const char *given = getenv("SHMRING_TEST_ROUNDS");

	return given ? strtoull(given, NULL, 0) : 20000;
}

static inline void skip_without_backend(void)
{
	if (backend_is("dev") && access(SHMRING_CTL_PATH, F_OK))
		skip();
}

static inline struct shmring_opts ring_opts(uint64_t bytes, uint32_t record_size)
{
	struct shmring_opts o = SHMRING_OPTS_INIT;

	o.ring_bytes = bytes;
	o.record_size = record_size;
	return o;
}

static inline void ring_make(struct ring *t, const struct shmring_opts *opts)
{
	static unsigned int count;
	struct shmring_opts o = *opts;

	skip_without_backend();
	o.flags |= SHMRING_OPEN_CREATE | SHMRING_OPEN_EXCL;
	if (backend_is("memfd"))
		strcpy(t->address, "memfd:");
	else
		snprintf(t->address, sizeof(t->address), "%s:%sshmring-test-%d-%u",
			 backend(), backend_is("shm") ? "/" : "", (int)getpid(),
			 count++);
	t->any = shmring_open(t->address, SHMRING_ROLE_NONE, &o);
	if (!t->any)
		fail_msg("%s", shmring_errmsg());
	if (backend_is("memfd"))
		snprintf(t->address, sizeof(t->address), "memfd:%d",
			 shmring_fd(t->any));
}

static inline void ring_drop(struct ring *t)
{
	shmring_close(t->any);
	if (!backend_is("memfd"))
		shmring_unlink(t->address);
}

/* NULL on failure: usable in children, which must not fail_msg(). */
static inline struct shmring *ring_join(const struct ring *t, uint32_t role,
					const struct shmring_opts *opts)
{
	struct shmring *r = shmring_open(t->address, role, opts);

	if (!r)
		fprintf(stderr, "# %s\n", shmring_errmsg());
	return r;
}

/* struct pair - a ring with both sides in this process */
struct pair {
	struct ring ring;
	struct shmring *p;
	struct shmring *c;
};

static inline void pair_open(struct pair *t, const struct shmring_opts *o)
{
	ring_make(&t->ring, o);
	t->p = ring_join(&t->ring, PRODUCER, o);
	t->c = ring_join(&t->ring, CONSUMER, o);
	assert_non_null(t->p);
	assert_non_null(t->c);
}

static inline void pair_close(struct pair *t)
{
	shmring_close(t->p);
	shmring_close(t->c);
	ring_drop(&t->ring);
}

/* Numbers that a printed seed brings back (splitmix64). */
static inline uint64_t rnd(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static inline uint64_t rnd_seed(void)
{
	const char *given = getenv("SHMRING_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) :
				(uint64_t)time(NULL) << 20 ^ (uint64_t)getpid();

	printf("# SHMRING_TEST_SEED=%#llx\n", (unsigned long long)seed);
	fflush(stdout);
	return seed;
}

/* The payload of record @seq: bytes that no neighbour has. */
static inline void fill(void *to, size_t len, uint64_t seq)
{
	unsigned char *p = to;
	size_t i;

	if (!p)
		fail_msg("nothing to fill");
	for (i = 0; i < len; i++)
		p[i] = (unsigned char)(seq * 131 + i * 7 + (i >> 8));
}

static inline int filled(const void *from, size_t len, uint64_t seq)
{
	const unsigned char *p = from;
	size_t i;

	if (!p)
		fail_msg("nothing to compare");
	for (i = 0; i < len; i++)
		if (p[i] != (unsigned char)(seq * 131 + i * 7 + (i >> 8)))
			return 0;
	return 1;
}

static inline void put_record(struct shmring *p, size_t len, uint64_t seq)
{
	void *to = shmring_reserve(p, len);

	assert_non_null(to);
	fill(to, len, seq);
	shmring_commit(p, len, (uint32_t)seq);
}

static inline void get_record(struct shmring *c, size_t want, uint64_t seq)
{
	uint32_t tag = 0;
	size_t len = 0;
	const void *from = shmring_peek(c, &len, &tag);

	assert_non_null(from);
	assert_int_equal(len, want);
	assert_int_equal(tag, c->record_size ? 0 : (uint32_t)seq);
	assert_true(filled(from, len, seq));
	shmring_release(c, len);
}

static inline void assert_peek_errno(struct shmring *c, int err)
{
	errno = 0;
	assert_null(shmring_peek(c, NULL, NULL));
	assert_int_equal(errno, err);
}

/* Run @child in a process of its own, with a guard against hanging. */
static inline pid_t spawn(int (*child)(void *), void *arg)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		/* A test that fails leaves nobody behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(HANG_GUARD_S);
		_exit(child(arg));
	}
	assert_true(pid > 0);
	return pid;
}

/* A child reports a failed check by its line. */
#define CHILD_CHECK(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "# %s:%d: %s (errno %d)\n", __FILE__,	\
			__LINE__, #cond, errno);			\
		return 1;						\
	}								\
} while (0)

static inline void assert_child_ok(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#endif /* SHMRING_TESTS_COMMON_H */
