// SPDX-License-Identifier: MIT
/* An anonymous pipe, blocking, one per direction, as large as --ring-size. */
/* Two copies (in and out of the kernel) and two system calls per message. */
/* man 7 pipe */
#include "pipe.h"

DEFINE_LOOPS(pipe_loops, stream_put, stream_get);

static int pipe_open_channel(struct channel *ch)
{
	return pipe_open(ch, ch->size);
}

const struct transport transport_pipe = {
	.name = "pipe",
	.what = "anonymous pipe, one write and one read per message",
	.loops = &pipe_loops,
	.asleep = &pipe_loops,
	.fits = pipe_fits,
	.open = pipe_open_channel,
	.join = stream_join,
	.close = stream_close,
};
