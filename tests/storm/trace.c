// SPDX-License-Identifier: MIT
/* A walker in the hands of its parent: stepped, and run to an address. */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "step.h"

#define LOOK_EVERY	4	/* turns of await_stop() */

static pid_t walker(const struct storm *st)
{
	return st->life[st->path->role].pid;
}

#ifdef __x86_64__

#define SYSCALL_OPCODE	0x050f
#define DR7_ENABLE_0	1	/* stop when executing at debug register 0 */

bool trace_is_possible(void)
{
	return true;
}

uint64_t trace_at(const struct storm *st)
{
	return (uint64_t)ptrace(PTRACE_PEEKUSER, walker(st),
				offsetof(struct user, regs.rip), NULL);
}

bool trace_at_syscall(const struct storm *st)
{
	return (ptrace(PTRACE_PEEKTEXT, walker(st), trace_at(st), NULL) &
		0xffff) == SYSCALL_OPCODE;
}

/*
 * Of the CPU and of this thread alone: a byte in the text would be met by the
 * walker's other threads, too.
 */
static bool set_breakpoint(pid_t pid, uint64_t at)
{
	return !ptrace(PTRACE_POKEUSER, pid,
		       offsetof(struct user, u_debugreg[0]), at) &&
	       !ptrace(PTRACE_POKEUSER, pid,
		       offsetof(struct user, u_debugreg[7]),
		       at ? DR7_ENABLE_0 : 0);
}

static bool stops_at_breakpoint(void)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		kill(getpid(), SIGSTOP);
		path_begin();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return false;
	if (set_breakpoint(pid, (uintptr_t)path_begin)) {
		ptrace(PTRACE_CONT, pid, NULL, NULL);
		waitpid(pid, &status, 0);
	}
	if (!WIFSTOPPED(status))
		return false;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return WSTOPSIG(status) == SIGTRAP;
}

/* Some hypervisors take what is written to the registers, and nothing stops. */
bool trace_has_breakpoints(void)
{
	static enum { UNKNOWN, NO, YES } known;

	if (known == UNKNOWN)
		known = stops_at_breakpoint() ? YES : NO;
	return known == YES;
}

#else

bool trace_is_possible(void)
{
	return false;
}

uint64_t trace_at(const struct storm *st)
{
	(void)st;
	return 0;
}

bool trace_at_syscall(const struct storm *st)
{
	(void)st;
	return false;
}

static bool set_breakpoint(pid_t pid, uint64_t at)
{
	(void)pid;
	(void)at;
	return false;
}

bool trace_has_breakpoints(void)
{
	return false;
}

#endif

bool is_asleep(pid_t pid)
{
	char path[32], stat[64];
	const char *state;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, stat, sizeof(stat) - 1);
	close(fd);
	stat[n > 0 ? n : 0] = 0;
	state = strrchr(stat, ')');
	return state && state[1] && state[2] == 'S';
}

static bool has_moved(struct storm *st, unsigned int role, uint64_t to)
{
	const struct ledger *l = &st->shared->ledger[role];

	return get(&l->pos) >= to && get_phase(l) == GATED;
}

/* Is there a record for a consumer that walks, or room for a producer? */
static bool has_cause(const struct storm *st)
{
	const struct ledger *l = st->shared->ledger;
	uint64_t used = get(&l[PRODUCER].pos) - get(&l[CONSUMER].pos);
	uint64_t seq;

	if (st->path->role == CONSUMER)
		return used;
	layout_seq(&st->layout, get(&l[PRODUCER].pos), &seq);
	return used + layout_pos(&st->layout, seq + 1) -
	       layout_pos(&st->layout, seq) <= RING_BYTES;
}

/*
 * The other side moves on by one record, and rests again. A walker that has a
 * cause to wake, and sleeps nevertheless, will be woken by a thread of its own
 * that has yet to run; or never, and is then stuck.
 */
static void nudge(struct storm *st)
{
	unsigned int other = !st->path->role;
	uint64_t seq, to;

	if (has_cause(st))
		return;
	layout_seq(&st->layout, get(&st->shared->ledger[other].pos), &seq);
	to = layout_pos(&st->layout, seq + 1);
	open_gate(st, other, to);
	await(st, has_moved, other, to, GOES_ON, "one record more");
}

/* A path that sleeps says so, and may then be nudged or killed. */
static enum stop await_stop(struct storm *st)
{
	int status, flags = __WALL | (st->path->sleeps ? WNOHANG : 0);
	time_t end = now_s() + st->plan->hang_s;
	unsigned int turns = 0;
	pid_t pid;

	for (;;) {
		pid = waitpid(walker(st), &status, flags);
		if (pid || now_s() > end)
			break;
		if (++turns % LOOK_EVERY == 0 && is_asleep(walker(st)))
			return ASLEEP;
		nap();
	}
	if (pid != walker(st))
		fail(st, GOES_ON, "it is stuck on its way");
	else if (!WIFSTOPPED(status))
		blame(st, st->path->role, status);
	else
		return STOPPED;
	return LOST;
}

enum stop trace_go(struct storm *st, enum go go)
{
	static const int request[] = {
		[GO_STEP] = PTRACE_SINGLESTEP,
		[GO_SYSCALL] = PTRACE_SYSCALL,
		[GO_BREAKPOINT] = PTRACE_CONT,
	};

	ptrace(request[go], walker(st), NULL, NULL);
	return await_stop(st);
}

/* The walker stops itself before it sets out. */
bool trace_begin(struct storm *st)
{
	enum stop stop;

	/* Until it is reaped. */
	guard(st);
	do {
		stop = await_stop(st);
	} while (stop == ASLEEP);
	if (stop == LOST)
		return false;
	ptrace(PTRACE_SETOPTIONS, walker(st), NULL, PTRACE_O_EXITKILL);
	return true;
}

/* The same, with as many nudges as it takes. */
bool trace_pass(struct storm *st, enum go go)
{
	time_t end = now_s() + st->plan->hang_s;
	enum stop stop = trace_go(st, go);

	while (stop == ASLEEP && !st->broken) {
		if (now_s() > end)
			return fail(st, GOES_ON, "it sleeps, with a cause to wake");
		nudge(st);
		stop = await_stop(st);
	}
	return stop == STOPPED;
}

/* In steps, until it is at @at. */
bool trace_step_to(struct storm *st, uint64_t at)
{
	while (trace_at(st) != at)
		if (!trace_pass(st, GO_STEP))
			return false;
	return true;
}

/* On, until it is at @at for the @times-th time, or has come to an end. */
bool trace_to(struct storm *st, uint64_t at, size_t times)
{
	if (!set_breakpoint(walker(st), at))
		return fail(st, EVERYWHERE, "no hardware breakpoints");
	while (times--)
		if (!trace_pass(st, GO_BREAKPOINT))
			return false;
		else if (trace_at(st) != at)
			break;
	return set_breakpoint(walker(st), 0);
}
