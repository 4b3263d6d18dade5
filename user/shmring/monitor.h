/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_H
#define MONITOR_H

#include <stdio.h>

#include "kernel.h"

/* An event as people read it, without time and newline. */
void monitor_event(const struct event *e, FILE *to);

#endif /* MONITOR_H */
