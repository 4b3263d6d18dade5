// SPDX-License-Identifier: MIT
/* Messages of the Netlink family into structs. */
#include "message.h"

#include <errno.h>
#include <netlink/genl/genl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATTR_MAX	SHMRING_A_RING_MAX	/* of all sets */

/* libnl's: a 32-bit number is four bytes, not four or more. */
static const struct nla_policy policies[] = {
	[FIELD_U32] = { .type = NLA_U32, .minlen = 4, .maxlen = 4 },
	[FIELD_S32] = { .type = NLA_S32, .minlen = 4, .maxlen = 4 },
	[FIELD_U64] = { .type = NLA_U64, .minlen = 8, .maxlen = 8 },
	[FIELD_NAME] = { .type = NLA_STRING, .minlen = 2,
			 .maxlen = SHMRING_NAME_MAX },
	[FIELD_FLAG] = { .type = NLA_FLAG },
	[FIELD_SIDE] = { .type = NLA_NESTED },
};

static int bad(char why[WHY_MAX], const char *what, const char *name)
{
	snprintf(why, WHY_MAX, "attribute '%s' %s", name, what);
	return -EBADMSG;
}

static int parse(const struct field *fields, struct nlattr *head, int len,
		 void *info, uint32_t *has, char why[WHY_MAX]);

static int store(const struct field *f, struct nlattr *attr, void *info,
		 char why[WHY_MAX])
{
	void *at = (char *)info + f->offset;
	struct side_info *side = at;

	switch (f->type) {
	case FIELD_U32:
	case FIELD_S32:
		*(uint32_t *)at = nla_get_u32(attr);
		return 0;
	case FIELD_U64:
		*(uint64_t *)at = nla_get_u64(attr);
		return 0;
	case FIELD_NAME:
		nla_strlcpy(at, attr, SHMRING_NAME_MAX);
		return 0;
	case FIELD_FLAG:
		*(bool *)at = true;
		return 0;
	case FIELD_SIDE:
		return parse(side_fields, nla_data(attr), nla_len(attr), side,
			     &side->has, why);
	}
	return -EINVAL;
}

/* One attribute by one, so that the message can name the one that is wrong. */
static int parse_one(const struct field *f, struct nlattr *attr, void *info,
		     char why[WHY_MAX])
{
	struct nla_policy policy[ATTR_MAX + 1] = { 0 };

	policy[f->attr] = policies[f->type];
	if (!!nla_is_nested(attr) != (f->type == FIELD_SIDE) ||
	    (f->type == FIELD_FLAG && nla_len(attr)) ||
	    nla_validate(attr, nla_total_size(nla_len(attr)), ATTR_MAX, policy))
		return bad(why, "has another type or length", f->name);
	return store(f, attr, info, why);
}

static int parse(const struct field *fields, struct nlattr *head, int len,
		 void *info, uint32_t *has, char why[WHY_MAX])
{
	const struct field *f;
	struct nlattr *attr;
	int rem, err;

	nla_for_each_attr(attr, head, len, rem) {
		for (f = fields; f->name && f->attr != nla_type(attr); f++)
			;
		/* An attribute of a newer kernel is none of ours. */
		if (!f->name)
			continue;
		err = parse_one(f, attr, info, why);
		if (err)
			return err;
		*has |= HAS(f->attr);
	}
	if (rem) {
		snprintf(why, WHY_MAX, "the message ends within an attribute");
		return -EBADMSG;
	}
	return 0;
}

static int require(const struct field *fields, uint32_t need, uint32_t has,
		   char why[WHY_MAX])
{
	const struct field *f;

	for (f = fields; f->name; f++)
		if (need & ~has & HAS(f->attr))
			return bad(why, "is missing", f->name);
	return 0;
}

static uint32_t all_of(const struct field *fields)
{
	uint32_t all = 0;

	for (; fields->name; fields++)
		all |= HAS(fields->attr);
	return all;
}

static int attributes(struct nlmsghdr *msg, struct nlattr **head, int *len,
		      char why[WHY_MAX])
{
	if (!genlmsg_valid_hdr(msg, 0)) {
		snprintf(why, WHY_MAX, "the message ends within its header");
		return -EBADMSG;
	}
	*head = genlmsg_attrdata(nlmsg_data(msg), 0);
	*len = genlmsg_attrlen(nlmsg_data(msg), 0);
	return 0;
}

/* A nest for each node, under one number. */
static int parse_numa(struct nlattr *head, int len, struct ring_info *r,
		      char why[WHY_MAX])
{
	struct nla_policy policy[SHMRING_A_NUMA_MAX + 1] = {
		[SHMRING_A_NUMA_NODE] = policies[FIELD_U32],
		[SHMRING_A_NUMA_PAGES] = policies[FIELD_U64],
	};
	struct nlattr *tb[SHMRING_A_NUMA_MAX + 1], *attr;
	struct numa_info *more;
	int rem;

	nla_for_each_attr(attr, head, len, rem) {
		if (nla_type(attr) != SHMRING_A_RING_NUMA)
			continue;
		if (!nla_is_nested(attr) ||
		    nla_parse_nested(tb, SHMRING_A_NUMA_MAX, attr, policy) ||
		    !tb[SHMRING_A_NUMA_NODE] || !tb[SHMRING_A_NUMA_PAGES])
			return bad(why, "is not a node and its pages", "numa");
		more = reallocarray(r->numa, r->nr_numa + 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		r->numa = more;
		r->numa[r->nr_numa++] = (struct numa_info) {
			.node = nla_get_u32(tb[SHMRING_A_NUMA_NODE]),
			.pages = nla_get_u64(tb[SHMRING_A_NUMA_PAGES]),
		};
	}
	return 0;
}

int message_ring(struct nlmsghdr *msg, struct ring_info *r, char why[WHY_MAX])
{
	struct nlattr *head;
	int len, err, i;

	why[0] = '\0';
	err = attributes(msg, &head, &len, why);
	if (!err)
		err = parse(ring_fields, head, len, r, &r->has, why);
	if (!err)
		err = require(ring_fields, all_of(ring_fields), r->has, why);
	for (i = 0; i < SIDES && !err; i++)
		err = require(side_fields, all_of(side_fields),
			      r->side[i].has, why);
	if (!err)
		err = parse_numa(head, len, r, why);
	if (err)
		ring_info_free(r);
	else
		ring_info_count(r);
	return err;
}

static uint32_t needed(uint8_t cmd)
{
	uint32_t need = HAS(SHMRING_A_EVENT_ID) | HAS(SHMRING_A_EVENT_NAME);

	if (cmd == SHMRING_CMD_LEVEL_NTF)
		return need | HAS(SHMRING_A_EVENT_SIZE) |
		       HAS(SHMRING_A_EVENT_USED) |
		       HAS(SHMRING_A_EVENT_HIGH_WATER) |
		       HAS(SHMRING_A_EVENT_LEVEL);
	return need | HAS(SHMRING_A_EVENT_ROLE) | HAS(SHMRING_A_EVENT_PID);
}

int message_event(struct nlmsghdr *msg, uint8_t cmd, struct event_info *e,
		  char why[WHY_MAX])
{
	struct nlattr *head;
	int len, err;

	why[0] = '\0';
	err = attributes(msg, &head, &len, why);
	if (!err)
		err = parse(event_fields, head, len, e, &e->has, why);
	return err ? err : require(event_fields, needed(cmd), e->has, why);
}

/* libnl hands out the error alone; the header lies before it, the rest behind. */
void message_ext_ack(const struct nlmsgerr *err, char *text, size_t max)
{
	struct nlmsghdr *msg =
		(struct nlmsghdr *)((uintptr_t)err - NLMSG_HDRLEN);
	struct nla_policy policy[NLMSGERR_ATTR_MAX + 1] = {
		[NLMSGERR_ATTR_MSG] = { .type = NLA_STRING, .minlen = 1 },
	};
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];
	int skip = sizeof(*err), len = nlmsg_datalen(msg);

	text[0] = '\0';
	if (!(msg->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	/* Unless capped, the request stands between. */
	if (!(msg->nlmsg_flags & NLM_F_CAPPED)) {
		if (err->msg.nlmsg_len < NLMSG_HDRLEN ||
		    err->msg.nlmsg_len > (uint32_t)len)
			return;
		skip += NLMSG_ALIGN(err->msg.nlmsg_len) - NLMSG_HDRLEN;
	}
	if (len <= skip ||
	    nla_parse(tb, NLMSGERR_ATTR_MAX,
		      (struct nlattr *)((uintptr_t)err + (size_t)skip),
		      len - skip, policy) ||
	    !tb[NLMSGERR_ATTR_MSG])
		return;
	nla_strlcpy(text, tb[NLMSGERR_ATTR_MSG], max);
}
