// SPDX-License-Identifier: MIT
/* Median, minimum, maximum. */
#include "stats.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct stats stats_of(double *samples, size_t n)
{
	qsort(samples, n, sizeof(*samples), by_value);
	return (struct stats){
		.median = (samples[(n - 1) / 2] + samples[n / 2]) / 2,
		.min = samples[0],
		.max = samples[n - 1],
	};
}
