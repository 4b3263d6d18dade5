// SPDX-License-Identifier: MIT
/*
 * Kills at each instruction by which a side hears of the other's death. Without
 * the module the endpoint's own thread does that (user/lib/service.c, watch.c): it
 * is stopped, the other side is killed, the thread is stepped so far, and then its
 * process is killed, too. Whatever it had said by then, two successors go on.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "step.h"

#define TIMES_MAX	4	/* so much longer than the first time */

static const struct path watchers[] = {
	{ "watch as producer", "watch", PRODUCER, true, true, false, NULL, NULL },
	{ "watch as consumer", "watch", CONSUMER, true, true, false, NULL, NULL },
};

bool watch_is_known(const char *name)
{
	return !strcmp(name, watchers[0].group);
}

/* The thread that is not the first one, of two. */
static pid_t thread_of(pid_t pid)
{
	char path[32];
	struct dirent *e;
	pid_t tid = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir)))
		if (atoi(e->d_name) && atoi(e->d_name) != pid)
			tid = atoi(e->d_name);
	if (dir)
		closedir(dir);
	return tid;
}

/* The watcher waits, since the other side rests. */
static bool watcher_waits(struct storm *st, unsigned int role, uint64_t unused)
{
	const struct ledger *l = st->shared->ledger;

	(void)unused;
	return get_phase(&l[role]) == WAITING && is_asleep(st->life[role].pid) &&
	       get_phase(&l[!role]) == GATED;
}

/* Two who are new to the ring move a record, and come to rest. */
static bool start_both(struct storm *st)
{
	unsigned int role = st->path->role;
	uint64_t to = st->life[PRODUCER].from;

	open_gate(st, PRODUCER, UINT64_MAX);
	open_gate(st, CONSUMER, UINT64_MAX);
	spawn(st, CONSUMER, consume);
	spawn(st, PRODUCER, produce);
	if (!await(st, went_on, CONSUMER, to, GOES_ON,
		   "a record of the successors"))
		return false;
	open_gate(st, !role, get(&st->shared->ledger[!role].pos));
	return await(st, watcher_waits, role, 0, GOES_ON, "the watcher waits");
}

/* One instruction. False: it sleeps. */
static bool step(pid_t tid)
{
	int status;
	pid_t pid;

	ptrace(PTRACE_SINGLESTEP, tid, NULL, NULL);
	for (;;) {
		pid = waitpid(tid, &status, __WALL | WNOHANG);
		if (pid)
			return pid == tid && WIFSTOPPED(status);
		if (is_asleep(tid))
			return false;
	}
}

static bool hold(struct storm *st, pid_t tid)
{
	int status;

	if (!tid || ptrace(PTRACE_SEIZE, tid, NULL, PTRACE_O_EXITKILL) ||
	    ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) ||
	    waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status))
		return fail(st, EVERYWHERE, "no thread to be stepped: %s",
			    strerror(errno));
	return true;
}

/* Whoever waits was told, by a thread that goes on as soon as it is woken. */
static bool is_told(struct storm *st, unsigned int role, uint64_t news)
{
	pid_t tid = thread_of(st->life[role].pid);
	int status;

	if (tid && waitpid(tid, &status, __WALL | WNOHANG) == tid)
		ptrace(PTRACE_CONT, tid, NULL, NULL);
	return was_told(st, role, news);
}

/*
 * After instruction @k, or asleep where there are not as many; *@done of them.
 * What is asleep waits for news, or for the other thread, which may never let it
 * go on.
 */
static bool kill_at(struct storm *st, size_t k, size_t *done)
{
	unsigned int role = st->path->role;
	uint64_t news = get(&st->shared->ledger[role].news);
	pid_t tid = thread_of(st->life[role].pid);
	bool told;

	if (!hold(st, tid) || !slay(st, !role))
		return false;
	for (*done = 0; *done < k && step(tid); (*done)++)
		;
	told = *done == k ||
	       await(st, is_told, role, news, TOLD, "the watcher is told");
	/* Its process cannot be reaped before it is. */
	kill(st->life[role].pid, SIGKILL);
	waitpid(tid, NULL, __WALL);
	return told && reap(st, role) && start_both(st);
}

/*
 * What else the process does makes the way longer or shorter: it is measured, and
 * nobody who falls asleep on the way ends the walk.
 */
static void kill_everywhere(struct storm *st)
{
	const struct plan *plan = st->plan;
	size_t length, done, k = plan->at < 0 ? 0 : (size_t)plan->at;

	if (!start_both(st) || !kill_at(st, LENGTH_MAX, &length))
		return;
	do {
		st->at = k;
		if (!kill_at(st, k, &done))
			return;
		if (done > TIMES_MAX * length) {
			fail(st, GOES_ON, "the thread does not sleep again");
			return;
		}
		report_progress(st, 2 * length / plan->every);
		k += plan->every;
	} while ((done == st->at || st->at < length) && plan->at < 0);
	printf("# %s: %zu instructions\n", st->title, length);
}

static void watch_by(const struct plan *plan, const struct kind *kind,
		     const struct path *path)
{
	static struct storm st;

	if (storm_begin(&st, plan, kind, path->name)) {
		st.path = path;
		st.sample = plan->every > 1 || plan->at >= 0;
		layout_make_even(&st.layout, kind->record_size);
		kill_everywhere(&st);
	}
	storm_end(&st);
}

void storm_watch(const struct plan *plan, const struct kind *kind)
{
	watch_by(plan, kind, &watchers[0]);
	watch_by(plan, kind, &watchers[1]);
}
