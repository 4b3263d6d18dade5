// SPDX-License-Identifier: MIT
/* A pair of connected UNIX stream sockets, blocking, with default buffers. */
/* Two copies (in and out of the kernel) and two system calls per message. */
/* man 7 unix */
#include <sys/socket.h>

#include "stream.h"

DEFINE_EACH_LOOPS(stream);

static int unix_stream_open(struct channel *ch)
{
	struct stream *s = stream_new(ch, ch->size);

	if (!s)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s->ends.fd))
		return -errno;
	return 0;
}

const struct transport transport_unix_stream = {
	.name = "unix-stream",
	.group = "sockets",
	.what = "UNIX stream socket, one write and one read per message",
	.loops = &stream_loops,
	.asleep = &stream_loops,
	.open = unix_stream_open,
	.join = ends_join,
	.close = ends_close,
};
