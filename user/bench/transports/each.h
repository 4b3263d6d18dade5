/* SPDX-License-Identifier: MIT */
/*
 * The loops of what moves one message a call, from and to a buffer:
 *
 *	unsigned char *NAME_buf(struct channel *ch)
 *	int NAME_send(struct channel *ch, size_t size)
 *		what is in the buffer; 0 or a negative errno
 *	ssize_t NAME_recv(struct channel *ch, size_t size)
 *		into it; the length, 0 at the end, or a negative errno
 *
 * DEFINE_EACH_LOOPS(NAME) makes `static const struct loops NAME_loops` of the
 * three. A batch is as many calls as messages: that is how such mechanisms are
 * used, and who gathers messages for one call measures something else.
 */
#ifndef BENCH_EACH_H
#define BENCH_EACH_H

#include <sys/types.h>

#include "../loops.h"

typedef unsigned char *each_buf_fn(struct channel *ch);
typedef int each_send_fn(struct channel *ch, size_t size);
typedef ssize_t each_recv_fn(struct channel *ch, size_t size);

static ALWAYS_INLINE int each_put(struct channel *ch, uint64_t seq, size_t n,
				  size_t size, each_buf_fn *buf,
				  each_send_fn *send)
{
	uint64_t end = seq + n;
	int rc;

	for (; seq < end; seq++) {
		payload_fill(buf(ch), seq, 1, size);
		rc = send(ch, size);
		if (bench_unlikely(rc))
			return rc;
	}
	return 0;
}

static ALWAYS_INLINE int each_get(struct channel *ch, uint64_t seq, size_t n,
				  size_t size, each_buf_fn *buf,
				  each_recv_fn *recv)
{
	uint64_t end = seq + n;
	ssize_t len;
	int rc;

	for (; seq < end; seq++) {
		len = recv(ch, size);
		if (bench_unlikely(len != (ssize_t)size))
			return len < 0 ? (int)len : len ? -EMSGSIZE : -EPIPE;
		rc = verify(ch, buf(ch), seq, 1, size);
		if (bench_unlikely(rc))
			return rc;
	}
	return 0;
}

#define DEFINE_EACH_LOOPS(name)						\
static ALWAYS_INLINE int name##_put(struct channel *ch, uint64_t seq,	\
				    size_t n, size_t size)		\
{									\
	return each_put(ch, seq, n, size, name##_buf, name##_send);	\
}									\
									\
static ALWAYS_INLINE int name##_get(struct channel *ch, uint64_t seq,	\
				    size_t n, size_t size)		\
{									\
	return each_get(ch, seq, n, size, name##_buf, name##_recv);	\
}									\
									\
DEFINE_LOOPS(name##_loops, name##_put, name##_get)

#endif /* BENCH_EACH_H */
