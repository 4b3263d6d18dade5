// SPDX-License-Identifier: MIT
/* Message slots in a System V segment, counted by POSIX semaphores in it. */
/* No copy and no system call; two system calls where a side sleeps. */
/* man 2 shmget, man 7 sem_overview */
#include "sems.h"
#include "sysv-shm.h"

DEFINE_SLOTS_LOOPS(sems);

static int sysv_shm_posix_open(struct channel *ch)
{
	struct sems *s = slots_new(ch, sizeof(*s), ch->size);
	int rc = s ? sysv_shm_map(ch) : -ENOMEM;

	if (!rc)
		sems_init(s);
	return rc;
}

const struct transport transport_sysv_shm_posix = {
	.name = "sysv-shm-posix",
	.group = "memory",
	.what = "ring in System V shared memory, POSIX semaphores",
	.loops = &sems_loops,
	.asleep = &sems_loops,
	.batches = true,
	.fits = fits_half,
	.open = sysv_shm_posix_open,
	.close = sysv_shm_close,
};
