/* SPDX-License-Identifier: MIT */
/* For mechanisms that name the receiver by its process: who is it? */
#ifndef BENCH_RECEIVER_H
#define BENCH_RECEIVER_H

#include <sys/types.h>

#include "futex.h"

/*
 * receiver_join - for `join`, in both processes
 * @word: in shared memory, 0 until the receiver has said who it is
 * @pid: gets it, in the sender
 */
static inline int receiver_join(uint32_t *word, enum side side, pid_t *pid)
{
	uint32_t who;
	int rc = 0;

	if (side == SIDE_CONSUMER) {
		/* Release: it is ready to receive. Pairs with the acquire. */
		__atomic_store_n(word, (uint32_t)getpid(), __ATOMIC_RELEASE);
		return futex_wake(word);
	}
	while (!(who = __atomic_load_n(word, __ATOMIC_ACQUIRE)) && !rc)
		rc = futex_wait(word, 0);
	*pid = (pid_t)who;
	return rc;
}

#endif /* BENCH_RECEIVER_H */
