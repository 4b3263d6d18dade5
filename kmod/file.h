/* SPDX-License-Identifier: GPL-2.0-only */
/* Open files of rings and endpoints, and what can be asked of them. */
#ifndef _SHMRING_FILE_H
#define _SHMRING_FILE_H

#include <linux/fs.h>

#include "endpoint.h"

extern const struct file_operations shmring_ring_fops;
extern const struct file_operations shmring_endpoint_fops;

/*
 * A new open file of @ring, as CREATE returns it. With it goes an ephemeral ring
 * to which nobody has attached.
 */
struct file *shmring_new_ring_file(struct shmring *ring);

/* A new open file of @ep, which takes over the caller's reference. */
struct file *shmring_new_endpoint_file(struct shmring_endpoint *ep);

/*
 * The endpoint of an open file: NULL for a ring to which it has not attached,
 * or an ERR_PTR of -EBADF if it is none of ours.
 */
struct shmring_endpoint *shmring_endpoint_of(struct file *file);

#endif /* _SHMRING_FILE_H */
