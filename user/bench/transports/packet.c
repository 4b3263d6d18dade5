// SPDX-License-Identifier: MIT
/* Raw Ethernet frames over the loopback interface, with a window. */
/* Two copies (in and out of the kernel) and two system calls per message. */
/* man 7 packet */
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "dgram.h"
#include "lo.h"

#define PACKET_TYPE	0x88b5	/* for experiments: IEEE 802, clause 9.2.3 */

static bool packet_probe(char why[WHY_MAX])
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0) {
		close(fd);
		return lo_is_up("packet", why);
	}
	snprintf(why, WHY_MAX, "packet: %s: %s", strerror(errno),
		 errno == EPERM ?
		 "run it as root, or setcap cap_net_raw+ep shmring-bench" :
		 "modprobe af_packet");
	return false;
}

/*
 * An address of one channel's end: locally administered, of this process. There
 * are at most two channels at a time, so a few bits of the number are enough.
 */
static void packet_address(unsigned char mac[ETH_ALEN],
			   const struct channel *ch, int side)
{
	uint32_t pid = htonl((uint32_t)getpid());

	mac[0] = 0x02;
	mac[1] = (unsigned char)(ch->id << 1 | (unsigned int)side);
	memcpy(mac + 2, &pid, sizeof(pid));
}

/* Others may send such frames, too, and this host's own come both ways. */
static int packet_filter(int fd, const unsigned char mac[ETH_ALEN])
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, mac[0] << 8 | mac[1], 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(*code), code };
	int one = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one,
		       sizeof(one)))
		return -errno;
	return 0;
}

/* Filtered before it is bound: no frame of another gets in between. */
static int packet_socket(struct channel *ch, int side)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(PACKET_TYPE),
		.sll_ifindex = (int)if_nametoindex("lo"),
	};
	struct dgram *d = ch->state;
	unsigned char mac[ETH_ALEN];
	int rc;

	d->ends.fd[side] = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (d->ends.fd[side] < 0)
		return -errno;
	packet_address(mac, ch, side);
	rc = packet_filter(d->ends.fd[side], mac);
	if (!rc && bind(d->ends.fd[side], (struct sockaddr *)&addr, sizeof(addr)))
		rc = -errno;
	return rc;
}

static void packet_header(const struct channel *ch, unsigned char *to,
			  int to_side)
{
	struct ethhdr h = { .h_proto = htons(PACKET_TYPE) };

	packet_address(h.h_dest, ch, to_side);
	packet_address(h.h_source, ch, !to_side);
	memcpy(to, &h, sizeof(h));
}

static int packet_open(struct channel *ch)
{
	struct dgram *d = dgram_new(ch, ETH_HLEN);
	int rc;

	if (!d)
		return -ENOMEM;
	rc = packet_socket(ch, SIDE_PRODUCER);
	if (!rc)
		rc = packet_socket(ch, SIDE_CONSUMER);
	if (rc)
		return rc;
	packet_header(ch, d->buf, SIDE_CONSUMER);
	packet_header(ch, d->ack, SIDE_PRODUCER);
	return dgram_keep_window(ch, d);
}

static bool packet_fits(const struct channel *ch, char why[WHY_MAX])
{
	struct ifreq ifr;

	if (lo_ask(SIOCGIFMTU, &ifr))
		return true;
	return fits_limit(ch, (uint64_t)ifr.ifr_mtu,
			  "the interface: ip link set lo mtu", why);
}

const struct transport transport_packet = {
	.name = "packet",
	.group = "sockets",
	.what = "raw frames over loopback, one send and one recv per message, and a window",
	.loops = &dgram_loops,
	.asleep = &dgram_loops,
	.probe = packet_probe,
	.fits = packet_fits,
	.open = packet_open,
	.join = ends_join,
	.close = ends_close,
};
