// SPDX-License-Identifier: MIT
/* A lane of a ring in the address space: control pages, and the data twice. */
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
			       off_t at, int prot)
{
	unsigned char *p;
	int err;

	if (g->doubled)
		return map_shared(NULL, 2 * g->ring_bytes, prot, fd, at);
	p = mmap(NULL, 2 * g->ring_bytes, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (map_shared(p, g->ring_bytes, prot, fd, at) &&
	    map_shared(p + g->ring_bytes, g->ring_bytes, prot, fd, at))
		return p;
	err = errno;
	munmap(p, 2 * g->ring_bytes);
	errno = err;
	return NULL;
}

int shmring_map(struct shmring *r, int fd, uint32_t role, uint32_t lane,
		bool info_writable)
{
	struct shmring_endpoint *ep = shmring_endpoint(r);
	const struct shmring_geometry *g = &ep->geo;
	off_t lane_page = g->producer + (off_t)(lane * g->page_size);
	off_t data = g->data + (off_t)(lane * (g->doubled ? 2 : 1) *
				       g->ring_bytes);
	bool producer = role == SHMRING_ROLE_PRODUCER;
	int own = PROT_READ | PROT_WRITE;
	int err;

	ep->ctl_bytes = producer ? g->page_size : g->cursor_bytes;
	ep->peer_bytes = producer ? g->cursor_bytes : g->page_size;
	r->info = map_shared(NULL, g->info_bytes,
			     info_writable ? own : PROT_READ, fd, g->info);
	if (!r->info)
		goto fail;
	r->ctl = map_shared(NULL, ep->ctl_bytes, own, fd,
			    producer ? lane_page : g->consumer);
	if (!r->ctl)
		goto fail;
	ep->peer_ctl = map_shared(NULL, ep->peer_bytes, PROT_READ, fd,
				  producer ? g->consumer : lane_page);
	if (!ep->peer_ctl)
		goto fail;
	r->data = map_data(g, fd, data, producer ? own : PROT_READ);
	if (!r->data)
		goto fail;
	r->self = &r->ctl->cursor[producer ? 0 : lane];
	r->peer = &ep->peer_ctl->cursor[producer ? lane : 0];
	r->lane = &r->info->lane[lane];
	r->bell = shmring_bell(r->info, shmring_other(role), lane);
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
	struct shmring_endpoint *ep = shmring_endpoint(r);
	const struct shmring_geometry *g = &ep->geo;

	blank(r->info, g->info_bytes);
	blank(r->ctl, ep->ctl_bytes);
	blank(ep->peer_ctl, ep->peer_bytes);
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
	unmap(ep->peer_ctl, ep->peer_bytes);
	unmap(r->ctl, ep->ctl_bytes);
	unmap(r->info, g->info_bytes);
	r->data = NULL;
	ep->peer_ctl = NULL;
	r->ctl = NULL;
	r->info = NULL;
}
