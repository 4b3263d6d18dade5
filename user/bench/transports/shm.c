// SPDX-License-Identifier: MIT
/* This project's ring in named POSIX shared memory, without the module. */
/* No copy and no system call; two system calls where a side sleeps. */
/* man 3 shmring_open */
#include <unistd.h>

#include "ring.h"

/* Whose channels they are: the processes of the cell are its children. */
static pid_t owner;

static void shm_address(const struct channel *ch, char address[64])
{
	snprintf(address, 64, "shm:/shmring-bench-%d-%u", (int)owner, ch->id);
}

/* Ephemeral: where no process got as far as to attach, close removes it. */
static int shm_open_channel(struct channel *ch)
{
	char address[64];

	owner = getpid();
	shm_address(ch, address);
	/* Of a process that had this number and was killed before all joined. */
	shmring_unlink(address);
	return ring_open(ch, address,
			 SHMRING_OPEN_CREATE | SHMRING_OPEN_EPHEMERAL);
}

/*
 * Nobody attaches to a ring without a name, so it goes when both are there. Each
 * is seen by the other unless that comes later: one of them, or both, remove it.
 */
static int shm_join(struct channel *ch, enum side side)
{
	int rc = ring_join(ch, side);
	char address[64];

	if (rc || shmring_peer(ch->state) != SHMRING_STATE_ATTACHED)
		return rc;
	shm_address(ch, address);
	shmring_unlink(address);
	return 0;
}

const struct transport transport_shm = {
	.name = "shm",
	.group = "rings",
	.what = "shmring in POSIX shared memory, no module needed",
	.loops = &ring_loops,
	.asleep = &ring_asleep,
	.batches = true,
	.fits = fits_half,
	.open = shm_open_channel,
	.join = shm_join,
	.close = ring_close,
};
