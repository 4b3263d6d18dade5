/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring object.
 *
 * Its pages are kept in one array, in the order in which they are mapped, into
 * the kernel as into user space. The data pages are in it twice:
 *
 *	index	 0      1          2          3 ...        3 + n ... 3 + 2n
 *		| info | producer | consumer | data pages | data pages |
 *
 * Lifetimes. A ring is its struct device, which goes with the last reference:
 *
 *	the list of rings	from create to unlink
 *	shmring_handle		an open file of the ring
 *	shmring_endpoint	counted itself: by its open file (which its mappings
 *				hold), and by the side while it has the role
 *	the unlink work		while it is queued
 *
 * Each open file holds the module, so that it cannot go while anybody can come
 * back to it. A role ends before its endpoint does: shmring_end_role().
 *
 * Locks, outermost first: mmap_lock, shmring_endpoint.lock, shmring.lock. The
 * lock of devices (ring.c) is taken in none of them and outside of the lock of
 * the list, which is taken outside of shmring.lock.
 */
#ifndef _SHMRING_RING_H
#define _SHMRING_RING_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/shmring.h>

/*
 * For what a ring is made of: where its creator's memory cgroup is full, that
 * is ENOMEM. Without the flag, small allocations have somebody killed instead.
 */
#define SHMRING_GFP	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

#define SHMRING_INFO_INDEX	0
#define SHMRING_CTL_INDEX	1	/* + enum shmring_side_index */
#define SHMRING_DATA_INDEX	3

enum shmring_side_index {
	SHMRING_PRODUCER,
	SHMRING_CONSUMER,
	SHMRING_SIDES,
};

struct eventfd_ctx;

/*
 * struct shmring_side - one of the two sides of a ring, attached or not
 * @ring: whose side it is
 * @page: its control page; user space writes it, so nothing in it is believed
 * @cursor: in @page: its position
 * @wq: who sleeps on this side: WAIT, poll, read, write
 * @bell: in the info page, 1 while somebody has joined @wq, or armed the eventfd,
 *	and was not kicked since
 * @lock: protects @eventfd
 * @eventfd: signalled with each kick, or NULL
 * @owner: the endpoint that has the role, or NULL. Written under the ring's
 *	lock, read under it or RCU
 * @pid: the process that mapped or else attached, or NULL; protected by the
 *	ring's lock
 * @began: the consumer's: where the last holder began; protected by the ring's
 *	lock
 */
struct shmring_side {
	struct shmring *ring;
	struct shmring_ctl_page *page;
	struct shmring_cursor *cursor;
	wait_queue_head_t wq;
	u32 *bell;

	spinlock_t lock;		/* eventfd */
	struct eventfd_ctx *eventfd;

	struct shmring_endpoint __rcu *owner;	/* the ring's lock */
	struct pid *pid;			/* the ring's lock */
	u64 began;				/* the ring's lock */

	atomic64_t waits;		/* times that it went to sleep */
	atomic64_t wakeups;		/* times that it was woken */
	atomic64_t kicks;		/* kicks that it received */
	atomic64_t eventfd_signals;
	atomic64_t deaths;		/* owners that were killed */
};

/*
 * struct shmring - a ring; its device counts the references
 * @entry: in the list of rings, by rising id; empty once unlinked. Protected by
 *	the locks of the devices and of the list (ring.c)
 * @by_name: in the table of names, with the same locks
 * @id: no other ring has had it since the module was loaded
 * @created: nanoseconds since 1970
 * @lock: protects attach, detach, the state in the info page and the members
 *	that say so. Never held while user memory is touched
 * @users: open files of the ring and of its endpoints
 * @met: somebody has had a role
 * @condemned: nobody attaches any more, and the name is gone or about to go
 * @unlink_work: takes the name away where no lock may be held for it
 * @high_water: per cent at which LEVEL_NTF is sent, 0 for none
 * @level: SHMRING_LEVEL_* as last told
 * @level_work: looks at the level
 * @nr_pages: distinct pages
 * @pages: SHMRING_DATA_INDEX + 2 * data pages, as drawn above
 * @node_pages: distinct pages by node, which they do not leave
 * @info: the info page, which the kernel alone writes
 * @lane: in @info
 * @data: the data, twice
 */
struct shmring {
	struct device dev;
	struct cdev cdev;
	struct list_head entry;
	struct hlist_node by_name;
	u64 id;
	u64 created;
	kuid_t uid;
	kgid_t gid;
	umode_t mode;

	u64 bytes;
	u32 record_size;
	u32 flags;
	int node;

	unsigned long nr_pages;
	struct page **pages;
	unsigned long *node_pages;
	void *base;
	struct shmring_info_page *info;
	struct shmring_lane *lane;
	u8 *data;

	u32 high_water;
	u32 level;
	struct delayed_work level_work;

	struct mutex lock;		/* attach, detach, info->state, ... */
	unsigned int users;		/* ... these three */
	bool met;
	bool condemned;
	struct work_struct unlink_work;
	struct shmring_side side[SHMRING_SIDES];
};

static inline struct shmring_side *
shmring_other(struct shmring *ring, const struct shmring_side *side)
{
	return &ring->side[side == &ring->side[SHMRING_PRODUCER]];
}

static inline bool shmring_is_producer(const struct shmring *ring,
				       const struct shmring_side *side)
{
	return side == &ring->side[SHMRING_PRODUCER];
}

static inline u32 shmring_role(const struct shmring_side *side)
{
	return SHMRING_ROLE_PRODUCER + (side - side->ring->side);
}

static inline u32 *shmring_state(struct shmring *ring,
				 const struct shmring_side *side)
{
	return &ring->info->state[side - ring->side];
}

static inline u32 shmring_peer_state(struct shmring *ring,
				     struct shmring_side *side)
{
	/*
	 * Pairs with shmring_set_state(). Who sees that the peer is gone, and
	 * only then looks at its position, sees the last one.
	 */
	return smp_load_acquire(shmring_state(ring, shmring_other(ring, side)));
}

static inline bool shmring_peer_gone(struct shmring *ring,
				     struct shmring_side *side)
{
	return shmring_peer_state(ring, side) == SHMRING_STATE_GONE;
}

static inline unsigned long shmring_mapped_pages(const struct shmring *ring)
{
	return SHMRING_DATA_INDEX + 2 * (ring->bytes >> PAGE_SHIFT);
}

static inline bool shmring_is_anonymous(const struct shmring *ring)
{
	return ring->flags & SHMRING_CREATE_ANONYMOUS;
}

/* Makes a ring and returns a descriptor of it. */
int shmring_create(const struct shmring_create *args);

/* By @id or, where that is 0, by @name. */
int shmring_destroy(u64 id, const char *name);

/*
 * The ring of @id or @name that the caller may manage, with a reference to be
 * put by put_device(); or an ERR_PTR.
 */
struct shmring *shmring_get_managed(u64 id, const char *name);

/*
 * The node is there before listeners have been told of the ring: who opens it in
 * between waits here. -EINTR when killed.
 */
int shmring_finish_link(struct shmring *ring);

/*
 * Nobody attaches any more; the name goes in a moment. Under the ring's lock.
 * Who may sleep with no lock held waits for it by shmring_finish_unlink().
 */
void shmring_condemn(struct shmring *ring);
void shmring_finish_unlink(struct shmring *ring);

/*
 * The rings, for those who show them: not those that are condemned. What is
 * found stays as long as the list is locked, which is never for long.
 */
void shmring_lock_list(void);
void shmring_unlock_list(void);
struct shmring *shmring_find(const char *name);

/* The first ring whose id is @id or more, or NULL. */
struct shmring *shmring_from(u64 id);
struct shmring *shmring_after(struct shmring *ring);

/* Differs from what it was before a ring came or went; never 0. */
u32 shmring_generation(void);

/* memory.c: on failure, too, free what there is. */
int shmring_alloc_memory(struct shmring *ring);
void shmring_free_memory(struct shmring *ring);

/* For what cannot be done where it is due. */
extern struct workqueue_struct *shmring_workqueue;

int shmring_rings_init(void);
void shmring_rings_exit(void);

#endif /* _SHMRING_RING_H */
