// SPDX-License-Identifier: MIT
/* A log in memory shared by fork(), a semaphore around it and its counter. */
/* No copy and no system call; two system calls where a side sleeps. */
/* man 2 mmap, man 3 sem_init */
#include "sems.h"

/*
 * The textbook's bounded buffer: the two counting semaphores say that there is
 * something to do, the third lets one process at a time do it. So any number of
 * producers and consumers may share it, and the positions are shared, too.
 *
 * struct anon_ctl - in the shared memory
 * @count: messages ever logged and ever read, by enum side, under @lock
 */
struct anon_ctl {
	sem_t sem[2];
	sem_t lock;
	uint32_t count[2];
};

static ALWAYS_INLINE int anon_mmap_take(struct channel *ch, enum side side,
					uint32_t most)
{
	struct sems *s = ch->state;
	struct anon_ctl *ctl = s->slots.ctl;
	int rc, run = sems_take(ch, side, most);

	if (bench_unlikely(run < 0))
		return run;
	rc = sems_wait(&ctl->lock);
	s->slots.pos = ctl->count[side];
	return bench_unlikely(rc) ? rc : run;
}

static ALWAYS_INLINE int anon_mmap_give(struct channel *ch, enum side side,
					uint32_t n)
{
	struct sems *s = ch->state;
	struct anon_ctl *ctl = s->slots.ctl;

	ctl->count[side] += n;
	if (bench_unlikely(sem_post(&ctl->lock)))
		return -errno;
	return sems_give(ch, side, n);
}

DEFINE_SLOTS_LOOPS(anon_mmap);

static int anon_mmap_open(struct channel *ch)
{
	struct sems *s = slots_new(ch, sizeof(*s), ch->size);
	int rc = s ? slots_map(&s->slots, -1) : -ENOMEM;

	if (rc)
		return rc;
	sems_init(s);
	return sem_init(&((struct anon_ctl *)s->slots.ctl)->lock, 1, 1) ?
	       -errno : 0;
}

const struct transport transport_anon_mmap = {
	.name = "anon-mmap",
	.group = "memory",
	.what = "log in memory shared by fork, under a semaphore",
	.loops = &anon_mmap_loops,
	.asleep = &anon_mmap_loops,
	.batches = true,
	.many = true,
	.fits = fits_half,
	.open = anon_mmap_open,
	.close = slots_close,
};
