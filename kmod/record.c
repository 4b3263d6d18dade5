// SPDX-License-Identifier: GPL-2.0-only
/*
 * read() and write(): the kernel as consumer and as producer, a record each.
 * Positions and headers are user space's: each is read once and checked, and
 * the copy is used. The data is mapped twice, so a record that passes the check
 * lies within the mapping.
 */
#include <linux/align.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "notify.h"

static u8 *shmring_at(const struct shmring_slot *lane, u64 pos)
{
	return lane->data + (pos & (lane->ring->bytes - 1));
}

static u64 shmring_footprint(const struct shmring *ring, u64 len)
{
	if (ring->record_size)
		return ring->record_size;
	return ALIGN(len + sizeof(struct shmring_record), SHMRING_RECORD_ALIGN);
}

/* The length and place of the record at @tail, of which @used bytes are there. */
static int shmring_next_record(const struct shmring_slot *lane, u64 tail,
			       u64 used, u8 **data, u64 *len)
{
	const struct shmring *ring = lane->ring;
	u8 *at = shmring_at(lane, tail);

	if (ring->record_size) {
		*data = at;
		*len = ring->record_size;
		return used < *len ? -EBADMSG : 0;
	}
	*data = at + sizeof(struct shmring_record);
	*len = READ_ONCE(((struct shmring_record *)at)->len);
	return used < shmring_footprint(ring, *len) ? -EBADMSG : 0;
}

/* Move the endpoint's own position in @lane, and wake the peer if it sleeps. */
static int shmring_move(struct shmring_endpoint *ep, struct shmring_slot *lane,
			u64 pos)
{
	bool producer = shmring_is_producer(ep->slot);
	struct shmring_cursor *own = producer ? lane->head : lane->tail;
	int err = shmring_enter(ep);

	if (err)
		return err;
	/*
	 * (B), pairs with (C): the record was written before head moves.
	 * (D), pairs with (A): it was read before its space is free.
	 */
	smp_store_release(&own->pos, pos);
	shmring_kick_armed(producer ? &ep->ring->consumer : lane);
	shmring_leave(ep);
	return 0;
}

/*
 * Bytes from user space into the ring, where they are not published yet, or out
 * of it, where they are not released. A fault takes as long as user space likes:
 * none is waited for where it would hold up the end of the role, and none is
 * behind a copy, for which the role may have ended meanwhile.
 */
static int shmring_copy(struct shmring_endpoint *ep, u8 *at,
			struct iov_iter *iter, size_t len)
{
	bool out = iov_iter_rw(iter) == READ;
	size_t part, copied;
	int err;

	while (len) {
		part = min_t(size_t, len, PAGE_SIZE);
		if (out ? fault_in_iov_iter_writeable(iter, part) :
			  fault_in_iov_iter_readable(iter, part))
			return -EFAULT;
		if (fatal_signal_pending(current))
			return -EINTR;
		err = shmring_enter(ep);
		if (err)
			return err;
		pagefault_disable();
		copied = out ? copy_to_iter(at, part, iter) :
			       copy_from_iter(at, part, iter);
		pagefault_enable();
		shmring_leave(ep);
		at += copied;
		len -= copied;
		cond_resched();
	}
	return 0;
}

/*
 * Follow the lane to its next producer: at @generation, the reader has looked at
 * none before.
 */
static int shmring_follow(struct shmring_endpoint *ep, struct shmring_slot *lane,
			  u32 generation)
{
	struct shmring_cursor *own = lane->tail;
	u64 tail;
	int err;

	if (READ_ONCE(own->generation) == generation)
		return 0;
	err = shmring_enter(ep);
	if (err)
		return err;
	tail = shmring_tail(lane);
	if (READ_ONCE(own->pos) != tail)
		WRITE_ONCE(own->pos, tail);
	/* (G4) The tail before the generation; pairs with (G3). */
	smp_store_release(&own->generation, generation);
	shmring_leave(ep);
	return 0;
}

/*
 * A head that stays where nothing can be dropped would be told of by each call.
 * Where there are other lanes, whose records are waited for, the first one does.
 */
static int shmring_tell(struct shmring_slot *lane, u64 head)
{
	if (lane->ring->nr_lanes > 1 && head == lane->told)
		return -EAGAIN;
	lane->told = head;
	return -EBADMSG;
}

/*
 * What a reader sees: from its @tail to @end, unless that is nonsense. 1: another
 * producer began there, and there may be more.
 */
static int shmring_look(struct shmring_endpoint *ep, struct shmring_slot *lane,
			u64 *tail, u64 *end)
{
	struct shmring *ring = ep->ring;
	u64 head, whole;
	u32 generation;
	int err;

	do {
		/* (G2), pairs with (G1). */
		generation = smp_load_acquire(&lane->lane->generation);
		err = shmring_follow(ep, lane, generation);
		if (err)
			return err;
		*tail = READ_ONCE(lane->tail->pos);
		/* (C), pairs with (B): the record was written before head moved. */
		head = smp_load_acquire(&lane->head->pos);
		/* (G5) The generation after the head; pairs with (G1). */
	} while (READ_ONCE(lane->lane->generation) != generation);
	if (shmring_is_plausible(ring, head, *tail)) {
		*end = shmring_horizon(lane->lane, generation, *tail, head);
		return *end != head;
	}
	/* Not back: the producer may have used what lies behind. */
	whole = shmring_whole(ring, *tail, head);
	if (shmring_is_before(head, *tail) || whole == *tail)
		return shmring_tell(lane, head);
	return shmring_move(ep, lane, whole) ?: -EBADMSG;
}

/*
 * The first record at @tail or behind it that has bytes; those without are
 * passed over, since nobody could tell one from the end. -EAGAIN: none; -EBADMSG:
 * nor anything else before @end.
 */
static int shmring_find_record(const struct shmring_slot *lane, u64 *tail,
			       u64 end, u8 **data, u64 *len)
{
	int err;

	while (end != *tail) {
		err = shmring_next_record(lane, *tail, end - *tail, data, len);
		if (err)
			*tail = end;
		if (err || *len)
			return err;
		*tail += shmring_footprint(lane->ring, 0);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return -EAGAIN;
}

/* One record of a lane to user space; -EAGAIN if there is none. */
static ssize_t shmring_get_from(struct shmring_endpoint *ep,
				struct shmring_slot *lane, struct iov_iter *to)
{
	u64 start = 0, end = 0, tail, len;
	u8 *data;
	int err, more;

	do {
		more = shmring_look(ep, lane, &start, &end);
		if (more < 0)
			return more;
		tail = start;
		err = shmring_find_record(lane, &tail, end, &data, &len);
		/* What was passed over is released, whatever is behind it. */
		if (tail != start)
			err = shmring_move(ep, lane, tail) ?: err;
	} while (err == -EAGAIN && more);
	if (err)
		return err;
	if (len > iov_iter_count(to))
		return -EMSGSIZE;
	err = shmring_copy(ep, data, to, len);
	if (!err)
		err = shmring_move(ep, lane,
				   tail + shmring_footprint(ep->ring, len));
	return err ?: len;
}

/* The lanes take turns, also where one has what the caller cannot take. */
static ssize_t shmring_get(struct shmring_endpoint *ep, struct iov_iter *to)
{
	struct shmring *ring = ep->ring;
	unsigned int i, index;
	ssize_t ret = -EAGAIN;

	lockdep_assert_held(&ep->io);
	for (i = 0; i < ring->nr_lanes && ret == -EAGAIN; i++) {
		index = (ep->turn + i) % ring->nr_lanes;
		ret = shmring_get_from(ep, &ring->lane[index], to);
	}
	if (ret != -EAGAIN)
		ep->turn = index + 1;
	return ret;
}

static int shmring_put_header(struct shmring_endpoint *ep, u8 *at, u32 len)
{
	struct shmring_record rec = { .len = len };
	int err = shmring_enter(ep);

	if (err)
		return err;
	memcpy(at, &rec, sizeof(rec));
	shmring_leave(ep);
	return 0;
}

/* One record from user space; -EAGAIN if there is no room. */
static ssize_t shmring_put(struct shmring_endpoint *ep, struct iov_iter *from,
			   size_t len)
{
	struct shmring_slot *lane = ep->slot;
	struct shmring *ring = ep->ring;
	u64 need = shmring_footprint(ring, len);
	u64 head = READ_ONCE(lane->head->pos);
	u64 tail;
	u8 *at = shmring_at(lane, head);
	int err = 0;

	tail = shmring_tail(lane);	/* (A) */
	if (!shmring_is_plausible(ring, head, tail) ||
	    ring->bytes - (head - tail) < need)
		return -EAGAIN;
	if (!ring->record_size) {
		err = shmring_put_header(ep, at, len);
		at += sizeof(struct shmring_record);
	}
	if (!err)
		err = shmring_copy(ep, at, from, len);
	if (!err)
		err = shmring_move(ep, lane, head + need);
	return err ?: len;
}

static bool shmring_may_block(const struct kiocb *iocb)
{
	return !(iocb->ki_filp->f_flags & O_NONBLOCK) &&
	       !(iocb->ki_flags & IOCB_NOWAIT);
}

static int shmring_lock_io(struct shmring_endpoint *ep, struct kiocb *iocb)
{
	if (!shmring_may_block(iocb))
		return mutex_trylock(&ep->io) ? 0 : -EAGAIN;
	return mutex_lock_interruptible(&ep->io) ? -ERESTARTSYS : 0;
}

static int shmring_block(struct shmring_endpoint *ep, struct kiocb *iocb,
			 u64 want)
{
	int events;

	if (!shmring_may_block(iocb))
		return -EAGAIN;
	events = shmring_sleep(ep, want);
	return events == -EINTR ? -ERESTARTSYS : events;
}

ssize_t shmring_read(struct shmring_endpoint *ep, struct kiocb *iocb,
		     struct iov_iter *to)
{
	ssize_t ret;
	bool gone;

	for (;;) {
		if (!shmring_is_live(ep))
			return -ENOTCONN;
		ret = shmring_lock_io(ep, iocb);
		if (ret)
			return ret;
		/* Before head is read, so that the last records are seen. */
		gone = shmring_peer_gone(ep->slot);
		ret = shmring_get(ep, to);
		mutex_unlock(&ep->io);
		if (ret != -EAGAIN)
			break;
		if (gone)
			return 0;
		ret = shmring_block(ep, iocb, 0);
		/* One looks at what makes no sense, and goes on behind it. */
		if (ret < 0 && (ret != -EBADMSG || signal_pending(current)))
			return ret;
	}
	return ret;
}

ssize_t shmring_write(struct shmring_endpoint *ep, struct kiocb *iocb,
		      struct iov_iter *from)
{
	struct shmring *ring = ep->ring;
	size_t len = iov_iter_count(from);
	u64 need = shmring_footprint(ring, len);
	ssize_t ret;
	bool gone;

	if (need > ring->bytes || (ring->record_size && len != need))
		return -EMSGSIZE;
	for (;;) {
		if (!shmring_is_live(ep))
			return -ENOTCONN;
		ret = shmring_lock_io(ep, iocb);
		if (ret)
			return ret;
		gone = shmring_peer_gone(ep->slot);
		ret = shmring_put(ep, from, len);
		mutex_unlock(&ep->io);
		if (ret != -EAGAIN)
			break;
		if (gone)
			return -EPIPE;
		ret = shmring_block(ep, iocb, need);
		if (ret < 0)
			return ret;
	}
	return ret;
}
