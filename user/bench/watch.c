// SPDX-License-Identifier: MIT
/*
 * The parent while a measurement runs. It sleeps in sigtimedwait(), so it takes
 * nothing from the CPUs that are measured, and a signal is never lost.
 */
#include "watch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/progress.h"

/*
 * What ends a process whose partner has failed. The first fatal signal is the
 * one that waitpid() tells, also of a process that is on its way out: one that
 * somebody else killed can be told from one that was ended by this.
 */
#define END_SIGNAL	SIGTERM

static sigset_t waited_for, original;

void watch_block_signals(void)
{
	sigemptyset(&waited_for);
	sigaddset(&waited_for, SIGCHLD);
	sigaddset(&waited_for, SIGINT);
	sigaddset(&waited_for, SIGTERM);
	sigaddset(&waited_for, SIGHUP);
	sigaddset(&waited_for, SIGUSR1);
	sigprocmask(SIG_BLOCK, &waited_for, &original);
}

void watch_restore_signals(void)
{
	sigset_t mask = original;

	sigdelset(&mask, END_SIGNAL);
	signal(END_SIGNAL, SIG_DFL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
}

pid_t watch_fork(void)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid)
		return pid;
	/* Die with the parent, also if it died before this was said. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	watch_restore_signals();
	return 0;
}

void watch_add(struct watch *w, pid_t pid, struct traced *traced)
{
	trace_add(&w->tracer, pid, traced);
	w->pid[w->nr++] = pid;
}

static void send_all(const struct watch *w, int signal)
{
	unsigned int i;

	for (i = 0; i < w->nr; i++)
		if (w->pid[i])
			kill(w->pid[i], signal);
}

void watch_kill(const struct watch *w)
{
	send_all(w, SIGKILL);
}

static void end_all(struct watch *w)
{
	w->ended = true;
	send_all(w, END_SIGNAL);
}

bool watch_was_killed(const struct watch *w, unsigned int i)
{
	int status = w->status[i];

	return WIFSIGNALED(status) &&
	       !(w->ended && WTERMSIG(status) == END_SIGNAL);
}

static bool is_over(const struct watch *w)
{
	unsigned int i;

	for (i = 0; i < w->nr; i++)
		if (w->pid[i])
			return false;
	return true;
}

/* One signal can stand for several children. */
static void reap(struct watch *w)
{
	unsigned int i;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		if (trace_handle(&w->tracer, pid, status))
			continue;
		for (i = 0; i < w->nr && w->pid[i] != pid; i++)
			;
		if (i == w->nr)
			continue;	/* a thread of a traced one */
		w->pid[i] = 0;
		w->status[i] = status;
		if (status)
			end_all(w);
	}
}

int watch_signal(uint64_t deadline)
{
	uint64_t now = now_ns();
	uint64_t left = now < deadline ? deadline - now : 0;
	const struct timespec ts = {
		.tv_sec = (time_t)(left / NS_PER_S),
		.tv_nsec = (long)(left % NS_PER_S),
	};

	int sig = sigtimedwait(&waited_for, NULL, &ts);

	if (sig == SIGUSR1)
		progress_say();
	return sig == SIGTERM || sig == SIGHUP ? SIGINT : sig;
}

enum pair_end watch_run(struct watch *w, uint64_t hang_s, char why[WHY_MAX])
{
	uint64_t deadline = now_ns() + hang_s * NS_PER_S;
	enum pair_end end = PAIR_OK;

	while (!is_over(w)) {
		switch (watch_signal(deadline)) {
		case SIGCHLD:
			reap(w);
			break;
		case SIGUSR1:
			break;
		case SIGINT:
			end = PAIR_INTERRUPTED;
			watch_kill(w);
			break;
		default:
			if (errno != EAGAIN)
				break;
			snprintf(why, WHY_MAX,
				 "no result within %llu s: it hangs",
				 (unsigned long long)hang_s);
			end = PAIR_FAILED;
			watch_kill(w);
			deadline = UINT64_MAX;
		}
	}
	return end;
}
