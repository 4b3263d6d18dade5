/* SPDX-License-Identifier: MIT */
/* One measurement: processes pinned to CPUs, one or two channels. */
#ifndef BENCH_PAIR_H
#define BENCH_PAIR_H

#include "plan.h"

enum pair_end {
	PAIR_OK,
	PAIR_FAILED,		/* .why says it in one line */
	PAIR_INTERRUPTED,	/* the user wants to stop */
};

/*
 * Block the signals that this program waits for, from here to its end. To be
 * called once, before pair_measure().
 */
void pair_block_signals(void);

/*
 * pair_measure - run @c once, and add what it found to it
 * @duration_ms: how long it should be measured
 *
 * The processes that are started for it are gone when it returns, and so is all
 * that the transport made. SIGUSR1 is answered while it waits.
 */
enum pair_end pair_measure(struct cell *c, uint64_t duration_ms,
			   char why[WHY_MAX]);

/* The same without the clock: find @c's system calls per message. */
enum pair_end pair_count(struct cell *c, uint64_t duration_ms,
			 char why[WHY_MAX]);

#endif /* BENCH_PAIR_H */
