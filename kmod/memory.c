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

/* The first NULL ends what there is. */
static void shmring_free_pages(struct page **pages, unsigned long nr)
{
	unsigned long i;

	if (!pages)
		return;
	for (i = 0; i < nr && pages[i]; i++)
		__free_page(pages[i]);
	kvfree(pages);
}

void shmring_free_memory(struct shmring *ring)
{
	struct shmring_slot *lane;

	shmring_for_each_lane(ring, lane) {
		vunmap(lane->data);
		shmring_free_pages(lane->pages, shmring_data_pages(ring));
	}
	vunmap(ring->base);
	shmring_free_pages(ring->pages, ring->nr_pages);
	kfree(ring->node_pages);
}

/* One that is too long for any allocator is ENOMEM and no warning. */
static struct page **shmring_alloc_array(unsigned long nr)
{
	return kvcalloc(nr, sizeof(struct page *), SHMRING_GFP);
}

static int shmring_fill_array(struct shmring *ring, struct page **pages,
			      unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		pages[i] = shmring_alloc_page(ring);
		if (!pages[i])
			return -ENOMEM;
		ring->node_pages[page_to_nid(pages[i])]++;
		cond_resched();
	}
	return 0;
}

static int shmring_alloc_data(struct shmring *ring, struct shmring_slot *lane)
{
	unsigned long nr = shmring_data_pages(ring);
	int err;

	lane->pages = shmring_alloc_array(2 * nr);
	if (!lane->pages)
		return -ENOMEM;
	err = shmring_fill_array(ring, lane->pages, nr);
	if (err)
		return err;
	memcpy(lane->pages + nr, lane->pages, nr * sizeof(*lane->pages));
	lane->data = vmap(lane->pages, 2 * nr, VM_MAP, PAGE_KERNEL);
	return lane->data ? 0 : -ENOMEM;
}

static int shmring_alloc_control(struct shmring *ring)
{
	int err;

	ring->nr_pages = shmring_data_index(ring);
	ring->pages = shmring_alloc_array(ring->nr_pages);
	if (!ring->pages)
		return -ENOMEM;
	err = shmring_fill_array(ring, ring->pages, ring->nr_pages);
	if (err)
		return err;
	ring->base = vmap(ring->pages, ring->nr_pages, VM_MAP, PAGE_KERNEL);
	return ring->base ? 0 : -ENOMEM;
}

int shmring_alloc_memory(struct shmring *ring)
{
	struct shmring_slot *lane;
	int err;

	ring->node_pages = kcalloc(nr_node_ids, sizeof(*ring->node_pages),
				   SHMRING_GFP);
	if (!ring->node_pages)
		return -ENOMEM;
	err = shmring_alloc_control(ring);
	shmring_for_each_lane(ring, lane)
		if (!err)
			err = shmring_alloc_data(ring, lane);
	return err;
}

/* The lane whose data @index is in, and which page of it that is. */
static const struct shmring_slot *
shmring_lane_at(const struct shmring *ring, unsigned long index,
		unsigned long *page)
{
	unsigned long lane_pages = 2 * shmring_data_pages(ring);

	index -= shmring_data_index(ring);
	*page = index % lane_pages;
	index /= lane_pages;
	return index < ring->nr_lanes ? &ring->lane[index] : NULL;
}

struct page *shmring_page(const struct shmring *ring, unsigned long index)
{
	const struct shmring_slot *lane;

	if (index < ring->nr_pages)
		return ring->pages[index];
	lane = shmring_lane_at(ring, index, &index);
	return lane ? lane->pages[index] : NULL;
}

void *shmring_address(const struct shmring *ring, unsigned long index)
{
	const struct shmring_slot *lane;

	if (index < ring->nr_pages)
		return ring->base + (index << PAGE_SHIFT);
	lane = shmring_lane_at(ring, index, &index);
	return lane ? lane->data + (index << PAGE_SHIFT) : NULL;
}
