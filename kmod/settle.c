// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a role's next holder goes on. The last one's mappings are revoked, so its
 * position stands still; it may be nonsense, which neither a successor nor the
 * other side shall suffer from. What contradicts itself is put where it hurts who
 * wrote it: a producer's head back to where it began, or to where it had room for
 * more; a consumer's tail to the head.
 */
#include <linux/align.h>
#include <linux/math64.h>

#include "endpoint.h"

/* @pos, or where the record can begin in which it is; one begins at @from. */
u64 shmring_whole(const struct shmring *ring, u64 from, u64 pos)
{
	u64 rest;

	div64_u64_rem(pos - from, ring->record_size ?: SHMRING_RECORD_ALIGN,
		      &rest);
	return pos - rest;
}

/* Whether honest sides can be at @head and @tail. */
bool shmring_is_plausible(const struct shmring *ring, u64 head, u64 tail)
{
	return head - tail <= ring->bytes &&
	       (ring->record_size ||
		IS_ALIGNED(head | tail, SHMRING_RECORD_ALIGN));
}

/*
 * Where producer number @n left off, when @now have left; of one so long ago that
 * it is not kept, the first that is.
 */
static u64 shmring_lane_end(const struct shmring_lane *lane, u32 n, u32 now)
{
	if (now - n >= SHMRING_LANE_ENDS - 1)
		n = now - (SHMRING_LANE_ENDS - 2);
	/*
	 * (G2) An end that is newer than @now comes with a generation that is,
	 * too; pairs with (G1).
	 */
	return smp_load_acquire(&lane->end[n % SHMRING_LANE_ENDS]);
}

/* Behind @from, and not behind @to. */
static bool shmring_is_within(u64 pos, u64 from, u64 to)
{
	return pos - from - 1 < to - from;
}

/*
 * How far one sees from @tail, when @now producers have left: to where the next
 * of them began. A record of one that lied may go on behind that.
 */
u64 shmring_horizon(const struct shmring_lane *lane, u32 now, u64 tail, u64 head)
{
	u64 last = shmring_lane_end(lane, now, now), end;
	u32 n = now < SHMRING_LANE_ENDS ? 1 : now - (SHMRING_LANE_ENDS - 2);

	if (!shmring_is_within(last, tail, head))
		return head;
	for (; n < now; n++) {
		end = shmring_lane_end(lane, n, now);
		if (shmring_is_within(end, tail, last))
			return end;
	}
	return last;
}

/*
 * The consumer's tail, as far as it is one. What it has released of a producer
 * that lied and is gone is no space of the next one's.
 */
u64 shmring_tail(const struct shmring_slot *slot)
{
	const struct shmring_cursor *cursor = slot->tail;
	const struct shmring_lane *lane = slot->lane;
	u32 now, generation;
	u64 tail, end;

	do {
		/* (G2), pairs with (G1). */
		now = smp_load_acquire(&lane->generation);
		/* (G3) The generation before the tail; pairs with (G4). */
		generation = smp_load_acquire(&cursor->generation);
		/* (A), pairs with (D): what was released was read before. */
		tail = smp_load_acquire(&cursor->pos);
		end = shmring_lane_end(lane, generation + 1, now);
	} while (READ_ONCE(lane->generation) != now);
	return generation != now && end - tail > slot->ring->bytes ? end : tail;
}

/* The word is nobody's but the kernel's now. An honest one's stays as it is. */
static void shmring_put_right(struct shmring_cursor *cursor, u64 pos)
{
	if (READ_ONCE(cursor->pos) != pos)
		WRITE_ONCE(cursor->pos, pos);
}

/* The producer's head, or the nearest to it that can be true. */
static u64 shmring_true_head(const struct shmring_slot *slot)
{
	const struct shmring_lane *lane = slot->lane;
	u64 start = lane->end[lane->generation % SHMRING_LANE_ENDS];
	u64 end = shmring_tail(slot) + slot->ring->bytes;
	u64 head = READ_ONCE(slot->head->pos);

	if (shmring_is_before(head, start))
		return start;
	/* A tail before all that this producer did says nothing of it. */
	if (shmring_is_before(end, head) && !shmring_is_before(end, start))
		head = end;
	return shmring_whole(slot->ring, start, head);
}

static void shmring_settle_producer(struct shmring_slot *slot)
{
	struct shmring_lane *lane = slot->lane;
	u32 generation = lane->generation + 1;
	u64 head = shmring_true_head(slot);

	if (shmring_is_before(head, slot->began))
		slot->began = head;
	/* (G1) After the last generation, and before the next. */
	smp_store_release(&lane->end[generation % SHMRING_LANE_ENDS], head);
	shmring_put_right(slot->head, head);
	/*
	 * (G1) Both before the generation; pairs with (G2). Who sees a head of
	 * the successor sees all three, since that has taken the lock.
	 */
	smp_store_release(&lane->generation, generation);
}

/* Its consumer is gone, or has not begun. */
static void shmring_settle_tail(struct shmring_slot *slot)
{
	const struct shmring *ring = slot->ring;
	struct shmring_lane *lane = slot->lane;
	u64 start = lane->end[lane->generation % SHMRING_LANE_ENDS];
	u64 head = READ_ONCE(slot->head->pos);
	u64 tail = shmring_tail(slot);

	if (shmring_is_before(tail, slot->began))
		tail = slot->began;
	tail = shmring_whole(ring, slot->began, tail);
	if (head - tail > ring->bytes)
		tail = shmring_is_before(head, start) ? start :
		       shmring_whole(ring, start, head);
	slot->began = tail;
	shmring_put_right(slot->tail, tail);
	/* (G4) The tail before the generation; pairs with (G3). */
	smp_store_release(&slot->tail->generation, lane->generation);
}

/* @slot has no holder, or one that has not begun. */
void shmring_settle(struct shmring_slot *slot)
{
	struct shmring *ring = slot->ring;
	struct shmring_slot *lane;

	lockdep_assert_held(&ring->lock);
	if (!shmring_is_producer(slot)) {
		shmring_for_each_lane(ring, lane)
			shmring_settle_tail(lane);
		return;
	}
	shmring_settle_producer(slot);
	if (shmring_is_free(&ring->consumer))
		shmring_settle_tail(slot);
}
