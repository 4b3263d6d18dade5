/* SPDX-License-Identifier: MIT */
/* Slots in a System V shared memory segment. */
#ifndef BENCH_SYSV_SHM_H
#define BENCH_SYSV_SHM_H

#include <sys/ipc.h>
#include <sys/shm.h>

#include "slots.h"

/* Marked for removal at once: it goes with the last process that has it. */
static inline int sysv_shm_map(struct channel *ch)
{
	struct slots *s = ch->state;
	int rc = 0, id = shmget(IPC_PRIVATE, s->bytes, 0600);
	void *mem = id < 0 ? NULL : shmat(id, NULL, 0);

	if (id < 0 || mem == (void *)-1)
		rc = -errno;
	if (id >= 0)
		shmctl(id, IPC_RMID, NULL);
	if (!rc)
		slots_use(s, mem);
	else
		snprintf(ch->why, sizeof(ch->why),
			 "%s: no segment of %zu bytes: %s: ipcs -lm and -m say what is possible and who has them",
			 ch->transport->name, s->bytes, strerror(-rc));
	return rc;
}

static inline void sysv_shm_close(struct channel *ch)
{
	struct slots *s = ch->state;

	if (s && s->ctl)
		shmdt(s->ctl);
	free(s);
	ch->state = NULL;
}

#endif /* BENCH_SYSV_SHM_H */
