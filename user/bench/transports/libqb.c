// SPDX-License-Identifier: MIT
/* libqb's ring buffer in shared memory, as Pacemaker and Corosync use it. */
/* No copy and no system call; two system calls where the reader sleeps. */
/* man 3 qbrb.h */
#include <qb/qbrb.h>
#include <stdlib.h>
#include <unistd.h>

#include "../loops.h"
#include "fits.h"
#include "relax.h"

/*
 * The reader sleeps on a semaphore. The writer cannot sleep where it is full:
 * it has to come again.
 */
static ALWAYS_INLINE int qb_put(struct channel *ch, uint64_t seq, size_t n,
				size_t size)
{
	qb_ringbuffer_t *rb = ch->state;
	uint64_t end = seq + n;
	unsigned int spins;
	void *chunk;
	int rc;

	for (; seq < end; seq++) {
		spins = 0;
		while (bench_unlikely(!(chunk = qb_rb_chunk_alloc(rb, size)))) {
			if (errno != EAGAIN)
				return -errno;
			relax(&spins);
		}
		payload_fill(chunk, seq, 1, size);
		rc = qb_rb_chunk_commit(rb, size);
		if (bench_unlikely(rc < 0))
			return rc;
	}
	return 0;
}

static ALWAYS_INLINE int qb_get(struct channel *ch, uint64_t seq, size_t n,
				size_t size)
{
	qb_ringbuffer_t *rb = ch->state;
	uint64_t end = seq + n;
	void *chunk;
	ssize_t len;
	int rc;

	for (; seq < end; seq++) {
		do
			len = qb_rb_chunk_peek(rb, &chunk, -1);
		while (bench_unlikely(len == -EINTR));
		if (bench_unlikely(len != (ssize_t)size))
			return len < 0 ? (int)len : -EMSGSIZE;
		rc = verify(ch, chunk, seq, 1, size);
		if (bench_unlikely(rc))
			return rc;
		qb_rb_chunk_reclaim(rb);
	}
	return 0;
}

DEFINE_LOOPS(qb_loops, qb_put, qb_get);

/* Both processes inherit the mapping, so the two files go before they start. */
static void qb_unlink(const char *name)
{
	static const char *const parts[] = { "header", "data" };
	char path[128];
	int i;

	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s-%s", name, parts[i]);
		unlink(path);
	}
}

static int qb_open(struct channel *ch)
{
	char name[64];
	int rc = 0;

	snprintf(name, sizeof(name), "/dev/shm/shmring-bench-qb-%d-%u",
		 (int)getpid(), ch->id);
	/* Of a process that had this number and was killed within this call. */
	qb_unlink(name);
	ch->state = qb_rb_open(name, ch->capacity, QB_RB_FLAG_CREATE |
			       QB_RB_FLAG_SHARED_PROCESS, 0);
	if (!ch->state)
		rc = errno ? -errno : -EIO;
	qb_unlink(name);
	if (rc)
		snprintf(ch->why, sizeof(ch->why),
			 "libqb: no ring of %llu bytes: %s: df /dev/shm",
			 (unsigned long long)ch->capacity, strerror(-rc));
	return rc;
}

static void qb_close(struct channel *ch)
{
	if (ch->state)
		qb_rb_close(ch->state);
	ch->state = NULL;
}

const struct transport transport_libqb = {
	.name = "libqb",
	.group = "libraries",
	.what = "libqb's ring in shared memory, as Pacemaker and Corosync use it",
	.loops = &qb_loops,
	.asleep = &qb_loops,
	.fits = fits_half,
	.open = qb_open,
	.close = qb_close,
};
