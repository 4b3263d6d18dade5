// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals while a side sleeps. What has no handler ends no wait: to be stopped,
 * frozen or traced is none of the sleeper's business. A handler ends one with a
 * time limit, as it ends poll(2), and one without unless it says SA_RESTART.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

#define RECORD		64
#define TIMES		20
#define HOUR		(3600 * 1000000000LL)
#define GROUP		"/sys/fs/cgroup/shmring-signals"

enum way { BY_WAIT, BY_TIMED_WAIT, BY_ABSOLUTE_WAIT, BY_KICK_WAIT, BY_READ };

FIXTURE(signals)
{
	char name[SHMRING_NAME_MAX];
	struct endpoint producer;
	unsigned int *handled;
};

FIXTURE_VARIANT(signals)
{
	enum way way;
	bool timed;
};

FIXTURE_VARIANT_ADD(signals, wait)
{
	.way = BY_WAIT,
};

FIXTURE_VARIANT_ADD(signals, timed_wait)
{
	.way = BY_TIMED_WAIT,
	.timed = true,
};

FIXTURE_VARIANT_ADD(signals, absolute_wait)
{
	.way = BY_ABSOLUTE_WAIT,
	.timed = true,
};

FIXTURE_VARIANT_ADD(signals, kick_wait)
{
	.way = BY_KICK_WAIT,
};

FIXTURE_VARIANT_ADD(signals, read)
{
	.way = BY_READ,
};

FIXTURE_SETUP(signals)
{
	const char *why = unusable();

	if (why)
		SKIP(return, "%s", why);
	ring_name(self->name);
	ASSERT_EQ(0, ring_create(self->name, page_size(), RECORD));
	ASSERT_EQ(0, endpoint_open(&self->producer, self->name,
				   SHMRING_ROLE_PRODUCER));
	self->handled = shared_memory(sizeof(*self->handled));
	ASSERT_TRUE(!!self->handled);
}

FIXTURE_TEARDOWN(signals)
{
	endpoint_close(&self->producer);
	EXPECT_EQ(0, ring_destroy(self->name));
}

static unsigned int *handled_count;

static void on_signal(int signal)
{
	(void)signal;
	WRITE_ONCE(*handled_count, *handled_count + 1);
}

/* 0 when a record came, or the errno. */
static int sleep_by(enum way way, const struct endpoint *ep)
{
	char record[RECORD];
	__u32 events;

	switch (way) {
	case BY_WAIT:
		return -ring_wait(ep->fd, 0, 0, SHMRING_WAIT_FOREVER, &events);
	case BY_TIMED_WAIT:
		return -ring_wait(ep->fd, 0, 0, HOUR, &events);
	case BY_ABSOLUTE_WAIT:
		return -ring_wait(ep->fd, SHMRING_WAIT_ABSTIME, 0,
				  clock_ns(CLOCK_MONOTONIC) + HOUR, &events);
	case BY_KICK_WAIT:
		return -ring_kick_wait(ep->fd, -1, SHMRING_WAIT_FOREVER,
				       &events);
	default:
		return read(ep->fd, record, RECORD) == RECORD ? 0 : errno;
	}
}

/* A consumer that sleeps, and whose status is what that gave. */
static pid_t start_sleeper(const char *name, enum way way,
			   unsigned int *handled, int flags)
{
	struct sigaction action = {
		.sa_handler = on_signal,
		.sa_flags = flags,
	};
	pid_t pid = spawn(1);
	struct endpoint ep;

	if (pid)
		return pid;
	handled_count = handled;
	sigaction(SIGUSR1, &action, NULL);
	signal(SIGUSR2, SIG_IGN);
	CHILD_ASSERT(!endpoint_open(&ep, name, SHMRING_ROLE_CONSUMER));
	_exit(sleep_by(way, &ep));
}

static void wait_until_asleep(const char *name, pid_t pid)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/class/shmring/%s/waits", name);
	while (number_of(path, "") < 1 || !is_asleep(pid))
		sched_yield();
}

/* It sleeps all the same, and what comes then wakes it. */
static void expect_still_asleep(struct __test_metadata *_metadata,
				struct endpoint *producer, pid_t pid)
{
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG)) {
		TH_LOG("the wait has ended");
	}
	endpoint_move(producer, RECORD);
	EXPECT_EQ(0, reap(pid));
}

TEST_F(signals, inv9_stopped)
{
	pid_t pid = start_sleeper(self->name, variant->way, self->handled, 0);
	int i, status;

	wait_until_asleep(self->name, pid);
	for (i = 0; i < TIMES; i++) {
		ASSERT_EQ(0, kill(pid, SIGSTOP));
		ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
		ASSERT_TRUE(WIFSTOPPED(status));
		ASSERT_EQ(0, kill(pid, SIGCONT));
		ASSERT_EQ(pid, waitpid(pid, &status, WCONTINUED));
		ASSERT_TRUE(WIFCONTINUED(status));
		/* Nor does what it ignores. */
		ASSERT_EQ(0, kill(pid, SIGUSR2));
	}
	expect_still_asleep(_metadata, &self->producer, pid);
}

TEST_F(signals, inv9_traced)
{
	pid_t pid = start_sleeper(self->name, variant->way, self->handled, 0);
	int i, status;

	wait_until_asleep(self->name, pid);
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL)) {
		kill(pid, SIGKILL);
		reap(pid);
		SKIP(return, "no ptrace");
	}
	for (i = 0; i < TIMES; i++) {
		ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_TRUE(WIFSTOPPED(status));
		ASSERT_EQ(0, ptrace(PTRACE_CONT, pid, NULL, NULL));
	}
	expect_still_asleep(_metadata, &self->producer, pid);
}

static bool set_frozen(bool frozen)
{
	if (write_file(GROUP "/cgroup.freeze", frozen ? "1" : "0"))
		return false;
	while (number_of(GROUP "/cgroup.events", "frozen ") != frozen)
		sched_yield();
	return true;
}

TEST_F(signals, inv9_frozen)
{
	char text[16];
	pid_t pid;
	int i;

	if (mkdir(GROUP, 0755) && errno != EEXIST)
		SKIP(return, "no cgroup v2");
	pid = start_sleeper(self->name, variant->way, self->handled, 0);
	wait_until_asleep(self->name, pid);
	snprintf(text, sizeof(text), "%d", pid);
	ASSERT_EQ(0, write_file(GROUP "/cgroup.procs", text));
	for (i = 0; i < TIMES; i++) {
		ASSERT_TRUE(set_frozen(true));
		ASSERT_TRUE(set_frozen(false));
	}
	expect_still_asleep(_metadata, &self->producer, pid);
	EXPECT_EQ(0, rmdir(GROUP));
}

static void send_and_see(pid_t pid, const unsigned int *handled)
{
	unsigned int before = READ_ONCE(*handled);

	kill(pid, SIGUSR1);
	while (READ_ONCE(*handled) == before)
		sched_yield();
}

TEST_F(signals, inv9_handled)
{
	pid_t pid = start_sleeper(self->name, variant->way, self->handled, 0);

	wait_until_asleep(self->name, pid);
	send_and_see(pid, self->handled);
	EXPECT_EQ(EINTR, reap(pid));
}

TEST_F(signals, inv9_handled_and_restarted)
{
	pid_t pid = start_sleeper(self->name, variant->way, self->handled,
				  SA_RESTART);
	int i;

	wait_until_asleep(self->name, pid);
	send_and_see(pid, self->handled);
	if (variant->timed) {
		EXPECT_EQ(EINTR, reap(pid));
		return;
	}
	for (i = 0; i < TIMES; i++)
		send_and_see(pid, self->handled);
	expect_still_asleep(_metadata, &self->producer, pid);
}

/*
 * To be stopped again and again starts no time limit anew: a short one is over
 * some time.
 */
TEST_F(signals, inv9_time_goes_on_while_stopped)
{
	pid_t pid;
	int status;

	if (variant->way != BY_TIMED_WAIT)
		SKIP(return, "one with a relative time limit is enough");
	pid = spawn(1);
	if (!pid) {
		struct endpoint ep;
		__u32 events;

		CHILD_ASSERT(!endpoint_open(&ep, self->name,
					    SHMRING_ROLE_CONSUMER));
		_exit(-ring_wait(ep.fd, 0, 0, 300000000, &events));
	}
	do {
		kill(pid, SIGSTOP);
		ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
		kill(pid, SIGCONT);
	} while (WIFSTOPPED(status));
	EXPECT_EQ(ETIMEDOUT, WEXITSTATUS(status));
}

TEST_HARNESS_MAIN
