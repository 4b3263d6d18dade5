/* SPDX-License-Identifier: MIT */
/* All rings at once. */
#ifndef LIST_H
#define LIST_H

#include <stdio.h>

#include "info.h"

struct kernel;

/*
 * kernel_open(), after which it is said what is wrong, or that the answers are
 * those of sysfs.
 */
struct kernel *ask_whom(void);

/* Ask for all; returns an exit status after saying what went wrong. */
int all_rings(struct rings *all);

/* As a table. */
int list_print(const struct rings *all, FILE *to);

#endif /* LIST_H */
