/* SPDX-License-Identifier: GPL-2.0-only */
/* /proc/shmring */
#ifndef _SHMRING_PROCFS_H
#define _SHMRING_PROCFS_H

int shmring_procfs_init(void);
void shmring_procfs_exit(void);

#endif /* _SHMRING_PROCFS_H */
