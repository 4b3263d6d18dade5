// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 5: the MMU holds the roles. Every region, role and protection, at
 * mmap and by mprotect, and what the memory behind them is.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

enum which { INFO, PRODUCER, CONSUMER, DATA, REGIONS };

struct region {
	__u64 offset;
	size_t bytes;
};

static const char * const region_names[] = {
	"info page", "producer page", "consumer page", "data",
};

FIXTURE(rights)
{
	char name[SHMRING_NAME_MAX];
	struct shmring_info info;
	struct endpoint peer;
	int fd;
	size_t ring_bytes;
	struct region region[REGIONS];
	void *held;	/* a mapping with which the role stays */
};

FIXTURE_VARIANT(rights)
{
	__u32 role;
	bool writable[REGIONS];
};

FIXTURE_VARIANT_ADD(rights, producer)
{
	.role = SHMRING_ROLE_PRODUCER,
	.writable = { [PRODUCER] = true, [DATA] = true },
};

FIXTURE_VARIANT_ADD(rights, consumer)
{
	.role = SHMRING_ROLE_CONSUMER,
	.writable = { [CONSUMER] = true },
};

static void *map_region(int fd, const struct region *region, int prot,
			int flags)
{
	return mmap(NULL, region->bytes, prot, flags, fd, region->offset);
}

FIXTURE_SETUP(rights)
{
	const char *why = unusable();
	enum which own;

	if (why)
		SKIP(return, "%s", why);
	self->ring_bytes = 4 * page_size();
	ring_name(self->name);
	ASSERT_EQ(0, ring_create(self->name, self->ring_bytes, 0));
	self->fd = ring_open_as(self->name, variant->role);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, endpoint_open(&self->peer, self->name, 3 - variant->role));
	ASSERT_EQ(0, ring_info(self->fd, &self->info));
	self->region[INFO].offset = self->info.info_offset;
	self->region[PRODUCER].offset = self->info.producer_offset;
	self->region[CONSUMER].offset = self->info.consumer_offset;
	self->region[DATA].offset = self->info.data_offset;
	self->region[INFO].bytes = page_size();
	self->region[PRODUCER].bytes = page_size();
	self->region[CONSUMER].bytes = page_size();
	self->region[DATA].bytes = self->info.data_bytes;
	own = variant->role == SHMRING_ROLE_PRODUCER ? PRODUCER : CONSUMER;
	self->held = map_region(self->fd, &self->region[own], PROT_NONE,
				MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->held);
}

FIXTURE_TEARDOWN(rights)
{
	munmap(self->held, page_size());
	close(self->fd);
	endpoint_close(&self->peer);
	EXPECT_EQ(0, ring_destroy(self->name));
}

static int try_mprotect(void *at, size_t bytes, int prot)
{
	return mprotect(at, bytes, prot) ? -errno : 0;
}

/* Status of a child that writes one byte. */
static int write_in_child(char *at)
{
	pid_t pid = spawn(0);

	if (!pid) {
		WRITE_ONCE(*at, 1);
		_exit(0);
	}
	return reap(pid);
}

/* The signal that a write gets, or 0. */
static sigjmp_buf back;

static void jump_back(int signal)
{
	siglongjmp(back, signal);
}

static int signal_of_write(char *at)
{
	struct sigaction action = { .sa_handler = jump_back }, old;
	int signal;

	sigaction(SIGSEGV, &action, &old);
	signal = sigsetjmp(back, 1);
	if (!signal)
		WRITE_ONCE(*at, 1);
	sigaction(SIGSEGV, &old, NULL);
	return signal;
}

TEST_F(rights, inv5_mmap)
{
	static const int flags[] = { MAP_SHARED, MAP_PRIVATE };
	unsigned int f, prot;
	enum which r;

	for (f = 0; f < ARRAY_SIZE(flags); f++)
		for (r = INFO; r < REGIONS; r++)
			for (prot = 0; prot <= 7; prot++) {
				bool allowed = !(prot & PROT_EXEC) &&
					(!(prot & PROT_WRITE) ||
					 variant->writable[r]);
				void *at = map_region(self->fd, &self->region[r],
						      prot, flags[f]);
				int error = at == MAP_FAILED ? errno : 0;

				EXPECT_EQ(allowed ? 0 : EACCES, error) {
					TH_LOG("%s %s prot %u", region_names[r],
					       f ? "private" : "shared", prot);
				}
				if (!error)
					munmap(at, self->region[r].bytes);
			}
}

TEST_F(rights, inv5_mprotect)
{
	static const int flags[] = { MAP_SHARED, MAP_PRIVATE };
	unsigned int f, prot, from;
	enum which r;

	for (f = 0; f < ARRAY_SIZE(flags); f++)
		for (r = INFO; r < REGIONS; r++)
			for (from = PROT_NONE; from <= PROT_READ; from++)
				for (prot = 0; prot <= 7; prot++) {
					bool allowed = !(prot & PROT_EXEC) &&
						(!(prot & PROT_WRITE) ||
						 variant->writable[r]);
					size_t bytes = self->region[r].bytes;
					void *at = map_region(self->fd,
							      &self->region[r],
							      from, flags[f]);

					ASSERT_NE(MAP_FAILED, at);
					EXPECT_EQ(allowed ? 0 : -EACCES,
						  try_mprotect(at, bytes,
							       prot)) {
						TH_LOG("%s, %u to prot %u",
						       region_names[r], from,
						       prot);
					}
					munmap(at, bytes);
				}
}

TEST_F(rights, inv5_write_kills)
{
	enum which r;

	for (r = INFO; r < REGIONS; r++) {
		char *at = map_region(self->fd, &self->region[r], PROT_READ,
				      MAP_SHARED);

		ASSERT_NE(MAP_FAILED, at);
		EXPECT_EQ(SIGSEGV, signal_of_write(at)) {
			TH_LOG("%s", region_names[r]);
		}
		munmap(at, self->region[r].bytes);
		if (!variant->writable[r])
			continue;
		at = map_region(self->fd, &self->region[r],
				PROT_READ | PROT_WRITE, MAP_SHARED);
		ASSERT_NE(MAP_FAILED, at);
		EXPECT_EQ(0, signal_of_write(at + 2048)) {
			TH_LOG("%s", region_names[r]);
		}
		EXPECT_EQ(1, at[2048]);
		/* A child has nothing of what may be written. */
		EXPECT_EQ(128 + SIGSEGV, write_in_child(at + 2048));
		munmap(at, self->region[r].bytes);
	}
}

/*
 * A child reads what its parent can only read, and has nothing of what its
 * parent may write: no mapping that it inherits, and none that it makes.
 */
TEST_F(rights, inv5_fork)
{
	enum which r;
	pid_t pid;

	for (r = INFO; r < REGIONS; r++) {
		char *at = map_region(self->fd, &self->region[r], PROT_READ,
				      MAP_SHARED);
		bool writable = variant->writable[r];
		int expected = writable ? -ENOMEM : -EACCES;

		ASSERT_NE(MAP_FAILED, at);
		pid = spawn(0);
		if (!pid) {
			CHILD_ASSERT(try_mprotect(at, page_size(), PROT_READ |
						  PROT_WRITE) == expected);
			CHILD_ASSERT(try_mprotect(at, page_size(), PROT_READ |
						  PROT_EXEC) == expected);
			CHILD_ASSERT(map_region(self->fd, &self->region[r],
						PROT_READ, MAP_SHARED) ==
				     MAP_FAILED);
			CHILD_ASSERT(errno == EPERM);
			if (!writable)
				READ_ONCE(*at);
			_exit(0);
		}
		EXPECT_EQ(0, reap(pid)) {
			TH_LOG("%s", region_names[r]);
		}
		munmap(at, self->region[r].bytes);
	}
}

TEST_F(rights, inv5_bounds)
{
	static const __u64 far[] = { 1ULL << 30, 1ULL << 40, 1ULL << 62 };
	size_t page = page_size();
	enum which r;
	unsigned int i;

	for (r = INFO; r < REGIONS; r++) {
		__u64 offset = self->region[r].offset;
		size_t bytes = self->region[r].bytes;

		/* Longer than its region, from the start and from the end. */
		EXPECT_EQ(MAP_FAILED, mmap(NULL, bytes + page, PROT_READ,
					   MAP_SHARED, self->fd, offset));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(MAP_FAILED, mmap(NULL, 2 * page, PROT_READ,
					   MAP_SHARED, self->fd,
					   offset + bytes - page));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(MAP_FAILED, mmap(NULL, 1UL << 30, PROT_READ,
					   MAP_SHARED, self->fd, offset));
		EXPECT_EQ(EINVAL, errno);
		/* The C library refuses offsets that are no whole pages. */
		EXPECT_EQ(MAP_FAILED, mmap(NULL, page, PROT_READ, MAP_SHARED,
					   self->fd, offset + 8));
		EXPECT_EQ(EINVAL, errno);
	}
	for (i = 0; i < ARRAY_SIZE(far); i++) {
		EXPECT_EQ(MAP_FAILED, mmap(NULL, page, PROT_READ, MAP_SHARED,
					   self->fd, far[i]));
		EXPECT_TRUE(errno == EINVAL || errno == EOVERFLOW);
	}
	EXPECT_EQ(MAP_FAILED, mmap(NULL, page, PROT_READ, MAP_SHARED, self->fd,
				   (__u64)-page));
	EXPECT_TRUE(errno == EINVAL || errno == EOVERFLOW);
}

TEST_F(rights, inv5_part_of_the_data)
{
	size_t page = page_size();
	size_t offset;

	for (offset = 0; offset < self->info.data_bytes; offset += page) {
		unsigned char *at = mmap(NULL, page, PROT_READ, MAP_SHARED,
					 self->fd,
					 self->info.data_offset + offset);

		ASSERT_NE(MAP_FAILED, at);
		if (variant->role == SHMRING_ROLE_CONSUMER) {
			self->peer.data[offset] = offset / page + 1;
			EXPECT_EQ(offset / page + 1, *at);
		}
		munmap(at, page);
	}
}

TEST_F(rights, inv5_no_growth)
{
	enum which r;

	for (r = INFO; r < REGIONS; r++) {
		size_t bytes = self->region[r].bytes;
		char *at = map_region(self->fd, &self->region[r], PROT_READ,
				      MAP_SHARED);
		char *to;

		ASSERT_NE(MAP_FAILED, at);
		EXPECT_EQ(MAP_FAILED, mremap(at, bytes, bytes + page_size(),
					     MREMAP_MAYMOVE));
		EXPECT_EQ(MAP_FAILED, mremap(at, bytes, 16 * bytes,
					     MREMAP_MAYMOVE));
		/* Moving it as it is keeps its rights, or is refused. */
		to = mremap(at, bytes, bytes, MREMAP_MAYMOVE);
		if (to != MAP_FAILED)
			at = to;
		EXPECT_EQ(variant->writable[r] ? 0 : -EACCES,
			  try_mprotect(at, bytes, PROT_READ | PROT_WRITE));
		munmap(at, bytes);
	}
}

/*
 * The mode of the ring's descriptor says which role it gives, and the endpoint
 * has all rights of that role.
 */
TEST_F(rights, inv5_descriptor)
{
	bool producer = variant->role == SHMRING_ROLE_PRODUCER;
	int ring = ring_open(self->name, producer ? O_WRONLY : O_RDONLY);
	enum which r;

	ASSERT_LE(0, ring);
	munmap(self->held, page_size());
	close(self->fd);
	EXPECT_EQ(-EACCES, ring_attach(ring, 3 - variant->role));
	self->fd = ring_attach(ring, variant->role);
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(O_RDWR, fcntl(self->fd, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->fd, F_GETFD));
	/* The ring's own gives no mapping at all. */
	if (!producer) {
		EXPECT_EQ(MAP_FAILED, map_region(ring, &self->region[INFO],
						 PROT_READ, MAP_SHARED));
		EXPECT_EQ(ENOTCONN, errno);
	}
	close(ring);
	for (r = INFO; r < REGIONS; r++) {
		int prot = PROT_READ | (variant->writable[r] ? PROT_WRITE : 0);

		EXPECT_NE(MAP_FAILED, map_region(self->fd, &self->region[r],
						 prot, MAP_SHARED)) {
			TH_LOG("%s", region_names[r]);
		}
	}
}

/* By /proc/self/mem, as debuggers do it. 0 or -errno. */
static int write_by_proc(int mem, unsigned char *at, unsigned char byte)
{
	return pwrite(mem, &byte, 1, (off_t)(uintptr_t)at) == 1 ? 0 : -errno;
}

static int read_by_proc(int mem, const unsigned char *at)
{
	unsigned char byte;

	return pread(mem, &byte, 1, (off_t)(uintptr_t)at) == 1 ? byte : -errno;
}

/*
 * /proc/PID/mem and ptrace go round page tables, but a debugger writes what the
 * process could, and that alone.
 */
TEST_F(rights, inv5_proc_mem)
{
	static const int flags[] = { MAP_SHARED, MAP_PRIVATE };
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	unsigned int i;

	ASSERT_LE(0, mem);
	for (i = 0; i < ARRAY_SIZE(flags) * REGIONS; i++) {
		enum which r = i / ARRAY_SIZE(flags);
		int how = flags[i % ARRAY_SIZE(flags)];
		int prot = PROT_READ | (variant->writable[r] ? PROT_WRITE : 0);
		unsigned char *at = map_region(self->fd, &self->region[r],
					       prot, how);
		/* What a private mapping shows may be a copy: neither is told. */
		bool shared = how == MAP_SHARED;
		bool may = shared && variant->writable[r];
		unsigned char before;
		int ret;

		ASSERT_NE(MAP_FAILED, at);
		before = at[3000];
		ret = read_by_proc(mem, at + 3000);
		EXPECT_TRUE(shared ? ret == before : ret < 0);
		ret = write_by_proc(mem, at + 3000, before + 1);
		EXPECT_EQ(may, !ret) {
			TH_LOG("%s, %s: %s", region_names[r],
			       shared ? "shared" : "private", strerror(-ret));
		}
		EXPECT_EQ((unsigned char)(before + may), at[3000]);
		munmap(at, self->region[r].bytes);
	}
	close(mem);
}

TEST_F(rights, inv5_private_copies)
{
	enum which r;

	for (r = INFO; r < REGIONS; r++) {
		char *copy, *shared;

		if (!variant->writable[r])
			continue;
		copy = map_region(self->fd, &self->region[r],
				  PROT_READ | PROT_WRITE, MAP_PRIVATE);
		shared = map_region(self->fd, &self->region[r],
				    PROT_READ | PROT_WRITE, MAP_SHARED);
		ASSERT_NE(MAP_FAILED, copy);
		ASSERT_NE(MAP_FAILED, shared);
		shared[1000] = 5;
		EXPECT_EQ(5, copy[1000]);
		copy[1000] = 6;
		EXPECT_EQ(5, shared[1000]);
		munmap(copy, self->region[r].bytes);
		munmap(shared, self->region[r].bytes);
	}
}

TEST_F(rights, inv5_zeroed_and_mapped_twice)
{
	struct endpoint ep, *producer;
	unsigned char *data, *seen;
	size_t i;

	ASSERT_EQ(0, endpoint_map(&ep, dup(self->fd)));
	for (i = 0; i < ep.data_bytes; i++)
		ASSERT_EQ(0, ep.data[i]);
	for (i = 0; i < ep.page; i++)
		ASSERT_EQ(0, ((char *)ep.ctl)[i]);
	EXPECT_EQ(0, ep.peer->pos);

	producer = ep.role == SHMRING_ROLE_PRODUCER ? &ep : &self->peer;
	data = producer->data;
	seen = (producer == &ep ? &self->peer : &ep)->data;
	for (i = 0; i < self->ring_bytes; i += 61) {
		data[i] = mix(i);
		ASSERT_EQ((__u8)mix(i), data[i + self->ring_bytes]);
		ASSERT_EQ((__u8)mix(i), seen[i]);
		data[i + self->ring_bytes] = ~mix(i);
		ASSERT_EQ((__u8)~mix(i), data[i]);
		ASSERT_EQ((__u8)~mix(i), seen[i + self->ring_bytes]);
	}
	endpoint_close(&ep);
}

/* Whatever a side does to its page tables, the memory is still there. */
TEST_F(rights, inv5_madvise)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_FREE, MADV_REMOVE, MADV_COLD, MADV_PAGEOUT,
		MADV_HUGEPAGE, MADV_MERGEABLE, MADV_DOFORK,
	};
	struct endpoint ep, *producer;
	unsigned int i;
	size_t at;

	ASSERT_EQ(0, endpoint_map(&ep, dup(self->fd)));
	producer = ep.role == SHMRING_ROLE_PRODUCER ? &ep : &self->peer;
	for (at = 0; at < self->ring_bytes; at += 512)
		producer->data[at] = at / 512 + 1;
	for (i = 0; i < ARRAY_SIZE(advice); i++) {
		madvise(ep.data, ep.data_bytes, advice[i]);
		for (at = 0; at < self->ring_bytes; at += 512) {
			ASSERT_EQ((__u8)(at / 512 + 1), ep.data[at]);
			ASSERT_EQ((__u8)(at / 512 + 1),
				  ep.data[at + self->ring_bytes]);
		}
	}
	endpoint_close(&ep);
}

TEST_HARNESS_MAIN
