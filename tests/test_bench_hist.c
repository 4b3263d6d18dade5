// SPDX-License-Identifier: MIT
/* The benchmark's histogram against distributions whose percentiles are known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../user/bench/hist.h"

/* Half a bucket, and the rounding to whole nanoseconds. */
static int near(double v, double wanted)
{
	return fabs(v - wanted) <= wanted / (2 * HIST_SUB) + 1;
}

static void buckets_follow_each_other(void **state)
{
	unsigned int shift, sub, last;
	uint64_t from;

	(void)state;
	for (from = 0; from < 2 * HIST_SUB; from++)
		assert_int_equal(hist_bucket(from), from);
	last = 2 * HIST_SUB - 1;
	for (shift = 1; shift <= 64 - HIST_SUB_BITS - 1; shift++)
		for (sub = HIST_SUB; sub < 2 * HIST_SUB; sub++) {
			from = (uint64_t)sub << shift;
			assert_int_equal(hist_bucket(from), ++last);
			assert_int_equal(hist_bucket(from - 1), last - 1);
		}
	assert_int_equal(last, HIST_BUCKETS - 1);
	assert_int_equal(hist_bucket(UINT64_MAX), HIST_BUCKETS - 1);
}

static void an_empty_one(void **state)
{
	static const struct hist h;

	(void)state;
	assert_true(hist_percentile(&h, 50) == 0);
	assert_true(hist_percentile(&h, 100) == 0);
}

static void one_value_is_every_percentile(void **state)
{
	static struct hist h;

	(void)state;
	hist_record(&h, 1000003);
	assert_true(near(hist_percentile(&h, 0.01), 1000003));
	assert_true(hist_percentile(&h, 50) == 1000003);
	assert_true(hist_percentile(&h, 100) == 1000003);
}

static void small_values_are_exact(void **state)
{
	static struct hist h;
	uint64_t v;

	(void)state;
	for (v = 1; v <= 100; v++)
		hist_record(&h, v);
	for (v = 1; v <= 100; v++)
		assert_true(hist_percentile(&h, (double)v) == (double)v);
	assert_true(hist_percentile(&h, 0.5) == 1);
	assert_true(hist_percentile(&h, 99.01) == 100);
}

static void a_uniform_distribution(void **state)
{
	static const double percents[] = { 1, 25, 50, 90, 99, 99.9, 99.99 };
	static struct hist h;
	uint64_t v;
	size_t i;

	(void)state;
	for (v = 1; v <= 1000000; v++)
		hist_record(&h, v);
	for (i = 0; i < sizeof(percents) / sizeof(*percents); i++)
		assert_true(near(hist_percentile(&h, percents[i]),
				 percents[i] * 10000));
	assert_true(hist_percentile(&h, 100) == 1000000);
}

/* By its quantile function, -ln(1 - q): no noise, and a long tail. */
static void an_exponential_distribution(void **state)
{
	static const double percents[] = { 50, 90, 99, 99.9, 99.99 };
	const int n = 200000;
	static struct hist h;
	double rank;
	size_t i;
	int k;

	(void)state;
	for (k = 0; k < n; k++)
		hist_record(&h, (uint64_t)(-log1p(-(k + 0.5) / n) * 1e6));
	for (i = 0; i < sizeof(percents) / sizeof(*percents); i++) {
		rank = ceil(percents[i] / 100 * n - 1e-6);
		assert_true(near(hist_percentile(&h, percents[i]),
				 -log((n - rank + 0.5) / n) * 1e6));
	}
}

static void merged_is_as_if_recorded_in_one(void **state)
{
	static struct hist odd, even, all;
	uint64_t v;

	(void)state;
	for (v = 0; v < 100000; v++) {
		hist_record(v & 1 ? &odd : &even, v * v);
		hist_record(&all, v * v);
	}
	hist_merge(&odd, &even);
	assert_memory_equal(&odd, &all, sizeof(all));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_follow_each_other),
		cmocka_unit_test(an_empty_one),
		cmocka_unit_test(one_value_is_every_percentile),
		cmocka_unit_test(small_values_are_exact),
		cmocka_unit_test(a_uniform_distribution),
		cmocka_unit_test(an_exponential_distribution),
		cmocka_unit_test(merged_is_as_if_recorded_in_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
