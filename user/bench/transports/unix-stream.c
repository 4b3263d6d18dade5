// SPDX-License-Identifier: MIT
/* A pair of connected UNIX stream sockets, blocking, with default buffers. */
/* Two copies (in and out of the kernel) and two system calls per message. */
/* man 7 unix */
#include <sys/socket.h>

#include "stream.h"

DEFINE_LOOPS(unix_stream_loops, stream_put, stream_get);

static int unix_stream_open(struct channel *ch)
{
	struct stream *s = stream_new(ch, ch->size);

	if (!s)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s->fd))
		return -errno;
	return 0;
}

const struct transport transport_unix_stream = {
	.name = "unix-stream",
	.what = "UNIX stream socket, one write and one read per message",
	.loops = &unix_stream_loops,
	.asleep = &unix_stream_loops,
	.open = unix_stream_open,
	.join = stream_join,
	.close = stream_close,
};
