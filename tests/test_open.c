// SPDX-License-Identifier: MIT
/* Making a ring, opening one, asking about one: what is given, what is refused. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "common.h"

#define SIZE	4096

static void assert_open_fails(const char *address, const struct shmring_opts *o,
			      int err)
{
	const char *why;

	errno = 0;
	assert_null(shmring_open(address, SHMRING_ROLE_NONE, o));
	if (errno != err)
		fail_msg("%s: errno %d and not %d: %s", address, errno, err,
			 shmring_errmsg());
	why = shmring_errmsg();
	assert_true(strlen(why) > 10);
	assert_null(strchr(why, '\n'));
}

static void test_bad_addresses(void **state)
{
	char longname[600] = "shm:/";

	(void)state;
	memset(longname + 5, 'x', sizeof(longname) - 6);
	assert_open_fails(NULL, NULL, EINVAL);
	assert_open_fails("", NULL, EINVAL);
	assert_open_fails("pipe:x", NULL, EINVAL);
	assert_open_fails("shm:", NULL, EINVAL);
	assert_open_fails("shm:x", NULL, EINVAL);
	assert_open_fails("shm:/", NULL, EINVAL);
	assert_open_fails("shm:/..", NULL, EINVAL);
	assert_open_fails("shm:/a/b", NULL, EINVAL);
	assert_open_fails("shm:/shmring-there-is-none", NULL, ENOENT);
	assert_open_fails(longname, NULL, ENAMETOOLONG);
	assert_open_fails("memfd:x", NULL, EINVAL);
	assert_open_fails("memfd:-1", NULL, EINVAL);
	assert_open_fails("memfd:99999999999", NULL, EINVAL);
	assert_open_fails("memfd:987654", NULL, EBADF);
	assert_open_fails("dev:", NULL, EINVAL);
	assert_open_fails("dev:../null", NULL, EINVAL);
	assert_open_fails("dev:12345678901234567890123456789012", NULL,
			  ENAMETOOLONG);
	assert_open_fails("dev:there-is-none", NULL,
			  access(SHMRING_CTL_PATH, F_OK) ? ENODEV : ENOENT);
	assert_int_equal(shmring_unlink("memfd:"), -EINVAL);
	assert_int_equal(shmring_unlink("nothing"), -EINVAL);
	assert_int_equal(shmring_unlink("shm:/shmring-there-is-none"), -ENOENT);
}

static void assert_opts_fail(struct shmring_opts o, int err)
{
	const char *address = backend_is("memfd") ? "memfd:" :
			      backend_is("shm") ? "shm:/shmring-test-opts" :
						  "dev:shmring-test-opts";

	o.flags |= SHMRING_OPEN_CREATE;
	assert_open_fails(address, &o, err);
}

static void test_bad_opts(void **state)
{
	struct shmring_opts o;

	(void)state;
	skip_without_backend();
	assert_opts_fail(ring_opts(1, 0), EINVAL);
	assert_opts_fail(ring_opts(2048, 0), EINVAL);
	assert_opts_fail(ring_opts(SIZE + 1, 0), EINVAL);
	assert_opts_fail(ring_opts(3 * SIZE, 0), EINVAL);
	assert_opts_fail(ring_opts(SIZE, SIZE + 1), EINVAL);
	if (!backend_is("dev"))
		assert_opts_fail(ring_opts((uint64_t)1 << 63, 0), EINVAL);
	o = ring_opts(SIZE, 0);
	o.flags = 1U << 31;
	assert_opts_fail(o, EINVAL);
	o = ring_opts(SIZE, 0);
	o.handback_shift = 64;
	assert_opts_fail(o, EINVAL);
	o = ring_opts(SIZE, 0);
	o.node = -3;
	assert_opts_fail(o, EINVAL);
	o.node = 1000;
	assert_opts_fail(o, ENXIO);
	o.node = 100000;
	assert_opts_fail(o, ENXIO);
	o.node = SHMRING_NODE_ANY;
	o.flags = SHMRING_OPEN_STRICT;
	assert_opts_fail(o, EINVAL);
}

static void test_placement(void **state)
{
	struct shmring_opts o = ring_opts(1 << 20, 0);
	struct pair t;

	(void)state;
	o.node = SHMRING_NODE_LOCAL;
	o.flags = SHMRING_OPEN_STRICT;
	pair_open(&t, &o);
	put_record(t.p, 100, 1);
	get_record(t.c, 100, 1);
	pair_close(&t);
}

static void test_exists(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 24);
	struct shmring *again;
	struct ring t;

	(void)state;
	if (backend_is("memfd"))
		skip();
	ring_make(&t, &o);
	o.flags = SHMRING_OPEN_CREATE;
	assert_open_fails(t.address, &o, EEXIST);
	/* What the ring is comes from the ring. */
	again = shmring_open(t.address, PRODUCER, NULL);
	assert_non_null(again);
	assert_int_equal(again->record_size, 24);
	assert_int_equal(again->mask, SIZE - 1);
	/* The name goes at once, the ring with its users. */
	assert_int_equal(shmring_unlink(t.address), 0);
	assert_int_equal(shmring_unlink(t.address), -ENOENT);
	assert_int_equal(shmring_attach(t.any, CONSUMER), 0);
	assert_int_equal(shmring_send(again, "a record of twenty-four.", 24, 0, 0),
			 0);
	assert_non_null(shmring_peek(t.any, NULL, NULL));
	shmring_close(again);
	shmring_close(t.any);
}

static void test_ephemeral(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct pair t;

	(void)state;
	if (backend_is("memfd"))
		skip();
	o.flags = SHMRING_OPEN_EPHEMERAL;
	ring_make(&t.ring, &o);
	o.flags = 0;
	t.p = ring_join(&t.ring, PRODUCER, &o);
	t.c = ring_join(&t.ring, CONSUMER, &o);
	shmring_close(t.p);
	t.p = ring_join(&t.ring, PRODUCER, &o);
	assert_non_null(t.p);
	shmring_close(t.c);
	shmring_close(t.p);
	assert_open_fails(t.ring.address, &o, ENOENT);
	shmring_close(t.ring.any);
}

static int attach_and_die(void *arg)
{
	struct ring *t = arg;

	CHILD_CHECK(ring_join(t, PRODUCER, NULL));
	/* Not closed, as when it is killed. */
	return 0;
}

static void test_ephemeral_leftover(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct shmring *r;
	struct ring t;

	(void)state;
	if (!backend_is("shm"))
		skip();
	o.flags = SHMRING_OPEN_EPHEMERAL;
	ring_make(&t, &o);
	o.flags |= SHMRING_OPEN_CREATE;
	/* Nobody has attached yet: it is not left over. */
	assert_open_fails(t.address, &o, EEXIST);
	r = ring_join(&t, CONSUMER, NULL);
	assert_child_ok(spawn(attach_and_die, &t));
	/* Somebody is still attached. */
	assert_open_fails(t.address, &o, EEXIST);
	shmring_close(r);
	assert_open_fails(t.address, NULL, ENOENT);
	shmring_close(t.any);

	ring_make(&t, &o);
	assert_child_ok(spawn(attach_and_die, &t));
	r = shmring_open(t.address, CONSUMER, &o);
	assert_non_null(r);
	assert_int_equal(shmring_peer(r), SHMRING_STATE_NEVER);
	shmring_close(r);
	shmring_close(t.any);
}

/* Invariant 4 at the door: files that are no rings, or say so wrongly. */
static int forge(const struct shmring_info_page *info, off_t size, int seals)
{
	int fd = memfd_create("forged", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	assert_int_equal(pwrite(fd, info, sizeof(*info), 0), sizeof(*info));
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void test_forged_files(void **state)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	const struct shmring_info_page good = {
		.magic = SHMRING_MAGIC,
		.version = SHMRING_VERSION,
		.ring_bytes = SIZE,
	};
	const off_t size = 3 * sysconf(_SC_PAGESIZE) + SIZE;
	struct {
		struct shmring_info_page info;
		off_t size;
		int seals;
	} cases[] = {
		{ good, size, 0 },
		{ good, size, F_SEAL_SHRINK | F_SEAL_GROW },
		{ good, size - 1, seals },
		{ good, size + SIZE, seals },
		{ good, size, seals },
		{ good, size, seals },
		{ good, size, seals },
		{ good, size, seals },
		{ good, size, seals },
	};
	char address[32];
	size_t i;
	int fd;

	(void)state;
	cases[4].info.magic++;
	cases[5].info.version++;
	cases[6].info.ring_bytes = 0;
	cases[7].info.ring_bytes = 0xfffffffffffff000;
	cases[8].info.record_size = SIZE + 1;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		fd = forge(&cases[i].info, cases[i].size, cases[i].seals);
		snprintf(address, sizeof(address), "memfd:%d", fd);
		assert_open_fails(address, NULL, EPROTO);
		close(fd);
	}
	assert_open_fails("memfd:0", NULL, EPROTO);
}

/* A ring that does not fit is refused, and nothing is left of it. */
static void test_no_space(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct statvfs fs;

	(void)state;
	if (!backend_is("shm") || statvfs("/dev/shm", &fs) || !fs.f_blocks)
		skip();
	while (o.ring_bytes <= fs.f_blocks * fs.f_frsize)
		o.ring_bytes *= 2;
	assert_opts_fail(o, ENOSPC);
	assert_int_equal(shmring_unlink("shm:/shmring-test-opts"), -ENOENT);
}

static void test_mode(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct stat st;
	struct ring t;

	(void)state;
	if (backend_is("memfd"))
		skip();
	o.mode = 0666;
	ring_make(&t, &o);
	assert_int_equal(fstat(shmring_fd(t.any), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666);
	ring_drop(&t);
}

/* Who may use a ring needs no right to create one. */
static void test_stranger(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct ring t;
	int status;
	pid_t pid;

	(void)state;
	if (backend_is("memfd") || geteuid())
		skip();
	o.mode = 0666;
	ring_make(&t, &o);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(1);
		_exit(!shmring_open(t.address, CONSUMER, NULL));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	ring_drop(&t);
}

/* From outside, without a role and with leave to read alone. */
static void test_stat(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct shmring_stat st;
	struct pair t;

	(void)state;
	if (backend_is("dev")) {
		assert_int_equal(shmring_stat("dev:any", &st), -EOPNOTSUPP);
		return;
	}
	ring_make(&t.ring, &o);
	assert_int_equal(shmring_stat(t.ring.address, &st), 0);
	assert_int_equal(st.ring_bytes, SIZE);
	assert_int_equal(st.record_size, 0);
	assert_int_equal(st.node, SHMRING_NODE_ANY);
	assert_int_equal(st.state[0], SHMRING_STATE_NEVER);
	assert_int_equal(st.state[1], SHMRING_STATE_NEVER);
	assert_int_equal(st.head | st.tail, 0);
	t.p = ring_join(&t.ring, PRODUCER, &o);
	t.c = ring_join(&t.ring, CONSUMER, &o);
	put_record(t.p, 5, 1);
	put_record(t.p, 8, 2);
	get_record(t.c, 5, 1);
	shmring_flush(t.c);
	assert_int_equal(shmring_stat(t.ring.address, &st), 0);
	assert_int_equal(st.head, 32);
	assert_int_equal(st.tail, 16);
	assert_int_equal(st.state[0], SHMRING_STATE_ATTACHED);
	assert_int_equal(st.state[1], SHMRING_STATE_ATTACHED);
	get_record(t.c, 8, 2);
	assert_peek_errno(t.c, EAGAIN);
	assert_int_equal(shmring_stat(t.ring.address, &st), 0);
	assert_int_equal(st.tail, 32);
	assert_int_equal(st.stalls[1], 1);
	pair_close(&t);
}

static int take_the_producer(void *arg)
{
	CHILD_CHECK(ring_join(arg, PRODUCER, NULL));
	raise(SIGKILL);
	return 1;
}

/* Nobody had the time to write that it died: its lock is what counts. */
static void test_stat_of_the_dead(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct shmring_stat st;
	struct ring t;
	int status;
	pid_t pid;

	(void)state;
	if (backend_is("dev"))
		skip();
	ring_make(&t, &o);
	pid = spawn(take_the_producer, &t);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(shmring_stat(t.address, &st), 0);
	assert_int_equal(st.state[0], SHMRING_STATE_GONE);
	assert_int_equal(st.state[1], SHMRING_STATE_NEVER);
	ring_drop(&t);
}

static void test_stat_refused(void **state)
{
	struct shmring_stat st;

	(void)state;
	assert_int_equal(shmring_stat("shm:/shmring-none", &st), -ENOENT);
	assert_non_null(strstr(shmring_errmsg(), "create it first"));
	assert_int_equal(shmring_stat("shm:none", &st), -EINVAL);
	assert_int_equal(shmring_stat("memfd:", &st), -EINVAL);
	assert_int_equal(shmring_stat("memfd:9999", &st), -EBADF);
	assert_int_equal(shmring_stat("fifo:x", &st), -EINVAL);
	assert_int_equal(shmring_stat("dev:x", &st), -EOPNOTSUPP);
}

static void assert_takes_the_module(const struct shmring_opts *o)
{
	assert_null(shmring_open(backend_is("shm") ? "shm:/shmring-owner" :
				 "memfd:", SHMRING_ROLE_NONE, o));
	assert_int_equal(errno, EOPNOTSUPP);
	assert_non_null(strstr(shmring_errmsg(), "use dev:NAME"));
}

/* What the module alone can do is not silently left out. */
static void test_owner_and_mark(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct ring t;

	(void)state;
	if (backend_is("dev")) {
		o.high_water = 101;
		assert_null(shmring_open("dev:mark", SHMRING_ROLE_NONE, &o));
		o.high_water = 80;
		o.uid = 1;
		o.gid = 2;
		ring_make(&t, &o);
		ring_drop(&t);
		return;
	}
	o.flags = SHMRING_OPEN_CREATE;
	o.high_water = 80;
	assert_takes_the_module(&o);
	o.high_water = 0;
	o.uid = 1;
	assert_takes_the_module(&o);
	o.uid = SHMRING_ID_CREATOR;
	o.gid = 1;
	assert_takes_the_module(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_addresses),
		cmocka_unit_test(test_bad_opts),
		cmocka_unit_test(test_placement),
		cmocka_unit_test(test_exists),
		cmocka_unit_test(test_ephemeral),
		cmocka_unit_test(test_ephemeral_leftover),
		cmocka_unit_test(test_forged_files),
		cmocka_unit_test(test_no_space),
		cmocka_unit_test(test_mode),
		cmocka_unit_test(test_stranger),
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_stat_of_the_dead),
		cmocka_unit_test(test_stat_refused),
		cmocka_unit_test(test_owner_and_mark),
	};

	alarm(HANG_GUARD_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
