/* SPDX-License-Identifier: MIT */
/* Futexes between processes, so none of them is private. */
#ifndef SHMRING_FUTEX_H
#define SHMRING_FUTEX_H

#include <limits.h>
#include <linux/futex.h>
#include <linux/time_types.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "backend.h"

static inline void futex_wake_all(const uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static inline struct futex_waitv futex_is(const uint32_t *word, uint32_t value)
{
	return (struct futex_waitv) {
		.val = value,
		.uaddr = (uintptr_t)word,
		.flags = FUTEX_32,
	};
}

/* Sleep while all of the words have their values. -1 and errno, or a number. */
static inline long futex_wait_all(const struct futex_waitv *v, unsigned int n,
				  int64_t deadline)
{
	struct __kernel_timespec t = {
		.tv_sec = deadline / SHMRING_NSEC_PER_SEC,
		.tv_nsec = deadline % SHMRING_NSEC_PER_SEC,
	};

	return syscall(SYS_futex_waitv, v, n, 0,
		       deadline == SHMRING_NEVER ? NULL : &t, CLOCK_MONOTONIC);
}

#endif /* SHMRING_FUTEX_H */
