/* SPDX-License-Identifier: MIT */
#ifndef METRICS_H
#define METRICS_H

#include <stdio.h>

#include "info.h"

#define METRICS_TYPE \
	"application/openmetrics-text; version=1.0.0; charset=utf-8"

/*
 * All rings, and the limits if sysfs below @root has them ("" on a live system), in
 * the OpenMetrics text format.
 */
void metrics_print(const struct rings *all, const char *root, FILE *to);

/*
 * metrics_http.c: answer GET /metrics at @where ("127.0.0.1:9100", port 0 for
 * any; "fd:3", a socket that listens) until a signal comes; an exit status.
 */
int metrics_serve(const char *where);

#endif /* METRICS_H */
