// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>

#include "ctl.h"
#include "ring.h"

static int __init shmring_init(void)
{
	int err;

	err = shmring_rings_init();
	if (err)
		return err;

	err = shmring_ctl_init();
	if (err)
		goto err_rings;

	return 0;

err_rings:
	shmring_rings_exit();
	return err;
}

static void __exit shmring_exit(void)
{
	shmring_ctl_exit();
	shmring_rings_exit();
}

module_init(shmring_init);
module_exit(shmring_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The shmring developers");
MODULE_DESCRIPTION("Shared-memory rings with wakeups and a peer that can die");
MODULE_VERSION(SHMRING_MODULE_VERSION);
