// SPDX-License-Identifier: MIT
/*
 * Mappings of a ring, and what is done to memory in them. The table of rights
 * in <linux/shmring.h> is held against what succeeds.
 */
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/shmring.h>

#include "calls.h"
#include "shared.h"
#include "values.h"

#define PAGE		4096ULL
#define CTL_WORDS	11

/*
 * struct fuzz_region - a part of a ring that one maps
 * @role, @index: who may write it; SHMRING_ROLE_NONE: nobody
 * @left: pages of it, from the one on that was looked up
 */
struct fuzz_region {
	uint32_t role;
	uint64_t index;
	uint64_t left;
};

static size_t bounded_len(uint64_t pages)
{
	return pages < FUZZ_MAP_BYTES / PAGE ? pages * PAGE : FUZZ_MAP_BYTES;
}

/* The part that page @page is in, of those that are alike and follow each other. */
static bool is_in(uint64_t page, uint64_t offset, uint64_t stride, uint64_t bytes,
		  uint32_t count, struct fuzz_region *region)
{
	uint64_t at = page - offset / PAGE;

	region->index = at / (stride / PAGE);
	region->left = region->index * stride / PAGE + bytes / PAGE - at;
	return page >= offset / PAGE && region->index < count &&
	       at - region->index * stride / PAGE < bytes / PAGE;
}

/* The table in <linux/shmring.h>, where INFO says that its parts are. */
static bool find_region(const struct shmring_info *i, uint64_t page,
			struct fuzz_region *region)
{
	uint64_t info_bytes = i->producer_offset - i->info_offset;

	region->role = SHMRING_ROLE_NONE;
	if (is_in(page, i->info_offset, info_bytes, info_bytes, 1, region))
		return true;
	region->role = SHMRING_ROLE_CONSUMER;
	if (is_in(page, i->consumer_offset, i->consumer_stride,
		  i->consumer_stride, 1, region))
		return true;
	region->role = SHMRING_ROLE_PRODUCER;
	return is_in(page, i->producer_offset, i->producer_stride, i->page_size,
		     i->max_producers, region) ||
	       is_in(page, i->data_offset, i->data_stride, i->data_bytes,
		     i->max_producers, region);
}

static bool may_write(const struct shmring_info *i, const struct fuzz_region *region)
{
	return region->role == i->role && region->index == i->index;
}

static bool may_read(const struct shmring_info *i, const struct fuzz_region *region)
{
	return region->role != i->role || region->index == i->index;
}

static struct shmring_info info_of(int fd)
{
	struct shmring_info info = { .size = sizeof(info) };

	if (ioctl(fd, SHMRING_IOC_INFO, &info))
		info.role = SHMRING_ROLE_NONE;
	return info;
}

/*
 * A mapping was made: is it one that may be, and what may be done to it? @had is
 * what the descriptor was before; by now it may be evicted.
 */
static void check_mapping(struct fuzz_run *run, int fd, struct fuzz_slot *map,
			  uint64_t prot, const struct shmring_info *had)
{
	struct shmring_info info = info_of(fd);
	uint64_t pages = map->len / PAGE;
	struct fuzz_region region;

	if (run->raced || !info.id)
		return;
	if (had->role != SHMRING_ROLE_NONE) {
		info.role = had->role;
		info.index = had->index;
	}
	if (!find_region(&info, map->page, &region) || pages > region.left) {
		fuzz_broken(run->shared, "mmap: %llu pages from %llu on, of a ring of %u times %llu bytes",
			    (unsigned long long)pages,
			    (unsigned long long)map->page, info.max_producers,
			    (unsigned long long)info.ring_bytes);
		return;
	}
	if (info.role == SHMRING_ROLE_NONE)
		fuzz_broken(run->shared, "mmap: of a ring, without ATTACH");
	if (prot & PROT_EXEC)
		fuzz_broken(run->shared, "mmap: PROT_EXEC");
	if (!may_read(&info, &region))
		fuzz_broken(run->shared, "mmap: role %u of lane %u can read page %llu",
			    info.role, info.index,
			    (unsigned long long)map->page);
	if (map->shared && prot & PROT_WRITE && !may_write(&info, &region))
		fuzz_broken(run->shared, "mmap: role %u can write page %llu",
			    info.role, (unsigned long long)map->page);
	map->fenced = map->shared && !may_write(&info, &region);
	map->owned = map->shared && may_write(&info, &region);
}

/* Nobody judges any more what is there. */
static void forget(struct fuzz_run *run, uint64_t slot)
{
	fuzz_slot(run, slot)->fenced = false;
	fuzz_slot(run, slot)->owned = false;
}

/* Where a mapping was not inherited there is a hole, which this fills. */
void fuzz_check_child(struct fuzz_run *run)
{
	unsigned int i;

	for (i = 0; i < FUZZ_SLOTS && !run->raced; i++)
		if (run->slot[i].owned && run->slot[i].len &&
		    mmap(fuzz_map_at(run, i), run->slot[i].len, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
			 MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED &&
		    errno == EEXIST)
			fuzz_broken(run->shared, "fork: the child has page %llu for writing",
				    (unsigned long long)run->slot[i].page);
}

static bool is_shared(uint64_t flags)
{
	uint64_t type = flags & MAP_TYPE;

	return type == MAP_SHARED || type == MAP_SHARED_VALIDATE;
}

static long do_mmap(struct fuzz_run *run, const uint64_t *a)
{
	/* The flags that say where are ours. */
	int flags = (int)a[2] & (MAP_TYPE | MAP_POPULATE | MAP_LOCKED |
				 MAP_NORESERVE | MAP_NONBLOCK);
	struct fuzz_slot map = {
		.fd = -1,
		.type = TYPE_MAP,
		.len = bounded_len(a[4]),
		.page = a[3] & (UINT64_MAX / PAGE),
		.shared = is_shared(a[2]),
	};
	enum fuzz_type of = fuzz_slot(run, a[0])->type;
	int fd = fuzz_fd(run, a[0]);
	struct shmring_info had = info_of(fd);

	/* What was there may be gone when it fails, too. */
	forget(run, a[5]);
	run->mapped = true;
	if (mmap(fuzz_map_at(run, a[5]), map.len, (int)a[1], flags | MAP_FIXED,
		 fd, (off_t)(map.page * PAGE)) == MAP_FAILED)
		return -errno;
	if (of == TYPE_RING || of == TYPE_ENDPOINT)
		check_mapping(run, fd, &map, a[1], &had);
	*fuzz_slot(run, a[5]) = map;
	return 0;
}

/* A part of the mapping: all of it for 0 and ~0. */
static unsigned char *part(struct fuzz_run *run, const uint64_t *a, size_t *len)
{
	struct fuzz_slot *map = fuzz_slot(run, a[0]);
	size_t first = bounded_len(a[1]);

	*len = 0;
	if (map->type != TYPE_MAP || first >= map->len)
		return NULL;
	*len = bounded_len(a[2]);
	if (*len > map->len - first)
		*len = map->len - first;
	return fuzz_map_at(run, a[0]) + first;
}

/* With a hole, or moved, there may be something else: not for us to judge. */
static long do_munmap(struct fuzz_run *run, const uint64_t *a)
{
	size_t len;
	unsigned char *at = part(run, a, &len);

	forget(run, a[0]);
	return at ? fuzz_ret(munmap(at, len)) : -ENOENT;
}

static long do_mprotect(struct fuzz_run *run, const uint64_t *a)
{
	struct fuzz_slot *map = fuzz_slot(run, a[0]);
	size_t len;
	unsigned char *at = part(run, a, &len);

	if (!at)
		return -ENOENT;
	if (mprotect(at, len, (int)a[3]))
		return -errno;
	if (map->fenced && len && a[3] & (PROT_WRITE | PROT_EXEC) && !run->raced)
		fuzz_broken(run->shared, "mprotect: page %llu got rights %#llx",
			    (unsigned long long)map->page,
			    (unsigned long long)a[3]);
	return 0;
}

static long do_mremap(struct fuzz_run *run, const uint64_t *a)
{
	struct fuzz_slot map = *fuzz_slot(run, a[0]);
	size_t len = bounded_len(a[3]), old;
	unsigned char *at = part(run, a, &old);
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED |
		    (a[4] ? MREMAP_DONTUNMAP : 0);

	if (!at || (a[0] - a[5]) % FUZZ_SLOTS == 0)
		return -ENOENT;
	forget(run, a[0]);
	forget(run, a[5]);
	if (mremap(at, old, len, flags, fuzz_map_at(run, a[5])) == MAP_FAILED)
		return -errno;
	if (len > old && map.fenced && !run->raced)
		fuzz_broken(run->shared, "mremap: %zu bytes grew to %zu", old,
			    len);
	map.page += bounded_len(a[1]) / PAGE;
	map.len = len;
	*fuzz_slot(run, a[5]) = map;
	return 0;
}

static long do_madvise(struct fuzz_run *run, const uint64_t *a)
{
	size_t len;
	unsigned char *at = part(run, a, &len);

	return at ? fuzz_ret(madvise(at, len, (int)a[3])) : -ENOENT;
}

static long do_mlock(struct fuzz_run *run, const uint64_t *a)
{
	size_t len;
	unsigned char *at = part(run, a, &len);

	if (!at)
		return -ENOENT;
	switch (a[3]) {
	case 0:
		return fuzz_ret(mlock(at, len));
	case 1:
		return fuzz_ret(munlock(at, len));
	case 2:
		return fuzz_ret(msync(at, len, MS_SYNC));
	default:
		return fuzz_ret(mlock2(at, len, MLOCK_ONFAULT));
	}
}

/* The pages are where they were asked for: nobody may move them. */
static long bind(struct fuzz_run *run, const uint64_t *a)
{
	unsigned long nodes = a[3];
	size_t len;
	unsigned char *at = part(run, a, &len);

	if (!at)
		return -ENOENT;
	return fuzz_ret(syscall(SYS_mbind, at, len, MPOL_BIND, &nodes, 64,
				MPOL_MF_MOVE));
}

/* The words of a control page that mean something, and one that does not. */
static size_t word_at(uint64_t word)
{
	static const size_t words[CTL_WORDS] = {
		offsetof(struct shmring_ctl_page, cursor[0].pos),
		offsetof(struct shmring_ctl_page, want),
		offsetof(struct shmring_ctl_page, stalls),
		offsetof(struct shmring_ctl_page, messages),
		0, 8, 1024,
		offsetof(struct shmring_ctl_page, poll_flags),
		offsetof(struct shmring_ctl_page, poll_epoch),
		offsetof(struct shmring_ctl_page, cursor[0].generation),
		offsetof(struct shmring_ctl_page, life),
	};

	return word < ARRAY_SIZE(words) ? words[word] : word * 8;
}

static void check_store(struct fuzz_run *run, const struct fuzz_slot *map)
{
	if (map->fenced && !run->raced)
		fuzz_broken(run->shared, "a store into page %llu went through",
			    (unsigned long long)map->page);
}

static long poke(struct fuzz_run *run, const uint64_t *a)
{
	struct fuzz_slot *map = fuzz_slot(run, a[0]);
	size_t at = word_at(a[1]);
	unsigned char *to = fuzz_map_at(run, a[0]);
	uint64_t value = a[2], old;

	if (map->type != TYPE_MAP || map->len < sizeof(old) ||
	    at > map->len - sizeof(old))
		return -ENOENT;
	if (a[3] && fuzz_copy(&old, to + at, sizeof(old)))
		value += old;
	if (!fuzz_copy(to + at, &value, sizeof(value)))
		return -EFAULT;
	check_store(run, map);
	return 0;
}

/* Many words at once, which others look at meanwhile. */
static long storm(struct fuzz_run *run, const uint64_t *a)
{
	uint64_t rnd = a[1], i, arg[4] = { a[0] };

	for (i = 0; i < a[2]; i++) {
		arg[1] = fuzz_random(&rnd) % CTL_WORDS;
		arg[2] = fuzz_random(&rnd) >> fuzz_random(&rnd) % 64;
		arg[3] = fuzz_random(&rnd) % 2;
		poke(run, arg);
	}
	return 0;
}

static long peek(struct fuzz_run *run, const uint64_t *a)
{
	struct fuzz_slot *map = fuzz_slot(run, a[0]);
	uint64_t at = a[1] * 8, value;

	if (map->type != TYPE_MAP || at >= map->len)
		return -ENOENT;
	return fuzz_copy(&value, fuzz_map_at(run, a[0]) + at, sizeof(value)) ?
	       0 : -EFAULT;
}

/* As a debugger writes, whatever the page's rights are. */
static long poke_forced(struct fuzz_run *run, const uint64_t *a)
{
	struct fuzz_slot *map = fuzz_slot(run, a[0]);
	uint64_t value = a[1];
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	long ret;

	if (mem < 0)
		return -errno;
	ret = fuzz_ret(pwrite(mem, &value, sizeof(value),
			      (off_t)(uintptr_t)fuzz_map_at(run, a[0])));
	close(mem);
	if (ret > 0)
		check_store(run, map);
	return ret;
}

/* The pages get references that outlive the mapping. */
static long to_pipe(struct fuzz_run *run, const uint64_t *a)
{
	struct iovec v;

	v.iov_base = part(run, a, &v.iov_len);
	if (!v.iov_base)
		return -ENOENT;
	return fuzz_ret(vmsplice(fuzz_fd(run, a[3]), &v, 1, SPLICE_F_NONBLOCK));
}

#define PAGES	ONE_OF("pages", 3, 1, 1, 2, 4, 8, 0, 3, 5, 32, 35, 512, 1024)
#define FIRST	ONE_OF("first", 1, 0, 1, 2)
#define PROT(...)	ONE_OF("prot", 3, __VA_ARGS__)
#define RW	(PROT_READ | PROT_WRITE)

const struct fuzz_call fuzz_map_calls[] = {
	{ "mmap", 24, do_mmap,
	  ERRNOS(ENOTCONN, EINVAL, EACCES, EAGAIN, EOVERFLOW, EOPNOTSUPP, EBADF,
		 ENOMEM, EPERM),
	  { USE("fd", TYPE_ENDPOINT),
	    PROT(PROT_READ, RW, RW, PROT_WRITE, PROT_NONE,
		 PROT_READ | PROT_EXEC, RW | PROT_EXEC),
	    ONE_OF("flags", 1, MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE,
		   MAP_SHARED | MAP_POPULATE, MAP_SHARED | MAP_LOCKED),
	    ONE_OF("page", 4, 1, 2, 3, 0, 4, 5, 6, 7, 18, 35, 515,
		   UINT64_MAX / PAGE),
	    PAGES, MAKE("out", TYPE_MAP) } },
	{ "munmap", 5, do_munmap, NULL,
	  { USE("map", TYPE_MAP), FIRST, PAGES } },
	{ "mprotect", 8, do_mprotect, NULL,
	  { USE("map", TYPE_MAP), FIRST, PAGES,
	    PROT(RW, RW, PROT_READ, PROT_NONE, PROT_READ | PROT_EXEC) } },
	{ "mremap", 6, do_mremap, NULL,
	  { USE("map", TYPE_MAP), FIRST, PAGES,
	    ONE_OF("new_pages", 4, 1, 2, 2, 4, 8, 16, 512),
	    ONE_OF("keep", 3, 0, 0, 1), MAKE("out", TYPE_MAP) } },
	/* Not those that take memory away from the machine. */
	{ "madvise", 6, do_madvise, NULL,
	  { USE("map", TYPE_MAP), FIRST, PAGES,
	    ONLY("advice", MADV_DONTNEED, MADV_DONTNEED, MADV_FREE, MADV_REMOVE,
		 MADV_DONTFORK, MADV_DOFORK, MADV_WIPEONFORK, MADV_HUGEPAGE,
		 MADV_MERGEABLE, MADV_WILLNEED, MADV_SEQUENTIAL, MADV_COLD,
		 MADV_PAGEOUT, MADV_POPULATE_READ, MADV_POPULATE_WRITE,
		 MADV_DONTDUMP, MADV_DODUMP, MADV_KEEPONFORK, MADV_DOFORK) } },
	{ "mlock", 2, do_mlock, NULL,
	  { USE("map", TYPE_MAP), FIRST, PAGES, ONE_OF("what", 4, 0, 1, 2, 3) } },
	{ "mbind", 2, bind, NULL,
	  { USE("map", TYPE_MAP), FIRST, PAGES, ONE_OF("nodes", 3, 1, 2, 3, 0) } },
	{ "poke", 48, poke, NULL,
	  { USE("map", TYPE_MAP),
	    ONE_OF("word", 7, 0, 0, 0, 1, 2, 8, 9, 3, 4, 5, 6, 7, 10, 11, 511),
	    ONE_OF("value", 4, 8, 64, 24, 16, 56, 128, 4096, 4088, 0, 1, 7,
		   8192, 8193, 0xffffffff, 1ULL << 32, -8ULL, -4096ULL, ~0ULL,
		   0x800000010, 0x100000ff8),
	    ONE_OF("add", 3, 1, 1, 0) } },
	{ "storm", 3, storm, NULL,
	  { USE("map", TYPE_MAP), ONE_OF("seed", 3, 1, 2, 3),
	    ONLY("n", 4, 16, 64) } },
	{ "peek", 8, peek, NULL,
	  { USE("map", TYPE_MAP), ONE_OF("word", 6, 0, 1, 511, 512, 513, 1024) } },
	{ "poke_forced", 2, poke_forced, NULL,
	  { USE("map", TYPE_MAP), ONE_OF("value", 3, 0, 8, ~0ULL) } },
	{ "to_pipe", 2, to_pipe, NULL,
	  { USE("map", TYPE_MAP), FIRST, PAGES, USE("pipe", TYPE_PIPE) } },
	{ 0 },
};
