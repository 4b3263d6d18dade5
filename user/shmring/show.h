/* SPDX-License-Identifier: MIT */
#ifndef SHOW_H
#define SHOW_H

#include <stdio.h>

#include "info.h"

/* All that is known of the ring at @address. */
void show_print(const struct ring_info *r, const char *address, FILE *to);

#endif /* SHOW_H */
