// SPDX-License-Identifier: MIT
/*
 * News of the peer's death. The kernel drops a dead process's locks and wakes
 * who waits for them; so a thread waits for a read lock on the peer's byte,
 * and when it gets it says GONE in the peer's name.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "futex.h"
#include "shm.h"

/*
 * The two calls that sleep are where the thread can be cancelled. What it may
 * hold there, a lock, goes with its open file; and no frame that is abandoned
 * has a variable in memory, of which AddressSanitizer would keep a record.
 */
static void wait_for_news(struct shm *s, uint32_t epoch)
{
	s->watch.news = futex_is(&s->info->epoch, epoch);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	syscall(SYS_futex_waitv, &s->watch.news, 1, 0, NULL, CLOCK_MONOTONIC);
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
}

static int wait_for_lock(struct shm *s)
{
	int err;

	s->watch.lock = (struct flock) {
		.l_type = F_RDLCK,
		.l_whence = SEEK_SET,
		.l_start = SHM_LOCK_ROLE(s->other),
		.l_len = 1,
	};
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	err = fcntl(s->watch.fd, F_OFD_SETLKW, &s->watch.lock);
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
	return err;
}

static void *watch(void *arg)
{
	struct shm *s = arg;

	for (;;) {
		/* Acquire: the epoch before the state; see shm_set_state(). */
		uint32_t epoch = __atomic_load_n(&s->info->epoch,
						 __ATOMIC_ACQUIRE);

		if (shmring_state(s->info, s->other) != SHMRING_STATE_ATTACHED) {
			wait_for_news(s, epoch);
			continue;
		}
		if (wait_for_lock(s))
			continue;
		shm_set_state(s->info, s->other, SHMRING_STATE_ATTACHED,
			      SHMRING_STATE_GONE);
		shm_lock(s->watch.fd, F_OFD_SETLK, F_UNLCK,
			 SHM_LOCK_ROLE(s->other), 1);
	}
	return NULL;
}

int shm_watch_start(struct shm *s)
{
	struct shm_watch *w = &s->watch;
	int err;

	if (w->running)
		return 0;
	w->fd = shmring_reopen(s->fd);
	if (w->fd < 0)
		return w->fd;
	err = shm_thread_start(&w->thread, watch, s);
	if (err)
		close(w->fd);
	else
		w->running = true;
	return err;
}

void shm_watch_stop(struct shm *s)
{
	struct shm_watch *w = &s->watch;

	if (!w->running)
		return;
	pthread_cancel(w->thread);
	pthread_join(w->thread, NULL);
	close(w->fd);
	w->running = false;
}
