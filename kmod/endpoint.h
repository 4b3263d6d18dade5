/* SPDX-License-Identifier: GPL-2.0-only */
/* An endpoint: who has a role, by what descriptor and in which address space. */
#ifndef _SHMRING_ENDPOINT_H
#define _SHMRING_ENDPOINT_H

#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/workqueue.h>

#include "ring.h"

/*
 * struct shmring_endpoint - somebody's role in a ring
 * @ring: with a reference
 * @slot: the place that it has or had; set with @live
 * @mapping: of its mappings alone, by which they are revoked
 * @lock: protects @live, @writers, @mm and @task. Held for reading while the
 *	kernel maps pages or moves a position on behalf of the endpoint, and for
 *	writing when the role ends: after that nothing of it happens any more.
 *	User memory is not touched under it but with page faults disabled
 * @live: it has the role: set once, under the ring's lock, and cleared once
 * @writers: shared mappings of what the role may write
 * @mm: to which all shared mappings belong; NULL before the first, then fixed
 * @task: who mapped it first
 * @turn: the lane that the next read() begins with; protected by @io
 * @io: one read() or write() at a time. Held while user memory is copied, for as
 *	long as user space likes, so nothing that ends the role waits for it
 * @ended: it has no role, not yet or not any more
 * @ref: of the open file, of the side, and of who evicts it
 * @free_work: behind an RCU grace period, for shmring_fence(); and where the
 *	last reference of an mm may be dropped
 */
struct shmring_endpoint {
	struct shmring *ring;
	struct shmring_slot *slot;
	struct address_space mapping;
	struct rw_semaphore lock;
	bool live;
	unsigned int writers;
	struct mm_struct *mm;
	struct task_struct *task;
	struct mutex io;		/* one read() or write(); turn */
	u32 turn;
	struct completion ended;
	refcount_t ref;
	struct rcu_work free_work;
};

/* Without a role yet; or an ERR_PTR. */
struct shmring_endpoint *shmring_new_endpoint(struct shmring *ring);
struct shmring_endpoint *shmring_get_endpoint(struct shmring_endpoint *ep);
void shmring_put_endpoint(struct shmring_endpoint *ep);

/* @index: of the lane or consumer, or SHMRING_INDEX_ANY */
int shmring_take_role(struct shmring_endpoint *ep, u32 role, u32 index);

/*
 * Revoke all mappings, tell the peer, free the role; whoever comes second waits
 * for that. May be called with mmap_lock held.
 */
void shmring_end_role(struct shmring_endpoint *ep);

/* End the role of whoever has it. -ENOTCONN: nobody has. */
int shmring_evict(struct shmring *ring, u32 role, u32 index);

/* ATTACH: a new descriptor. */
int shmring_attach(struct shmring *ring, u32 role, u32 index);

/* How many of @lanes lanes can have @role, 0 if there is no such role. */
static inline u32 shmring_nr_slots(u32 role, u32 lanes)
{
	return role == SHMRING_ROLE_PRODUCER ? lanes :
	       role == SHMRING_ROLE_CONSUMER;
}

/* Whether an endpoint of @role can have @index in a ring of @lanes lanes. */
static inline bool shmring_is_role(u32 role, u32 index, u32 lanes)
{
	u32 nr = shmring_nr_slots(role, lanes);

	return nr && (index < nr || index == SHMRING_INDEX_ANY);
}

static inline bool shmring_is_live(const struct shmring_endpoint *ep)
{
	return READ_ONCE(ep->live);
}

/* Between success and shmring_leave(), the role does not end. -ENOTCONN: it has. */
static inline int shmring_enter(struct shmring_endpoint *ep)
{
	down_read(&ep->lock);
	if (ep->live)
		return 0;
	up_read(&ep->lock);
	return -ENOTCONN;
}

static inline void shmring_leave(struct shmring_endpoint *ep)
{
	up_read(&ep->lock);
}

static inline bool shmring_is_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

/* settle.c: where the two sides of a lane are, as far as it can be true */
void shmring_settle(struct shmring_slot *slot);
u64 shmring_whole(const struct shmring *ring, u64 from, u64 pos);
bool shmring_is_plausible(const struct shmring *ring, u64 head, u64 tail);
u64 shmring_tail(const struct shmring_slot *slot);
u64 shmring_horizon(const struct shmring_lane *lane, u32 now, u64 tail, u64 head);

/* map.c */
int shmring_mmap(struct file *file, struct vm_area_struct *vma);

/* record.c */
ssize_t shmring_read(struct shmring_endpoint *ep, struct kiocb *iocb,
		     struct iov_iter *to);
ssize_t shmring_write(struct shmring_endpoint *ep, struct kiocb *iocb,
		      struct iov_iter *from);

#endif /* _SHMRING_ENDPOINT_H */
