/* SPDX-License-Identifier: MIT */
/* How those wait that have no way to sleep. */
#ifndef BENCH_RELAX_H
#define BENCH_RELAX_H

#include <ck_pr.h>
#include <sched.h>

#define RELAX_SPINS	200

/* Pause; after a while, yield: who is waited for may be on this CPU, too. */
static inline void relax(unsigned int *spins)
{
	if (++*spins < RELAX_SPINS)
		ck_pr_stall();
	else
		sched_yield();
}

#endif /* BENCH_RELAX_H */
