/* SPDX-License-Identifier: MIT */
/* The parts of the table. Each ends with a call without a name. */
#ifndef FUZZ_CALLS_H
#define FUZZ_CALLS_H

#include "program.h"

extern const struct fuzz_call fuzz_ring_calls[];	/* opening, ioctls */
extern const struct fuzz_call fuzz_file_calls[];	/* read to epoll */
extern const struct fuzz_call fuzz_map_calls[];		/* mmap, stores */
extern const struct fuzz_call fuzz_netlink_calls[];
extern const struct fuzz_call fuzz_system_calls[];	/* sysfs to rmmod */
extern const struct fuzz_call fuzz_process_calls[];	/* fork to kill */

#endif /* FUZZ_CALLS_H */
