/* SPDX-License-Identifier: MIT */
/* What a ring is made with, as people type it. */
#ifndef VALUES_H
#define VALUES_H

#include <stdint.h>

#include "shmring.h"

/* Each returns NULL, or why @text cannot be. */
const char *value_mode(const char *text, uint32_t *mode);
const char *value_node(const char *text, int32_t *node);

/* USER, USER:GROUP or :GROUP, by name or number, as chown(1) has it. */
const char *value_owner(const char *text, struct shmring_opts *o);

#endif /* VALUES_H */
