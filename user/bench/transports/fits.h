/* SPDX-License-Identifier: MIT */
/* What the `fits` and `probe` of several transports ask. */
#ifndef BENCH_FITS_H
#define BENCH_FITS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "../transport.h"

/* A number of /proc/sys; UINT64_MAX where the kernel has no such limit. */
static inline uint64_t sysctl_number(const char *path)
{
	unsigned long long v;
	FILE *f = fopen(path, "re");

	if (!f)
		return UINT64_MAX;
	if (fscanf(f, "%llu", &v) != 1)
		v = UINT64_MAX;
	fclose(f);
	return v;
}

/* At most half of the ring, so that both sides can work at once. */
static inline bool fits_half(const struct channel *ch, char why[WHY_MAX])
{
	if (ch->size <= ch->capacity / 2)
		return true;
	snprintf(why, WHY_MAX,
		 "%s: %u bytes: more than half of the ring of %llu bytes: larger --ring-size",
		 ch->transport->name, ch->size,
		 (unsigned long long)ch->capacity);
	return false;
}

/*
 * At most @max bytes.
 * @limit: what sets it, and the command that raises it, if any does
 */
static inline bool fits_limit(const struct channel *ch, uint64_t max,
			      const char *limit, char why[WHY_MAX])
{
	if (ch->size <= max)
		return true;
	snprintf(why, WHY_MAX, "%s: %u bytes: more than the %llu of %s",
		 ch->transport->name, ch->size, (unsigned long long)max, limit);
	return false;
}

#endif /* BENCH_FITS_H */
