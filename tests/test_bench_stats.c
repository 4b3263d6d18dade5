// SPDX-License-Identifier: MIT
/* Statistics of the benchmark against values known by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../user/common/stats.h"

#define LENGTH(a)	(sizeof(a) / sizeof(*(a)))

static void one_sample(void **state)
{
	double v[] = { 7 };
	struct stats s = stats_of(v, 1);

	(void)state;
	assert_true(s.median == 7 && s.min == 7 && s.max == 7);
}

static void odd_number_of_samples(void **state)
{
	double v[] = { 5, -1, 100, 3, 4 };
	struct stats s = stats_of(v, 5);

	(void)state;
	assert_true(s.median == 4 && s.min == -1 && s.max == 100);
}

static void even_number_is_the_mean_of_the_middle_two(void **state)
{
	double v[] = { 4, 1, 3, 2 };
	struct stats s = stats_of(v, 4);

	(void)state;
	assert_true(s.median == 2.5 && s.min == 1 && s.max == 4);
}

static void an_outlier_does_not_move_the_median(void **state)
{
	double v[] = { 1, 1, 1, 1, 1e300 };
	struct stats s = stats_of(v, 5);

	(void)state;
	assert_true(s.median == 1 && s.max == 1e300);
}

/* P(median* <= 2nd of 9) = 0.029, of the 1st 0.0015: Efron 1979, section 3. */
static void the_interval_is_the_one_of_the_bootstrap(void **state)
{
	static const struct {
		size_t n;
		size_t outside;
	} known[] = {
		{ 2, 0 }, { 5, 0 }, { 6, 0 }, { 7, 1 }, { 9, 1 }, { 11, 2 },
		{ 15, 3 }, { 20, 5 }, { 101, 40 },
	};
	double v[101];
	struct stats s;
	size_t i, j;

	(void)state;
	for (i = 0; i < LENGTH(known); i++) {
		for (j = 0; j < known[i].n; j++)
			v[j] = (double)j;
		s = stats_of(v, known[i].n);
		assert_true(s.low == (double)known[i].outside);
		assert_true(s.high == (double)(known[i].n - 1 -
					       known[i].outside));
	}
}

static void many_samples_have_an_interval_too(void **state)
{
	static double v[10000];
	struct stats s;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(v); i++)
		v[i] = (double)i;
	s = stats_of(v, LENGTH(v));
	/* The normal approximation: 1.96 * sqrt(n) / 2 from the middle. */
	assert_true(fabs(s.low - (4999.5 - 98)) < 2);
	assert_true(fabs(s.high - (4999.5 + 98)) < 2);
}

/* Uniform in (0, 1]: Knuth's 64-bit linear congruential generator. */
static double uniform(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return ((double)(*seed >> 11) + 1) / 9007199254740992.0;
}

/* Exponential: skewed as latencies are, with the median ln 2. */
static void the_interval_holds_the_true_median(void **state)
{
	enum { RUNS = 4000, N = 15 };
	uint64_t seed = 1;
	double v[N];
	struct stats s;
	int i, j, held = 0;

	(void)state;
	for (i = 0; i < RUNS; i++) {
		for (j = 0; j < N; j++)
			v[j] = -log(uniform(&seed));
		s = stats_of(v, N);
		held += s.low <= M_LN2 && M_LN2 <= s.high;
	}
	assert_in_range(held, RUNS * 93 / 100, RUNS * 98 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_sample),
		cmocka_unit_test(odd_number_of_samples),
		cmocka_unit_test(even_number_is_the_mean_of_the_middle_two),
		cmocka_unit_test(an_outlier_does_not_move_the_median),
		cmocka_unit_test(the_interval_is_the_one_of_the_bootstrap),
		cmocka_unit_test(many_samples_have_an_interval_too),
		cmocka_unit_test(the_interval_holds_the_true_median),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
