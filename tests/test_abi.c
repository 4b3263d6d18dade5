// SPDX-License-Identifier: MIT
/*
 * What programs and the shared object, of different ages, have to say to each
 * other; and programs that use it wrongly.
 */
#include <dlfcn.h>
#include <stdbool.h>

#define SHMRING_DEBUG
#include "common.h"

#define SIZE	4096

/* The file @name of the build that this test is of. */
static const char *built(const char *name)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);
	char *end;

	assert_true(n > 0);
	path[n] = '\0';
	end = strstr(path, "/tests/test_abi");
	assert_non_null(end);
	strcpy(end, name);
	return path;
}

static void test_other_header(void **state)
{
	const struct {
		uint32_t abi;
		size_t handle;
	} others[] = {
		{ SHMRING_ABI + 1, sizeof(struct shmring) },
		{ SHMRING_ABI - 1, sizeof(struct shmring) },
		{ SHMRING_ABI, sizeof(struct shmring) + 8 },
		{ SHMRING_ABI, sizeof(struct shmring) - 8 },
	};
	char theirs[64], ours[64];
	struct shmring *r;
	size_t i;

	(void)state;
	snprintf(ours, sizeof(ours), "ABI %d (%zu bytes)", SHMRING_ABI,
		 sizeof(struct shmring));
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		errno = 0;
		assert_null(shmring_open_abi("memfd:", PRODUCER, NULL,
					     others[i].abi, others[i].handle));
		assert_int_equal(errno, EPROTO);
		snprintf(theirs, sizeof(theirs), "ABI %u (handles of %zu bytes)",
			 others[i].abi, others[i].handle);
		assert_non_null(strstr(shmring_errmsg(), theirs));
		assert_non_null(strstr(shmring_errmsg(), ours));
	}
	r = shmring_open_abi("memfd:", PRODUCER, NULL, SHMRING_ABI,
			     sizeof(struct shmring));
	assert_non_null(r);
	shmring_close(r);
}

/* Structs of programs that are older, of today, and newer. */
static void test_opts_size(void **state)
{
	struct {
		struct shmring_opts o;
		uint64_t later[4];
	} newer = { SHMRING_OPTS_INIT, { 0 } };
	struct shmring *r;

	(void)state;
	assert_int_equal(sizeof(struct shmring_opts), 56);
	assert_int_equal(SHMRING_OPTS_SIZE_VER0, 48);
	assert_int_equal(sizeof(struct shmring_stat), SHMRING_STAT_SIZE_VER0);
	newer.o.ring_bytes = SIZE;
	newer.o.size = sizeof(newer);
	r = shmring_open("memfd:", PRODUCER, &newer.o);
	assert_non_null(r);
	assert_int_equal(shmring_size(r), SIZE);
	shmring_close(r);

	newer.later[3] = 1;
	errno = 0;
	assert_null(shmring_open("memfd:", PRODUCER, &newer.o));
	assert_int_equal(errno, E2BIG);
	assert_non_null(strstr(shmring_errmsg(), shmring_version()));
	newer.o.size = 1 << 30;
	assert_null(shmring_open("memfd:", PRODUCER, &newer.o));
	assert_int_equal(errno, E2BIG);
	newer.o.size = SHMRING_OPTS_SIZE_VER0 - 1;
	assert_null(shmring_open("memfd:", PRODUCER, &newer.o));
	assert_int_equal(errno, EINVAL);
	newer.o.size = 0;
	assert_null(shmring_open("memfd:", PRODUCER, &newer.o));
	assert_int_equal(errno, EINVAL);
	assert_non_null(strstr(shmring_errmsg(), "SHMRING_OPTS_INIT"));
}

static void test_stat_size(void **state)
{
	struct {
		struct shmring_stat st;
		uint64_t later;
	} newer = { SHMRING_STAT_INIT, 42 };
	struct shmring *r = shmring_open("memfd:", SHMRING_ROLE_NONE, NULL);
	char address[32];

	(void)state;
	assert_non_null(r);
	snprintf(address, sizeof(address), "memfd:%d", shmring_ring_fd(r));
	newer.st.size = sizeof(newer);
	assert_int_equal(shmring_stat(address, &newer.st), 0);
	assert_int_equal(newer.st.size, sizeof(struct shmring_stat));
	assert_int_equal(newer.st.ring_bytes, 65536);
	assert_int_equal(newer.later, 42);
	shmring_close(r);
}

static void test_version(void **state)
{
	unsigned int major, minor, patch;

	(void)state;
	assert_int_equal(sscanf(shmring_version(), "%u.%u.%u", &major, &minor,
				&patch), 3);
}

/*
 * Each function of the header, inline or not, is in the shared object, where
 * bindings find it. The names come from the compiler: what it would call is what
 * the header declares.
 */
static void test_symbols(void **state)
{
	char command[8192], name[128];
	unsigned int count = 0;
	bool inlines = false;
	FILE *names;
	void *so;

	(void)state;
	so = dlopen(built("/libshmring.so"), RTLD_NOW | RTLD_LOCAL);
	if (!so)
		skip();		/* a sanitizer's, which has to be loaded first */
	snprintf(command, sizeof(command),
		 "echo '#include <shmring.h>' | cc -E -P -Iuser/lib -Iinclude/uapi - | tr '\\n' ' ' | grep -oE '\\bshmring_[a-z_]+\\(' | tr -d '(' | sort -u");
	names = popen(command, "r");
	assert_non_null(names);
	while (fscanf(names, "%127s", name) == 1) {
		if (!dlsym(so, name))
			fail_msg("%s is no symbol of the shared object", name);
		inlines |= !strcmp(name, "shmring_reserve");
		count++;
	}
	assert_int_equal(pclose(names), 0);
	assert_true(inlines && count > 30);
	dlclose(so);
}

/*
 * Bindings have no inline functions: a record goes through by symbols alone, all
 * of them the shared object's, which has its own list of what is attached.
 */
static void test_by_symbols(void **state)
{
	struct shmring *(*open_ring)(const char *, uint32_t, const void *);
	const void *(*peek)(struct shmring *, size_t *, uint32_t *);
	int (*commit)(struct shmring *, size_t, uint32_t);
	void *(*reserve)(struct shmring *, size_t);
	void (*close_ring)(struct shmring *);
	struct shmring *p, *c;
	char address[32];
	uint32_t tag;
	size_t len;
	void *so;

	(void)state;
	so = dlopen(built("/libshmring.so"), RTLD_NOW | RTLD_LOCAL);
	if (!so)
		skip();
	*(void **)&open_ring = dlsym(so, "shmring_open");
	*(void **)&reserve = dlsym(so, "shmring_reserve");
	*(void **)&commit = dlsym(so, "shmring_commit");
	*(void **)&peek = dlsym(so, "shmring_peek");
	*(void **)&close_ring = dlsym(so, "shmring_close");
	p = open_ring("memfd:", PRODUCER, NULL);
	assert_non_null(p);
	snprintf(address, sizeof(address), "memfd:%d", shmring_ring_fd(p));
	c = open_ring(address, CONSUMER, NULL);
	assert_non_null(c);
	memcpy(reserve(p, 6), "record", 6);
	assert_int_equal(commit(p, 6, 42), 0);
	assert_memory_equal(peek(c, &len, &tag), "record", 6);
	assert_int_equal(len, 6);
	assert_int_equal(tag, 42);
	close_ring(c);
	close_ring(p);
}

/* Each mistake, made in a child, which this file's SHMRING_DEBUG ends. */
static int reserve_as_consumer(void *arg)
{
	return !shmring_reserve(((struct pair *)arg)->c, 8);
}

static int peek_as_producer(void *arg)
{
	return !shmring_peek(((struct pair *)arg)->p, NULL, NULL);
}

static int publish_as_consumer(void *arg)
{
	shmring_publish(((struct pair *)arg)->c);
	return 0;
}

static int release_as_producer(void *arg)
{
	shmring_release(((struct pair *)arg)->p, 8);
	return 0;
}

static int discard_as_consumer(void *arg)
{
	shmring_discard(((struct pair *)arg)->c);
	return 0;
}

static int commit_unreserved(void *arg)
{
	struct pair *t = arg;

	shmring_wait(t->p, 100, 0);	/* there is room, and nobody asked */
	return shmring_commit(t->p, 100, 0);
}

static int commit_more(void *arg)
{
	struct pair *t = arg;

	return !shmring_reserve(t->p, 8) || shmring_commit(t->p, 100, 0);
}

static int release_unpeeked(void *arg)
{
	shmring_release(((struct pair *)arg)->c, 8);
	return 0;
}

static int release_more(void *arg)
{
	struct pair *t = arg;
	size_t len;

	if (!shmring_peek(t->c, &len, NULL))
		return 1;
	shmring_release(t->c, len + 8);
	return 0;
}

static int no_mistake(void *arg)
{
	struct pair *t = arg;

	CHILD_CHECK(shmring_reserve(t->p, 100));
	CHILD_CHECK(!shmring_stage(t->p, 50, 0));
	CHILD_CHECK(shmring_reserve(t->p, 100));
	CHILD_CHECK(!shmring_commit(t->p, 100, 0));
	return 0;
}

/* Both sides in a process of their own, since abort() ends it. */
static int in_a_process(int (*mistake)(void *), const char **said)
{
	static char line[256];
	int status, fds[2];
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct shmring_opts o = ring_opts(SIZE, 0);
		struct pair t;

		dup2(fds[1], STDERR_FILENO);
		t.p = shmring_open("memfd:", PRODUCER, &o);
		snprintf(t.ring.address, sizeof(t.ring.address), "memfd:%d",
			 shmring_ring_fd(t.p));
		t.c = shmring_open(t.ring.address, CONSUMER, &o);
		if (!t.c || shmring_send(t.p, "a record", 8, 0, 0))
			_exit(99);
		_exit(mistake(&t));
	}
	close(fds[1]);
	n = read(fds[0], line, sizeof(line) - 1);
	line[n > 0 ? n : 0] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	*said = line;
	return status;
}

static void test_misuse(void **state)
{
	static const struct {
		int (*mistake)(void *);
		const char *says;
	} cases[] = {
		{ reserve_as_consumer, "shmring_reserve: used wrongly" },
		{ peek_as_producer, "shmring_peek: used wrongly" },
		{ publish_as_consumer, "shmring_publish: used wrongly" },
		{ release_as_producer, "shmring_release: used wrongly" },
		{ discard_as_consumer, "shmring_discard: used wrongly" },
		{ commit_unreserved, "shmring_stage: used wrongly" },
		{ commit_more, "shmring_stage: used wrongly" },
		{ release_unpeeked, "shmring_release: used wrongly" },
		{ release_more, "shmring_release: used wrongly" },
	};
	const char *said;
	size_t i;
	int status;

	(void)state;
	assert_int_equal(in_a_process(no_mistake, &said), 0);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		status = in_a_process(cases[i].mistake, &said);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT ||
		    !strstr(said, cases[i].says))
			fail_msg("%s: status %#x, and it said: %s",
				 cases[i].says, (unsigned int)status, said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_other_header),
		cmocka_unit_test(test_opts_size),
		cmocka_unit_test(test_stat_size),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_by_symbols),
		cmocka_unit_test(test_misuse),
	};

	alarm(HANG_GUARD_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
