// SPDX-License-Identifier: MIT
/*
 * A descriptor for event loops. A futex cannot be polled, so the endpoint's
 * thread sleeps for it, while armed, and then moves one byte in a pipe: a
 * consumer has the end that becomes readable, a producer the one that becomes
 * writable. The pipe is one page, which one byte fills.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "futex.h"
#include "shm.h"

static void set_ready(struct shm *s, bool ready)
{
	struct shm_pump *p = &s->pump;
	bool consumer = s->role == SHMRING_ROLE_CONSUMER;
	char c = 0;
	ssize_t n;

	if (p->ready == ready)
		return;
	p->ready = ready;
	/* With one byte at most, and neither end blocking, it cannot fail. */
	if (consumer)
		n = ready ? write(p->own, &c, 1) : read(p->fd, &c, 1);
	else
		n = ready ? read(p->own, &c, 1) : write(p->fd, &c, 1);
	(void)n;
}

int shm_pump_open(struct shm *s, uint32_t role)
{
	struct shm_pump *p = &s->pump;
	bool consumer = role == SHMRING_ROLE_CONSUMER;
	char c = 0;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return shmring_fail(errno, "cannot attach: no descriptor for event loops: %s",
				    strerror(errno));
	ends[0] = shmring_fd_above(ends[0]);
	ends[1] = shmring_fd_above(ends[1]);
	p->fd = ends[!consumer];
	p->own = ends[consumer];
	if (ends[0] >= 0 && ends[1] >= 0 &&
	    fcntl(ends[1], F_SETPIPE_SZ, 1) >= 0 &&
	    (consumer || write(ends[1], &c, 1) == 1))
		return 0;
	shmring_fail(errno, "cannot attach: cannot set up a pipe: %s",
		     strerror(errno));
	shm_pump_close(s);
	return -EMFILE;
}

void shm_pump_close(struct shm *s)
{
	if (s->pump.fd >= 0)
		close(s->pump.fd);
	if (s->pump.own >= 0)
		close(s->pump.own);
	s->pump = (struct shm_pump) { .fd = -1, .own = -1 };
}

/* What is asked for is so, or never will be: the owner looks, and knows why. */
bool shm_pump_is_due(const struct shm *s, const struct shm_pump *request)
{
	uint32_t state = shmring_state(s->info, s->other);

	if (request->for_peer)
		return state == SHMRING_STATE_ATTACHED ||
		       __atomic_load_n(&s->info->epoch, __ATOMIC_ACQUIRE) !=
		       request->epoch;
	return state == SHMRING_STATE_GONE ||
	       shm_is_reached(s, &request->goal);
}

/* Tell it and rest, unless the request was replaced meanwhile. */
void shm_pump_finish(struct shm *s, uint32_t seq)
{
	pthread_mutex_lock(&s->lock);
	if (__atomic_load_n(&s->service.seq, __ATOMIC_ACQUIRE) == seq) {
		s->pump.armed = false;
		set_ready(s, true);
	}
	pthread_mutex_unlock(&s->lock);
}

void shm_pump_arm(struct shm *s, const struct shm_pump *request)
{
	pthread_mutex_lock(&s->lock);
	set_ready(s, false);
	s->pump.armed = true;
	s->pump.for_peer = request->for_peer;
	s->pump.epoch = request->epoch;
	s->pump.goal = request->goal;
	shm_service_notify(s);
	pthread_mutex_unlock(&s->lock);
}
