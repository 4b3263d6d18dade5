// SPDX-License-Identifier: MIT
/* Ring memory of the module. */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

bool device_here(const char **why)
{
	*why = "no " SHMRING_CTL_PATH ": load the module, or use scripts/vm";
	if (access(SHMRING_CTL_PATH, F_OK))
		return false;
	*why = SHMRING_CTL_PATH " is for root, and for the group shmring where its udev rule is installed";
	return !access(SHMRING_CTL_PATH, R_OK | W_OK);
}

static void create(struct lab *lab, const char *name, uint64_t bytes, int node)
{
	struct shmring_create c = {
		.size = sizeof(c),
		.flags = SHMRING_CREATE_EPHEMERAL,
		.ring_bytes = bytes,
		.node = node,
		.mode = SHMRING_MODE_DEFAULT,
		.uid = SHMRING_ID_CREATOR,
		.gid = SHMRING_ID_CREATOR,
	};
	int ctl = open(SHMRING_CTL_PATH, O_RDWR | O_CLOEXEC);

	if (ctl < 0)
		lab_die(lab, "cannot open %s: %s", SHMRING_CTL_PATH,
			strerror(errno));
	if (node != SHMRING_NODE_ANY)
		c.flags |= SHMRING_CREATE_STRICT;
	strcpy(c.name, name);
	if (ioctl(ctl, SHMRING_IOC_CREATE, &c) < 0)
		lab_die(lab, "cannot create a ring of %llu bytes: %s",
			(unsigned long long)bytes, strerror(errno));
	close(ctl);
}

void device_ring(struct lab *lab, struct ring *ring, uint64_t bytes, int node)
{
	static unsigned int count;
	struct shmring_attach attach = {
		.size = sizeof(attach),
		.role = SHMRING_ROLE_PRODUCER,
	};
	char name[SHMRING_NAME_MAX], path[64];

	if (bytes & (bytes - 1))
		lab_refuse(lab, "--size: a ring is a power of two: 64K or 128K, for example");
	snprintf(name, sizeof(name), "lab-%d-%u", (int)getpid(), count++);
	create(lab, name, bytes, node);
	snprintf(path, sizeof(path), "%s%s", SHMRING_DEV_DIR, name);
	ring->fd = open(path, O_RDWR | O_CLOEXEC);
	ring->info.size = sizeof(ring->info);
	if (ring->fd < 0 || ioctl(ring->fd, SHMRING_IOC_ATTACH, &attach) < 0 ||
	    ioctl(ring->fd, SHMRING_IOC_INFO, &ring->info) < 0)
		lab_die(lab, "cannot use the ring %s: %s", path,
			strerror(errno));
}

void *device_map(struct lab *lab, const struct ring *ring, int prot, int flags)
{
	void *p = mmap(NULL, ring->info.ring_bytes, prot, flags, ring->fd,
		       (off_t)ring->info.data_offset);

	if (p == MAP_FAILED)
		lab_die(lab, "cannot map the ring %s: %s", ring->info.name,
			strerror(errno));
	return p;
}
