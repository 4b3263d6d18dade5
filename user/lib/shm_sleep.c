// SPDX-License-Identifier: MIT
/*
 * Sleeping without the module. Dekker's problem: each side stores, then loads
 * what the other stored, and one of the two must see the other's store.
 *
 *	sleeper					publisher
 *	  make the bell odd (1)
 *	  k = bell          (2)			  STORE.rel pos (B) or (D)
 *	  membarrier        (3)			  compiler barrier
 *	  look at peer->pos (4)			  LOAD bell     (5)
 *	  sleep if bell == k (7)		  odd: bell++ and wake (6)
 *
 * (3) makes each CPU that runs a thread of a registered process execute a full
 * fence between (2) and (4); a CPU that comes to run one only later fences
 * when it switches to it. So a publisher's CPU fences somewhere. If before its
 * LOAD (5), that sees (1), and the publisher kicks. If after it, its store of
 * pos, which is older in the program, is seen by (4), and nobody sleeps. In
 * either case the publisher's hot path has no fence.
 *
 * The bell counts up, so a kick in answer to (1) is newer than k: (7) either
 * finds the word changed, or sleeps and is woken by (6), as futexes go. For
 * the same reason who comes or goes, changes its state and then rings, is seen
 * in (4) or heard in (7).
 *
 * Several threads sleep on one bell: the owner's, and the endpoint's for its
 * event loop. Who finds it odd leaves it so, and one kick wakes all. (6) is one
 * step of the kernel: a publisher that is killed or stopped before it leaves the
 * bell odd, so that the next one kicks, and after it all are awake. Two that kick
 * at once leave it odd for nobody, which costs a kick in vain.
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

/* A filter of system calls says EPERM for those that it does not know. */
static int refused(const char *call, const char *since)
{
	if (errno == EPERM)
		return shmring_fail(EPERM, "cannot attach: %s is forbidden here (%s): allow it in the container's seccomp profile",
				    call, strerror(EPERM));
	return shmring_fail(ENOSYS, "cannot attach: this kernel lacks %s (%s): it takes Linux %s",
			    call, strerror(errno), since);
}

/* What this process needs before its first sleep or publish. */
int shm_sleep_ready(void)
{
	if (syscall(SYS_membarrier,
		    MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0))
		return refused("membarrier(2)", "4.16 with CONFIG_MEMBARRIER");
	/* With nothing to wait for it is EINVAL where it exists. */
	if (futex_wait_all(NULL, 0, SHMRING_NEVER) && errno != EINVAL)
		return refused("futex_waitv(2)", "5.16");
	return 0;
}

static uint32_t *own_bell(const struct shm *s)
{
	return shmring_bell(s->info, s->role, 0);
}

/* Acquire: before a look at what the bell is rung for. */
uint32_t shm_bell(const struct shm *s)
{
	return __atomic_load_n(own_bell(s), __ATOMIC_ACQUIRE);
}

/*
 * What a consumer shows that cannot be counts as standing still. Of a producer
 * that is an error, for which one wakes, as one does to follow the lane.
 */
bool shm_is_reached(const struct shm *s, const struct shm_goal *goal)
{
	const struct shmring_lane *lane = s->info->lane;
	bool produces = s->role == SHMRING_ROLE_PRODUCER;
	/* (4) */
	uint64_t pos = produces ?
		       shmring_tail(lane, s->peer, goal->generation,
				    goal->ring_bytes) :
		       __atomic_load_n(&s->peer->pos, __ATOMIC_ACQUIRE);
	/* After it, since the owner may go on: no more than that was there. */
	uint64_t own = __atomic_load_n(&s->self->pos, __ATOMIC_RELAXED);
	uint64_t most = own - goal->seen + (produces ? 0 : goal->ring_bytes);
	uint64_t moved = pos - goal->seen;

	if (!produces && __atomic_load_n(&lane->generation, __ATOMIC_RELAXED) !=
			 goal->generation)
		return true;
	if (moved > most || (moved && moved < goal->least) || pos & goal->odd)
		return !produces;
	return moved >= goal->need;
}

/*
 * (1) to (4). 1: the peer's position has reached @goal; 0: it may sleep while
 * the bell is @k; -EPIPE: the peer is gone.
 *
 * Besides its arguments it uses shared words only, so that the endpoint's
 * thread may call it while the owner goes on.
 */
int shm_arm_and_look(struct shm *s, const struct shm_goal *goal, uint32_t *k)
{
	/* (1), (2) */
	*k = __atomic_fetch_or(own_bell(s), 1, __ATOMIC_SEQ_CST) | 1;
	/* (3) */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0))
		return -errno;
	if (shm_is_reached(s, goal))
		return 1;
	return shmring_state(s->info, s->other) == SHMRING_STATE_GONE ?
	       -EPIPE : 0;
}

/* Until the peer's position reaches @goal, or the bell. 0: look again. */
int shm_sleep_until(struct shm *s, const struct shm_goal *goal,
		    int64_t deadline)
{
	uint32_t k;
	int err = shm_arm_and_look(s, goal, &k);

	if (err)
		return err < 0 ? err : 0;
	/* (7) */
	return futex_wait(own_bell(s), k, deadline);
}

/* Until the peer is there, or the epoch is no longer @epoch. 0: look again. */
int shm_sleep_peer(struct shm *s, uint32_t epoch, int64_t deadline)
{
	uint32_t k = shm_bell(s);

	if (shm_state_of_peer(s) == SHMRING_STATE_ATTACHED ||
	    __atomic_load_n(&s->info->epoch, __ATOMIC_ACQUIRE) != epoch)
		return 0;
	return futex_wait(own_bell(s), k, deadline);
}
