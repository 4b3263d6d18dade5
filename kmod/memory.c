// SPDX-License-Identifier: GPL-2.0-only
/* A ring's pages: on the node that was asked for, and mapped into the kernel. */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "ring.h"

static struct page *shmring_alloc_page(const struct shmring *ring)
{
	/* As for user pages: within the caller's cpuset, however little is left. */
	gfp_t gfp = SHMRING_GFP | __GFP_ZERO | __GFP_HARDWALL;

	if (ring->node == SHMRING_NODE_ANY)
		return alloc_pages(gfp, 0);	/* by the caller's policy */
	if (ring->flags & SHMRING_CREATE_STRICT)
		gfp |= __GFP_THISNODE;
	return alloc_pages_node(ring->node, gfp, 0);
}

void shmring_free_memory(struct shmring *ring)
{
	vunmap(ring->base);
	while (ring->nr_pages)
		__free_page(ring->pages[--ring->nr_pages]);
	kvfree(ring->pages);
	kfree(ring->node_pages);
}

int shmring_alloc_memory(struct shmring *ring)
{
	unsigned long data_pages = ring->bytes >> PAGE_SHIFT;
	unsigned long distinct = SHMRING_DATA_INDEX + data_pages;
	unsigned long mapped = shmring_mapped_pages(ring);
	unsigned long i;

	/* One that is too long for any allocator is ENOMEM and no warning. */
	ring->pages = kvmalloc_array(mapped, sizeof(*ring->pages),
				     SHMRING_GFP);
	ring->node_pages = kcalloc(nr_node_ids, sizeof(*ring->node_pages),
				   SHMRING_GFP);
	if (!ring->pages || !ring->node_pages)
		return -ENOMEM;

	for (i = 0; i < distinct; i++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		ring->pages[i] = shmring_alloc_page(ring);
		if (!ring->pages[i])
			return -ENOMEM;
		ring->nr_pages++;
		ring->node_pages[page_to_nid(ring->pages[i])]++;
		cond_resched();
	}
	memcpy(ring->pages + distinct, ring->pages + SHMRING_DATA_INDEX,
	       data_pages * sizeof(*ring->pages));

	ring->base = vmap(ring->pages, mapped, VM_MAP, PAGE_KERNEL);
	return ring->base ? 0 : -ENOMEM;
}
