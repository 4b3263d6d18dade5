// SPDX-License-Identifier: MIT
/*
 * Event loops, and the other side killed and restarted: the example as users run
 * it, and both roles by poll().
 */
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>

#include "common.h"

#define SIZE	4096
#define KILLS	20
#define LEN	8

/* struct loop - the example, as a process, and what it prints */
struct loop {
	struct ring ring;
	pid_t pid;
	FILE *out;
	int in;
};

static const char *example(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);
	char *end;

	assert_true(n > 0);
	path[n] = '\0';
	end = strstr(path, "/tests/test_loop");
	assert_non_null(end);
	strcpy(end, "/examples/event-loop");
	return path;
}

static void loop_start(struct loop *l)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	const char *path = example();
	int in[2], out[2];

	ring_make(&l->ring, &o);
	/* For memfd: the example inherits the descriptor. */
	fcntl(shmring_ring_fd(l->ring.any), F_SETFD, 0);
	assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
	l->pid = fork();
	assert_true(l->pid >= 0);
	if (!l->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execl(path, path, l->ring.address, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	l->in = in[1];
	l->out = fdopen(out[0], "r");
	assert_non_null(l->out);
}

/* Ask it until it has @records and no producer; it never has more of them. */
static void loop_reaches(struct loop *l, unsigned long long records)
{
	unsigned long long now;
	char line[256];

	do {
		assert_int_equal(write(l->in, "\n", 1), 1);
		if (!fgets(line, sizeof(line), l->out) ||
		    sscanf(line, "%*[a-z]: %llu records", &now) != 1)
			fail_msg("the example ended or said something else");
		assert_true(now <= records);
	} while (now < records || !strstr(line, "no producer"));
}

static void loop_end(struct loop *l)
{
	int status;

	kill(l->pid, SIGTERM);
	assert_int_equal(waitpid(l->pid, &status, 0), l->pid);
	assert_int_equal(status, 0);
	fclose(l->out);
	close(l->in);
	ring_drop(&l->ring);
}

/* Publishes a number of records, and dies without a word. */
static int produce_and_die(void *arg)
{
	const struct loop *l = arg;
	struct shmring *p = ring_join(&l->ring, PRODUCER, NULL);
	char record[LEN] = "";
	int i;

	CHILD_CHECK(p);
	for (i = 0; i < SIZE; i++)
		CHILD_CHECK(!shmring_send(p, record, LEN, 0, -1));
	raise(SIGKILL);
	return 1;
}

/* Each producer's death and each record it had published reach the example. */
static void test_example(void **state)
{
	int i, status;
	struct loop l;
	pid_t pid;

	(void)state;
	skip_without_backend();
	loop_start(&l);
	for (i = 1; i <= KILLS; i++) {
		pid = spawn(produce_and_die, &l);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		loop_reaches(&l, (unsigned long long)i * SIZE);
	}
	loop_end(&l);
}

static bool ready(struct shmring *r, int timeout_ms)
{
	struct pollfd p = {
		.fd = shmring_fd(r),
		.events = (short)shmring_events(r),
	};

	assert_true(p.fd >= 0);
	assert_true(poll(&p, 1, timeout_ms) >= 0);
	return p.revents;
}

struct waiter {
	struct ring ring;
	uint32_t role;
};

static int come_and_go(void *arg)
{
	const struct waiter *w = arg;

	CHILD_CHECK(ring_join(&w->ring, PRODUCER + CONSUMER - w->role, NULL));
	return 0;
}

/* A side alone, again and again; its peer comes, stays or dies at once. */
static void wait_in_poll(uint32_t role)
{
	struct shmring_opts o = ring_opts(SIZE, 0);
	struct waiter w = { .role = role };
	struct shmring *r, *peer;
	pid_t pid;
	int i;

	ring_make(&w.ring, &o);
	r = ring_join(&w.ring, role, &o);
	assert_non_null(r);
	assert_int_equal(shmring_arm_peer(w.ring.any), -ENOTCONN);
	for (i = 0; i < KILLS; i++) {
		assert_int_equal(shmring_arm_peer(r), 0);
		assert_false(ready(r, 0));
		pid = spawn(come_and_go, &w);
		assert_true(ready(r, -1));
		assert_child_ok(pid);
		/* That it was there is news once. */
		while (shmring_arm_peer(r) == 1)
			;
		assert_int_equal(shmring_arm_peer(r), 0);
		assert_false(ready(r, 0));

		peer = ring_join(&w.ring, PRODUCER + CONSUMER - role, &o);
		assert_non_null(peer);
		assert_true(ready(r, -1));
		assert_int_equal(shmring_arm_peer(r), 1);
		/* And with it there, it is about records again. */
		if (role == CONSUMER) {
			assert_int_equal(shmring_arm(r, 0), 0);
			assert_false(ready(r, 0));
			put_record(peer, LEN, 1);
			assert_true(ready(r, -1));
			get_record(r, LEN, 1);
		}
		shmring_close(peer);
		while (shmring_arm_peer(r) == 1)
			;
	}
	shmring_close(r);
	ring_drop(&w.ring);
}

static void test_consumer(void **state)
{
	(void)state;
	wait_in_poll(CONSUMER);
}

static void test_producer(void **state)
{
	(void)state;
	wait_in_poll(PRODUCER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_consumer),
		cmocka_unit_test(test_producer),
	};

	alarm(HANG_GUARD_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
