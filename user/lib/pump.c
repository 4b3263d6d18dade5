// SPDX-License-Identifier: MIT
/*
 * A descriptor for event loops. A futex cannot be polled, so a thread sleeps
 * for the endpoint as shm_sleep_until() does and then writes an eventfd. It
 * runs only where shmring_fd() was called, and works only while armed.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "futex.h"
#include "shm.h"

/* A new request, or the end. */
static void notify(struct shm_pump *p)
{
	/* Release and acquire only order the word; the lock guards the rest. */
	__atomic_fetch_add(&p->seq, 1, __ATOMIC_RELEASE);
	futex_wake_all(&p->seq);
}

/* The peer is where it was wanted, or gone: tell it and rest. */
static bool done(struct shm *s, uint64_t target)
{
	return (int64_t)(__atomic_load_n(&s->peer->pos, __ATOMIC_ACQUIRE) -
			 target) >= 0 ||
	       shmring_state(s->info, s->other) == SHMRING_STATE_GONE;
}

/* Unless the request was replaced meanwhile. */
static void finish(struct shm_pump *p, uint32_t seq)
{
	pthread_mutex_lock(&p->lock);
	if (__atomic_load_n(&p->seq, __ATOMIC_ACQUIRE) == seq) {
		p->armed = false;
		eventfd_write(p->eventfd, 1);
	}
	pthread_mutex_unlock(&p->lock);
}

static void *pump(void *arg)
{
	struct shm *s = arg;
	struct shm_pump *p = &s->pump;

	for (;;) {
		struct futex_waitv idle;
		bool armed, stop;
		uint64_t target;
		uint32_t seq;

		pthread_mutex_lock(&p->lock);
		seq = __atomic_load_n(&p->seq, __ATOMIC_ACQUIRE);
		armed = p->armed;
		stop = p->stop;
		target = p->target;
		pthread_mutex_unlock(&p->lock);

		if (stop)
			return NULL;
		idle = futex_is(&p->seq, seq);
		if (!armed)
			futex_wait_all(&idle, 1, SHMRING_NEVER);
		else if (done(s, target))
			finish(p, seq);
		else
			shm_sleep_until(s, target, &p->seq, seq, SHMRING_NEVER);
	}
}

int shm_pump_start(struct shm *s)
{
	struct shm_pump *p = &s->pump;
	int err;

	if (p->running)
		return 0;
	p->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->eventfd < 0)
		return -errno;
	pthread_mutex_init(&p->lock, NULL);
	err = shm_thread_start(&p->thread, pump, s);
	if (err)
		close(p->eventfd);
	else
		p->running = true;
	return err;
}

void shm_pump_arm(struct shm *s, uint64_t target)
{
	struct shm_pump *p = &s->pump;
	eventfd_t old;

	pthread_mutex_lock(&p->lock);
	eventfd_read(p->eventfd, &old);
	p->armed = true;
	p->target = target;
	notify(p);
	pthread_mutex_unlock(&p->lock);
}

void shm_pump_stop(struct shm *s)
{
	struct shm_pump *p = &s->pump;

	if (!p->running)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	notify(p);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	pthread_mutex_destroy(&p->lock);
	close(p->eventfd);
	p->running = false;
}
