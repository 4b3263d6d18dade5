// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>

#include "ctl.h"
#include "netlink.h"
#include "procfs.h"
#include "ring.h"

/* What shows rings comes before what makes them, and goes after it. */
static int __init shmring_init(void)
{
	int err;

	err = shmring_netlink_init();
	if (err)
		return err;

	err = shmring_procfs_init();
	if (err)
		goto err_netlink;

	err = shmring_rings_init();
	if (err)
		goto err_procfs;

	err = shmring_ctl_init();
	if (err)
		goto err_rings;

	return 0;

err_rings:
	shmring_rings_exit();
err_procfs:
	shmring_procfs_exit();
err_netlink:
	shmring_netlink_exit();
	return err;
}

static void __exit shmring_exit(void)
{
	shmring_ctl_exit();
	shmring_rings_exit();
	shmring_procfs_exit();
	shmring_netlink_exit();
}

module_init(shmring_init);
module_exit(shmring_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The shmring developers");
MODULE_DESCRIPTION("Shared-memory ring buffers between processes");
MODULE_VERSION(SHMRING_MODULE_VERSION);
