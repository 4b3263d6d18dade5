// SPDX-License-Identifier: MIT
/* A pair of UNIX stream sockets, each side with an io_uring of its own. */
/* Two copies (in and out of the kernel) and two system calls per publish. */
/* man 7 io_uring */
#include <liburing.h>
#include <sys/socket.h>

#include "../loops.h"
#include "ends.h"
#include "fits.h"

#define URING_DEPTH	64u

/* @ring is made after the fork: it belongs to the process that uses it. */
struct uring {
	struct ends ends;
	struct io_uring ring;
	unsigned int depth;
	unsigned char buf[];
};

/* Send or receive @n messages, in order, all of each. One system call. */
static ALWAYS_INLINE int uring_submit(struct uring *u, enum side side,
				      unsigned int n, size_t size)
{
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	unsigned int i, head;
	int rc, fd = u->ends.fd[side];

	for (i = 0; i < n; i++) {
		sqe = io_uring_get_sqe(&u->ring);
		if (bench_unlikely(!sqe))
			return -EBUSY;
		if (side == SIDE_PRODUCER)
			io_uring_prep_send(sqe, fd, u->buf + i * size, size,
					   MSG_WAITALL | MSG_NOSIGNAL);
		else
			io_uring_prep_recv(sqe, fd, u->buf + i * size, size,
					   MSG_WAITALL);
		if (i + 1 < n)
			sqe->flags |= IOSQE_IO_LINK;
	}
	/* Stopped and continued, it submits, and does not wait. */
	do {
		rc = io_uring_submit_and_wait(&u->ring, n);
		if (bench_unlikely(rc < 0 && rc != -EINTR))
			return rc;
	} while (bench_unlikely(io_uring_cq_ready(&u->ring) < n));
	rc = 0;
	io_uring_for_each_cqe(&u->ring, head, cqe)
		if (bench_unlikely(cqe->res != (int)size) && !rc)
			rc = cqe->res < 0 ? cqe->res : -EPIPE;
	io_uring_cq_advance(&u->ring, n);
	return rc;
}

static ALWAYS_INLINE int uring_put(struct channel *ch, uint64_t seq, size_t n,
				   size_t size)
{
	struct uring *u = ch->state;
	unsigned int run;
	int rc;

	for (; n; n -= run, seq += run) {
		run = n < u->depth ? (unsigned int)n : u->depth;
		payload_fill(u->buf, seq, run, size);
		rc = uring_submit(u, SIDE_PRODUCER, run, size);
		if (bench_unlikely(rc))
			return rc;
	}
	return 0;
}

static ALWAYS_INLINE int uring_get(struct channel *ch, uint64_t seq, size_t n,
				   size_t size)
{
	struct uring *u = ch->state;
	unsigned int run;
	int rc;

	for (; n; n -= run, seq += run) {
		run = n < u->depth ? (unsigned int)n : u->depth;
		rc = uring_submit(u, SIDE_CONSUMER, run, size);
		if (!rc)
			rc = verify(ch, u->buf, seq, run, size);
		if (bench_unlikely(rc))
			return rc;
	}
	return 0;
}

DEFINE_LOOPS(uring_loops, uring_put, uring_get);

/* Completions run where their owner waits; kernels before 6.1 lack that. */
static int uring_init(struct io_uring *ring)
{
	int rc = io_uring_queue_init(URING_DEPTH, ring,
				     IORING_SETUP_SINGLE_ISSUER |
				     IORING_SETUP_DEFER_TASKRUN);

	return rc == -EINVAL ? io_uring_queue_init(URING_DEPTH, ring, 0) : rc;
}

static bool uring_probe(char why[WHY_MAX])
{
	uint64_t off = sysctl_number("/proc/sys/kernel/io_uring_disabled");
	struct io_uring ring;
	int rc = uring_init(&ring);

	if (!rc) {
		io_uring_queue_exit(&ring);
		return true;
	}
	snprintf(why, WHY_MAX, "io-uring: not possible: %s: %s", strerror(-rc),
		 off && off != UINT64_MAX ? "sysctl kernel.io_uring_disabled=0" :
		 "run it outside of this sandbox, or on Linux 5.6");
	return false;
}

static int uring_open(struct channel *ch)
{
	uint64_t depth = ch->capacity / ch->size;
	struct uring *u;

	if (depth > URING_DEPTH)
		depth = URING_DEPTH;
	if (!depth)
		depth = 1;
	u = ends_new(ch, sizeof(*u) + depth * ch->size);
	if (!u)
		return -ENOMEM;
	u->depth = (unsigned int)depth;
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, u->ends.fd) ?
	       -errno : 0;
}

static int uring_join(struct channel *ch, enum side side)
{
	struct uring *u = ch->state;

	ends_join(ch, side);
	return uring_init(&u->ring);
}

const struct transport transport_io_uring = {
	.name = "io-uring",
	.group = "sockets",
	.what = "UNIX stream socket by io_uring, one submission per publish",
	.loops = &uring_loops,
	.asleep = &uring_loops,
	.batches = true,
	.probe = uring_probe,
	.open = uring_open,
	.join = uring_join,
	.close = ends_close,
};
