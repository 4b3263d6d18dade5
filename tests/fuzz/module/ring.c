// SPDX-License-Identifier: MIT
/* Calls on /dev/shmring: opening and ioctls. The errnos are <linux/shmring.h>'s. */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/shmring.h>

#include "calls.h"
#include "shared.h"
#include "values.h"

#define PAGE		4096ULL
#define MOST_BYTES	(1ULL << 20)
#define NSEC_PER_SEC	1000000000LL

static const char *const names[FUZZ_NAMES] = {
	"fz0", "fz1", "fz2", "fz3", "fz-31-bytes-0123456789.ABCDEF_z", "ctl", "",
	"fz-32-bytes-0123456789.ABCDEF_zz", ".fz", "f/z", "fz\xff", "-fz", "anon:1",
};

const char *fuzz_name(uint64_t i)
{
	return names[i % FUZZ_NAMES];
}

/* strncpy() as it was meant: the struct's field need not end with NUL. */
static void copy_name(char to[SHMRING_NAME_MAX], uint64_t name)
{
	memcpy(to, fuzz_name(name), strnlen(fuzz_name(name), SHMRING_NAME_MAX));
}

static long open_at(struct fuzz_run *run, const char *path, uint64_t flags,
		    enum fuzz_type type, uint64_t out)
{
	/* A regular file in the place of a node would stay. */
	flags &= ~(uint64_t)(O_CREAT | __O_TMPFILE);
	return fuzz_keep(run, out, type, open(path, (int)flags, 0));
}

static long ctl_open(struct fuzz_run *run, const uint64_t *a)
{
	return open_at(run, SHMRING_CTL_PATH, a[0], TYPE_CTL, a[1]);
}

static long ring_open(struct fuzz_run *run, const uint64_t *a)
{
	char path[64];

	snprintf(path, sizeof(path), SHMRING_DEV_DIR "%.32s", fuzz_name(a[0]));
	return open_at(run, path, a[1],
		       a[0] % FUZZ_NAMES < 5 ? TYPE_RING : TYPE_FILE, a[2]);
}

/* A new open file of a ring that may have lost its name. */
static long reopen(struct fuzz_run *run, const uint64_t *a)
{
	char path[64];
	int fd = fuzz_fd(run, a[0]);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open_at(run, path, a[1], fuzz_slot(run, a[0])->type, a[2]);
}

/* int 0x80 takes the way of a 32-bit program. */
long fuzz_compat_ioctl(int fd, unsigned int cmd, uint64_t arg)
{
#ifdef __x86_64__
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a" (ret)
			 : "a" (54), "b" (fd), "c" (cmd), "d" ((uint32_t)arg)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
#else
	return fuzz_ret(ioctl(fd, cmd, arg));
#endif
}

static long do_ioctl(struct fuzz_run *run, uint64_t slot, unsigned int cmd,
		     uint64_t arg, uint64_t compat)
{
	int fd = fuzz_fd(run, slot);

	if (compat && run->shared->has_compat)
		return fuzz_compat_ioctl(fd, cmd, arg);
	return fuzz_ret(ioctl(fd, cmd, arg));
}

/* @args is the last four arguments of each row: size, tail, at, compat. */
static long struct_ioctl(struct fuzz_run *run, uint64_t slot, unsigned int cmd,
			 void *what, size_t known, const uint64_t *args)
{
	unsigned char bytes[2 * PAGE] = { 0 };
	uint64_t len = args[0] < sizeof(bytes) ? args[0] : sizeof(bytes);
	uint32_t size = (uint32_t)args[0];
	void *at;

	memcpy(bytes, what, known);
	memcpy(bytes, &size, sizeof(size));
	if (len > known && args[1])
		bytes[known + args[1] % (len - known)] = 1;
	at = fuzz_place(run, args[2], bytes, len > 4 ? len : 4);
	return do_ioctl(run, slot, cmd, (uintptr_t)at, args[3]);
}

/* The guest's memory is small: none or too much, and nothing between. */
static uint64_t bounded(uint64_t bytes)
{
	return bytes > MOST_BYTES && bytes < 1ULL << 40 ? MOST_BYTES : bytes;
}

/* What came of a call that makes a descriptor. */
static long keep(struct fuzz_run *run, uint64_t slot, enum fuzz_type type,
		 long fd)
{
	return fd < 0 ? fd : fuzz_keep(run, slot, type, (int)fd);
}

static long create(struct fuzz_run *run, const uint64_t *a)
{
	struct shmring_create c = {
		.ring_bytes = bounded(a[2]),
		.record_size = (uint32_t)a[3],
		.node = (int32_t)a[4],
		.mode = (uint32_t)a[5],
		.uid = (uint32_t)a[6],
		.gid = (uint32_t)a[6],
		.high_water = (uint32_t)a[7],
		.flags = (uint32_t)a[8],
		.max_producers = (uint32_t)(a[9] & 0xff),
		.max_consumers = (uint32_t)(a[9] >> 8),
	};

	/* At times it has one nevertheless. */
	if (!(c.flags & SHMRING_CREATE_ANONYMOUS) || a[1] >= FUZZ_NAMES)
		copy_name(c.name, a[1]);
	return keep(run, a[14], TYPE_RING,
		    struct_ioctl(run, a[0], SHMRING_IOC_CREATE, &c, sizeof(c),
				 a + 10));
}

/* The id of what the slot holds, which mostly is a ring. */
static uint64_t id_of(struct fuzz_run *run, uint64_t slot)
{
	struct shmring_info info = { .size = sizeof(info) };

	return ioctl(fuzz_fd(run, slot), SHMRING_IOC_INFO, &info) ? 0 : info.id;
}

static long destroy(struct fuzz_run *run, const uint64_t *a)
{
	struct shmring_destroy d = { .flags = (uint32_t)a[2] };

	copy_name(d.name, a[1]);
	return struct_ioctl(run, a[0], SHMRING_IOC_DESTROY, &d, sizeof(d), a + 3);
}

static long destroy_id(struct fuzz_run *run, const uint64_t *a)
{
	struct shmring_destroy d = { .id = id_of(run, a[1]) + a[2] };

	return struct_ioctl(run, a[0], SHMRING_IOC_DESTROY, &d, sizeof(d), a + 3);
}

static long evict(struct fuzz_run *run, const uint64_t *a)
{
	struct shmring_evict e = {
		.role = (uint32_t)a[2],
		.index = (uint32_t)a[3],
		.flags = (uint32_t)a[4],
	};

	/* A name of the list, and behind its end the id. */
	if (a[5] < FUZZ_NAMES)
		copy_name(e.name, a[5]);
	else
		e.id = id_of(run, a[1]);
	return struct_ioctl(run, a[0], SHMRING_IOC_EVICT, &e, sizeof(e), a + 6);
}

static long attach(struct fuzz_run *run, const uint64_t *a)
{
	struct shmring_attach s = {
		.role = (uint32_t)a[1],
		.flags = (uint32_t)a[2],
		.index = (uint32_t)a[3],
	};

	return keep(run, a[8], TYPE_ENDPOINT,
		    struct_ioctl(run, a[0], SHMRING_IOC_ATTACH, &s, sizeof(s),
				 a + 4));
}

static long info(struct fuzz_run *run, const uint64_t *a)
{
	struct shmring_info s = { 0 };

	return struct_ioctl(run, a[0], SHMRING_IOC_INFO, &s, sizeof(s), a + 1);
}

/* An absolute time of an honest program is not long gone. */
static int64_t timeout(const uint64_t *a)
{
	int64_t ns = (int64_t)a[3];
	struct timespec t;

	if (!(a[1] & SHMRING_WAIT_ABSTIME) || ns <= 0 || ns > NSEC_PER_SEC)
		return ns;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec + ns;
}

static long wait_ioctl(struct fuzz_run *run, const uint64_t *a)
{
	struct shmring_wait w = {
		.flags = (uint32_t)a[1],
		.want = a[2],
		.timeout_ns = timeout(a),
		.kick_fd = (int32_t)a[4],
	};

	return struct_ioctl(run, a[0], SHMRING_IOC_WAIT, &w, sizeof(w), a + 5);
}

static long kick_wait(struct fuzz_run *run, const uint64_t *a)
{
	struct shmring_wait w = {
		.flags = (uint32_t)a[1],
		.want = a[2],
		.timeout_ns = timeout(a),
		.kick_fd = a[5] ? fuzz_fd(run, a[4]) : -1,
	};

	return struct_ioctl(run, a[0], SHMRING_IOC_KICK_WAIT, &w, sizeof(w),
			    a + 6);
}

static long kick(struct fuzz_run *run, const uint64_t *a)
{
	return do_ioctl(run, a[0], SHMRING_IOC_KICK, a[1], a[2]);
}

static long set_eventfd(struct fuzz_run *run, const uint64_t *a)
{
	struct shmring_eventfd e = { .fd = a[2] ? fuzz_fd(run, a[1]) : -1 };

	return struct_ioctl(run, a[0], SHMRING_IOC_EVENTFD, &e, sizeof(e), a + 3);
}

/* A number that may be none of ours, with no struct that fits. */
static long any_ioctl(struct fuzz_run *run, const uint64_t *a)
{
	uint64_t words[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = a[2];
	return do_ioctl(run, a[0], (unsigned int)a[1],
			(uintptr_t)fuzz_place(run, a[3], words, sizeof(words)),
			a[4]);
}

#define OPEN_FLAGS	(O_ACCMODE | O_NONBLOCK | O_CLOEXEC | O_APPEND | \
			 O_TRUNC | O_EXCL | O_NOCTTY | O_SYNC | O_DSYNC | \
			 O_ASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | \
			 O_NOFOLLOW | O_NOATIME | O_PATH)
#define OPENFLAGS \
	ONE_OF("flags", 2, O_RDWR, O_RDWR | O_NONBLOCK, O_RDONLY, O_WRONLY, \
	       O_ACCMODE, O_RDWR | O_PATH, O_RDWR | O_DIRECT, \
	       O_RDWR | O_ASYNC, O_RDWR | O_APPEND, O_RDONLY | O_DIRECTORY, \
	       O_RDWR | O_TRUNC, OPEN_FLAGS)

#define WANT	ONE_OF("want", 2, 0, 8, 1, 16, 64, 4096, 4097, 8192, 65536, \
		       0xffffffff, 1ULL << 32, -1ULL)
#define TIMEOUT	ONE_OF("timeout", 4, 0, 0, 1000, 100000, 1, 1000000, -1ULL, \
		       -2ULL, INT64_MAX, 1ULL << 63)
#define WAITFLAGS \
	ONE_OF("flags", 5, 0, 0, SHMRING_WAIT_PEER, SHMRING_WAIT_ABSTIME, \
	       SHMRING_WAIT_FLAGS, 4, ~0ULL)

/* Those of every ioctl, and of a file that is open for O_PATH. */
#define ARG_ERRNOS	EFAULT, EINVAL, E2BIG, EBADF

const struct fuzz_call fuzz_ring_calls[] = {
	{ "ctl_open", 3, ctl_open,
	  /* ENOENT: the module is being taken away. */
	  ERRNOS(ENOENT, ENXIO, ENODEV, EACCES, EINVAL, ENOTDIR, EPERM, EEXIST,
		 ENOMEM),
	  { OPENFLAGS, MAKE("out", TYPE_CTL) } },
	{ "create", 3, create,
	  ERRNOS(ARG_ERRNOS, ENAMETOOLONG, EEXIST, ENXIO, EPERM, EFBIG, ENOSPC,
		 ENOMEM, EINTR),
	  { USE("fd", TYPE_CTL), NAME,
	    ONE_OF("bytes", 4, 4096, 4096, 8192, 16384, 65536, 1 << 20, 0, 1,
		   4095, 4097, 12288, 2048, 1 << 21, 1ULL << 40, 1ULL << 63,
		   -1ULL),
	    ONE_OF("record", 4, 0, 0, 8, 64, 24, 56, 1, 7, 4096, 4097, 8192,
		   0xffffffff),
	    ONE_OF("node", 3, -1ULL, -2ULL, 0, 1, 2, -3ULL, 63, 64, 1023, 1024,
		   INT32_MAX, 0x80000000),
	    ONE_OF("mode", 3, 0, 0666, 0xffffffff, 0600, 0777, 01777, 0400),
	    ONE_OF("owner", 2, -1ULL, 1000, 0, 65534),
	    ONE_OF("high_water", 3, 0, 0, 50, 1, 100, 101, 0xffffffff),
	    ONE_OF("flags", 5, 0, 0, 0, SHMRING_CREATE_EPHEMERAL,
		   SHMRING_CREATE_ANONYMOUS, SHMRING_CREATE_STRICT,
		   SHMRING_CREATE_EPHEMERAL | SHMRING_CREATE_ANONYMOUS,
		   SHMRING_CREATE_FLAGS, 8, ~0ULL),
	    ONE_OF("sides", 2, 0, 0x101, 1, 0x100, 2, 0x200, ~0ULL),
	    SIZE(sizeof(struct shmring_create)), TAIL, AT, COMPAT,
	    MAKE("out", TYPE_RING) } },
	{ "destroy", 3, destroy,
	  ERRNOS(ARG_ERRNOS, ENAMETOOLONG, ENOENT, EPERM, EINTR),
	  { USE("fd", TYPE_CTL), NAME, ONE_OF("flags", 1, 0, 1),
	    SIZE(sizeof(struct shmring_destroy)), TAIL, AT, COMPAT } },
	{ "destroy_id", 2, destroy_id,
	  ERRNOS(ARG_ERRNOS, ENOENT, EPERM, EINTR),
	  { USE("fd", TYPE_CTL), USE("ring", TYPE_RING),
	    ONE_OF("add", 1, 0, 1, -1ULL, 1000),
	    SIZE(sizeof(struct shmring_destroy)), TAIL, AT, COMPAT } },
	{ "evict", 8, evict,
	  ERRNOS(ARG_ERRNOS, ENAMETOOLONG, ENOENT, EPERM, ENOTCONN, EINTR),
	  { USE("fd", TYPE_CTL), USE("ring", TYPE_RING),
	    ONE_OF("role", 2, 1, 2, 0, 3, ~0ULL),
	    ONE_OF("index", 2, 0, SHMRING_INDEX_ANY, 1),
	    ONE_OF("flags", 1, 0, 1),
	    ONE_OF("name", 4, FUZZ_NAMES, FUZZ_NAMES, 0, 1, 2, 3, 4, 6, 7, 12),
	    SIZE(sizeof(struct shmring_evict)), TAIL, AT, COMPAT } },
	{ "ring_open", 16, ring_open,
	  ERRNOS(ENOENT, ENXIO, ENODEV, EACCES, EINVAL, ENOTDIR, EPERM, EEXIST,
		 ENOMEM, ELOOP, EISDIR),
	  { NAME, OPENFLAGS, MAKE("out", TYPE_RING) } },
	{ "reopen", 6, reopen, NULL,
	  { USE("fd", TYPE_RING), OPENFLAGS, MAKE("out", TYPE_RING) } },
	{ "attach", 16, attach,
	  ERRNOS(ARG_ERRNOS, EISCONN, EACCES, EBUSY, ENOENT, ENOMEM, EINTR),
	  { USE("fd", TYPE_RING), ONE_OF("role", 2, 1, 2, 0, 3, ~0ULL),
	    ONE_OF("flags", 1, 0, 1),
	    ONE_OF("index", 2, 0, SHMRING_INDEX_ANY, 1),
	    SIZE(sizeof(struct shmring_attach)), TAIL, AT, COMPAT,
	    MAKE("out", TYPE_ENDPOINT) } },
	/* No endpoint of an endpoint. */
	{ "attach_again", 1, attach,
	  ERRNOS(ARG_ERRNOS, EISCONN),
	  { USE("fd", TYPE_ENDPOINT), ONE_OF("role", 2, 1, 2),
	    ONE_OF("flags", 1, 0, 1), ONE_OF("index", 1, 0, 1),
	    SIZE(sizeof(struct shmring_attach)), TAIL, AT, COMPAT,
	    MAKE("out", TYPE_ENDPOINT) } },
	{ "info", 4, info,
	  ERRNOS(ARG_ERRNOS),
	  { USE("fd", TYPE_RING), SIZE(sizeof(struct shmring_info)), TAIL, AT,
	    COMPAT } },
	{ "info_endpoint", 4, info,
	  ERRNOS(ARG_ERRNOS),
	  { USE("fd", TYPE_ENDPOINT), SIZE(sizeof(struct shmring_info)), TAIL,
	    AT, COMPAT } },
	{ "wait", 24, wait_ioctl,
	  ERRNOS(ARG_ERRNOS, ENOTCONN, EBADMSG, EAGAIN, ETIMEDOUT, EINTR),
	  { USE("fd", TYPE_ENDPOINT), WAITFLAGS, WANT, TIMEOUT,
	    ONE_OF("kick_fd", 1, 0, 1, -1ULL),
	    SIZE(sizeof(struct shmring_wait)), TAIL, AT, COMPAT } },
	{ "kick_wait", 20, kick_wait,
	  ERRNOS(ARG_ERRNOS, ENOTCONN, EBADMSG, EAGAIN, ETIMEDOUT, EINTR),
	  { USE("fd", TYPE_ENDPOINT), WAITFLAGS, WANT, TIMEOUT,
	    USE("kick", TYPE_ENDPOINT), ONE_OF("has_kick", 3, 1, 1, 0),
	    SIZE(sizeof(struct shmring_wait)), TAIL, AT, COMPAT } },
	{ "kick", 14, kick,
	  ERRNOS(ENOTCONN, EBADF),
	  { USE("fd", TYPE_ENDPOINT), ONE_OF("arg", 1, 0, 1), COMPAT } },
	{ "set_eventfd", 14, set_eventfd,
	  ERRNOS(ARG_ERRNOS, ENOTCONN, EBUSY, ENOENT),
	  { USE("fd", TYPE_ENDPOINT), USE("eventfd", TYPE_EVENTFD),
	    ONE_OF("has_eventfd", 4, 1, 1, 1, 0),
	    SIZE(sizeof(struct shmring_eventfd)), TAIL, AT, COMPAT } },
	{ "any_ioctl", 6, any_ioctl, NULL,
	  { USE("fd", TYPE_RING),
	    ONE_OF("cmd", 17, SHMRING_IOC_CREATE, SHMRING_IOC_DESTROY,
		   SHMRING_IOC_EVICT, SHMRING_IOC_ATTACH, SHMRING_IOC_INFO, SHMRING_IOC_WAIT,
		   SHMRING_IOC_KICK, SHMRING_IOC_KICK_WAIT,
		   SHMRING_IOC_EVENTFD, SHMRING_IOC_EVENTFD + 1,
		   SHMRING_IOC_EVICT + 1, FIONREAD, FIONBIO, FIOCLEX,
		   FIOASYNC, 0, ~0ULL),
	    ONE_OF("word", 7, 0, 1, 16, 32, 48, 0x0000000100000008, 0x2800000028,
		   ~0ULL),
	    AT, COMPAT } },
	{ 0 },
};
