// SPDX-License-Identifier: MIT
/* Making a ring, opening one, asking about one: what is given, what is refused. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
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
	assert_open_fails("dev:@", NULL, EINVAL);
	assert_open_fails("dev:@x", NULL, EINVAL);
	assert_open_fails("dev:@-1", NULL, EINVAL);
	assert_open_fails("dev:@99999999999", NULL, EINVAL);
	assert_open_fails("dev:@987654", NULL, EBADF);
	assert_open_fails("dev:@0", NULL, EPROTO);
	assert_open_fails("dev:../null", NULL, EINVAL);
	assert_open_fails("dev:12345678901234567890123456789012", NULL,
			  ENAMETOOLONG);
	assert_open_fails("dev:there-is-none", NULL,
			  access(SHMRING_CTL_PATH, F_OK) ? ENODEV : ENOENT);
	assert_int_equal(shmring_unlink("memfd:"), -EINVAL);
	assert_int_equal(shmring_unlink("dev:"), -EINVAL);
	assert_int_equal(shmring_unlink("dev:@3"), -EINVAL);
	assert_int_equal(shmring_unlink("nothing"), -EINVAL);
	assert_int_equal(shmring_unlink("shm:/shmring-there-is-none"), -ENOENT);
}

static void assert_opts_fail(struct shmring_opts o, int err)
{
	const char *address = backend_is("memfd") ? "memfd:" :
			      backend_is("shm") ? "shm:/shmring-test-opts" :
						  "dev:shmring-test-opts";

	o.flags |= SHMRING_OPEN_CREATE | SHMRING_OPEN_EXCL;
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
	o.flags = SHMRING_OPEN_EXCL;
	assert_open_fails("memfd:", &o, EINVAL);
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

/* What is wrong with a size depends on the size, and says what is right. */
static void test_reasons(void **state)
{
	static const struct {
		uint64_t bytes;
		uint32_t record_size;
		const char *says;
	} cases[] = {
		{ 1, 0, "4096 or more" },
		{ 5000, 0, "5000 is not a power of two: 4096 or 8192" },
		{ 65535, 0, "32768 or 65536" },
		{ UINT64_MAX, 0, "power of two: 9223372036854775808" },
		{ SIZE, 5000, "a record of 5000 bytes does not fit a ring of 4096" },
	};
	size_t i;

	(void)state;
	skip_without_backend();
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_opts_fail(ring_opts(cases[i].bytes, cases[i].record_size),
				 EINVAL);
		if (!strstr(shmring_errmsg(), cases[i].says))
			fail_msg("%s", shmring_errmsg());
	}
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
	o.flags = SHMRING_OPEN_CREATE | SHMRING_OPEN_EXCL;
	assert_open_fails(t.address, &o, EEXIST);
	/* What the ring is comes from the ring. */
	again = shmring_open(t.address, PRODUCER, NULL);
	assert_non_null(again);
	assert_int_equal(again->record_size, 24);
	assert_int_equal(again->mask, SIZE - 1);
	/* The name goes at once, the ring with its users. */
	assert_int_equal(shmring_unlink(t.address), 0);
	assert_int_equal(shmring_unlink(t.address), -ENOENT);
	assert_int_equal(shmring_attach(t.any, CONSUMER), -ENOENT);
	assert_int_equal(shmring_send(again, "a record of twenty-four.", 24, 0, 0),
			 0);
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
	o.flags |= SHMRING_OPEN_CREATE | SHMRING_OPEN_EXCL;
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

/* What case @i of those below has in its info page. */
static void spoil(struct shmring_info_page *info, size_t i)
{
	switch (i) {
	case 4:
		info->magic++;
		break;
	case 5:
		info->version++;
		break;
	case 6:
		info->ring_bytes = 0;
		break;
	case 7:
		info->ring_bytes = 0xfffffffffffff000;
		break;
	case 8:
		info->record_size = SIZE + 1;
		break;
	case 9:
		info->features = 1ULL << 63;
		break;
	}
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
		off_t size;
		int seals;
	} cases[] = {
		{ size, 0 },
		{ size, F_SEAL_SHRINK | F_SEAL_GROW },
		{ size - 1, seals },
		{ size + SIZE, seals },
		{ size, seals },
		{ size, seals },
		{ size, seals },
		{ size, seals },
		{ size, seals },
		{ size, seals },
	};
	struct shmring *r;
	char address[32];
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct shmring_info_page bad = good;

		spoil(&bad, i);
		fd = forge(&bad, cases[i].size, cases[i].seals);
		snprintf(address, sizeof(address), "memfd:%d", fd);
		assert_open_fails(address, NULL, EPROTO);
		close(fd);
	}
	assert_open_fails("memfd:0", NULL, EPROTO);
	/* Which shows that it is not for anything else. */
	fd = forge(&good, size, seals);
	snprintf(address, sizeof(address), "memfd:%d", fd);
	r = shmring_open(address, PRODUCER, NULL);
	assert_non_null(r);
	shmring_close(r);
	close(fd);
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
	char path[128];
	struct ring t;

	(void)state;
	if (backend_is("memfd"))
		skip();
	o.mode = 0666;
	ring_make(&t, &o);
	snprintf(path, sizeof(path), "%s%s", backend_is("shm") ? "/dev/shm" :
		 SHMRING_DEV_DIR, strchr(t.address, ':') + 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666);
	ring_drop(&t);
}

static void test_default_mode(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct stat st;
	struct ring t;

	(void)state;
	if (!backend_is("shm"))
		skip();
	o.mode = SHMRING_MODE_DEFAULT;
	ring_make(&t, &o);
	assert_int_equal(fstat(shmring_fd(t.any), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	ring_drop(&t);
	o.mode = 01777;
	assert_opts_fail(o, EINVAL);
}

/* What has the name need not be a file. */
static void test_fifo(void **state)
{
	const char *path = "/dev/shm/shmring-test-fifo";
	struct shmring_stat st = SHMRING_STAT_INIT;

	(void)state;
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(shmring_stat("shm:/shmring-test-fifo", &st), -EPROTO);
	assert_open_fails("shm:/shmring-test-fifo", NULL, EPROTO);
	unlink(path);
}

static int create_and_die(void *arg)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	const char *address = arg;

	o.flags = SHMRING_OPEN_CREATE | SHMRING_OPEN_EPHEMERAL;
	CHILD_CHECK(shmring_open(address, SHMRING_ROLE_NONE, &o));
	return 0;
}

/* Its creator died before anybody attached: it is neither joined nor in the way. */
static void test_ephemeral_orphan(void **state)
{
	char address[] = "shm:/shmring-test-orphan";
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct shmring *r;

	(void)state;
	assert_child_ok(spawn(create_and_die, address));
	assert_open_fails(address, NULL, ENOENT);
	assert_child_ok(spawn(create_and_die, address));
	o.flags = SHMRING_OPEN_CREATE | SHMRING_OPEN_EPHEMERAL;
	r = shmring_open(address, CONSUMER, &o);
	assert_non_null(r);
	shmring_close(r);
	assert_open_fails(address, NULL, ENOENT);
	/* Closed by a creator that did not attach, it goes as well. */
	r = shmring_open(address, SHMRING_ROLE_NONE, &o);
	assert_non_null(r);
	shmring_close(r);
	assert_int_equal(shmring_unlink(address), -ENOENT);
}

/* With ever more descriptors, until there are enough. */
static int create_with_few_files(void *arg)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	const char *address = arg;
	struct shmring *r = NULL;
	unsigned int failed = 0;
	struct rlimit few;

	o.flags = SHMRING_OPEN_CREATE;
	CHILD_CHECK(!getrlimit(RLIMIT_NOFILE, &few));
	for (few.rlim_cur = 3; !r && few.rlim_cur < 200; few.rlim_cur++) {
		CHILD_CHECK(!setrlimit(RLIMIT_NOFILE, &few));
		r = shmring_open(address, PRODUCER, &o);
		if (r)
			break;
		failed++;
		CHILD_CHECK(errno == EMFILE);
		CHILD_CHECK(shmring_unlink(address) == -ENOENT);
	}
	CHILD_CHECK(r && failed > 2 && !shmring_unlink(address));
	return 0;
}

/* A ring that is made and cannot be attached to leaves no name. */
static void test_creation_is_atomic(void **state)
{
	char address[] = "shm:/shmring-test-atomic";

	(void)state;
	if (backend_is("dev"))
		skip();
	assert_child_ok(spawn(create_with_few_files, address));
}

#define RACE	"shm:/shmring-test-race"
#define LIVES	200

/* What each of them may be told. */
static int come_and_go(uint32_t role, uint32_t flags, int refusal)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct shmring *r;
	int i;

	o.flags = flags;
	for (i = 0; i < LIVES; i++) {
		r = shmring_open(RACE, role, &o);
		if (!r && errno != refusal)
			fprintf(stderr, "# %s\n", shmring_errmsg());
		CHILD_CHECK(r || errno == refusal);
		if (r && i % 8 == 7)
			raise(SIGKILL);
		shmring_close(r);
	}
	return 0;
}

static int create_often(void *arg)
{
	(void)arg;
	return come_and_go(PRODUCER, SHMRING_OPEN_CREATE | SHMRING_OPEN_EXCL |
			   SHMRING_OPEN_EPHEMERAL, EEXIST);
}

static int join_often(void *arg)
{
	(void)arg;
	return come_and_go(PRODUCER, SHMRING_OPEN_CREATE |
			   SHMRING_OPEN_EPHEMERAL, EBUSY);
}

static int open_often(void *arg)
{
	(void)arg;
	return come_and_go(CONSUMER, 0, ENOENT);
}

/*
 * One that creates an ephemeral ring, one that takes what there is or creates it,
 * and one that opens it; all of them die.
 */
static void test_race(void **state)
{
	int (*const run[])(void *) = { create_often, join_often, open_often };
	struct shmring_opts o = ring_opts(SIZE, 0);
	unsigned int i, lives;
	struct shmring *r;
	pid_t pid[3], ended;
	int status;

	(void)state;
	for (i = 0; i < 3; i++)
		pid[i] = spawn(run[i], NULL);
	for (lives = 0; lives < LIVES; lives++) {
		ended = waitpid(-1, &status, 0);
		assert_true(ended > 0);
		assert_true(WIFSIGNALED(status) || !WEXITSTATUS(status));
		for (i = 0; i < 2 && pid[i] != ended; i++)
			;
		assert_int_equal(ended, pid[i]);
		pid[i] = spawn(run[i], NULL);
	}
	for (i = 0; i < 3; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	o.flags = SHMRING_OPEN_CREATE | SHMRING_OPEN_EPHEMERAL;
	r = shmring_open(RACE, PRODUCER, &o);
	assert_non_null(r);
	shmring_close(r);
	assert_int_equal(shmring_unlink(RACE), -ENOENT);
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
	struct shmring_stat st = SHMRING_STAT_INIT;
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
	struct shmring_stat st = SHMRING_STAT_INIT;
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
	struct shmring_stat st = SHMRING_STAT_INIT;

	(void)state;
	assert_int_equal(shmring_stat("shm:/shmring-none", &st), -ENOENT);
	assert_non_null(strstr(shmring_errmsg(), "create it first"));
	assert_int_equal(shmring_stat("shm:none", &st), -EINVAL);
	assert_int_equal(shmring_stat("memfd:", &st), -EINVAL);
	assert_int_equal(shmring_stat("memfd:9999", &st), -EBADF);
	assert_int_equal(shmring_stat("fifo:x", &st), -EINVAL);
	st.size = SHMRING_STAT_SIZE_VER0 - 1;
	assert_int_equal(shmring_stat("shm:/shmring-none", &st), -EINVAL);
	st.size = SHMRING_STAT_SIZE_VER0;
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

/* As open(2): O_CREAT takes what is there, O_CREAT and O_EXCL do not. */
static void test_open_or_create(void **state)
{
	struct shmring_opts o = ring_opts(2 * SIZE, 0);
	struct shmring *again;
	struct ring t;

	(void)state;
	ring_make(&t, &o);
	o.ring_bytes = SIZE;
	o.flags = SHMRING_OPEN_CREATE;
	again = shmring_open(t.address, CONSUMER, &o);
	assert_non_null(again);
	assert_int_equal(shmring_size(again), 2 * SIZE);
	shmring_close(again);
	if (backend_is("memfd")) {
		o.flags |= SHMRING_OPEN_EXCL;
		assert_open_fails(t.address, &o, EINVAL);
	} else {
		assert_int_equal(shmring_unlink(t.address), 0);
		again = shmring_open(t.address, CONSUMER, &o);
		assert_non_null(again);
		assert_int_equal(shmring_size(again), SIZE);
		shmring_close(again);
	}
	ring_drop(&t);
}

/* Somebody else makes the ring and takes it away, all the time. */
static int make_and_unlink(void *arg)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	const char *address = arg;
	uint64_t i;

	o.flags = SHMRING_OPEN_CREATE;
	for (i = 0; i < rounds() / 10; i++) {
		struct shmring *r = shmring_open(address, SHMRING_ROLE_NONE, &o);

		CHILD_CHECK(r);
		shmring_close(r);
		shmring_unlink(address);
	}
	return 0;
}

static void test_create_race(void **state)
{
	char address[64];
	pid_t other;

	(void)state;
	skip_without_backend();
	if (backend_is("memfd"))
		skip();
	snprintf(address, sizeof(address), "%s:%sshmring-test-race-%d", backend(),
		 backend_is("shm") ? "/" : "", (int)getpid());
	other = spawn(make_and_unlink, address);
	assert_int_equal(make_and_unlink(address), 0);
	assert_child_ok(other);
	shmring_unlink(address);
}

/* The ring's own descriptor, before attaching and after, is to be passed on. */
static void test_ring_fd(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	const char *at = backend_is("dev") ? "dev:@" : "memfd:";
	struct shmring *p, *c;
	char address[32];
	int fd;

	(void)state;
	if (backend_is("shm"))
		skip();
	skip_without_backend();
	p = shmring_open(backend_is("dev") ? "dev:" : "memfd:", PRODUCER, &o);
	assert_non_null(p);
	fd = dup(shmring_ring_fd(p));
	assert_true(fd >= 0);
	assert_int_not_equal(shmring_ring_fd(p), shmring_fd(p));
	snprintf(address, sizeof(address), "%s%d", at, fd);
	errno = 0;
	assert_null(shmring_open(address, PRODUCER, NULL));
	assert_int_equal(errno, EBUSY);
	c = shmring_open(address, CONSUMER, NULL);
	assert_non_null(c);
	put_record(p, 8, 1);
	get_record(c, 8, 1);
	/* A copy of it is no part of the role. */
	shmring_close(p);
	assert_int_equal(shmring_peer(c), SHMRING_STATE_GONE);
	p = shmring_open(address, PRODUCER, NULL);
	assert_non_null(p);
	put_record(p, 8, 2);
	get_record(c, 8, 2);
	shmring_close(p);
	shmring_close(c);
	close(fd);
}

/* A program without standard descriptors writes to them all the same. */
static int open_without_stdio(void *arg)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct ring *t = arg;
	struct shmring *r;
	int fd;

	for (fd = 0; fd < 3; fd++)
		close(fd);
	r = ring_join(t, CONSUMER, &o);
	if (!r || shmring_fd(r) < 0)
		return 1;
	for (fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) != -1 || errno != EBADF)
			return 2 + fd;
	return 0;
}

static void test_standard_descriptors(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct ring t;

	(void)state;
	ring_make(&t, &o);
	assert_child_ok(spawn(open_without_stdio, &t));
	ring_drop(&t);
}

/* File modes keep the roles apart: one may write, another one read. */
static int attach_by_mode(void *arg)
{
	struct ring *t = arg;
	struct shmring *r;

	CHILD_CHECK(!setgid(65534) && !setuid(65534));
	r = ring_join(t, CONSUMER, NULL);
	CHILD_CHECK(r);
	errno = 0;
	CHILD_CHECK(!ring_join(t, PRODUCER, NULL));
	CHILD_CHECK(errno == EACCES);
	CHILD_CHECK(strstr(shmring_errmsg(), "right to write"));
	shmring_close(r);
	return 0;
}

static void test_modes_are_roles(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct ring t;

	(void)state;
	if (!backend_is("dev") || geteuid())
		skip();
	o.mode = 0604;
	ring_make(&t, &o);
	assert_child_ok(spawn(attach_by_mode, &t));
	ring_drop(&t);
}

/* An endpoint can be passed on, too, until it is mapped. */
static void test_received_endpoint(void **state)
{
	struct shmring_attach a = { .size = sizeof(a), .role = PRODUCER };
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct shmring *r;
	char address[32];
	struct ring t;
	int fd;

	(void)state;
	if (!backend_is("dev"))
		skip();
	ring_make(&t, &o);
	fd = ioctl(shmring_ring_fd(t.any), SHMRING_IOC_ATTACH, &a);
	assert_true(fd >= 0);
	snprintf(address, sizeof(address), "dev:@%d", fd);
	errno = 0;
	assert_null(shmring_open(address, CONSUMER, NULL));
	assert_int_equal(errno, EISCONN);
	r = shmring_open(address, PRODUCER, NULL);
	assert_non_null(r);
	assert_int_equal(shmring_ring_fd(r), -EBADF);
	put_record(r, 8, 1);
	shmring_close(r);
	close(fd);
	ring_drop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_addresses),
		cmocka_unit_test(test_bad_opts),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_placement),
		cmocka_unit_test(test_exists),
		cmocka_unit_test(test_ephemeral),
		cmocka_unit_test(test_ephemeral_leftover),
		cmocka_unit_test(test_forged_files),
		cmocka_unit_test(test_no_space),
		cmocka_unit_test(test_mode),
		cmocka_unit_test(test_default_mode),
		cmocka_unit_test(test_fifo),
		cmocka_unit_test(test_ephemeral_orphan),
		cmocka_unit_test(test_creation_is_atomic),
		cmocka_unit_test(test_race),
		cmocka_unit_test(test_stranger),
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_stat_of_the_dead),
		cmocka_unit_test(test_stat_refused),
		cmocka_unit_test(test_owner_and_mark),
		cmocka_unit_test(test_open_or_create),
		cmocka_unit_test(test_create_race),
		cmocka_unit_test(test_ring_fd),
		cmocka_unit_test(test_standard_descriptors),
		cmocka_unit_test(test_modes_are_roles),
		cmocka_unit_test(test_received_endpoint),
	};

	alarm(HANG_GUARD_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
