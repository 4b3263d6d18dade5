/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/shmring/ctl */
#ifndef _SHMRING_CTL_H
#define _SHMRING_CTL_H

int shmring_ctl_init(void);
void shmring_ctl_exit(void);

#endif /* _SHMRING_CTL_H */
