/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/shmring/ctl */
#ifndef _SHMRING_CTL_H
#define _SHMRING_CTL_H

#include <linux/types.h>

/*
 * Read an extensible struct that starts with its size, into one of @ksize bytes
 * of which the first version had @first. Errors as the UAPI header says.
 */
int shmring_get_args(void *dst, size_t ksize, size_t first,
		     const void __user *src);

int shmring_ctl_init(void);
void shmring_ctl_exit(void);

#endif /* _SHMRING_CTL_H */
