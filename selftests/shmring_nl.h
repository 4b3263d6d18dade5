/* SPDX-License-Identifier: GPL-2.0-only */
/* The Netlink family, as the tests use it: over libnl, a request at a time. */
#ifndef SHMRING_NL_H
#define SHMRING_NL_H

#include <stdbool.h>

#include <linux/shmring.h>
#include <linux/shmring_netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/socket.h>

/*
 * struct nl_client - a socket
 * @text: the extended ACK of the last request, or ""
 * @interrupted: the last dump said NLM_F_DUMP_INTR
 */
struct nl_client {
	struct nl_sock *sk;
	int family;
	int version;
	int group;
	char text[128];
	bool interrupted;
};

/* What is said of one side, and of a ring. */
struct nl_side {
	__u32 state;
	__u32 pid;
	__u64 waits;
	__u64 wakeups;
	__u64 kicks;
	__u64 eventfd_signals;
	__u64 deaths;
	__u64 stalls;
};

struct nl_ring {
	__u64 id;
	char name[SHMRING_NAME_MAX];
	__u64 size;
	__u32 record_size;
	__u32 flags;
	__s32 node;
	__u64 pages;		/* of all nodes */
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__u64 created;
	__u64 head;
	__u64 tail;
	__u64 used;
	__u32 high_water;
	__u32 level;
	struct nl_side side[2];
};

/* An event: of a ring (ring) or of what happens to one (the rest). */
struct nl_event {
	int cmd;
	struct nl_ring ring;
	__u64 id;
	char name[SHMRING_NAME_MAX];
	__u32 role;
	__u32 pid;
	bool killed;
	__u64 size;
	__u64 used;
	__u32 high_water;
	__u32 level;
};

/* 0 or -errno; -ENOENT when there is no such family here. */
int client_open(struct nl_client *client);
void client_close(struct nl_client *client);
int client_join(struct nl_client *client);

/* A request to be filled and talked; its header's flags are @flags. */
struct nl_msg *client_request(struct nl_client *client, int cmd, int flags);

/*
 * Sends @msg, frees it, and takes all that answers it; each ring goes to @each
 * with @arg. 0 or -errno.
 */
typedef void nl_ring_fn(const struct nl_ring *ring, void *arg);
int client_talk(struct nl_client *client, struct nl_msg *msg, nl_ring_fn *each,
		void *arg);

int client_get(struct nl_client *client, const char *name, struct nl_ring *ring);
int client_dump(struct nl_client *client, nl_ring_fn *each, void *arg);
int client_set_high_water(struct nl_client *client, const char *name,
			  __u32 percent);

/* Waits for the next event. 0, -ENOBUFS, or -ETIMEDOUT after a minute. */
int client_next_event(struct nl_client *client, struct nl_event *event);

#endif /* SHMRING_NL_H */
