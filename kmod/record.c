// SPDX-License-Identifier: GPL-2.0-only
/*
 * read() and write(): the kernel as consumer and as producer, a record each.
 * Positions and headers are user space's: each is read once and checked, and
 * the copy is used. The data is mapped twice, so a record that passes the check
 * lies within the mapping.
 */
#include <linux/align.h>
#include <linux/uaccess.h>

#include "notify.h"

/* Attach on first use. */
static int shmring_become(struct file *file, u32 role)
{
	struct shmring_endpoint *ep = file->private_data;
	struct shmring_side *side = shmring_attached(ep);
	int err;

	if (!side) {
		err = shmring_attach(file, role);
		/* Another thread of ours can have been quicker. */
		if (err != -EISCONN)
			return err;
		side = shmring_attached(ep);
	}
	return side == &ep->ring->side[role - SHMRING_ROLE_PRODUCER] ?
	       0 : -EISCONN;
}

/* Bytes of @head - @tail, of which no more than the ring's size can be true. */
static int shmring_used(struct shmring *ring, u64 head, u64 tail, u64 *used)
{
	*used = head - tail;
	if (*used > ring->bytes)
		return -EBADMSG;
	if (!ring->record_size && !IS_ALIGNED(head | tail, SHMRING_RECORD_ALIGN))
		return -EBADMSG;
	return 0;
}

static u8 *shmring_at(struct shmring *ring, u64 pos)
{
	return ring->data + (pos & (ring->bytes - 1));
}

static u64 shmring_footprint(const struct shmring *ring, u64 len)
{
	if (ring->record_size)
		return ring->record_size;
	return ALIGN(len + sizeof(struct shmring_record), SHMRING_RECORD_ALIGN);
}

/* The length and place of the record at @tail, of which @used bytes are there. */
static int shmring_next_record(struct shmring *ring, u64 tail, u64 used,
			       u8 **data, u64 *len)
{
	u8 *at = shmring_at(ring, tail);

	if (ring->record_size) {
		*data = at;
		*len = ring->record_size;
		return used < *len ? -EBADMSG : 0;
	}
	*data = at + sizeof(struct shmring_record);
	*len = READ_ONCE(((struct shmring_record *)at)->len);
	return used < shmring_footprint(ring, *len) ? -EBADMSG : 0;
}

/* One record to user space; -EAGAIN if there is none. */
static ssize_t shmring_get(struct shmring *ring, char __user *buf, size_t room)
{
	struct shmring_ctl_page *own = ring->side[SHMRING_CONSUMER].page;
	u64 tail = READ_ONCE(own->pos), used, len;
	u64 head;
	u8 *data;
	int err;

	/* (C), pairs with (B): the record was written before head moved. */
	head = smp_load_acquire(&ring->side[SHMRING_PRODUCER].page->pos);
	err = shmring_used(ring, head, tail, &used);
	if (err)
		return err;
	if (!used)
		return -EAGAIN;
	err = shmring_next_record(ring, tail, used, &data, &len);
	if (err)
		return err;
	if (len > room)
		return -EMSGSIZE;
	if (copy_to_user(buf, data, len))
		return -EFAULT;
	/* (D), pairs with (A): the record was read before its space is free. */
	smp_store_release(&own->pos, tail + shmring_footprint(ring, len));
	return len;
}

/* One record from user space; -EAGAIN if there is no room. */
static ssize_t shmring_put(struct shmring *ring, const char __user *buf,
			   size_t len)
{
	struct shmring_ctl_page *own = ring->side[SHMRING_PRODUCER].page;
	struct shmring_record rec = { .len = len };
	u64 need = shmring_footprint(ring, len);
	u64 head = READ_ONCE(own->pos), used;
	u64 tail;
	u8 *at = shmring_at(ring, head);
	int err;

	/* (A), pairs with (D): the space was read before it is used again. */
	tail = smp_load_acquire(&ring->side[SHMRING_CONSUMER].page->pos);
	err = shmring_used(ring, head, tail, &used);
	if (err)
		return err;
	if (ring->bytes - used < need)
		return -EAGAIN;
	if (!ring->record_size) {
		memcpy(at, &rec, sizeof(rec));
		at += sizeof(rec);
	}
	if (copy_from_user(at, buf, len))
		return -EFAULT;
	/* (B), pairs with (C): the record was written before head moves. */
	smp_store_release(&own->pos, head + need);
	return len;
}

static int shmring_block(struct file *file, struct shmring *ring,
			 struct shmring_side *side, u64 want)
{
	int events;

	if (file->f_flags & O_NONBLOCK)
		return -EAGAIN;
	events = shmring_sleep(ring, side, want);
	return events == -EINTR ? -ERESTARTSYS : events;
}

ssize_t shmring_read(struct file *file, char __user *buf, size_t room,
		     loff_t *pos)
{
	struct shmring_endpoint *ep = file->private_data;
	struct shmring *ring = ep->ring;
	struct shmring_side *side = &ring->side[SHMRING_CONSUMER];
	ssize_t ret;
	bool gone;

	ret = shmring_become(file, SHMRING_ROLE_CONSUMER);
	if (ret)
		return ret;
	for (;;) {
		if (mutex_lock_interruptible(&side->io))
			return -ERESTARTSYS;
		/* First: what it did last is then seen. */
		gone = shmring_peer_gone(ring, side);
		ret = shmring_get(ring, buf, room);
		mutex_unlock(&side->io);
		if (ret != -EAGAIN)
			break;
		if (gone)
			return 0;
		ret = shmring_block(file, ring, side, 0);
		if (ret < 0)
			return ret;
	}
	if (ret >= 0)
		shmring_kick(shmring_other(ring, side));
	return ret;
}

ssize_t shmring_write(struct file *file, const char __user *buf, size_t len,
		      loff_t *pos)
{
	struct shmring_endpoint *ep = file->private_data;
	struct shmring *ring = ep->ring;
	struct shmring_side *side = &ring->side[SHMRING_PRODUCER];
	u64 need = shmring_footprint(ring, len);
	ssize_t ret;
	bool gone;

	ret = shmring_become(file, SHMRING_ROLE_PRODUCER);
	if (ret || !len)
		return ret;
	if (need > ring->bytes || (ring->record_size && len != need))
		return -EMSGSIZE;
	for (;;) {
		if (mutex_lock_interruptible(&side->io))
			return -ERESTARTSYS;
		gone = shmring_peer_gone(ring, side);
		ret = shmring_put(ring, buf, len);
		mutex_unlock(&side->io);
		if (ret != -EAGAIN)
			break;
		if (gone)
			return -EPIPE;
		ret = shmring_block(file, ring, side, need);
		if (ret < 0)
			return ret;
	}
	if (ret > 0)
		shmring_kick(shmring_other(ring, side));
	return ret;
}
