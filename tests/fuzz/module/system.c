// SPDX-License-Identifier: MIT
/* What the module shows in sysfs and procfs, and the module itself. */
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "shared.h"
#include "values.h"

#define NSEC_PER_SEC	1000000000L

static const char *const attrs[] = {
	"high_water", "uevent", "id", "size", "record_size", "flags", "node",
	"numa_pages", "created", "head", "tail", "used", "producer", "consumer",
	"producer_pid", "consumer_pid", "waits", "wakeups", "kicks",
	"eventfd_signals", "peer_deaths", "stalls_full", "stalls_empty", "dev",
};

static const char *const texts[] = {
	"0", "1\n", "50", "100", "101", "-1", "0x64", "4294967296", "", "\n",
	"add", "remove", "change", "x", "99999999999999999999", " 5",
};

/* Limits that leave the guest its memory; see bounded() in ring.c. */
static const struct {
	const char *name;
	const char *value;
} params[] = {
	{ "max_rings", "64" },
	{ "max_rings", "64" },
	{ "max_rings", "2" },
	{ "max_rings", "0" },
	{ "max_rings", "-1" },
	{ "max_ring_bytes", "1048576" },
	{ "max_ring_bytes", "18446744073709551615" },
	{ "max_ring_bytes", "4096" },
	{ "max_total_bytes", "16777216" },
	{ "max_total_bytes", "18446744073709551615" },
	{ "max_total_bytes", "0" },
	{ "level_ms", "1" },
	{ "level_ms", "0" },
	{ "level_ms", "4294967295" },
	{ "level_ms", "10" },
};

static int open_attr(uint64_t name, uint64_t attr, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/shmring/%.32s/%s",
		 fuzz_name(name), attrs[attr % ARRAY_SIZE(attrs)]);
	return open(path, flags | O_CLOEXEC);
}

static long sysfs_open(struct fuzz_run *run, const uint64_t *a)
{
	return fuzz_keep(run, a[3], TYPE_FILE,
			 open_attr(a[0], a[1], (int)a[2] & O_ACCMODE));
}

static long sysfs_read(struct fuzz_run *run, const uint64_t *a)
{
	char bytes[256];
	int fd = open_attr(a[0], a[1], O_RDONLY);
	long ret;

	(void)run;
	if (fd < 0)
		return -errno;
	ret = fuzz_ret(read(fd, bytes, sizeof(bytes)));
	close(fd);
	return ret;
}

static long write_text(int fd, const char *text)
{
	long ret;

	if (fd < 0)
		return -errno;
	ret = fuzz_ret(write(fd, text, strlen(text)));
	close(fd);
	return ret;
}

static long sysfs_write(struct fuzz_run *run, const uint64_t *a)
{
	(void)run;
	return write_text(open_attr(a[0], a[1], O_WRONLY),
			  texts[a[2] % ARRAY_SIZE(texts)]);
}

/* To one that is held open, maybe longer than its ring has the name. */
static long write_file(struct fuzz_run *run, const uint64_t *a)
{
	const char *text = texts[a[1] % ARRAY_SIZE(texts)];

	return fuzz_ret(pwrite(fuzz_fd(run, a[0]), text, strlen(text), 0));
}

static long param(struct fuzz_run *run, const uint64_t *a)
{
	size_t i = a[0] % ARRAY_SIZE(params);
	char path[64];

	(void)run;
	snprintf(path, sizeof(path), "/sys/module/shmring/parameters/%s",
		 params[i].name);
	return write_text(open(path, O_WRONLY | O_CLOEXEC), params[i].value);
}

/* The tracepoints: on, off, and what they said. */
static long trace(struct fuzz_run *run, const uint64_t *a)
{
	static const char enable[] = "/sys/kernel/tracing/events/shmring/enable";
	char bytes[4096];
	long ret;
	int fd;

	(void)run;
	if (a[0] < 2)
		return write_text(open(enable, O_WRONLY | O_CLOEXEC),
				  a[0] ? "1" : "0");
	fd = open("/sys/kernel/tracing/trace",
		  (a[0] == 2 ? O_RDONLY : O_WRONLY | O_TRUNC) | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = a[0] == 2 ? fuzz_ret(read(fd, bytes, sizeof(bytes))) : 0;
	close(fd);
	return ret;
}

static long procfs_open(struct fuzz_run *run, const uint64_t *a)
{
	return fuzz_keep(run, a[1], TYPE_FILE,
			 open("/proc/shmring", (int)a[0] & O_ACCMODE));
}

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

/*
 * Take the module away, under all the others, and bring it back. That takes
 * long, so it happens in a thirtieth of the time at most.
 */
static long reload(struct fuzz_run *run, const uint64_t *a)
{
	struct fuzz_shared *shared = run->shared;
	long start = now(), after, ret;

	after = atomic_load(&shared->reload_after);
	if (shared->module_fd < 0 || start < after ||
	    !atomic_compare_exchange_strong(&shared->reload_after, &after,
					    start + NSEC_PER_SEC))
		return -EAGAIN;
	fuzz_module_unload();
	if (a[0])
		usleep((useconds_t)(a[0] & 0xfff));
	/* What follows is traced in the module's new place. */
	if (!run->is_child)
		fuzz_cover_start(run->cover, shared);
	ret = fuzz_module_load(shared, FUZZ_LIMITS);
	if (!ret && !run->is_child)
		run->cover->loads = atomic_load(&shared->loads);
	atomic_store(&shared->reload_after, now() + 29 * (now() - start));
	return ret;
}

#define ATTR	ONE_OF("attr", 24, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, \
		       13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23)
#define TEXT	ONE_OF("text", 16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, \
		       14, 15)

const struct fuzz_call fuzz_system_calls[] = {
	{ "sysfs_open", 5, sysfs_open,
	  ERRNOS(ENOENT, EACCES, ENODEV, ENOMEM),
	  { NAME, ATTR, ONE_OF("flags", 2, O_RDONLY, O_RDWR, O_WRONLY),
	    MAKE("out", TYPE_FILE) } },
	{ "sysfs_read", 8, sysfs_read,
	  /* ENODEV: the ring is going. */
	  ERRNOS(ENOENT, EACCES, ENODEV, ENOMEM),
	  { NAME, ATTR } },
	{ "sysfs_write", 6, sysfs_write,
	  /* EIO: the attribute cannot be written. */
	  ERRNOS(ENOENT, EACCES, ENODEV, EINVAL, ERANGE, EIO, ENOMEM),
	  { NAME, ATTR, TEXT } },
	{ "write_file", 4, write_file, NULL,
	  { USE("fd", TYPE_FILE), TEXT } },
	{ "param", 3, param, NULL,
	  { ONE_OF("which", 4, 0, 5, 8, 14, 1, 2, 3, 4, 6, 7, 9, 10, 11, 12, 13) } },
	{ "procfs_open", 5, procfs_open,
	  ERRNOS(ENOENT, EACCES, ENOMEM),
	  { ONE_OF("flags", 1, O_RDONLY, O_RDWR),
	    MAKE("out", TYPE_FILE) } },
	{ "trace", 2, trace, NULL,
	  { ONLY("what", 0, 0, 1, 2, 3) } },
	{ "reload", 1, reload,
	  /* EPERM: by one who became somebody else. */
	  ERRNOS(EAGAIN, EEXIST, EBUSY, EINTR, ENOMEM, EPERM),
	  { ONE_OF("us", 3, 0, 0, 100, 1000) } },
	{ 0 },
};
