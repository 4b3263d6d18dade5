// SPDX-License-Identifier: MIT
/* How a side begins and ends, as its parent sees it. */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "storm.h"

#define LOOK_EVERY	64	/* turns of await() */
#define NAP_NS		10000

time_t now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* Who naps and wakes goes before those who are always there. */
void nap(void)
{
	const struct timespec t = { .tv_nsec = NAP_NS };

	nanosleep(&t, NULL);
}

/* A new holder of @role, which begins where the last one ended. */
void spawn(struct storm *st, unsigned int role, run_fn *run)
{
	static struct side side;
	struct ledger *l = &st->shared->ledger[role];
	struct life *life = &st->life[role];

	memset(l, 0, sizeof(*l));
	l->done = l->pos = l->intent = l->seen = life->from;
	life->seed = rnd(&st->rnd);
	life->generation++;
	if (role == PRODUCER) {
		/* Until the next one comes it is the last. */
		st->shared->orders.start[life->generation + 1] = UINT64_MAX;
		set(&st->shared->orders.start[life->generation], life->from);
	}
	fflush(stdout);
	life->pid = fork();
	if (life->pid)
		return;
	side_begin(st, role, &side);
	run(&side);
	_exit(0);
}

/* It was not killed: what did it find? */
bool blame(struct storm *st, unsigned int role, int status)
{
	const struct ledger *l = &st->shared->ledger[role];
	const char *name = role == PRODUCER ? "producer" : "consumer";

	st->life[role].pid = 0;
	if (WIFEXITED(status) && l->broken)
		return fail(st, l->broken, "the %s ended: %s", name, l->fault);
	return fail(st, GOES_ON, "the %s ended by itself: status %#x", name,
		    status);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* Until alarm(0): a call that blocks for longer is interrupted. */
void guard(const struct storm *st)
{
	const struct sigaction sa = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &sa, NULL);
	alarm(st->plan->hang_s);
}

static bool wait_for_end(struct storm *st, unsigned int role, int *status)
{
	pid_t pid;

	guard(st);
	pid = waitpid(st->life[role].pid, status, __WALL);
	alarm(0);
	if (pid == st->life[role].pid)
		return true;
	return fail(st, GOES_ON, "the %s does not end",
		    role == PRODUCER ? "producer" : "consumer");
}

/* It was sent SIGKILL. */
bool reap(struct storm *st, unsigned int role)
{
	const struct ledger *l = &st->shared->ledger[role];
	int status;

	do {
		if (!wait_for_end(st, role, &status))
			return false;
	} while (WIFSTOPPED(status));
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		return blame(st, role, status);
	st->life[role].pid = 0;
	st->kills++;
	st->deaths[get_phase(l)]++;
	return check_dead(st, role);
}

bool slay(struct storm *st, unsigned int role)
{
	kill(st->life[role].pid, SIGKILL);
	return reap(st, role);
}

/* At the end, whatever they are at. */
void slay_all(struct storm *st)
{
	unsigned int role;

	for (role = 0; role < SIDES; role++) {
		if (st->life[role].pid <= 0)
			continue;
		kill(st->life[role].pid, SIGKILL);
		waitpid(st->life[role].pid, NULL, __WALL);
		st->life[role].pid = 0;
	}
}

/* It was told to stop and does. */
bool leave(struct storm *st, unsigned int role)
{
	int status;

	if (!wait_for_end(st, role, &status))
		return false;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return blame(st, role, status);
	st->life[role].pid = 0;
	return true;
}

/* A side that ended though nobody killed it has found something. */
static bool all_live(struct storm *st)
{
	siginfo_t info;
	unsigned int role;
	int status;

	for (role = 0; role < SIDES; role++) {
		info.si_pid = 0;
		if (st->life[role].pid <= 0 ||
		    waitid(P_PID, (id_t)st->life[role].pid, &info,
			   WEXITED | WNOHANG | WNOWAIT) || !info.si_pid ||
		    info.si_code == CLD_TRAPPED)
			continue;
		waitpid(st->life[role].pid, &status, 0);
		return blame(st, role, status);
	}
	return true;
}

/* Until @done(st, @role, @arg), or @inv does not hold. */
bool await(struct storm *st, await_fn *done, unsigned int role, uint64_t arg,
	   enum invariant inv, const char *what)
{
	time_t end = now_s() + st->plan->hang_s;
	unsigned int turns;

	for (turns = 1; !done(st, role, arg); turns++) {
		nap();
		if (turns % LOOK_EVERY)
			continue;
		if (!all_live(st))
			return false;
		if (now_s() > end)
			return fail(st, inv, "%s: not within %u s", what,
				    st->plan->hang_s);
	}
	return true;
}

/* Has the holder of @role had more than @news? */
bool was_told(struct storm *st, unsigned int role, uint64_t news)
{
	return get(&st->shared->ledger[role].news) > news;
}

/* Has what the holder of @role did come to show beyond @pos? */
bool went_on(struct storm *st, unsigned int role, uint64_t pos)
{
	return get(&st->shared->ledger[role].done) > pos;
}

void open_gate(struct storm *st, unsigned int role, uint64_t to)
{
	struct orders *o = &st->shared->orders;

	set(&o->allowed[role], to);
	/* Release: pairs with side_gate(). */
	__atomic_fetch_add(&o->gate, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &o->gate, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
