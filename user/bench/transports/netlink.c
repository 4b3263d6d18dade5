// SPDX-License-Identifier: MIT
/* Netlink from process to process: two connected NETLINK_USERSOCK sockets. */
/* Two copies (in and out of the kernel) and two system calls per message. */
/* man 7 netlink */
#include <linux/netlink.h>

#include "sndbuf.h"

static bool netlink_probe(char why[WHY_MAX])
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);

	if (fd >= 0)
		return !close(fd);
	snprintf(why, WHY_MAX,
		 "netlink: no user sockets: %s: run it outside of this sandbox",
		 strerror(errno));
	return false;
}

/* The kernel chooses the port, which is the address. */
static int netlink_socket(int *fd, struct sockaddr_nl *addr)
{
	socklen_t len = sizeof(*addr);

	*addr = (struct sockaddr_nl){ .nl_family = AF_NETLINK };
	*fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);
	if (*fd < 0 || bind(*fd, (struct sockaddr *)addr, len) ||
	    getsockname(*fd, (struct sockaddr *)addr, &len))
		return -errno;
	return 0;
}

/* Every Netlink message begins with its length, which includes the header. */
static void netlink_address(struct channel *ch, struct dgram *d, uint32_t port)
{
	const struct nlmsghdr h = {
		.nlmsg_len = NLMSG_LENGTH(ch->size),
		.nlmsg_type = NLMSG_MIN_TYPE,
		.nlmsg_pid = port,
	};

	memcpy(d->buf, &h, sizeof(h));
	sndbuf_enlarge(d->ends.fd[SIDE_PRODUCER], NLMSG_HDRLEN + ch->size);
}

static int netlink_open(struct channel *ch)
{
	struct dgram *d = dgram_new(ch, NLMSG_HDRLEN);
	struct sockaddr_nl addr[2];
	int i, rc;

	if (!d)
		return -ENOMEM;
	for (i = 0; i < 2; i++) {
		rc = netlink_socket(&d->ends.fd[i], &addr[i]);
		if (rc)
			return rc;
	}
	for (i = 0; i < 2; i++)
		if (connect(d->ends.fd[i], (struct sockaddr *)&addr[!i],
			    sizeof(addr[!i])))
			return -errno;
	netlink_address(ch, d, addr[SIDE_PRODUCER].nl_pid);
	return 0;
}

static bool netlink_fits(const struct channel *ch, char why[WHY_MAX])
{
	return sndbuf_fits(ch, AF_NETLINK, SOCK_RAW, NLMSG_HDRLEN, why);
}

const struct transport transport_netlink = {
	.name = "netlink",
	.group = "sockets",
	.what = "Netlink user socket, one send and one recv per message",
	.loops = &dgram_loops,
	.asleep = &dgram_loops,
	.many = true,
	.probe = netlink_probe,
	.fits = netlink_fits,
	.open = netlink_open,
	.join = ends_join,
	.close = ends_close,
};
