// SPDX-License-Identifier: MIT
/* Statistics of the benchmark against values known by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../user/bench/stats.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_sample),
		cmocka_unit_test(odd_number_of_samples),
		cmocka_unit_test(even_number_is_the_mean_of_the_middle_two),
		cmocka_unit_test(an_outlier_does_not_move_the_median),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
