/* SPDX-License-Identifier: GPL-2.0-only */
/* The high-water mark: told of by the kernel, looked after by it too. */
#ifndef _SHMRING_LEVEL_H
#define _SHMRING_LEVEL_H

#include "ring.h"

void shmring_init_level(struct shmring *ring);

/*
 * From now on LEVEL_NTF at @percent of the ring, 0 for none; looks at once. The
 * ring has its name, and keeps it until this returns. -EINVAL above 100.
 */
int shmring_set_high_water(struct shmring *ring, u32 percent);

/* The ring has lost its name: no more looks at it. */
void shmring_stop_level(struct shmring *ring);

/* No ring has a name any more. */
void shmring_level_exit(void);

#endif /* _SHMRING_LEVEL_H */
