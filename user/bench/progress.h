/* SPDX-License-Identifier: MIT */
/* How far the run is: a bar on a terminal, a line for SIGUSR1. */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

/* @bar: draw one where standard error is a terminal. */
void progress_begin(size_t steps, bool bar);

/* @what is about to be done; @what stays the caller's until the next call. */
void progress_step(const char *what);

/* One line to standard error, now, as dd does. */
void progress_say(void);

/* Erase the bar. */
void progress_end(void);

#endif /* BENCH_PROGRESS_H */
