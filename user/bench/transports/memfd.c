// SPDX-License-Identifier: MIT
/* This project's ring in anonymous shared memory, without the module. */
/* No copy and no system call; two system calls where a side sleeps. */
/* man 3 shmring_open */
#include "ring.h"

static int memfd_open(struct channel *ch)
{
	return ring_open(ch, "memfd:", SHMRING_OPEN_CREATE);
}

const struct transport transport_memfd = {
	.name = "memfd",
	.group = "rings",
	.what = "shmring in anonymous shared memory, no module needed",
	.loops = &ring_loops,
	.asleep = &ring_asleep,
	.batches = true,
	.fits = fits_half,
	.open = memfd_open,
	.join = ring_join,
	.close = ring_close,
};
