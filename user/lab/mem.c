// SPDX-License-Identifier: MIT
/* What the kernel says about memory. */
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../common/units.h"

#define PATH_SPACE	4096
#define LINE_SPACE	512
#define HUGE		(2UL << 20)

/* What everything else on the machine is left with. */
#define MARGIN		(64UL << 20)

size_t mem_page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* "Rss:   12 kB" to the member of that name. */
static void take(struct mem_use *use, const char *line)
{
	const struct {
		const char *key;
		uint64_t *to;
	} members[] = {
		{ "Rss:", &use->rss },
		{ "Pss:", &use->pss },
		{ "Shared_Clean:", &use->shared_clean },
		{ "Shared_Dirty:", &use->shared_dirty },
		{ "Private_Clean:", &use->private_clean },
		{ "Private_Dirty:", &use->private_dirty },
		{ "AnonHugePages:", &use->huge },
	};
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(members); i++) {
		len = strlen(members[i].key);
		if (!strncmp(line, members[i].key, len))
			*members[i].to = strtoull(line + len, NULL, 10) << 10;
	}
}

/* Is @line the head of a mapping, "START-END ..."? */
static bool is_head(const char *line, uintptr_t *start)
{
	uintptr_t end;

	return sscanf(line, "%" SCNxPTR "-%" SCNxPTR, start, &end) == 2;
}

/* Of the mapping at @at; of the first, which in smaps_rollup is all, for 0. */
static struct mem_use read_smaps(struct lab *lab, pid_t pid, const char *name,
				 uintptr_t at)
{
	struct mem_use use = { .rss = 0 };
	char path[64], line[LINE_SPACE];
	bool in = false, found = false;
	uintptr_t start;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	f = fopen(path, "re");
	if (!f)
		lab_die(lab, "cannot read %s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (is_head(line, &start))
			in = !at || start == at;
		else if (in)
			take(&use, line);
		found |= in;
	}
	fclose(f);
	if (!found)
		lab_die(lab, "%s has no mapping at %#zx", path, (size_t)at);
	return use;
}

struct mem_use mem_of_process(struct lab *lab, pid_t pid)
{
	return read_smaps(lab, pid, "smaps_rollup", 0);
}

struct mem_use mem_of_mapping(struct lab *lab, pid_t pid, const void *at)
{
	return read_smaps(lab, pid, "smaps", (uintptr_t)at);
}

/* "KEY:   12 kB" of the file at @path; 0 where there is no such line. */
static uint64_t read_kib(const char *path, const char *key)
{
	size_t len = strlen(key);
	char line[LINE_SPACE];
	uint64_t bytes = 0;
	FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, len) && line[len] == ':')
			bytes = strtoull(line + len + 1, NULL, 10) << 10;
	if (f)
		fclose(f);
	return bytes;
}

uint64_t mem_status(pid_t pid, const char *key)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	return read_kib(path, key);
}

uint64_t mem_info(const char *key)
{
	return read_kib("/proc/meminfo", key);
}

/* A file of a cgroup with one number; UINT64_MAX for "max" and for none. */
static uint64_t read_cgroup(const char *group, const char *name)
{
	uint64_t value = UINT64_MAX;
	char path[PATH_SPACE + 64];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/%s", group, name);
	f = fopen(path, "re");
	if (!f)
		return value;
	if (fscanf(f, "%" SCNu64, &value) != 1)
		value = UINT64_MAX;
	fclose(f);
	return value;
}

/* The least that this cgroup and those above it leave. */
static uint64_t cgroups_left(void)
{
	char line[PATH_SPACE] = "", *group;
	uint64_t left = UINT64_MAX, max, used;
	FILE *f = fopen("/proc/self/cgroup", "re");

	while (f && fgets(line, sizeof(line), f) && strncmp(line, "0::/", 4))
		*line = 0;
	if (f)
		fclose(f);
	if (!*line)
		return left;
	group = line + 3;
	group[strcspn(group, "\n")] = 0;
	for (; *group; *strrchr(group, '/') = 0) {
		max = read_cgroup(group, "memory.max");
		used = read_cgroup(group, "memory.current");
		if (max != UINT64_MAX && used <= max && max - used < left)
			left = max - used;
	}
	return left;
}

uint64_t mem_left(void)
{
	uint64_t machine = mem_info("MemAvailable"), groups = cgroups_left();

	return machine < groups ? machine : groups;
}

static void need(struct lab *lab, uint64_t bytes, uint64_t left,
		 const char *where)
{
	if (bytes + MARGIN > left)
		lab_refuse(lab, "needs %llu MiB of memory and %lu MiB to spare, but %llu MiB are free%s: choose a smaller --size",
			   (unsigned long long)(bytes >> 20), MARGIN >> 20,
			   (unsigned long long)(left >> 20), where);
}

void mem_need(struct lab *lab, uint64_t bytes)
{
	need(lab, bytes, mem_left(), "");
}

/* Free, or a clean copy of what is on disk. */
static uint64_t node_left(int node)
{
	static const char *const keys[] = {
		"MemFree", "Active(file)", "Inactive(file)",
	};
	char path[64], key[64];
	uint64_t left = 0;
	size_t i;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo",
		 node);
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		snprintf(key, sizeof(key), "Node %d %s", node, keys[i]);
		left += read_kib(path, key);
	}
	return left;
}

void mem_need_on(struct lab *lab, uint64_t bytes, int node)
{
	char where[32];

	snprintf(where, sizeof(where), " on node %d", node);
	need(lab, bytes, node_left(node), where);
}

static struct faults faults_now(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (struct faults){ (uint64_t)u.ru_minflt, (uint64_t)u.ru_majflt };
}

/* After fork() the stack below is shared: write it before anything counts. */
static void __attribute__((noinline)) warm_stack(void)
{
	volatile char below[8192];

	below[0] = 0;
	below[4096] = below[0];
}

/* And the code is not in the child's page table: execute it, on nothing. */
struct faults faults_begin(void)
{
	warm_stack();
	mem_write(NULL, 0, 0);
	mem_read(NULL, 0);
	faults_now();
	return faults_now();
}

struct faults faults_since(struct faults before)
{
	struct faults now = faults_now();

	return (struct faults){ now.minor - before.minor,
				now.major - before.major };
}

unsigned char *mem_region(struct lab *lab, size_t bytes)
{
	size_t space = bytes + 2 * HUGE;
	unsigned char *p = mmap(NULL, space, PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
				-1, 0);

	if (p != MAP_FAILED) {
		/* What remains on both sides stays inaccessible. */
		p += HUGE - (uintptr_t)p % HUGE;
		p = mmap(p, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	}
	if (p == MAP_FAILED)
		lab_die(lab, "cannot map %zu bytes: %s", bytes,
			strerror(errno));
	return p;
}

/*
 * What a sanitizer would add to these loops touches pages of its own, whose
 * faults would be counted.
 */
#define UNCHECKED __attribute__((no_sanitize("address", "thread", "undefined")))

void UNCHECKED mem_write(unsigned char *p, size_t pages, unsigned char value)
{
	size_t i, page = mem_page();

	for (i = 0; i < pages; i++)
		*(volatile unsigned char *)(p + i * page) = value;
}

void UNCHECKED mem_read(const unsigned char *p, size_t pages)
{
	size_t i, page = mem_page();

	for (i = 0; i < pages; i++)
		(void)*(const volatile unsigned char *)(p + i * page);
}

bool UNCHECKED mem_holds(const unsigned char *p, size_t pages, unsigned char value)
{
	size_t i, page = mem_page();

	for (i = 0; i < pages; i++)
		if (p[i * page] != value)
			return false;
	return true;
}
