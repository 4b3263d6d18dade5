// SPDX-License-Identifier: MIT
/* ZeroMQ's ipc: a PUSH and a PULL socket, each with an I/O thread behind it. */
/* Two copies, three where small messages share a batch; a batch is one call. */
/* man 7 zmq_ipc */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

#include "../loops.h"
#include "receiver.h"

#define ZMQ_QUEUE_MAX	1000	/* its own default */

/*
 * struct zmq - the receiver binds, says so, and then the sender connects
 * @address: abstract, so that no socket file can stay behind
 */
struct zmq {
	uint32_t *ready;
	void *socket;
	char address[64];
};

static ALWAYS_INLINE int zmq_put(struct channel *ch, uint64_t seq, size_t n,
				 size_t size)
{
	struct zmq *z = ch->state;
	uint64_t end = seq + n;
	zmq_msg_t msg;

	for (; seq < end; seq++) {
		if (bench_unlikely(zmq_msg_init_size(&msg, size)))
			return -ENOMEM;
		payload_fill(zmq_msg_data(&msg), seq, 1, size);
		while (bench_unlikely(zmq_msg_send(&msg, z->socket, 0) < 0))
			if (errno != EINTR)
				return -errno;
	}
	return 0;
}

static ALWAYS_INLINE int zmq_get(struct channel *ch, uint64_t seq, size_t n,
				 size_t size)
{
	struct zmq *z = ch->state;
	uint64_t end = seq + n;
	zmq_msg_t msg;
	int rc = 0;

	zmq_msg_init(&msg);
	for (; !rc && seq < end; seq++) {
		while (bench_unlikely(zmq_msg_recv(&msg, z->socket, 0) < 0))
			if (errno != EINTR)
				return -errno;
		if (bench_unlikely(zmq_msg_size(&msg) != size))
			rc = -EMSGSIZE;
		else
			rc = verify(ch, zmq_msg_data(&msg), seq, 1, size);
	}
	zmq_msg_close(&msg);
	return rc;
}

DEFINE_LOOPS(zmq_loops, zmq_put, zmq_get);

static int zmq_open(struct channel *ch)
{
	struct zmq *z = calloc(1, sizeof(*z));

	if (!z)
		return -ENOMEM;
	ch->state = z;
	snprintf(z->address, sizeof(z->address), "ipc://@shmring-bench-%d-%u",
		 (int)getpid(), ch->id);
	z->ready = receiver_new();
	return z->ready ? 0 : -errno;
}

/* As much as --ring-size holds, in the queue of either side. */
static int zmq_queue(const struct channel *ch)
{
	uint64_t n = ch->capacity / ch->size;

	return n > ZMQ_QUEUE_MAX ? ZMQ_QUEUE_MAX : n ? (int)n : 1;
}

/* Until one can be sent: the first message must not pay for the connection. */
static int zmq_connected(void *socket, const char *address)
{
	zmq_pollitem_t writable = { .socket = socket, .events = ZMQ_POLLOUT };
	int one = 1;

	zmq_setsockopt(socket, ZMQ_IMMEDIATE, &one, sizeof(one));
	if (zmq_connect(socket, address))
		return -errno;
	while (zmq_poll(&writable, 1, -1) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* After the fork: its threads would not come along. */
static int zmq_join(struct channel *ch, enum side side)
{
	void *context = zmq_ctx_new();
	struct zmq *z = ch->state;
	int rc, queue = zmq_queue(ch);
	bool sends = side == SIDE_PRODUCER;
	pid_t receiver;

	z->socket = zmq_socket(context, sends ? ZMQ_PUSH : ZMQ_PULL);
	if (!z->socket)
		return -errno;
	zmq_setsockopt(z->socket, sends ? ZMQ_SNDHWM : ZMQ_RCVHWM, &queue,
		       sizeof(queue));
	if (!sends && zmq_bind(z->socket, z->address))
		return -errno;
	rc = receiver_join(z->ready, side, &receiver);
	return rc || !sends ? rc : zmq_connected(z->socket, z->address);
}

static void zmq_close_channel(struct channel *ch)
{
	struct zmq *z = ch->state;

	if (z)
		receiver_free(z->ready);
	free(z);
	ch->state = NULL;
}

const struct transport transport_zmq_ipc = {
	.name = "zmq-ipc",
	.group = "libraries",
	.what = "ZeroMQ, PUSH and PULL sockets over ipc:",
	.loops = &zmq_loops,
	.asleep = &zmq_loops,
	.many = true,
	.open = zmq_open,
	.join = zmq_join,
	.close = zmq_close_channel,
};
