/* SPDX-License-Identifier: MIT */
/* Sleeping on a word that two processes share, and looking before it. */
#ifndef BENCH_FUTEX_H
#define BENCH_FUTEX_H

#include <ck_pr.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../loops.h"

/* Looks before a sleep: together they last about as long as being woken. */
#define FUTEX_SPINS	1000

static inline unsigned int futex_spins(const struct channel *ch)
{
	return ch->sleeps ? 0 : FUTEX_SPINS;
}

/* Until a wake, or at once if @word is not @seen. 0 or a negative errno. */
static inline int futex_wait(uint32_t *word, uint32_t seen)
{
	if (!syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0) ||
	    errno == EAGAIN || errno == EINTR)
		return 0;
	return -errno;
}

static inline int futex_wake(uint32_t *word, int most)
{
	return syscall(SYS_futex, word, FUTEX_WAKE, most, NULL, NULL, 0) < 0 ?
	       -errno : 0;
}

#endif /* BENCH_FUTEX_H */
