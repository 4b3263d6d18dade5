/* SPDX-License-Identifier: MIT */
/* Text of somebody else, which is to be printed on a terminal. */
#ifndef COMMON_PLAIN_H
#define COMMON_PLAIN_H

#include <stdbool.h>

/*
 * The next byte of @text, which is not at its end, or a question mark for a control
 * character there; @text goes on behind it.
 */
char plain_next(const char **text);

/* Does it have no control characters? */
bool is_plain(const char *text);

/* Puts a question mark in the place of each control character. */
void make_plain(char *text);

#endif /* COMMON_PLAIN_H */
