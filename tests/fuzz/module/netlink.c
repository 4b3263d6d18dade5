// SPDX-License-Identifier: MIT
/* Netlink: requests that are right, and requests with anything in them. */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/shmring_netlink.h>

#include "calls.h"
#include "shared.h"
#include "values.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/* struct message - a request that is being put together */
struct message {
	struct nlmsghdr header;
	struct genlmsghdr genl;
	unsigned char attrs[512];
};

static long open_netlink(struct fuzz_run *run, const uint64_t *a)
{
	int one = 1;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_GENERIC);

	if (fd >= 0 && a[0]) {
		setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
		setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one,
			   sizeof(one));
	}
	return fuzz_keep(run, a[1], TYPE_NETLINK, fd);
}

static long join(struct fuzz_run *run, const uint64_t *a)
{
	int group = atomic_load(&run->shared->group) + (int)a[1];

	return fuzz_ret(setsockopt(fuzz_fd(run, a[0]), SOL_NETLINK,
				   a[2] ? NETLINK_DROP_MEMBERSHIP :
				   NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)));
}

static void begin(struct fuzz_run *run, struct message *m, const uint64_t *a)
{
	memset(m, 0, sizeof(*m));
	m->header.nlmsg_len = NLMSG_LENGTH(sizeof(m->genl));
	m->header.nlmsg_type = (uint16_t)atomic_load(&run->shared->family);
	m->header.nlmsg_flags = (uint16_t)(a[2] | NLM_F_REQUEST);
	m->header.nlmsg_seq = 1;
	m->genl.cmd = (uint8_t)a[1];
	m->genl.version = (uint8_t)a[3];
	m->genl.reserved = (uint16_t)(a[3] >> 8);
}

/* @len is what its header says; what there is may be less. */
static void add_attr(struct message *m, uint64_t type, uint64_t len,
		     const void *bytes, size_t n)
{
	struct nlattr attr = {
		.nla_len = (uint16_t)len,
		.nla_type = (uint16_t)type,
	};
	unsigned char *at = (unsigned char *)m + m->header.nlmsg_len;

	memcpy(at, &attr, sizeof(attr));
	memcpy(at + NLA_HDRLEN, bytes, n);
	m->header.nlmsg_len += NLA_HDRLEN + NLA_ALIGN(n);
}

static long send_message(struct fuzz_run *run, uint64_t slot,
			 const struct message *m, size_t len)
{
	return fuzz_ret(send(fuzz_fd(run, slot), m, len, MSG_DONTWAIT));
}

/* With what the policy asks for; @without one of them. */
static long request(struct fuzz_run *run, const uint64_t *a)
{
	const char *name = fuzz_name(a[4]);
	uint32_t mark = (uint32_t)a[5];
	struct message m;

	begin(run, &m, a);
	if (!(a[6] & 1))
		add_attr(&m, SHMRING_A_RING_NAME,
			 NLA_HDRLEN + strlen(name) + 1, name, strlen(name) + 1);
	if (!(a[6] & 2))
		add_attr(&m, SHMRING_A_RING_HIGH_WATER,
			 NLA_HDRLEN + sizeof(mark), &mark, sizeof(mark));
	return send_message(run, a[0], &m, m.header.nlmsg_len);
}

/* With attributes of any type and length, and a header that may lie. */
static long any_request(struct fuzz_run *run, const uint64_t *a)
{
	unsigned char bytes[64];
	uint64_t rnd = a[4];
	struct message m;
	unsigned int i;
	size_t n, len;

	begin(run, &m, a);
	for (i = 0; i < a[5]; i++) {
		n = fuzz_random(&rnd) % sizeof(bytes);
		memset(bytes, (int)fuzz_random(&rnd), n);
		add_attr(&m, fuzz_random(&rnd) % (SHMRING_A_RING_MAX + 2) |
			 (fuzz_random(&rnd) % 8 ? 0 : NLA_F_NESTED),
			 fuzz_random(&rnd) % 4 ? NLA_HDRLEN + n :
						 fuzz_random(&rnd) % 80,
			 bytes, n);
	}
	len = m.header.nlmsg_len;
	m.header.nlmsg_len += (uint32_t)a[6];
	return send_message(run, a[0], &m, len);
}

static long receive(struct fuzz_run *run, const uint64_t *a)
{
	unsigned char bytes[8192];
	long ret = 0, n = 0;

	while (ret >= 0 && n++ < (long)a[1])
		ret = fuzz_ret(recv(fuzz_fd(run, a[0]), bytes, sizeof(bytes),
				    MSG_DONTWAIT));
	return ret;
}

#define CMD	ONE_OF("cmd", 2, SHMRING_CMD_RING_GET, SHMRING_CMD_RING_SET, \
		       SHMRING_CMD_RING_ADD_NTF, \
		       SHMRING_CMD_LEVEL_NTF, SHMRING_CMD_MAX + 1, 0, 255)
#define NLFLAGS	ONE_OF("flags", 3, NLM_F_ACK, 0, NLM_F_DUMP, \
		       NLM_F_DUMP | NLM_F_ACK, NLM_F_ROOT, ~0ULL)
#define NLVERSION	ONE_OF("version", 1, 1, 0, 2, 255, 0x101, \
		       0xffff01)

const struct fuzz_call fuzz_netlink_calls[] = {
	{ "netlink", 4, open_netlink,
	  ERRNOS(ENOMEM),
	  { ONE_OF("strict", 2, 1, 0), MAKE("out", TYPE_NETLINK) } },
	{ "nl_join", 4, join, NULL,
	  { USE("fd", TYPE_NETLINK), ONE_OF("group", 1, 0, 1, -1ULL, ~0ULL),
	    ONE_OF("drop", 1, 0, 1) } },
	{ "nl_request", 16, request, NULL,
	  { USE("fd", TYPE_NETLINK), CMD, NLFLAGS, NLVERSION, NAME,
	    ONE_OF("mark", 4, 0, 1, 50, 100, 101, 0xffffffff),
	    ONE_OF("without", 2, 0, 2, 1, 3) } },
	{ "nl_any", 8, any_request, NULL,
	  { USE("fd", TYPE_NETLINK), CMD, NLFLAGS, NLVERSION,
	    ONE_OF("seed", 1, 0, 1, 2, 3), ONLY("n", 0, 1, 2, 3, 4),
	    ONE_OF("more", 1, 0, 1, 4, -1ULL, -4ULL, 0xffff) } },
	{ "nl_receive", 8, receive, NULL,
	  { USE("fd", TYPE_NETLINK), ONLY("n", 1, 2, 8) } },
	{ 0 },
};
