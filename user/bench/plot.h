/* SPDX-License-Identifier: MIT */
/* Pictures of a document. */
#ifndef BENCH_PLOT_H
#define BENCH_PLOT_H

#include <jansson.h>
#include <stdio.h>

/* All pictures as one, .svg or .png by the end of @path. 0 or -errno. */
int plot_write(const json_t *doc, const char *path);

#endif /* BENCH_PLOT_H */
