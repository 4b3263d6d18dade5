// SPDX-License-Identifier: MIT
/* A pair of connected UDP sockets over loopback, blocking, with a window. */
/* Two copies (in and out of the kernel) and two system calls per message. */
/* man 7 udp */
#include "dgram.h"
#include "lo.h"

#define UDP_PAYLOAD_MAX	(65535 - 20 - 8)	/* less the IP and UDP headers */

static int udp_open(struct channel *ch)
{
	struct dgram *d = dgram_new(ch, 0);
	struct sockaddr_in addr[2];
	int i, rc;

	if (!d)
		return -ENOMEM;
	for (i = 0; i < 2; i++) {
		d->ends.fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		rc = d->ends.fd[i] < 0 ? -errno : lo_bind(d->ends.fd[i], &addr[i]);
		if (rc)
			return rc;
	}
	rc = lo_connect(d->ends.fd[0], &addr[1]);
	if (!rc)
		rc = lo_connect(d->ends.fd[1], &addr[0]);
	return rc ? rc : dgram_keep_window(ch, d);
}

static bool udp_probe(char why[WHY_MAX])
{
	return lo_is_up("udp", why);
}

static bool udp_fits(const struct channel *ch, char why[WHY_MAX])
{
	return fits_limit(ch, UDP_PAYLOAD_MAX, "a UDP datagram", why);
}

const struct transport transport_udp = {
	.name = "udp",
	.group = "sockets",
	.what = "UDP over loopback, one send and one recv per message, and a window",
	.loops = &dgram_loops,
	.asleep = &dgram_loops,
	.probe = udp_probe,
	.fits = udp_fits,
	.open = udp_open,
	.join = ends_join,
	.close = ends_close,
};
