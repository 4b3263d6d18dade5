// SPDX-License-Identifier: MIT
/* When pages appear: anonymous memory, a file, a program. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "exec.h"
#include "experiments.h"
#include "mem.h"
#include "pagemap.h"
#include "proc.h"
#include "strip.h"
#include "table.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif

#define SPARSE		4	/* of anonymous memory each fourth is touched */
#define FAR_APART	64	/* of a file each 64th, so none is near another */

#define COLD_TRIES	5
#define ARRIVE_NS	2000000000u	/* of pages that were read ahead */

enum {
	NOTHING_YET, ONE_EACH, ZERO_PAGE, POPULATE, POPULATE_WRITE, DROPPED,
	ALONE, READ_AHEAD, CACHED, POPULATE_READ, CODE_LATER,
};

static const char *const claims[] = {
	[NOTHING_YET] = "mmap brings no page in",
	[ONE_EACH] = "the first write to a page costs one fault and brings that page alone",
	[ZERO_PAGE] = "a read of untouched memory costs a fault and no memory, and the first write another fault",
	[POPULATE] = "after MAP_POPULATE touching costs no fault",
	[POPULATE_WRITE] = "after MADV_POPULATE_WRITE touching costs no fault",
	[DROPPED] = "MADV_DONTNEED drops pages at once, and they read as zero",
	[ALONE] = "with MADV_RANDOM a page of a cold file comes alone, by one major fault",
	[READ_AHEAD] = "without advice a cold file's page brings neighbours that nobody touched",
	[CACHED] = "what is in the page cache costs no major fault, and at most one minor fault a page",
	[POPULATE_READ] = "after MADV_POPULATE_READ touching a cold file costs no fault",
	[CODE_LATER] = "execve brings none of a program's code into its page table",
	NULL
};

static const struct column columns[] = {
	{ "what was done", "what" }, { "pages", "pages" },
	{ "touched", "touched" }, { "minor faults", "minor_faults" },
	{ "major", "major_faults" }, { "in memory", "in_memory" },
	{ "mapped", "mapped" },
};

/* struct demand - what the parts of the experiment share */
struct demand {
	struct lab *lab;
	struct table table;
	struct strips strips;
	size_t pages;
	const char *unreadable;	/* why pagemap is, or NULL */
};

/* struct range - memory that is being watched, and its last look */
struct range {
	struct demand *d;
	unsigned char *at;
	struct strip *strip;
	struct faults faults;
};

static size_t bytes_of(const struct demand *d)
{
	return d->pages * mem_page();
}

static struct faults touch(unsigned char *at, size_t pages, size_t step,
			   bool write)
{
	struct faults before = faults_begin();
	size_t i;

	for (i = 0; i < pages; i += step)
		if (write)
			mem_write(at + i * mem_page(), 1, 1);
		else
			mem_read(at + i * mem_page(), 1);
	return faults_since(before);
}

static void add_row(struct demand *d, const char *name, const struct strip *s,
		    size_t touched, struct faults f)
{
	table_text(&d->table, "%s", name);
	table_count(&d->table, s->pages);
	table_count(&d->table, touched);
	table_count(&d->table, f.minor);
	table_count(&d->table, f.major);
	table_count(&d->table, strip_count(s, STRIP_CACHED));
	table_count(&d->table, strip_count(s, STRIP_MAPPED));
}

/* Look at the range: by mincore what is in memory, by pagemap what is mapped. */
static struct strip *look(struct range *r, const char *name, size_t touched)
{
	struct demand *d = r->d;
	unsigned char *mapped;
	size_t i;

	r->strip = strip_add(d->lab, &d->strips, name, d->pages);
	if (mincore(r->at, bytes_of(d), r->strip->state))
		lab_die(d->lab, "mincore: %s", strerror(errno));
	for (i = 0; i < d->pages; i++)
		r->strip->state[i] &= 1;
	if (!d->unreadable) {
		mapped = calloc(d->pages, 1);
		if (!mapped)
			lab_die(d->lab, "no memory");
		pagemap_present(d->lab, getpid(), r->at, d->pages, mapped);
		for (i = 0; i < d->pages; i++)
			if (mapped[i])
				r->strip->state[i] = STRIP_MAPPED;
		free(mapped);
	}
	add_row(d, name, r->strip, touched, r->faults);
	return r->strip;
}

static size_t in_memory(const struct range *r)
{
	return strip_count(r->strip, STRIP_CACHED);
}

/* Touch each @step-th page and look. */
static void touch_and_look(struct range *r, size_t step, bool write,
			   const char *name)
{
	r->faults = touch(r->at, r->d->pages, step, write);
	look(r, name, (r->d->pages + step - 1) / step);
}

/*
 * Anonymous memory
 */
static unsigned char *small_pages(struct demand *d)
{
	unsigned char *p = mem_region(d->lab, bytes_of(d));

	madvise(p, bytes_of(d), MADV_NOHUGEPAGE);
	return p;
}

static void first_reads(struct demand *d)
{
	struct range r = { .d = d, .at = small_pages(d) };
	size_t n = d->pages / SPARSE;
	uint64_t rss, reads, writes;

	look(&r, "anonymous, mmap", 0);
	claim(d->lab, NOTHING_YET, !in_memory(&r), "%zu of %zu pages are there",
	      in_memory(&r), d->pages);
	touch_and_look(&r, SPARSE, false, "anonymous, each 4th read");
	reads = r.faults.minor;
	rss = mem_of_mapping(d->lab, getpid(), r.at).rss;
	touch_and_look(&r, SPARSE, true, "anonymous, the same written");
	writes = r.faults.minor;
	if (reads == n && rss == n * mem_page() && !writes)
		claim_skip(d->lab, ZERO_PAGE,
			   "this kernel shares no page of zeros: each page that is read is memory at once");
	else
		claim(d->lab, ZERO_PAGE, reads == n && !rss && writes == n,
		      "%zu pages: %llu faults for reading, then RSS %llu KiB, %llu faults for writing",
		      n, (unsigned long long)reads,
		      (unsigned long long)rss >> 10,
		      (unsigned long long)writes);
	munmap(r.at, bytes_of(d));
}

static void first_writes(struct demand *d)
{
	struct range r = { .d = d, .at = small_pages(d) };
	size_t n = d->pages / SPARSE, there, left;
	struct faults sparse;

	touch_and_look(&r, SPARSE, true, "anonymous, each 4th written");
	there = in_memory(&r);
	sparse = r.faults;
	touch_and_look(&r, 1, true, "anonymous, all written");
	claim(d->lab, ONE_EACH, sparse.minor == n && there == n &&
	      r.faults.minor == d->pages - n && in_memory(&r) == d->pages,
	      "%zu written: %llu faults, %zu there; %zu more: %llu faults", n,
	      (unsigned long long)sparse.minor, there, d->pages - n,
	      (unsigned long long)r.faults.minor);
	madvise(r.at, bytes_of(d), MADV_DONTNEED);
	r.faults = (struct faults){ 0, 0 };
	look(&r, "anonymous, MADV_DONTNEED", 0);
	left = in_memory(&r);
	claim(d->lab, DROPPED, !left && mem_holds(r.at, d->pages, 0),
	      "%zu of %zu pages left", left, d->pages);
	munmap(r.at, bytes_of(d));
}

static void populated(struct demand *d)
{
	struct range r = { .d = d };

	r.at = mmap(NULL, bytes_of(d), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (r.at == MAP_FAILED)
		lab_die(d->lab, "cannot map memory: %s", strerror(errno));
	touch_and_look(&r, 1, true, "anonymous, MAP_POPULATE, all written");
	claim(d->lab, POPULATE, !r.faults.minor && in_memory(&r) == d->pages,
	      "%zu pages written, %llu faults", d->pages,
	      (unsigned long long)r.faults.minor);
	munmap(r.at, bytes_of(d));
	r.at = small_pages(d);
	if (madvise(r.at, bytes_of(d), MADV_POPULATE_WRITE)) {
		claim_skip(d->lab, POPULATE_WRITE, "needs Linux 5.14: %s",
			   strerror(errno));
	} else {
		touch_and_look(&r, 1, true, "anonymous, MADV_POPULATE_WRITE");
		claim(d->lab, POPULATE_WRITE, !r.faults.minor,
		      "%zu pages written, %llu faults", d->pages,
		      (unsigned long long)r.faults.minor);
	}
	munmap(r.at, bytes_of(d));
}

static void huge(struct demand *d)
{
	struct range r = { .d = d, .at = mem_region(d->lab, bytes_of(d)) };

	if (!madvise(r.at, bytes_of(d), MADV_HUGEPAGE)) {
		r.faults = touch(r.at, 1, 1, true);
		look(&r, "anonymous, MADV_HUGEPAGE, one written", 1);
	}
	munmap(r.at, bytes_of(d));
}

/*
 * A file
 */
static int make_file(struct demand *d)
{
	char path[4096], page[4096];
	size_t left = bytes_of(d);
	int fd;

	snprintf(path, sizeof(path), "%s/file", d->lab->dir);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		lab_die(d->lab, "cannot make %s: %s", path, strerror(errno));
	memset(page, 1, sizeof(page));
	for (; left; left -= sizeof(page))
		if (write(fd, page, sizeof(page)) != (ssize_t)sizeof(page))
			lab_die(d->lab, "cannot write %s: %s", path,
				strerror(errno));
	if (fsync(fd))
		lab_die(d->lab, "cannot write %s: %s", path, strerror(errno));
	return fd;
}

static void map_file(struct range *r, int fd)
{
	r->at = mmap(NULL, bytes_of(r->d), PROT_READ, MAP_SHARED, fd, 0);
	if (r->at == MAP_FAILED)
		lab_die(r->d->lab, "cannot map a file: %s", strerror(errno));
	r->faults = (struct faults){ 0, 0 };
}

static size_t resident(const struct range *r)
{
	unsigned char *there = calloc(r->d->pages, 1);
	size_t i, n = 0;

	if (!there || mincore(r->at, bytes_of(r->d), there))
		lab_die(r->d->lab, "mincore: %s", strerror(errno));
	for (i = 0; i < r->d->pages; i++)
		n += there[i] & 1;
	free(there);
	return n;
}

/* Pages that are being read cannot be thrown out: wait for them. */
static void read_all(struct demand *d, int fd)
{
	off_t at;
	char c;

	for (at = 0; at < (off_t)bytes_of(d); at += (off_t)mem_page())
		if (pread(fd, &c, 1, at) != 1)
			lab_die(d->lab, "cannot read a file: %s",
				strerror(errno));
}

/* Map it with none of it in memory; false where it always stays there. */
static bool map_cold(struct range *r, int fd)
{
	int i;

	for (i = 0; i < COLD_TRIES; i++) {
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		map_file(r, fd);
		if (!resident(r))
			return true;
		munmap(r->at, bytes_of(r->d));
		read_all(r->d, fd);
	}
	return false;
}

static bool map_cold_or_skip(struct range *r, int fd, int id)
{
	if (map_cold(r, fd))
		return true;
	claim_skip(r->d->lab, id,
		   "the file system of %s keeps its pages in memory (tmpfs does): --dir with another",
		   r->d->lab->dir);
	return false;
}

static void unmap(struct range *r)
{
	munmap(r->at, bytes_of(r->d));
}

/* KiB that are read at once for a page of this file; -1 if unknown. */
static long read_ahead_kib(int fd)
{
	char path[96];
	struct stat st;
	long kib = -1;
	FILE *f;

	if (fstat(fd, &st))
		return -1;
	snprintf(path, sizeof(path), "/sys/class/bdi/%u:%u/read_ahead_kb",
		 major(st.st_dev), minor(st.st_dev));
	f = fopen(path, "re");
	if (!f)
		return -1;
	if (fscanf(f, "%ld", &kib) != 1)
		kib = -1;
	fclose(f);
	return kib;
}

static void file_alone(struct demand *d, int fd)
{
	size_t n = (d->pages + FAR_APART - 1) / FAR_APART;
	struct range r = { .d = d };

	if (!map_cold_or_skip(&r, fd, ALONE))
		return;
	look(&r, "cold file, mmap", 0);
	madvise(r.at, bytes_of(d), MADV_RANDOM);
	touch_and_look(&r, FAR_APART, false,
		       "cold file, MADV_RANDOM, each 64th read");
	claim(d->lab, ALONE, r.faults.major == n && in_memory(&r) == n,
	      "%zu pages read, %llu major faults, %zu pages in memory", n,
	      (unsigned long long)r.faults.major, in_memory(&r));
	unmap(&r);
}

static void file_read_ahead(struct demand *d, int fd)
{
	struct range r = { .d = d };
	size_t middle = d->pages / 2;
	uint64_t begun;

	if (!map_cold_or_skip(&r, fd, READ_AHEAD))
		return;
	begun = now_ns();
	r.faults = touch(r.at + middle * mem_page(), 1, 1, false);
	/* The neighbours may still be under way. */
	while (resident(&r) == 1 && now_ns() - begun < ARRIVE_NS)
		sched_yield();
	look(&r, "cold file, one page read", 1);
	if (in_memory(&r) == 1 && read_ahead_kib(fd) <= 0)
		claim_skip(d->lab, READ_AHEAD,
			   "read-ahead is off for this file system");
	else
		claim(d->lab, READ_AHEAD, in_memory(&r) > 1,
		      "1 page read, %zu in memory, read_ahead_kb is %ld",
		      in_memory(&r), read_ahead_kib(fd));
	unmap(&r);
	if (!map_cold(&r, fd))
		return;
	madvise(r.at, bytes_of(d), MADV_SEQUENTIAL);
	r.faults = touch(r.at, d->pages / 8, 1, false);
	look(&r, "cold file, MADV_SEQUENTIAL, first eighth read", d->pages / 8);
	unmap(&r);
}

static void file_populated(struct demand *d, int fd)
{
	struct range r = { .d = d };

	if (!map_cold_or_skip(&r, fd, POPULATE_READ))
		return;
	madvise(r.at, bytes_of(d), MADV_WILLNEED);
	look(&r, "cold file, MADV_WILLNEED just called", 0);
	unmap(&r);
	if (!map_cold_or_skip(&r, fd, POPULATE_READ))
		return;
	if (madvise(r.at, bytes_of(d), MADV_POPULATE_READ)) {
		claim_skip(d->lab, POPULATE_READ, "needs Linux 5.14: %s",
			   strerror(errno));
	} else {
		touch_and_look(&r, 1, false,
			       "cold file, MADV_POPULATE_READ, all read");
		claim(d->lab, POPULATE_READ, !r.faults.minor && !r.faults.major,
		      "%zu pages read, %llu faults", d->pages,
		      (unsigned long long)(r.faults.minor + r.faults.major));
	}
	unmap(&r);
}

static void file_cached(struct demand *d, int fd)
{
	struct range r = { .d = d };

	read_all(d, fd);
	map_file(&r, fd);
	touch_and_look(&r, 1, false, "cached file, all read");
	claim(d->lab, CACHED, !r.faults.major && r.faults.minor <= d->pages,
	      "%zu pages read, %llu major and %llu minor faults", d->pages,
	      (unsigned long long)r.faults.major,
	      (unsigned long long)r.faults.minor);
	unmap(&r);
}

static void file(struct demand *d)
{
	int fd = make_file(d);

	file_alone(d, fd);
	file_read_ahead(d, fd);
	file_populated(d, fd);
	file_cached(d, fd);
	close(fd);
}

/*
 * A program
 */
static void program(struct demand *d)
{
	const char *name = d->lab->program ? d->lab->program : exec_choose();
	struct exec_seen seen = { .code = 0 };
	const char *why;

	if (d->unreadable) {
		claim_skip(d->lab, CODE_LATER, "/proc/PID/pagemap: %s",
			   d->unreadable);
		return;
	}
	if (!exec_watch(d->lab, name, &d->strips, &seen, &why)) {
		claim_skip(d->lab, CODE_LATER, "%s: %s", name, why);
		return;
	}
	add_row(d, "program, before its first instruction", seen.start, 0,
		(struct faults){ 0, 0 });
	add_row(d, "program, at its exit", seen.end, 0, seen.faults);
	claim(d->lab, CODE_LATER, seen.code && !seen.code_at_start,
	      "%s: %zu of its %zu executable pages were mapped at its first instruction",
	      name, seen.code_at_start, seen.code);
}

static void run(struct lab *lab)
{
	struct demand d = {
		.lab = lab,
		.pages = lab->value[PARAM_SIZE] / mem_page(),
	};
	const char *why;

	mem_need(lab, 2 * lab->value[PARAM_SIZE]);
	d.unreadable = pagemap_readable(&why) ? NULL : why;
	table_begin(&d.table, lab, "residency", columns, ARRAY_SIZE(columns));
	first_reads(&d);
	first_writes(&d);
	populated(&d);
	huge(&d);
	file(&d);
	program(&d);
	table_end(&d.table);
	strips_print(lab, &d.strips);
	strips_plot(lab, &d.strips);
	strips_free(&d.strips);
}

const struct experiment demand = {
	.name = "demand",
	.what = "when pages appear: anonymous memory, a file, a program",
	.about =
	"Memory is mapped and touched here and there, with and without advice to the\n"
	"kernel; a file on disk, thrown out of the page cache each time, likewise; and a\n"
	"large program is stopped before its first instruction and at its exit. Each time:\n"
	"the faults, and page by page what is in memory and what the page table leads to.\n",
	.claims = claims,
	.params = {
		[PARAM_SIZE] = { "bytes of the memory and of the file, in steps of 2M",
				 4 << 20, 2 << 20, 1ULL << 34 },
	},
	.files = true,
	.run = run,
};
