// SPDX-License-Identifier: MIT
/* Message slots in a System V segment, counted by two System V semaphores. */
/* No copy and four system calls per publish, two of each side. */
/* man 2 shmget, semop */
#include <sys/sem.h>

#include "guard.h"
#include "sysv-shm.h"

/* The semaphores are numbered by who waits for them. */
struct sysv_shm {
	struct slots slots;
	struct guard sems;
};

static ALWAYS_INLINE int sysv_shm_op(struct channel *ch, enum side side, int n)
{
	struct sysv_shm *s = ch->state;
	struct sembuf op = {
		.sem_num = (unsigned short)side,
		.sem_op = (short)n,
	};

	while (bench_unlikely(semop(s->sems.id, &op, 1)))
		if (errno != EINTR) /* a stop and a continuation */
			return -errno;
	return 0;
}

static ALWAYS_INLINE int sysv_shm_take(struct channel *ch, enum side side,
				       uint32_t most)
{
	int rc = sysv_shm_op(ch, side, -(int)most);

	return bench_unlikely(rc) ? rc : (int)most;
}

static ALWAYS_INLINE int sysv_shm_give(struct channel *ch, enum side side,
				       uint32_t n)
{
	return sysv_shm_op(ch, other_side(side), (int)n);
}

DEFINE_SLOTS_LOOPS(sysv_shm);

static void sysv_sems_remove(int id)
{
	semctl(id, 0, IPC_RMID);
}

static int sysv_sems_make(const struct channel *ch)
{
	const struct sysv_shm *s = ch->state;
	int rc = 0, id = semget(IPC_PRIVATE, 2, 0600);

	if (id < 0)
		return -errno;
	if (semctl(id, SIDE_PRODUCER, SETVAL, (int)s->slots.nr) ||
	    semctl(id, SIDE_CONSUMER, SETVAL, 0)) {
		rc = -errno;
		sysv_sems_remove(id);
	}
	return rc ? rc : id;
}

static const struct guard_ops sysv_sems = { sysv_sems_make, sysv_sems_remove };

static int sysv_shm_open(struct channel *ch)
{
	struct sysv_shm *s = slots_new(ch, sizeof(*s), ch->size);
	int rc;

	if (!s)
		return -ENOMEM;
	rc = sysv_shm_map(ch);
	if (rc)
		return rc;
	rc = guard_start(&s->sems, &sysv_sems, ch);
	if (rc)
		snprintf(ch->why, sizeof(ch->why),
			 "sysv-shm: no semaphores: %s: ipcs -ls and -s say what is possible and who has them",
			 strerror(-rc));
	return rc;
}

static void sysv_shm_close_all(struct channel *ch)
{
	struct sysv_shm *s = ch->state;

	if (s)
		guard_stop(&s->sems, &sysv_sems);
	sysv_shm_close(ch);
}

const struct transport transport_sysv_shm = {
	.name = "sysv-shm",
	.group = "memory",
	.what = "ring in System V shared memory, System V semaphores",
	.loops = &sysv_shm_loops,
	.asleep = &sysv_shm_loops,
	.batches = true,
	.fits = fits_half,
	.open = sysv_shm_open,
	.close = sysv_shm_close_all,
};
