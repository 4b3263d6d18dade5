// SPDX-License-Identifier: MIT
/* Waiting: look for a while, as look.c does, then sleep. */
#include <errno.h>

#include "backend.h"

/*
 * Look for the last time before sleep, or after it. -EPIPE: there is no peer to
 * wait for. Whether it is gone is seen first, by asking, since nobody else may
 * have yet. Then the epoch, which has moved for that; it moves again when the
 * next one comes, or, if that was already, when it leaves. And what either of
 * them did last shows in the look.
 */
static int look_or_miss(struct shmring *r, uint64_t need)
{
	bool gone = r->backend->peer_state(r) == SHMRING_STATE_GONE;
	uint32_t epoch = shmring_epoch(r);
	int err = shmring_look(r, need);

	if (err != -EAGAIN || !gone)
		return err;
	shmring_endpoint(r)->epoch = epoch;
	return -EPIPE;
}

/*
 * One sleep, or the end of all: a peer that never stops to write what is slept on
 * lets nobody fall asleep, but it cannot hold back the time.
 */
static int sleep_once(struct shmring *r, uint64_t need, uint32_t flags,
		      struct shmring *kick, int64_t deadline)
{
	int err;

	if (kick)
		err = r->backend->kick_sleep(r, need, kick, deadline);
	else
		err = r->backend->sleep(r, need, flags, deadline);
	if (!err && deadline != SHMRING_NEVER && shmring_now() >= deadline)
		err = -ETIMEDOUT;
	return err;
}

/* Sleep until ready. What is ready counts, even when the peer is gone. */
static int sleep_until_ready(struct shmring *r, uint64_t need,
			     struct shmring *kick, int64_t deadline)
{
	int err, slept;

	do {
		slept = sleep_once(r, need, 0, kick, deadline);
		kick = NULL;
		if (slept && slept != -EPIPE && slept != -ETIMEDOUT &&
		    slept != -EBADMSG)
			return slept;
		err = look_or_miss(r, need);
	} while (err == -EAGAIN && !slept);
	return err == -EAGAIN ? slept : err;
}

static int wait_ready(struct shmring *r, uint64_t need, int64_t timeout_ns)
{
	int64_t deadline;
	int err;

	shmring_flush(r);
	if (r->limit - r->pos >= need)
		return 0;
	if (!timeout_ns || !r->spin_ns) {
		err = look_or_miss(r, need);
		if (err != -EAGAIN)
			return err;
		if (!timeout_ns)
			return -ETIMEDOUT;
		deadline = timeout_ns < 0 ? SHMRING_NEVER :
			   shmring_deadline(shmring_now(), timeout_ns);
	} else {
		err = shmring_spin(r, need, timeout_ns, &deadline);
		if (err != -EAGAIN)
			return err;
	}
	return sleep_until_ready(r, need, NULL, deadline);
}

/* Bytes to wait for, or a negative errno. */
static int need_of(const struct shmring *r, size_t want, uint64_t *need)
{
	uint64_t least = shmring_footprint(r, 0);

	if (r->role == SHMRING_ROLE_NONE)
		return -ENOTCONN;
	if (want > shmring_ring_bytes(r))
		return -EMSGSIZE;
	if (r->role == SHMRING_ROLE_PRODUCER && !r->record_size)
		*need = shmring_footprint(r, want);
	else
		*need = want > least ? want : least;
	return *need > shmring_ring_bytes(r) ? -EMSGSIZE : 0;
}

int shmring_wait(struct shmring *r, size_t want, int64_t timeout_ns)
{
	uint64_t need;
	int err = need_of(r, want, &need);

	return err ? err : wait_ready(r, need, timeout_ns);
}

/*
 * A peer can come, do its work and leave before this side looks, and even
 * before it asks. So a change of epoch since the peer was last found missing
 * counts as well.
 */
int shmring_wait_peer(struct shmring *r, int64_t timeout_ns)
{
	uint32_t *missed = &shmring_endpoint(r)->epoch;
	uint32_t epoch, state;
	int64_t deadline;
	int err = 0;

	if (r->role == SHMRING_ROLE_NONE)
		return -ENOTCONN;
	shmring_flush(r);
	deadline = shmring_deadline(shmring_now(), timeout_ns);
	for (;;) {
		state = r->backend->peer_state(r);
		epoch = shmring_epoch(r);
		if (epoch != *missed || state == SHMRING_STATE_ATTACHED)
			break;
		if (err)
			return err;
		err = sleep_once(r, epoch, SHMRING_WAIT_PEER, NULL, deadline);
	}
	*missed = epoch;
	return 0;
}

static bool peer_sleeps(const struct shmring *r)
{
	return __atomic_load_n(r->bell, __ATOMIC_RELAXED) & 1;
}

int shmring_kick_wait(struct shmring *r, struct shmring *kick,
		      int64_t timeout_ns)
{
	uint64_t need;
	int err = need_of(r, 0, &need);

	if (err)
		return err;
	if (kick->role == SHMRING_ROLE_NONE)
		return -ENOTCONN;
	/* As in shmring_show(): the store of pos, then the load of the bell. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (!peer_sleeps(kick))
		return wait_ready(r, need, timeout_ns);
	if (!r->backend->kick_sleep || r->backend != kick->backend ||
	    !timeout_ns) {
		shmring_kick(kick);
		return wait_ready(r, need, timeout_ns);
	}
	/*
	 * The peer slept, so its answer takes as long as a wake-up: looking for
	 * it is pointless.
	 */
	shmring_flush(r);
	return sleep_until_ready(r, need, kick,
				 shmring_deadline(shmring_now(), timeout_ns));
}

int shmring_arm(struct shmring *r, size_t want)
{
	uint64_t need;
	int err = need_of(r, want, &need);

	if (err)
		return err;
	shmring_flush(r);
	/* The kernel's poll() reads it, of which it believes nothing. */
	__atomic_store_n(&r->ctl->want,
			 need < UINT32_MAX ? (uint32_t)need : UINT32_MAX,
			 __ATOMIC_RELAXED);
	err = look_or_miss(r, need);
	if (err != -EAGAIN)
		return err ? err : 1;
	return r->backend->arm(r, need);
}

/* The same as in shmring_wait_peer(), but for who sleeps. */
int shmring_arm_peer(struct shmring *r)
{
	uint32_t *missed = &shmring_endpoint(r)->epoch;
	uint32_t epoch, state;

	if (r->role == SHMRING_ROLE_NONE)
		return -ENOTCONN;
	shmring_flush(r);
	state = r->backend->peer_state(r);
	epoch = shmring_epoch(r);
	if (epoch == *missed && state != SHMRING_STATE_ATTACHED)
		return r->backend->arm_peer(r, epoch);
	*missed = epoch;
	return 1;
}
