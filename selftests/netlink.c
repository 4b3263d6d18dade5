// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Netlink family: requests, dumps, events, and what it says to those who
 * ask wrongly.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include <netlink/genl/genl.h>

#include "kselftest_harness.h"
#include "shmring_nl.h"
#include "shmring_test.h"

#define STEADY	40	/* rings that stay while others come and go */
#define NOBODY	65534

FIXTURE(netlink)
{
	char name[SHMRING_NAME_MAX];
	struct nl_client client;
	struct nl_client listener;
};

FIXTURE_SETUP(netlink)
{
	const char *why = unusable();

	if (why)
		SKIP(return, "%s", why);
	ring_name(self->name);
	ASSERT_EQ(0, client_open(&self->client));
	ASSERT_EQ(0, client_open(&self->listener));
	ASSERT_EQ(0, client_join(&self->listener));
	ASSERT_EQ(0, ring_create(self->name, 2 * page_size(), 8));
}

FIXTURE_TEARDOWN(netlink)
{
	if (ring_exists(self->name))
		EXPECT_EQ(0, ring_destroy(self->name));
	client_close(&self->client);
	client_close(&self->listener);
}

/* The next event is @want of the fixture's ring. */
#define EXPECT_EVENT(want) do {						\
	ASSERT_EQ(0, client_next_event(&self->listener, &event));		\
	EXPECT_EQ(want, event.cmd);					\
	EXPECT_STREQ(self->name, event.name);				\
} while (0)

TEST_F(netlink, family_has_version_1)
{
	EXPECT_EQ(SHMRING_FAMILY_VERSION, self->client.version);
}

TEST_F(netlink, get_tells_the_geometry)
{
	struct nl_ring ring;

	ASSERT_EQ(0, client_get(&self->client, self->name, &ring));
	EXPECT_STREQ(self->name, ring.name);
	EXPECT_LT(0, ring.id);
	EXPECT_EQ(2 * page_size(), ring.size);
	EXPECT_EQ(8, ring.record_size);
	EXPECT_EQ(0, ring.flags);
	EXPECT_EQ(SHMRING_NODE_ANY, ring.node);
	EXPECT_EQ(2 + 3, ring.pages);
	EXPECT_EQ(0600, ring.mode);
	EXPECT_EQ(getuid(), ring.uid);
	EXPECT_EQ(getgid(), ring.gid);
	EXPECT_EQ(0, ring.head);
	EXPECT_EQ(0, ring.used);
	EXPECT_EQ(SHMRING_STATE_NEVER, ring.side[0].state);
	EXPECT_EQ(SHMRING_STATE_NEVER, ring.side[1].state);
}

/* Not before it was asked for, and not after it was there. */
TEST_F(netlink, created_is_the_time_of_day)
{
	struct nl_ring ring, later;
	__s64 before, after;

	ASSERT_EQ(0, client_get(&self->client, self->name, &ring));
	ASSERT_EQ(0, ring_destroy(self->name));
	before = clock_ns(CLOCK_REALTIME);
	ASSERT_EQ(0, ring_create(self->name, page_size(), 8));
	after = clock_ns(CLOCK_REALTIME);
	ASSERT_EQ(0, client_get(&self->client, self->name, &later));
	EXPECT_LE(before, (__s64)later.created);
	EXPECT_LE((__s64)later.created, after);
	EXPECT_LT(ring.id, later.id);
}

TEST_F(netlink, get_tells_who_and_how_much)
{
	struct endpoint producer, consumer;
	struct nl_ring ring;
	int i;

	ASSERT_EQ(0, endpoint_open(&producer, self->name,
				   SHMRING_ROLE_PRODUCER));
	ASSERT_EQ(0, endpoint_open(&consumer, self->name,
				   SHMRING_ROLE_CONSUMER));
	for (i = 0; i < 5; i++)
		endpoint_move(&producer, endpoint_fill(&producer, i));
	endpoint_move(&consumer, endpoint_check(&consumer, 0));
	producer.ctl->stalls = 7;

	ASSERT_EQ(0, client_get(&self->client, self->name, &ring));
	EXPECT_EQ(40, ring.head);
	EXPECT_EQ(8, ring.tail);
	EXPECT_EQ(32, ring.used);
	EXPECT_EQ(getpid(), ring.side[0].pid);
	EXPECT_EQ(getpid(), ring.side[1].pid);
	EXPECT_EQ(SHMRING_STATE_ATTACHED, ring.side[0].state);
	EXPECT_EQ(7, ring.side[0].stalls);
	endpoint_close(&producer);

	ASSERT_EQ(0, client_get(&self->client, self->name, &ring));
	EXPECT_EQ(SHMRING_STATE_GONE, ring.side[0].state);
	EXPECT_EQ(0, ring.side[0].pid);
	endpoint_close(&consumer);
}

/* Whatever the control pages say. */
TEST_F(netlink, used_is_never_more_than_the_ring)
{
	struct endpoint producer;
	struct nl_ring ring;

	ASSERT_EQ(0, endpoint_open(&producer, self->name,
				   SHMRING_ROLE_PRODUCER));
	producer.mine->pos = ~0ULL;
	ASSERT_EQ(0, client_get(&self->client, self->name, &ring));
	EXPECT_EQ(~0ULL, ring.head);
	EXPECT_EQ(ring.size, ring.used);
	producer.mine->pos = 0;
	endpoint_close(&producer);
}

/*
 * Wrong requests: an errno, and a sentence.
 */
#define EXPECT_REFUSED(error, request) do {				\
	EXPECT_EQ(-(error), client_talk(&self->client, request, NULL, NULL));	\
	EXPECT_NE(0, self->client.text[0]);				\
} while (0)

static struct nl_msg *named(struct nl_client *client, int cmd, const char *name)
{
	struct nl_msg *msg = client_request(client, cmd, NLM_F_ACK);

	nla_put_string(msg, SHMRING_A_RING_NAME, name);
	return msg;
}

TEST_F(netlink, wrong_names_are_refused)
{
	struct nl_client *client = &self->client;
	struct nl_msg *msg;
	char longer[64];

	EXPECT_REFUSED(EINVAL, client_request(client, SHMRING_CMD_RING_GET,
					      NLM_F_ACK));
	EXPECT_REFUSED(ENOENT, named(client, SHMRING_CMD_RING_GET, ""));
	EXPECT_REFUSED(ENOENT, named(client, SHMRING_CMD_RING_GET, "nosuch"));
	EXPECT_STREQ("no ring has this name", client->text);

	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	EXPECT_REFUSED(EINVAL, named(client, SHMRING_CMD_RING_GET, longer));

	/* Without a NUL. */
	msg = client_request(client, SHMRING_CMD_RING_GET, NLM_F_ACK);
	nla_put(msg, SHMRING_A_RING_NAME, 3, "abc");
	EXPECT_REFUSED(EINVAL, msg);
}

TEST_F(netlink, wrong_attributes_are_refused)
{
	struct nl_client *client = &self->client;
	struct nl_msg *msg;

	EXPECT_REFUSED(EINVAL, named(client, SHMRING_CMD_RING_SET, self->name));

	msg = named(client, SHMRING_CMD_RING_SET, self->name);
	nla_put_u32(msg, SHMRING_A_RING_HIGH_WATER, 101);
	EXPECT_REFUSED(ERANGE, msg);

	msg = named(client, SHMRING_CMD_RING_SET, self->name);
	nla_put_u16(msg, SHMRING_A_RING_HIGH_WATER, 50);
	EXPECT_REFUSED(EINVAL, msg);

	/* What only answers have, and what nobody has. */
	msg = named(client, SHMRING_CMD_RING_SET, self->name);
	nla_put_u64(msg, SHMRING_A_RING_HEAD, 1);
	EXPECT_REFUSED(EINVAL, msg);
	msg = named(client, SHMRING_CMD_RING_GET, self->name);
	nla_put_u32(msg, SHMRING_A_RING_MAX + 1, 1);
	EXPECT_REFUSED(EINVAL, msg);

	msg = client_request(client, SHMRING_CMD_RING_GET, NLM_F_DUMP);
	nla_put_string(msg, SHMRING_A_RING_NAME, self->name);
	EXPECT_REFUSED(EINVAL, msg);

	/* Known, and nothing to this request. */
	msg = named(client, SHMRING_CMD_RING_GET, self->name);
	nla_put_u32(msg, SHMRING_A_RING_HIGH_WATER, 50);
	EXPECT_REFUSED(EINVAL, msg);
}

/* What may mean something one day is not ignored until then. */
TEST_F(netlink, reserved_bytes_of_the_header_are_refused)
{
	static const int cmds[] = {
		SHMRING_CMD_RING_GET, SHMRING_CMD_RING_SET,
	};
	struct nl_msg *msg;
	unsigned int i;

	for (i = 0; i < 2 * ARRAY_SIZE(cmds); i++) {
		bool set = i % 2;

		msg = named(&self->client, cmds[i / 2], self->name);
		if (cmds[i / 2] == SHMRING_CMD_RING_SET)
			nla_put_u32(msg, SHMRING_A_RING_HIGH_WATER, 50);
		((struct genlmsghdr *)genlmsg_hdr(nlmsg_hdr(msg)))->reserved =
			set;
		EXPECT_EQ(set ? -EINVAL : 0,
			  client_talk(&self->client, msg, NULL, NULL)) {
			TH_LOG("command %d", cmds[i / 2]);
		}
	}
}

/* An attribute that says it is longer than the message. */
TEST_F(netlink, truncated_requests_are_refused)
{
	struct nl_msg *msg = named(&self->client, SHMRING_CMD_RING_GET,
				   self->name);
	struct nlattr *attr = genlmsg_attrdata(genlmsg_hdr(nlmsg_hdr(msg)), 0);

	attr->nla_len = 200;
	EXPECT_REFUSED(EINVAL, msg);

	/* Notifications are not for asking. */
	msg = client_request(&self->client, SHMRING_CMD_LEVEL_NTF, NLM_F_ACK);
	EXPECT_EQ(-EOPNOTSUPP, client_talk(&self->client, msg, NULL, NULL));
}

/* In a child: root cannot come back from another uid. */
static int set_as(uid_t uid, const char *name)
{
	struct nl_client client;
	pid_t pid = fork();
	int err;

	if (pid)
		return reap(pid);
	CHILD_ASSERT(!setresuid(uid, uid, uid));
	CHILD_ASSERT(!client_open(&client));
	err = client_set_high_water(&client, name, 50);
	CHILD_ASSERT(!err || client.text[0]);
	_exit(-err);
}

TEST_F(netlink, only_the_owner_sets)
{
	struct shmring_create create;

	EXPECT_EQ(EPERM, set_as(NOBODY, self->name));
	ASSERT_EQ(0, ring_destroy(self->name));
	ring_defaults(&create, self->name);
	create.uid = NOBODY;
	ASSERT_EQ(0, ring_create_as(&create));
	EXPECT_EQ(0, set_as(NOBODY, self->name));
	EXPECT_EQ(0, set_as(0, self->name));
}

/* A socket that root opened lends nobody its rights. */
TEST_F(netlink, a_socket_carries_no_rights)
{
	pid_t pid = fork();

	if (!pid) {
		CHILD_ASSERT(!setresuid(NOBODY, NOBODY, NOBODY));
		_exit(-client_set_high_water(&self->client, self->name, 50));
	}
	EXPECT_EQ(EPERM, reap(pid));
}

TEST_F(netlink, family_is_in_the_initial_namespace_alone)
{
	struct nl_client client;
	pid_t pid = fork();

	if (!pid) {
		CHILD_ASSERT(!unshare(CLONE_NEWNET));
		_exit(-client_open(&client));
	}
	EXPECT_EQ(ENOENT, reap(pid));
}

/* Pids are those of whoever asks. */
TEST_F(netlink, pids_are_of_the_readers_namespace)
{
	struct nl_client client;
	struct nl_ring ring;
	int fd = ring_open_as(self->name, SHMRING_ROLE_PRODUCER);
	pid_t pid;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, client_get(&self->client, self->name, &ring));
	EXPECT_EQ(getpid(), ring.side[0].pid);
	pid = fork();
	if (!pid) {
		CHILD_ASSERT(!unshare(CLONE_NEWPID));
		pid = fork();
		if (pid)
			_exit(reap(pid));
		CHILD_ASSERT(ring_open_as(self->name,
					  SHMRING_ROLE_CONSUMER) >= 0);
		CHILD_ASSERT(!client_open(&client));
		CHILD_ASSERT(!client_get(&client, self->name, &ring));
		CHILD_ASSERT(ring.side[0].state == SHMRING_STATE_ATTACHED);
		CHILD_ASSERT(ring.side[0].pid == 0);
		CHILD_ASSERT(ring.side[1].pid == 1);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	close(fd);
}

/*
 * Dumps
 */
struct census {
	int seen[STEADY];
	int others;
	pid_t owner;
	__u64 last_id;
	bool out_of_order;
};

static void count(const struct nl_ring *ring, void *arg)
{
	struct census *census = arg;
	int owner, i;

	census->out_of_order |= ring->id <= census->last_id;
	census->last_id = ring->id;
	if (sscanf(ring->name, "steady-%d-%d", &owner, &i) == 2 &&
	    owner == census->owner && i >= 0 && i < STEADY)
		census->seen[i]++;
	else
		census->others++;
}

/*
 * Whatever comes and goes, who was there all the time is told of exactly once,
 * and a dump that was not interrupted has just what was there.
 */
TEST_F(netlink, dumps_are_consistent_or_say_so)
{
	struct census census;
	int i, turn, interrupted = 0;
	char name[SHMRING_NAME_MAX];
	pid_t churn;

	for (i = 0; i < STEADY; i++) {
		steady_name(name, i);
		ASSERT_EQ(0, ring_create(name, page_size(), 8));
	}
	churn = start_churn();
	for (turn = 0; turn < 100 || (!interrupted && turn < 1000); turn++) {
		memset(&census, 0, sizeof(census));
		census.owner = getpid();
		ASSERT_EQ(0, client_dump(&self->client, count, &census));
		EXPECT_FALSE(census.out_of_order);
		for (i = 0; i < STEADY; i++)
			EXPECT_EQ(1, census.seen[i]);
		interrupted += self->client.interrupted;
	}
	EXPECT_LT(0, interrupted);
	stop_churn(churn);

	memset(&census, 0, sizeof(census));
	census.owner = getpid();
	ASSERT_EQ(0, client_dump(&self->client, count, &census));
	EXPECT_FALSE(self->client.interrupted);
	EXPECT_EQ(1, census.others);
	for (i = 0; i < STEADY; i++) {
		steady_name(name, i);
		EXPECT_EQ(0, ring_destroy(name));
	}
}

/* A dump that is begun and left holds nothing. */
TEST_F(netlink, an_abandoned_dump_holds_nothing)
{
	struct nl_client client;
	struct nl_msg *msg;
	long users = module_users();
	int i;

	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, client_open(&client));
		msg = client_request(&client, SHMRING_CMD_RING_GET, NLM_F_DUMP);
		ASSERT_LT(0, nl_send_auto(client.sk, msg));
		nlmsg_free(msg);
		client_close(&client);
	}
	EXPECT_EQ(users, module_users());
}

/*
 * Events
 */
TEST_F(netlink, events_tell_a_rings_life)
{
	struct nl_event event;
	int fd;

	EXPECT_EVENT(SHMRING_CMD_RING_ADD_NTF);
	EXPECT_EQ(2 * page_size(), event.ring.size);
	EXPECT_EQ(5, event.ring.pages);

	fd = ring_open_as(self->name, SHMRING_ROLE_CONSUMER);
	ASSERT_LE(0, fd);
	EXPECT_EVENT(SHMRING_CMD_ENDPOINT_ATTACH_NTF);
	EXPECT_EQ(SHMRING_ROLE_CONSUMER, event.role);
	EXPECT_EQ(getpid(), event.pid);

	close(fd);
	EXPECT_EVENT(SHMRING_CMD_ENDPOINT_DETACH_NTF);
	EXPECT_EQ(SHMRING_ROLE_CONSUMER, event.role);
	EXPECT_EQ(getpid(), event.pid);
	EXPECT_FALSE(event.killed);

	ASSERT_EQ(0, ring_destroy(self->name));
	EXPECT_EVENT(SHMRING_CMD_RING_DEL_NTF);
	EXPECT_EQ(SHMRING_STATE_GONE, event.ring.side[1].state);
}

/* Invariant 3, for those who only listen. */
TEST_F(netlink, inv3_events_tell_of_a_kill)
{
	struct nl_event event;
	pid_t pid = fork();

	if (!pid) {
		CHILD_ASSERT(ring_open_as(self->name,
					  SHMRING_ROLE_PRODUCER) >= 0);
		for (;;)
			pause();
	}
	EXPECT_EVENT(SHMRING_CMD_RING_ADD_NTF);
	EXPECT_EVENT(SHMRING_CMD_ENDPOINT_ATTACH_NTF);
	EXPECT_EQ(pid, event.pid);
	kill(pid, SIGKILL);
	EXPECT_EVENT(SHMRING_CMD_ENDPOINT_DETACH_NTF);
	EXPECT_EQ(pid, event.pid);
	EXPECT_EQ(SHMRING_ROLE_PRODUCER, event.role);
	EXPECT_TRUE(event.killed);
	waitpid(pid, NULL, 0);
}

TEST_F(netlink, an_ephemeral_ring_detaches_and_then_goes)
{
	struct shmring_create create;
	struct nl_event event;
	int ring;

	EXPECT_EVENT(SHMRING_CMD_RING_ADD_NTF);
	ASSERT_EQ(0, ring_destroy(self->name));
	EXPECT_EVENT(SHMRING_CMD_RING_DEL_NTF);
	ring_defaults(&create, self->name);
	create.flags = SHMRING_CREATE_EPHEMERAL;
	ring = ring_create_fd(&create);
	ASSERT_LE(0, ring);
	close(ring_attach(ring, SHMRING_ROLE_PRODUCER));
	close(ring);
	EXPECT_EVENT(SHMRING_CMD_RING_ADD_NTF);
	EXPECT_EQ(SHMRING_CREATE_EPHEMERAL, event.ring.flags);
	EXPECT_EVENT(SHMRING_CMD_ENDPOINT_ATTACH_NTF);
	EXPECT_EVENT(SHMRING_CMD_ENDPOINT_DETACH_NTF);
	EXPECT_EVENT(SHMRING_CMD_RING_DEL_NTF);
}

/* Publishes up to @pos, or hands back, as if by one record. */
static void move_to(struct endpoint *ep, __u64 pos)
{
	endpoint_move(ep, pos - ep->mine->pos);
}

/* Up at the mark; not down again before half of it. */
TEST_F(netlink, level_has_hysteresis)
{
	__u64 size = 2 * page_size();
	struct endpoint producer, consumer;
	struct nl_event event;
	struct nl_ring ring;

	ASSERT_EQ(0, endpoint_open(&producer, self->name,
				   SHMRING_ROLE_PRODUCER));
	ASSERT_EQ(0, endpoint_open(&consumer, self->name,
				   SHMRING_ROLE_CONSUMER));
	EXPECT_EVENT(SHMRING_CMD_RING_ADD_NTF);
	EXPECT_EVENT(SHMRING_CMD_ENDPOINT_ATTACH_NTF);
	EXPECT_EVENT(SHMRING_CMD_ENDPOINT_ATTACH_NTF);
	ASSERT_EQ(0, client_set_high_water(&self->client, self->name, 50));

	move_to(&producer, size / 2);
	EXPECT_EVENT(SHMRING_CMD_LEVEL_NTF);
	EXPECT_EQ(SHMRING_LEVEL_ABOVE, event.level);
	EXPECT_EQ(50, event.high_water);
	EXPECT_EQ(size, event.size);
	EXPECT_EQ(size / 2, event.used);

	/* At a quarter and a record, having looked, it is still above. */
	move_to(&consumer, size / 4 - 8);
	ASSERT_EQ(0, client_set_high_water(&self->client, self->name, 50));
	ASSERT_EQ(0, client_get(&self->client, self->name, &ring));
	EXPECT_EQ(SHMRING_LEVEL_ABOVE, ring.level);

	move_to(&consumer, size / 4);
	EXPECT_EVENT(SHMRING_CMD_LEVEL_NTF);
	EXPECT_EQ(SHMRING_LEVEL_BELOW, event.level);
	EXPECT_EQ(size / 4, event.used);
	endpoint_close(&producer);
	endpoint_close(&consumer);
}

TEST_F(netlink, level_from_creation_and_to_the_end)
{
	struct shmring_create create;
	struct nl_event event;
	struct endpoint producer;
	struct nl_ring ring;

	ASSERT_EQ(0, ring_destroy(self->name));
	ring_defaults(&create, self->name);
	create.ring_bytes = page_size();
	create.record_size = 8;
	create.high_water = 100;
	ASSERT_EQ(0, ring_create_as(&create));
	ASSERT_EQ(0, endpoint_open(&producer, self->name,
				   SHMRING_ROLE_PRODUCER));
	ASSERT_EQ(0, client_get(&self->client, self->name, &ring));
	EXPECT_EQ(100, ring.high_water);
	EXPECT_EQ(SHMRING_LEVEL_BELOW, ring.level);
	move_to(&producer, page_size());
	do {
		ASSERT_EQ(0, client_next_event(&self->listener, &event));
	} while (event.cmd != SHMRING_CMD_LEVEL_NTF);
	EXPECT_EQ(SHMRING_LEVEL_ABOVE, event.level);

	/* Without a mark, nothing is above it. */
	ASSERT_EQ(0, client_set_high_water(&self->client, self->name, 0));
	EXPECT_EVENT(SHMRING_CMD_LEVEL_NTF);
	EXPECT_EQ(SHMRING_LEVEL_BELOW, event.level);
	EXPECT_EQ(0, event.high_water);
	endpoint_close(&producer);
}

#define PROBES		TRACEFS "/kprobe_events"
#define PROBED		TRACEFS "/events/shmring_test/looks/enable"
#define CROSSINGS	20000

/*
 * Times that the module looked at a level. A probe of its function changes the
 * code of the module alone; the tracepoints of workqueues that of the kernel,
 * under the feet of all that use them.
 */
static unsigned long level_looks(void)
{
	char *profile = file_text(TRACEFS "/kprobe_profile");
	const char *at = strstr(profile, " looks ");
	unsigned long n = at ? strtoul(at + strlen(" looks "), NULL, 10) : 0;

	free(profile);
	return n;
}

/* A mark costs no CPU a wake-up as long as nobody would hear of it. */
TEST_F(netlink, level_is_looked_at_for_listeners_alone)
{
	__u64 size = 2 * page_size();
	struct endpoint producer, consumer;
	struct nl_event event;
	char saved[32];
	int i;

	mount("tracefs", TRACEFS, "tracefs", 0, NULL);
	if (access(PROBES, W_OK))
		SKIP(return, "no KPROBE_EVENTS in this kernel");
	ASSERT_EQ(0, endpoint_open(&producer, self->name,
				   SHMRING_ROLE_PRODUCER));
	ASSERT_EQ(0, endpoint_open(&consumer, self->name,
				   SHMRING_ROLE_CONSUMER));
	client_close(&self->listener);
	ASSERT_EQ(0, param_get(PARAM_LEVEL_MS, saved));
	ASSERT_EQ(0, param_set(PARAM_LEVEL_MS, "1"));
	ASSERT_EQ(0, client_set_high_water(&self->client, self->name, 50));
	ASSERT_EQ(0, write_file(PROBES, "p:shmring_test/looks shmring:shmring_check_level"));
	ASSERT_EQ(0, write_file(PROBED, "1"));
	for (i = 0; i < CROSSINGS; i++) {
		endpoint_move(&producer, size);
		endpoint_move(&consumer, size);
		sched_yield();
	}
	EXPECT_EQ(0, level_looks());

	ASSERT_EQ(0, client_open(&self->listener));
	ASSERT_EQ(0, client_join(&self->listener));
	endpoint_move(&producer, size);
	EXPECT_EVENT(SHMRING_CMD_LEVEL_NTF);
	EXPECT_LT(0, level_looks());

	/* Nobody is in the function whose code changes back. */
	EXPECT_EQ(0, client_set_high_water(&self->client, self->name, 0));
	EXPECT_EQ(0, write_file(PROBED, "0"));
	EXPECT_EQ(0, write_file(PROBES, "-:shmring_test/looks"));
	EXPECT_EQ(0, param_set(PARAM_LEVEL_MS, saved));
	endpoint_close(&producer);
	endpoint_close(&consumer);
}

/* Whoever never reads loses news, is told so, and holds up nobody. */
TEST_F(netlink, a_listener_that_never_reads_gets_enobufs)
{
	struct nl_event event;
	int small = 4096, i, err = 0;

	ASSERT_EQ(0, setsockopt(nl_socket_get_fd(self->listener.sk), SOL_SOCKET,
				SO_RCVBUF, &small, sizeof(small)));
	for (i = 0; i < 200; i++) {
		ASSERT_EQ(0, ring_destroy(self->name));
		ASSERT_EQ(0, ring_create(self->name, page_size(), 8));
	}
	/* What it has read is in order; then the hole, once. */
	for (i = 0; i < 1000 && !err; i++)
		err = client_next_event(&self->listener, &event);
	EXPECT_EQ(-ENOBUFS, err);

	/* And it goes on from there. */
	while (recv(nl_socket_get_fd(self->listener.sk), &event, sizeof(event),
		    MSG_DONTWAIT) >= 0)
		;
	ASSERT_EQ(0, ring_destroy(self->name));
	do {
		ASSERT_EQ(0, client_next_event(&self->listener, &event));
	} while (event.cmd != SHMRING_CMD_RING_DEL_NTF);
}

TEST_HARNESS_MAIN
