// SPDX-License-Identifier: MIT
/* A histogram of times: merging, percentiles. */
#include "hist.h"

#include <math.h>
#include <stddef.h>

void hist_merge(struct hist *to, const struct hist *from)
{
	size_t i;

	for (i = 0; i < HIST_BUCKETS; i++)
		to->count[i] += from->count[i];
	to->total += from->total;
	if (from->max > to->max)
		to->max = from->max;
}

/* The middle of what hist_bucket() puts into @bucket. */
static double middle(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < 2 * HIST_SUB)
		return bucket;
	shift = bucket / HIST_SUB - 1;
	return ldexp(bucket - shift * HIST_SUB + 0.5, (int)shift) - 0.5;
}

double hist_percentile(const struct hist *h, double percent)
{
	/* Not above: a rank of 99.0000001 by rounding is the 99th. */
	uint64_t rank = (uint64_t)ceil((double)h->total * percent / 100 - 1e-6);
	uint64_t seen = 0;
	unsigned int i;

	if (rank >= h->total)
		return (double)h->max;
	for (i = 0; i < HIST_BUCKETS; i++) {
		seen += h->count[i];
		if (seen >= rank && seen)
			break;
	}
	return fmin(middle(i), (double)h->max);
}
