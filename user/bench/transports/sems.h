/* SPDX-License-Identifier: MIT */
/* Slots that are counted by two POSIX semaphores, one by one. */
#ifndef BENCH_SEMS_H
#define BENCH_SEMS_H

#include <assert.h>
#include <semaphore.h>

#include "slots.h"

/* @sem: what each side waits for: free slots, filled slots */
struct sems {
	struct slots slots;
	sem_t *sem[2];
};

static ALWAYS_INLINE int sems_wait(sem_t *sem)
{
	while (bench_unlikely(sem_wait(sem)))
		if (errno != EINTR)
			return -errno;
	return 0;
}

static ALWAYS_INLINE int sems_take(struct channel *ch, enum side side,
				   uint32_t most)
{
	struct sems *s = ch->state;
	int rc = sems_wait(s->sem[side]);

	(void)most;
	return bench_unlikely(rc) ? rc : 1;
}

static ALWAYS_INLINE int sems_give(struct channel *ch, enum side side,
				   uint32_t n)
{
	struct sems *s = ch->state;

	(void)n;
	return bench_unlikely(sem_post(s->sem[other_side(side)])) ? -errno : 0;
}

/* Unnamed ones, in the shared memory. */
static inline void sems_init(struct sems *s)
{
	sem_t *sems = s->slots.ctl;
	int i;

	assert(sems);
	for (i = 0; i < 2; i++) {
		s->sem[i] = &sems[i];
		sem_init(s->sem[i], 1, i == SIDE_PRODUCER ? s->slots.nr : 0);
	}
}

#endif /* BENCH_SEMS_H */
