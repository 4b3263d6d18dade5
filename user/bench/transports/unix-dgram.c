// SPDX-License-Identifier: MIT
/* A pair of connected UNIX datagram sockets, blocking. */
/* Two copies (in and out of the kernel) and two system calls per message. */
/* man 7 unix */
#include "unix-pair.h"

static bool unix_dgram_fits(const struct channel *ch, char why[WHY_MAX])
{
	return sndbuf_fits(ch, AF_UNIX, SOCK_DGRAM, 0, why);
}

static int unix_dgram_open(struct channel *ch)
{
	return unix_pair_open(ch, SOCK_DGRAM);
}

const struct transport transport_unix_dgram = {
	.name = "unix-dgram",
	.group = "sockets",
	.what = "UNIX datagram socket, one send and one recv per message",
	.loops = &dgram_loops,
	.asleep = &dgram_loops,
	.many = true,
	.fits = unix_dgram_fits,
	.open = unix_dgram_open,
	.join = ends_join,
	.close = ends_close,
};
