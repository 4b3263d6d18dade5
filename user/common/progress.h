/* SPDX-License-Identifier: MIT */
/* How far the run is: a bar on a terminal, a line for SIGUSR1. */
#ifndef COMMON_PROGRESS_H
#define COMMON_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* No bar, wherever standard error goes. */
void progress_hide(void);

void progress_begin(uint64_t steps);

#define PROGRESS_UNKNOWN	UINT64_MAX

/*
 * @what is about to be done, and all will be in @left_s seconds, unless that is
 * PROGRESS_UNKNOWN; @what stays the caller's until the next call.
 */
void progress_step(const char *what, uint64_t left_s);

/* One line to standard error, now, as dd does. */
void progress_say(void);

/* Erase the bar. */
void progress_end(void);

#endif /* COMMON_PROGRESS_H */
