// SPDX-License-Identifier: MIT
/* Blocks of shared memory that one CPU writes and the other copies. */
#include <stdlib.h>
#include <sys/mman.h>

#include "limit.h"
#include "loops.h"

#define LINE	128	/* two, for the adjacent-line prefetcher */
#define BLOCKS	8	/* together 16 KiB: they stay in the first cache */

/* Each word is written by one side. */
struct copy_shared {
	_Alignas(LINE) uint64_t head;
	_Alignas(LINE) uint64_t tail;
	_Alignas(4096) unsigned char blocks[];
};

#define COPY_BYTES	(sizeof(struct copy_shared) + BLOCKS * LIMIT_COPY_BLOCK)

struct copy {
	struct copy_shared *shared;
	uint64_t own[LIMIT_COPY_BLOCK / 8];
};

/* The acquire of tail pairs with the consumer's release of it, and head's. */
static ALWAYS_INLINE int copy_put(struct channel *ch, uint64_t seq, size_t n,
				  size_t size)
{
	struct copy_shared *s = ((struct copy *)ch->state)->shared;

	(void)n;
	while (seq - __atomic_load_n(&s->tail, __ATOMIC_ACQUIRE) >= BLOCKS)
		;
	payload_fill(s->blocks + seq % BLOCKS * size, seq, 1, size);
	__atomic_store_n(&s->head, seq + 1, __ATOMIC_RELEASE);
	return 0;
}

static ALWAYS_INLINE int copy_get(struct channel *ch, uint64_t seq, size_t n,
				  size_t size)
{
	struct copy *c = ch->state;
	struct copy_shared *s = c->shared;
	const uint64_t *from;
	size_t i;

	(void)n;
	while (__atomic_load_n(&s->head, __ATOMIC_ACQUIRE) <= seq)
		;
	/*
	 * The complement, since compilers make a plain loop a memcpy(), whose
	 * string instruction is slower where the lines are in another cache.
	 */
	from = (const void *)(s->blocks + seq % BLOCKS * size);
	for (i = 0; i < size / sizeof(*from); i++)
		c->own[i] = ~from[i];
	/* Nobody reads the copy, but it is to be made. */
	__asm__ volatile("" : : "r"(c->own) : "memory");
	__atomic_store_n(&s->tail, seq + 1, __ATOMIC_RELEASE);
	return 0;
}

DEFINE_LOOPS(copy_loops, copy_put, copy_get);

static int copy_open(struct channel *ch)
{
	struct copy *c = calloc(1, sizeof(*c));
	void *p;

	if (!c)
		return -ENOMEM;
	ch->state = c;
	p = mmap(NULL, COPY_BYTES, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	c->shared = p;
	return 0;
}

static void copy_close(struct channel *ch)
{
	struct copy *c = ch->state;

	if (c && c->shared)
		munmap(c->shared, COPY_BYTES);
	free(c);
	ch->state = NULL;
}

const struct transport limit_copy = {
	.name = "copy",
	.what = "the bare copy from one CPU's cache to the other's: the limit",
	.loops = &copy_loops,
	.open = copy_open,
	.close = copy_close,
};
