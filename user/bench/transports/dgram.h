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

#include <sys/socket.h>

#include "each.h"
#include "ends.h"
#include "fits.h"

#define DGRAM_ACK	16	/* bytes, with a header of any of them */

/*
 * struct dgram - as each process sees it
 * @ends: each connected to the other
 * @window: how many may be under way; 0 where the kernel sees to it
 * @moved: sent and not known to be received, or received and not yet told; only
 *	counted where there is a window
 * @header: bytes in front of the payload
 * @ack: what the receiver sends: its content does not matter, but its header
 * @buf: header and payload
 */
struct dgram {
	struct ends ends;
	uint32_t window;
	uint32_t moved;
	size_t header;
	unsigned char ack[DGRAM_ACK];
	unsigned char buf[];
};

static inline uint32_t dgram_half(const struct dgram *d)
{
	return (d->window + 1) / 2;
}

/* The window is full: wait for half of it to be received. */
static inline int dgram_await_ack(struct dgram *d)
{
	unsigned char ack[DGRAM_ACK];

	if (recv(d->ends.fd[SIDE_PRODUCER], ack, sizeof(ack), 0) < 0)
		return -errno;
	d->moved -= dgram_half(d);
	return 0;
}

static inline int dgram_acknowledge(struct dgram *d)
{
	d->moved = 0;
	if (send(d->ends.fd[SIDE_CONSUMER], d->ack, sizeof(d->ack), 0) < 0)
		return -errno;
	return 0;
}

static ALWAYS_INLINE unsigned char *dgram_buf(struct channel *ch)
{
	struct dgram *d = ch->state;

	return d->buf + d->header;
}

static ALWAYS_INLINE int dgram_send(struct channel *ch, size_t size)
{
	struct dgram *d = ch->state;
	int rc;

	if (d->window && d->moved++ == d->window) {
		rc = dgram_await_ack(d);
		if (bench_unlikely(rc))
			return rc;
	}
	return send(d->ends.fd[SIDE_PRODUCER], d->buf, d->header + size, 0) < 0 ?
	       -errno : 0;
}

static ALWAYS_INLINE ssize_t dgram_recv(struct channel *ch, size_t size)
{
	struct dgram *d = ch->state;
	ssize_t len = recv(d->ends.fd[SIDE_CONSUMER], d->buf, d->header + size,
			   0);
	int rc;

	if (bench_unlikely(len < (ssize_t)d->header))
		return len < 0 ? -errno : -EMSGSIZE;
	if (d->window && ++d->moved == dgram_half(d)) {
		rc = dgram_acknowledge(d);
		if (bench_unlikely(rc))
			return rc;
	}
	return len - (ssize_t)d->header;
}

DEFINE_EACH_LOOPS(dgram);

static inline struct dgram *dgram_new(struct channel *ch, size_t header)
{
	struct dgram *d = ends_new(ch, sizeof(*d) + header + ch->size);

	if (d)
		d->header = header;
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

	if (getsockopt(d->ends.fd[SIDE_CONSUMER], SOL_SOCKET, SO_RCVBUF, &bytes,
		       &optlen))
		return -errno;
	d->window = (uint32_t)((size_t)bytes / 2 / DGRAM_CHARGE(len));
	if (!d->window)
		d->window = 1;
	if (ch->partner)
		d->window = 0;
	return 0;
}

#endif /* BENCH_DGRAM_H */
