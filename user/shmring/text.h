/* SPDX-License-Identifier: MIT */
/* The words and numbers that people read. */
#ifndef TEXT_H
#define TEXT_H

#include "../common/units.h"
#include "info.h"

#define TEXT_MAX	96

/* Colours, where standard output is a terminal and NO_COLOR is not set. */
enum colour {
	COLOUR_NONE,
	COLOUR_BOLD,
	COLOUR_GREEN,
	COLOUR_YELLOW,
	COLOUR_RED,
};

bool colour_wanted(void);

/* The sequence that starts it, "" where none is wanted; NONE ends it. */
const char *colour(enum colour c);

/* "12.1 KiB": three digits */
const char *text_bytes(uint64_t bytes, char text[TEXT_MAX]);

/* "64 B", "any" */
const char *text_record(uint32_t record_size, char text[TEXT_MAX]);

/* "any", "local", "1" */
const char *text_node(int32_t node, char text[TEXT_MAX]);

/* "12.1 KiB (18 %)" */
const char *text_fill(uint64_t used, uint64_t size, char text[TEXT_MAX]);

/* Who has the role: "pid 1234", "attached" without a pid, "gone", "-" */
const char *text_side(const struct side_info *s, char text[TEXT_MAX]);

/* "2026-01-31 23:59:59", local time, of nanoseconds since 1970 */
const char *text_time(uint64_t ns, char text[TEXT_MAX]);

/* "ring-add": an event of the family, as the spec calls it without "-ntf" */
const char *event_word(uint8_t cmd);

#endif /* TEXT_H */
