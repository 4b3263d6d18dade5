/* SPDX-License-Identifier: MIT */
/* Rings in POSIX shared memory, of which the module knows nothing. */
#ifndef CMD_MEMORY_H
#define CMD_MEMORY_H

#include "info.h"

/* The ring at "shm:/NAME"; a negative errno, and shmring_errmsg(). */
int memory_ring(const char *address, struct ring_info *r);

/* Add all that this process may look at. */
int memory_rings(struct rings *all);

#endif /* CMD_MEMORY_H */
