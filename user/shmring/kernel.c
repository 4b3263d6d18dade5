// SPDX-License-Identifier: MIT
/* Questions to the kernel module, over Generic Netlink. */
#include "kernel.h"

#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "family.h"
#include "message.h"
#include "sysfs.h"

#define RECEIVE_BYTES	32768	/* the most that a dump puts into one message */
#define DUMP_TRIES	8
#define ERRMSG_MAX	512

/*
 * struct kernel - a socket and what the answer under way has come to
 * @sock: NULL where sysfs has to do
 * @answered: the last message of an answer is here
 * @err: negative errno of the answer
 * @text: and what the kernel, or the parser, says of it
 * @rings: where rings of the answer go
 * @tell: who is told of events
 */
struct kernel {
	struct nl_sock *sock;
	int family;
	bool answered;
	int err;
	char text[WHY_MAX];
	struct rings *rings;
	void (*tell)(const struct event *e, void *arg);
	void *arg;
};

static _Thread_local char message[ERRMSG_MAX];

const char *kernel_errmsg(void)
{
	return message;
}

__attribute__((format(printf, 2, 3)))
static int explain(int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	return err;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *err, void *arg)
{
	struct kernel *k = arg;

	(void)from;
	k->answered = true;
	k->err = err->error;
	message_ext_ack(err, k->text, sizeof(k->text));
	return NL_STOP;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct kernel *k = arg;

	(void)msg;
	k->answered = true;
	return NL_OK;
}

/* The end of a dump carries an errno. */
static int on_finish(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct kernel *k = arg;
	int err = 0;

	k->answered = true;
	if (nlmsg_datalen(hdr) >= (int)sizeof(err))
		memcpy(&err, nlmsg_data(hdr), sizeof(err));
	if (err < 0 && !k->err)
		k->err = err;
	return NL_OK;
}

static int on_ring(struct nl_msg *msg, void *arg)
{
	struct kernel *k = arg;
	struct ring_info *r;
	int err;

	if (k->err || !k->rings)
		return NL_OK;
	r = rings_add(k->rings);
	err = r ? message_ring(nlmsg_hdr(msg), r, k->text) : -ENOMEM;
	if (err) {
		k->err = err;
		k->rings->nr -= !!r;
	}
	return NL_OK;
}

static int resolve(struct kernel *k)
{
	struct genl_family *family;
	struct nl_cache *cache;
	int err;

	err = genl_ctrl_alloc_cache(k->sock, &cache);
	if (err)
		return explain(-EIO, "cannot ask for Netlink families: %s",
			       nl_geterror(err));
	family = genl_ctrl_search_by_name(cache, SHMRING_FAMILY_NAME);
	err = family_check(family, message, sizeof(message));
	if (!err)
		k->family = (int)genl_family_get_id(family);
	if (family)
		genl_family_put(family);
	nl_cache_free(cache);
	return err;
}

static int connect_to(struct kernel *k)
{
	int err, on = 1;

	k->sock = nl_socket_alloc();
	if (!k->sock)
		return explain(-ENOMEM, "no memory for a socket");
	err = genl_connect(k->sock);
	if (err)
		return explain(-EIO, "cannot connect to Netlink: %s",
			       nl_geterror(err));
	/* Without these the kernel is only less talkative. */
	setsockopt(nl_socket_get_fd(k->sock), SOL_NETLINK, NETLINK_EXT_ACK,
		   &on, sizeof(on));
	setsockopt(nl_socket_get_fd(k->sock), SOL_NETLINK, NETLINK_CAP_ACK,
		   &on, sizeof(on));
	nl_socket_set_msg_buf_size(k->sock, RECEIVE_BYTES);
	err = resolve(k);
	if (err)
		return err;
	nl_socket_modify_err_cb(k->sock, NL_CB_CUSTOM, on_error, k);
	nl_socket_modify_cb(k->sock, NL_CB_ACK, NL_CB_CUSTOM, on_ack, k);
	nl_socket_modify_cb(k->sock, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, k);
	nl_socket_modify_cb(k->sock, NL_CB_VALID, NL_CB_CUSTOM, on_ring, k);
	return 0;
}

struct kernel *kernel_open(void)
{
	struct kernel *k = calloc(1, sizeof(*k));
	int err;

	if (!k) {
		errno = -explain(-ENOMEM, "no memory");
		return NULL;
	}
	err = connect_to(k);
	if (!err)
		return k;
	if (err == -ENOENT && !access(SYSFS_MODULE, F_OK)) {
		nl_socket_free(k->sock);
		k->sock = NULL;
		return k;
	}
	kernel_close(k);
	errno = -err;
	return NULL;
}

bool kernel_by_sysfs(const struct kernel *k)
{
	return !k->sock;
}

static int needs_netlink(void)
{
	return explain(-EOPNOTSUPP, "this takes the module's Netlink family, which " FAMILY_ELSEWHERE);
}

void kernel_close(struct kernel *k)
{
	nl_socket_free(k->sock);
	free(k);
}

/* A request with @name, and the mark unless negative, and all of its answer. */
static int ask(struct kernel *k, uint8_t cmd, int flags, const char *name,
	       int high_water)
{
	struct nl_msg *msg = nlmsg_alloc();
	int err = -NLE_NOMEM;

	k->answered = false;
	k->err = 0;
	k->text[0] = '\0';
	if (msg && genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, k->family, 0,
			       flags, cmd, SHMRING_FAMILY_VERSION) &&
	    (!name || !nla_put_string(msg, SHMRING_A_RING_NAME, name)) &&
	    (high_water < 0 || !nla_put_u32(msg, SHMRING_A_RING_HIGH_WATER,
					    (uint32_t)high_water)))
		err = nl_send_auto(k->sock, msg);
	nlmsg_free(msg);
	while (err >= 0 && !k->answered)
		err = nl_recvmsgs_default(k->sock);
	if (k->err)
		return k->err;
	if (err == -NLE_DUMP_INTR)
		return -EINTR;
	if (err >= 0)
		return 0;
	snprintf(k->text, sizeof(k->text), "%s", nl_geterror(err));
	return err == -NLE_NOMEM ? -ENOMEM : -EIO;
}

static const char *hint(int err)
{
	switch (err) {
	case -EBADMSG:
		return ": the module and this command do not match: see shmring doctor";
	case -EPERM:
		return ": be its owner or root";
	default:
		return "";
	}
}

static int explain_answer(const struct kernel *k, int err, const char *name)
{
	const char *text = k->text[0] ? k->text : strerror(-err);

	return name ? explain(err, "dev:%s: %s%s", name, text, hint(err)) :
		      explain(err, "cannot list the rings: %s%s", text,
			      hint(err));
}

int kernel_get(struct kernel *k, const char *name, struct ring_info *r)
{
	struct rings one = { 0 };
	int err;

	if (!k->sock) {
		err = sysfs_ring("", name, r);
		return err ? explain(err, "dev:%s: no ring has this name",
				     name) : 0;
	}
	k->rings = &one;
	err = ask(k, SHMRING_CMD_RING_GET, 0, name, -1);
	k->rings = NULL;
	if (!err && one.nr != 1) {
		snprintf(k->text, sizeof(k->text), "the answer is truncated");
		err = -EBADMSG;
	}
	if (err) {
		rings_free(&one);
		return explain_answer(k, err, name);
	}
	*r = one.ring[0];
	free(one.ring);
	return 0;
}

bool kernel_find(const char *name, struct ring_info *r)
{
	struct kernel *k = kernel_open();
	bool found = k && !kernel_get(k, name, r);

	if (k)
		kernel_close(k);
	return found;
}

int kernel_dump(struct kernel *k, struct rings *all)
{
	int err, tries;

	if (!k->sock) {
		err = sysfs_rings("", all);
		return err ? explain(err, "cannot list the rings: %s",
				     strerror(-err)) : 0;
	}
	*all = (struct rings) { 0 };
	k->rings = all;
	for (tries = 0; tries < DUMP_TRIES; tries++) {
		rings_free(all);
		err = ask(k, SHMRING_CMD_RING_GET, NLM_F_DUMP, NULL, -1);
		if (err != -EINTR)
			break;
	}
	k->rings = NULL;
	/* Where rings come and go all the time, some of them is the answer. */
	if (err == -EINTR) {
		all->torn = true;
		err = 0;
	}
	if (err) {
		rings_free(all);
		return explain_answer(k, err, NULL);
	}
	rings_sort(all);
	return 0;
}

int kernel_set_high_water(struct kernel *k, const char *name, uint32_t percent)
{
	int err;

	if (!k->sock)
		return needs_netlink();
	err = ask(k, SHMRING_CMD_RING_SET, 0, name, (int)percent);
	return err ? explain_answer(k, err, name) : 0;
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct kernel *k = arg;
	struct event e = { 0 };
	int err;

	if (!genlmsg_valid_hdr(hdr, 0))
		return NL_SKIP;
	e.cmd = ((struct genlmsghdr *)nlmsg_data(hdr))->cmd;
	switch (e.cmd) {
	case SHMRING_CMD_RING_ADD_NTF:
	case SHMRING_CMD_RING_DEL_NTF:
		err = message_ring(hdr, &e.ring, k->text);
		break;
	case SHMRING_CMD_ENDPOINT_ATTACH_NTF:
	case SHMRING_CMD_ENDPOINT_DETACH_NTF:
	case SHMRING_CMD_LEVEL_NTF:
		err = message_event(hdr, e.cmd, &e.at, k->text);
		break;
	default:
		return NL_SKIP;
	}
	if (err)
		k->err = err;
	else
		k->tell(&e, k->arg);
	ring_info_free(&e.ring);
	return NL_OK;
}

int kernel_listen(struct kernel *k, size_t buffer)
{
	int group, err;

	if (!k->sock)
		return needs_netlink();
	group = genl_ctrl_resolve_grp(k->sock, SHMRING_FAMILY_NAME,
				      SHMRING_MCGRP_EVENTS);
	if (group < 0)
		return explain(-EIO, "cannot find the group of events: %s",
			       nl_geterror(group));
	nl_socket_disable_seq_check(k->sock);
	nl_socket_modify_cb(k->sock, NL_CB_VALID, NL_CB_CUSTOM, on_event, k);
	err = nl_socket_set_buffer_size(k->sock, (int)buffer, 0);
	if (!err)
		err = nl_socket_set_nonblocking(k->sock);
	if (!err)
		err = nl_socket_add_membership(k->sock, group);
	return err ? explain(-EIO, "cannot listen for events: %s",
			     nl_geterror(err)) : 0;
}

int kernel_fd(const struct kernel *k)
{
	return nl_socket_get_fd(k->sock);
}

/*
 * The error comes before the events that were in time, which are read to the
 * end first: what is asked for anew is then newer than all that was told.
 */
int kernel_events(struct kernel *k,
		  void (*tell)(const struct event *e, void *arg), void *arg)
{
	bool lost = false;
	int err;

	k->tell = tell;
	k->arg = arg;
	k->err = 0;
	do {
		err = nl_recvmsgs_default(k->sock);
		/* libnl has no other name for ENOBUFS. */
		if (err == -NLE_NOMEM)
			lost = true;
	} while (!k->err && (err >= 0 || err == -NLE_NOMEM));
	if (k->err)
		return explain(k->err, "an event makes no sense: %s%s", k->text,
			       hint(k->err));
	if (err != -NLE_AGAIN)
		return explain(-EIO, "cannot receive events: %s",
			       nl_geterror(err));
	return lost ? explain(-ENOBUFS, "events were lost") : 0;
}
