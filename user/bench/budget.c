// SPDX-License-Identifier: MIT
/* The time of a run. */
#include "budget.h"

#include "../common/clock.h"

/* Less says nothing about a mechanism that sleeps. */
#define LEAST_MS	2

/* Two forks and a ring, at first; then what has been seen, smoothed. */
#define FIRST_OVERHEAD_NS	3e6
#define SMOOTHING		0.1

void budget_begin(struct budget *b, uint64_t seconds)
{
	*b = (struct budget){
		.end_ns = now_ns() + seconds * NS_PER_S,
		.overhead_ns = FIRST_OVERHEAD_NS,
	};
}

uint64_t budget_next(struct budget *b, uint64_t left, uint64_t most_ms)
{
	uint64_t ms = LEAST_MS;
	double share;

	b->begun_ns = now_ns();
	share = b->begun_ns < b->end_ns ?
		(double)(b->end_ns - b->begun_ns) / (double)left : 0;
	share = (share - b->overhead_ns) / NS_PER_MS;
	if (share > LEAST_MS)
		ms = share < (double)most_ms ? (uint64_t)share : most_ms;
	b->asked_ns = ms * NS_PER_MS;
	return ms;
}

void budget_done(struct budget *b)
{
	double more = (double)(now_ns() - b->begun_ns) - (double)b->asked_ns;

	b->overhead_ns += SMOOTHING * (more - b->overhead_ns);
}

uint64_t budget_left_s(const struct budget *b, uint64_t left, uint64_t ms)
{
	double each = (double)(ms * NS_PER_MS) + b->overhead_ns;

	return (uint64_t)(each > 0 ? each * (double)left / NS_PER_S : 0);
}

bool budget_is_over(const struct budget *b)
{
	return now_ns() >= b->end_ns;
}
