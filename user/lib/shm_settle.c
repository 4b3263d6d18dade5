// SPDX-License-Identifier: MIT
/*
 * Where the next producer goes on. What the last one left in its page may be
 * nonsense, and where there is no module, nobody puts it right before the next
 * one comes. What contradicts itself is put where it hurts who wrote it: back to
 * where the last one began, or to where it had room for more.
 */
#include "shm.h"

/* The head that the last producer has left, or the nearest that can be true. */
static uint64_t true_head(const struct shmring *r)
{
	const struct shmring_lane *lane = r->info->lane;
	uint64_t head = __atomic_load_n(&r->self->pos, __ATOMIC_RELAXED);
	uint64_t start = lane->end[lane->generation % SHMRING_LANE_ENDS];
	uint64_t end = shmring_tail(lane, r->peer, lane->generation,
				    shmring_ring_bytes(r)) +
		       shmring_ring_bytes(r);

	if (shmring_is_before(head, start))
		return shmring_whole(r, start, start);
	/* A tail before all that this producer did says nothing of it. */
	if (shmring_is_before(end, head) && !shmring_is_before(end, start))
		head = end;
	return shmring_whole(r, start, head);
}

/*
 * By the new producer, before it begins. One that is killed in between has changed
 * nothing that the next one would not.
 */
void shm_settle(struct shmring *r)
{
	struct shmring_info_page *info =
		(struct shmring_info_page *)(uintptr_t)r->info;
	struct shmring_lane *lane = info->lane;
	uint32_t generation = lane->generation + 1;
	uint64_t head = true_head(r);

	/* (G1) After the last generation, and before the next. */
	__atomic_store_n(&lane->end[generation % SHMRING_LANE_ENDS], head,
			 __ATOMIC_RELEASE);
	/* An honest one's stays as it is. */
	if (r->self->pos != head)
		__atomic_store_n(&r->self->pos, head, __ATOMIC_RELAXED);
	/* (G1) Both before the generation; pairs with (G2). */
	__atomic_store_n(&lane->generation, generation, __ATOMIC_RELEASE);
}
