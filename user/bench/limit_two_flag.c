// SPDX-License-Identifier: MIT
/* A flag in shared memory for each way; no copy, no system call, no message. */
#include <sys/mman.h>

#include "limit.h"
#include "loops.h"

/* Only the flag is on its page, so neither side disturbs the other's line. */
struct flag {
	uint64_t seq;
};

/* Pairs with the acquire below, as a message's publication would. */
static ALWAYS_INLINE int flag_put(struct channel *ch, uint64_t seq, size_t n,
				  size_t size)
{
	struct flag *f = ch->state;

	(void)n;
	(void)size;
	__atomic_store_n(&f->seq, seq + 1, __ATOMIC_RELEASE);
	return 0;
}

static ALWAYS_INLINE int flag_get(struct channel *ch, uint64_t seq, size_t n,
				  size_t size)
{
	struct flag *f = ch->state;

	(void)n;
	(void)size;
	while (__atomic_load_n(&f->seq, __ATOMIC_ACQUIRE) != seq + 1)
		;
	return 0;
}

DEFINE_LOOPS(flag_loops, flag_put, flag_get);

static int flag_open(struct channel *ch)
{
	void *p = mmap(NULL, sizeof(struct flag), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	ch->state = p;
	return 0;
}

static void flag_close(struct channel *ch)
{
	if (ch->state)
		munmap(ch->state, sizeof(struct flag));
	ch->state = NULL;
}

const struct transport limit_two_flag = {
	.name = "two-flag",
	.what = "the bare round trip of two flags: the limit",
	.loops = &flag_loops,
	.open = flag_open,
	.close = flag_close,
};
