// SPDX-License-Identifier: MIT
/*
 * A 64-bit word for each page: bit 63 says that it is there, bits 0 to 54 are
 * the frame, which the kernel shows as 0 without CAP_SYS_ADMIN.
 */
#include "pagemap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"

#define PRESENT		(1ULL << 63)
#define FRAME		((1ULL << 55) - 1)

/* A node has memory in blocks of so many bytes. */
#define BLOCK_SIZE	"/sys/devices/system/memory/block_size_bytes"

/* Words read at a time. */
#define CHUNK		512

static int open_of(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* An iteration over the words of a range of one process. */
struct walk {
	struct lab *lab;
	int fd;
	off_t next;
	size_t left;
	uint64_t words[CHUNK];
};

static void walk_begin(struct walk *w, struct lab *lab, pid_t pid,
		       const void *at, size_t pages)
{
	w->lab = lab;
	w->fd = open_of(pid);
	w->next = (off_t)((uintptr_t)at / mem_page() * sizeof(uint64_t));
	w->left = pages;
	if (w->fd < 0)
		lab_die(lab, "cannot read /proc/%d/pagemap: %s", (int)pid,
			strerror(errno));
}

/* How many words came; 0 at the end, when it is closed. */
static size_t walk_next(struct walk *w)
{
	size_t n = w->left < CHUNK ? w->left : CHUNK;
	ssize_t got = 0;

	if (n)
		got = pread(w->fd, w->words, n * sizeof(uint64_t), w->next);
	if (n && got != (ssize_t)(n * sizeof(uint64_t)))
		lab_die(w->lab, "pagemap has no words for %zu pages: %s", n,
			got < 0 ? strerror(errno) : "too short");
	w->next += got;
	w->left -= n;
	if (!n)
		close(w->fd);
	return n;
}

size_t pagemap_present(struct lab *lab, pid_t pid, const void *at, size_t pages,
		       unsigned char *there)
{
	size_t i, n, page = 0, count = 0;
	struct walk w;
	bool is;

	walk_begin(&w, lab, pid, at, pages);
	while ((n = walk_next(&w)))
		for (i = 0; i < n; i++, page++) {
			is = w.words[i] & PRESENT;
			count += is;
			if (there)
				there[page] = is;
		}
	return count;
}

size_t pagemap_same(struct lab *lab, pid_t a, pid_t b, const void *at,
		    size_t pages)
{
	size_t i, n, count = 0;
	struct walk wa, wb;

	walk_begin(&wa, lab, a, at, pages);
	walk_begin(&wb, lab, b, at, pages);
	while ((n = walk_next(&wa)) && walk_next(&wb))
		for (i = 0; i < n; i++)
			count += (wa.words[i] & PRESENT) &&
				 (wb.words[i] & PRESENT) &&
				 (wa.words[i] & FRAME) == (wb.words[i] & FRAME);
	close(wb.fd);
	return count;
}

uint64_t pagemap_frame(struct lab *lab, pid_t pid, const void *at)
{
	struct walk w;

	walk_begin(&w, lab, pid, at, 1);
	walk_next(&w);
	close(w.fd);
	return (w.words[0] & PRESENT) ? w.words[0] & FRAME : 0;
}

static uint64_t frames_in_block(void)
{
	FILE *file = fopen(BLOCK_SIZE, "re");
	uint64_t bytes;

	if (!file)
		return 0;
	if (fscanf(file, "%" SCNx64, &bytes) != 1)
		bytes = 0;
	fclose(file);
	return bytes / mem_page();
}

static bool is_frame_on(uint64_t frame, uint64_t in_block, int node)
{
	char path[96];

	snprintf(path, sizeof(path),
		 "/sys/devices/system/node/node%d/memory%" PRIu64, node,
		 frame / in_block);
	return !access(path, F_OK);
}

size_t pagemap_on_node(struct lab *lab, const void *at, size_t pages, int node)
{
	uint64_t in_block = frames_in_block();
	size_t i, n, count = 0;
	struct walk w;

	if (!in_block)
		return 0;
	walk_begin(&w, lab, getpid(), at, pages);
	while ((n = walk_next(&w)))
		for (i = 0; i < n; i++)
			count += (w.words[i] & PRESENT) &&
				 is_frame_on(w.words[i] & FRAME, in_block,
					     node);
	return count;
}

bool pagemap_readable(const char **why)
{
	int fd = open_of(getpid());

	*why = strerror(errno);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool pagemap_shows_frames(const char **why)
{
	static unsigned char page = 1;
	uint64_t word = 0;
	int fd = open_of(getpid());
	ssize_t got;

	if (fd < 0) {
		*why = "/proc/PID/pagemap cannot be read";
		return false;
	}
	/* Written to, so that it is there. */
	*(volatile unsigned char *)&page = 1;
	got = pread(fd, &word, sizeof(word),
		    (off_t)((uintptr_t)&page / mem_page() * sizeof(word)));
	close(fd);
	*why = "/proc/PID/pagemap hides frame numbers from all but root";
	return got == sizeof(word) && (word & FRAME);
}

bool pagemap_tells_nodes(const char **why)
{
	if (!pagemap_shows_frames(why))
		return false;
	*why = BLOCK_SIZE " is not there: no telling which node has a frame";
	return frames_in_block();
}
