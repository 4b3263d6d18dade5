// SPDX-License-Identifier: MIT
/* Concurrency Kit's ck_ring, one producer and one consumer, in shared memory. */
/* One copy (out of the slot, which is filled in place), no system call. */
/* man 3 ck_ring_init, ck_ring_dequeue_spsc */
#include <ck_ring.h>
#include <stdio.h>
#include <sys/mman.h>

#include "../loops.h"

/*
 * The ring knows the size of its slots when it is compiled. It holds as many
 * slots as fit into --ring-size, one of which always stays empty. It has no
 * batches: n messages are enqueued one by one. It cannot sleep: it pauses.
 */
#define FOR_EACH_SIZE(X)						\
	X(8) X(16) X(32) X(64) X(128) X(256) X(512) X(1024) X(2048) X(4096)

#define DEFINE_SLOT(bytes)						\
struct slot_##bytes {							\
	_Alignas(8) unsigned char data[bytes];				\
};									\
CK_RING_PROTOTYPE(bytes, slot_##bytes)					\
									\
static ALWAYS_INLINE void put_##bytes(struct ck_ring *ring, void *slots, \
				      uint64_t seq)			\
{									\
	struct slot_##bytes *slot;					\
									\
	while (!(slot = ck_ring_enqueue_reserve_spsc_##bytes(ring, slots))) \
		ck_pr_stall();						\
	payload_fill(slot, seq, 1, bytes);				\
	ck_ring_enqueue_commit_spsc(ring);				\
}									\
									\
static ALWAYS_INLINE int get_##bytes(struct channel *ch,		\
				     struct ck_ring *ring, void *slots,	\
				     uint64_t seq)			\
{									\
	struct slot_##bytes slot;					\
									\
	while (!CK_RING_DEQUEUE_SPSC(bytes, ring, slots, &slot))	\
		ck_pr_stall();						\
	return verify(ch, &slot, seq, 1, bytes);			\
}

FOR_EACH_SIZE(DEFINE_SLOT)

/* What lies in the shared memory; the slots begin on a line of their own. */
struct ck_shared {
	struct ck_ring ring;
	_Alignas(2 * CK_MD_CACHELINE) unsigned char slots[];
};

#define PUT_CASE(bytes)							\
	case bytes:							\
		put_##bytes(&s->ring, s->slots, seq);			\
		break;

#define GET_CASE(bytes)							\
	case bytes:							\
		rc = get_##bytes(ch, &s->ring, s->slots, seq);		\
		break;

static ALWAYS_INLINE int ck_ring_put(struct channel *ch, uint64_t seq, size_t n,
				     size_t size)
{
	struct ck_shared *s = ch->state;
	uint64_t end = seq + n;

	for (; seq < end; seq++)
		switch (size) {
		FOR_EACH_SIZE(PUT_CASE)
		}
	return 0;
}

static ALWAYS_INLINE int ck_ring_get(struct channel *ch, uint64_t seq, size_t n,
				     size_t size)
{
	struct ck_shared *s = ch->state;
	uint64_t end = seq + n;
	int rc = -EMSGSIZE;

	for (; seq < end; seq++) {
		switch (size) {
		FOR_EACH_SIZE(GET_CASE)
		}
		if (bench_unlikely(rc))
			return rc;
	}
	return 0;
}

DEFINE_LOOPS(ck_ring_loops, ck_ring_put, ck_ring_get);

#define IS_SIZE(bytes)	|| ch->size == (bytes)

static bool ck_ring_fits(const struct channel *ch, char why[WHY_MAX])
{
	if (!(false FOR_EACH_SIZE(IS_SIZE))) {
		snprintf(why, WHY_MAX,
			 "ck-ring: %u bytes: its slots are powers of two from 8 to 4096 bytes",
			 ch->size);
		return false;
	}
	if (ch->capacity / ch->size > 1)
		return true;
	snprintf(why, WHY_MAX,
		 "ck-ring: %u bytes: a ring of %llu bytes has no two such slots: larger --ring-size",
		 ch->size, (unsigned long long)ch->capacity);
	return false;
}

static size_t ck_ring_bytes(const struct channel *ch)
{
	return sizeof(struct ck_shared) + ch->capacity;
}

static int ck_ring_open(struct channel *ch)
{
	struct ck_shared *s = mmap(NULL, ck_ring_bytes(ch),
				   PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (s == MAP_FAILED)
		return -errno;
	ck_ring_init(&s->ring, (unsigned int)(ch->capacity / ch->size));
	ch->state = s;
	return 0;
}

static void ck_ring_close(struct channel *ch)
{
	if (ch->state)
		munmap(ch->state, ck_ring_bytes(ch));
	ch->state = NULL;
}

const struct transport transport_ck_ring = {
	.name = "ck-ring",
	.group = "libraries",
	.what = "Concurrency Kit's ck_ring in shared memory, the fastest packaged C ring",
	.loops = &ck_ring_loops,
	.fits = ck_ring_fits,
	.open = ck_ring_open,
	.close = ck_ring_close,
};
