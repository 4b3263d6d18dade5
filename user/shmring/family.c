// SPDX-License-Identifier: MIT
/* Is the family there, and is it ours? */
#include "family.h"

#include <errno.h>
#include <linux/shmring_netlink.h>
#include <stdio.h>
#include <unistd.h>

#include "sysfs.h"

int family_check(struct genl_family *family, char *why, size_t max)
{
	unsigned int version;

	if (!family) {
		/* sysfs shows modules in every network namespace. */
		snprintf(why, max, access(SYSFS_MODULE, F_OK) ?
			 "the module is not loaded: modprobe shmring (or insmod shmring.ko), or use shm:/NAME" :
			 "the module is loaded, but its Netlink family " FAMILY_ELSEWHERE);
		return -ENOENT;
	}
	version = genl_family_get_version(family);
	if (version == SHMRING_FAMILY_VERSION)
		return 0;
	snprintf(why, max, "the module's Netlink family has version %u, and this command knows %d: use the command that came with the module",
		 version, SHMRING_FAMILY_VERSION);
	return -EPROTONOSUPPORT;
}
