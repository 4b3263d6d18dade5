/* SPDX-License-Identifier: GPL-2.0-only */
/* The Generic Netlink family: include/uapi/linux/shmring.yaml. */
#ifndef _SHMRING_NETLINK_H
#define _SHMRING_NETLINK_H

#include "ring.h"

/* Whether anybody hears what is told to the group "events". */
bool shmring_has_listeners(void);

/*
 * News for the group "events"; they may sleep, and cost next to nothing when
 * nobody listens. Whoever missed some is told so, by ENOBUFS.
 */
void shmring_notify_ring(struct shmring *ring, u8 cmd);
void shmring_notify_endpoint(const struct shmring_slot *slot, u8 cmd,
			     bool killed);
void shmring_notify_level(struct shmring *ring, u64 used, u32 mark);

int shmring_netlink_init(void);
void shmring_netlink_exit(void);

#endif /* _SHMRING_NETLINK_H */
