/* SPDX-License-Identifier: MIT */
/*
 * A file that was asked for on the command line: written beside the old one,
 * which it replaces when it is complete. A run that is refused or interrupted,
 * or finds the disk full, leaves what was there before.
 */
#ifndef COMMON_OUTFILE_H
#define COMMON_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

/*
 * struct outfile
 * @file: where to write; NULL: nowhere
 * @path: what is replaced, with links followed
 * @beside: what is written until then; NULL for a device or a pipe, which is
 *	written to as it is
 */
struct outfile {
	FILE *file;
	char *path;
	char *beside;
};

/* Could it be written? Nothing is made. All of them: 0 or a negative errno. */
int outfile_check(const char *path);

int outfile_open(struct outfile *o, const char *path);

/*
 * Close it. It takes the place of the old one if @err is 0 and all was written,
 * else it goes. Returns @err, or what went wrong.
 */
int outfile_close(struct outfile *o, int err);

/* "x.SVG" ends in ".svg", and ".svg" alone does not. */
bool outfile_ends_in(const char *path, const char *end);

#endif /* COMMON_OUTFILE_H */
