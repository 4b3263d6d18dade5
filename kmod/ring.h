/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring object.
 *
 * Its pages are kept in one array, in the order in which they are mapped, into
 * the kernel as into user space. The data pages are in it twice:
 *
 *	index	 0      1          2          3 ...        3 + n ... 3 + 2n
 *		| info | producer | consumer | data pages | data pages |
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
 * @wq: who sleeps on this side: WAIT, poll, read, write
 * @wait_seq: last value stored in the page's wait word
 * @io: one read() or write() moves records at a time
 * @lock: protects the members below
 * @owner: the endpoint that has the role, or NULL
 * @task: who mapped it first
 * @mm: whose mappings are writable, or NULL before the first
 * @many_mms: the mappings went to a second process, by fork
 * @eventfd: signalled with each kick, or NULL
 * @pid: the process that attached, or NULL; protected by the ring's lock
 */
struct shmring_side {
	struct shmring *ring;
	struct shmring_ctl_page *page;
	wait_queue_head_t wq;
	atomic_t wait_seq;
	struct mutex io;		/* one read() or write() */

	spinlock_t lock;		/* the members below */
	struct shmring_endpoint *owner;
	struct task_struct *task;
	struct mm_struct *mm;
	bool many_mms;
	struct eventfd_ctx *eventfd;

	struct pid *pid;		/* the ring's lock */

	atomic64_t waits;		/* times that it went to sleep */
	atomic64_t wakeups;		/* times that it was woken */
	atomic64_t kicks;		/* kicks that it received */
	atomic64_t eventfd_signals;
	atomic64_t deaths;		/* owners that were killed */
};

/*
 * struct shmring - a ring; its device counts the references
 * @entry: in the list of named rings, by rising id, protected by its lock; empty
 *	once unlinked
 * @by_name: in the table of names, with the same lock
 * @id: no other ring has had it since the module was loaded
 * @created: nanoseconds since 1970
 * @lock: protects attach, detach and the state in the info page. Taken inside
 *	nothing but mmap_lock and the names' lock; never held while user memory
 *	is touched.
 * @high_water: per cent at which LEVEL_NTF is sent, 0 for none
 * @level: SHMRING_LEVEL_* as last told
 * @level_work: looks at the level
 * @nr_pages: distinct pages
 * @pages: SHMRING_DATA_INDEX + 2 * data pages, as drawn above
 * @node_pages: distinct pages by node, which they do not leave
 * @info: the info page, which the kernel alone writes
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
	u8 *data;

	u32 high_water;
	u32 level;
	struct delayed_work level_work;

	struct mutex lock;		/* attach, detach, info->state */
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

int shmring_create(const struct shmring_create *args);
int shmring_destroy(const char *name);
void shmring_unlink(struct shmring *ring);

/*
 * The rings that have a name, for those who show them. What is found stays as
 * long as the names are locked.
 */
void shmring_lock_names(void);
void shmring_unlock_names(void);
struct shmring *shmring_find(const char *name);

/* The first ring whose id is @id or more, or NULL. */
struct shmring *shmring_from(u64 id);
struct shmring *shmring_after(struct shmring *ring);

/* Differs from what it was before a ring came or went; never 0. */
u32 shmring_generation(void);

/* memory.c: on failure, too, free what there is. */
int shmring_alloc_memory(struct shmring *ring);
void shmring_free_memory(struct shmring *ring);

int shmring_rings_init(void);
void shmring_rings_exit(void);

#endif /* _SHMRING_RING_H */
