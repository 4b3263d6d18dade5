/* SPDX-License-Identifier: MIT */
/* How wide tables and texts may be. */
#ifndef COMMON_WIDTH_H
#define COMMON_WIDTH_H

#include <stdio.h>

/* The terminal's columns; COLUMNS where there is none, else 80. */
int width_of(FILE *out);

/*
 * Print a text in lines of at most @width, broken at spaces. The first begins in
 * column @at, which is where the cursor is, the others in column @indent.
 */
void width_print(FILE *out, int width, int at, int indent, const char *text);

/* The same, of a text that begins at the left. */
void width_say(FILE *out, int width, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* COMMON_WIDTH_H */
