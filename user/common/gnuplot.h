/* SPDX-License-Identifier: MIT */
/* Running gnuplot. */
#ifndef COMMON_GNUPLOT_H
#define COMMON_GNUPLOT_H

#include <stdbool.h>
#include <stdio.h>

bool gnuplot_exists(void);

/* A text, quoted for it. */
void gnuplot_text(FILE *script, const char *text);

/*
 * What of @text fits where @most bytes do: an ellipsis ends it, and not within a
 * character. @to has room for @most + sizeof(" ...").
 */
void gnuplot_shorten(char *to, const char *text, size_t most);

/* Its picture of @script (from the start) into @out. 0 or a negative errno. */
int gnuplot_run(FILE *script, FILE *out);

#endif /* COMMON_GNUPLOT_H */
