// SPDX-License-Identifier: MIT
/*
 * Every transport that this host has moves messages, each of which is verified,
 * by the engine's own call; and leaves nothing behind, however it ends.
 *
 * All of it runs in namespaces of its own, so what is there is ours.
 *
 * SHMRING_TEST_ONLY: a pattern of the names of tests, for a guest, where all but
 * the device would take minutes for nothing new.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "common.h"
#include "../user/common/cpus.h"
#include "pair.h"
#include "payload.h"

#define RING_BYTES	65536
#define BRIEF_MS	1
#define RATE		20000	/* of a paced test */
#define KILLS		6	/* of each transport */
#define MAX_DELAY_NS	2000000
#define FAR_TOO_LONG_MS	60000
#define BATCH		16
#define CAUGHT_TRIES	200	/* emulated CPUs on a busy host seldom meet */
#define CAUGHT_MS	200	/* of each */
#define LEFTOVERS	10	/* two for each of five transports */

static char tmp[] = "/tmp/shmring-test-XXXXXX";
static const char *not_alone;	/* why there are no such namespaces */

static int put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

/* Namespaces without root: as the root of a user namespace. */
static int unshare_anyhow(void)
{
	char uid[32], gid[32];

	if (!unshare(CLONE_NEWIPC | CLONE_NEWNS))
		return 0;
	snprintf(uid, sizeof(uid), "0 %u 1", geteuid());
	snprintf(gid, sizeof(gid), "0 %u 1", getegid());
	return unshare(CLONE_NEWUSER | CLONE_NEWIPC | CLONE_NEWNS) ||
	       put_text("/proc/self/uid_map", uid) ||
	       put_text("/proc/self/setgroups", "deny") ||
	       put_text("/proc/self/gid_map", gid);
}

/* System V objects, message queues, /dev/shm and $TMPDIR of our own. */
static void be_alone(void)
{
	if (!mkdtemp(tmp) || setenv("TMPDIR", tmp, 1)) {
		perror("# mkdtemp");
		exit(1);
	}
	if (unshare_anyhow() ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL) ||
	    mount("tmpfs", tmp, "tmpfs", 0, NULL))
		not_alone = strerror(errno);
	if (not_alone)
		printf("# no namespaces of our own: %s\n", not_alone);
}

static void be_gone(void)
{
	umount2(tmp, MNT_DETACH);
	rmdir(tmp);
}

static void skip_unless_alone(void)
{
	if (not_alone)
		skip();
}

/* Lines after the header, which a file of /proc/sysvipc has. */
static int count_lines(const char *path)
{
	char line[512];
	FILE *f = fopen(path, "re");
	int n = -1;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		n++;
		if (n > 0)
			printf("# left in %s: %s", path, line);
	}
	fclose(f);
	return n;
}

static int count_files(const char *path)
{
	struct dirent *e;
	DIR *d = opendir(path);
	int n = 0;

	assert_non_null(d);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.') {
			printf("# left in %s: %s\n", path, e->d_name);
			n++;
		}
	closedir(d);
	return n;
}

/* Where they can be seen: mounted for the look, as it is a file system. */
static int count_queues(void)
{
	char path[sizeof(tmp) + 8];
	int n;

	snprintf(path, sizeof(path), "%s/mqueue", tmp);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(mount("mqueue", path, "mqueue", 0, NULL), 0);
	n = count_files(path);
	assert_int_equal(umount(path), 0);
	assert_int_equal(rmdir(path), 0);
	return n;
}

static void assert_nothing_left(void)
{
	assert_int_equal(count_lines("/proc/sysvipc/msg"), 0);
	assert_int_equal(count_lines("/proc/sysvipc/sem"), 0);
	assert_int_equal(count_lines("/proc/sysvipc/shm"), 0);
	assert_int_equal(count_files("/dev/shm"), 0);
	assert_int_equal(count_files(tmp), 0);
	assert_int_equal(count_queues(), 0);
}

/* Tests of one transport have it as their initial state. */
static const struct transport *available(void **state)
{
	const struct transport *t = *state;
	char why[WHY_MAX] = "";

	if (!transport_available(t, why)) {
		printf("# %s\n", why);
		/* "NAME: what is missing: what to do" */
		assert_int_equal(strncmp(why, t->name, strlen(t->name)), 0);
		skip();
	}
	return t;
}

static unsigned int cpus[2];
static struct hist hist;
static double sample;

/* One at a time: its sample and its histogram are the only ones. */
static struct cell cell_of(const struct transport *t, enum test_id test,
			   uint32_t size, uint32_t batch)
{
	memset(&hist, 0, sizeof(hist));
	sample = 0;
	return (struct cell){
		.shape = {
			.test = test,
			.size = size,
			.batch = batch,
			.producers = tests[test].many ? DEFAULT_PRODUCERS : 1,
			.rate = RATE,
		},
		.transport = t,
		.cpus = { cpus[0], cpus[1] },
		.capacity = RING_BYTES,
		.samples = &sample,
		.repeat = 1,
		.hist = tests[test].clocked ? &hist : NULL,
		.syscalls = -1,
	};
}

/*
 * What the mechanisms cannot carry, by their nature or by a sysctl that somebody
 * may have raised. No other refuses anything here: one that did would not be
 * measured, and look well.
 */
static bool may_refuse(const struct cell *c)
{
	static const struct {
		const char *name;
		uint32_t largest;
		bool many;	/* of several producers only */
		bool odd;	/* refuses what is no power of two, too */
	} limits[] = {
		{ "pipe", 4096, true, false },
		{ "fifo", 4096, true, false },
		{ "sysv-msg", 8192, false, false },
		{ "posix-mq", 8192, false, false },
		{ "signal", 8, false, false },
		{ "ck-ring", 4096, false, true },
	};
	uint32_t size = c->shape.size;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(limits); i++)
		if (!strcmp(limits[i].name, c->transport->name))
			return (!limits[i].many || c->shape.producers > 1) &&
			       (size > limits[i].largest ||
				(limits[i].odd && size & (size - 1)));
	return false;
}

static bool fits(const struct cell *c)
{
	const struct channel ch = {
		.transport = c->transport,
		.size = c->shape.size,
		.batch = c->shape.batch,
		.capacity = c->capacity,
		.producers = c->shape.producers,
	};
	size_t name = strlen(c->transport->name);
	char why[WHY_MAX] = "";

	if (transport_fits(c->transport, &ch, why))
		return true;
	printf("# %s\n", why);
	assert_int_equal(strncmp(why, c->transport->name, name), 0);
	assert_true(may_refuse(c));
	return false;
}

static const struct transport *find(const char *name)
{
	const struct transport *const *t;

	for (t = transports; *t && strcmp((*t)->name, name); t++)
		;
	return *t;
}

static void measure(const struct transport *t, enum test_id test, uint32_t size,
		    uint32_t batch)
{
	struct cell c = cell_of(t, test, size, batch);
	char why[WHY_MAX] = "", text[128];

	if (!fits(&c))
		return;
	if (pair_measure(&c, BRIEF_MS, why) != PAIR_OK)
		fail_msg("%s: %s", cell_text(&c, text, sizeof(text)), why);
	assert_true(sample > 0);
}

/* Sizes that mechanisms cut in different ways, one of them odd. */
static void test_moves(void **state)
{
	static const uint32_t sizes[] = { 8, 64, 4096, 5, 20001 };
	const struct transport *t = available(state);
	size_t i;

	if (t->broken) {
		printf("# %s: %s\n", t->name, t->broken);
		skip();
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		measure(t, TEST_THROUGHPUT, sizes[i], 1);
		measure(t, TEST_THROUGHPUT, sizes[i], BATCH);
		measure(t, TEST_LATENCY, sizes[i], 1);
		measure(t, TEST_ONEWAY, sizes[i], 1);
		if (t->asleep)
			measure(t, TEST_WAKEUP, sizes[i], 1);
		if (t->many && sizes[i] >= PAYLOAD_SEQ_MIN)
			measure(t, TEST_FAN_IN, sizes[i], 1);
	}
	if (!not_alone)
		assert_nothing_left();
}

/*
 * Files as a process of our number would have left them, killed between two
 * lines of an open.
 */
static void test_leftover_is_no_obstacle(void **state)
{
	static const struct {
		const char *transport;
		const char *dir;
		const char *format;
	} names[] = {
		{ "fifo", tmp, "%s/shmring-bench-%d-%d" },
		{ "shm", "/dev/shm", "%s/shmring-bench-%d-%d" },
		{ "posix-shm", "/dev/shm", "%s/shmring-bench-posix-%d-%d" },
		{ "semaphore", "/dev/shm", "%s/sem.shmring-bench-%d-%d" },
		{ "libqb", "/dev/shm", "%s/shmring-bench-qb-%d-%d-header" },
	};
	char path[ARRAY_SIZE(names)][LEFTOVERS][128];
	const struct transport *t;
	size_t i;
	int id;

	(void)state;
	skip_unless_alone();
	for (i = 0; i < ARRAY_SIZE(names); i++)
		for (id = 0; id < LEFTOVERS; id++) {
			snprintf(path[i][id], sizeof(path[i][id]),
				 names[i].format, names[i].dir, (int)getpid(),
				 id);
			assert_int_equal(mknod(path[i][id], S_IFREG | 0600, 0),
					 0);
		}
	/* The first channels of this process: they have the first numbers. */
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		t = find(names[i].transport);
		if (t)
			measure(t, TEST_LATENCY, 8, 1);
	}
	for (i = 0; i < ARRAY_SIZE(names); i++)
		for (id = 0; id < LEFTOVERS; id++)
			unlink(path[i][id]);
	assert_nothing_left();
}

/* What a wrapped transport tells the test: a process that has joined. */
static int joined[2];
static const struct transport *wrapped;

static int join_and_tell(struct channel *ch, enum side side)
{
	int rc = wrapped->join ? wrapped->join(ch, side) : 0;
	pid_t pid = getpid();

	if (!rc && write(joined[1], &pid, sizeof(pid)) != sizeof(pid))
		rc = -EIO;
	return rc;
}

static struct transport wrap(const struct transport *t)
{
	struct transport w = *t;

	wrapped = t;
	w.join = join_and_tell;
	assert_int_equal(pipe2(joined, O_CLOEXEC), 0);
	return w;
}

/* As a program of its own, so long that only a kill ends it. */
static int run_for_ever(void *arg)
{
	struct cell c = cell_of(arg, TEST_LATENCY, 8, 1);
	char why[WHY_MAX];

	setpgid(0, 0);
	CHILD_CHECK(pair_measure(&c, FAR_TOO_LONG_MS, why) == PAIR_OK);
	return 0;
}

static void delay(uint64_t *state)
{
	struct timespec t = { .tv_nsec = (long)(rnd(state) % MAX_DELAY_NS) };

	nanosleep(&t, NULL);
}

/*
 * Both the group, as a shell does it, and the parent alone, as the kernel does
 * it when memory is short. As all orphans become ours, to have waited for all
 * is to know that everything that should be removed has been.
 */
static void kill_a_run(const struct transport *t, int whole, uint64_t *seed)
{
	struct transport w = wrap(t);
	pid_t pid = spawn(run_for_ever, &w), side;
	int i;

	/* Or a run that fails would not end the reads. */
	close(joined[1]);
	/* Two processes, each with a channel there and one back. */
	for (i = 0; i < 4; i++)
		assert_int_equal(read(joined[0], &side, sizeof(side)),
				 sizeof(side));
	delay(seed);
	assert_int_equal(kill(whole ? -pid : pid, SIGKILL), 0);
	while (wait(NULL) > 0)
		;
	assert_int_equal(errno, ECHILD);
	close(joined[0]);
	assert_nothing_left();
}

static void test_killed_run_leaves_nothing(void **state)
{
	const struct transport *t = available(state);
	uint64_t seed = rnd_seed();
	int i;

	skip_unless_alone();
	for (i = 0; i < KILLS; i++)
		kill_a_run(t, i % 2, &seed);
}

/* A thread, as the engine waits for all processes of ours. */
static void *kill_first(void *arg)
{
	pid_t pid;

	(void)arg;
	if (read(joined[0], &pid, sizeof(pid)) == sizeof(pid))
		kill(pid, SIGKILL);
	return NULL;
}

static void test_killed_peer_is_said(void **state)
{
	struct transport w = wrap(available(state));
	struct cell c = cell_of(&w, TEST_THROUGHPUT, 8, 1);
	char why[WHY_MAX] = "";
	pthread_t killer;

	assert_int_equal(pthread_create(&killer, NULL, kill_first, NULL), 0);
	assert_int_equal(pair_measure(&c, FAR_TOO_LONG_MS, why), PAIR_FAILED);
	/* Or a run in which nobody joins would not end the read. */
	close(joined[1]);
	assert_int_equal(pthread_join(killer, NULL), 0);
	close(joined[0]);
	printf("# %s\n", why);
	/* The survivor may be faster in saying that nobody is there any more. */
	assert_true(strstr(why, "was killed by signal 9") ||
		    !strncmp(why, "the producer: ", 14) ||
		    !strncmp(why, "the consumer: ", 14));
	if (!not_alone)
		assert_nothing_left();
}

static void test_broken_is_caught(void **state)
{
	const struct transport *t = *state;
	char why[WHY_MAX] = "";
	struct cell c;
	int i;

	/* There, one would have to be interrupted within three instructions. */
	if (cpus[0] == cpus[1])
		skip();
	/* It may also end with a producer that waits for room in vain. */
	for (i = 0; i < CAUGHT_TRIES && !strstr(why, "is not what was sent"); i++) {
		c = cell_of(t, TEST_THROUGHPUT, 8, 1);
		pair_measure(&c, CAUGHT_MS, why);
	}
	printf("# in run %d: %s\n", i, why);
	assert_non_null(strstr(why, "is not what was sent"));
}

/* A page is not enough for any of them: a clear line, and no SIGBUS. */
static void test_full_file_system(void **state)
{
	static const char *const names[] = {
		"shm", "posix-shm", "libqb", "mmap-file"
	};
	char why[WHY_MAX], name[sizeof(tmp) + 8];
	const struct transport *t;
	struct cell c;
	size_t i;

	(void)state;
	skip_unless_alone();
	snprintf(name, sizeof(name), "%s/full", tmp);
	assert_int_equal(mkdir(name, 0700), 0);
	assert_int_equal(mount("tmpfs", name, "tmpfs", 0, "size=4k"), 0);
	assert_int_equal(mount("tmpfs", "/dev/shm", "tmpfs", 0, "size=4k"), 0);
	setenv("TMPDIR", name, 1);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		t = find(names[i]);
		assert_non_null(t);
		c = cell_of(t, TEST_THROUGHPUT, 8, 1);
		why[0] = '\0';
		assert_int_equal(pair_measure(&c, BRIEF_MS, why), PAIR_FAILED);
		printf("# %s\n", why);
		assert_non_null(strcasestr(why, "no space"));
	}
	setenv("TMPDIR", tmp, 1);
	assert_int_equal(umount("/dev/shm"), 0);
	assert_int_equal(umount(name), 0);
	assert_int_equal(rmdir(name), 0);
	assert_nothing_left();
}

#define TESTS_MAX	256

static struct CMUnitTest list[TESTS_MAX];
static size_t listed;

static void add(const char *what, CMUnitTestFunction test,
		const struct transport *t)
{
	static char names[TESTS_MAX][64];
	char *name;

	if (listed == TESTS_MAX)
		abort();
	name = names[listed];
	snprintf(name, sizeof(names[0]), "%s%s%s", t ? t->name : "",
		 t ? " " : "", what);
	list[listed++] = (struct CMUnitTest){
		.name = name,
		.test_func = test,
		.initial_state = (void *)(uintptr_t)t,
	};
}

int main(void)
{
	const char *only = getenv("SHMRING_TEST_ONLY");
	const struct transport *const *t;
	int failed;

	alarm(3 * HANG_GUARD_S);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	be_alone();
	pair_block_signals();
	if (!cpus_default(cpus))
		return 1;
	add("a leftover is no obstacle", test_leftover_is_no_obstacle, NULL);
	for (t = transports; *t; t++) {
		add("moves messages", test_moves, *t);
		if ((*t)->broken) {
			add("is caught", test_broken_is_caught, *t);
			continue;
		}
		add("leaves nothing when killed", test_killed_run_leaves_nothing,
		    *t);
		add("says that a peer was killed", test_killed_peer_is_said,
		    *t);
	}
	add("a full file system is said", test_full_file_system, NULL);
	if (only)
		cmocka_set_test_filter(only);
	failed = _cmocka_run_group_tests("transports", list, listed, NULL,
					 NULL);
	be_gone();
	return failed;
}
