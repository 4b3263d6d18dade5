/* SPDX-License-Identifier: MIT */
/* The parent's part while a measurement runs: wait, answer signals, judge. */
#ifndef BENCH_WATCH_H
#define BENCH_WATCH_H

#include <signal.h>

#include "pair.h"
#include "rounds.h"

/* Those that watch_run() waits for; the mask before goes to @original. */
void watch_block_signals(sigset_t *original);

/*
 * struct watch - the processes
 * @nr: how many were started
 * @pid: 0 when it is gone
 * @killed: by the parent
 * @status: as waitpid() gave it
 */
struct watch {
	unsigned int nr;
	pid_t pid[PARTIES_MAX];
	bool killed[PARTIES_MAX];
	int status[PARTIES_MAX];
	struct tracer tracer;
};

void watch_add(struct watch *w, pid_t pid, struct traced *traced);
void watch_kill(struct watch *w);

/* Until all are gone. What is false about the run goes to @why. */
enum pair_end watch_run(struct watch *w, uint64_t hang_s, char why[WHY_MAX]);

#endif /* BENCH_WATCH_H */
