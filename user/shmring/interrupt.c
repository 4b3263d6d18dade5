// SPDX-License-Identifier: MIT
/* SIGINT, SIGTERM and SIGHUP, for commands that have to clean up. */
#include "interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define AGAIN_S	1

static volatile sig_atomic_t got;

/*
 * A signal that comes just before a call that sleeps would not wake it, so it
 * comes again, as SIGALRM, until the program is through.
 */
static void note(int sig)
{
	if (!got)
		got = sig;
	alarm(AGAIN_S);
}

void interrupt_catch(void)
{
	/* Without SA_RESTART. */
	struct sigaction sa = { .sa_handler = note };

	sigemptyset(&sa.sa_mask);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int interrupted(void)
{
	return got;
}

int interrupt_fd(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
