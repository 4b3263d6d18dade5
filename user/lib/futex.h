/* SPDX-License-Identifier: MIT */
/* Futexes between processes, so none of them is private. */
#ifndef SHMRING_FUTEX_H
#define SHMRING_FUTEX_H

#include <errno.h>
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

/*
 * Add @n to @word and wake all who sleep on it, in one step: under the lock under
 * which futex_wait() compares. The comparison is for a second word, which there
 * is not.
 */
static inline void futex_add_and_wake(uint32_t *word, int n)
{
	syscall(SYS_futex, word, FUTEX_WAKE_OP, INT_MAX, NULL, word,
		FUTEX_OP(FUTEX_OP_ADD, n, FUTEX_OP_CMP_LT, 0));
}

static inline struct timespec futex_deadline(int64_t ns)
{
	return (struct timespec) {
		.tv_sec = ns / SHMRING_NSEC_PER_SEC,
		.tv_nsec = ns % SHMRING_NSEC_PER_SEC,
	};
}

/*
 * Sleep while @word is @value. 0: look again.
 *
 * Always with a time limit, of 292 years for ever: by that a handler of a signal
 * ends the sleep with -EINTR, whether or not it was installed with SA_RESTART,
 * and being stopped and continued does not. Without a limit, and for
 * futex_waitv(2) in any case, SA_RESTART would go on sleeping.
 */
static inline int futex_wait(const uint32_t *word, uint32_t value,
			     int64_t deadline)
{
	struct timespec t = futex_deadline(deadline);

	if (!syscall(SYS_futex, word, FUTEX_WAIT_BITSET, value, &t, NULL,
		     FUTEX_BITSET_MATCH_ANY) || errno == EAGAIN)
		return 0;
	return -errno;
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
	struct timespec limit = futex_deadline(deadline);
	struct __kernel_timespec t = {
		.tv_sec = limit.tv_sec,
		.tv_nsec = limit.tv_nsec,
	};

	return syscall(SYS_futex_waitv, v, n, 0,
		       deadline == SHMRING_NEVER ? NULL : &t, CLOCK_MONOTONIC);
}

#endif /* SHMRING_FUTEX_H */
