// SPDX-License-Identifier: MIT
/* Processes and threads: more than one at the same thing, and their ends. */
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "values.h"

/*
 * A child with a copy of all makes the next steps, as its parent does. The list of
 * children is the first thread's.
 */
static long do_fork(struct fuzz_run *run, const uint64_t *a)
{
	pid_t pid;

	if (run->is_child || run->children == ARRAY_SIZE(run->child) ||
	    pthread_equal(pthread_self(), run->thread))
		return -EAGAIN;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid) {
		run->child[run->children++] = pid;
		return 0;
	}
	run->is_child = true;
	fuzz_check_child(run);
	fuzz_run_steps(run, run->at + 1, (unsigned int)a[0]);
	if (a[1])
		raise(SIGKILL);
	_exit(0);
}

/* So does a thread, in the same slots. */
static long race(struct fuzz_run *run, const uint64_t *a)
{
	if (run->is_child || run->thread_runs)
		return -EAGAIN;
	fuzz_thread_start(run, run->at + 1, (unsigned int)a[0]);
	return 0;
}

/*
 * The steps before this one, again and again: rings fill up and run dry, and what
 * is made twice meets itself.
 */
static long again(struct fuzz_run *run, const uint64_t *a)
{
	static _Thread_local bool repeats;
	unsigned int at = run->at, n = (unsigned int)a[0];
	uint64_t times = a[1];

	if (repeats || n > at)
		return -EAGAIN;
	repeats = true;
	while (times--)
		fuzz_run_steps(run, at - n, n);
	repeats = false;
	return 0;
}

static long reap(struct fuzz_run *run, const uint64_t *a)
{
	(void)a;
	if (!run->children)
		return -ECHILD;
	return fuzz_ret(waitpid(run->child[0], NULL, WNOHANG | WNOWAIT));
}

/* The watcher makes another worker. */
static long die(struct fuzz_run *run, const uint64_t *a)
{
	(void)run;
	raise(a[0] ? SIGTERM : SIGKILL);
	return 0;
}

/* Of this thread alone, hence no setresuid() of the libc. */
static long become(struct fuzz_run *run, const uint64_t *a)
{
	(void)run;
	return fuzz_ret(syscall(SYS_setresuid, -1, a[0], -1));
}

static long move(struct fuzz_run *run, const uint64_t *a)
{
	cpu_set_t set;

	(void)run;
	CPU_ZERO(&set);
	CPU_SET(a[0] % 2, &set);
	if (a[0] > 1)
		CPU_SET(1, &set);
	return fuzz_ret(sched_setaffinity(0, sizeof(set), &set));
}

static long yield(struct fuzz_run *run, const uint64_t *a)
{
	(void)run;
	if (a[0])
		usleep((useconds_t)(a[0] & 0xfff));
	else
		sched_yield();
	return 0;
}

const struct fuzz_call fuzz_process_calls[] = {
	{ "fork", 3, do_fork, NULL,
	  { ONLY("steps", 0, 1, 2, 4), ONE_OF("kill", 3, 0, 0, 1) } },
	{ "race", 6, race, NULL,
	  { ONLY("steps", 1, 2, 4, 8) } },
	{ "again", 30, again, NULL,
	  { ONLY("steps", 1, 2, 3, 4), ONLY("times", 4, 16, 64, 256) } },
	{ "reap", 1, reap, NULL, { } },
	{ "die", 1, die, NULL,
	  { ONE_OF("politely", 3, 0, 0, 1) } },
	{ "become", 4, become, NULL,
	  { ONLY("uid", 0, 1000, 1000) } },
	{ "move", 2, move, NULL,
	  { ONE_OF("cpu", 3, 0, 1, 2) } },
	{ "yield", 3, yield, NULL,
	  { ONE_OF("us", 4, 0, 0, 100, 1000) } },
	{ 0 },
};
