/* SPDX-License-Identifier: MIT */
/*
 * A histogram of times. Its buckets are those of HdrHistogram (G. Tene), for
 * which Debian 12 has no C library: exact below 512, then 256 buckets to each
 * power of two, so that a value is known within 1/256 of itself and recording
 * one is a shift and an increment.
 */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include <stdint.h>

#define HIST_SUB_BITS	8
#define HIST_SUB	(1u << HIST_SUB_BITS)
#define HIST_BUCKETS	((64 - HIST_SUB_BITS + 1) * HIST_SUB)

/*
 * struct hist - all zero is an empty one
 * @max: exact
 */
struct hist {
	uint64_t total;
	uint64_t max;
	uint64_t count[HIST_BUCKETS];
};

/* Below 2 * HIST_SUB, shift is 0 and the bucket is the value itself. */
static inline unsigned int hist_bucket(uint64_t v)
{
	int top = 63 - __builtin_clzll(v | (2 * HIST_SUB - 1));
	unsigned int shift = (unsigned int)top - HIST_SUB_BITS;

	return shift * HIST_SUB + (unsigned int)(v >> shift);
}

static inline void hist_record(struct hist *h, uint64_t v)
{
	h->count[hist_bucket(v)]++;
	h->total++;
	if (v > h->max)
		h->max = v;
}

void hist_merge(struct hist *to, const struct hist *from);

/*
 * The smallest value that at least @percent of all are not above, to the
 * precision of a bucket (its middle). Of an empty one, 0.
 */
double hist_percentile(const struct hist *h, double percent);

#endif /* BENCH_HIST_H */
