/* SPDX-License-Identifier: MIT */
/* One measurement: two processes, two CPUs, one or two channels. */
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
 * pair_measure - run @c once
 * @sample: messages per second, or nanoseconds per round trip
 *
 * Two processes are started for it and are gone when it returns, and so is all
 * that the transport made. SIGUSR1 is answered while it waits.
 */
enum pair_end pair_measure(const struct cell *c, const struct options *o,
			   double *sample, char why[WHY_MAX]);

#endif /* BENCH_PAIR_H */
