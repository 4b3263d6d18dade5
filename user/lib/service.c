// SPDX-License-Identifier: MIT
/*
 * The thread that an endpoint without the module has from attach to close. Its
 * life is what the kernel tells the peer of; it waits for the peer's; and it
 * sleeps for the program's event loop. No signal of the program reaches it, and
 * nothing is opened, started or cancelled after it has begun.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "futex.h"
#include "shm.h"

#define STACK_BYTES	(256 * 1024)
#define NAP_MIN_NS	20000
#define NAP_MAX_NS	20000000

/* struct turn - what the thread knows when it goes to sleep */
struct turn {
	uint32_t seq;
	bool stop;
	struct shm_pump request;
	uint32_t bell;
	uint32_t life;
	int64_t nap;		/* before the peer's lock is tried again, or 0 */
};

static void begin_turn(struct shm *s, struct turn *t)
{
	pthread_mutex_lock(&s->lock);
	t->seq = __atomic_load_n(&s->service.seq, __ATOMIC_ACQUIRE);
	t->stop = s->service.stop;
	t->request = s->pump;
	pthread_mutex_unlock(&s->lock);
}

/*
 * What the peer's life says. When it has ended, the own side is woken whatever
 * the state is: the peer may have been killed between the two.
 */
static void watch(struct shm *s, struct turn *t)
{
	uint32_t life = shm_life_of_peer(s);
	bool attached = shmring_state(s->info, s->other) ==
			SHMRING_STATE_ATTACHED;

	if (life != t->life && shm_looks_dead(life))
		shm_ring(s->info, s->role);
	t->life = life;
	if (!attached || !shm_looks_dead(life) || shm_mourn(s))
		t->nap = 0;
	else if (!t->nap)
		t->nap = NAP_MIN_NS;
	else if (t->nap < NAP_MAX_NS)
		t->nap *= 2;
}

/* Until a request, a change of the peer's life, or what the request is about. */
static void sleep_for_news(struct shm *s, const struct turn *t)
{
	struct futex_waitv v[] = {
		futex_is(&s->service.seq, t->seq),
		futex_is(&s->peer_ctl->life, t->life),
		futex_is(shmring_bell(s->info, s->role, 0), t->bell),
	};
	const struct timespec nap = { .tv_nsec = NAP_MAX_NS };
	int64_t deadline = SHMRING_NEVER;

	if (t->nap)
		deadline = shmring_deadline(shmring_now(), t->nap);
	if (futex_wait_all(v, t->request.armed ? 3 : 2, deadline) >= 0 ||
	    errno == EAGAIN || errno == EINTR || errno == ETIMEDOUT)
		return;
	/* Forbidden by now (seccomp): it looks again and again. */
	nanosleep(&nap, NULL);
}

/* The own side's part of Dekker's problem, as its owner would do it. */
static bool is_due(struct shm *s, struct turn *t)
{
	if (shm_pump_is_due(s, &t->request))
		return true;
	if (!t->request.for_peer)
		shm_arm_and_look(s, &t->request.goal, &t->bell);
	return shm_pump_is_due(s, &t->request);
}

static void serve(struct shm *s)
{
	struct turn t = { .life = FUTEX_WAITERS };

	for (;;) {
		begin_turn(s, &t);
		if (t.stop)
			return;
		watch(s, &t);
		t.bell = shm_bell(s);
		if (t.request.armed && is_due(s, &t))
			shm_pump_finish(s, t.seq);
		else
			sleep_for_news(s, &t);
	}
}

static void *run(void *arg)
{
	struct shm *s = arg;
	int err = shm_life_begin(s);

	__atomic_store_n(&s->service.started, err ? err : 1, __ATOMIC_RELEASE);
	futex_wake_all((uint32_t *)&s->service.started);
	if (err)
		return NULL;
	serve(s);
	shm_life_end(s);
	return NULL;
}

/* A small stack, which mlockall() would lock; a default one where that fails. */
static int create_thread(struct shm *s)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&s->service.thread, &attr, run, s);
	if (err == EINVAL)
		err = pthread_create(&s->service.thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return -err;
}

/* Returns when the thread lives, so that from then on its end is told. */
int shm_service_start(struct shm *s)
{
	int *started = &s->service.started;
	int err;

	s->service = (struct shm_service) { .running = false };
	err = create_thread(s);
	if (err)
		return shmring_fail(-err, "cannot attach: no thread: %s",
				    strerror(-err));
	while (!(err = __atomic_load_n(started, __ATOMIC_ACQUIRE)))
		futex_wait((uint32_t *)started, 0, SHMRING_NEVER);
	if (err > 0) {
		s->service.running = true;
		return 0;
	}
	pthread_join(s->service.thread, NULL);
	return shmring_fail(-err, "cannot attach: set_robust_list(2): %s: it is what tells the peer of a death; allow it where seccomp filters",
			    strerror(-err));
}

/* Under the lock: a new request, or the end. */
void shm_service_notify(struct shm *s)
{
	/* Release and acquire only order the word; the lock guards the rest. */
	__atomic_fetch_add(&s->service.seq, 1, __ATOMIC_RELEASE);
	futex_wake_all(&s->service.seq);
}

void shm_service_stop(struct shm *s)
{
	if (!s->service.running)
		return;
	pthread_mutex_lock(&s->lock);
	s->service.stop = true;
	shm_service_notify(s);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->service.thread, NULL);
	s->service.running = false;
}
