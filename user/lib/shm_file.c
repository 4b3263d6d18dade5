// SPDX-License-Identifier: MIT
/* The memory behind shm: and memfd:, made and checked. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shm.h"

#define BITS_PER_LONG	(8 * sizeof(unsigned long))
#define MAX_NODES	1024
#define PIECE		(1 << 20)	/* bytes allocated at once */

static bool power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

static void set_geometry(struct shmring_geometry *g, uint64_t ring_bytes,
			 uint32_t record_size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	*g = (struct shmring_geometry) {
		.ring_bytes = ring_bytes,
		.record_size = record_size,
		.lanes = 1,
		.page_size = page,
		.info_bytes = page,
		.cursor_bytes = page,
		.info = 0,
		.producer = (off_t)page,
		.consumer = (off_t)(2 * page),
		.data = (off_t)(3 * page),
	};
}

static off_t file_size(const struct shmring_geometry *g)
{
	return g->data + (off_t)g->ring_bytes;
}

/* A size that can be, so that nothing computed from it overflows. */
static bool valid(const struct shmring_geometry *g)
{
	return power_of_two(g->ring_bytes) && g->ring_bytes >= g->page_size &&
	       g->ring_bytes <= SIZE_MAX / 4 && g->record_size <= g->ring_bytes;
}

static int32_t node_of(const struct shmring_opts *o)
{
	unsigned int node = 0;

	if (o->node != SHMRING_NODE_LOCAL)
		return o->node;
	syscall(SYS_getcpu, NULL, &node, NULL);
	return (int32_t)node;
}

/* Where the kernel puts a page of a CPU whose own node has no memory, or -1. */
static int32_t nearest_node(size_t page)
{
	int node = -1;
	void *p = mmap(NULL, page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -1;
	if (!syscall(SYS_mbind, p, page, MPOL_LOCAL, NULL, 0, 0)) {
		*(volatile char *)p = 0;
		syscall(SYS_get_mempolicy, &node, NULL, 0, p,
			MPOL_F_NODE | MPOL_F_ADDR);
	}
	munmap(p, page);
	return node;
}

/* The policy belongs to the file's pages, whoever touches them first. */
static int bind_to(void *p, size_t len, int32_t node, bool strict)
{
	unsigned long mask[MAX_NODES / BITS_PER_LONG] = { 0 };

	if (node >= MAX_NODES)
		return -ENXIO;
	mask[(size_t)node / BITS_PER_LONG] = 1UL << (size_t)node % BITS_PER_LONG;
	if (!syscall(SYS_mbind, p, len, strict ? MPOL_BIND : MPOL_PREFERRED,
		     mask, MAX_NODES + 1, 0))
		return 0;
	if (errno == ENOSYS && node == 0)
		return 0;
	return errno == EINVAL ? -ENXIO : -errno;
}

/* The kernel's word for it, page by page. */
static int check_placement(unsigned char *p, size_t len, size_t page,
			   int32_t node)
{
	int status, err = 0;
	size_t at;

	if (madvise(p, len, MADV_POPULATE_WRITE))
		return -errno;
	for (at = 0; at < len && !err; at += page) {
		void *addr = p + at;

		if (syscall(SYS_move_pages, 0, 1UL, &addr, NULL, &status, 0))
			err = errno == ENOSYS ? 0 : -errno;
		else if (status != node)
			err = -ENOMEM;
	}
	return err;
}

/*
 * In pieces: a signal interrupts an allocation, and the kernel then takes back
 * all of it. Signals of the program wait for the end of a piece; one that cannot
 * be blocked costs no more than that.
 */
static int fallocate_all(int fd, off_t size)
{
	sigset_t all, old;
	off_t at, len;
	int err = 0;

	sigfillset(&all);
	for (at = 0; at < size && !err; at += len) {
		len = size - at < PIECE ? size - at : PIECE;
		pthread_sigmask(SIG_SETMASK, &all, &old);
		do {
			err = posix_fallocate(fd, at, len);
		} while (err == EINTR);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	return -err;
}

/* Refused at once, and not when pieces of it have taken all that there was. */
static bool has_space(int fd, off_t size)
{
	struct statvfs fs;

	/* A memfd is on a file system without a limit. */
	return fstatvfs(fd, &fs) || !fs.f_blocks ||
	       (uint64_t)size / fs.f_frsize < fs.f_bavail;
}

/* A file that grows beyond the limit is a signal, by default a deadly one. */
static bool within_limit(off_t size)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) ||
	       limit.rlim_cur == RLIM_INFINITY ||
	       (uint64_t)size <= limit.rlim_cur;
}

/*
 * Put all the memory there before anybody maps it: who uses the ring gets no
 * SIGBUS for want of it. Returns the info page, or NULL and errno.
 */
static struct shmring_info_page *allocate(int fd, const struct shmring_opts *o,
					  const struct shmring_geometry *g)
{
	size_t len = (size_t)file_size(g);
	bool strict = o->flags & SHMRING_OPEN_STRICT;
	int32_t node = node_of(o);
	unsigned char *p;
	int err = 0;

	if (!within_limit(file_size(g)) || !has_space(fd, file_size(g))) {
		errno = within_limit(file_size(g)) ? ENOSPC : EFBIG;
		return NULL;
	}
	if (ftruncate(fd, file_size(g)))
		return NULL;
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (node >= 0)
		err = bind_to(p, len, node, strict);
	if (err == -ENXIO && o->node == SHMRING_NODE_LOCAL) {
		node = nearest_node(g->page_size);
		err = node < 0 ? err : bind_to(p, len, node, strict);
	}
	if (!err)
		err = fallocate_all(fd, file_size(g));
	if (!err && strict)
		err = check_placement(p, len, g->page_size, node);
	if (!err) {
		munmap(p + g->page_size, len - g->page_size);
		return (struct shmring_info_page *)p;
	}
	munmap(p, len);
	errno = -err;
	return NULL;
}

static const char *why_not_allocated(int err)
{
	switch (err) {
	case EFBIG:
		return "larger than files of this process may be: see ulimit -f";
	case ENXIO:
		return "no such NUMA node with memory: see numactl -H";
	case ENOMEM:
		return "not enough memory, or not on that NUMA node";
	case ENOSPC:
		return "no space: see df /dev/shm, and remove rings that nobody uses";
	default:
		return strerror(err);
	}
}

int shm_file_create(int fd, const char *what, const struct shmring_opts *o,
		    struct shmring_geometry *g)
{
	struct shmring_info_page *info;
	int err;

	set_geometry(g, o->ring_bytes ? o->ring_bytes : SHMRING_RING_BYTES,
		     o->record_size);
	err = shmring_check_size(what, g->ring_bytes, g->record_size);
	if (err)
		return err;
	if (!valid(g))
		return shmring_fail(EINVAL, "%s: a ring of %llu bytes does not fit the address space",
				    what, (unsigned long long)g->ring_bytes);
	if (o->high_water || o->uid != SHMRING_ID_CREATOR ||
	    o->gid != SHMRING_ID_CREATOR)
		return shmring_fail(EOPNOTSUPP, "%s: a high-water mark and another owner take the module: use dev:NAME",
				    what);
	if (o->max_producers > 1)
		return shmring_fail(EOPNOTSUPP, "%s: several producers take the module: use dev:NAME",
				    what);
	if (o->max_consumers > 1)
		return shmring_fail(EINVAL, "%s: a ring has one consumer", what);
	if (o->node < SHMRING_NODE_LOCAL ||
	    (o->flags & SHMRING_OPEN_STRICT && o->node == SHMRING_NODE_ANY))
		return shmring_fail(EINVAL, "%s: %s", what,
				    o->node < SHMRING_NODE_LOCAL ?
				    "a node is a number from 0 on" :
				    "strict takes a node: its number, or the local one");
	info = allocate(fd, o, g);
	if (!info)
		return shmring_fail(errno, "%s: cannot make a ring of %llu bytes: %s",
				    what, (unsigned long long)g->ring_bytes,
				    why_not_allocated(errno));
	info->magic = SHMRING_MAGIC;
	info->version = SHMRING_VERSION;
	info->record_size = g->record_size;
	info->ring_bytes = g->ring_bytes;
	info->node = o->node;
	info->features = SHMRING_FEATURES;
	info->max_producers = 1;
	info->max_consumers = 1;
	if (o->flags & SHMRING_OPEN_EPHEMERAL)
		info->flags |= SHMRING_CREATE_EPHEMERAL;
	if (o->flags & SHMRING_OPEN_STRICT)
		info->flags |= SHMRING_CREATE_STRICT;
	munmap(info, g->page_size);
	return 0;
}

/* What the file says is believed only where its size bears it out. */
int shm_file_check(int fd, const char *what, struct shmring_geometry *g,
		   uint32_t *flags)
{
	struct shmring_info_page info;
	struct stat st;
	int err;

	if (fstat(fd, &st) || pread(fd, &info, sizeof(info), 0) != sizeof(info) ||
	    info.magic != SHMRING_MAGIC)
		return shmring_fail(EPROTO, "%s: not a ring", what);
	err = shmring_check_layout(what, info.version, info.features);
	if (err)
		return err;
	set_geometry(g, info.ring_bytes, info.record_size);
	if (!valid(g) || st.st_size != file_size(g))
		return shmring_fail(EPROTO, "%s: the ring is damaged: it says %llu bytes of data and records of %u in a file of %lld",
				    what, (unsigned long long)g->ring_bytes,
				    g->record_size, (long long)st.st_size);
	*flags = info.flags;
	return 0;
}
