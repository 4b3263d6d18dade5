/* SPDX-License-Identifier: MIT */
/*
 * The time of a run, shared out among its measurements: what those before took
 * is known, so each gets its part of what is left, and the run ends in time
 * however many transports there are and however slowly some of them start.
 */
#ifndef BENCH_BUDGET_H
#define BENCH_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

/*
 * struct budget
 * @end_ns: when the run should be over
 * @begun_ns, @asked_ns: of the measurement under way
 * @overhead_ns: what one takes besides the time that it was given
 */
struct budget {
	uint64_t end_ns;
	uint64_t begun_ns;
	uint64_t asked_ns;
	double overhead_ns;
};

void budget_begin(struct budget *b, uint64_t seconds);

/* Milliseconds for the next of @left measurements, at most @most_ms. */
uint64_t budget_next(struct budget *b, uint64_t left, uint64_t most_ms);

/* The measurement is over. */
void budget_done(struct budget *b);

/* How long @left measurements of about @ms will take. */
uint64_t budget_left_s(const struct budget *b, uint64_t left, uint64_t ms);

bool budget_is_over(const struct budget *b);

#endif /* BENCH_BUDGET_H */
