// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract: shapes of the structs, how they may grow, and each errno that
 * the UAPI header lists, one by one; nothing is there after a failure.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

#define NOBODY 65534

/* A struct of the ABI with room behind it for the fields of later versions. */
union arg {
	struct shmring_create create;
	struct shmring_destroy destroy;
	struct shmring_attach attach;
	struct shmring_info info;
	struct shmring_wait wait;
	struct shmring_eventfd eventfd;
	__u32 size;
	char bytes[2 * 65536];
};

#define EXPECT_SHAPE(type, bytes) \
	EXPECT_EQ(bytes, sizeof(struct type))
#define EXPECT_FIELD(type, field, offset) \
	EXPECT_EQ(offset, offsetof(struct type, field))

TEST(inv9_shapes)
{
	EXPECT_SHAPE(shmring_record, 8);
	EXPECT_FIELD(shmring_record, tag, 4);

	EXPECT_SHAPE(shmring_info_page, 48);
	EXPECT_FIELD(shmring_info_page, version, 8);
	EXPECT_FIELD(shmring_info_page, record_size, 12);
	EXPECT_FIELD(shmring_info_page, ring_bytes, 16);
	EXPECT_FIELD(shmring_info_page, flags, 24);
	EXPECT_FIELD(shmring_info_page, node, 28);
	EXPECT_FIELD(shmring_info_page, epoch, 32);
	EXPECT_FIELD(shmring_info_page, state, 36);

	EXPECT_SHAPE(shmring_ctl_page, 400);
	EXPECT_FIELD(shmring_ctl_page, pos, 0);
	EXPECT_FIELD(shmring_ctl_page, wait, 128);
	EXPECT_FIELD(shmring_ctl_page, want, 132);
	EXPECT_FIELD(shmring_ctl_page, kick, 256);
	EXPECT_FIELD(shmring_ctl_page, stalls, 384);
	EXPECT_FIELD(shmring_ctl_page, messages, 392);

	EXPECT_SHAPE(shmring_create, 72);
	EXPECT_FIELD(shmring_create, ring_bytes, 8);
	EXPECT_FIELD(shmring_create, record_size, 16);
	EXPECT_FIELD(shmring_create, node, 20);
	EXPECT_FIELD(shmring_create, mode, 24);
	EXPECT_FIELD(shmring_create, name, 40);

	EXPECT_SHAPE(shmring_destroy, 40);
	EXPECT_SHAPE(shmring_attach, 8);
	EXPECT_SHAPE(shmring_info, 104);
	EXPECT_FIELD(shmring_info, info_offset, 32);
	EXPECT_FIELD(shmring_info, name, 72);
	EXPECT_SHAPE(shmring_wait, 32);
	EXPECT_FIELD(shmring_wait, want, 8);
	EXPECT_FIELD(shmring_wait, timeout_ns, 16);
	EXPECT_FIELD(shmring_wait, kick_fd, 24);
	EXPECT_SHAPE(shmring_eventfd, 8);
}

FIXTURE(abi)
{
	char name[SHMRING_NAME_MAX];
	char other[SHMRING_NAME_MAX];
	char saved[3][32];
	struct shmring_create create;
	int ctl;
	int fd;
	union arg *arg;
};

static const char * const params[] = {
	PARAM_MAX_RING_BYTES, PARAM_MAX_TOTAL_BYTES, PARAM_MAX_RINGS,
};

FIXTURE_SETUP(abi)
{
	const char *why = unusable();
	unsigned int i;

	if (why)
		SKIP(return, "%s", why);
	for (i = 0; i < ARRAY_SIZE(params); i++)
		ASSERT_EQ(0, param_get(params[i], self->saved[i]));
	ring_name(self->name);
	ring_name(self->other);
	self->ctl = open(SHMRING_CTL_PATH, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->ctl);
	ASSERT_EQ(0, ring_create(self->name, page_size(), 64));
	self->fd = ring_open(self->name, O_RDWR);
	ASSERT_LE(0, self->fd);
	ring_defaults(&self->create, self->other);
	self->arg = calloc(1, sizeof(*self->arg));
	ASSERT_TRUE(!!self->arg);
}

FIXTURE_TEARDOWN(abi)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(params); i++)
		EXPECT_EQ(0, param_set(params[i], self->saved[i]));
	free(self->arg);
	close(self->fd);
	close(self->ctl);
	if (ring_exists(self->other))
		EXPECT_EQ(0, ring_destroy(self->other));
	EXPECT_EQ(0, ring_destroy(self->name));
}

/* The refusal, and that it left nothing of the name. */
#define EXPECT_NOT_CREATED(error) do {					\
	EXPECT_EQ(-(error), ring_create_as(&self->create));		\
	EXPECT_FALSE(ring_exists(self->other));				\
	EXPECT_EQ(-ENOENT, ring_destroy(self->other));			\
} while (0)

static struct {
	unsigned long request;
	size_t first_size;
	bool on_ctl;
} const ioctls[] = {
	{ SHMRING_IOC_CREATE, 72, true },
	{ SHMRING_IOC_DESTROY, 40, true },
	{ SHMRING_IOC_ATTACH, 8, false },
	{ SHMRING_IOC_INFO, 104, false },
	{ SHMRING_IOC_WAIT, 32, false },
	{ SHMRING_IOC_KICK_WAIT, 32, false },
	{ SHMRING_IOC_EVENTFD, 8, false },
};

TEST_F(abi, inv9_struct_too_short_or_too_long)
{
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(ioctls); i++) {
		unsigned long request = ioctls[i].request;
		__u32 size = ioctls[i].first_size;

		fd = ioctls[i].on_ctl ? self->ctl : self->fd;
		memset(self->arg, 0, sizeof(*self->arg));
		EXPECT_EQ(-EINVAL, ring_ioctl(fd, request, self->arg));
		self->arg->size = size - 1;
		EXPECT_EQ(-EINVAL, ring_ioctl(fd, request, self->arg));
		self->arg->size = page_size() + 8;
		EXPECT_EQ(-E2BIG, ring_ioctl(fd, request, self->arg));
		self->arg->size = ~0U;
		EXPECT_EQ(-E2BIG, ring_ioctl(fd, request, self->arg));
		/* What lies behind a result is nobody's input. */
		if (request == SHMRING_IOC_INFO)
			continue;
		self->arg->size = size + 8;
		self->arg->bytes[size + 7] = 1;
		EXPECT_EQ(-E2BIG, ring_ioctl(fd, request, self->arg));
		self->arg->size = page_size();
		EXPECT_EQ(-E2BIG, ring_ioctl(fd, request, self->arg));
	}
}

TEST_F(abi, inv9_struct_longer_with_zeros)
{
	union arg *arg = self->arg;

	arg->create = self->create;
	arg->size = page_size();
	EXPECT_EQ(0, ring_ioctl(self->ctl, SHMRING_IOC_CREATE, arg));
	EXPECT_TRUE(ring_exists(self->other));

	memset(arg, 0, sizeof(*arg));
	arg->destroy.size = sizeof(arg->destroy) + 8;
	memcpy(arg->destroy.name, self->other, SHMRING_NAME_MAX);
	EXPECT_EQ(0, ring_ioctl(self->ctl, SHMRING_IOC_DESTROY, arg));
	EXPECT_FALSE(ring_exists(self->other));

	memset(arg, 0, sizeof(*arg));
	arg->attach.size = sizeof(arg->attach) + 8;
	arg->attach.role = SHMRING_ROLE_CONSUMER;
	EXPECT_EQ(0, ring_ioctl(self->fd, SHMRING_IOC_ATTACH, arg));

	memset(arg, 0, sizeof(*arg));
	arg->size = sizeof(arg->info) + 8;
	EXPECT_EQ(0, ring_ioctl(self->fd, SHMRING_IOC_INFO, arg));
	EXPECT_EQ(sizeof(arg->info), arg->info.size);
	EXPECT_STREQ(self->name, arg->info.name);

	memset(arg, 0, sizeof(*arg));
	arg->size = sizeof(arg->wait) + 8;
	EXPECT_EQ(-EAGAIN, ring_ioctl(self->fd, SHMRING_IOC_WAIT, arg));

	memset(arg, 0, sizeof(*arg));
	arg->size = sizeof(arg->eventfd) + 8;
	arg->eventfd.fd = -1;
	EXPECT_EQ(-ENOENT, ring_ioctl(self->fd, SHMRING_IOC_EVENTFD, arg));
}

TEST_F(abi, inv9_bad_pointers)
{
	union arg *half = shared_memory(2 * page_size());
	unsigned int i;
	void *at;
	int fd;

	ASSERT_TRUE(!!half);
	ASSERT_EQ(0, munmap((char *)half + page_size(), page_size()));
	for (i = 0; i < ARRAY_SIZE(ioctls); i++) {
		fd = ioctls[i].on_ctl ? self->ctl : self->fd;
		EXPECT_EQ(-EFAULT, ring_ioctl(fd, ioctls[i].request, NULL));
		EXPECT_EQ(-EFAULT, ring_ioctl(fd, ioctls[i].request,
					      (void *)-8L));
		/* Its size can be read and its end cannot. */
		at = (char *)half + page_size() - sizeof(__u32);
		*(__u32 *)at = ioctls[i].first_size;
		EXPECT_EQ(-EFAULT, ring_ioctl(fd, ioctls[i].request, at));
	}

	/* Results that cannot be written. */
	ASSERT_EQ(0, ring_attach(self->fd, SHMRING_ROLE_PRODUCER));
	memset(half, 0, page_size());
	half->size = sizeof(half->info);
	ASSERT_EQ(0, mprotect(half, page_size(), PROT_READ));
	EXPECT_EQ(-EFAULT, ring_ioctl(self->fd, SHMRING_IOC_INFO, half));
	ASSERT_EQ(0, mprotect(half, page_size(), PROT_READ | PROT_WRITE));
	half->size = sizeof(half->wait);
	ASSERT_EQ(0, mprotect(half, page_size(), PROT_READ));
	EXPECT_EQ(-EFAULT, ring_ioctl(self->fd, SHMRING_IOC_WAIT, half));
	munmap(half, page_size());
}

TEST_F(abi, inv9_no_such_ioctl)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ioctls); i++) {
		int wrong = ioctls[i].on_ctl ? self->fd : self->ctl;

		EXPECT_EQ(-ENOTTY, ring_ioctl(wrong, ioctls[i].request,
					      self->arg));
	}
	EXPECT_EQ(-ENOTTY, ring_ioctl(self->ctl, SHMRING_IOC_KICK, NULL));
	EXPECT_EQ(-ENOTTY, ring_ioctl(self->ctl, _IO(SHMRING_IOC_TYPE, 0xff),
				      self->arg));
	EXPECT_EQ(-ENOTTY, ring_ioctl(self->fd, _IO(SHMRING_IOC_TYPE, 0xff),
				      self->arg));
	EXPECT_EQ(-ENOTTY, ring_ioctl(self->fd, _IO(0xba, 0x11), self->arg));
	EXPECT_EQ(-ENOTTY, ring_ioctl(self->fd, FIONREAD, self->arg));
}

TEST_F(abi, inv9_create_einval)
{
	static const __u64 sizes[] = {
		0, 1, 2048, 4095, 4097, 6000, 12288, (1ULL << 32) + 4096,
		~0ULL, ~0ULL << 12,
	};
	struct shmring_create good = self->create;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		self->create.ring_bytes = sizes[i];
		EXPECT_NOT_CREATED(EINVAL);
	}

	self->create = good;
	for (i = 2; i < 32; i++) {
		self->create.flags = 1U << i;
		EXPECT_NOT_CREATED(EINVAL);
	}

	self->create = good;
	self->create.record_size = good.ring_bytes + 1;
	EXPECT_NOT_CREATED(EINVAL);
	self->create.record_size = ~0U;
	EXPECT_NOT_CREATED(EINVAL);

	self->create = good;
	self->create.mode = 01000;
	EXPECT_NOT_CREATED(EINVAL);
	self->create.mode = 04755;
	EXPECT_NOT_CREATED(EINVAL);
	self->create.mode = ~0U - 1;
	EXPECT_NOT_CREATED(EINVAL);

	self->create = good;
	self->create.high_water = 101;
	EXPECT_NOT_CREATED(EINVAL);

	self->create = good;
	self->create.flags = SHMRING_CREATE_STRICT;
	EXPECT_NOT_CREATED(EINVAL);
	self->create = good;
	self->create.node = -3;
	EXPECT_NOT_CREATED(EINVAL);
	self->create.node = -2147483647 - 1;
	EXPECT_NOT_CREATED(EINVAL);
}

TEST_F(abi, inv9_names)
{
	static const char * const bad[] = {
		"", ".", "..", ".hidden", "-dash", "ctl", "a/b", "/", "/etc",
		"a b", "a\n", "\xc3\xa4", "a%s", "a:", "a*", "~",
	};
	static const char odd[] = "_.-Az09";
	struct shmring_destroy destroy = { .size = sizeof(destroy) };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		memset(self->create.name, 0, SHMRING_NAME_MAX);
		memcpy(self->create.name, bad[i], strlen(bad[i]));
		EXPECT_EQ(-EINVAL, ring_create_as(&self->create)) {
			TH_LOG("name '%s'", bad[i]);
		}
		EXPECT_EQ(-EINVAL, ring_destroy(bad[i])) {
			TH_LOG("name '%s'", bad[i]);
		}
	}

	memset(self->create.name, 'x', SHMRING_NAME_MAX);
	EXPECT_EQ(-ENAMETOOLONG, ring_create_as(&self->create));
	memset(destroy.name, 'x', SHMRING_NAME_MAX);
	EXPECT_EQ(-ENAMETOOLONG,
		  ring_ioctl(self->ctl, SHMRING_IOC_DESTROY, &destroy));

	/* The longest, of all kinds of characters. */
	memset(self->other, 'x', SHMRING_NAME_MAX - 1);
	self->other[SHMRING_NAME_MAX - 1] = '\0';
	memcpy(self->other, odd, sizeof(odd) - 1);
	snprintf(self->other + 20, SHMRING_NAME_MAX - 20, "%011d", getpid());
	memcpy(self->create.name, self->other, SHMRING_NAME_MAX);
	EXPECT_EQ(0, ring_create_as(&self->create));
	EXPECT_TRUE(ring_exists(self->other));
	EXPECT_EQ(-EEXIST, ring_create_as(&self->create));
	EXPECT_TRUE(ring_exists(self->other));
	EXPECT_EQ(0, ring_destroy(self->other));
	EXPECT_FALSE(ring_exists(self->other));
	EXPECT_EQ(-ENOENT, ring_destroy(self->other));
}

TEST_F(abi, inv9_create_no_such_node)
{
	static const int absent[] = { 1023, 1024, 65536, 0x7fffffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(absent); i++) {
		self->create.node = absent[i];
		self->create.flags = 0;
		EXPECT_NOT_CREATED(ENXIO);
		self->create.flags = SHMRING_CREATE_STRICT;
		EXPECT_NOT_CREATED(ENXIO);
	}
}

TEST_F(abi, inv9_limit_of_one_ring)
{
	char page[32];

	self->create.ring_bytes = 1ULL << 63;
	EXPECT_NOT_CREATED(EFBIG);
	self->create.ring_bytes = 1ULL << 50;
	EXPECT_NOT_CREATED(EFBIG);

	snprintf(page, sizeof(page), "%zu", page_size());
	ASSERT_EQ(0, param_set(PARAM_MAX_RING_BYTES, page));
	self->create.ring_bytes = 2 * page_size();
	EXPECT_NOT_CREATED(EFBIG);
	self->create.ring_bytes = page_size();
	EXPECT_EQ(0, ring_create_as(&self->create));
}

TEST_F(abi, inv9_limit_of_all_bytes)
{
	char page[32];
	int i;

	/* The fixture's ring has used it up. */
	snprintf(page, sizeof(page), "%zu", page_size());
	ASSERT_EQ(0, param_set(PARAM_MAX_TOTAL_BYTES, page));
	for (i = 0; i < 100; i++)
		EXPECT_NOT_CREATED(ENOSPC);
	ASSERT_EQ(0, param_set(PARAM_MAX_TOTAL_BYTES, self->saved[1]));
	EXPECT_EQ(0, ring_create_as(&self->create));
}

TEST_F(abi, inv9_limit_of_rings)
{
	int i;

	ASSERT_EQ(0, param_set(PARAM_MAX_RINGS, "1"));
	for (i = 0; i < 100; i++)
		EXPECT_NOT_CREATED(ENOSPC);
	ASSERT_EQ(0, param_set(PARAM_MAX_RINGS, self->saved[2]));
	EXPECT_EQ(0, ring_create_as(&self->create));
}

/* The failures above were not counted: all of the limit is still there. */
TEST_F(abi, inv9_failures_use_up_no_limit)
{
	char limit[32];
	int i;

	self->create.node = 1023;
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(-ENXIO, ring_create_as(&self->create));
	self->create.node = SHMRING_NODE_ANY;
	memcpy(self->create.name, self->name, SHMRING_NAME_MAX);
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(-EEXIST, ring_create_as(&self->create));
	memcpy(self->create.name, self->other, SHMRING_NAME_MAX);

	snprintf(limit, sizeof(limit), "%zu", 64 * page_size());
	ASSERT_EQ(0, param_set(PARAM_MAX_TOTAL_BYTES, limit));
	EXPECT_EQ(0, ring_create_as(&self->create));
}

TEST_F(abi, inv9_destroy)
{
	struct shmring_destroy destroy = { .size = sizeof(destroy) };

	memcpy(destroy.name, self->name, SHMRING_NAME_MAX);
	destroy.flags = 1;
	EXPECT_EQ(-EINVAL, ring_ioctl(self->ctl, SHMRING_IOC_DESTROY, &destroy));
	EXPECT_TRUE(ring_exists(self->name));
	EXPECT_EQ(-ENOENT, ring_destroy(self->other));
}

TEST_F(abi, inv9_attach)
{
	int second = ring_open(self->name, O_RDWR);
	int rdonly = ring_open(self->name, O_RDONLY);
	int wronly = ring_open(self->name, O_WRONLY);

	ASSERT_LE(0, second);
	ASSERT_LE(0, rdonly);
	ASSERT_LE(0, wronly);
	EXPECT_EQ(-EINVAL, ring_attach(self->fd, SHMRING_ROLE_NONE));
	EXPECT_EQ(-EINVAL, ring_attach(self->fd, 3));
	EXPECT_EQ(-EINVAL, ring_attach(self->fd, ~0U));
	EXPECT_EQ(-EACCES, ring_attach(rdonly, SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(-EACCES, ring_attach(wronly, SHMRING_ROLE_CONSUMER));

	EXPECT_EQ(0, ring_attach(self->fd, SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(-EISCONN, ring_attach(self->fd, SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(-EISCONN, ring_attach(self->fd, SHMRING_ROLE_CONSUMER));
	EXPECT_EQ(-EBUSY, ring_attach(second, SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(-EBUSY, ring_attach(wronly, SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(0, ring_attach(rdonly, SHMRING_ROLE_CONSUMER));
	EXPECT_EQ(-EBUSY, ring_attach(second, SHMRING_ROLE_CONSUMER));
	close(rdonly);
	EXPECT_EQ(0, ring_attach(second, SHMRING_ROLE_CONSUMER));
	close(second);
	close(wronly);
}

TEST_F(abi, inv9_info)
{
	struct shmring_info info;

	ASSERT_EQ(0, ring_info(self->fd, &info));
	EXPECT_EQ(sizeof(info), info.size);
	EXPECT_EQ(0, info.flags);
	EXPECT_EQ(page_size(), info.ring_bytes);
	EXPECT_EQ(64, info.record_size);
	EXPECT_EQ(SHMRING_NODE_ANY, info.node);
	EXPECT_EQ(SHMRING_ROLE_NONE, info.role);
	EXPECT_EQ(page_size(), info.page_size);
	EXPECT_EQ(2 * page_size(), info.data_bytes);
	EXPECT_STREQ(self->name, info.name);
	EXPECT_EQ(0, info.info_offset % page_size());
	EXPECT_EQ(0, info.producer_offset % page_size());
	EXPECT_EQ(0, info.consumer_offset % page_size());
	EXPECT_EQ(0, info.data_offset % page_size());

	ASSERT_EQ(0, ring_attach(self->fd, SHMRING_ROLE_CONSUMER));
	ASSERT_EQ(0, ring_info(self->fd, &info));
	EXPECT_EQ(SHMRING_ROLE_CONSUMER, info.role);
}

TEST_F(abi, inv9_before_attach)
{
	struct shmring_info info;
	__u32 events;
	int fd;

	ASSERT_EQ(0, ring_info(self->fd, &info));
	EXPECT_EQ(-ENOTCONN, ring_wait(self->fd, 0, 0, 0, &events));
	EXPECT_EQ(-ENOTCONN, ring_wait(self->fd, SHMRING_WAIT_PEER, 0, 0,
				       &events));
	EXPECT_EQ(-ENOTCONN, ring_kick_wait(self->fd, -1, 0, &events));
	EXPECT_EQ(-ENOTCONN, ring_ioctl(self->fd, SHMRING_IOC_KICK, NULL));
	fd = eventfd(0, EFD_CLOEXEC);
	EXPECT_EQ(-ENOTCONN, ring_eventfd(self->fd, fd));
	EXPECT_EQ(-ENOTCONN, ring_eventfd(self->fd, -1));
	close(fd);
	EXPECT_TRUE(mmap(NULL, page_size(), PROT_READ, MAP_SHARED, self->fd,
			 info.info_offset) == MAP_FAILED);
	EXPECT_EQ(ENOTCONN, errno);
}

TEST_F(abi, inv9_wait)
{
	struct shmring_wait wait = { .size = sizeof(wait) };
	__u32 events;
	int i;

	ASSERT_EQ(0, ring_attach(self->fd, SHMRING_ROLE_CONSUMER));
	for (i = 1; i < 32; i++) {
		wait.flags = 1U << i;
		EXPECT_EQ(-EINVAL,
			  ring_ioctl(self->fd, SHMRING_IOC_WAIT, &wait));
	}
	EXPECT_EQ(-EINVAL, ring_wait(self->fd, 0, page_size() + 1, 0, &events));
	EXPECT_EQ(-EINVAL, ring_wait(self->fd, 0, ~0ULL, 0, &events));
	EXPECT_EQ(-EINVAL, ring_wait(self->fd, 0, 0, -2, &events));
	EXPECT_EQ(-EINVAL, ring_wait(self->fd, 0, 0, -0x7fffffffffffffffLL - 1,
				     &events));
	EXPECT_EQ(-EAGAIN, ring_wait(self->fd, 0, page_size(), 0, &events));
	EXPECT_EQ(-EAGAIN, ring_wait(self->fd, 0, 0, 0, &events));
	EXPECT_EQ(-ETIMEDOUT, ring_wait(self->fd, 0, 0, 1000000, &events));
	EXPECT_EQ(-ETIMEDOUT, ring_wait(self->fd, SHMRING_WAIT_PEER, 0, 1,
					&events));
}

TEST_F(abi, inv9_kick_wait)
{
	__u32 events;
	int file, idle;

	ASSERT_EQ(0, ring_attach(self->fd, SHMRING_ROLE_CONSUMER));
	EXPECT_EQ(-EBADF, ring_kick_wait(self->fd, -2, 0, &events));
	EXPECT_EQ(-EBADF, ring_kick_wait(self->fd, 1 << 20, 0, &events));
	EXPECT_EQ(-EBADF, ring_kick_wait(self->fd, self->ctl, 0, &events));
	file = open("/dev/null", O_RDWR | O_CLOEXEC);
	EXPECT_EQ(-EBADF, ring_kick_wait(self->fd, file, 0, &events));
	close(file);
	idle = ring_open(self->name, O_RDWR);
	EXPECT_EQ(-ENOTCONN, ring_kick_wait(self->fd, idle, 0, &events));
	close(idle);
	EXPECT_EQ(-EINVAL, ring_kick_wait(self->fd, -1, -2, &events));
	EXPECT_EQ(-EAGAIN, ring_kick_wait(self->fd, -1, 0, &events));
	EXPECT_EQ(-EAGAIN, ring_kick_wait(self->fd, self->fd, 0, &events));
	EXPECT_EQ(-ETIMEDOUT, ring_kick_wait(self->fd, -1, 1, &events));
}

TEST_F(abi, inv9_eventfd)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	int file = open("/dev/null", O_RDWR | O_CLOEXEC);

	ASSERT_EQ(0, ring_attach(self->fd, SHMRING_ROLE_CONSUMER));
	EXPECT_EQ(-ENOENT, ring_eventfd(self->fd, -1));
	EXPECT_EQ(-EBADF, ring_eventfd(self->fd, 1 << 20));
	EXPECT_EQ(-EBADF, ring_eventfd(self->fd, -2));
	EXPECT_EQ(-EINVAL, ring_eventfd(self->fd, file));
	EXPECT_EQ(-EINVAL, ring_eventfd(self->fd, self->fd));
	EXPECT_EQ(-ENOENT, ring_eventfd(self->fd, -1));
	EXPECT_EQ(0, ring_eventfd(self->fd, fd));
	EXPECT_EQ(-EBUSY, ring_eventfd(self->fd, fd));
	EXPECT_EQ(0, ring_eventfd(self->fd, -1));
	EXPECT_EQ(-ENOENT, ring_eventfd(self->fd, -1));
	EXPECT_EQ(0, ring_eventfd(self->fd, fd));
	close(file);
	close(fd);
}

/* The errors of those who are not root. */
static void as_nobody(int ctl, const char *own, const char *foreign)
{
	struct shmring_destroy destroy = { .size = sizeof(destroy) };
	struct shmring_create create;

	ring_defaults(&create, own);
	create.uid = 0;
	CHILD_ASSERT(ring_ioctl(ctl, SHMRING_IOC_CREATE, &create) == -EPERM);
	CHILD_ASSERT(!ring_exists(own));
	create.uid = SHMRING_ID_CREATOR;
	create.gid = 0;
	CHILD_ASSERT(ring_ioctl(ctl, SHMRING_IOC_CREATE, &create) == -EPERM);
	CHILD_ASSERT(!ring_exists(own));

	memcpy(destroy.name, foreign, SHMRING_NAME_MAX);
	CHILD_ASSERT(ring_ioctl(ctl, SHMRING_IOC_DESTROY, &destroy) == -EPERM);
	CHILD_ASSERT(ring_exists(foreign));
	CHILD_ASSERT(ring_open(foreign, O_RDWR) == -EACCES);

	create.uid = NOBODY;
	create.gid = NOBODY;
	CHILD_ASSERT(!ring_ioctl(ctl, SHMRING_IOC_CREATE, &create));
	CHILD_ASSERT(ring_open(own, O_RDWR) >= 0);
	memcpy(destroy.name, own, SHMRING_NAME_MAX);
	CHILD_ASSERT(!ring_ioctl(ctl, SHMRING_IOC_DESTROY, &destroy));
	CHILD_ASSERT(!ring_exists(own));
	_exit(0);
}

TEST_F(abi, inv9_eperm)
{
	char node[64];
	struct stat st;
	pid_t pid;
	int ctl;

	/* A ctl node of its own, so that the real one stays as it is. */
	snprintf(node, sizeof(node), "/dev/shmring-ctl.%d", getpid());
	ASSERT_EQ(0, stat(SHMRING_CTL_PATH, &st));
	ASSERT_EQ(0, mknod(node, S_IFCHR | 0600, st.st_rdev));
	ASSERT_EQ(0, chown(node, NOBODY, NOBODY));
	pid = spawn(0);
	if (!pid) {
		CHILD_ASSERT(!setgid(NOBODY) && !setuid(NOBODY));
		ctl = open(node, O_RDWR | O_CLOEXEC);
		CHILD_ASSERT(ctl >= 0);
		as_nobody(ctl, self->other, self->name);
	}
	EXPECT_EQ(0, reap(pid));
	unlink(node);
}

TEST_F(abi, inv9_unmapped_id)
{
	pid_t pid = spawn(0);
	int ret;

	if (!pid) {
		if (unshare(CLONE_NEWUSER))
			_exit(KSFT_SKIP);
		self->create.uid = 5;
		CHILD_ASSERT(ring_ioctl(self->ctl, SHMRING_IOC_CREATE,
					&self->create) == -EINVAL);
		self->create.uid = SHMRING_ID_CREATOR;
		self->create.gid = 5;
		CHILD_ASSERT(ring_ioctl(self->ctl, SHMRING_IOC_CREATE,
					&self->create) == -EINVAL);
		_exit(0);
	}
	ret = reap(pid);
	if (ret == KSFT_SKIP)
		SKIP(return, "no user namespaces");
	EXPECT_EQ(0, ret);
	EXPECT_FALSE(ring_exists(self->other));
}

TEST_HARNESS_MAIN
