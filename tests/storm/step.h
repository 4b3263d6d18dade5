/* SPDX-License-Identifier: MIT */
/* Paths through the library, walked an instruction at a time. */
#ifndef STEP_H
#define STEP_H

#include "storm.h"

#define LENGTH_MAX	1000000	/* instructions */

/*
 * struct path
 * @group: what --step calls it
 * @role: who walks it
 * @rests: the other side rests meanwhile, so that each walk is the same
 * @sleeps: the walker falls asleep, and the other side then moves one record
 * @dev: over "dev:" alone
 * @prepare: what comes before and is not stepped through
 * @walk: the path
 */
struct path {
	const char *name;
	const char *group;
	unsigned int role;
	bool rests;
	bool sleeps;
	bool dev;
	run_fn *prepare;
	run_fn *walk;
};

/* paths.c */
extern const struct path paths[];
extern const unsigned int n_paths;
void path_begin(void);
void path_end(void);
run_fn path_run;

/* How a walker stopped, or that it did not. */
enum stop { STOPPED, ASLEEP, LOST };

/* What to do until it stops. */
enum go { GO_STEP, GO_SYSCALL, GO_BREAKPOINT };

/* trace.c: the walker, held by ptrace(2) */
bool trace_is_possible(void);
bool trace_begin(struct storm *st);
enum stop trace_go(struct storm *st, enum go go);
bool trace_pass(struct storm *st, enum go go);
bool trace_step_to(struct storm *st, uint64_t at);
bool trace_has_breakpoints(void);
bool trace_to(struct storm *st, uint64_t at, size_t times);
uint64_t trace_at(const struct storm *st);
bool trace_at_syscall(const struct storm *st);
bool is_asleep(pid_t pid);

#endif /* STEP_H */
