// SPDX-License-Identifier: MIT
/* Numbers as people type and read them. */
#include "units.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const byte_units[] = {
	"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"
};

#define NR_BYTE_UNITS	(sizeof(byte_units) / sizeof(*byte_units))

/* "", "B", "K", "k", "KiB", ...: the binary exponent, or -1 */
static int unit_shift(const char *text, size_t len)
{
	size_t i;

	if (!len)
		return 0;
	for (i = 0; i < NR_BYTE_UNITS; i++)
		if ((len == 1 || len == strlen(byte_units[i])) &&
		    !strncasecmp(text, byte_units[i], len))
			return 10 * (int)i;
	return -1;
}

bool units_parse_size(const char *text, size_t len, uint64_t *value)
{
	uint64_t v = 0;
	size_t i;
	int shift;

	for (i = 0; i < len && text[i] >= '0' && text[i] <= '9'; i++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(text[i] - '0'), &v))
			return false;
	if (!i)
		return false;
	/* As it is printed: "64 KiB". */
	if (len - i > 1 && text[i] == ' ')
		i++;
	shift = unit_shift(text + i, len - i);
	if (shift < 0 || (v << shift) >> shift != v)
		return false;
	*value = v << shift;
	return true;
}

size_t units_parse_list(const char *text, uint64_t from, uint64_t to,
			uint64_t *values, size_t max, const char **bad,
			size_t *bad_len)
{
	size_t n = 0, len;

	for (;;) {
		len = strcspn(text, ",");
		*bad = text;
		*bad_len = len;
		if (n == max || !units_parse_size(text, len, &values[n]) ||
		    values[n] < from || values[n] > to)
			return 0;
		n++;
		if (!text[len])
			return n;
		text += len + 1;
	}
}

static const char *scaled(double v, const char *const *units, double step,
			  char text[UNITS_TEXT_MAX])
{
	int digits;

	/* 999.5 would be shown as 1000. */
	for (; v >= step - step / 2000 && units[1]; units++)
		v /= step;
	digits = v < 9.995 ? 2 : v < 99.95 ? 1 : 0;
	snprintf(text, UNITS_TEXT_MAX, "%.*f %s", digits, v, *units);
	return text;
}

const char *units_rate(double per_s, char text[UNITS_TEXT_MAX])
{
	static const char *const units[] = { "/s", "k/s", "M/s", "G/s", NULL };

	return scaled(per_s, units, 1000, text);
}

const char *units_bandwidth(double bytes_per_s, char text[UNITS_TEXT_MAX])
{
	static const char *const units[] = {
		"B/s", "kB/s", "MB/s", "GB/s", NULL
	};

	return scaled(bytes_per_s, units, 1000, text);
}

const char *units_time(double ns, char text[UNITS_TEXT_MAX])
{
	static const char *const units[] = { "ns", "us", "ms", "s", NULL };

	return scaled(ns, units, 1000, text);
}

const char *units_bytes(uint64_t bytes, char text[UNITS_TEXT_MAX])
{
	size_t i = 0;

	for (; i < NR_BYTE_UNITS - 1 && bytes && !(bytes % 1024); i++)
		bytes /= 1024;
	snprintf(text, UNITS_TEXT_MAX, "%llu %s", (unsigned long long)bytes,
		 byte_units[i]);
	return text;
}
