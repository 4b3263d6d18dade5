/* SPDX-License-Identifier: MIT */
/*
 * What byte streams share: each message is filled in a buffer, written by one
 * write(2) and read by one read(2) of its size, more only where the kernel
 * takes or gives a part. A batch is as many writes as messages: that is how
 * such a stream of messages is written, and a reader with a larger buffer would
 * measure something else.
 */
#ifndef BENCH_STREAM_H
#define BENCH_STREAM_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../loops.h"

/* The descriptors of the two ends, by enum side, and the caller's buffer. */
struct stream {
	int fd[2];
	unsigned char buf[];
};

static ALWAYS_INLINE int stream_put(struct channel *ch, uint64_t seq, size_t n,
				    size_t size)
{
	struct stream *s = ch->state;
	uint64_t end = seq + n;
	size_t done;
	ssize_t rc;

	for (; seq < end; seq++) {
		payload_fill(s->buf, seq, 1, size);
		for (done = 0; done < size; done += (size_t)rc) {
			rc = write(s->fd[SIDE_PRODUCER], s->buf + done,
				   size - done);
			if (bench_unlikely(rc < 0))
				return -errno;
		}
	}
	return 0;
}

static ALWAYS_INLINE int stream_get(struct channel *ch, uint64_t seq, size_t n,
				    size_t size)
{
	struct stream *s = ch->state;
	uint64_t end = seq + n;
	size_t done;
	ssize_t rc;

	for (; seq < end; seq++) {
		for (done = 0; done < size; done += (size_t)rc) {
			rc = read(s->fd[SIDE_CONSUMER], s->buf + done,
				  size - done);
			if (bench_unlikely(rc < 0))
				return -errno;
			if (bench_unlikely(!rc))
				return -EPIPE;
		}
		rc = verify(ch, s->buf, seq, 1, size);
		if (bench_unlikely(rc))
			return (int)rc;
	}
	return 0;
}

/* @bytes: of the caller's buffer */
static inline struct stream *stream_new(struct channel *ch, size_t bytes)
{
	struct stream *s = calloc(1, sizeof(*s) + bytes);

	if (s) {
		s->fd[SIDE_PRODUCER] = -1;
		s->fd[SIDE_CONSUMER] = -1;
		ch->state = s;
	}
	return s;
}

/* Close the other end, so that each process sees the death of the other. */
static inline int stream_join(struct channel *ch, enum side side)
{
	struct stream *s = ch->state;
	enum side other = side == SIDE_PRODUCER ? SIDE_CONSUMER : SIDE_PRODUCER;

	close(s->fd[other]);
	s->fd[other] = -1;
	return 0;
}

static inline void stream_close(struct channel *ch)
{
	struct stream *s = ch->state;
	int i;

	for (i = 0; s && i < 2; i++)
		if (s->fd[i] >= 0)
			close(s->fd[i]);
	free(s);
	ch->state = NULL;
}

#endif /* BENCH_STREAM_H */
