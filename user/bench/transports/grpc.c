// SPDX-License-Identifier: MIT
/* A unary gRPC call over an abstract UNIX address, by gRPC's C core. */
/* Many copies (slices, HTTP/2, kernel), some eighteen system calls per call. */
/* https://grpc.github.io/grpc/core/ */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rpc.h"

#ifdef HAVE_GRPC
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/time.h>

#include "receiver.h"

/*
 * struct grpc_end - as each process sees it; all but the first two belong to
 * the caller or to the server, which make it after the fork: the threads of the
 * library would not come along
 * @ready: the server listens
 * @address: abstract, so that no socket file can stay behind
 * @method: as the caller, or as the server registered it
 */
struct grpc_end {
	uint32_t *ready;
	char address[64];
	grpc_completion_queue *queue;
	grpc_channel *channel;
	grpc_server *server;
	void *method;
};

#define GRPC_TAG	((void *)1)	/* one thing at a time is waited for */

static const char *grpc_method(const struct channel *ch)
{
	return ch->partner ? "/shmring.Bench/Echo" : "/shmring.Bench/Put";
}

static bool grpc_wait(struct grpc_end *g)
{
	grpc_event ev = grpc_completion_queue_pluck(
		g->queue, GRPC_TAG, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);

	return ev.type == GRPC_OP_COMPLETE && ev.success;
}

/* @size: 0 for a message without content */
static grpc_byte_buffer *grpc_fill(uint64_t seq, size_t size)
{
	grpc_slice slice = grpc_slice_malloc(size);
	grpc_byte_buffer *message;

	if (size)
		payload_fill(GRPC_SLICE_START_PTR(slice), seq, 1, size);
	message = grpc_raw_byte_buffer_create(&slice, 1);
	grpc_slice_unref(slice);
	return message;
}

/* @message: NULL is none; it is freed */
static int grpc_check(struct channel *ch, grpc_byte_buffer *message,
		      uint64_t seq, size_t size)
{
	grpc_byte_buffer_reader reader;
	grpc_slice slice;
	int rc = -EMSGSIZE;

	if (!message)
		return -EBADMSG;
	if (!grpc_byte_buffer_reader_init(&reader, message)) {
		grpc_byte_buffer_destroy(message);
		return -EBADMSG;
	}
	slice = grpc_byte_buffer_reader_readall(&reader);
	if (GRPC_SLICE_LENGTH(slice) == size)
		rc = size ? verify(ch, GRPC_SLICE_START_PTR(slice), seq, 1,
				   size) : 0;
	grpc_slice_unref(slice);
	grpc_byte_buffer_reader_destroy(&reader);
	grpc_byte_buffer_destroy(message);
	return rc;
}

/* Call once; what it returned goes to @reply. */
static int grpc_call_once(struct channel *ch, grpc_byte_buffer *argument,
			  grpc_byte_buffer **reply)
{
	struct grpc_end *g = ch->state;
	grpc_metadata_array initial, trailing;
	grpc_slice details = grpc_empty_slice();
	grpc_status_code status = GRPC_STATUS_UNKNOWN;
	grpc_op ops[] = {
		{ .op = GRPC_OP_SEND_INITIAL_METADATA },
		{ .op = GRPC_OP_SEND_MESSAGE,
		  .data.send_message.send_message = argument },
		{ .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT },
		{ .op = GRPC_OP_RECV_INITIAL_METADATA,
		  .data.recv_initial_metadata.recv_initial_metadata =
			&initial },
		{ .op = GRPC_OP_RECV_MESSAGE,
		  .data.recv_message.recv_message = reply },
		{ .op = GRPC_OP_RECV_STATUS_ON_CLIENT,
		  .data.recv_status_on_client = {
			.trailing_metadata = &trailing,
			.status = &status,
			.status_details = &details } },
	};
	grpc_call *call = grpc_channel_create_registered_call(
		g->channel, NULL, GRPC_PROPAGATE_DEFAULTS, g->queue, g->method,
		gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
	bool done;

	grpc_metadata_array_init(&initial);
	grpc_metadata_array_init(&trailing);
	done = grpc_call_start_batch(call, ops, sizeof(ops) / sizeof(*ops),
				     GRPC_TAG, NULL) == GRPC_CALL_OK &&
	       grpc_wait(g) && status == GRPC_STATUS_OK;
	if (!done)
		snprintf(ch->why, sizeof(ch->why), "grpc: status %d: %.*s",
			 status, (int)GRPC_SLICE_LENGTH(details),
			 (const char *)GRPC_SLICE_START_PTR(details));
	grpc_slice_unref(details);
	grpc_metadata_array_destroy(&initial);
	grpc_metadata_array_destroy(&trailing);
	grpc_call_unref(call);
	return done ? 0 : -EIO;
}

/* @back: bytes that are expected to come back */
static int grpc_call_all(struct channel *ch, uint64_t seq, size_t n,
			 size_t size, size_t back)
{
	grpc_byte_buffer *argument, *reply;
	uint64_t end = seq + n;
	int rc = 0;

	for (; !rc && seq < end; seq++) {
		reply = NULL;
		argument = grpc_fill(seq, size);
		rc = grpc_call_once(ch, argument, &reply);
		grpc_byte_buffer_destroy(argument);
		if (!rc)
			rc = grpc_check(ch, reply, seq, back);
	}
	return rc;
}

static int grpc_put(struct channel *ch, uint64_t seq, size_t n, size_t size)
{
	return grpc_call_all(ch, seq, n, size, 0);
}

static int grpc_echo(struct channel *ch, uint64_t seq, size_t n, size_t size)
{
	return grpc_call_all(ch, seq, n, size, size);
}

static bool grpc_reply(struct grpc_end *g, grpc_call *call,
		       grpc_byte_buffer *reply)
{
	int cancelled = 0;
	grpc_op ops[] = {
		{ .op = GRPC_OP_SEND_INITIAL_METADATA },
		{ .op = GRPC_OP_SEND_MESSAGE,
		  .data.send_message.send_message = reply },
		{ .op = GRPC_OP_SEND_STATUS_FROM_SERVER,
		  .data.send_status_from_server.status = GRPC_STATUS_OK },
		{ .op = GRPC_OP_RECV_CLOSE_ON_SERVER,
		  .data.recv_close_on_server.cancelled = &cancelled },
	};

	return grpc_call_start_batch(call, ops, sizeof(ops) / sizeof(*ops),
				     GRPC_TAG, NULL) == GRPC_CALL_OK &&
	       grpc_wait(g) && !cancelled;
}

static int grpc_serve_once(struct channel *ch, uint64_t seq, size_t size)
{
	struct grpc_end *g = ch->state;
	grpc_byte_buffer *argument = NULL, *reply;
	grpc_metadata_array metadata;
	gpr_timespec deadline;
	grpc_call *call;
	int rc;

	grpc_metadata_array_init(&metadata);
	if (grpc_server_request_registered_call(g->server, g->method, &call,
						&deadline, &metadata, &argument,
						g->queue, g->queue, GRPC_TAG) !=
	    GRPC_CALL_OK || !grpc_wait(g))
		return -EIO;
	rc = grpc_check(ch, argument, seq, size);
	if (!rc) {
		reply = grpc_fill(seq, ch->partner ? size : 0);
		if (!grpc_reply(g, call, reply))
			rc = -EIO;
		grpc_byte_buffer_destroy(reply);
	}
	grpc_metadata_array_destroy(&metadata);
	grpc_call_unref(call);
	return rc;
}

static int grpc_serve(struct channel *ch, uint64_t seq, size_t n, size_t size)
{
	uint64_t end = seq + n;
	int rc = 0;

	for (; !rc && seq < end; seq++)
		rc = grpc_serve_once(ch, seq, size);
	return rc;
}

DEFINE_RPC_LOOPS(grpc_loops, grpc_put, grpc_echo, grpc_serve);

static int grpc_open(struct channel *ch)
{
	struct grpc_end *g;

	if (!rpc_needs(ch))
		return 0;
	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	ch->state = g;
	snprintf(g->address, sizeof(g->address),
		 "unix-abstract:shmring-bench-%d-%u", (int)getpid(), ch->id);
	g->ready = receiver_new();
	return g->ready ? 0 : -errno;
}

/* Messages of any size: its limit of 4 MiB is for strangers. */
static const grpc_channel_args *grpc_args(void)
{
	static grpc_arg unlimited = {
		.type = GRPC_ARG_INTEGER,
		.key = (char *)GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
		.value.integer = -1,
	};
	static const grpc_channel_args args = { 1, &unlimited };

	return &args;
}

static bool grpc_listen(struct channel *ch, struct grpc_end *g)
{
	grpc_server_credentials *creds =
		grpc_insecure_server_credentials_create();
	bool bound;

	g->server = grpc_server_create(grpc_args(), NULL);
	grpc_server_register_completion_queue(g->server, g->queue, NULL);
	g->method = grpc_server_register_method(
		g->server, grpc_method(ch), NULL,
		GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0);
	bound = grpc_server_add_http2_port(g->server, g->address, creds);
	grpc_server_credentials_release(creds);
	if (bound)
		grpc_server_start(g->server);
	return bound;
}

static void grpc_connect(struct channel *ch, struct grpc_end *g)
{
	grpc_channel_credentials *creds = grpc_insecure_credentials_create();

	g->channel = grpc_channel_create(g->address, creds, grpc_args());
	g->method = grpc_channel_register_call(g->channel, grpc_method(ch),
					       NULL, NULL);
	grpc_channel_credentials_release(creds);
}

static int grpc_join(struct channel *ch, enum side side)
{
	struct grpc_end *g = ch->state;
	pid_t server;
	int rc;

	if (!g)
		return 0;
	grpc_init();
	g->queue = grpc_completion_queue_create_for_pluck(NULL);
	if (side == SIDE_CONSUMER && !grpc_listen(ch, g)) {
		snprintf(ch->why, sizeof(ch->why), "grpc: cannot listen at %s",
			 g->address);
		return -EIO;
	}
	rc = receiver_join(g->ready, side, &server);
	if (!rc && side == SIDE_PRODUCER)
		grpc_connect(ch, g);
	return rc;
}

static void grpc_close(struct channel *ch)
{
	struct grpc_end *g = ch->state;

	if (g)
		receiver_free(g->ready);
	free(g);
	ch->state = NULL;
}

const struct transport transport_grpc = {
	.name = "grpc",
	.group = "rpc",
	.what = "gRPC unary call by its C core, UNIX address",
	.loops = &grpc_loops,
	.asleep = &grpc_loops,
	.open = grpc_open,
	.join = grpc_join,
	.close = grpc_close,
};

#else /* !HAVE_GRPC */

static bool grpc_probe(char why[WHY_MAX])
{
	snprintf(why, WHY_MAX,
		 "grpc: not built in: apt-get install libgrpc-dev, then make tools");
	return false;
}

const struct transport transport_grpc = {
	.name = "grpc",
	.group = "rpc",
	.what = "gRPC unary call by its C core, UNIX address",
	.probe = grpc_probe,
};

#endif /* HAVE_GRPC */
