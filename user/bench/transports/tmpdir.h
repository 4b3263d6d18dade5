/* SPDX-License-Identifier: MIT */
/* Where files of a moment go. */
#ifndef BENCH_TMPDIR_H
#define BENCH_TMPDIR_H

#include <stdlib.h>

static inline const char *tmpdir(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && *dir ? dir : "/tmp";
}

#endif /* BENCH_TMPDIR_H */
