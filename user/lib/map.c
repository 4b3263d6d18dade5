// SPDX-License-Identifier: MIT
/* A ring in the address space: three pages, and the data twice. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "backend.h"

/*
 * Populated at once, so that the hot path takes no page fault. MAP_POPULATE does
 * that for files; the module puts a whole mapping there at the first touch.
 */
static void *map_shared(void *at, size_t len, int prot, int fd, off_t offset)
{
	int flags = MAP_SHARED | MAP_POPULATE | (at ? MAP_FIXED : 0);
	void *p = mmap(at, len, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		return NULL;
	(void)*(volatile unsigned char *)p;
	/* A child of fork() can see the ring, and not write to it. */
	if (!(prot & PROT_WRITE) || !madvise(p, len, MADV_DONTFORK))
		return p;
	if (!at)
		munmap(p, len);
	return NULL;
}

/* The data, back to back with itself: a record that wraps reads on. */
static unsigned char *map_data(const struct shmring_geometry *g, int fd,
			       int prot)
{
	unsigned char *p;
	int err;

	if (g->doubled)
		return map_shared(NULL, 2 * g->ring_bytes, prot, fd, g->data);
	p = mmap(NULL, 2 * g->ring_bytes, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (map_shared(p, g->ring_bytes, prot, fd, g->data) &&
	    map_shared(p + g->ring_bytes, g->ring_bytes, prot, fd, g->data))
		return p;
	err = errno;
	munmap(p, 2 * g->ring_bytes);
	errno = err;
	return NULL;
}

int shmring_map(struct shmring *r, int fd, uint32_t role, bool info_writable)
{
	struct shmring_endpoint *ep = shmring_endpoint(r);
	const struct shmring_geometry *g = &ep->geo;
	bool producer = role == SHMRING_ROLE_PRODUCER;
	int own = PROT_READ | PROT_WRITE;
	int err;

	r->info = map_shared(NULL, g->page_size,
			     info_writable ? own : PROT_READ, fd, g->info);
	if (!r->info)
		goto fail;
	r->ctl = map_shared(NULL, g->page_size, own, fd,
			    producer ? g->producer : g->consumer);
	if (!r->ctl)
		goto fail;
	ep->peer_ctl = map_shared(NULL, g->page_size, PROT_READ, fd,
				  producer ? g->consumer : g->producer);
	if (!ep->peer_ctl)
		goto fail;
	r->data = map_data(g, fd, producer ? own : PROT_READ);
	if (!r->data)
		goto fail;
	r->self = r->ctl->cursor;
	r->peer = ep->peer_ctl->cursor;
	r->lane = r->info->lane;
	r->bell = shmring_bell(r->info, shmring_other(role));
	return 0;
fail:
	err = errno;
	shmring_unmap(r);
	return shmring_fail(err, "cannot map the ring of %llu bytes: %s",
			    (unsigned long long)g->ring_bytes, strerror(err));
}

static void blank(const void *p, size_t len)
{
	mmap((void *)(uintptr_t)p, len, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

/*
 * In a child of fork(): memory of its own where it did not inherit any. The info
 * page, too, so that what it says does not change any more.
 */
void shmring_map_blank(struct shmring *r)
{
	const struct shmring_geometry *g = &shmring_endpoint(r)->geo;

	blank(r->info, g->page_size);
	blank(r->ctl, g->page_size);
	blank(shmring_endpoint(r)->peer_ctl, g->page_size);
	if (r->role == SHMRING_ROLE_PRODUCER)
		blank(r->data, 2 * g->ring_bytes);
}

static void unmap(const volatile void *p, size_t len)
{
	if (p)
		munmap((void *)(uintptr_t)p, len);
}

void shmring_unmap(struct shmring *r)
{
	struct shmring_endpoint *ep = shmring_endpoint(r);
	const struct shmring_geometry *g = &ep->geo;

	unmap(r->data, 2 * g->ring_bytes);
	unmap(ep->peer_ctl, g->page_size);
	unmap(r->ctl, g->page_size);
	unmap(r->info, g->page_size);
	r->data = NULL;
	ep->peer_ctl = NULL;
	r->ctl = NULL;
	r->info = NULL;
}
