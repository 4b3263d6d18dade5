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

/* Anonymous: it goes with its last descriptor and mapping. */
static int create(struct lab *lab, uint64_t bytes, int node)
{
	struct shmring_create c = {
		.size = sizeof(c),
		.flags = SHMRING_CREATE_ANONYMOUS,
		.ring_bytes = bytes,
		.node = node,
		.mode = SHMRING_MODE_DEFAULT,
		.uid = SHMRING_ID_CREATOR,
		.gid = SHMRING_ID_CREATOR,
	};
	int ctl = open(SHMRING_CTL_PATH, O_RDWR | O_CLOEXEC);
	int fd;

	if (ctl < 0)
		lab_die(lab, "cannot open %s: %s", SHMRING_CTL_PATH,
			strerror(errno));
	if (node != SHMRING_NODE_ANY)
		c.flags |= SHMRING_CREATE_STRICT;
	fd = ioctl(ctl, SHMRING_IOC_CREATE, &c);
	if (fd < 0)
		lab_die(lab, "cannot create a ring of %llu bytes: %s",
			(unsigned long long)bytes, strerror(errno));
	close(ctl);
	return fd;
}

static void attach(struct lab *lab, struct ring *ring, uint32_t role)
{
	struct shmring_attach attach = { .size = sizeof(attach), .role = role };

	ring->fd = ioctl(ring->ring_fd, SHMRING_IOC_ATTACH, &attach);
	ring->info.size = sizeof(ring->info);
	if (ring->fd < 0 || ioctl(ring->fd, SHMRING_IOC_INFO, &ring->info) < 0)
		lab_die(lab, "cannot use a ring: %s", strerror(errno));
}

void device_ring(struct lab *lab, struct ring *ring, uint64_t bytes, int node)
{
	if (bytes & (bytes - 1))
		lab_refuse(lab, "--size: a ring is a power of two: 64K or 128K, for example");
	ring->ring_fd = create(lab, bytes, node);
	attach(lab, ring, SHMRING_ROLE_PRODUCER);
}

void device_consumer(struct lab *lab, const struct ring *ring,
		     struct ring *consumer)
{
	consumer->ring_fd = ring->ring_fd;
	attach(lab, consumer, SHMRING_ROLE_CONSUMER);
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
