/* SPDX-License-Identifier: GPL-2.0-only */
/* /sys/class/shmring/NAME/ */
#ifndef _SHMRING_SYSFS_H
#define _SHMRING_SYSFS_H

struct attribute_group;

extern const struct attribute_group *shmring_groups[];

#endif /* _SHMRING_SYSFS_H */
