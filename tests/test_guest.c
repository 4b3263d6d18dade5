// SPDX-License-Identifier: MIT
/*
 * A library is a guest in somebody's process: one that forks, goes to the
 * background, gives up its rights, has no descriptor left, filters system calls,
 * limits its files, closes its standard ones, or lives among signals.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "backend.h"
#include "common.h"

#define SIZE	4096
#define MS	1000000LL

/* struct guest - a ring, and two ways to wait for each other */
struct guest {
	struct ring ring;
	struct shmring_opts o;
	int ready[2];
	int go[2];
	int syscall;
};

static void guest_begin(struct guest *g, uint32_t record_size)
{
	*g = (struct guest) { .o = ring_opts(SIZE, record_size) };
	ring_make(&g->ring, &g->o);
	assert_int_equal(pipe(g->ready), 0);
	assert_int_equal(pipe(g->go), 0);
}

static void guest_end(struct guest *g)
{
	close(g->ready[0]);
	close(g->ready[1]);
	close(g->go[0]);
	close(g->go[1]);
	ring_drop(&g->ring);
}

static int tell(const int pipe[2])
{
	return write(pipe[1], "", 1) == 1;
}

static int await(const int pipe[2])
{
	char c;

	return read(pipe[0], &c, 1) == 1;
}

static void kill_and_reap(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static int attach_send_and_pause(void *arg)
{
	struct guest *g = arg;
	struct shmring *p = ring_join(&g->ring, PRODUCER, &g->o);

	CHILD_CHECK(p && !shmring_send(p, "12345678", 8, 0, 0));
	CHILD_CHECK(tell(g->ready));
	for (;;)
		pause();
}

/*
 * fork()
 */

/* Its child does nothing with the ring, and outlives it. */
static int attach_and_fork(void *arg)
{
	struct guest *g = arg;
	struct shmring *p = ring_join(&g->ring, PRODUCER, &g->o);
	pid_t pid;

	CHILD_CHECK(p && !shmring_send(p, "12345678", 8, 0, 0));
	pid = fork();
	CHILD_CHECK(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, 0);
		close(g->go[1]);
		tell(g->ready);
		await(g->go);
		_exit(0);
	}
	for (;;)
		pause();
}

static void test_child_outlives_the_producer(void **state)
{
	struct shmring *c, *p;
	struct guest g;
	char buf[8];
	pid_t pid;

	(void)state;
	guest_begin(&g, 8);
	pid = spawn(attach_and_fork, &g);
	assert_true(await(g.ready));
	c = ring_join(&g.ring, CONSUMER, &g.o);
	assert_int_equal(shmring_recv(c, buf, 8, NULL, -1), 8);
	kill_and_reap(pid);
	assert_int_equal(shmring_recv(c, buf, 8, NULL, -1), -EPIPE);
	p = ring_join(&g.ring, PRODUCER, &g.o);
	assert_non_null(p);
	shmring_close(p);
	shmring_close(c);
	guest_end(&g);
}

static int attach_and_exec(void *arg)
{
	struct guest *g = arg;
	struct shmring *p = ring_join(&g->ring, PRODUCER, &g->o);

	CHILD_CHECK(p && !shmring_send(p, "12345678", 8, 0, 0));
	execlp("cat", "cat", "/dev/fd/0", NULL);
	return 1;
}

/* Another program is not the producer. */
static void test_exec(void **state)
{
	struct shmring *c;
	struct guest g;
	char buf[8];
	pid_t pid;

	(void)state;
	guest_begin(&g, 8);
	c = ring_join(&g.ring, CONSUMER, &g.o);
	assert_int_equal(dup2(g.go[0], STDIN_FILENO), STDIN_FILENO);
	pid = spawn(attach_and_exec, &g);
	while (shmring_recv(c, buf, 8, NULL, -1) != 8)
		;
	assert_int_equal(shmring_recv(c, buf, 8, NULL, -1), -EPIPE);
	kill_and_reap(pid);
	shmring_close(c);
	guest_end(&g);
}

static int every_call(struct shmring *r)
{
	char buf[64];

	errno = 0;
	CHILD_CHECK(!shmring_reserve(r, 8) && errno == ENOTCONN);
	errno = 0;
	CHILD_CHECK(!shmring_peek(r, NULL, NULL) && errno == ENOTCONN);
	CHILD_CHECK(shmring_wait(r, 0, -1) == -ENOTCONN);
	CHILD_CHECK(shmring_wait(r, 0, 0) == -ENOTCONN);
	CHILD_CHECK(shmring_wait_peer(r, -1) == -ENOTCONN);
	CHILD_CHECK(shmring_kick_wait(r, r, -1) == -ENOTCONN);
	CHILD_CHECK(shmring_arm(r, 0) == -ENOTCONN);
	CHILD_CHECK(shmring_fd(r) == -ENOTCONN);
	CHILD_CHECK(shmring_peer(r) == -ENOTCONN);
	CHILD_CHECK(shmring_send(r, "12345678", 8, 0, -1) == -ENOTCONN);
	CHILD_CHECK(shmring_recv(r, buf, 64, NULL, -1) == -ENOTCONN);
	CHILD_CHECK(shmring_attach(r, PRODUCER) == -ENOTCONN);
	shmring_flush(r);
	return 0;
}

/* @at: what the parent had reserved, which it still has. */
static int use_the_copies(struct pair *t, void *at)
{
	memset(at, 'x', 8);
	CHILD_CHECK(!every_call(t->p));
	CHILD_CHECK(!every_call(t->c));
	shmring_commit(t->p, 8, 0);
	CHILD_CHECK(!every_call(t->p));
	shmring_release(t->c, 8);
	CHILD_CHECK(!every_call(t->c));
	shmring_close(t->p);
	shmring_close(t->c);
	return 0;
}

/* It goes on using the handles, which are its parent's. */
static void run_child(uint32_t record_size)
{
	struct shmring_opts o = ring_opts(SIZE, record_size);
	struct pair t;
	void *at;
	pid_t pid;

	pair_open(&t, &o);
	put_record(t.p, 8, 1);
	assert_non_null(shmring_peek(t.c, NULL, NULL));
	at = shmring_reserve(t.p, 8);
	assert_non_null(at);
	fill(at, 8, 2);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		alarm(HANG_GUARD_S);
		_exit(use_the_copies(&t, at));
	}
	assert_child_ok(pid);
	assert_int_equal(shmring_peer(t.p), SHMRING_STATE_ATTACHED);
	assert_int_equal(shmring_peer(t.c), SHMRING_STATE_ATTACHED);
	shmring_commit(t.p, 8, 2);
	get_record(t.c, 8, 1);
	get_record(t.c, 8, 2);
	assert_peek_errno(t.c, EAGAIN);
	pair_close(&t);
}

static void test_child_uses_the_handles(void **state)
{
	(void)state;
	run_child(0);
	run_child(8);
}

/* A child has a ring of its own, and a child. */
static int attach_in_child(void *arg)
{
	struct pair t;
	pid_t pid;

	(void)arg;
	pair_open(&t, &(struct shmring_opts)SHMRING_OPTS_INIT);
	put_record(t.p, 8, 1);
	pid = fork();
	if (!pid)
		_exit(every_call(t.p));
	assert_child_ok(pid);
	get_record(t.c, 8, 1);
	pair_close(&t);
	return 0;
}

static void test_child_attaches(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 8);
	struct pair t;

	(void)state;
	pair_open(&t, &o);
	assert_child_ok(spawn(attach_in_child, NULL));
	put_record(t.p, 8, 1);
	get_record(t.c, 8, 1);
	pair_close(&t);
}

static pid_t clone_as_first(void)
{
	fflush(stdout);
	return (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
}

/* Both are process 1, and no handler of fork() has run. */
static int close_as_another_first(void *arg)
{
	struct guest *g = arg;
	struct shmring *p, *c;
	int status;
	pid_t pid;

	p = ring_join(&g->ring, PRODUCER, &g->o);
	c = ring_join(&g->ring, CONSUMER, &g->o);
	CHILD_CHECK(p && c && getpid() == 1);
	pid = clone_as_first();
	CHILD_CHECK(pid >= 0);
	if (!pid) {
		shmring_close(p);
		_exit(getpid() != 1);
	}
	CHILD_CHECK(waitpid(pid, &status, 0) == pid && !status);
	CHILD_CHECK(shmring_peer(c) == SHMRING_STATE_ATTACHED);
	CHILD_CHECK(!shmring_send(p, "12345678", 8, 0, 0));
	CHILD_CHECK(shmring_peek(c, NULL, NULL));
	return 0;
}

static void test_first_of_two_namespaces(void **state)
{
	struct guest g;
	pid_t pid;

	(void)state;
	guest_begin(&g, 8);
	pid = clone_as_first();
	if (!pid)
		_exit(close_as_another_first(&g));
	if (pid > 0)
		assert_child_ok(pid);
	guest_end(&g);
	if (pid < 0)
		skip();		/* namespaces take root */
}

static int wait_in_background(void *arg)
{
	struct guest *g = arg;
	struct shmring *c = ring_join(&g->ring, CONSUMER, &g->o);

	CHILD_CHECK(c && shmring_wait(c, 0, MS) == -ETIMEDOUT);
	CHILD_CHECK(shmring_fd(c) >= 0 && !shmring_arm(c, 0));
	CHILD_CHECK(!daemon(1, 1));
	if (!every_call(c))
		tell(g->ready);
	shmring_close(c);
	close(g->ready[1]);
	return 0;
}

/* daemon(3) after attaching: an error, and not a sleep for ever. */
static void test_daemon(void **state)
{
	struct guest g;

	(void)state;
	guest_begin(&g, 8);
	assert_child_ok(spawn(wait_in_background, &g));
	close(g.ready[1]);
	assert_true(await(g.ready));
	g.ready[1] = -1;
	guest_end(&g);
}

/*
 * After attaching nothing is opened, mapped or started
 */
static int wait_poll_and_close(struct shmring *c)
{
	struct pollfd p = { .fd = shmring_fd(c), .events = POLLIN };

	CHILD_CHECK(shmring_wait(c, 0, MS) == -ETIMEDOUT);
	CHILD_CHECK(p.fd > STDERR_FILENO && !shmring_arm(c, 0));
	CHILD_CHECK(!poll(&p, 1, 0));
	CHILD_CHECK(shmring_wait_peer(c, MS) == -ETIMEDOUT);
	shmring_close(c);
	return 0;
}

static int fill_the_table(void *arg)
{
	struct guest *g = arg;
	struct shmring *c = ring_join(&g->ring, CONSUMER, &g->o);
	const struct rlimit few = { 32, 32 };

	CHILD_CHECK(c && !setrlimit(RLIMIT_NOFILE, &few));
	while (open("/dev/null", O_RDONLY) >= 0)
		;
	CHILD_CHECK(errno == EMFILE);
	return wait_poll_and_close(c);
}

static void test_full_table(void **state)
{
	struct guest g;

	(void)state;
	guest_begin(&g, 8);
	assert_child_ok(spawn(fill_the_table, &g));
	guest_end(&g);
}

static int drop_rights(void *arg)
{
	struct guest *g = arg;
	struct shmring *c = ring_join(&g->ring, CONSUMER, &g->o);

	CHILD_CHECK(c && !chroot("/proc/self/fdinfo") && !chdir("/"));
	CHILD_CHECK(access("/proc", F_OK) && access("/lib", F_OK));
	CHILD_CHECK(!setgid(65534) && !setuid(65534));
	return wait_poll_and_close(c);
}

static void test_rights_dropped(void **state)
{
	struct guest g;

	(void)state;
	if (geteuid())
		skip();		/* chroot() takes root */
	guest_begin(&g, 8);
	assert_child_ok(spawn(drop_rights, &g));
	guest_end(&g);
}

/*
 * Filters, limits, closed descriptors
 */
static int deny(int nr)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog prog = { ARRAY_SIZE(f), f };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

static const struct denied {
	int nr;
	const char *name;	/* NULL: it does without */
} denied[] = {
	{ SYS_futex_waitv, "futex_waitv(2)" },
	{ SYS_membarrier, "membarrier(2)" },
	{ SYS_set_robust_list, "set_robust_list(2)" },
	{ SYS_getpriority, NULL },
};

static int attach_filtered(void *arg)
{
	struct guest *g = arg;
	const struct denied *d = &denied[g->syscall];
	struct shmring *c;

	CHILD_CHECK(!deny(d->nr));
	c = shmring_open(g->ring.address, CONSUMER, &g->o);
	if (!d->name || backend_is("dev")) {
		CHILD_CHECK(c);
		return wait_poll_and_close(c);
	}
	CHILD_CHECK(!c && errno == EPERM);
	CHILD_CHECK(strstr(shmring_errmsg(), d->name));
	CHILD_CHECK(strstr(shmring_errmsg(), "seccomp"));
	return 0;
}

static void test_filtered_calls(void **state)
{
	struct guest g;

	(void)state;
	guest_begin(&g, 8);
	for (g.syscall = 0; g.syscall < (int)ARRAY_SIZE(denied); g.syscall++)
		assert_child_ok(spawn(attach_filtered, &g));
	guest_end(&g);
}

static int create_limited(void *arg)
{
	const struct rlimit small = { 1 << 16, 1 << 16 };
	struct shmring_opts o = ring_opts(1 << 20, 0);

	(void)arg;
	CHILD_CHECK(!setrlimit(RLIMIT_FSIZE, &small));
	o.flags = SHMRING_OPEN_CREATE;
	CHILD_CHECK(!shmring_open(backend_is("shm") ? "shm:/shmring-limited" :
				  "memfd:", PRODUCER, &o));
	CHILD_CHECK(errno == EFBIG && strstr(shmring_errmsg(), "ulimit"));
	o.ring_bytes = SIZE;
	CHILD_CHECK(shmring_open("memfd:", PRODUCER, &o));
	return 0;
}

/* By default what goes beyond it is killed. */
static void test_file_size_limit(void **state)
{
	(void)state;
	if (backend_is("dev"))
		skip();		/* a ring is no file */
	assert_child_ok(spawn(create_limited, NULL));
}

#define FILES	64

static uint64_t open_files(void)
{
	uint64_t set = 0;
	int fd;

	for (fd = 0; fd < FILES; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			set |= 1ULL << fd;
	return set;
}

static int attach_without_standard_files(void *arg)
{
	struct guest *g = arg;
	struct shmring *p, *c;
	uint64_t before, new;
	int fd;

	/* The child tells by its status alone. */
	for (fd = 0; fd <= STDERR_FILENO; fd++)
		close(fd);
	before = open_files();
	p = shmring_open(g->ring.address, PRODUCER, &g->o);
	c = shmring_open(g->ring.address, CONSUMER, &g->o);
	new = open_files() & ~before;
	if (!p || !c || !new)
		return 2;
	for (fd = 0; fd < FILES; fd++)
		if (new >> fd & 1 && (fd <= STDERR_FILENO ||
				      !(fcntl(fd, F_GETFD) & FD_CLOEXEC)))
			return 3;
	return 0;
}

static void test_standard_files_closed(void **state)
{
	struct guest g;

	(void)state;
	guest_begin(&g, 8);
	assert_child_ok(spawn(attach_without_standard_files, &g));
	guest_end(&g);
}

/*
 * Signals
 */
static void on_signal(int sig)
{
	(void)sig;
}

static void tick(long us)
{
	const struct itimerval t = { { 0, us }, { 0, us } };

	setitimer(ITIMER_REAL, &t, NULL);
}

/* As poll(2): whether the handler restarts system calls or not. */
static void run_handler(int flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = flags };
	struct sigaction old;
	struct guest g;
	struct shmring *c;

	guest_begin(&g, 8);
	c = ring_join(&g.ring, CONSUMER, &g.o);
	assert_non_null(c);
	sigaction(SIGALRM, &sa, &old);
	tick(1000);
	assert_int_equal(shmring_wait(c, 0, -1), -EINTR);
	assert_int_equal(shmring_wait(c, 0, HANG_GUARD_S * 1000 * MS), -EINTR);
	assert_int_equal(shmring_wait_peer(c, -1), -EINTR);
	tick(0);
	sigaction(SIGALRM, &old, NULL);
	alarm(HANG_GUARD_S);
	shmring_close(c);
	guest_end(&g);
}

static void test_handler_ends_a_wait(void **state)
{
	(void)state;
	run_handler(0);
	run_handler(SA_RESTART);
}

static int is_asleep(pid_t pid, char state)
{
	char path[32], stat[256];
	const char *at;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	at = fgets(stat, sizeof(stat), f) ? strrchr(stat, ')') : NULL;
	fclose(f);
	return at && at[2] == state;
}

static void await_state(pid_t pid, char state)
{
	while (!is_asleep(pid, state))
		sched_yield();
}

static int sleep_for_one(void *arg)
{
	struct guest *g = arg;
	struct shmring *c;

	g->o.spin_ns = 0;
	c = ring_join(&g->ring, CONSUMER, &g->o);
	CHILD_CHECK(c && tell(g->ready));
	CHILD_CHECK(!shmring_wait(c, 0, -1));
	return 0;
}

static void test_stopping_ends_no_wait(void **state)
{
	struct shmring *p;
	struct guest g;
	pid_t pid;
	int i;

	(void)state;
	guest_begin(&g, 8);
	p = ring_join(&g.ring, PRODUCER, &g.o);
	pid = spawn(sleep_for_one, &g);
	assert_true(await(g.ready));
	for (i = 0; i < 20; i++) {
		await_state(pid, 'S');
		kill(pid, SIGSTOP);
		await_state(pid, 'T');
		kill(pid, SIGCONT);
	}
	await_state(pid, 'S');
	assert_int_equal(shmring_send(p, "12345678", 8, 0, 0), 0);
	assert_child_ok(pid);
	shmring_close(p);
	guest_end(&g);
}

/* Allocating is interrupted, and nevertheless comes to an end. */
static void test_creation_among_signals(void **state)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct shmring_opts o = ring_opts(16 << 20, 0);
	struct sigaction old;
	struct ring t;
	int i;

	(void)state;
	sigaction(SIGALRM, &sa, &old);
	tick(1000);
	for (i = 0; i < 5; i++) {
		ring_make(&t, &o);
		ring_drop(&t);
	}
	tick(0);
	sigaction(SIGALRM, &old, NULL);
	alarm(HANG_GUARD_S);
}

/*
 * News for those who do not sleep
 */
static void outlive_by_polling(void)
{
	struct shmring *c;
	struct guest g;
	char buf[8];
	pid_t pid;

	guest_begin(&g, 8);
	c = ring_join(&g.ring, CONSUMER, &g.o);
	pid = spawn(attach_send_and_pause, &g);
	assert_true(await(g.ready));
	assert_int_equal(shmring_recv(c, buf, 8, NULL, 0), 8);
	assert_int_equal(shmring_recv(c, buf, 8, NULL, 0), -EAGAIN);
	kill_and_reap(pid);
	assert_int_equal(shmring_recv(c, buf, 8, NULL, 0), -EPIPE);
	assert_int_equal(shmring_peer(c), SHMRING_STATE_GONE);
	assert_int_equal(shmring_wait_peer(c, MS), -ETIMEDOUT);
	shmring_close(c);
	guest_end(&g);
}

/* Mostly the endpoint's thread has heard of it first; not always. */
static void test_poller_learns_of_a_death(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 50; i++)
		outlive_by_polling();
}

static int ready_for(struct shmring *r, int timeout)
{
	struct pollfd p = { .fd = shmring_fd(r), .events = POLLIN | POLLOUT };

	return poll(&p, 1, timeout) == 1 ? p.revents : 0;
}

/* A producer's descriptor becomes writable, and a consumer's readable. */
static void test_readiness(void **state)
{
	struct shmring_opts o = ring_opts(SIZE, 1024);
	struct pair t;
	int i;

	(void)state;
	o.handback_shift = 0;
	pair_open(&t, &o);
	assert_int_equal(shmring_arm(t.c, 0), 0);
	assert_int_equal(ready_for(t.c, 0), 0);
	for (i = 0; i < 4; i++)
		put_record(t.p, 1024, (uint64_t)i);
	assert_int_equal(ready_for(t.c, -1), POLLIN);
	assert_int_equal(shmring_arm(t.c, 0), 1);
	assert_int_equal(shmring_arm(t.p, 0), 0);
	assert_int_equal(ready_for(t.p, 0), 0);
	get_record(t.c, 1024, 0);
	assert_int_equal(ready_for(t.p, -1), POLLOUT);
	assert_int_equal(shmring_arm(t.p, 0), 1);
	pair_close(&t);
}

/* One event loop sees its peer go, and the next one come. */
static void run_peers(uint32_t role, int event)
{
	struct shmring *r, *peer;
	struct guest g;
	int i;

	guest_begin(&g, 8);
	r = ring_join(&g.ring, role, &g.o);
	for (i = 0; i < 50; i++) {
		uint32_t epoch = shmring_epoch(r);

		assert_int_equal(r->backend->arm_peer(r, epoch), 0);
		assert_int_equal(ready_for(r, 0) & event, 0);
		peer = ring_join(&g.ring, PRODUCER + CONSUMER - role, &g.o);
		assert_int_equal(ready_for(r, -1) & event, event);
		/* It is there, and was: either is enough. */
		assert_int_equal(r->backend->arm_peer(r, shmring_epoch(r)), 0);
		assert_int_equal(ready_for(r, -1) & event, event);
		shmring_close(peer);
		assert_int_equal(r->backend->arm_peer(r, epoch), 0);
		assert_int_equal(ready_for(r, -1) & event, event);
	}
	shmring_close(r);
	guest_end(&g);
}

static void test_next_peer(void **state)
{
	(void)state;
	skip_without_backend();
	run_peers(CONSUMER, POLLIN);
	run_peers(PRODUCER, POLLOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_child_outlives_the_producer),
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_child_uses_the_handles),
		cmocka_unit_test(test_child_attaches),
		cmocka_unit_test(test_first_of_two_namespaces),
		cmocka_unit_test(test_daemon),
		cmocka_unit_test(test_full_table),
		cmocka_unit_test(test_rights_dropped),
		cmocka_unit_test(test_filtered_calls),
		cmocka_unit_test(test_file_size_limit),
		cmocka_unit_test(test_standard_files_closed),
		cmocka_unit_test(test_handler_ends_a_wait),
		cmocka_unit_test(test_stopping_ends_no_wait),
		cmocka_unit_test(test_creation_among_signals),
		cmocka_unit_test(test_poller_learns_of_a_death),
		cmocka_unit_test(test_readiness),
		cmocka_unit_test(test_next_peer),
	};

	alarm(HANG_GUARD_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
