/* SPDX-License-Identifier: MIT */
/*
 * A bounded buffer of message slots in memory that both processes map, for one
 * producer and one consumer. What differs from transport to transport is where
 * the memory comes from and how the sides tell each other:
 *
 *	int NAME_take(struct channel *ch, enum side side, uint32_t most)
 *		wait for slots to fill (producer) or to empty (consumer);
 *		returns how many, at most @most, or a negative errno
 *	int NAME_give(struct channel *ch, enum side side, uint32_t n)
 *		hand @n of them, which end at .pos, to the other side
 *
 * DEFINE_SLOTS_LOOPS(NAME) makes `static const struct loops NAME_loops` of the
 * two.
 */
#ifndef BENCH_SLOTS_H
#define BENCH_SLOTS_H

#include <fcntl.h>
#include <sys/mman.h>

#include "../loops.h"
#include "ends.h"
#include "fits.h"

#define SLOTS_CTL	65536u	/* bytes in front of the slots: any page size */
#define SLOTS_MAX	16384u	/* a System V semaphore counts to 32767 */

/*
 * struct slots - as each process sees it, the first member of a channel's state
 * @ctl: shared memory for what the sides tell each other
 * @data: the slots, back to back
 * @bytes: of the whole mapping
 * @nr: slots, a power of two
 * @pos: where this side is, free-running
 */
struct slots {
	void *ctl;
	unsigned char *data;
	size_t bytes;
	uint32_t nr;
	uint32_t pos;
};

/*
 * slots_new - the state of a channel, without its memory
 * @state_bytes: of the transport's struct that begins with struct slots
 * @slot_bytes: of each slot
 */
static inline void *slots_new(struct channel *ch, size_t state_bytes,
			      size_t slot_bytes)
{
	uint64_t most = ch->capacity / ch->size;
	struct slots *s = calloc(1, state_bytes);

	if (!s)
		return NULL;
	for (s->nr = 2; 2ull * s->nr <= most && s->nr < SLOTS_MAX; s->nr *= 2)
		;
	s->bytes = SLOTS_CTL + s->nr * slot_bytes;
	ch->state = s;
	return s;
}

static inline void slots_use(struct slots *s, void *mem)
{
	s->ctl = mem;
	s->data = (unsigned char *)mem + SLOTS_CTL;
}

/*
 * slots_map - @fd is the memory, -1 for anonymous memory; closes it
 *
 * Allocates all of it: in a file system that is full, the first touch of a page
 * would be a SIGBUS.
 */
static inline int slots_map(struct slots *s, int fd)
{
	int rc = fd < 0 ? 0 : -posix_fallocate(fd, 0, (off_t)s->bytes);
	void *mem;

	if (!rc) {
		mem = mmap(NULL, s->bytes, PROT_READ | PROT_WRITE,
			   MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
		if (mem == MAP_FAILED)
			rc = -errno;
		else
			slots_use(s, mem);
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

static inline void slots_close(struct channel *ch)
{
	struct slots *s = ch->state;

	if (s && s->ctl)
		munmap(s->ctl, s->bytes);
	free(s);
	ch->state = NULL;
}

/* Slots that lie back to back and leave some to the other side. */
static ALWAYS_INLINE uint32_t slots_run(const struct slots *s, size_t n)
{
	uint32_t run = s->nr - (s->pos & (s->nr - 1));

	if (run > s->nr / 2)
		run = s->nr / 2;
	return n < run ? (uint32_t)n : run;
}

static ALWAYS_INLINE unsigned char *slots_at(const struct slots *s,
					     uint32_t pos, size_t slot_bytes)
{
	return s->data + (pos & (s->nr - 1)) * slot_bytes;
}

typedef int slots_fn(struct channel *ch, enum side side, uint32_t n);

static ALWAYS_INLINE int slots_put(struct channel *ch, uint64_t seq, size_t n,
				   size_t size, slots_fn *take, slots_fn *give)
{
	struct slots *s = ch->state;
	int rc, run;

	for (; n; n -= (size_t)run, seq += (uint64_t)run) {
		run = take(ch, SIDE_PRODUCER, slots_run(s, n));
		if (bench_unlikely(run < 0))
			return run;
		payload_fill(slots_at(s, s->pos, size), seq, (size_t)run, size);
		s->pos += (uint32_t)run;
		rc = give(ch, SIDE_PRODUCER, (uint32_t)run);
		if (bench_unlikely(rc))
			return rc;
	}
	return 0;
}

static ALWAYS_INLINE int slots_get(struct channel *ch, uint64_t seq, size_t n,
				   size_t size, slots_fn *take, slots_fn *give)
{
	struct slots *s = ch->state;
	int rc, run;

	for (; n; n -= (size_t)run, seq += (uint64_t)run) {
		run = take(ch, SIDE_CONSUMER, slots_run(s, n));
		if (bench_unlikely(run < 0))
			return run;
		rc = verify(ch, slots_at(s, s->pos, size), seq, (size_t)run,
			    size);
		if (bench_unlikely(rc))
			return rc;
		s->pos += (uint32_t)run;
		rc = give(ch, SIDE_CONSUMER, (uint32_t)run);
		if (bench_unlikely(rc))
			return rc;
	}
	return 0;
}

#define DEFINE_SLOTS_LOOPS(name)					\
static ALWAYS_INLINE int name##_put(struct channel *ch, uint64_t seq,	\
				    size_t n, size_t size)		\
{									\
	return slots_put(ch, seq, n, size, name##_take, name##_give);	\
}									\
									\
static ALWAYS_INLINE int name##_get(struct channel *ch, uint64_t seq,	\
				    size_t n, size_t size)		\
{									\
	return slots_get(ch, seq, n, size, name##_take, name##_give);	\
}									\
									\
DEFINE_LOOPS(name##_loops, name##_put, name##_get)

#endif /* BENCH_SLOTS_H */
