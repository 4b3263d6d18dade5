// SPDX-License-Identifier: MIT
/* This project's ring through its kernel module: /dev/shmring/NAME. */
/* No copy and no system call; one system call where a side sleeps. */
/* man 4 shmring */
#include <unistd.h>

#include "ring.h"

#define DEV_ADDRESS_MAX	(SHMRING_NAME_MAX + 4)

static void dev_address(const struct channel *ch, char address[DEV_ADDRESS_MAX])
{
	snprintf(address, DEV_ADDRESS_MAX, "dev:bench-%d-%u", (int)getpid(),
		 ch->id);
}

static bool dev_probe(char why[WHY_MAX])
{
	if (!access(SHMRING_CTL_PATH, R_OK | W_OK))
		return true;
	if (errno == ENOENT)
		snprintf(why, WHY_MAX,
			 "dev: module not loaded: modprobe shmring, or run it under scripts/vm, or use memfd");
	else
		snprintf(why, WHY_MAX, "dev: %s: %s: be root or in the group shmring, or use memfd",
			 SHMRING_CTL_PATH, strerror(errno));
	return false;
}

/* Ephemeral: the module destroys it with its last endpoint, come what may. */
static int dev_open(struct channel *ch)
{
	char address[DEV_ADDRESS_MAX];

	dev_address(ch, address);
	return ring_open(ch, address,
			 SHMRING_OPEN_CREATE | SHMRING_OPEN_EPHEMERAL);
}

/* Where no process got as far as to attach, it is still there. */
static void dev_close(struct channel *ch)
{
	char address[DEV_ADDRESS_MAX];

	if (!ch->state)
		return;
	ring_close(ch);
	dev_address(ch, address);
	shmring_unlink(address);
}

const struct transport transport_dev = {
	.name = "dev",
	.group = "rings",
	.what = "shmring through its kernel module",
	.loops = &ring_loops,
	.asleep = &ring_asleep,
	.batches = true,
	.probe = dev_probe,
	.fits = fits_half,
	.open = dev_open,
	.join = ring_join,
	.close = dev_close,
};
