// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many rings, many processes, and a machine that does not hold still: 1,000
 * rings of all kinds between 64 processes, while other rings come and go,
 * processes are stopped and go on, and a CPU is taken away and given back.
 * Invariants 1 and 2 hold throughout: whoever waits is woken, and what was
 * published arrives once and in order. Nobody is told of a death that was none.
 *
 * usage: [SHMRING_LOAD_SECONDS=S] load
 */
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

#define RINGS		1000
#define PROCESSES	64
#define PAIRS		(PROCESSES / 2)
#define PER_PAIR	((RINGS + PAIRS - 1) / PAIRS)
#define BURST		64	/* records of a ring in a row */
#define RECORD_MAX	512
#define SECONDS		"5"

/* Of one ring: what its producer published in all; set before it leaves. */
struct total {
	__u64 records;
	bool done;
};

struct shared {
	struct total total[RINGS];
	__u64 records;		/* that arrived */
	__u64 sleeps;
	unsigned int ready;	/* processes */
	bool stop;
};

FIXTURE(load)
{
	struct shared *shared;
};

/* Most are small, as where there are many; some are not. */
static __u64 bytes_of(unsigned int ring)
{
	return page_size() << (ring % 64 ? ring % 8 ? 0 : 2 : 4);
}

static __u32 record_size_of(unsigned int ring)
{
	static const __u32 sizes[] = { 0, 8, 24, RECORD_MAX };

	return sizes[ring / 3 % 4];
}

/* Whether a process of this number takes by read(), or waits in write(). */
static bool by_syscall(unsigned int number)
{
	return number % 4 == 3;
}

FIXTURE_SETUP(load)
{
	const char *why = unusable();
	char name[SHMRING_NAME_MAX];
	unsigned int i;

	if (why)
		SKIP(return, "%s", why);
	self->shared = shared_memory(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	for (i = 0; i < RINGS; i++) {
		steady_name(name, i);
		ASSERT_EQ(0, ring_create(name, bytes_of(i), record_size_of(i)));
	}
}

FIXTURE_TEARDOWN(load)
{
	char name[SHMRING_NAME_MAX];
	unsigned int i;

	for (i = 0; i < RINGS; i++) {
		steady_name(name, i);
		EXPECT_EQ(0, ring_destroy(name));
	}
}

/* One end of all rings of a pair. */
struct worker {
	struct shared *shared;
	unsigned int number;
	unsigned int nr;
	struct end {
		struct endpoint ep;
		unsigned int ring;
		__u64 seq;
		bool closed;
	} end[PER_PAIR];
	struct pollfd poll[PER_PAIR];
	int epfd;
	__u64 sleeps;
};

static void worker_init(struct worker *w, char (*names)[SHMRING_NAME_MAX],
			__u32 role)
{
	bool consumer = role == SHMRING_ROLE_CONSUMER;
	unsigned int ring;

	w->epfd = epoll_create1(EPOLL_CLOEXEC);
	for (ring = w->number % PAIRS; ring < RINGS; ring += PAIRS) {
		struct end *end = &w->end[w->nr];
		struct epoll_event event = {
			.events = consumer ? EPOLLIN : EPOLLOUT,
		};

		end->ring = ring;
		CHILD_ASSERT(!endpoint_open(&end->ep, names[ring], role));
		CHILD_ASSERT(!epoll_ctl(w->epfd, EPOLL_CTL_ADD, end->ep.fd,
					&event));
		w->poll[w->nr++] = (struct pollfd) {
			.fd = end->ep.fd,
			.events = consumer ? POLLIN : POLLOUT,
		};
	}
	/* All are there before the first record: who is gone, left. */
	__atomic_fetch_add(&w->shared->ready, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&w->shared->ready, __ATOMIC_ACQUIRE) < PROCESSES)
		sched_yield();
}

/* The next record of an end. 0: the ring is full or empty. */
static ssize_t move_one(struct worker *w, struct end *end)
{
	struct endpoint *ep = &end->ep;
	unsigned char record[RECORD_MAX];
	ssize_t len;

	if (by_syscall(w->number) && ep->role == SHMRING_ROLE_CONSUMER) {
		if (!endpoint_has(ep))
			return 0;
		len = read(ep->fd, record, sizeof(record));
		if (len <= 0)
			return len ? -errno : -EPIPE;
		return record_matches(record, len, ep, end->seq) ? len :
								   -EBADMSG;
	}
	len = ep->role == SHMRING_ROLE_PRODUCER ?
	      (ssize_t)endpoint_fill(ep, end->seq) :
	      endpoint_check(ep, end->seq);
	if (len > 0)
		endpoint_move(ep, len);
	return len;
}

/* Some records of each ring; returns how many there were. */
static unsigned int move_some(struct worker *w)
{
	unsigned int i, n, moved = 0;
	ssize_t ret;

	for (i = 0; i < w->nr; i++) {
		struct end *end = &w->end[i];

		for (n = 0; n < BURST && !end->closed; n++) {
			ret = move_one(w, end);
			if (ret == -EINTR)
				continue;
			CHILD_ASSERT(ret >= 0);
			if (!ret)
				break;
			end->seq++;
			moved++;
		}
	}
	return moved;
}

/*
 * Until one full ring, any of them, has room. A process that was stopped and
 * goes on may get EINTR, and nothing else.
 */
static void sleep_on_one(struct worker *w)
{
	struct end *end = &w->end[mix(w->sleeps) % w->nr];
	unsigned char record[RECORD_MAX];
	__u32 events;
	ssize_t ret;

	if (by_syscall(w->number)) {
		ret = write(end->ep.fd, record,
			    record_fill(record, &end->ep, end->seq));
		CHILD_ASSERT(ret > 0 || errno == EINTR);
		end->seq += ret > 0;
		return;
	}
	ret = ring_wait(end->ep.fd, 0, 0, SHMRING_WAIT_FOREVER, &events);
	CHILD_ASSERT(ret == -EINTR ||
		     (!ret && events == SHMRING_EVENT_READY));
}

/* Until one of them is ready, or its peer is gone. */
static void sleep_on_all(struct worker *w)
{
	struct epoll_event event;
	int ret;

	if (w->sleeps % 2)
		ret = epoll_wait(w->epfd, &event, 1, -1);
	else
		ret = poll(w->poll, w->nr, -1);
	CHILD_ASSERT(ret > 0 || errno == EINTR);
}

static void note_sleep(struct worker *w)
{
	w->sleeps++;
	__atomic_fetch_add(&w->shared->sleeps, 1, __ATOMIC_RELAXED);
}

static void producer(struct worker *w)
{
	unsigned int i;

	while (!READ_ONCE(w->shared->stop)) {
		if (move_some(w))
			continue;
		note_sleep(w);
		if (w->number % 2)
			sleep_on_one(w);
		else
			sleep_on_all(w);
	}
	for (i = 0; i < w->nr; i++) {
		struct total *total = &w->shared->total[w->end[i].ring];

		total->records = w->end[i].seq;
		__atomic_store_n(&total->done, true, __ATOMIC_RELEASE);
		endpoint_close(&w->end[i].ep);
	}
}

/* Its producer is gone: it said so before, and all that it published is here. */
static void close_end(struct worker *w, unsigned int i)
{
	struct end *end = &w->end[i];
	struct total *total = &w->shared->total[end->ring];

	CHILD_ASSERT(__atomic_load_n(&total->done, __ATOMIC_ACQUIRE));
	if (endpoint_has(&end->ep))
		return;
	CHILD_ASSERT(end->seq == total->records);
	endpoint_close(&end->ep);
	end->closed = true;
	w->poll[i].fd = -1;
}

static unsigned int close_ended(struct worker *w)
{
	unsigned int i, open = 0;

	for (i = 0; i < w->nr; i++) {
		const struct end *end = &w->end[i];

		if (end->closed)
			continue;
		if (__atomic_load_n(&end->ep.info->state[0],
				    __ATOMIC_ACQUIRE) == SHMRING_STATE_GONE)
			close_end(w, i);
		open += !end->closed;
	}
	return open;
}

static void consumer(struct worker *w)
{
	unsigned int moved;

	while (close_ended(w)) {
		moved = move_some(w);
		__atomic_fetch_add(&w->shared->records, moved,
				   __ATOMIC_RELAXED);
		if (moved)
			continue;
		note_sleep(w);
		sleep_on_all(w);
	}
}

static pid_t start_worker(struct shared *shared, unsigned int number,
			  char (*names)[SHMRING_NAME_MAX])
{
	pid_t pid = spawn(number);
	struct worker *w;

	if (pid)
		return pid;
	w = calloc(1, sizeof(*w));
	CHILD_ASSERT(w);
	w->shared = shared;
	w->number = number;
	worker_init(w, names, number < PAIRS ? SHMRING_ROLE_PRODUCER :
					       SHMRING_ROLE_CONSUMER);
	if (number < PAIRS)
		producer(w);
	else
		consumer(w);
	_exit(0);
}

/* What happens to the machine meanwhile. */
struct faults {
	unsigned int stops;
	unsigned int unplugs;
	unsigned int looks;
};

static void stop_and_continue(pid_t pid)
{
	int status;

	kill(pid, SIGSTOP);
	/* It has stopped, or it is dead. */
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
}

/* Where little happened, nothing was shown. */
static bool enough(const struct shared *shared)
{
	return READ_ONCE(shared->records) > RINGS &&
	       READ_ONCE(shared->sleeps) > PROCESSES;
}

/*
 * Until the time is over, on a slow machine for longer. A fault follows the other
 * without a rest.
 */
static void disturb(struct __test_metadata *_metadata,
		    const struct shared *shared, const pid_t *pids,
		    struct faults *faults)
{
	const char *text = getenv("SHMRING_LOAD_SECONDS") ?: SECONDS;
	bool hotplug = cpu_can_go(1);
	time_t end = time(NULL) + atoi(text);
	unsigned int turn;

	/* It has to get a CPU beside all of them. */
	nice(-20);
	for (turn = 0; time(NULL) < end || !enough(shared); turn++) {
		stop_and_continue(pids[mix(turn) % PROCESSES]);
		faults->stops++;
		if (hotplug && turn % 16 == 0) {
			ASSERT_EQ(0, cpu_set_online(1, false));
			ASSERT_EQ(0, cpu_set_online(1, true));
			faults->unplugs++;
		}
		/* The file lists all of them, the whole time. */
		if (turn % 16 == 8) {
			ASSERT_LE(RINGS, count_lines("/proc/shmring", "steady-"));
			faults->looks++;
		}
	}
}

static void print_table(const struct shared *shared, const struct faults *faults)
{
	printf("# load held: %d rings, %d processes, %llu records, %llu sleeps\n",
	       RINGS, PROCESSES, (unsigned long long)shared->records,
	       (unsigned long long)shared->sleeps);
	printf("# faults survived: %u processes stopped, %u CPUs unplugged\n",
	       faults->stops, faults->unplugs);
	printf("# beside them: rings came and went, /proc/shmring was read %u times\n",
	       faults->looks);
}

TEST_F_TIMEOUT(load, inv1_inv2_a_thousand_rings_and_64_processes, 1200)
{
	static char names[RINGS][SHMRING_NAME_MAX];
	struct faults faults = { 0 };
	pid_t pids[PROCESSES], churn;
	unsigned int i;

	for (i = 0; i < RINGS; i++)
		steady_name(names[i], i);
	for (i = 0; i < PROCESSES; i++)
		pids[i] = start_worker(self->shared, i, names);
	churn = start_churn();
	disturb(_metadata, self->shared, pids, &faults);
	WRITE_ONCE(self->shared->stop, true);
	for (i = 0; i < PROCESSES; i++)
		EXPECT_EQ(0, reap(pids[i]));
	stop_churn(churn);
	print_table(self->shared, &faults);
}

TEST_HARNESS_MAIN
