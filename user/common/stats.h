/* SPDX-License-Identifier: MIT */
/* What is said about the samples of one result. */
#ifndef COMMON_STATS_H
#define COMMON_STATS_H

#include <stddef.h>

/* How sure the interval is, in percent. */
#define STATS_CONFIDENCE	95

/*
 * struct stats
 * @low, @high: the confidence interval of the median
 */
struct stats {
	double median;
	double low;
	double high;
	double min;
	double max;
};

/* Of @n > 0 samples, which get sorted. */
struct stats stats_of(double *samples, size_t n);

#endif /* COMMON_STATS_H */
