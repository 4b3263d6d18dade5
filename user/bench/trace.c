// SPDX-License-Identifier: MIT
/* Counting system calls. */
#include "trace.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#define SYSCALL_STOP	(SIGTRAP | 0x80)	/* PTRACE_O_TRACESYSGOOD */

#define OPTIONS		(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL |	\
			 PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |	\
			 PTRACE_O_TRACEVFORK)

void trace_me(struct traced *t)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		t->impossible = errno;
	else
		raise(SIGSTOP);
}

void trace_add(struct tracer *t, pid_t tid, struct traced *traced)
{
	if (t->nr == TRACE_THREADS_MAX)
		return;
	t->threads[t->nr].tid = tid;
	t->threads[t->nr].traced = traced;
	t->nr++;
}

static struct traced *find(const struct tracer *t, pid_t tid)
{
	unsigned int i;

	for (i = t->nr; i-- > 0;)
		if (t->threads[i].tid == tid)
			return t->threads[i].traced;
	return NULL;
}

/* A call has two stops; the one before it counts. */
static void count(struct traced *traced, pid_t tid)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, (void *)sizeof(info),
		   &info) <= 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return;
	if (traced && __atomic_load_n(&traced->on, __ATOMIC_ACQUIRE))
		__atomic_fetch_add(&traced->calls, 1, __ATOMIC_RELAXED);
}

bool trace_handle(struct tracer *t, pid_t tid, int status)
{
	struct traced *traced = find(t, tid);
	int signal = 0;
	unsigned long child;

	if (!WIFSTOPPED(status))
		return false;
	if (WSTOPSIG(status) == SYSCALL_STOP) {
		count(traced, tid);
	} else if (WSTOPSIG(status) == SIGTRAP && status >> 16) {
		/* It made a thread, whose calls are its own. */
		if (!ptrace(PTRACE_GETEVENTMSG, tid, NULL, &child))
			trace_add(t, (pid_t)child, traced);
	} else if (WSTOPSIG(status) == SIGSTOP) {
		/* Each one's first stop. */
		ptrace(PTRACE_SETOPTIONS, tid, NULL, (void *)OPTIONS);
	} else {
		signal = WSTOPSIG(status);
	}
	/* Fails where it was killed meanwhile, which waitpid() will say. */
	ptrace(PTRACE_SYSCALL, tid, NULL, (void *)(long)signal);
	return true;
}
