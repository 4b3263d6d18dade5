// SPDX-License-Identifier: MIT
/* What a producer and a consumer have in common. All of it runs in theirs. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "storm.h"

#define SHORT_WAIT_NS	1000000
#define BATCH_MAX	8

void side_broken(struct side *s, enum invariant inv, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(s->ledger->fault, sizeof(s->ledger->fault), fmt, args);
	va_end(args);
	s->ledger->broken = inv;
	_exit(1);
}

void side_phase(struct side *s, enum phase phase)
{
	__atomic_store_n(&s->ledger->phase, phase, __ATOMIC_RELEASE);
}

bool side_stopped(const struct side *s)
{
	return __atomic_load_n(&s->orders->stop, __ATOMIC_ACQUIRE);
}

/* From here on the ring may say that @n more records are moved. */
void side_announce(struct side *s, uint64_t n)
{
	set(&s->ledger->intent, layout_pos(&s->storm->layout, s->seq + n));
	side_phase(s, SHOWING);
}

/* They are, or with 0 they are not; the consumer may keep it to itself. */
void side_settle(struct side *s, uint64_t n)
{
	uint64_t pos;

	s->seq += n;
	pos = layout_pos(&s->storm->layout, s->seq);
	set(&s->ledger->pos, pos);
	set(&s->ledger->done, s->r ? s->r->shown : pos);
	set(&s->ledger->intent, pos);
	side_phase(s, BUSY);
}

/* How many to move at once. */
size_t side_batch(struct side *s)
{
	return s->storm->path ? 2 : 1 + rnd(&s->rnd) % BATCH_MAX;
}

/* Of the shared memory it can write what is its own, whatever goes wrong. */
void side_begin(struct storm *st, unsigned int role, struct side *s)
{
	struct shared *shared = st->shared;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	s->storm = st;
	s->role = role;
	s->orders = &shared->orders;
	s->ledger = &shared->ledger[role];
	s->rnd = st->life[role].seed;
	s->fd = -1;
	layout_seq(&st->layout, st->life[role].from, &s->seq);
	if (mprotect(shared, sizeof(*shared), PROT_READ) ||
	    mprotect(s->ledger, sizeof(*s->ledger), PROT_READ | PROT_WRITE))
		_exit(2);
}

/* The role is free and the ring is as the predecessor left it. */
void side_open(struct side *s)
{
	const struct storm *st = s->storm;
	uint64_t from = st->life[s->role].from;
	struct shmring_opts o = SHMRING_OPTS_INIT;

	side_phase(s, ATTACHING);
	o.handback_shift = st->path ? 5 : (uint32_t)(rnd(&s->rnd) % 7);
	if (st->path || rnd(&s->rnd) & 1)
		o.spin_ns = 0;
	s->r = shmring_open(st->address, SHMRING_ROLE_PRODUCER + s->role, &o);
	if (!s->r)
		side_broken(s, GOES_ON, "cannot attach: %s", shmring_errmsg());
	if (s->r->pos != from)
		side_broken(s, s->role == PRODUCER ? NOT_LOST : NOT_AGAIN,
			    "begins at %#llx, and its predecessor left %#llx",
			    (unsigned long long)s->r->pos,
			    (unsigned long long)from);
	__atomic_store_n(&s->ledger->attached, 1, __ATOMIC_RELEASE);
	side_phase(s, BUSY);
}

/* It attaches by its first read(2) or write(2). */
void side_open_raw(struct side *s)
{
	char path[sizeof(SHMRING_DEV_DIR) + SHMRING_NAME_MAX];

	snprintf(path, sizeof(path), SHMRING_DEV_DIR "%s",
		 s->storm->address + strlen("dev:"));
	s->fd = open(path, s->role == PRODUCER ? O_WRONLY : O_RDONLY);
	if (s->fd < 0)
		side_broken(s, GOES_ON, "cannot open: %s", strerror(errno));
}

void side_close(struct side *s)
{
	if (s->r)
		shmring_close(s->r);
	else
		close(s->fd);
}

static int wait_by_poll(struct side *s, size_t want)
{
	struct pollfd p = {
		.fd = shmring_fd(s->r),
		.events = s->role == PRODUCER ? POLLOUT : POLLIN,
	};
	int err = p.fd < 0 ? p.fd : shmring_arm(s->r, want);

	if (err)
		return err < 0 ? err : 0;
	return poll(&p, 1, -1) == 1 ? 0 : -errno;
}

void side_wait_by(struct side *s, bool by_poll, int64_t timeout)
{
	size_t want = s->role == PRODUCER ?
		      layout_len(&s->storm->layout, s->seq) : 0;
	int err;

	side_phase(s, by_poll ? POLLING : WAITING);
	err = by_poll ? wait_by_poll(s, want) :
			shmring_wait(s->r, want, timeout);
	/* A consumer that waits has handed back all. */
	side_settle(s, 0);
	if (err == -EPIPE)
		side_miss_peer(s);
	else if (err && err != -ETIMEDOUT)
		side_broken(s, GOES_ON, "waiting: %s", strerror(-err));
}

void side_wait(struct side *s)
{
	uint64_t r = rnd(&s->rnd);

	if (s->storm->path)
		side_wait_by(s, false, -1);
	else
		side_wait_by(s, r & 1, r & 2 ? -1 : SHORT_WAIT_NS);
}

static int wait_for_successor(struct side *s)
{
	struct shmring_wait w = {
		.size = sizeof(w),
		.flags = SHMRING_WAIT_PEER,
		.timeout_ns = SHMRING_WAIT_FOREVER,
	};

	if (s->r)
		return shmring_wait_peer(s->r, -1);
	return ioctl(s->fd, SHMRING_IOC_WAIT, &w) ? -errno : 0;
}

/* EPIPE, or the end of the file: news for the parent, too. */
void side_miss_peer(struct side *s)
{
	int err;

	s->ledger->epoch = s->r ? shmring_epoch(s->r) : 0;
	set(&s->ledger->news, s->ledger->news + 1);
	if (s->role == CONSUMER && side_stopped(s)) {
		s->ended = true;
		return;
	}
	side_phase(s, PEERLESS);
	err = wait_for_successor(s);
	if (err)
		side_broken(s, GOES_ON, "waiting for a peer: %s",
			    strerror(-err));
	side_phase(s, BUSY);
}

static bool could_go_on(struct side *s)
{
	if (s->role == CONSUMER)
		return shmring_peek(s->r, NULL, NULL);
	return shmring_reserve(s->r, layout_len(&s->storm->layout, s->seq));
}

/* Rest while the parent wants the ring as it is. */
void side_gate(struct side *s)
{
	const struct orders *o = s->orders;
	uint64_t pos = layout_pos(&s->storm->layout, s->seq);
	uint32_t gate;

	for (;;) {
		/* Acquire: pairs with open_gate(). */
		gate = __atomic_load_n(&o->gate, __ATOMIC_ACQUIRE);
		if (pos < get(&o->allowed[s->role]) || !could_go_on(s))
			return;
		shmring_flush(s->r);
		side_settle(s, 0);
		side_phase(s, GATED);
		syscall(SYS_futex, &o->gate, FUTEX_WAIT, gate, NULL, NULL, 0);
		side_phase(s, BUSY);
	}
}
