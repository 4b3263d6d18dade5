// SPDX-License-Identifier: MIT
/*
 * Median and its confidence interval.
 *
 * The interval is the percentile interval of the bootstrap (Efron and
 * Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13). For a median
 * nothing has to be drawn at random: a resample's median is at most the k-th
 * smallest sample when the majority of n draws, each at most that one with
 * probability k/n, is (Efron, Bootstrap Methods, Annals of Statistics 7, 1979,
 * section 3). So the interval is exact, and the same for the same samples.
 */
#include "stats.h"

#include <math.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* How likely @k or more of @n draws are hits, each with probability @p. */
static double at_least(size_t k, size_t n, double p)
{
	double sum = 0, log_n = lgamma((double)n + 1);

	if (p >= 1)
		return 1;
	for (; k <= n; k++)
		sum += exp(log_n - lgamma((double)k + 1) -
			   lgamma((double)(n - k) + 1) + (double)k * log(p) +
			   (double)(n - k) * log1p(-p));
	return sum;
}

/*
 * How many samples lie outside of the interval on each side. Of an even number
 * the lower median is taken on this side, and by symmetry the upper one on the
 * other: a little too wide rather than too narrow.
 */
static size_t outside(size_t n)
{
	const double tail = (1 - STATS_CONFIDENCE / 100.0) / 2;
	size_t majority = (n + 1) / 2, from = 1, to = majority, k;

	while (from < to) {
		k = from + (to - from) / 2;
		if (at_least(majority, n, (double)k / (double)n) >= tail)
			to = k;
		else
			from = k + 1;
	}
	return from - 1;
}

struct stats stats_of(double *samples, size_t n)
{
	size_t out = outside(n);

	qsort(samples, n, sizeof(*samples), by_value);
	return (struct stats){
		.median = (samples[(n - 1) / 2] + samples[n / 2]) / 2,
		.low = samples[out],
		.high = samples[n - 1 - out],
		.min = samples[0],
		.max = samples[n - 1],
	};
}
