// SPDX-License-Identifier: MIT
/* Message slots in shared memory, counted by two named POSIX semaphores. */
/* No copy and no system call; two system calls where a side sleeps. */
/* man 7 sem_overview */
#include <fcntl.h>

#include "sems.h"

DEFINE_SLOTS_LOOPS(sems);

/* Both processes inherit it, so its name goes before they start. */
static sem_t *semaphore_new(const struct channel *ch, unsigned int value)
{
	char name[64];
	sem_t *sem;

	snprintf(name, sizeof(name), "/shmring-bench-%d-%u", (int)getpid(),
		 ch->id);
	/* Of a process that had this number and was killed within this call. */
	sem_unlink(name);
	sem = sem_open(name, O_CREAT | O_EXCL, 0600, value);
	if (sem == SEM_FAILED)
		return NULL;
	sem_unlink(name);
	return sem;
}

static int semaphore_open(struct channel *ch)
{
	struct sems *s = slots_new(ch, sizeof(*s), ch->size);
	int rc;

	if (!s)
		return -ENOMEM;
	s->sem[SIDE_PRODUCER] = semaphore_new(ch, s->slots.nr);
	s->sem[SIDE_CONSUMER] = semaphore_new(ch, 0);
	if (s->sem[SIDE_PRODUCER] && s->sem[SIDE_CONSUMER])
		return slots_map(&s->slots, -1);
	rc = -errno;
	snprintf(ch->why, sizeof(ch->why),
		 "semaphore: cannot make one: %s: df /dev/shm", strerror(-rc));
	return rc;
}

static void semaphore_close(struct channel *ch)
{
	struct sems *s = ch->state;
	int i;

	for (i = 0; s && i < 2; i++)
		if (s->sem[i])
			sem_close(s->sem[i]);
	slots_close(ch);
}

const struct transport transport_semaphore = {
	.name = "semaphore",
	.group = "wakers",
	.what = "ring in shared memory, counted by two named POSIX semaphores",
	.loops = &sems_loops,
	.asleep = &sems_loops,
	.batches = true,
	.fits = fits_half,
	.open = semaphore_open,
	.close = semaphore_close,
};
