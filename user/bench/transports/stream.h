/* SPDX-License-Identifier: MIT */
/*
 * What byte streams share: each message is filled in a buffer, written by one
 * write(2) and read by one read(2) of its size, more only where the kernel
 * takes or gives a part.
 */
#ifndef BENCH_STREAM_H
#define BENCH_STREAM_H

#include <stdio.h>

#include "each.h"
#include "ends.h"

struct stream {
	struct ends ends;
	unsigned char buf[];
};

static ALWAYS_INLINE unsigned char *stream_buf(struct channel *ch)
{
	struct stream *s = ch->state;

	return s->buf;
}

static ALWAYS_INLINE int stream_send(struct channel *ch, size_t size)
{
	struct stream *s = ch->state;
	size_t done;
	ssize_t rc;

	for (done = 0; done < size; done += (size_t)rc) {
		rc = write(s->ends.fd[SIDE_PRODUCER], s->buf + done,
			   size - done);
		if (bench_unlikely(rc < 0))
			return -errno;
	}
	return 0;
}

static ALWAYS_INLINE ssize_t stream_recv(struct channel *ch, size_t size)
{
	struct stream *s = ch->state;
	size_t done;
	ssize_t rc;

	for (done = 0; done < size; done += (size_t)rc) {
		rc = read(s->ends.fd[SIDE_CONSUMER], s->buf + done,
			  size - done);
		if (bench_unlikely(rc <= 0))
			return rc ? -errno : -EPIPE;
	}
	return (ssize_t)size;
}

/* @bytes: of the caller's buffer */
static inline struct stream *stream_new(struct channel *ch, size_t bytes)
{
	return ends_new(ch, sizeof(struct stream) + bytes);
}

#endif /* BENCH_STREAM_H */
