/* SPDX-License-Identifier: MIT */
/* Sockets whose datagrams must fit into the send buffer: UNIX and Netlink. */
#ifndef BENCH_SNDBUF_H
#define BENCH_SNDBUF_H

#include <sys/socket.h>

#include "dgram.h"

#define SNDBUF_RESERVED	32	/* what the kernel keeps of it */

/* What a datagram of the socket may have, with its header. */
static inline size_t sndbuf_max(int fd)
{
	socklen_t len = sizeof(int);
	int bytes = 0;

	getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, &len);
	return bytes > SNDBUF_RESERVED ? (size_t)bytes - SNDBUF_RESERVED : 0;
}

/* Enlarge it only for who needs it. The kernel doubles what it is told. */
static inline size_t sndbuf_enlarge(int fd, size_t want)
{
	int bytes = (int)(want / 2 + SNDBUF_RESERVED);

	if (sndbuf_max(fd) < want &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	return sndbuf_max(fd);
}

/* For `fits`; where there is no such socket at all, open will say it. */
static inline bool sndbuf_fits(const struct channel *ch, int family, int type,
			       size_t header, char why[WHY_MAX])
{
	int fd = socket(family, type | SOCK_CLOEXEC, 0);
	size_t max;

	if (fd < 0)
		return true;
	max = sndbuf_enlarge(fd, header + ch->size);
	close(fd);
	return fits_limit(ch, max - header,
			  "the largest send buffer: sysctl net.core.wmem_max",
			  why);
}

#endif /* BENCH_SNDBUF_H */
