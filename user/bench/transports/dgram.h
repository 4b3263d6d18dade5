/* SPDX-License-Identifier: MIT */
/*
 * What datagram sockets share: a message is a datagram, sent by one send(2) and
 * received by one recv(2).
 *
 * UNIX and Netlink sockets block who sends to a full receiver. UDP and packet
 * sockets drop the datagram instead, so there the sender keeps a window: it
 * counts what is under way, and the receiver says so after each half of it by a
 * datagram of its own. A round trip needs none: its answers say it.
 */
#ifndef BENCH_DGRAM_H
#define BENCH_DGRAM_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../loops.h"
#include "fits.h"

/*
 * struct dgram - as each process sees it
 * @fd: the two ends, by enum side, each connected to the other
 * @window: how many may be under way; 0 where the kernel sees to it
 * @moved: sent and not yet known to be received, or received and not yet told
 * @header: bytes in front of the payload
 * @buf: a datagram, behind the header of an acknowledgement if there is one
 */
struct dgram {
	int fd[2];
	uint32_t window;
	uint32_t moved;
	size_t header;
	unsigned char ack[16];
	unsigned char buf[];
};

#define DGRAM_ACK_MAX	sizeof(((struct dgram *)0)->ack)

static inline uint32_t dgram_half(const struct dgram *d)
{
	return (d->window + 1) / 2;
}

/* The window is full: wait for half of it to be received. */
static inline int dgram_await_ack(struct dgram *d)
{
	unsigned char ack[DGRAM_ACK_MAX];

	if (recv(d->fd[SIDE_PRODUCER], ack, sizeof(ack), 0) < 0)
		return -errno;
	d->moved -= dgram_half(d);
	return 0;
}

static inline int dgram_acknowledge(struct dgram *d)
{
	d->moved = 0;
	if (send(d->fd[SIDE_CONSUMER], d->ack, sizeof(d->ack), 0) < 0)
		return -errno;
	return 0;
}

static ALWAYS_INLINE int dgram_put(struct channel *ch, uint64_t seq, size_t n,
				   size_t size)
{
	struct dgram *d = ch->state;
	uint64_t end = seq + n;
	int rc;

	for (; seq < end; seq++) {
		if (d->window && d->moved == d->window) {
			rc = dgram_await_ack(d);
			if (bench_unlikely(rc))
				return rc;
		}
		payload_fill(d->buf + d->header, seq, 1, size);
		if (bench_unlikely(send(d->fd[SIDE_PRODUCER], d->buf,
					d->header + size, 0) < 0))
			return -errno;
		d->moved++;
	}
	return 0;
}

static ALWAYS_INLINE int dgram_get(struct channel *ch, uint64_t seq, size_t n,
				   size_t size)
{
	struct dgram *d = ch->state;
	uint64_t end = seq + n;
	ssize_t len;
	int rc;

	for (; seq < end; seq++) {
		len = recv(d->fd[SIDE_CONSUMER], d->buf, d->header + size, 0);
		if (bench_unlikely(len < 0))
			return -errno;
		if (bench_unlikely((size_t)len != d->header + size))
			return -EMSGSIZE;
		rc = verify(ch, d->buf + d->header, seq, 1, size);
		if (!rc && d->window && ++d->moved == dgram_half(d))
			rc = dgram_acknowledge(d);
		if (bench_unlikely(rc))
			return rc;
	}
	return 0;
}

static inline struct dgram *dgram_new(struct channel *ch, size_t header)
{
	struct dgram *d = calloc(1, sizeof(*d) + header + ch->size);

	if (d) {
		d->fd[SIDE_PRODUCER] = -1;
		d->fd[SIDE_CONSUMER] = -1;
		d->header = header;
		ch->state = d;
	}
	return d;
}

/*
 * What a datagram of @len bytes is charged to the receiver's buffer is at most
 * this: powers of two, with the kernel's headers.
 */
#define DGRAM_CHARGE(len)	(2 * ((len) + 1024))

/*
 * Half of the receiver's buffer, since what was received is given back late.
 * An empty buffer takes one of any size.
 */
static inline int dgram_keep_window(struct channel *ch, struct dgram *d)
{
	size_t len = d->header + ch->size;
	socklen_t optlen = sizeof(int);
	int bytes;

	if (getsockopt(d->fd[SIDE_CONSUMER], SOL_SOCKET, SO_RCVBUF, &bytes,
		       &optlen))
		return -errno;
	d->window = (uint32_t)((size_t)bytes / 2 / DGRAM_CHARGE(len));
	if (!d->window)
		d->window = 1;
	if (ch->partner)
		d->window = 0;
	return 0;
}

/* Close the other end, so that each process sees the death of the other. */
static inline int dgram_join(struct channel *ch, enum side side)
{
	struct dgram *d = ch->state;
	enum side other = side == SIDE_PRODUCER ? SIDE_CONSUMER : SIDE_PRODUCER;

	close(d->fd[other]);
	d->fd[other] = -1;
	return 0;
}

static inline void dgram_close(struct channel *ch)
{
	struct dgram *d = ch->state;
	int i;

	for (i = 0; d && i < 2; i++)
		if (d->fd[i] >= 0)
			close(d->fd[i]);
	free(d);
	ch->state = NULL;
}

#endif /* BENCH_DGRAM_H */
