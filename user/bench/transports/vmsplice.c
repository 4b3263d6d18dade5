// SPDX-License-Identifier: MIT
/* A pipe that takes references to the sender's pages instead of bytes. */
/* One copy (out of the kernel) and two system calls per message. */
/* man 2 vmsplice */
#include <sys/uio.h>

#include "pipe.h"

#define PAGE	4096u
#define LINE	64u

/*
 * A page must not change until it was read. A message is at least so many
 * pieces of pages, and a pipe of P pages holds at most P pieces. So buffers are
 * taken in turn: as many as the pipe can hold messages, one that it holds in
 * part, one that is being filled.
 */
static ALWAYS_INLINE uint64_t vmsplice_buffers(const struct channel *ch,
					       size_t size)
{
	return ch->capacity / PAGE / (1 + (size - 1) / PAGE) + 2;
}

static ALWAYS_INLINE size_t vmsplice_stride(size_t size)
{
	size_t unit = size > PAGE / 2 ? PAGE : LINE;

	return (size + unit - 1) / unit * unit;
}

static ALWAYS_INLINE unsigned char *vmsplice_buffer(struct channel *ch,
						    uint64_t seq, size_t size)
{
	struct stream *s = ch->state;
	uintptr_t first = ((uintptr_t)s->buf + PAGE - 1) / PAGE * PAGE;

	return (unsigned char *)first +
	       seq % vmsplice_buffers(ch, size) * vmsplice_stride(size);
}

static ALWAYS_INLINE int vmsplice_put(struct channel *ch, uint64_t seq,
				      size_t n, size_t size)
{
	struct stream *s = ch->state;
	uint64_t end = seq + n;
	struct iovec iov;
	ssize_t rc;

	for (; seq < end; seq++) {
		iov.iov_base = vmsplice_buffer(ch, seq, size);
		payload_fill(iov.iov_base, seq, 1, size);
		for (iov.iov_len = size; iov.iov_len;
		     iov.iov_len -= (size_t)rc) {
			rc = vmsplice(s->ends.fd[SIDE_PRODUCER], &iov, 1, 0);
			if (bench_unlikely(rc < 0))
				return -errno;
			iov.iov_base = (char *)iov.iov_base + rc;
		}
	}
	return 0;
}

static ALWAYS_INLINE int vmsplice_get(struct channel *ch, uint64_t seq,
				      size_t n, size_t size)
{
	return each_get(ch, seq, n, size, stream_buf, stream_recv);
}

DEFINE_LOOPS(vmsplice_loops, vmsplice_put, vmsplice_get);

static int vmsplice_open(struct channel *ch)
{
	return pipe_open(ch, PAGE + vmsplice_buffers(ch, ch->size) *
				    vmsplice_stride(ch->size));
}

const struct transport transport_vmsplice = {
	.name = "vmsplice",
	.group = "pipes",
	.what = "pipe of the sender's pages, one vmsplice and one read per message",
	.loops = &vmsplice_loops,
	.asleep = &vmsplice_loops,
	.open = vmsplice_open,
	.join = ends_join,
	.close = ends_close,
};
