/* SPDX-License-Identifier: MIT */
/*
 * Rings as sysfs has them, for where the Netlink family is not. It counts both
 * sides together, and knows neither owner nor level.
 */
#ifndef CMD_SYSFS_H
#define CMD_SYSFS_H

#include "info.h"

#define SYSFS_MODULE	"/sys/module/shmring"

#define FILE_LINE_MAX	256

/* The first line of a file, without its newline; false without one. */
bool file_line(const char *path, char line[FILE_LINE_MAX]);

/* The name of a process, or "?". */
const char *comm_of(uint32_t pid, char comm[FILE_LINE_MAX]);

/* The ring, or all of them by name, below @root ("" on a live system). */
int sysfs_ring(const char *root, const char *name, struct ring_info *r);
int sysfs_rings(const char *root, struct rings *all);

/* struct limits - parameters of the module */
struct limits {
	uint64_t rings;
	uint64_t ring_bytes;
	uint64_t bytes;
};

bool sysfs_limits(const char *root, struct limits *l);

#endif /* CMD_SYSFS_H */
