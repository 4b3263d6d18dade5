// SPDX-License-Identifier: MIT
/* What is so before the workers begin, and what they must not leave. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/shmring.h>

#include "run.h"
#include "watch.h"

/* A reference that is on its way, by a work or RCU, gets this long. */
#define PATIENCE_MS	5000

static int fail(const char *what, long err)
{
	printf("# %s: %s\n", what, strerror((int)err));
	return false;
}

/* An oops kills its process alone: somebody has to live to tell. */
static void outlive_oops(void)
{
	int fd = open("/proc/sys/kernel/panic_on_oops", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "0", 1) != 1)
		printf("# an oops will end all, and leave no log\n");
	close(fd);
}

/* Rings to begin with, so that most programs find one. */
static void make_rings(void)
{
	static const uint32_t record_size[] = { 0, 64, 0, 8, 0 };
	int ctl = open(SHMRING_CTL_PATH, O_RDWR | O_CLOEXEC);
	struct shmring_create c = {
		.size = sizeof(c),
		.ring_bytes = 8192,
		.node = SHMRING_NODE_ANY,
		.uid = SHMRING_ID_CREATOR,
		.gid = SHMRING_ID_CREATOR,
		.mode = 0666,
	};
	uint64_t i;
	int ring;

	for (i = 0; ctl >= 0 && i < ARRAY_SIZE(record_size); i++) {
		memset(c.name, 0, sizeof(c.name));
		strncpy(c.name, fuzz_name(i), sizeof(c.name) - 1);
		c.record_size = record_size[i];
		ring = ioctl(ctl, SHMRING_IOC_CREATE, &c);
		if (ring >= 0)
			close(ring);
	}
	if (ctl >= 0)
		close(ctl);
}

bool fuzz_begin(struct fuzz_shared *shared)
{
	long err;

	outlive_oops();
	err = -fuzz_module_unload();
	if (err && err != ENOENT)
		return fail("the module cannot be unloaded to be loaded with small limits", err);
	err = -fuzz_module_load(shared, FUZZ_LIMITS);
	if (err)
		return fail("the module cannot be loaded", err);
	make_rings();
	return true;
}

static void drop_posted(struct fuzz_shared *shared)
{
	uint64_t type;
	int fd;

	while ((fd = fuzz_receive_fd(shared->post[1], &type)) >= 0 ||
	       errno == ENODATA)
		if (fd >= 0)
			close(fd);
}

static void destroy_rings(void)
{
	struct shmring_destroy d = { .size = sizeof(d) };
	int ctl = open(SHMRING_CTL_PATH, O_RDWR | O_CLOEXEC);
	uint64_t i;

	for (i = 0; ctl >= 0 && i < FUZZ_NAMES; i++) {
		memset(d.name, 0, sizeof(d.name));
		strncpy(d.name, fuzz_name(i), sizeof(d.name) - 1);
		ioctl(ctl, SHMRING_IOC_DESTROY, &d);
	}
	if (ctl >= 0)
		close(ctl);
}

/* Entries of the folder @path, or lines of the file. */
static unsigned int entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	unsigned int n = 0;

	while (dir && (d = readdir(dir)))
		n += d->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

static unsigned int lines(const char *path)
{
	FILE *f = fopen(path, "re");
	unsigned int n = 0;
	int c;

	while (f && (c = getc(f)) != EOF)
		n += c == '\n';
	if (f)
		fclose(f);
	return n;
}

static long references(void)
{
	FILE *f = fopen("/sys/module/shmring/refcnt", "re");
	long n = -1;

	if (f && fscanf(f, "%ld", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

static bool is(const char *what, long found, long wanted)
{
	if (found != wanted)
		printf("# %s: %ld, not %ld\n", what, found, wanted);
	return found == wanted;
}

static void stop_tracing(void)
{
	int fd = open("/sys/kernel/tracing/events/shmring/enable",
		      O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "0", 1) != 1)
		printf("# the tracepoints stay on\n");
	close(fd);
}

bool fuzz_finish(struct fuzz_shared *shared)
{
	const struct timespec nap = { .tv_nsec = 10000000 };
	bool ok = true;
	long err;
	int i;

	stop_tracing();
	drop_posted(shared);
	destroy_rings();
	for (i = 0; references() > 0 && i < PATIENCE_MS / 10; i++)
		nanosleep(&nap, NULL);
	ok &= is("references to the module", references(), 0);
	ok &= is("rings in sysfs", entries("/sys/class/shmring"), 0);
	ok &= is("lines of /proc/shmring", lines("/proc/shmring"), 1);
	ok &= is("nodes in /dev/shmring", entries("/dev/shmring"), 1);
	err = -fuzz_module_unload();
	if (err)
		return fail("the module cannot be unloaded", err);
	err = -fuzz_module_load(shared, "");
	return (!err || fail("the module cannot be loaded again", err)) && ok;
}
