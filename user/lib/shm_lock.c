// SPDX-License-Identifier: MIT
/* Who has which role: locks on the bytes of the ring's file; see shm.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "futex.h"
#include "shm.h"

#define READER_TRIES	10000
#define READER_NAP_NS	100000

/* It never waits: who is stopped with a lock in its hands stops nobody. */
int shm_lock(int fd, short type, off_t start, off_t len)
{
	struct flock l = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = start,
		.l_len = len,
	};

	return fcntl(fd, F_OFD_SETLK, &l) ? -errno : 0;
}

static short holder_type(int fd, off_t byte)
{
	struct flock l = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = byte,
		.l_len = 1,
	};

	return fcntl(fd, F_OFD_GETLK, &l) ? F_WRLCK : l.l_type;
}

bool shm_role_held(int fd, uint32_t role)
{
	return holder_type(fd, SHM_LOCK_ROLE(role)) == F_WRLCK;
}

/*
 * A write lock of somebody else is the role's holder. A read lock is a peer
 * that notes the last holder's death, or somebody who removes the name of a
 * ring that nobody has, and is over in a moment.
 */
int shm_take_role(int fd, uint32_t role)
{
	const struct timespec nap = { .tv_nsec = READER_NAP_NS };
	off_t byte = SHM_LOCK_ROLE(role);
	int tries, err;

	for (tries = 0; tries < READER_TRIES; tries++) {
		err = shm_lock(fd, F_WRLCK, byte, 1);
		if (err != -EAGAIN && err != -EACCES)
			break;
		if (holder_type(fd, byte) == F_WRLCK)
			break;
		nanosleep(&nap, NULL);
	}
	if (err == -EAGAIN || err == -EACCES)
		return shmring_fail(EBUSY, "cannot attach: another process is the ring's %s",
				    role == SHMRING_ROLE_PRODUCER ? "producer" :
								    "consumer");
	if (err)
		return shmring_fail(-err, "cannot attach: cannot lock the ring: %s",
				    strerror(-err));
	return 0;
}

/*
 * Wake all who sleep for @role. A kick answers an odd bell, by 1; news of who came
 * or went, by 2, leaves it what it was.
 */
static void ring_by(struct shmring_info_page *info, uint32_t role, int n)
{
	futex_add_and_wake(shmring_bell(info, role, 0), n);
}

/* (6) of shm_sleep.c */
void shm_kick_side(struct shmring_info_page *info, uint32_t role)
{
	ring_by(info, role, 1);
}

void shm_ring(struct shmring_info_page *info, uint32_t role)
{
	ring_by(info, role, 2);
}

/*
 * The caller has the role's byte locked, so nobody else changes the state.
 *
 * Whoever sees GONE sees the epoch that goes with it, and can tell it from that
 * of a peer that came later; whoever sees the epoch of a peer that came sees
 * that it is there. The bells come last: see shm_sleep.c. A caller killed
 * before it rings is heard of by its life.
 */
void shm_set_state(struct shmring_info_page *info, uint32_t role, uint32_t to)
{
	if (to == SHMRING_STATE_GONE)
		__atomic_fetch_add(&info->epoch, 1, __ATOMIC_RELEASE);
	/* Release: pairs with the acquire in shmring_state(). */
	__atomic_store_n(&info->state[shmring_side(role)], to,
			 __ATOMIC_RELEASE);
	if (to != SHMRING_STATE_GONE)
		__atomic_fetch_add(&info->epoch, 1, __ATOMIC_RELEASE);
	shm_ring(info, SHMRING_ROLE_PRODUCER);
	shm_ring(info, SHMRING_ROLE_CONSUMER);
}
