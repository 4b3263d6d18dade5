/* SPDX-License-Identifier: MIT */
/* A page of a document. */
#ifndef BENCH_HTML_H
#define BENCH_HTML_H

#include <jansson.h>
#include <stdio.h>

/* One file that needs no other. 0 or -errno. */
int html_write(const json_t *doc, FILE *out);

#endif /* BENCH_HTML_H */
