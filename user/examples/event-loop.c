// SPDX-License-Identifier: MIT
/*
 * One event loop over a ring, a signal, a timer and another thread.
 *
 * usage: event-loop ADDRESS	(of a ring that is there already)
 *
 * Consumes the ring's records until SIGINT or SIGTERM comes. When its producer
 * is gone, however it went, it waits for the next one. It prints how many records
 * came each second and, in a thread that blocks elsewhere, whenever standard input
 * has a line.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <shmring.h>

#define AT_ONCE	256	/* records until the other descriptors have a turn */

static uint64_t records, bytes;
static bool alone;

/* 1: there may be more, 0: all are taken. */
static int take(struct shmring *r)
{
	const void *record;
	size_t len;
	int i;

	for (i = 0; i < AT_ONCE; i++) {
		record = shmring_peek(r, &len, NULL);
		if (!record)
			return errno == EAGAIN ? 0 : -errno;
		records++;
		bytes += len;
		shmring_release(r, len);
	}
	return 1;
}

/*
 * Before each sleep: may it begin? 1: no, there is something to do; 0: yes. The
 * producer wakes it, or when that is gone the next one that comes.
 */
static int arm(struct shmring *r)
{
	int ready = shmring_arm(r, 0);

	alone = ready == -EPIPE;
	return alone ? shmring_arm_peer(r) : ready;
}

/* Blocks in read(), as other libraries do, and asks the loop for a report. */
static void *ask(void *arg)
{
	char c;

	while (read(STDIN_FILENO, &c, 1) == 1)
		if (c == '\n')
			eventfd_write(*(int *)arg, 1);
	return NULL;
}

static void report(const char *why)
{
	printf("%s: %llu records, %llu bytes%s\n", why,
	       (unsigned long long)records, (unsigned long long)bytes,
	       alone ? ", no producer" : "");
	fflush(stdout);
}

static void watch(int epoll, int fd, int events)
{
	struct epoll_event e = { .events = (uint32_t)events, .data.fd = fd };

	if (fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e)) {
		perror("event-loop");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	const struct itimerspec second = { { 1, 0 }, { 1, 0 } };
	struct shmring *r = argc == 2 ?
		shmring_open(argv[1], SHMRING_ROLE_CONSUMER, NULL) : NULL;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct epoll_event e;
	pthread_t thread;
	sigset_t set;
	uint64_t n;
	int sig, more;

	if (!r) {
		fprintf(stderr, "event-loop: %s\n", argc == 2 ?
			shmring_errmsg() : "usage: event-loop ADDRESS");
		return 1;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sig = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	timerfd_settime(timer, 0, &second, NULL);
	watch(epoll, shmring_fd(r), shmring_events(r));
	watch(epoll, sig, EPOLLIN);
	watch(epoll, timer, EPOLLIN);
	watch(epoll, event, EPOLLIN);
	if (pthread_create(&thread, NULL, ask, &event))
		return 1;
	for (;;) {
		more = take(r);
		if (!more)
			more = arm(r);
		if (more < 0)
			break;
		if (epoll_wait(epoll, &e, 1, more ? 0 : -1) < 1)
			continue;
		if (e.data.fd == sig)
			break;
		if (e.data.fd == timer && read(timer, &n, sizeof(n)) > 0)
			report("tick");
		if (e.data.fd == event && read(event, &n, sizeof(n)) > 0)
			report("asked");
	}
	report("end");
	shmring_close(r);
	if (more < 0)
		fprintf(stderr, "event-loop: %s\n", strerror(-more));
	return more < 0;
}
