/* SPDX-License-Identifier: MIT */
/* The parent's part while a measurement runs: wait, answer signals, judge. */
#ifndef BENCH_WATCH_H
#define BENCH_WATCH_H

#include "pair.h"
#include "rounds.h"

/* Those that watch_run() waits for. */
void watch_block_signals(void);

/* In a child: the mask before, but what the parent may end it by is let in. */
void watch_restore_signals(void);

/* A child with these, which dies with its parent; as fork(). */
pid_t watch_fork(void);

/*
 * The next of those that are waited for, or -1 and EAGAIN at @deadline. SIGUSR1
 * has been answered; whatever asks to end is SIGINT.
 */
int watch_signal(uint64_t deadline);

/*
 * struct watch - the processes
 * @nr: how many were started
 * @pid: 0 when it is gone
 * @status: as waitpid() gave it
 * @ended: one of them failed, and so the others were to go
 */
struct watch {
	unsigned int nr;
	pid_t pid[PARTIES_MAX];
	int status[PARTIES_MAX];
	bool ended;
	struct tracer tracer;
};

void watch_add(struct watch *w, pid_t pid, struct traced *traced);
void watch_kill(const struct watch *w);

/*
 * Until all are gone. What is false about the run goes to @why. When one fails,
 * the others are ended.
 */
enum pair_end watch_run(struct watch *w, uint64_t hang_s, char why[WHY_MAX]);

/* When all are gone: did the @i-th die by a signal that is none of ours? */
bool watch_was_killed(const struct watch *w, unsigned int i);

#endif /* BENCH_WATCH_H */
