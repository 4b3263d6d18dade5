// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who sleeps interrupts the CPUs that run the other side, and no others: a CPU
 * that runs something else is left alone, however often an unprivileged consumer
 * arms, and whether the producer has children or not.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

#define RECORD	64
#define STORM	2000	/* armings */

FIXTURE(quiet)
{
	char name[SHMRING_NAME_MAX];
	struct endpoint consumer;
	unsigned int *phase;	/* of the producer: see produce() */
	pid_t producer;
	pid_t busy;
};

enum { ASLEEP, FORK, SPIN };

static void spin(void)
{
	for (;;)
		relax();
}

static void *sleep_on(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/*
 * On CPU 1: two threads that sleep, of which one does what it is told when a
 * signal comes. Its child does nothing but spin there as well.
 */
static void produce(const char *name, unsigned int *phase)
{
	struct endpoint ep;
	pthread_t thread;
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	CHILD_ASSERT(!pthread_create(&thread, NULL, sleep_on, NULL));
	CHILD_ASSERT(!endpoint_open(&ep, name, SHMRING_ROLE_PRODUCER));
	for (;;) {
		CHILD_ASSERT(!sigwait(&set, &signal));
		if (READ_ONCE(*phase) == FORK && !spawn(1))
			spin();
		if (READ_ONCE(*phase) == SPIN)
			spin();
	}
}

FIXTURE_SETUP(quiet)
{
	const char *why = unusable();

	if (!why && sysconf(_SC_NPROCESSORS_ONLN) < 2)
		why = "one CPU alone";
	if (!why && number_of("/proc/interrupts", "CAL:") < 0)
		why = "no count of function call interrupts";
	if (why)
		SKIP(return, "%s", why);
	pin(0);
	ring_name(self->name);
	self->phase = shared_memory(sizeof(*self->phase));
	ASSERT_TRUE(!!self->phase);
	ASSERT_EQ(0, ring_create(self->name, page_size(), RECORD));
	ASSERT_EQ(0, endpoint_open(&self->consumer, self->name,
				   SHMRING_ROLE_CONSUMER));
	self->producer = spawn(1);
	if (!self->producer)
		produce(self->name, self->phase);
	self->busy = spawn(1);
	if (!self->busy)
		spin();
	while (READ_ONCE(self->consumer.info->state[0]) !=
	       SHMRING_STATE_ATTACHED || !is_asleep(self->producer))
		relax();
}

FIXTURE_TEARDOWN(quiet)
{
	kill(self->busy, SIGKILL);
	kill(self->producer, SIGKILL);
	reap(self->busy);
	reap(self->producer);
	endpoint_close(&self->consumer);
	EXPECT_EQ(0, ring_destroy(self->name));
}

/* Function call interrupts of CPU 1 so far. */
static unsigned long call_interrupts(void)
{
	FILE *file = fopen("/proc/interrupts", "r");
	unsigned long first, second = 0;
	char line[4096];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " CAL: %lu %lu", &first, &second) == 2)
			break;
	if (file)
		fclose(file);
	return second;
}

/* How many come while a consumer arms without end, in either way. */
static unsigned long storm(const struct endpoint *ep)
{
	struct pollfd pollfd = { .fd = ep->fd, .events = POLLIN };
	unsigned long before = call_interrupts();
	__u32 events;
	int i;

	for (i = 0; i < STORM / 2; i++) {
		ring_wait(ep->fd, 0, 0, 0, &events);
		poll(&pollfd, 1, 0);
	}
	return call_interrupts() - before;
}

static void tell(pid_t pid, unsigned int *phase, unsigned int what)
{
	WRITE_ONCE(*phase, what);
	kill(pid, SIGUSR1);
}

static int children_of(pid_t pid)
{
	char path[64];
	FILE *file;
	int child = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	file = fopen(path, "r");
	if (file && fscanf(file, "%d", &child) != 1)
		child = 0;
	if (file)
		fclose(file);
	return child;
}

/* Some come of what else the kernel does, but not one for each arming. */
TEST_F(quiet, inv8_no_interrupts_where_the_peer_is_not)
{
	unsigned long n = storm(&self->consumer);

	TH_LOG("%lu interrupts, the producer asleep", n);
	EXPECT_GT(STORM / 10, n);

	tell(self->producer, self->phase, FORK);
	while (!children_of(self->producer))
		relax();
	while (!is_asleep(self->producer))
		relax();
	n = storm(&self->consumer);
	TH_LOG("%lu interrupts, its child running", n);
	EXPECT_GT(STORM / 10, n);
	kill(children_of(self->producer), SIGKILL);

	/* There is one for each time that it is found on its CPU. */
	kill(self->busy, SIGSTOP);
	tell(self->producer, self->phase, SPIN);
	while (is_asleep(self->producer))
		relax();
	n = storm(&self->consumer);
	TH_LOG("%lu interrupts, the producer running", n);
	EXPECT_LT(STORM / 10, n);
}

TEST_HARNESS_MAIN
