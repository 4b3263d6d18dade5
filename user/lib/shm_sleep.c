// SPDX-License-Identifier: MIT
/*
 * Sleeping without the module. Dekker's problem: each side stores, then loads
 * what the other stored, and one of the two must see the other's store.
 *
 *	sleeper					publisher
 *	  k = peer->kick  (1)
 *	  self->wait++    (2)			  STORE.rel pos (B) or (D)
 *	  membarrier      (3)			  compiler barrier
 *	  look at peer->pos (4)			  LOAD wait     (5)
 *	  sleep if peer->kick == k (7)		  changed: kick++, wake (6)
 *
 * (3) makes each CPU that runs a thread of a registered process execute a full
 * fence between (2) and (4); a CPU that comes to run one only later fences
 * when it switches to it. So a publisher's CPU fences somewhere. If before its
 * LOAD (5), that sees (2), and the publisher kicks. If after it, its store of
 * pos, which is older in the program, is seen by (4), and nobody sleeps. In
 * either case the publisher's hot path has no fence.
 *
 * (1) is before (2), so a kick in answer to (2) is newer than k: (7) either
 * finds the word changed, or sleeps and is woken by (6), as futexes go.
 *
 * Both sides must be registered for (3); attaching does it, or fails.
 */
#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "futex.h"
#include "shm.h"

/* What this process needs before its first sleep or publish. */
int shm_sleep_ready(void)
{
	if (syscall(SYS_membarrier,
		    MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0))
		return shmring_fail(ENOSYS, "cannot attach: this kernel lacks membarrier(2) (%s): it takes Linux 4.16 with CONFIG_MEMBARRIER",
				    strerror(errno));
	/* With nothing to wait for it is EINVAL where it exists. */
	if (futex_wait_all(NULL, 0, SHMRING_NEVER) && errno == ENOSYS)
		return shmring_fail(ENOSYS, "cannot attach: this kernel lacks futex_waitv(2): it takes Linux 5.16");
	return 0;
}

static int sleep_on(const struct futex_waitv *v, unsigned int n,
		    int64_t deadline)
{
	if (futex_wait_all(v, n, deadline) >= 0 || errno == EAGAIN)
		return 0;
	return -errno;
}

/*
 * shm_sleep_until - until the peer's position reaches @target, or a kick, or a
 * change of epoch, or of @also
 *
 * Besides its arguments it uses shared words only, so that the pump may call it
 * while the owner of the endpoint goes on. 0: look again, -EPIPE: the peer is
 * gone.
 */
int shm_sleep_until(struct shm *s, uint64_t target, const uint32_t *also,
		    uint32_t also_value, int64_t deadline)
{
	struct futex_waitv v[3];
	unsigned int n = 0;

	/* (1), acquire: before (2) */
	v[n++] = futex_is(&s->peer->kick,
			  __atomic_load_n(&s->peer->kick, __ATOMIC_ACQUIRE));
	/* Pairs with the release in shm_set_state(). */
	v[n++] = futex_is(&s->info->epoch,
			  __atomic_load_n(&s->info->epoch, __ATOMIC_ACQUIRE));
	if (also)
		v[n++] = futex_is(also, also_value);
	/* (2), an addition since the owner and its pump may both be here */
	__atomic_fetch_add(&s->self->wait, 1, __ATOMIC_SEQ_CST);
	/* (3) */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0))
		return -errno;
	/* (4) */
	if ((int64_t)(__atomic_load_n(&s->peer->pos, __ATOMIC_ACQUIRE) -
		      target) >= 0)
		return 0;
	if (shmring_state(s->info, s->other) == SHMRING_STATE_GONE)
		return -EPIPE;
	/* (7) */
	return sleep_on(v, n, deadline);
}

/* Until the epoch is no longer @epoch, by which the caller saw no peer. */
int shm_sleep_peer(struct shm *s, uint32_t epoch, int64_t deadline)
{
	const struct futex_waitv v = futex_is(&s->info->epoch, epoch);

	return sleep_on(&v, 1, deadline);
}
