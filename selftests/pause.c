// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who does not run is not dead. A side is stopped by a signal, as before a
 * suspend, or the CPU on which it is pinned is taken away, while the other side
 * spins, waits, polls, or blocks in a system call: no record is lost, no wakeup
 * is, and HUP is only for a death.
 */
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

#define RECORD_SIZE	64

enum way { BY_SPINNING, BY_WAIT, BY_POLL, BY_EPOLL, BY_EVENTFD, BY_SYSCALL,
	   NR_WAYS };

struct shared {
	__u64 seq[2];		/* records that each side is through with */
	__u64 sleeps[2];
	bool hup;		/* a side heard of a death */
	bool stop;
};

struct side {
	struct endpoint ep;
	struct shared *shared;
	enum way way;
	int watch;		/* an epoll, or the eventfd */
	__u64 seq;
};

FIXTURE(pause)
{
	char name[SHMRING_NAME_MAX];
	struct shared *shared;
};

FIXTURE_SETUP(pause)
{
	const char *why = unusable();

	if (why)
		SKIP(return, "%s", why);
	ring_name(self->name);
	self->shared = shared_memory(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	ASSERT_EQ(0, ring_create(self->name, page_size(), RECORD_SIZE));
}

FIXTURE_TEARDOWN(pause)
{
	EXPECT_EQ(0, ring_destroy(self->name));
}

static unsigned int pauses(void)
{
	return atoi(getenv("SHMRING_LOAD_PAUSES") ?: "40");
}

static void side_open(struct side *s, struct shared *shared, const char *name,
		      __u32 role, enum way way)
{
	struct epoll_event event = {
		.events = role == SHMRING_ROLE_CONSUMER ? EPOLLIN : EPOLLOUT,
	};
	__u32 events;

	*s = (struct side) { .shared = shared, .way = way };
	CHILD_ASSERT(!endpoint_open(&s->ep, name, role));
	if (way == BY_EVENTFD) {
		s->watch = eventfd(0, EFD_CLOEXEC);
		CHILD_ASSERT(!ring_eventfd(s->ep.fd, s->watch));
	} else {
		s->watch = epoll_create1(EPOLL_CLOEXEC);
		CHILD_ASSERT(!epoll_ctl(s->watch, EPOLL_CTL_ADD, s->ep.fd,
					&event));
	}
	CHILD_ASSERT(!ring_wait(s->ep.fd, SHMRING_WAIT_PEER, 0,
				SHMRING_WAIT_FOREVER, &events));
}

static bool is_producer(const struct side *s)
{
	return s->ep.role == SHMRING_ROLE_PRODUCER;
}

/* Arms, and sleeps on the eventfd. */
static int sleep_on_eventfd(struct side *s, __u32 *events)
{
	__u64 count;
	int ret = ring_wait(s->ep.fd, 0, 0, 0, events);

	if (ret != -EAGAIN)
		return ret;
	*events = 0;
	return read(s->watch, &count, sizeof(count)) < 0 ? -errno : 0;
}

/* One record by read() or write(), which is how it waits. */
static int sleep_in_syscall(struct side *s, __u32 *events)
{
	unsigned char record[RECORD_SIZE];
	ssize_t ret;

	*events = 0;
	if (is_producer(s)) {
		record_fill(record, &s->ep, s->seq);
		ret = write(s->ep.fd, record, sizeof(record));
		*events = ret < 0 && errno == EPIPE ? SHMRING_EVENT_HUP : 0;
	} else {
		ret = read(s->ep.fd, record, sizeof(record));
		*events = ret ? 0 : SHMRING_EVENT_HUP;
	}
	if (ret < 0)
		return -errno;
	if (!ret)
		return 0;
	CHILD_ASSERT(record_matches(record, ret, &s->ep, s->seq));
	WRITE_ONCE(s->shared->seq[is_producer(s)], ++s->seq);
	return 0;
}

static bool peer_is_gone(const struct side *s)
{
	return __atomic_load_n(&s->ep.info->state[is_producer(s)],
			       __ATOMIC_ACQUIRE) == SHMRING_STATE_GONE;
}

static int sleep_once(struct side *s, __u32 *events)
{
	struct pollfd pollfd = {
		.fd = s->ep.fd,
		.events = is_producer(s) ? POLLOUT : POLLIN,
	};
	struct epoll_event event;
	int ret;

	*events = 0;
	switch (s->way) {
	case BY_WAIT:
		return ring_wait(s->ep.fd, 0, 0, SHMRING_WAIT_FOREVER, events);
	case BY_POLL:
		ret = poll(&pollfd, 1, -1) < 0 ? -errno : pollfd.revents;
		break;
	case BY_EPOLL:
		ret = epoll_wait(s->watch, &event, 1, -1) < 0 ?
		      -errno : (int)event.events;
		break;
	case BY_EVENTFD:
		return sleep_on_eventfd(s, events);
	case BY_SYSCALL:
		return sleep_in_syscall(s, events);
	default:
		relax();
		ret = peer_is_gone(s) ? POLLHUP : 0;
		break;
	}
	*events = ret > 0 && ret & POLLHUP ? SHMRING_EVENT_HUP : 0;
	return ret < 0 ? ret : 0;
}

/*
 * Streams until it is told to stop: the producer after its last record, the
 * consumer when it has all of them. Sleeps when the ring is full or empty.
 */
static void run(struct side *s)
{
	struct shared *shared = s->shared;
	__u64 *done = &shared->seq[is_producer(s)];
	__u32 events;
	ssize_t bytes;
	int ret;

	for (;;) {
		bytes = is_producer(s) ? (ssize_t)endpoint_fill(&s->ep, s->seq) :
					 endpoint_check(&s->ep, s->seq);
		CHILD_ASSERT(bytes >= 0);
		if (bytes) {
			endpoint_move(&s->ep, bytes);
			WRITE_ONCE(*done, ++s->seq);
		}
		if (is_producer(s) && READ_ONCE(shared->stop))
			_exit(0);
		if (bytes)
			continue;
		shared->sleeps[is_producer(s)]++;
		ret = sleep_once(s, &events);
		/* A stop may interrupt; nothing else may happen. */
		CHILD_ASSERT(!ret || ret == -EINTR || ret == -EPIPE);
		if (!(events & SHMRING_EVENT_HUP))
			continue;
		WRITE_ONCE(shared->hup, true);
		if (endpoint_has(&s->ep) == (is_producer(s) ?
					     s->ep.ring_bytes : 0))
			_exit(0);
	}
}

static pid_t start(struct shared *shared, const char *name, __u32 role,
		   enum way way)
{
	pid_t pid = spawn(role);
	struct side s;

	if (pid)
		return pid;
	side_open(&s, shared, name, role, way);
	run(&s);
	_exit(1);
}

/* The other side goes on for as long as it can, and then waits. */
static void stop_for_a_while(struct __test_metadata *_metadata, pid_t pid,
			     unsigned int turn)
{
	int status;
	__u64 r;

	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status));
	for (r = mix(turn) % (1 << 16); r; r--)
		relax();
	ASSERT_EQ(0, kill(pid, SIGCONT));
}

/* Or until a side says that the other is dead, which is looked for later. */
static void wait_for_records(const struct shared *shared, __u64 n)
{
	__u64 enough = READ_ONCE(shared->seq[0]) + n;

	while (READ_ONCE(shared->seq[0]) < enough && !READ_ONCE(shared->hup))
		sched_yield();
}

static void end(struct __test_metadata *_metadata, struct shared *shared,
		const pid_t *pids)
{
	EXPECT_FALSE(READ_ONCE(shared->hup));
	WRITE_ONCE(shared->stop, true);
	EXPECT_EQ(0, reap(pids[0]));
	EXPECT_EQ(0, reap(pids[1]));
	EXPECT_TRUE(shared->hup);
	EXPECT_EQ(shared->seq[1], shared->seq[0]);
}

static void stop_either(struct __test_metadata *_metadata,
			struct shared *shared, const char *name, enum way way)
{
	unsigned int i, n = pauses();
	pid_t pids[2];

	for (i = 0; i < 2; i++)
		pids[i] = start(shared, name, SHMRING_ROLE_PRODUCER + i, way);
	for (i = 0; i < n; i++) {
		wait_for_records(shared, 1);
		stop_for_a_while(_metadata, pids[mix(i) % 2], i);
	}
	end(_metadata, shared, pids);
	printf("# a side stopped %u times: %llu records, %llu and %llu sleeps\n",
	       n, (unsigned long long)shared->seq[0],
	       (unsigned long long)shared->sleeps[1],
	       (unsigned long long)shared->sleeps[0]);
}

TEST_F_TIMEOUT(pause, inv1_inv3_stopped_while_the_other_spins, HANG)
{
	stop_either(_metadata, self->shared, self->name, BY_SPINNING);
}

TEST_F_TIMEOUT(pause, inv1_inv3_stopped_while_the_other_waits, HANG)
{
	stop_either(_metadata, self->shared, self->name, BY_WAIT);
}

TEST_F_TIMEOUT(pause, inv1_inv3_stopped_while_the_other_polls, HANG)
{
	stop_either(_metadata, self->shared, self->name, BY_POLL);
}

TEST_F_TIMEOUT(pause, inv1_inv3_stopped_while_the_other_epolls, HANG)
{
	stop_either(_metadata, self->shared, self->name, BY_EPOLL);
}

TEST_F_TIMEOUT(pause, inv1_inv3_stopped_while_the_other_has_an_eventfd, HANG)
{
	stop_either(_metadata, self->shared, self->name, BY_EVENTFD);
}

TEST_F_TIMEOUT(pause, inv1_inv3_stopped_while_the_other_reads_or_writes, HANG)
{
	stop_either(_metadata, self->shared, self->name, BY_SYSCALL);
}

/*
 * CPUs
 */

/* CPU 1 is back; whoever was pinned there is pinned there again. */
static void plug(struct __test_metadata *_metadata, const pid_t *pids,
		 unsigned int nr)
{
	cpu_set_t cpu;
	unsigned int i;

	ASSERT_EQ(0, cpu_set_online(1, true));
	CPU_ZERO(&cpu);
	CPU_SET(1, &cpu);
	for (i = 0; i < nr; i++)
		ASSERT_EQ(0, sched_setaffinity(pids[i], sizeof(cpu), &cpu));
}

/* The producer, or both sides, have their CPU taken. */
TEST_F_TIMEOUT(pause, inv1_pinned_side_loses_its_cpu_under_load, HANG)
{
	unsigned int i, way, n = pauses() / NR_WAYS;
	struct shared *shared = self->shared;
	pid_t pids[2];

	if (!cpu_can_go(1))
		SKIP(return, "CPU 1 cannot be unplugged");
	for (way = 0; way < NR_WAYS; way++) {
		*shared = (struct shared) { 0 };
		for (i = 0; i < 2; i++)
			pids[i] = start(shared, self->name,
					SHMRING_ROLE_PRODUCER + i, way);
		for (i = 0; i < n; i++) {
			wait_for_records(shared, 1);
			ASSERT_EQ(0, cpu_set_online(1, false));
			plug(_metadata, pids, 1 + i % 2);
		}
		end(_metadata, shared, pids);
		printf("# CPU 1 unplugged %u times by way %u: %llu records\n",
		       n, way, (unsigned long long)shared->seq[0]);
	}
}

/* Publishes one record each time that it is told to, and spins meanwhile. */
static void publish_on_demand(struct shared *shared, const char *name)
{
	struct side s;

	side_open(&s, shared, name, SHMRING_ROLE_PRODUCER, BY_SPINNING);
	while (!READ_ONCE(shared->stop)) {
		if (READ_ONCE(shared->seq[1]) == s.seq)
			continue;
		endpoint_move(&s.ep, endpoint_fill(&s.ep, s.seq++));
	}
	_exit(0);
}

/* The sleeper armed when the publisher was on the CPU that goes. */
TEST_F_TIMEOUT(pause, inv1_publisher_loses_its_cpu_while_the_other_sleeps, HANG)
{
	struct shared *shared = self->shared;
	unsigned int i, n = pauses();
	pid_t publisher, sleeper;

	if (!cpu_can_go(1))
		SKIP(return, "CPU 1 cannot be unplugged");
	publisher = spawn(1);
	if (!publisher)
		publish_on_demand(shared, self->name);
	sleeper = start(shared, self->name, SHMRING_ROLE_CONSUMER, BY_WAIT);
	for (i = 0; i < n; i++) {
		while (!is_asleep(sleeper))
			sched_yield();
		ASSERT_EQ(0, cpu_set_online(1, false));
		/* Before it is back, or after. */
		if (i % 2)
			plug(_metadata, &publisher, 1);
		WRITE_ONCE(shared->seq[1], i + 1);
		while (READ_ONCE(shared->seq[0]) <= i)
			sched_yield();
		if (i % 2 == 0)
			plug(_metadata, &publisher, 1);
	}
	EXPECT_FALSE(shared->hup);
	WRITE_ONCE(shared->stop, true);
	EXPECT_EQ(0, reap(publisher));
	EXPECT_EQ(0, reap(sleeper));
	EXPECT_EQ(n, shared->seq[0]);
	printf("# CPU 1 unplugged %u times beside a sleeper: %llu records, each woke it\n",
	       n, (unsigned long long)shared->seq[0]);
}

TEST_HARNESS_MAIN
