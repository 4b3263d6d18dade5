// SPDX-License-Identifier: MIT
/* Message slots in a file that both processes map, each with a futex. */
/* No copy and no system call; two system calls where a side sleeps. */
/* man 2 mmap */
#include <fcntl.h>

#include "tmpdir.h"
#include "turns.h"

/* A file without a name where the file system has that: nothing can stay. */
static int mmap_file_create(void)
{
	char path[4096];
	int fd = open(tmpdir(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	snprintf(path, sizeof(path), "%s/shmring-bench-XXXXXX", tmpdir());
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static int mmap_file_open(struct channel *ch)
{
	struct slots *s = slots_new(ch, sizeof(*s), cell_bytes(ch->size));
	int fd, rc;

	if (!s)
		return -ENOMEM;
	fd = mmap_file_create();
	rc = fd < 0 ? -errno : slots_map(s, fd);
	if (rc)
		snprintf(ch->why, sizeof(ch->why),
			 "mmap-file: no file of %zu bytes in %.80s: %s: set TMPDIR",
			 s->bytes, tmpdir(), strerror(-rc));
	return rc;
}

const struct transport transport_mmap_file = {
	.name = "mmap-file",
	.group = "memory",
	.what = "slots in a mapped file, each with a futex",
	.loops = &turns_loops,
	.asleep = &turns_loops,
	.fits = fits_half,
	.open = mmap_file_open,
	.close = slots_close,
};
