// SPDX-License-Identifier: MIT
/* The verifier must find every lost, repeated, swapped or damaged message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../user/bench/payload.h"

static const size_t sizes[] = {
	1, 3, 7, 8, 9, 16, 24, 31, 32, 63, 64, 100, 4096, 4099
};

#define NR_SIZES	(sizeof(sizes) / sizeof(*sizes))
#define RUN		5
#define FIRST		1234567890123ULL

static unsigned char *filled(size_t size, uint64_t first, size_t n)
{
	unsigned char *buf = calloc(n, size);

	assert_non_null(buf);
	payload_fill(buf, first, n, size);
	return buf;
}

static void what_was_filled_is_right(void **state)
{
	unsigned char *buf;
	size_t i, m;

	(void)state;
	for (i = 0; i < NR_SIZES; i++) {
		buf = filled(sizes[i], FIRST, RUN);
		assert_true(payload_ok(buf, FIRST, RUN, sizes[i]));
		/* A run is the same as its messages one by one. */
		for (m = 0; m < RUN; m++)
			assert_true(payload_ok(buf + m * sizes[i], FIRST + m, 1,
					       sizes[i]));
		free(buf);
	}
}

static void every_bit_counts(void **state)
{
	unsigned char *buf;
	size_t i, bit;

	(void)state;
	for (i = 0; i < NR_SIZES; i++) {
		buf = filled(sizes[i], FIRST, RUN);
		for (bit = 0; bit < 8 * RUN * sizes[i]; bit++) {
			buf[bit / 8] ^= 1 << bit % 8;
			assert_false(payload_ok(buf, FIRST, RUN, sizes[i]));
			buf[bit / 8] ^= 1 << bit % 8;
		}
		free(buf);
	}
}

static void another_message_is_wrong(void **state)
{
	static const int64_t off[] = { -8192, -1024, -64, -2, -1, 1, 2, 8192 };
	unsigned char *buf;
	size_t i, j;

	(void)state;
	for (i = 0; i < NR_SIZES; i++) {
		buf = filled(sizes[i], FIRST, 1);
		for (j = 0; j < sizeof(off) / sizeof(*off); j++)
			assert_false(payload_ok(buf, FIRST + (uint64_t)off[j],
						1, sizes[i]));
		free(buf);
	}
}

static void untouched_memory_is_wrong(void **state)
{
	unsigned char *buf;
	size_t i;

	(void)state;
	for (i = 3; i < NR_SIZES; i++) {
		buf = calloc(1, sizes[i]);
		assert_non_null(buf);
		assert_false(payload_ok(buf, 0, 1, sizes[i]));
		free(buf);
	}
}

static void nothing_beyond_the_message_is_written(void **state)
{
	unsigned char *buf;
	size_t i;

	(void)state;
	for (i = 0; i < NR_SIZES; i++) {
		buf = malloc(RUN * sizes[i] + 8);
		assert_non_null(buf);
		memset(buf, 0xa5, RUN * sizes[i] + 8);
		payload_fill(buf, FIRST, RUN, sizes[i]);
		assert_memory_equal(buf + RUN * sizes[i],
				    "\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5", 8);
		free(buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_filled_is_right),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(another_message_is_wrong),
		cmocka_unit_test(untouched_memory_is_wrong),
		cmocka_unit_test(nothing_beyond_the_message_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
