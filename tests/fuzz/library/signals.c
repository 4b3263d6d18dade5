// SPDX-License-Identifier: MIT
/*
 * A host program with a profiler: a handler of signals runs each millisecond, and
 * what it interrupts is not restarted.
 */
#include <errno.h>
#include <signal.h>
#include <time.h>

#include "victim.h"

#define PERIOD_NS	1000000

static void on_signal(int sig)
{
	(void)sig;
}

void start_signals(void)
{
	static bool runs;
	const struct itimerspec each = {
		.it_value.tv_nsec = PERIOD_NS,
		.it_interval.tv_nsec = PERIOD_NS,
	};
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGRTMIN,
	};
	struct sigaction act = { .sa_handler = on_signal };
	timer_t timer;

	if (runs)
		return;
	runs = true;
	PROMISE(!sigaction(SIGRTMIN, &act, NULL) &&
		!timer_create(CLOCK_MONOTONIC, &event, &timer) &&
		!timer_settime(timer, 0, &each, NULL), "no timer: errno %d", errno);
}
