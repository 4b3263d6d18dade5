// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Generic Netlink family. include/uapi/linux/shmring.yaml is its contract;
 * this file follows its order.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/shmring_netlink.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "compat.h"
#include "level.h"
#include "netlink.h"
#include "stat.h"

static struct genl_family shmring_family;

enum {
	SHMRING_GROUP_EVENTS,
};

/*
 * Messages
 */
/* Each set of attributes has its pad at this number. */
#define SHMRING_PAD 1

static int shmring_put_u64(struct sk_buff *skb, int attr, u64 value)
{
	BUILD_BUG_ON((int)SHMRING_A_NUMA_PAD != SHMRING_PAD);
	BUILD_BUG_ON((int)SHMRING_A_ENDPOINT_PAD != SHMRING_PAD);
	BUILD_BUG_ON((int)SHMRING_A_RING_PAD != SHMRING_PAD);
	BUILD_BUG_ON((int)SHMRING_A_EVENT_PAD != SHMRING_PAD);
	return nla_put_u64_64bit(skb, attr, value, SHMRING_PAD);
}

static int shmring_put_node(struct sk_buff *skb, u32 node, u64 pages)
{
	struct nlattr *nest = nla_nest_start(skb, SHMRING_A_RING_NUMA);

	if (!nest ||
	    nla_put_u32(skb, SHMRING_A_NUMA_NODE, node) ||
	    shmring_put_u64(skb, SHMRING_A_NUMA_PAGES, pages))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int shmring_put_nodes(struct sk_buff *skb, const struct shmring *ring)
{
	int node, err = 0;

	for_each_online_node(node)
		if (!err && ring->node_pages[node])
			err = shmring_put_node(skb, node,
					       ring->node_pages[node]);
	return err;
}

static int shmring_put_side(struct sk_buff *skb, int attr,
			    const struct shmring_side_stat *side)
{
	struct nlattr *nest = nla_nest_start(skb, attr);

	if (!nest ||
	    nla_put_u32(skb, SHMRING_A_ENDPOINT_STATE, side->state) ||
	    nla_put_u32(skb, SHMRING_A_ENDPOINT_PID, side->pid) ||
	    shmring_put_u64(skb, SHMRING_A_ENDPOINT_WAITS, side->waits) ||
	    shmring_put_u64(skb, SHMRING_A_ENDPOINT_WAKEUPS, side->wakeups) ||
	    shmring_put_u64(skb, SHMRING_A_ENDPOINT_KICKS, side->kicks) ||
	    shmring_put_u64(skb, SHMRING_A_ENDPOINT_EVENTFD_SIGNALS,
			    side->eventfd_signals) ||
	    shmring_put_u64(skb, SHMRING_A_ENDPOINT_DEATHS, side->deaths) ||
	    shmring_put_u64(skb, SHMRING_A_ENDPOINT_STALLS, side->stalls) ||
	    shmring_put_u64(skb, SHMRING_A_ENDPOINT_MESSAGES, side->messages))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int shmring_put_fixed(struct sk_buff *skb, const struct shmring *ring)
{
	if (shmring_put_u64(skb, SHMRING_A_RING_ID, ring->id) ||
	    nla_put_string(skb, SHMRING_A_RING_NAME, dev_name(&ring->dev)) ||
	    shmring_put_u64(skb, SHMRING_A_RING_SIZE, ring->bytes) ||
	    nla_put_u32(skb, SHMRING_A_RING_RECORD_SIZE, ring->record_size) ||
	    nla_put_u32(skb, SHMRING_A_RING_FLAGS, ring->flags) ||
	    nla_put_s32(skb, SHMRING_A_RING_NODE, ring->node) ||
	    shmring_put_nodes(skb, ring) ||
	    nla_put_u32(skb, SHMRING_A_RING_MODE, ring->mode) ||
	    nla_put_u32(skb, SHMRING_A_RING_UID,
			from_kuid_munged(&init_user_ns, ring->uid)) ||
	    nla_put_u32(skb, SHMRING_A_RING_GID,
			from_kgid_munged(&init_user_ns, ring->gid)) ||
	    shmring_put_u64(skb, SHMRING_A_RING_CREATED, ring->created))
		return -EMSGSIZE;
	return 0;
}

static int shmring_put_ring(struct sk_buff *skb, struct shmring *ring,
			    struct pid_namespace *ns)
{
	struct shmring_stat stat;

	shmring_get_stat(ring, ns, &stat);
	if (shmring_put_fixed(skb, ring) ||
	    shmring_put_u64(skb, SHMRING_A_RING_HEAD, stat.head) ||
	    shmring_put_u64(skb, SHMRING_A_RING_TAIL, stat.tail) ||
	    shmring_put_u64(skb, SHMRING_A_RING_USED, stat.used) ||
	    nla_put_u32(skb, SHMRING_A_RING_HIGH_WATER, stat.high_water) ||
	    nla_put_u32(skb, SHMRING_A_RING_LEVEL, stat.level) ||
	    shmring_put_side(skb, SHMRING_A_RING_PRODUCER,
			     &stat.producer) ||
	    shmring_put_side(skb, SHMRING_A_RING_CONSUMER,
			     &stat.consumer))
		return -EMSGSIZE;
	return 0;
}

/* Enough for a ring with pages on each node. */
static struct sk_buff *shmring_new_message(void)
{
	return genlmsg_new(GENLMSG_DEFAULT_SIZE / 2 + nr_node_ids * 32,
			   GFP_KERNEL);
}

/*
 * Requests
 */
static const struct nla_policy shmring_get_policy[] = {
	[SHMRING_A_RING_NAME] = { .type = NLA_NUL_STRING,
				  .len = SHMRING_NAME_LEN },
};

static const struct nla_policy shmring_set_policy[] = {
	[SHMRING_A_RING_NAME] = { .type = NLA_NUL_STRING,
				  .len = SHMRING_NAME_LEN },
	[SHMRING_A_RING_HIGH_WATER] = NLA_POLICY_MAX(NLA_U32, 100),
};

/* The ring that the request names, with its extended ACK if there is none. */
static struct shmring *shmring_requested(struct genl_info *info, int *err)
{
	struct nlattr *name = info->attrs[SHMRING_A_RING_NAME];
	struct shmring *ring;

	if (!name) {
		GENL_SET_ERR_MSG(info, "a ring's name is missing");
		*err = -EINVAL;
		return NULL;
	}
	ring = shmring_find(nla_data(name));
	if (!ring) {
		NL_SET_ERR_MSG_ATTR(info->extack, name,
				    "no ring has this name");
		*err = -ENOENT;
	}
	return ring;
}

static int shmring_nl_get(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg = shmring_new_message();
	struct shmring *ring;
	void *header;
	int err = -EMSGSIZE;

	if (!msg)
		return -ENOMEM;
	header = genlmsg_put_reply(msg, info, &shmring_family, 0,
				   SHMRING_CMD_RING_GET);
	shmring_lock_list();
	ring = shmring_requested(info, &err);
	if (ring && header)
		err = shmring_put_ring(msg, ring, task_active_pid_ns(current));
	shmring_unlock_list();
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, header);
	return genlmsg_reply(msg, info);
}

static int shmring_dump_ring(struct sk_buff *skb, struct netlink_callback *cb,
			     struct shmring *ring)
{
	void *header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				   cb->nlh->nlmsg_seq, &shmring_family,
				   NLM_F_MULTI, SHMRING_CMD_RING_GET);

	if (!header)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, header);
	if (shmring_put_ring(skb, ring, task_active_pid_ns(current))) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

/* Where the next part of a dump begins. */
struct shmring_dump {
	u64 id;
};

static int shmring_nl_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct shmring_dump *dump = (void *)cb->ctx;
	struct shmring *ring;
	int err = 0;

	BUILD_BUG_ON(sizeof(*dump) > sizeof(cb->ctx));
	/* Not in a start callback: 6.1 has no extended ACK for those. */
	if (shmring_dump_attrs(cb)[SHMRING_A_RING_NAME]) {
		NL_SET_ERR_MSG(cb->extack, "a dump is of all rings");
		return -EINVAL;
	}
	shmring_lock_list();
	cb->seq = shmring_generation();
	for (ring = shmring_from(dump->id); ring;
	     ring = shmring_after(ring)) {
		err = shmring_dump_ring(skb, cb, ring);
		if (err)
			break;
		dump->id = ring->id + 1;
	}
	shmring_unlock_list();
	return skb->len ?: err;
}

/* Both who sends and who opened the socket: neither may lend the other rights. */
static bool shmring_may_set(struct sk_buff *skb, const struct shmring *ring)
{
	return (uid_eq(ring->uid, current_fsuid()) &&
		uid_eq(ring->uid, READ_ONCE(NETLINK_CB(skb).sk->sk_uid))) ||
	       netlink_capable(skb, CAP_SYS_ADMIN);
}

static int shmring_nl_set(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *high_water = info->attrs[SHMRING_A_RING_HIGH_WATER];
	struct shmring *ring;
	int err = 0;

	if (!high_water) {
		GENL_SET_ERR_MSG(info, "there is nothing to set: no high-water");
		return -EINVAL;
	}
	shmring_lock_list();
	ring = shmring_requested(info, &err);
	if (ring && !shmring_may_set(skb, ring)) {
		GENL_SET_ERR_MSG(info,
				 "the ring is somebody else's, and CAP_SYS_ADMIN is missing");
		err = -EPERM;
	}
	if (!err)
		err = shmring_set_high_water(ring, nla_get_u32(high_water));
	shmring_unlock_list();
	return err;
}

/*
 * News
 */
bool shmring_has_listeners(void)
{
	return genl_has_listeners(&shmring_family, &init_net,
				  SHMRING_GROUP_EVENTS);
}

/* NULL in @header, too, when there is no memory. */
static struct sk_buff *shmring_begin_news(u8 cmd, void **header)
{
	struct sk_buff *msg = shmring_new_message();

	*header = msg ? genlmsg_put(msg, 0, 0, &shmring_family, 0, cmd) : NULL;
	return msg;
}

static void shmring_send_news(struct sk_buff *msg, void *header)
{
	genlmsg_end(msg, header);
	genlmsg_multicast(&shmring_family, msg, 0, SHMRING_GROUP_EVENTS,
			  GFP_KERNEL);
}

/* As for a listener whose queue is full: there was news, and it is lost. */
static void shmring_lose_news(struct sk_buff *msg)
{
	nlmsg_free(msg);
	genl_set_err(&shmring_family, &init_net, 0, SHMRING_GROUP_EVENTS,
		     -ENOBUFS);
}

static int shmring_put_ids(struct sk_buff *msg, const struct shmring *ring)
{
	if (shmring_put_u64(msg, SHMRING_A_EVENT_ID, ring->id) ||
	    nla_put_string(msg, SHMRING_A_EVENT_NAME, dev_name(&ring->dev)))
		return -EMSGSIZE;
	return 0;
}

void shmring_notify_ring(struct shmring *ring, u8 cmd)
{
	struct sk_buff *msg;
	void *header;

	if (!shmring_has_listeners())
		return;
	msg = shmring_begin_news(cmd, &header);
	if (!header || shmring_put_ring(msg, ring, &init_pid_ns))
		return shmring_lose_news(msg);
	shmring_send_news(msg, header);
}

void shmring_notify_endpoint(const struct shmring_slot *slot, u8 cmd,
			     bool killed)
{
	struct sk_buff *msg;
	void *header;

	if (!shmring_has_listeners())
		return;
	msg = shmring_begin_news(cmd, &header);
	if (!header || shmring_put_ids(msg, slot->ring) ||
	    nla_put_u32(msg, SHMRING_A_EVENT_ROLE, slot->role) ||
	    nla_put_u32(msg, SHMRING_A_EVENT_PID, pid_nr(slot->pid)) ||
	    (killed && nla_put_flag(msg, SHMRING_A_EVENT_KILLED)))
		return shmring_lose_news(msg);
	shmring_send_news(msg, header);
}

void shmring_notify_level(struct shmring *ring, u64 used, u32 mark)
{
	struct sk_buff *msg;
	void *header;

	if (!shmring_has_listeners())
		return;
	msg = shmring_begin_news(SHMRING_CMD_LEVEL_NTF, &header);
	if (!header || shmring_put_ids(msg, ring) ||
	    shmring_put_u64(msg, SHMRING_A_EVENT_SIZE, ring->bytes) ||
	    shmring_put_u64(msg, SHMRING_A_EVENT_USED, used) ||
	    nla_put_u32(msg, SHMRING_A_EVENT_HIGH_WATER, mark) ||
	    nla_put_u32(msg, SHMRING_A_EVENT_LEVEL, ring->level))
		return shmring_lose_news(msg);
	shmring_send_news(msg, header);
}

/*
 * The family
 */
static const struct genl_ops shmring_nl_ops[] = {
	{
		.cmd	= SHMRING_CMD_RING_GET,
		.doit	= shmring_nl_get,
		.dumpit	= shmring_nl_dump,
		.policy	= shmring_get_policy,
		.maxattr = ARRAY_SIZE(shmring_get_policy) - 1,
	},
	{
		.cmd	= SHMRING_CMD_RING_SET,
		.doit	= shmring_nl_set,
		.policy	= shmring_set_policy,
		.maxattr = ARRAY_SIZE(shmring_set_policy) - 1,
	},
};

static const struct genl_multicast_group shmring_nl_groups[] = {
	[SHMRING_GROUP_EVENTS] = { .name = SHMRING_MCGRP_EVENTS },
};

static struct genl_family shmring_family __ro_after_init = {
	.name		= SHMRING_FAMILY_NAME,
	.version	= SHMRING_FAMILY_VERSION,
	.module		= THIS_MODULE,
	.parallel_ops	= true,
	.ops		= shmring_nl_ops,
	.n_ops		= ARRAY_SIZE(shmring_nl_ops),
	.mcgrps		= shmring_nl_groups,
	.n_mcgrps	= ARRAY_SIZE(shmring_nl_groups),
};

int shmring_netlink_init(void)
{
	return genl_register_family(&shmring_family);
}

void shmring_netlink_exit(void)
{
	genl_unregister_family(&shmring_family);
}
