// SPDX-License-Identifier: MIT
/* Rings in POSIX shared memory. */
#include "memory.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define SCHEME	"shm:"
#define SHM_DIR	"/dev/shm"

static void read_owner(struct ring_info *r)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), SHM_DIR "%s", r->name + strlen(SCHEME));
	if (!strncmp(r->name, SCHEME, strlen(SCHEME)) && !stat(path, &st))
		ring_info_set_owner(r, &st);
}

int memory_ring(const char *address, struct ring_info *r)
{
	struct shmring_stat st = SHMRING_STAT_INIT;
	int i, err = shmring_stat(address, &st);

	if (err)
		return err;
	*r = (struct ring_info) {
		.has = HAS(SHMRING_A_RING_NAME) | HAS(SHMRING_A_RING_SIZE) |
		       HAS(SHMRING_A_RING_RECORD_SIZE) |
		       HAS(SHMRING_A_RING_FLAGS) | HAS(SHMRING_A_RING_NODE) |
		       HAS(SHMRING_A_RING_HEAD) | HAS(SHMRING_A_RING_TAIL) |
		       HAS(SHMRING_A_RING_USED) | HAS(SHMRING_A_RING_PRODUCER) |
		       HAS(SHMRING_A_RING_CONSUMER),
		.size = st.ring_bytes,
		.record_size = st.record_size,
		.flags = st.flags,
		.node = st.node,
		.head = st.head,
		.tail = st.tail,
		.used = st.head - st.tail,
	};
	snprintf(r->name, sizeof(r->name), "%s", address);
	/* Two loads, one after the other, and of what others may scribble on. */
	if (r->used > r->size)
		r->used = r->size;
	for (i = 0; i < SIDES; i++)
		r->side[i] = (struct side_info) {
			.has = HAS(SHMRING_A_ENDPOINT_STATE) |
			       HAS(SHMRING_A_ENDPOINT_STALLS),
			.state = st.state[i],
			.stalls = st.stalls[i],
		};
	read_owner(r);
	ring_info_count(r);
	return 0;
}

int memory_rings(struct rings *all)
{
	char address[INFO_NAME_MAX];
	const struct dirent *e;
	struct ring_info one;
	DIR *dir = opendir(SHM_DIR);
	int err = 0;

	if (!dir)
		return 0;
	while (!err && (e = readdir(dir))) {
		snprintf(address, sizeof(address), SCHEME "/%s", e->d_name);
		if (e->d_type == DT_REG && !memory_ring(address, &one))
			err = rings_append(all, &one);
	}
	closedir(dir);
	rings_sort(all);
	return err;
}
