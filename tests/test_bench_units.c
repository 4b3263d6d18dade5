// SPDX-License-Identifier: MIT
/* Sizes and lists as typed, numbers as shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../user/common/units.h"

static void sizes_that_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
	} good[] = {
		{ "0", 0 },
		{ "8", 8 },
		{ "64K", 65536 },
		{ "64k", 65536 },
		{ "3M", 3 << 20 },
		{ "2G", 2ULL << 30 },
		{ "1T", 1ULL << 40 },
		{ "64KiB", 65536 },
		{ "64 KiB", 65536 },
		{ "100 B", 100 },
		{ "15E", 15ULL << 60 },
		{ "18446744073709551615", UINT64_MAX },
	};
	uint64_t v;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_true(units_parse_size(good[i].text,
					     strlen(good[i].text), &v));
		assert_int_equal(v, good[i].value);
	}
}

static void sizes_that_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "K", "-1", "+1", " 8", "8 ", "8KB", "8x", "8Ki", "8  K",
		"8 K ", "16E", "1Z", "0x10", "1.5K",
		"18446744073709551616", "18446744073709551615K",
		"99999999999999999999999",
	};
	uint64_t v = 42;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(units_parse_size(bad[i], strlen(bad[i]), &v));
	assert_int_equal(v, 42);
}

static void lists(void **state)
{
	const char *bad;
	uint64_t v[3];
	size_t len;

	(void)state;
	assert_int_equal(units_parse_list("8,1K,64", 1, 4096, v, 3, &bad, &len),
			 3);
	assert_true(v[0] == 8 && v[1] == 1024 && v[2] == 64);
	assert_int_equal(units_parse_list("8,8K", 1, 4096, v, 3, &bad, &len),
			 0);
	assert_true(len == 2 && !memcmp(bad, "8K", 2));
	assert_int_equal(units_parse_list("0", 1, 9, v, 3, &bad, &len), 0);
	assert_int_equal(units_parse_list("", 0, 9, v, 3, &bad, &len), 0);
	assert_int_equal(units_parse_list("1,,2", 0, 9, v, 3, &bad, &len), 0);
	assert_int_equal(units_parse_list("1,2,", 0, 9, v, 3, &bad, &len), 0);
	assert_int_equal(units_parse_list("1,2,3,4", 0, 9, v, 3, &bad, &len),
			 0);
}

static void three_digits_are_shown(void **state)
{
	char t[UNITS_TEXT_MAX];

	(void)state;
	assert_string_equal(units_rate(0.5, t), "0.50 /s");
	assert_string_equal(units_rate(185.2e6, t), "185 M/s");
	assert_string_equal(units_rate(20449, t), "20.4 k/s");
	assert_string_equal(units_rate(999.9e3, t), "1.00 M/s");
	assert_string_equal(units_rate(3e12, t), "3000 G/s");
	assert_string_equal(units_bandwidth(9.812e9, t), "9.81 GB/s");
	assert_string_equal(units_bandwidth(12, t), "12.0 B/s");
	assert_string_equal(units_time(112.4, t), "112 ns");
	assert_string_equal(units_time(9.996, t), "10.0 ns");
	assert_string_equal(units_time(34100, t), "34.1 us");
	assert_string_equal(units_bytes(65536, t), "64 KiB");
	assert_string_equal(units_bytes(100, t), "100 B");
	assert_string_equal(units_bytes(0, t), "0 B");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_that_are_read),
		cmocka_unit_test(sizes_that_are_refused),
		cmocka_unit_test(lists),
		cmocka_unit_test(three_digits_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
