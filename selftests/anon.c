// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings without a name: a descriptor is all there is to them. It can be passed
 * on, wherever to, and whoever manages them has their id.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "shmring_nl.h"
#include "shmring_test.h"

#define RECORD	64

FIXTURE(anon)
{
	struct nl_client client;
	struct shmring_info info;
	int ring;
};

FIXTURE_SETUP(anon)
{
	const char *why = unusable();

	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, client_open(&self->client));
	self->ring = ring_create_anonymous(page_size(), RECORD);
	ASSERT_LE(0, self->ring);
	ASSERT_EQ(0, ring_info(self->ring, &self->info));
}

FIXTURE_TEARDOWN(anon)
{
	close(self->ring);
	client_close(&self->client);
}

struct search {
	__u64 id;
	unsigned int found;
	char name[SHMRING_NAME_MAX];
};

static void look_at(const struct nl_ring *ring, void *arg)
{
	struct search *search = arg;

	if (ring->id != search->id)
		return;
	search->found++;
	memcpy(search->name, ring->name, SHMRING_NAME_MAX);
}

static unsigned int times_listed(struct nl_client *client, __u64 id)
{
	struct search search = { .id = id };

	return client_dump(client, look_at, &search) ? 99 : search.found;
}

static int flags_of(int fd)
{
	return fcntl(fd, F_GETFL) & O_ACCMODE;
}

TEST_F(anon, inv5_no_name_and_no_node)
{
	char name[SHMRING_NAME_MAX];

	snprintf(name, sizeof(name), "anon:%llu", self->info.id);
	EXPECT_STREQ(name, self->info.name);
	EXPECT_EQ(SHMRING_CREATE_ANONYMOUS, self->info.flags);
	EXPECT_FALSE(ring_exists(name));
	EXPECT_EQ(-EINVAL, ring_destroy(name));
	EXPECT_EQ(O_RDWR, flags_of(self->ring));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->ring, F_GETFD));
	EXPECT_EQ(1, times_listed(&self->client, self->info.id));
}

TEST_F(anon, inv2_both_sides)
{
	struct endpoint producer, consumer;
	int i;

	ASSERT_EQ(0, endpoint_attach(&producer, self->ring,
				     SHMRING_ROLE_PRODUCER));
	ASSERT_EQ(0, endpoint_attach(&consumer, self->ring,
				     SHMRING_ROLE_CONSUMER));
	EXPECT_EQ(-EBUSY, ring_attach(self->ring, SHMRING_ROLE_PRODUCER));
	for (i = 0; i < 1000; i++) {
		endpoint_move(&producer, endpoint_fill(&producer, i));
		ASSERT_EQ(RECORD, endpoint_check(&consumer, i));
		endpoint_move(&consumer, RECORD);
	}
	endpoint_close(&producer);
	EXPECT_EQ(SHMRING_STATE_GONE, consumer.info->state[0]);
	endpoint_close(&consumer);
}

static int send_fd(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = "", byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(socket, &msg, 0) == 1 ? 0 : -errno;
}

static int receive_fd(int socket)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int fd = -1;

	if (recvmsg(socket, &msg, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/* Somebody else, elsewhere: nothing of this host is left to it but a socket. */
static void consume_elsewhere(int socket)
{
	struct endpoint ep;
	__u32 events;
	pid_t pid;
	int i;

	if (unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS))
		_exit(KSFT_SKIP);
	pid = fork();
	if (pid)
		_exit(reap(pid));
	CHILD_ASSERT(getpid() == 1);
	CHILD_ASSERT(!endpoint_attach(&ep, receive_fd(socket),
				      SHMRING_ROLE_CONSUMER));
	CHILD_ASSERT(write(socket, "", 1) == 1);
	for (i = 0; i < 100; i++) {
		while (!endpoint_has(&ep))
			CHILD_ASSERT(!ring_wait(ep.fd, 0, 0,
						SHMRING_WAIT_FOREVER, &events));
		CHILD_ASSERT(endpoint_check(&ep, i) == RECORD);
		endpoint_move(&ep, RECORD);
	}
	_exit(0);
}

TEST_F(anon, inv2_passed_to_other_namespaces)
{
	struct endpoint producer;
	int sockets[2], i, ret;
	bool there;
	__u32 events;
	pid_t pid;
	char byte;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				sockets));
	pid = spawn(1);
	if (!pid) {
		/* What it inherited is not what it uses. */
		close(self->ring);
		consume_elsewhere(sockets[1]);
	}
	close(sockets[1]);
	ASSERT_EQ(0, endpoint_attach(&producer, self->ring,
				     SHMRING_ROLE_PRODUCER));
	there = !send_fd(sockets[0], self->ring) &&
		read(sockets[0], &byte, 1) == 1;
	for (i = 0; i < 100 && there; i++) {
		while (there && endpoint_has(&producer) < RECORD)
			there = !ring_wait(producer.fd, 0, 0,
					   SHMRING_WAIT_FOREVER, &events) &&
				events == SHMRING_EVENT_READY;
		endpoint_move(&producer, endpoint_fill(&producer, i));
	}
	ret = reap(pid);
	endpoint_close(&producer);
	if (ret == KSFT_SKIP)
		SKIP(return, "no user namespaces");
	EXPECT_EQ(0, ret);
}

TEST_F(anon, inv5_evicted_by_id)
{
	struct endpoint ep;

	EXPECT_EQ(-ENOTCONN, ring_evict_id(self->info.id,
					   SHMRING_ROLE_CONSUMER));
	ASSERT_EQ(0, endpoint_attach(&ep, self->ring, SHMRING_ROLE_CONSUMER));
	EXPECT_EQ(0, ring_evict_id(self->info.id, SHMRING_ROLE_CONSUMER));
	EXPECT_EQ(-ENOTCONN, ring_ioctl(ep.fd, SHMRING_IOC_KICK, NULL));
	endpoint_close(&ep);
	ASSERT_EQ(0, endpoint_attach(&ep, self->ring, SHMRING_ROLE_CONSUMER));
	endpoint_close(&ep);
}

/* It has no name to lose: who uses it is put out. */
TEST_F(anon, inv5_destroyed_by_id)
{
	struct endpoint producer, consumer;

	ASSERT_EQ(0, endpoint_attach(&producer, self->ring,
				     SHMRING_ROLE_PRODUCER));
	ASSERT_EQ(0, endpoint_attach(&consumer, self->ring,
				     SHMRING_ROLE_CONSUMER));
	EXPECT_EQ(0, ring_destroy_id(self->info.id));
	EXPECT_EQ(-ENOENT, ring_destroy_id(self->info.id));
	EXPECT_EQ(0, times_listed(&self->client, self->info.id));
	EXPECT_EQ(-ENOTCONN, ring_ioctl(producer.fd, SHMRING_IOC_KICK, NULL));
	EXPECT_EQ(-ENOTCONN, ring_ioctl(consumer.fd, SHMRING_IOC_KICK, NULL));
	EXPECT_EQ(-ENOENT, ring_attach(self->ring, SHMRING_ROLE_PRODUCER));
	endpoint_close(&producer);
	endpoint_close(&consumer);
}

/* Until the last that there is of it: the ring's, an endpoint's, a mapping. */
TEST_F(anon, inv7_gone_with_the_last)
{
	struct endpoint ep;
	int copy = dup(self->ring);

	close(self->ring);
	EXPECT_EQ(1, times_listed(&self->client, self->info.id));
	ASSERT_EQ(0, endpoint_attach(&ep, copy, SHMRING_ROLE_PRODUCER));
	close(copy);
	self->ring = -1;
	EXPECT_EQ(1, times_listed(&self->client, self->info.id));
	close(ep.fd);
	ep.fd = -1;
	EXPECT_EQ(1, times_listed(&self->client, self->info.id));
	ep.ctl->messages = 1;
	endpoint_close(&ep);
	EXPECT_EQ(0, times_listed(&self->client, self->info.id));
	EXPECT_EQ(-ENOENT, ring_destroy_id(self->info.id));
}

TEST_F(anon, inv7_gone_with_the_killed)
{
	struct shmring_info info;
	int ids[2], fd;
	pid_t pid;

	ASSERT_EQ(0, pipe(ids));
	pid = spawn(1);
	if (!pid) {
		fd = ring_create_anonymous(page_size(), RECORD);
		CHILD_ASSERT(fd >= 0);
		CHILD_ASSERT(!ring_info(fd, &info));
		CHILD_ASSERT(write(ids[1], &info.id, sizeof(info.id)) ==
			     sizeof(info.id));
		pause();
	}
	ASSERT_EQ(sizeof(info.id), read(ids[0], &info.id, sizeof(info.id)));
	EXPECT_LT(self->info.id, info.id);
	EXPECT_EQ(1, times_listed(&self->client, info.id));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_EQ(0, times_listed(&self->client, info.id));
}

TEST_HARNESS_MAIN
