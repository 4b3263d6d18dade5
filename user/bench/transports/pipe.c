// SPDX-License-Identifier: MIT
/* An anonymous pipe, blocking, one per direction, up to --ring-size large. */
/* Two copies (in and out of the kernel) and two system calls per message. */
/* man 7 pipe */
#include "pipe.h"

DEFINE_EACH_LOOPS(stream);

static int pipe_open_channel(struct channel *ch)
{
	return pipe_open(ch, ch->size);
}

const struct transport transport_pipe = {
	.name = "pipe",
	.group = "pipes",
	.what = "anonymous pipe, one write and one read per message",
	.loops = &stream_loops,
	.asleep = &stream_loops,
	.many = true,
	.fits = pipe_fits,
	.open = pipe_open_channel,
	.join = ends_join,
	.close = ends_close,
};
