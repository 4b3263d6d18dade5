/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring object.
 *
 * Its pages are numbered in the order in which they are mapped:
 *
 *	| info | lane page ... | cursor pages | data of a lane, twice | ...
 *
 * Those up to the cursor pages are the ring's own, in one array and mapped into the
 * kernel together; each lane has its data.
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
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/rcupdate.h>
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

struct eventfd_ctx;

/*
 * struct shmring_slot - a producer's or consumer's place in a ring, taken or not
 * @ring: whose it is
 * @role: SHMRING_ROLE_*
 * @index: of the lane or consumer
 * @page: its control page; user space writes it, so nothing in it is believed
 * @wq: who sleeps here: WAIT, poll, read, write
 * @bell: in the info page: 1 while somebody has joined @wq, or armed the eventfd,
 *	and was not kicked since
 * @lock: protects @eventfd
 * @eventfd: signalled with each kick, or NULL
 * @owner: the endpoint that has the role, or NULL. Written under the ring's
 *	lock, read under it or RCU
 * @pid: the process that mapped or else attached, or NULL; protected by the
 *	ring's lock
 *
 * Of a lane:
 * @lane: what the info page says of it
 * @head: the producer's cursor
 * @tail: the consumer's
 * @began: where the consumer's last holder began; protected by the ring's lock
 * @last: the process that had it last, or NULL; protected by the ring's lock
 * @left: when that was, by @leaves of the ring; protected by its lock
 * @told: the last head that read() reported as nonsense; protected by the
 *	consumer's io lock
 * @pages: of its data
 * @data: mapped twice
 */
struct shmring_slot {
	struct shmring *ring;
	u32 role;
	u32 index;
	struct shmring_ctl_page *page;
	wait_queue_head_t wq;
	u32 *bell;

	spinlock_t lock;		/* eventfd */
	struct eventfd_ctx *eventfd;

	struct shmring_endpoint __rcu *owner;	/* the ring's lock */
	struct pid *pid;			/* the ring's lock */

	struct shmring_lane *lane;
	struct shmring_cursor *head;
	struct shmring_cursor *tail;
	u64 began;				/* the ring's lock */
	struct pid *last;			/* the ring's lock */
	u64 left;				/* the ring's lock */
	u64 told;				/* the consumer's io lock */
	struct page **pages;
	u8 *data;

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
 * @leaves: how often a producer has left
 * @met: somebody has had a role
 * @condemned: nobody attaches any more, and the name is gone or about to go
 * @unlink_work: takes the name away where no lock may be held for it
 * @high_water: per cent at which LEVEL_NTF is sent, 0 for none
 * @level: SHMRING_LEVEL_* as last told
 * @level_work: looks at the level
 * @nr_lanes: how many producers it can have
 * @lane: their places
 * @consumer: the place of the consumer
 * @wq: who polled a descriptor of the ring that had no role yet, and may have any
 *	by now: woken with each of them
 * @nr_pages: of @pages
 * @pages: the ring's own, from the info page to the cursor pages
 * @base: where they are mapped
 * @node_pages: all pages by node, which they do not leave
 * @info: the info page, which the kernel alone writes
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

	unsigned int nr_lanes;
	struct shmring_slot *lane;
	struct shmring_slot consumer;
	wait_queue_head_t wq;

	unsigned long nr_pages;
	struct page **pages;
	void *base;
	unsigned long *node_pages;
	struct shmring_info_page *info;

	u32 high_water;
	u32 level;
	struct delayed_work level_work;

	struct mutex lock;		/* attach, detach, info->state, ... */
	unsigned int users;		/* ... these four */
	u64 leaves;
	bool met;
	bool condemned;
	struct work_struct unlink_work;
};

#define shmring_for_each_lane(ring, slot)				\
	for ((slot) = (ring)->lane;					\
	     (slot) < (ring)->lane + (ring)->nr_lanes; (slot)++)

static inline bool shmring_is_producer(const struct shmring_slot *slot)
{
	return slot->role == SHMRING_ROLE_PRODUCER;
}

static inline bool shmring_is_free(const struct shmring_slot *slot)
{
	return !rcu_access_pointer(slot->owner);
}

/* What is said of all that have the role of @slot. */
static inline u32 *shmring_state(const struct shmring_slot *slot)
{
	return &slot->ring->info->state[slot->role - SHMRING_ROLE_PRODUCER];
}

static inline u32 shmring_peer_state(const struct shmring_slot *slot)
{
	u32 peer = SHMRING_ROLE_CONSUMER - slot->role;

	/*
	 * Pairs with shmring_set_state(). Who sees that the peer is gone, and
	 * only then looks at its position, sees the last one.
	 */
	return smp_load_acquire(&slot->ring->info->state[peer]);
}

static inline bool shmring_peer_gone(const struct shmring_slot *slot)
{
	return shmring_peer_state(slot) == SHMRING_STATE_GONE;
}

/* Where the regions begin, in pages, and how long they are. */
static inline unsigned long shmring_info_pages(const struct shmring *ring)
{
	return PFN_UP(struct_size(ring->info, lane, ring->nr_lanes));
}

static inline unsigned long shmring_cursor_pages(const struct shmring *ring)
{
	return PFN_UP(struct_size(ring->consumer.page, cursor, ring->nr_lanes));
}

static inline unsigned long shmring_data_pages(const struct shmring *ring)
{
	return ring->bytes >> PAGE_SHIFT;
}

static inline unsigned long shmring_lane_index(const struct shmring *ring)
{
	return SHMRING_INFO_INDEX + shmring_info_pages(ring);
}

static inline unsigned long shmring_cursor_index(const struct shmring *ring)
{
	return shmring_lane_index(ring) + ring->nr_lanes;
}

static inline unsigned long shmring_data_index(const struct shmring *ring)
{
	return shmring_cursor_index(ring) + shmring_cursor_pages(ring);
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

/*
 * memory.c: on failure, too, free what there is. Page @index, and where the kernel
 * sees it; NULL if there is none.
 */
int shmring_alloc_memory(struct shmring *ring);
void shmring_free_memory(struct shmring *ring);
struct page *shmring_page(const struct shmring *ring, unsigned long index);
void *shmring_address(const struct shmring *ring, unsigned long index);

/* For what cannot be done where it is due. */
extern struct workqueue_struct *shmring_workqueue;

int shmring_rings_init(void);
void shmring_rings_exit(void);

#endif /* _SHMRING_RING_H */
