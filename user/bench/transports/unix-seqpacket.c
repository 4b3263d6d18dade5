// SPDX-License-Identifier: MIT
/* A pair of connected UNIX sequenced-packet sockets, blocking. */
/* Two copies (in and out of the kernel) and two system calls per message. */
/* man 7 unix */
#include "unix-pair.h"

static bool unix_seqpacket_fits(const struct channel *ch, char why[WHY_MAX])
{
	return sndbuf_fits(ch, AF_UNIX, SOCK_SEQPACKET, 0, why);
}

static int unix_seqpacket_open(struct channel *ch)
{
	return unix_pair_open(ch, SOCK_SEQPACKET);
}

const struct transport transport_unix_seqpacket = {
	.name = "unix-seqpacket",
	.group = "sockets",
	.what = "UNIX sequenced-packet socket, one send and one recv per message",
	.loops = &dgram_loops,
	.asleep = &dgram_loops,
	.many = true,
	.fits = unix_seqpacket_fits,
	.open = unix_seqpacket_open,
	.join = ends_join,
	.close = ends_close,
};
