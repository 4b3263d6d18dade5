// SPDX-License-Identifier: MIT
/* This project's ring in named POSIX shared memory, without the module. */
/* No copy and no system call; two system calls where a side sleeps. */
/* man 3 shmring_open */
#include <unistd.h>

#include "ring.h"

/* Both processes inherit the file, so its name goes before they start. */
static int shm_open_channel(struct channel *ch)
{
	char address[64];
	int rc;

	snprintf(address, sizeof(address), "shm:/shmring-bench-%d-%u",
		 (int)getpid(), ch->id);
	/* Of a process that had this number and was killed within this call. */
	shmring_unlink(address);
	rc = ring_open(ch, address, SHMRING_OPEN_CREATE);
	if (!rc && shmring_unlink(address))
		rc = ring_failed(ch, -errno);
	return rc;
}

const struct transport transport_shm = {
	.name = "shm",
	.what = "shmring in POSIX shared memory, no module needed",
	.loops = &ring_loops,
	.asleep = &ring_asleep,
	.batches = true,
	.fits = fits_half,
	.open = shm_open_channel,
	.join = ring_join,
	.close = ring_close,
};
