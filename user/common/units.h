/* SPDX-License-Identifier: MIT */
/* Numbers as people type and read them. */
#ifndef COMMON_UNITS_H
#define COMMON_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNITS_TEXT_MAX	32

/*
 * "64", "4K", "1M", "2T", "4KiB", "64 KiB" (powers of 1024), of @len characters,
 * to @value.
 * False for anything else, and for what does not fit into 64 bits.
 */
bool units_parse_size(const char *text, size_t len, uint64_t *value);

/*
 * Read a list "8,4K,64" of at most @max values from @from to @to.
 * Returns how many; 0 when it is wrong, and *@bad is then the length-@bad_len
 * piece that is (empty pieces are wrong, too).
 */
size_t units_parse_list(const char *text, uint64_t from, uint64_t to,
			uint64_t *values, size_t max, const char **bad,
			size_t *bad_len);

/* Three significant digits: "185 M/s", "20.4 k/s". */
const char *units_rate(double per_s, char text[UNITS_TEXT_MAX]);

/* "9.81 GB/s" */
const char *units_bandwidth(double bytes_per_s, char text[UNITS_TEXT_MAX]);

/* "112 ns", "34.1 us". */
const char *units_time(double ns, char text[UNITS_TEXT_MAX]);

/* "64 KiB", "100 B" */
const char *units_bytes(uint64_t bytes, char text[UNITS_TEXT_MAX]);

#endif /* COMMON_UNITS_H */
