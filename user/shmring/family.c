// SPDX-License-Identifier: MIT
/* Is the family there, and is it ours? */
#include "family.h"

#include <errno.h>
#include <linux/shmring_netlink.h>
#include <stdio.h>
#include <unistd.h>

#define MODULE_DIR	"/sys/module/shmring"

int family_check(struct genl_family *family, char *why, size_t max)
{
	unsigned int version;

	if (!family) {
		/* sysfs shows modules in every network namespace. */
		snprintf(why, max, access(MODULE_DIR, F_OK) ?
			 "the module is not loaded: modprobe shmring (or insmod shmring.ko), or use shm:/NAME" :
			 "the module is loaded, but its Netlink family lives in the initial network namespace: nsenter --net=/proc/1/ns/net shmring ...");
		return -ENOENT;
	}
	version = genl_family_get_version(family);
	if (version == SHMRING_FAMILY_VERSION)
		return 0;
	snprintf(why, max, "the module's Netlink family has version %u, and this command knows %d: use the command that came with the module",
		 version, SHMRING_FAMILY_VERSION);
	return -EPROTONOSUPPORT;
}
