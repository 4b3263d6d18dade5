/* SPDX-License-Identifier: MIT */
/*
 * For mechanisms whose sender must know the receiver's process, or that it is
 * ready.
 */
#ifndef BENCH_RECEIVER_H
#define BENCH_RECEIVER_H

#include <limits.h>
#include <sys/mman.h>
#include <sys/types.h>

#include "futex.h"

/* A word of shared memory of its own; NULL and errno. */
static inline uint32_t *receiver_new(void)
{
	void *word = mmap(NULL, sizeof(uint32_t), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return word == MAP_FAILED ? NULL : word;
}

static inline void receiver_free(uint32_t *word)
{
	if (word)
		munmap(word, sizeof(*word));
}

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
		return futex_wake(word, INT_MAX);
	}
	while (!(who = __atomic_load_n(word, __ATOMIC_ACQUIRE)) && !rc)
		rc = futex_wait(word, 0);
	*pid = (pid_t)who;
	return rc;
}

#endif /* BENCH_RECEIVER_H */
