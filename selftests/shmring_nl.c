// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/family.h>
#include <netlink/genl/genl.h>

#include "shmring_nl.h"

#define GUARD_MS	60000

static int resolve(struct nl_client *client)
{
	struct genl_family *family;
	struct nl_cache *cache;

	if (genl_ctrl_alloc_cache(client->sk, &cache))
		return -EIO;
	family = genl_ctrl_search_by_name(cache, SHMRING_FAMILY_NAME);
	if (family) {
		client->family = genl_family_get_id(family);
		client->version = genl_family_get_version(family);
		genl_family_put(family);
	}
	nl_cache_free(cache);
	return family ? 0 : -ENOENT;
}

int client_open(struct nl_client *client)
{
	int one = 1;

	memset(client, 0, sizeof(*client));
	client->sk = nl_socket_alloc();
	if (!client->sk)
		return -ENOMEM;
	if (genl_connect(client->sk))
		return -EIO;
	if (setsockopt(nl_socket_get_fd(client->sk), SOL_NETLINK,
		       NETLINK_EXT_ACK, &one, sizeof(one)))
		return -errno;
	return resolve(client);
}

void client_close(struct nl_client *client)
{
	nl_socket_free(client->sk);
	client->sk = NULL;
}

int client_join(struct nl_client *client)
{
	client->group = genl_ctrl_resolve_grp(client->sk, SHMRING_FAMILY_NAME,
					      SHMRING_MCGRP_EVENTS);
	if (client->group < 0)
		return -ENOENT;
	return nl_socket_add_membership(client->sk, client->group) ? -EIO : 0;
}

/*
 * Parsing. The kernel is what is under test, so a message that lacks something
 * leaves zeros, which the tests then find.
 */
static __u64 number(const struct nlattr *attr)
{
	if (!attr)
		return 0;
	return nla_len(attr) == sizeof(__u64) ? nla_get_u64(attr) :
						nla_get_u32(attr);
}

static void copy_name(char name[SHMRING_NAME_MAX], const struct nlattr *attr)
{
	if (attr)
		nla_strlcpy(name, attr, SHMRING_NAME_MAX);
}

static void parse_side(struct nl_side *side, struct nlattr *nest)
{
	struct nlattr *a[SHMRING_A_ENDPOINT_MAX + 1];

	if (!nest || nla_parse_nested(a, SHMRING_A_ENDPOINT_MAX, nest, NULL))
		return;
	side->state = number(a[SHMRING_A_ENDPOINT_STATE]);
	side->pid = number(a[SHMRING_A_ENDPOINT_PID]);
	side->waits = number(a[SHMRING_A_ENDPOINT_WAITS]);
	side->wakeups = number(a[SHMRING_A_ENDPOINT_WAKEUPS]);
	side->kicks = number(a[SHMRING_A_ENDPOINT_KICKS]);
	side->eventfd_signals = number(a[SHMRING_A_ENDPOINT_EVENTFD_SIGNALS]);
	side->deaths = number(a[SHMRING_A_ENDPOINT_DEATHS]);
	side->stalls = number(a[SHMRING_A_ENDPOINT_STALLS]);
}

/* There is one of these attributes for each node. */
static __u64 count_pages(struct nlmsghdr *header)
{
	struct nlattr *a[SHMRING_A_NUMA_MAX + 1], *attr;
	struct genlmsghdr *genl = genlmsg_hdr(header);
	__u64 pages = 0;
	int left;

	nla_for_each_attr(attr, genlmsg_attrdata(genl, 0),
			  genlmsg_attrlen(genl, 0), left)
		if (nla_type(attr) == SHMRING_A_RING_NUMA &&
		    !nla_parse_nested(a, SHMRING_A_NUMA_MAX, attr, NULL))
			pages += number(a[SHMRING_A_NUMA_PAGES]);
	return pages;
}

static void parse_ring(struct nl_ring *ring, struct nlmsghdr *header)
{
	struct nlattr *a[SHMRING_A_RING_MAX + 1];

	memset(ring, 0, sizeof(*ring));
	if (genlmsg_parse(header, 0, a, SHMRING_A_RING_MAX, NULL))
		return;
	ring->id = number(a[SHMRING_A_RING_ID]);
	copy_name(ring->name, a[SHMRING_A_RING_NAME]);
	ring->size = number(a[SHMRING_A_RING_SIZE]);
	ring->record_size = number(a[SHMRING_A_RING_RECORD_SIZE]);
	ring->flags = number(a[SHMRING_A_RING_FLAGS]);
	ring->node = number(a[SHMRING_A_RING_NODE]);
	ring->pages = count_pages(header);
	ring->mode = number(a[SHMRING_A_RING_MODE]);
	ring->uid = number(a[SHMRING_A_RING_UID]);
	ring->gid = number(a[SHMRING_A_RING_GID]);
	ring->created = number(a[SHMRING_A_RING_CREATED]);
	ring->head = number(a[SHMRING_A_RING_HEAD]);
	ring->tail = number(a[SHMRING_A_RING_TAIL]);
	ring->used = number(a[SHMRING_A_RING_USED]);
	ring->high_water = number(a[SHMRING_A_RING_HIGH_WATER]);
	ring->level = number(a[SHMRING_A_RING_LEVEL]);
	parse_side(&ring->side[0], a[SHMRING_A_RING_PRODUCER]);
	parse_side(&ring->side[1], a[SHMRING_A_RING_CONSUMER]);
}

static void parse_event(struct nl_event *event, struct nlmsghdr *header)
{
	struct nlattr *a[SHMRING_A_EVENT_MAX + 1];

	memset(event, 0, sizeof(*event));
	event->cmd = genlmsg_hdr(header)->cmd;
	if (event->cmd == SHMRING_CMD_RING_ADD_NTF ||
	    event->cmd == SHMRING_CMD_RING_DEL_NTF) {
		parse_ring(&event->ring, header);
		event->id = event->ring.id;
		memcpy(event->name, event->ring.name, sizeof(event->name));
		return;
	}
	if (genlmsg_parse(header, 0, a, SHMRING_A_EVENT_MAX, NULL))
		return;
	event->id = number(a[SHMRING_A_EVENT_ID]);
	copy_name(event->name, a[SHMRING_A_EVENT_NAME]);
	event->role = number(a[SHMRING_A_EVENT_ROLE]);
	event->pid = number(a[SHMRING_A_EVENT_PID]);
	event->killed = a[SHMRING_A_EVENT_KILLED];
	event->size = number(a[SHMRING_A_EVENT_SIZE]);
	event->used = number(a[SHMRING_A_EVENT_USED]);
	event->high_water = number(a[SHMRING_A_EVENT_HIGH_WATER]);
	event->level = number(a[SHMRING_A_EVENT_LEVEL]);
}

/* The error of an ACK or of a dump's end, and the text that came with it. */
static int parse_ack(struct nl_client *client, struct nlmsghdr *header)
{
	struct nlmsgerr *ack = nlmsg_data(header);
	struct nlattr *a[NLMSGERR_ATTR_MAX + 1];
	int offset = sizeof(*ack);

	if (header->nlmsg_type == NLMSG_DONE)
		offset = sizeof(int);
	else if (!(header->nlmsg_flags & NLM_F_CAPPED))
		offset += ack->msg.nlmsg_len - sizeof(ack->msg);
	if (header->nlmsg_flags & NLM_F_ACK_TLVS &&
	    !nlmsg_parse(header, NLMSG_ALIGN(offset), a, NLMSGERR_ATTR_MAX,
			 NULL) && a[NLMSGERR_ATTR_MSG])
		nla_strlcpy(client->text, a[NLMSGERR_ATTR_MSG],
			    sizeof(client->text));
	return ack->error;
}

/*
 * Requests
 */
struct nl_msg *client_request(struct nl_client *client, int cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (msg && !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, client->family,
				0, NLM_F_REQUEST | flags, cmd,
				SHMRING_FAMILY_VERSION))
		abort();
	return msg;
}

/* One message of the answer. 1: there is more; else the answer's end. */
static int take(struct nl_client *client, struct nlmsghdr *header,
		nl_ring_fn *each, void *arg)
{
	struct nl_ring ring;

	if (header->nlmsg_flags & NLM_F_DUMP_INTR)
		client->interrupted = true;
	if (header->nlmsg_type == NLMSG_ERROR ||
	    header->nlmsg_type == NLMSG_DONE)
		return parse_ack(client, header);
	if (each) {
		parse_ring(&ring, header);
		each(&ring, arg);
	}
	return 1;
}

static int receive(struct nl_client *client, __u32 seq, nl_ring_fn *each,
		   void *arg)
{
	struct sockaddr_nl from;
	struct nlmsghdr *header;
	unsigned char *buf;
	int n, err = 1;

	while (err == 1) {
		n = nl_recv(client->sk, &from, &buf, NULL);
		if (n <= 0)
			return -EIO;
		for (header = (void *)buf; err == 1 && nlmsg_ok(header, n);
		     header = nlmsg_next(header, &n))
			if (header->nlmsg_seq == seq)
				err = take(client, header, each, arg);
		free(buf);
	}
	return err;
}

int client_talk(struct nl_client *client, struct nl_msg *msg, nl_ring_fn *each,
		void *arg)
{
	__u32 seq;
	int err;

	client->text[0] = 0;
	client->interrupted = false;
	err = nl_send_auto(client->sk, msg);
	seq = nlmsg_hdr(msg)->nlmsg_seq;
	nlmsg_free(msg);
	return err < 0 ? -EIO : receive(client, seq, each, arg);
}

static void keep(const struct nl_ring *ring, void *arg)
{
	*(struct nl_ring *)arg = *ring;
}

int client_get(struct nl_client *client, const char *name, struct nl_ring *ring)
{
	/* The ACK ends the answer. */
	struct nl_msg *msg = client_request(client, SHMRING_CMD_RING_GET,
					    NLM_F_ACK);

	nla_put_string(msg, SHMRING_A_RING_NAME, name);
	return client_talk(client, msg, keep, ring);
}

int client_dump(struct nl_client *client, nl_ring_fn *each, void *arg)
{
	struct nl_msg *msg = client_request(client, SHMRING_CMD_RING_GET,
					    NLM_F_DUMP);

	return client_talk(client, msg, each, arg);
}

int client_set_high_water(struct nl_client *client, const char *name,
			  __u32 percent)
{
	struct nl_msg *msg = client_request(client, SHMRING_CMD_RING_SET,
					    NLM_F_ACK);

	nla_put_string(msg, SHMRING_A_RING_NAME, name);
	nla_put_u32(msg, SHMRING_A_RING_HIGH_WATER, percent);
	return client_talk(client, msg, NULL, NULL);
}

int client_next_event(struct nl_client *client, struct nl_event *event)
{
	struct pollfd pfd = {
		.fd = nl_socket_get_fd(client->sk),
		.events = POLLIN,
	};
	unsigned char buf[16384];
	ssize_t n;

	if (poll(&pfd, 1, GUARD_MS) != 1)
		return -ETIMEDOUT;
	n = recv(pfd.fd, buf, sizeof(buf), 0);
	if (n < 0)
		return -errno;
	/* A multicast message comes by itself. */
	parse_event(event, (struct nlmsghdr *)buf);
	return 0;
}
