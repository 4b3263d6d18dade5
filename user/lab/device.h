/* SPDX-License-Identifier: MIT */
/* Ring memory of the module, without the library: an open file and mappings. */
#ifndef LAB_DEVICE_H
#define LAB_DEVICE_H

#include <linux/shmring.h>

#include "lab.h"

/*
 * struct ring - an endpoint of a ring that has no name
 * @fd: of the endpoint
 * @ring_fd: of the ring, for another one
 */
struct ring {
	int fd;
	int ring_fd;
	struct shmring_info info;
};

/* Is there a device for this user? @why not, otherwise. */
bool device_here(const char **why);

/* Its producer. A ring on @node, SHMRING_NODE_ANY or a node with every page there. */
void device_ring(struct lab *lab, struct ring *ring, uint64_t bytes, int node);

/* The consumer of the ring whose producer @ring is. */
void device_consumer(struct lab *lab, const struct ring *ring,
		     struct ring *consumer);

/* Its data, once. */
void *device_map(struct lab *lab, const struct ring *ring, int prot, int flags);

#endif /* LAB_DEVICE_H */
