/* SPDX-License-Identifier: MIT */
/* The loopback interface: is it up, and how large may a frame be. */
#ifndef BENCH_LO_H
#define BENCH_LO_H

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../transport.h"

/* 0 or a negative errno; @what is SIOCGIFFLAGS or SIOCGIFMTU. */
static inline int lo_ask(unsigned long what, struct ifreq *ifr)
{
	int rc, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memset(ifr, 0, sizeof(*ifr));
	if (fd < 0)
		return -errno;
	strcpy(ifr->ifr_name, "lo");
	rc = ioctl(fd, what, ifr) ? -errno : 0;
	close(fd);
	return rc;
}

/* For `probe`. */
static inline bool lo_is_up(const char *transport, char why[WHY_MAX])
{
	struct ifreq ifr;
	int rc = lo_ask(SIOCGIFFLAGS, &ifr);

	if (rc)
		snprintf(why, WHY_MAX,
			 "%s: no loopback interface: %s: run it outside of this sandbox",
			 transport, strerror(-rc));
	else if (!(ifr.ifr_flags & IFF_UP))
		snprintf(why, WHY_MAX,
			 "%s: the loopback interface is down: ip link set lo up",
			 transport);
	return !rc && ifr.ifr_flags & IFF_UP;
}

/* Bind @fd to a free port of 127.0.0.1, which @addr tells. */
static inline int lo_bind(int fd, struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);

	*addr = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	if (bind(fd, (struct sockaddr *)addr, len) ||
	    getsockname(fd, (struct sockaddr *)addr, &len))
		return -errno;
	return 0;
}

static inline int lo_connect(int fd, const struct sockaddr_in *addr)
{
	return connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) ?
	       -errno : 0;
}

#endif /* BENCH_LO_H */
