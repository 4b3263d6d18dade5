/* SPDX-License-Identifier: MIT */
#ifndef DUMP_H
#define DUMP_H

#include <stdio.h>

#include "info.h"

/* The names of the columns, and a ring's values in them. */
void dump_header(FILE *to);
void dump_ring(const struct ring_info *r, FILE *to);

#endif /* DUMP_H */
