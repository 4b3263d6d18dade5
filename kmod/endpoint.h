/* SPDX-License-Identifier: GPL-2.0-only */
/* An open file of a ring's device. */
#ifndef _SHMRING_ENDPOINT_H
#define _SHMRING_ENDPOINT_H

#include <linux/fs.h>

#include "ring.h"

/*
 * struct shmring_endpoint - private data of the open file
 * @ring: the ring; the open file holds a reference through its cdev
 * @side: the role it has, or NULL. Set once, by attach, under the ring's lock;
 *	read with smp_load_acquire().
 */
struct shmring_endpoint {
	struct shmring *ring;
	struct shmring_side *side;
};

extern const struct file_operations shmring_fops;

struct shmring_endpoint *shmring_endpoint_of(struct file *file);
struct shmring_side *shmring_attached(struct shmring_endpoint *ep);
int shmring_attach(struct file *file, u32 role);

ssize_t shmring_read(struct file *file, char __user *buf, size_t len,
		     loff_t *pos);
ssize_t shmring_write(struct file *file, const char __user *buf, size_t len,
		      loff_t *pos);

#endif /* _SHMRING_ENDPOINT_H */
