// SPDX-License-Identifier: MIT
/* A ring of message slots in POSIX shared memory, with futexes. */
/* No copy and no system call; two system calls where a side sleeps. */
/* man 7 shm_overview */
#include <fcntl.h>

#include "index.h"

DEFINE_SLOTS_LOOPS(index);

/* Both processes inherit the mapping, so the name goes before they start. */
static int posix_shm_open(struct channel *ch)
{
	struct index *x = slots_new(ch, sizeof(*x), ch->size);
	char name[64];
	int fd, rc;

	if (!x)
		return -ENOMEM;
	snprintf(name, sizeof(name), "/shmring-bench-posix-%d-%u",
		 (int)getpid(), ch->id);
	/* Of a process that had this number and was killed within this call. */
	shm_unlink(name);
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	rc = fd < 0 ? -errno : 0;
	shm_unlink(name);
	if (!rc)
		rc = slots_map(&x->slots, fd);
	if (rc)
		snprintf(ch->why, sizeof(ch->why),
			 "posix-shm: no shared memory of %zu bytes: %s: df /dev/shm",
			 x->slots.bytes, strerror(-rc));
	return rc;
}

const struct transport transport_posix_shm = {
	.name = "posix-shm",
	.group = "memory",
	.what = "ring in POSIX shared memory, futexes",
	.loops = &index_loops,
	.asleep = &index_loops,
	.batches = true,
	.fits = fits_half,
	.open = posix_shm_open,
	.close = slots_close,
};
