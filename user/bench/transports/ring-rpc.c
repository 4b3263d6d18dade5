// SPDX-License-Identifier: MIT
/* A remote procedure call over two of this project's rings. */
/* No copy and no system call; two system calls where a side sleeps. */
/* man 3 shmring_open */
#include <stdlib.h>

#include "ring.h"
#include "rpc.h"

/*
 * A call and its reply are a record each: a number that tells which call it is,
 * then the message, if there is one. The tag of a call is its procedure, that
 * of a reply is 0.
 *
 * struct ring_rpc - by enum side of the channel: calls are the first, whose
 *	producer is the caller
 */
struct ring_rpc {
	struct shmring *call;
	struct shmring *reply;
};

struct ring_rpc_head {
	uint64_t xid;
	unsigned char message[];
};

/* @size: 0 for a record without a message */
static ALWAYS_INLINE int ring_rpc_send(struct shmring *r, uint32_t tag,
				       uint64_t seq, size_t size)
{
	struct ring_rpc_head *h;
	int rc;

	while (bench_unlikely(!(h = shmring_reserve(r, sizeof(*h) + size)))) {
		rc = ring_stalled(r, errno);
		if (rc)
			return rc;
	}
	h->xid = seq;
	if (size)
		payload_fill(h->message, seq, 1, size);
	shmring_commit(r, sizeof(*h) + size, tag);
	return 0;
}

/* The next record, whose message must be @seq; @size as above. */
static ALWAYS_INLINE int ring_rpc_receive(struct channel *ch, struct shmring *r,
					  uint32_t *tag, uint64_t *xid,
					  uint64_t seq, size_t size)
{
	const struct ring_rpc_head *h;
	size_t len;
	int rc;

	while (bench_unlikely(!(h = shmring_peek(r, &len, tag)))) {
		rc = ring_stalled(r, errno);
		if (rc)
			return rc;
	}
	if (bench_unlikely(len != sizeof(*h) + size))
		return -EBADMSG;
	*xid = h->xid;
	rc = size ? verify(ch, h->message, seq, 1, size) : 0;
	if (!rc)
		shmring_release(r, len);
	return rc;
}

static ALWAYS_INLINE int ring_rpc_call(struct channel *ch, uint64_t seq,
				       size_t n, size_t size, uint32_t proc)
{
	struct ring_rpc *r = ch->state;
	uint64_t xid, end = seq + n;
	uint32_t status;
	int rc;

	for (; seq < end; seq++) {
		rc = ring_rpc_send(r->call, proc, seq, size);
		if (!rc)
			rc = ring_rpc_receive(ch, r->reply, &status, &xid, seq,
					      proc == RPC_ECHO ? size : 0);
		if (bench_unlikely(rc))
			return rc;
		if (bench_unlikely(status || xid != seq))
			return -EBADMSG;
	}
	return 0;
}

static ALWAYS_INLINE int ring_rpc_put(struct channel *ch, uint64_t seq,
				      size_t n, size_t size)
{
	return ring_rpc_call(ch, seq, n, size, RPC_PUT);
}

static ALWAYS_INLINE int ring_rpc_echo(struct channel *ch, uint64_t seq,
				       size_t n, size_t size)
{
	return ring_rpc_call(ch, seq, n, size, RPC_ECHO);
}

/* Whose call it is, the caller says: a reply has the number of its call. */
static ALWAYS_INLINE int ring_rpc_serve(struct channel *ch, uint64_t seq,
					size_t n, size_t size)
{
	struct ring_rpc *r = ch->state;
	uint64_t xid, end = seq + n;
	uint32_t proc;
	int rc;

	for (; seq < end; seq++) {
		rc = ring_rpc_receive(ch, r->call, &proc, &xid, seq, size);
		if (bench_unlikely(rc))
			return rc;
		switch (proc) {
		case RPC_PUT:
			rc = ring_rpc_send(r->reply, 0, xid, 0);
			break;
		case RPC_ECHO:
			rc = ring_rpc_send(r->reply, 0, xid, size);
			break;
		default:
			rc = -EBADMSG;
		}
		if (bench_unlikely(rc))
			return rc;
	}
	return 0;
}

DEFINE_RPC_LOOPS(ring_rpc_loops, ring_rpc_put, ring_rpc_echo, ring_rpc_serve);

static int ring_rpc_open(struct channel *ch)
{
	struct shmring_opts opts = SHMRING_OPTS_INIT;
	struct ring_rpc *r;

	if (!rpc_needs(ch))
		return 0;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	ch->state = r;
	opts.flags = SHMRING_OPEN_CREATE;
	opts.ring_bytes = ch->capacity;
	if (ch->sleeps)
		opts.spin_ns = 0;
	r->call = shmring_open("memfd:", SHMRING_ROLE_NONE, &opts);
	if (r->call)
		r->reply = shmring_open("memfd:", SHMRING_ROLE_NONE, &opts);
	return r->reply ? 0 : ring_failed(ch, -errno);
}

static int ring_rpc_join(struct channel *ch, enum side side)
{
	bool calls = side == SIDE_PRODUCER;
	struct ring_rpc *r = ch->state;
	int rc;

	if (!r)
		return 0;
	rc = shmring_attach(r->call, calls ? SHMRING_ROLE_PRODUCER :
					     SHMRING_ROLE_CONSUMER);
	if (!rc)
		rc = shmring_attach(r->reply, calls ? SHMRING_ROLE_CONSUMER :
						      SHMRING_ROLE_PRODUCER);
	return rc ? ring_failed(ch, rc) : 0;
}

static void ring_rpc_close(struct channel *ch)
{
	struct ring_rpc *r = ch->state;

	if (r && r->call)
		shmring_close(r->call);
	if (r && r->reply)
		shmring_close(r->reply);
	free(r);
	ch->state = NULL;
}

const struct transport transport_ring_rpc = {
	.name = "ring-rpc",
	.group = "rpc",
	.what = "remote procedure call over two rings of shmring, without the module",
	.loops = &ring_rpc_loops,
	.asleep = &ring_rpc_loops,
	.fits = fits_half,
	.open = ring_rpc_open,
	.join = ring_rpc_join,
	.close = ring_rpc_close,
};
