/* SPDX-License-Identifier: MIT */
/* Text of somebody else, which is to be printed on a terminal. */
#ifndef COMMON_PLAIN_H
#define COMMON_PLAIN_H

#include <stdbool.h>

/* Does it have no control characters? */
bool is_plain(const char *text);

/* Puts a question mark in the place of each control character. */
void make_plain(char *text);

#endif /* COMMON_PLAIN_H */
