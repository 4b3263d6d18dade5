/* SPDX-License-Identifier: MIT */
/* Messages of the Netlink family into structs; nothing in them is believed. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <netlink/msg.h>

#include "info.h"

/*
 * All return 0, -ENOMEM, or -EBADMSG: the message is truncated, an attribute
 * has another length or type than in shmring.yaml, or one is missing. @why then
 * says which.
 */
#define WHY_MAX	128

int message_ring(struct nlmsghdr *msg, struct ring_info *r, char why[WHY_MAX]);

/* Of the kind @cmd: attach, detach, level. */
int message_event(struct nlmsghdr *msg, uint8_t cmd, struct event_info *e,
		  char why[WHY_MAX]);

/* The sentence of an extended ACK, or "". */
void message_ext_ack(const struct nlmsgerr *err, char *text, size_t max);

#endif /* MESSAGE_H */
