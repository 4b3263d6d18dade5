// SPDX-License-Identifier: MIT
/* An ONC remote procedure call by rpcgen and libtirpc over a UNIX socket. */
/* Eight copies (XDR and kernel, each way) and nine system calls per call. */
/* man 1 rpcgen, man 3 rpc */
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "bench_rpc.h"
#include "ends.h"
#include "rpc.h"

#define ONC_RPC_HEADERS	512	/* at most; a call should be one write(2) */

/*
 * struct onc_rpc - as each process sees it
 * @client, @server: after the fork, in the one or the other process
 * @seq: the next call that the server expects
 * @failed: what a procedure found wrong
 * @result: what the caller gets, or the server returns
 */
struct onc_rpc {
	struct ends ends;
	CLIENT *client;
	SVCXPRT *server;
	uint64_t seq;
	int failed;
	unsigned char *argument;
	unsigned char *result;
};

/* What rpcgen's dispatcher calls has no other argument to know it by. */
static struct channel *served;

static bool onc_rpc_take(const message *arg)
{
	struct onc_rpc *r = served->state;

	if (arg->message_len != served->size)
		r->failed = -EMSGSIZE;
	else
		r->failed = verify(served, arg->message_val, r->seq, 1,
				   served->size);
	return !r->failed;
}

bool_t bench_put_1_svc(message *arg, void *result, struct svc_req *req)
{
	struct onc_rpc *r = served->state;

	(void)result;
	(void)req;
	if (!onc_rpc_take(arg))
		return FALSE;
	r->seq++;
	return TRUE;
}

bool_t bench_echo_1_svc(message *arg, message *result, struct svc_req *req)
{
	struct onc_rpc *r = served->state;

	(void)req;
	if (!onc_rpc_take(arg))
		return FALSE;
	payload_fill(r->result, r->seq++, 1, served->size);
	result->message_len = served->size;
	result->message_val = (char *)r->result;
	return TRUE;
}

/* The result is the server's own buffer. */
int shmring_bench_1_freeresult(SVCXPRT *xprt, xdrproc_t xdr, caddr_t result)
{
	(void)xprt;
	(void)xdr;
	(void)result;
	return TRUE;
}

/* As svc_run() does it, until @n calls were answered. */
static int onc_rpc_serve(struct channel *ch, uint64_t seq, size_t n,
			 size_t size)
{
	struct onc_rpc *r = ch->state;
	struct pollfd p = { .fd = r->ends.fd[SIDE_CONSUMER], .events = POLLIN };

	(void)size;
	served = ch;
	r->seq = seq;
	while (!r->failed && r->seq < seq + n) {
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return -errno;
		if (p.revents & ~POLLIN)
			return -EPIPE;
		if (p.revents)
			svc_getreq_poll(&p, 1);
	}
	return r->failed;
}

static int onc_rpc_error(struct channel *ch)
{
	struct onc_rpc *r = ch->state;

	snprintf(ch->why, sizeof(ch->why), "%.*s", WHY_MAX - 1,
		 clnt_sperror(r->client, "onc-rpc"));
	return -EIO;
}

static int onc_rpc_put(struct channel *ch, uint64_t seq, size_t n, size_t size)
{
	struct onc_rpc *r = ch->state;
	uint64_t end = seq + n;
	message arg = { (u_int)size, (char *)r->argument };

	for (; seq < end; seq++) {
		payload_fill(r->argument, seq, 1, size);
		if (bench_put_1(&arg, NULL, r->client) != RPC_SUCCESS)
			return onc_rpc_error(ch);
	}
	return 0;
}

/* XDR puts the result where it points to; it would allocate it otherwise. */
static int onc_rpc_echo(struct channel *ch, uint64_t seq, size_t n, size_t size)
{
	struct onc_rpc *r = ch->state;
	uint64_t end = seq + n;
	message arg = { (u_int)size, (char *)r->argument };
	message result = { 0, (char *)r->result };
	int rc;

	for (; seq < end; seq++) {
		payload_fill(r->argument, seq, 1, size);
		if (bench_echo_1(&arg, &result, r->client) != RPC_SUCCESS)
			return onc_rpc_error(ch);
		if (result.message_len != size)
			return -EMSGSIZE;
		rc = verify(ch, r->result, seq, 1, size);
		if (bench_unlikely(rc))
			return rc;
	}
	return 0;
}

DEFINE_RPC_LOOPS(onc_rpc_loops, onc_rpc_put, onc_rpc_echo, onc_rpc_serve);

static int onc_rpc_open(struct channel *ch)
{
	struct onc_rpc *r;

	if (!rpc_needs(ch))
		return 0;
	r = ends_new(ch, sizeof(*r) + 2 * (size_t)ch->size);
	if (!r)
		return -ENOMEM;
	r->argument = (unsigned char *)(r + 1);
	r->result = r->argument + ch->size;
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, r->ends.fd) ?
	       -errno : 0;
}

static bool onc_rpc_call_end(struct onc_rpc *r, u_int bytes)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct netbuf to = { sizeof(addr), sizeof(addr), &addr };

	r->client = clnt_vc_create(r->ends.fd[SIDE_PRODUCER], &to, SHMRING_BENCH,
				   SHMRING_BENCH_V1, bytes, bytes);
	return r->client;
}

/* By rpcgen. */
extern void shmring_bench_1(struct svc_req *req, SVCXPRT *xprt);

/* Without a netconfig: nothing is registered anywhere. */
static bool onc_rpc_serve_end(struct onc_rpc *r, u_int bytes)
{
	r->server = svc_fd_create(r->ends.fd[SIDE_CONSUMER], bytes, bytes);
	return r->server && svc_reg(r->server, SHMRING_BENCH, SHMRING_BENCH_V1,
				    shmring_bench_1, NULL);
}

static int onc_rpc_join(struct channel *ch, enum side side)
{
	struct onc_rpc *r = ch->state;
	u_int bytes = ch->size + ONC_RPC_HEADERS;
	bool calls = side == SIDE_PRODUCER;

	if (!r)
		return 0;
	ends_join(ch, side);
	if (calls ? onc_rpc_call_end(r, bytes) : onc_rpc_serve_end(r, bytes))
		return 0;
	snprintf(ch->why, sizeof(ch->why), "onc-rpc: %.150s",
		 calls ? clnt_spcreateerror("no client") :
			 "libtirpc makes no server of a UNIX socket");
	return -EIO;
}

const struct transport transport_onc_rpc = {
	.name = "onc-rpc",
	.group = "rpc",
	.what = "ONC remote procedure call by rpcgen and libtirpc, UNIX socket",
	.loops = &onc_rpc_loops,
	.asleep = &onc_rpc_loops,
	.open = onc_rpc_open,
	.join = onc_rpc_join,
	.close = ends_close,
};
