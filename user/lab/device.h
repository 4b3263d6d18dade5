/* SPDX-License-Identifier: MIT */
/* Ring memory of the module, without the library: an open file and mappings. */
#ifndef LAB_DEVICE_H
#define LAB_DEVICE_H

#include <linux/shmring.h>

#include "lab.h"

/* struct ring - attached as its producer; gone with its last endpoint */
struct ring {
	int fd;
	struct shmring_info info;
};

/* Is there a device for this user? @why not, otherwise. */
bool device_here(const char **why);

/* A ring on @node, SHMRING_NODE_ANY or a node with every page there. */
void device_ring(struct lab *lab, struct ring *ring, uint64_t bytes, int node);

/* Its data, once. */
void *device_map(struct lab *lab, const struct ring *ring, int prot, int flags);

#endif /* LAB_DEVICE_H */
