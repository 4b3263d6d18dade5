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
	struct shmring_evict evict;
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

	EXPECT_SHAPE(shmring_info_page, 384);
	EXPECT_FIELD(shmring_info_page, version, 8);
	EXPECT_FIELD(shmring_info_page, record_size, 12);
	EXPECT_FIELD(shmring_info_page, ring_bytes, 16);
	EXPECT_FIELD(shmring_info_page, flags, 24);
	EXPECT_FIELD(shmring_info_page, node, 28);
	EXPECT_FIELD(shmring_info_page, features, 32);
	EXPECT_FIELD(shmring_info_page, max_producers, 40);
	EXPECT_FIELD(shmring_info_page, max_consumers, 44);
	EXPECT_FIELD(shmring_info_page, epoch, 128);
	EXPECT_FIELD(shmring_info_page, state, 132);
	EXPECT_FIELD(shmring_info_page, bell, 256);
	EXPECT_FIELD(shmring_info_page, lane, 384);

	EXPECT_SHAPE(shmring_lane, 768);
	EXPECT_FIELD(shmring_lane, generation, 0);
	EXPECT_FIELD(shmring_lane, end, 8);
	EXPECT_FIELD(shmring_lane, bell, 640);

	EXPECT_SHAPE(shmring_bell, 128);
	EXPECT_FIELD(shmring_bell, value, 0);

	EXPECT_SHAPE(shmring_cursor, 128);
	EXPECT_FIELD(shmring_cursor, pos, 0);
	EXPECT_FIELD(shmring_cursor, generation, 8);

	EXPECT_SHAPE(shmring_ctl_page, 384);
	EXPECT_FIELD(shmring_ctl_page, want, 0);
	EXPECT_FIELD(shmring_ctl_page, poll_flags, 4);
	EXPECT_FIELD(shmring_ctl_page, poll_epoch, 8);
	EXPECT_FIELD(shmring_ctl_page, life, 128);
	EXPECT_FIELD(shmring_ctl_page, stalls, 256);
	EXPECT_FIELD(shmring_ctl_page, messages, 264);
	EXPECT_FIELD(shmring_ctl_page, cursor, 384);

	EXPECT_SHAPE(shmring_create, 80);
	EXPECT_FIELD(shmring_create, ring_bytes, 8);
	EXPECT_FIELD(shmring_create, record_size, 16);
	EXPECT_FIELD(shmring_create, node, 20);
	EXPECT_FIELD(shmring_create, mode, 24);
	EXPECT_FIELD(shmring_create, max_producers, 40);
	EXPECT_FIELD(shmring_create, name, 48);

	EXPECT_SHAPE(shmring_destroy, 48);
	EXPECT_FIELD(shmring_destroy, id, 8);
	EXPECT_FIELD(shmring_destroy, name, 16);
	EXPECT_SHAPE(shmring_evict, 56);
	EXPECT_FIELD(shmring_evict, role, 16);
	EXPECT_FIELD(shmring_evict, name, 24);
	EXPECT_SHAPE(shmring_attach, 16);
	EXPECT_FIELD(shmring_attach, flags, 8);
	EXPECT_FIELD(shmring_attach, index, 12);
	EXPECT_SHAPE(shmring_info, 160);
	EXPECT_FIELD(shmring_info, id, 8);
	EXPECT_FIELD(shmring_info, role, 32);
	EXPECT_FIELD(shmring_info, page_size, 48);
	EXPECT_FIELD(shmring_info, features, 56);
	EXPECT_FIELD(shmring_info, info_offset, 64);
	EXPECT_FIELD(shmring_info, producer_stride, 104);
	EXPECT_FIELD(shmring_info, name, 128);
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
	int ep;
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
	self->ep = -1;
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
	close(self->ep);
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
	{ SHMRING_IOC_CREATE, 80, true },
	{ SHMRING_IOC_DESTROY, 48, true },
	{ SHMRING_IOC_EVICT, 56, true },
	{ SHMRING_IOC_ATTACH, 16, false },
	{ SHMRING_IOC_INFO, 160, false },
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

/* Zeros, but for the size: that of the first version, and @more. */
static void clear_arg(union arg *arg, unsigned long request, size_t more)
{
	unsigned int i;

	memset(arg, 0, sizeof(*arg));
	for (i = 0; i < ARRAY_SIZE(ioctls); i++)
		if (ioctls[i].request == request)
			arg->size = ioctls[i].first_size + more;
}

/* What was built once goes on to work, however the structs grow. */
TEST_F(abi, inv9_structs_of_other_versions)
{
	static const size_t more[] = { 0, 8, 2048 };
	union arg *arg = self->arg;
	unsigned int i;
	__u32 size;
	int fd;

	for (i = 0; i < ARRAY_SIZE(more); i++) {
		clear_arg(arg, SHMRING_IOC_CREATE, more[i]);
		size = arg->size;
		arg->create = self->create;
		arg->size = size;
		fd = ring_ioctl(self->ctl, SHMRING_IOC_CREATE, arg);
		EXPECT_LE(0, fd);
		close(fd);
		EXPECT_TRUE(ring_exists(self->other));

		clear_arg(arg, SHMRING_IOC_DESTROY, more[i]);
		memcpy(arg->destroy.name, self->other, SHMRING_NAME_MAX);
		EXPECT_EQ(0, ring_ioctl(self->ctl, SHMRING_IOC_DESTROY, arg));
		EXPECT_FALSE(ring_exists(self->other));

		clear_arg(arg, SHMRING_IOC_ATTACH, more[i]);
		arg->attach.role = SHMRING_ROLE_CONSUMER;
		fd = ring_ioctl(self->fd, SHMRING_IOC_ATTACH, arg);
		EXPECT_LE(0, fd);

		clear_arg(arg, SHMRING_IOC_INFO, more[i]);
		EXPECT_EQ(0, ring_ioctl(fd, SHMRING_IOC_INFO, arg));
		EXPECT_STREQ(self->name, arg->info.name);

		clear_arg(arg, SHMRING_IOC_WAIT, more[i]);
		EXPECT_EQ(-EAGAIN, ring_ioctl(fd, SHMRING_IOC_WAIT, arg));
		arg->wait.kick_fd = -1;
		EXPECT_EQ(-EAGAIN, ring_ioctl(fd, SHMRING_IOC_KICK_WAIT, arg));

		clear_arg(arg, SHMRING_IOC_EVENTFD, more[i]);
		arg->eventfd.fd = -1;
		EXPECT_EQ(-ENOENT, ring_ioctl(fd, SHMRING_IOC_EVENTFD, arg));

		clear_arg(arg, SHMRING_IOC_EVICT, more[i]);
		arg->evict.role = SHMRING_ROLE_CONSUMER;
		memcpy(arg->evict.name, self->name, SHMRING_NAME_MAX);
		EXPECT_EQ(0, ring_ioctl(self->ctl, SHMRING_IOC_EVICT, arg));
		EXPECT_EQ(-ENOTCONN, ring_ioctl(self->ctl, SHMRING_IOC_EVICT, arg));
		close(fd);
	}
}

/* An old program gets what it has room for, and nothing behind that. */
TEST_F(abi, inv9_info_fills_what_there_is)
{
	union arg *arg = self->arg;

	memset(arg, 0xa5, sizeof(*arg));
	arg->size = SHMRING_INFO_SIZE_VER0;
	EXPECT_EQ(0, ring_ioctl(self->fd, SHMRING_IOC_INFO, arg));
	EXPECT_EQ(SHMRING_INFO_SIZE_VER0, arg->size);
	EXPECT_STREQ(self->name, arg->info.name);
	EXPECT_EQ((char)0xa5, arg->bytes[SHMRING_INFO_SIZE_VER0]);

	memset(arg, 0xa5, sizeof(*arg));
	arg->size = page_size();
	EXPECT_EQ(0, ring_ioctl(self->fd, SHMRING_IOC_INFO, arg));
	EXPECT_EQ(sizeof(arg->info), arg->size);
	EXPECT_STREQ(self->name, arg->info.name);
	EXPECT_EQ((char)0xa5, arg->bytes[page_size()]);
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
	self->ep = ring_attach(self->fd, SHMRING_ROLE_PRODUCER);
	ASSERT_LE(0, self->ep);
	memset(half, 0, page_size());
	half->size = sizeof(half->info);
	ASSERT_EQ(0, mprotect(half, page_size(), PROT_READ));
	EXPECT_EQ(-EFAULT, ring_ioctl(self->fd, SHMRING_IOC_INFO, half));
	ASSERT_EQ(0, mprotect(half, page_size(), PROT_READ | PROT_WRITE));
	half->size = sizeof(half->wait);
	ASSERT_EQ(0, mprotect(half, page_size(), PROT_READ));
	EXPECT_EQ(-EFAULT, ring_ioctl(self->ep, SHMRING_IOC_WAIT, half));
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
	for (i = 3; i < 32; i++) {
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

	self->create = good;
	self->create.max_producers = SHMRING_LANES_MAX + 1;
	EXPECT_NOT_CREATED(EINVAL);
	self->create = good;
	self->create.max_producers = ~0U;
	EXPECT_NOT_CREATED(EINVAL);
	self->create = good;
	self->create.max_consumers = 2;
	EXPECT_NOT_CREATED(EINVAL);
	self->create = good;
	self->create.max_consumers = ~0U;
	EXPECT_NOT_CREATED(EINVAL);
	self->create = good;
	self->create.flags = SHMRING_CREATE_ANONYMOUS;
	EXPECT_NOT_CREATED(EINVAL);

	self->create = good;
	self->create.max_producers = 1;
	self->create.max_consumers = 1;
	EXPECT_EQ(0, ring_create_as(&self->create));
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
	struct shmring_info info;

	memcpy(destroy.name, self->name, SHMRING_NAME_MAX);
	destroy.flags = 1;
	EXPECT_EQ(-EINVAL, ring_ioctl(self->ctl, SHMRING_IOC_DESTROY, &destroy));
	destroy.flags = 0;
	destroy.id = 1;
	EXPECT_EQ(-EINVAL, ring_ioctl(self->ctl, SHMRING_IOC_DESTROY, &destroy));
	EXPECT_TRUE(ring_exists(self->name));
	EXPECT_EQ(-ENOENT, ring_destroy(self->other));
	EXPECT_EQ(-ENOENT, ring_destroy_id(1ULL << 60));
	EXPECT_EQ(-EINVAL, ring_destroy_id(0));

	ASSERT_EQ(0, ring_create_as(&self->create));
	close(self->fd);
	self->fd = ring_open(self->other, O_RDWR);
	ASSERT_EQ(0, ring_info(self->fd, &info));
	EXPECT_EQ(0, ring_destroy_id(info.id));
	EXPECT_FALSE(ring_exists(self->other));
	EXPECT_EQ(-ENOENT, ring_destroy_id(info.id));
}

TEST_F(abi, inv9_evict)
{
	struct shmring_evict evict = {
		.size = sizeof(evict),
		.role = SHMRING_ROLE_PRODUCER,
	};
	int i;

	EXPECT_EQ(-ENOTCONN, ring_evict(self->name, SHMRING_ROLE_PRODUCER));
	self->ep = ring_attach(self->fd, SHMRING_ROLE_PRODUCER);
	ASSERT_LE(0, self->ep);
	EXPECT_EQ(-ENOTCONN, ring_evict(self->name, SHMRING_ROLE_CONSUMER));
	EXPECT_EQ(-EINVAL, ring_evict(self->name, SHMRING_ROLE_NONE));
	EXPECT_EQ(-EINVAL, ring_evict(self->name, 3));
	EXPECT_EQ(-EINVAL, ring_evict("", SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(-ENOENT, ring_evict(self->other, SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(-ENOENT, ring_evict_id(1ULL << 60, SHMRING_ROLE_PRODUCER));
	memset(evict.name, 'x', SHMRING_NAME_MAX);
	EXPECT_EQ(-ENAMETOOLONG,
		  ring_ioctl(self->ctl, SHMRING_IOC_EVICT, &evict));
	memset(evict.name, 0, SHMRING_NAME_MAX);
	memcpy(evict.name, self->name, strlen(self->name));
	for (i = 0; i < 32; i++) {
		evict.flags = 1U << i;
		EXPECT_EQ(-EINVAL,
			  ring_ioctl(self->ctl, SHMRING_IOC_EVICT, &evict));
	}
	evict.flags = 0;
	evict.index = 1;
	EXPECT_EQ(-EINVAL, ring_ioctl(self->ctl, SHMRING_IOC_EVICT, &evict));
	evict.index = SHMRING_INDEX_ANY;
	evict.id = 1;
	EXPECT_EQ(-EINVAL, ring_ioctl(self->ctl, SHMRING_IOC_EVICT, &evict));
	evict.id = 0;
	/* None of which ended it. */
	EXPECT_EQ(0, ring_ioctl(self->ep, SHMRING_IOC_KICK, NULL));
	EXPECT_EQ(0, ring_ioctl(self->ctl, SHMRING_IOC_EVICT, &evict));
	EXPECT_EQ(-ENOTCONN, ring_ioctl(self->ep, SHMRING_IOC_KICK, NULL));
	EXPECT_EQ(-ENOTCONN, ring_ioctl(self->ctl, SHMRING_IOC_EVICT, &evict));
}

/* Attaches and closes again: 0, or why not. */
static int try_attach(int ring, __u32 role)
{
	int fd = ring_attach(ring, role);

	return fd < 0 ? fd : close(fd);
}

TEST_F(abi, inv9_attach)
{
	struct shmring_attach attach = {
		.size = sizeof(attach),
		.role = SHMRING_ROLE_CONSUMER,
	};
	int rdonly = ring_open(self->name, O_RDONLY);
	int wronly = ring_open(self->name, O_WRONLY);
	int i;

	ASSERT_LE(0, rdonly);
	ASSERT_LE(0, wronly);
	EXPECT_EQ(-EINVAL, try_attach(self->fd, SHMRING_ROLE_NONE));
	EXPECT_EQ(-EINVAL, try_attach(self->fd, 3));
	EXPECT_EQ(-EINVAL, try_attach(self->fd, ~0U));
	for (i = 0; i < 32; i++) {
		attach.flags = 1U << i;
		EXPECT_EQ(-EINVAL,
			  ring_ioctl(self->fd, SHMRING_IOC_ATTACH, &attach));
	}
	attach.flags = 0;
	attach.index = 1;
	EXPECT_EQ(-EINVAL, ring_ioctl(self->fd, SHMRING_IOC_ATTACH, &attach));
	EXPECT_EQ(-EACCES, try_attach(rdonly, SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(-EACCES, try_attach(wronly, SHMRING_ROLE_CONSUMER));
	EXPECT_EQ(0, try_attach(rdonly, SHMRING_ROLE_CONSUMER));
	EXPECT_EQ(0, try_attach(wronly, SHMRING_ROLE_PRODUCER));
	attach.index = SHMRING_INDEX_ANY;
	i = ring_ioctl(self->fd, SHMRING_IOC_ATTACH, &attach);
	EXPECT_LE(0, i);
	close(i);

	self->ep = ring_attach(self->fd, SHMRING_ROLE_PRODUCER);
	ASSERT_LE(0, self->ep);
	EXPECT_EQ(-EISCONN, try_attach(self->ep, SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(-EISCONN, try_attach(self->ep, SHMRING_ROLE_CONSUMER));
	EXPECT_EQ(-EBUSY, try_attach(self->fd, SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(-EBUSY, try_attach(wronly, SHMRING_ROLE_PRODUCER));
	/* One descriptor of the ring gives both. */
	EXPECT_EQ(0, try_attach(self->fd, SHMRING_ROLE_CONSUMER));
	close(rdonly);
	close(wronly);

	ASSERT_EQ(0, ring_create_as(&self->create));
	rdonly = ring_open(self->other, O_RDONLY);
	ASSERT_EQ(0, ring_destroy(self->other));
	EXPECT_EQ(-ENOENT, try_attach(rdonly, SHMRING_ROLE_CONSUMER));
	close(rdonly);
}

TEST_F(abi, inv9_info)
{
	struct shmring_info info;

	ASSERT_EQ(0, ring_info(self->fd, &info));
	EXPECT_EQ(sizeof(info), info.size);
	EXPECT_EQ(0, info.flags);
	EXPECT_LT(0, info.id);
	EXPECT_EQ(page_size(), info.ring_bytes);
	EXPECT_EQ(64, info.record_size);
	EXPECT_EQ(SHMRING_NODE_ANY, info.node);
	EXPECT_EQ(SHMRING_ROLE_NONE, info.role);
	EXPECT_EQ(0, info.index);
	EXPECT_EQ(1, info.max_producers);
	EXPECT_EQ(1, info.max_consumers);
	EXPECT_EQ(SHMRING_FEATURES, info.features);
	EXPECT_EQ(page_size(), info.page_size);
	EXPECT_EQ(2 * page_size(), info.data_bytes);
	EXPECT_STREQ(self->name, info.name);
	EXPECT_EQ(0, info.info_offset % page_size());
	EXPECT_EQ(0, info.producer_offset % page_size());
	EXPECT_EQ(0, info.consumer_offset % page_size());
	ASSERT_NE(0, info.data_align);
	EXPECT_EQ(0, info.data_align % page_size());
	EXPECT_EQ(0, info.data_offset % info.data_align);

	self->ep = ring_attach(self->fd, SHMRING_ROLE_CONSUMER);
	ASSERT_LE(0, self->ep);
	ASSERT_EQ(0, ring_info(self->ep, &info));
	EXPECT_EQ(SHMRING_ROLE_CONSUMER, info.role);
	ASSERT_EQ(0, ring_info(self->fd, &info));
	EXPECT_EQ(SHMRING_ROLE_NONE, info.role);
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

	self->ep = ring_attach(self->fd, SHMRING_ROLE_CONSUMER);
	ASSERT_LE(0, self->ep);
	for (i = 2; i < 32; i++) {
		wait.flags = 1U << i;
		EXPECT_EQ(-EINVAL,
			  ring_ioctl(self->ep, SHMRING_IOC_WAIT, &wait));
	}
	wait.flags = 0;
	wait.kick_fd = -1;
	EXPECT_EQ(-EINVAL, ring_ioctl(self->ep, SHMRING_IOC_WAIT, &wait));
	EXPECT_EQ(-EINVAL, ring_wait(self->ep, SHMRING_WAIT_PEER, 1ULL << 32, 0,
				     &events));
	EXPECT_EQ(-EINVAL, ring_wait(self->ep, 0, page_size() + 1, 0, &events));
	EXPECT_EQ(-EINVAL, ring_wait(self->ep, 0, ~0ULL, 0, &events));
	EXPECT_EQ(-EINVAL, ring_wait(self->ep, 0, 0, -2, &events));
	EXPECT_EQ(-EINVAL, ring_wait(self->ep, 0, 0, -0x7fffffffffffffffLL - 1,
				     &events));
	EXPECT_EQ(-EAGAIN, ring_wait(self->ep, 0, page_size(), 0, &events));
	EXPECT_EQ(-EAGAIN, ring_wait(self->ep, 0, 0, 0, &events));
	EXPECT_EQ(-ETIMEDOUT, ring_wait(self->ep, 0, 0, 1000000, &events));
	EXPECT_EQ(-ETIMEDOUT, ring_wait(self->ep, SHMRING_WAIT_PEER, 0, 1,
					&events));
}

TEST_F(abi, inv9_kick_wait)
{
	__u32 events;
	int file, idle;

	self->ep = ring_attach(self->fd, SHMRING_ROLE_CONSUMER);
	ASSERT_LE(0, self->ep);
	EXPECT_EQ(-EBADF, ring_kick_wait(self->ep, -2, 0, &events));
	EXPECT_EQ(-EBADF, ring_kick_wait(self->ep, 1 << 20, 0, &events));
	EXPECT_EQ(-EBADF, ring_kick_wait(self->ep, self->ctl, 0, &events));
	file = open("/dev/null", O_RDWR | O_CLOEXEC);
	EXPECT_EQ(-EBADF, ring_kick_wait(self->ep, file, 0, &events));
	close(file);
	idle = ring_open(self->name, O_RDWR);
	EXPECT_EQ(-ENOTCONN, ring_kick_wait(self->ep, idle, 0, &events));
	close(idle);
	EXPECT_EQ(-EINVAL, ring_kick_wait(self->ep, -1, -2, &events));
	EXPECT_EQ(-EAGAIN, ring_kick_wait(self->ep, -1, 0, &events));
	EXPECT_EQ(-EAGAIN, ring_kick_wait(self->ep, self->ep, 0, &events));
	EXPECT_EQ(-ETIMEDOUT, ring_kick_wait(self->ep, -1, 1, &events));
}

TEST_F(abi, inv9_eventfd)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	int file = open("/dev/null", O_RDWR | O_CLOEXEC);

	self->ep = ring_attach(self->fd, SHMRING_ROLE_CONSUMER);
	ASSERT_LE(0, self->ep);
	EXPECT_EQ(-ENOENT, ring_eventfd(self->ep, -1));
	EXPECT_EQ(-EBADF, ring_eventfd(self->ep, 1 << 20));
	EXPECT_EQ(-EBADF, ring_eventfd(self->ep, -2));
	EXPECT_EQ(-EINVAL, ring_eventfd(self->ep, file));
	EXPECT_EQ(-EINVAL, ring_eventfd(self->ep, self->ep));
	EXPECT_EQ(-ENOENT, ring_eventfd(self->ep, -1));
	EXPECT_EQ(0, ring_eventfd(self->ep, fd));
	EXPECT_EQ(-EBUSY, ring_eventfd(self->ep, fd));
	EXPECT_EQ(0, ring_eventfd(self->ep, -1));
	EXPECT_EQ(-ENOENT, ring_eventfd(self->ep, -1));
	EXPECT_EQ(0, ring_eventfd(self->ep, fd));
	close(file);
	close(fd);
}

/* The errors of those who are not root. */
static void as_nobody(int ctl, const char *own, const char *foreign)
{
	struct shmring_destroy destroy = { .size = sizeof(destroy) };
	struct shmring_evict evict = {
		.size = sizeof(evict),
		.role = SHMRING_ROLE_CONSUMER,
	};
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
	memcpy(evict.name, foreign, SHMRING_NAME_MAX);
	CHILD_ASSERT(ring_ioctl(ctl, SHMRING_IOC_EVICT, &evict) == -EPERM);
	CHILD_ASSERT(ring_open(foreign, O_RDWR) == -EACCES);

	create.uid = NOBODY;
	create.gid = NOBODY;
	CHILD_ASSERT(ring_ioctl(ctl, SHMRING_IOC_CREATE, &create) >= 0);
	CHILD_ASSERT(ring_open_as(own, SHMRING_ROLE_CONSUMER) >= 0);
	/* Its owner evicts who has it, and needs no other right. */
	memcpy(evict.name, own, SHMRING_NAME_MAX);
	CHILD_ASSERT(!ring_ioctl(ctl, SHMRING_IOC_EVICT, &evict));
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
