// SPDX-License-Identifier: MIT
/* What a caller asks for: by a program of any age, and whether it can be. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"

#define OPTS_SIZE_MAX	4096	/* larger is no struct of options */

_Static_assert(sizeof(struct shmring_opts) >= SHMRING_OPTS_SIZE_VER0 &&
	       sizeof(struct shmring_stat) >= SHMRING_STAT_SIZE_VER0,
	       "structs grow");

static bool all_zero(const unsigned char *p, size_t len)
{
	while (len--)
		if (*p++)
			return false;
	return true;
}

static int check_opts(const char *address, const struct shmring_opts *o)
{
	const uint32_t known = SHMRING_OPEN_CREATE | SHMRING_OPEN_EPHEMERAL |
			       SHMRING_OPEN_STRICT | SHMRING_OPEN_EXCL;

	if (o->flags & ~known)
		return shmring_fail(EINVAL, "%s: unknown flags %#x: only SHMRING_OPEN_*",
				    address, o->flags & ~known);
	if (o->flags & SHMRING_OPEN_EXCL && !(o->flags & SHMRING_OPEN_CREATE))
		return shmring_fail(EINVAL, "%s: SHMRING_OPEN_EXCL says how to create: it goes with SHMRING_OPEN_CREATE",
				    address);
	if (o->handback_shift > 63)
		return shmring_fail(EINVAL, "%s: handback_shift %u: 0 to 63",
				    address, o->handback_shift);
	return 0;
}

/* What an older program does not say is as SHMRING_OPTS_INIT has it. */
int shmring_read_opts(const char *address, const struct shmring_opts *given,
		      struct shmring_opts *o)
{
	const size_t known = sizeof(*o);

	*o = (struct shmring_opts)SHMRING_OPTS_INIT;
	if (!given)
		return 0;
	if (given->size < SHMRING_OPTS_SIZE_VER0)
		return shmring_fail(EINVAL, "%s: options of %u bytes: begin with SHMRING_OPTS_INIT",
				    address, given->size);
	if (given->size > OPTS_SIZE_MAX ||
	    (given->size > known &&
	     !all_zero((const unsigned char *)given + known,
		       given->size - known)))
		return shmring_fail(E2BIG, "%s: options of %u bytes, of which this library, %s, knows %zu: it is older than the program; install a newer one",
				    address, given->size, shmring_version(),
				    known);
	memcpy(o, given, given->size < known ? given->size : known);
	o->size = (uint32_t)known;
	return check_opts(address, o);
}

/* Whether a ring of that size can be made anywhere. */
int shmring_check_size(const char *address, uint64_t ring_bytes,
		       uint32_t record_size)
{
	unsigned long long page = (unsigned long long)sysconf(_SC_PAGESIZE);
	unsigned long long bytes = ring_bytes, below = page;

	if (bytes < page)
		return shmring_fail(EINVAL, "%s: %llu bytes are less than a page: %llu or more",
				    address, bytes, page);
	while (below <= bytes / 2)
		below *= 2;
	if (below != bytes && below > UINT64_MAX / 2)
		return shmring_fail(EINVAL, "%s: %llu is not a power of two: %llu",
				    address, bytes, below);
	if (below != bytes)
		return shmring_fail(EINVAL, "%s: %llu is not a power of two: %llu or %llu",
				    address, bytes, below, 2 * below);
	if (record_size > bytes)
		return shmring_fail(EINVAL, "%s: a record of %u bytes does not fit a ring of %llu",
				    address, record_size, bytes);
	return 0;
}

/* Another layout is another release's: nothing in it is where we look for it. */
int shmring_check_layout(const char *address, uint32_t version,
			 uint64_t features)
{
	unsigned long long unknown = features & ~SHMRING_FEATURES;

	if (version != SHMRING_VERSION)
		return shmring_fail(EPROTO, "%s: a ring of version %u, and this library knows %u: use the library of what made it (see shmring doctor)",
				    address, version, SHMRING_VERSION);
	if (unknown)
		return shmring_fail(EPROTO, "%s: a ring with the features %#llx, which this library, %s, does not know: install a newer one",
				    address, unknown, shmring_version());
	return 0;
}
