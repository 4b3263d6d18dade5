// SPDX-License-Identifier: MIT
/* Who has which role: locks on the bytes of the ring's file; see shm.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "futex.h"
#include "shm.h"

#define WATCHER_TRIES	10000
#define WATCHER_NAP_NS	100000

int shm_lock(int fd, int cmd, short type, off_t start, off_t len)
{
	struct flock l = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = start,
		.l_len = len,
	};

	return fcntl(fd, cmd, &l) ? -errno : 0;
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
 * A write lock of somebody else is the role's holder. A read lock is a watcher
 * that notes the last holder's death, and is over in a moment.
 */
int shm_take_role(int fd, uint32_t role)
{
	const struct timespec nap = { .tv_nsec = WATCHER_NAP_NS };
	off_t byte = SHM_LOCK_ROLE(role);
	int tries, err;

	for (tries = 0; tries < WATCHER_TRIES; tries++) {
		err = shm_lock(fd, F_OFD_SETLK, F_WRLCK, byte, 1);
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

/* The caller has the role's byte locked, by which only one of two succeeds. */
void shm_set_state(struct shmring_info_page *info, uint32_t role,
		   uint32_t from, uint32_t to)
{
	uint32_t *state = &info->state[shmring_side(role)];

	/* Release: pairs with the acquire in shmring_state(). */
	if (!__atomic_compare_exchange_n(state, &from, to, false,
					 __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		return;
	/*
	 * The state before the epoch: who saw the old epoch and an old state
	 * then sleeps on the old epoch, and does not fall asleep or is woken.
	 */
	__atomic_fetch_add(&info->epoch, 1, __ATOMIC_RELEASE);
	futex_wake_all(&info->epoch);
}
