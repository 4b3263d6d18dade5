// SPDX-License-Identifier: MIT
/* A TCP connection over loopback, blocking, TCP_NODELAY, default buffers. */
/* Two copies (in and out of the kernel) and two system calls per message. */
/* man 7 tcp */
#include <netinet/tcp.h>

#include "lo.h"
#include "stream.h"

DEFINE_EACH_LOOPS(stream);

/* A connect on loopback is complete before the accept. */
static int tcp_pair(struct stream *s, int listener)
{
	struct sockaddr_in addr;
	int rc, one = 1;

	rc = lo_bind(listener, &addr);
	if (rc)
		return rc;
	s->ends.fd[SIDE_PRODUCER] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listen(listener, 1) || s->ends.fd[SIDE_PRODUCER] < 0 ||
	    setsockopt(s->ends.fd[SIDE_PRODUCER], IPPROTO_TCP, TCP_NODELAY, &one,
		       sizeof(one)))
		return -errno;
	rc = lo_connect(s->ends.fd[SIDE_PRODUCER], &addr);
	if (rc)
		return rc;
	s->ends.fd[SIDE_CONSUMER] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	return s->ends.fd[SIDE_CONSUMER] < 0 ? -errno : 0;
}

static int tcp_open(struct channel *ch)
{
	struct stream *s = stream_new(ch, ch->size);
	int rc, listener;

	if (!s)
		return -ENOMEM;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0)
		return -errno;
	rc = tcp_pair(s, listener);
	close(listener);
	return rc;
}

static bool tcp_probe(char why[WHY_MAX])
{
	return lo_is_up("tcp", why);
}

const struct transport transport_tcp = {
	.name = "tcp",
	.group = "sockets",
	.what = "TCP over loopback, one write and one read per message",
	.loops = &stream_loops,
	.asleep = &stream_loops,
	.probe = tcp_probe,
	.open = tcp_open,
	.join = ends_join,
	.close = ends_close,
};
