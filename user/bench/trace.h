/* SPDX-License-Identifier: MIT */
/*
 * Counting system calls: every one of a child stops it for its parent, by
 * ptrace(2), which needs no privilege and works in any virtual machine. It is
 * slow, so what is counted is not timed as well.
 */
#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TRACE_THREADS_MAX	256

/*
 * struct traced - in memory that parent and child share
 * @on: set by the child around what counts
 * @impossible: an errno: it could not be traced
 * @calls: written by the parent, while the child's thread is stopped
 */
struct traced {
	bool on;
	int impossible;
	uint64_t calls;
};

/* Between these two, in the child, system calls are counted from 0. */
static inline void trace_begin(struct traced *t)
{
	__atomic_store_n(&t->calls, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&t->on, true, __ATOMIC_RELEASE);
}

static inline void trace_end(struct traced *t)
{
	__atomic_store_n(&t->on, false, __ATOMIC_RELEASE);
}

/* In the child: be traced from here. */
void trace_me(struct traced *t);

/* struct tracer - the parent's: which thread is of which child */
struct tracer {
	struct {
		pid_t tid;
		struct traced *traced;
	} threads[TRACE_THREADS_MAX];
	unsigned int nr;
};

void trace_add(struct tracer *t, pid_t tid, struct traced *traced);

/*
 * @tid has a new @status of waitpid(): if it was only stopped, count and go on.
 * False when it is gone.
 */
bool trace_handle(struct tracer *t, pid_t tid, int status);

#endif /* BENCH_TRACE_H */
