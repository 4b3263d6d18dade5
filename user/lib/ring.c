// SPDX-License-Identifier: MIT
/* Addresses, attaching, and the slow paths of the inline calls. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"

#define OPEN_TRIES	1000	/* to open or create what others destroy */

static const struct shmring_backend *const backends[] = {
	&shmring_backend_dev,
	&shmring_backend_shm,
	&shmring_backend_memfd,
};

static const struct shmring_backend *find_backend(const char *address,
						  const char **where)
{
	size_t i, len;

	for (i = 0; address && i < sizeof(backends) / sizeof(*backends); i++) {
		len = strlen(backends[i]->scheme);
		if (strncmp(address, backends[i]->scheme, len))
			continue;
		*where = address + len;
		return backends[i];
	}
	shmring_fail(EINVAL,
		     "%s: no such kind of ring: use dev:NAME, dev:, dev:@FD, shm:/NAME, memfd: or memfd:FD",
		     address ? address : "(null)");
	return NULL;
}

/* One try, as @opts say, where CREATE is to make the ring anew. */
static int open_once(const struct shmring_backend *backend, const char *where,
		     uint32_t role, const struct shmring_opts *opts,
		     struct shmring **r)
{
	struct shmring_endpoint *ep;
	int err;

	/* Its hot members fill lines that no other thread's data shares. */
	ep = aligned_alloc(SHMRING_CACHELINE_PAIR,
			   (sizeof(*ep) + SHMRING_CACHELINE_PAIR - 1) &
			   ~(size_t)(SHMRING_CACHELINE_PAIR - 1));
	if (!ep)
		return shmring_fail(ENOMEM, "%s%s: no memory", backend->scheme,
				    where);
	memset(ep, 0, sizeof(*ep));
	ep->ring_fd = -1;
	ep->fd = -1;
	ep->opts = *opts;
	ep->r.fd = -1;
	ep->r.backend = backend;
	err = backend->open(&ep->r, where);
	if (err) {
		free(ep);
		return err;
	}
	ep->r.mask = ep->geo.ring_bytes - 1;
	ep->r.record_size = ep->geo.record_size;
	ep->r.fd = shmring_fd_above(ep->r.fd);
	if (ep->r.fd < 0)
		err = shmring_fail(errno, "%s%s: %s", backend->scheme, where,
				   strerror(errno));
	else if (role != SHMRING_ROLE_NONE)
		err = shmring_attach(&ep->r, role);
	/* Last, so that what fails leaves no name behind. */
	if (!err && backend->publish)
		err = backend->publish(&ep->r);
	if (err) {
		shmring_close(&ep->r);
		return err;
	}
	*r = &ep->r;
	return 0;
}

/*
 * Others may make the ring between a try to open it and one to make it, and take
 * it away again. Where neither ever succeeds something else is wrong, as when a
 * ring of the module has its node elsewhere, and the last error says what.
 */
static int open_or_create(const struct shmring_backend *backend,
			  const char *where, uint32_t role,
			  const struct shmring_opts *opts, struct shmring **r)
{
	struct shmring_opts o = *opts;
	int tries, err = 0;

	for (tries = 0; tries < OPEN_TRIES; tries++) {
		o.flags &= ~(uint32_t)SHMRING_OPEN_CREATE;
		err = open_once(backend, where, role, &o, r);
		if (err != -ENOENT)
			break;
		o.flags |= SHMRING_OPEN_CREATE;
		err = open_once(backend, where, role, &o, r);
		if (err != -EEXIST && err != -ENOENT)
			break;
	}
	return err;
}

static int check_abi(const char *address, uint32_t abi, size_t handle_size)
{
	if (abi == SHMRING_ABI && handle_size == sizeof(struct shmring))
		return 0;
	return shmring_fail(EPROTO, "%s: the program was built with a header of ABI %u (handles of %zu bytes), and libshmring %s has ABI %u (%zu bytes): build it again, or run it with the library that it was built for",
			    address, abi, handle_size, shmring_version(),
			    SHMRING_ABI, sizeof(struct shmring));
}

static int open_ring(const char *address, uint32_t role,
		     const struct shmring_opts *opts, struct shmring **r)
{
	const uint32_t how = SHMRING_OPEN_CREATE | SHMRING_OPEN_EXCL;
	const struct shmring_backend *backend;
	struct shmring_opts o;
	const char *where;
	int err;

	backend = find_backend(address, &where);
	if (!backend)
		return -EINVAL;
	err = shmring_read_opts(address, opts, &o);
	if (err)
		return err;
	return (o.flags & how) == SHMRING_OPEN_CREATE ?
	       open_or_create(backend, where, role, &o, r) :
	       open_once(backend, where, role, &o, r);
}

struct shmring *shmring_open_abi(const char *address, uint32_t role,
				 const struct shmring_opts *opts, uint32_t abi,
				 size_t handle_size)
{
	struct shmring *r = NULL;
	int err = check_abi(address ? address : "(null)", abi, handle_size);

	if (!err)
		err = open_ring(address, role, opts, &r);
	if (!err)
		return r;
	errno = -err;
	return NULL;
}

int shmring_fd_above(int fd)
{
	int above, err;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	err = errno;
	close(fd);
	errno = err;
	return above;
}

int shmring_reopen(int fd)
{
	char path[32];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = shmring_fd_above(open(path, O_RDWR | O_CLOEXEC));
	if (again >= 0)
		return again;
	return shmring_fail(errno, "cannot open the ring again by %s: %s: it takes read and write permission and a mounted /proc",
			    path, strerror(errno));
}

void shmring_begin(struct shmring *r, uint32_t role)
{
	const struct shmring_opts *o = &shmring_endpoint(r)->opts;
	uint64_t self;

	/* What the last consumer has not followed is left to this one. */
	r->generation = __atomic_load_n(role == SHMRING_ROLE_CONSUMER ?
					&r->self->generation :
					&r->lane->generation,
					__ATOMIC_ACQUIRE);
	r->bounded = 1;
	self = __atomic_load_n(&r->self->pos, __ATOMIC_ACQUIRE);
	self = shmring_aligned(r, self);
	r->pos = self;
	r->shown = self;
	r->limit = self;	/* so that the first call looks */
	r->seen = self;
	r->handback = o->handback_shift ?
		      shmring_ring_bytes(r) >> o->handback_shift : 0;
	/*
	 * With one CPU, looking keeps the peer from running. The CPUs that this
	 * thread is bound to say nothing: the peer may be bound to others.
	 */
	r->spin_ns = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? o->spin_ns : 0;
	r->streaming = 0;
	r->probe_in = 0;
}

int shmring_attach(struct shmring *r, uint32_t role)
{
	int fd, err;

	if (role != SHMRING_ROLE_PRODUCER && role != SHMRING_ROLE_CONSUMER)
		return shmring_fail(EINVAL, "role %u: SHMRING_ROLE_PRODUCER or SHMRING_ROLE_CONSUMER",
				    role);
	if (r->role != SHMRING_ROLE_NONE)
		return shmring_fail(EISCONN, "attached already: open the ring again");
	if (shmring_is_copy(r))
		return shmring_fail(ENOTCONN, "this handle is of the parent process, which attached it: open the ring again");
	/* A file of its own: the role ends with it alone. */
	fd = shmring_fork_open(r, role);
	if (fd < 0)
		return fd;
	err = r->backend->attach(r, fd, role);
	if (err) {
		shmring_fork_close(r);
		shmring_endpoint(r)->owner = 0;
		return err;
	}
	shmring_endpoint(r)->ring_fd = r->fd;
	r->fd = fd;
	shmring_endpoint(r)->epoch = shmring_epoch(r);
	r->role = role;
	/* What the last one to have the role left is no fault of this one's peer. */
	if (role == SHMRING_ROLE_CONSUMER && shmring_look(r, 1) == -EBADMSG &&
	    shmring_look(r, 1) == -EBADMSG)
		shmring_skip(r, __atomic_load_n(&r->peer->pos, __ATOMIC_ACQUIRE));
	return 0;
}

void shmring_close(struct shmring *r)
{
	bool attached;

	if (!r)
		return;
	attached = r->role != SHMRING_ROLE_NONE;
	if (attached && !shmring_is_copy(r)) {
		shmring_flush(r);
		if (r->backend->leave)
			r->backend->leave(r);
	}
	shmring_unmap(r);
	if (attached)
		shmring_fork_close(r);
	else if (r->fd >= 0)
		close(r->fd);
	if (shmring_endpoint(r)->ring_fd >= 0)
		close(shmring_endpoint(r)->ring_fd);
	if (r->backend->drop)
		r->backend->drop(r);
	free(shmring_endpoint(r));
}

int shmring_unlink(const char *address)
{
	const char *where;
	const struct shmring_backend *backend = find_backend(address, &where);

	return backend ? backend->unlink(where) : -EINVAL;
}

int shmring_stat(const char *address, struct shmring_stat *st)
{
	const char *where;
	const struct shmring_backend *backend = find_backend(address, &where);
	struct shmring_stat now = SHMRING_STAT_INIT;
	int err;

	if (!backend)
		return -EINVAL;
	if (st->size < SHMRING_STAT_SIZE_VER0)
		return shmring_fail(EINVAL, "%s: a result of %u bytes: begin with SHMRING_STAT_INIT",
				    address, st->size);
	err = backend->stat(where, &now);
	if (err)
		return err;
	if (now.size > st->size)
		now.size = st->size;
	memcpy(st, &now, now.size);
	return 0;
}

int shmring_refill(struct shmring *r, uint64_t need)
{
	int err;

	if (r->role == SHMRING_ROLE_NONE)
		return -ENOTCONN;
	if (need > shmring_ring_bytes(r))
		return -EMSGSIZE;
	err = shmring_look(r, need);
	if (err != -EAGAIN)
		return err;
	/* This side alone writes it; others may read it at any time. */
	__atomic_store_n(&r->ctl->stalls, r->ctl->stalls + 1,
			 __ATOMIC_RELAXED);
	/* The producer may be waiting for what this side still holds. */
	if (r->role == SHMRING_ROLE_CONSUMER)
		shmring_flush(r);
	return -EAGAIN;
}

/* The consumer found no record where it is: behind all that it saw there may be. */
void shmring_bad_record(struct shmring *r)
{
	if (r->role == SHMRING_ROLE_CONSUMER)
		shmring_drop(r, r->limit);
	errno = EBADMSG;
}

void shmring_kick(struct shmring *r)
{
	if (r->role == SHMRING_ROLE_NONE) {
		/* A child's handle: what it showed itself is nothing. */
		r->limit = r->pos;
		return;
	}
	r->backend->kick(r);
}

int shmring_peer(struct shmring *r)
{
	uint32_t state;

	if (r->role == SHMRING_ROLE_NONE)
		return -ENOTCONN;
	state = r->backend->peer_state(r);
	/* Without the kernel the peer can write there what it likes. */
	return state > SHMRING_STATE_GONE ? -EBADMSG : (int)state;
}

uint32_t shmring_epoch(const struct shmring *r)
{
	return r->info ? __atomic_load_n(&r->info->epoch, __ATOMIC_ACQUIRE) : 0;
}

int shmring_fd(struct shmring *r)
{
	if (r->role != SHMRING_ROLE_NONE)
		return r->backend->fd(r);
	return r->fd >= 0 ? r->fd : -ENOTCONN;
}

int shmring_events(const struct shmring *r)
{
	switch (r->role) {
	case SHMRING_ROLE_CONSUMER:
		return POLLIN;
	case SHMRING_ROLE_PRODUCER:
		return POLLOUT;
	default:
		return -ENOTCONN;
	}
}

int shmring_ring_fd(const struct shmring *r)
{
	const struct shmring_endpoint *ep = (const struct shmring_endpoint *)r;

	if (ep->received)
		return -EBADF;
	if (ep->ring_fd >= 0)
		return ep->ring_fd;
	return r->fd >= 0 ? r->fd : -ENOTCONN;
}

uint64_t shmring_size(const struct shmring *r)
{
	return shmring_ring_bytes(r);
}

uint32_t shmring_record_size(const struct shmring *r)
{
	return r->record_size;
}

uint32_t shmring_role(const struct shmring *r)
{
	return r->role;
}

/* Nothing of the peer's position is believed. */
int64_t shmring_used(const struct shmring *r)
{
	uint64_t ring = shmring_ring_bytes(r);
	uint64_t used;

	if (r->role == SHMRING_ROLE_NONE)
		return -ENOTCONN;
	if (r->role == SHMRING_ROLE_PRODUCER)
		used = r->shown - shmring_tail(r->lane, r->peer,
					       r->generation, ring);
	else
		used = __atomic_load_n(&r->peer->pos, __ATOMIC_RELAXED) -
		       r->shown;
	if ((int64_t)used < 0)
		return 0;
	return (int64_t)(used < ring ? used : ring);
}

int shmring_check_role(const struct shmring *r, uint32_t role)
{
	if (r->role == role)
		return 0;
	return r->role == SHMRING_ROLE_NONE ? -ENOTCONN : -EISCONN;
}

/* After reserve or peek failed: 0 to try again, or the error. */
static int wait_for_record(struct shmring *r, size_t want, int64_t timeout_ns)
{
	int err;

	if (errno != EAGAIN)
		return -errno;
	err = shmring_wait(r, want, timeout_ns);
	return err == -ETIMEDOUT && !timeout_ns ? -EAGAIN : err;
}

int shmring_send(struct shmring *r, const void *buf, size_t len, uint32_t tag,
		 int64_t timeout_ns)
{
	void *to;
	int err = shmring_check_role(r, SHMRING_ROLE_PRODUCER);

	if (err)
		return err;
	while (!(to = shmring_reserve(r, len))) {
		err = wait_for_record(r, len, timeout_ns);
		if (err)
			return err;
	}
	if (len)
		memcpy(to, buf, len);
	return shmring_commit(r, len, tag);
}

ssize_t shmring_recv(struct shmring *r, void *buf, size_t cap, uint32_t *tag,
		     int64_t timeout_ns)
{
	const void *from;
	size_t len;
	int err = shmring_check_role(r, SHMRING_ROLE_CONSUMER);

	if (err)
		return err;
	while (!(from = shmring_peek(r, &len, tag))) {
		err = wait_for_record(r, 0, timeout_ns);
		if (err)
			return err;
	}
	if (len > cap)
		return -EMSGSIZE;
	if (len)
		memcpy(buf, from, len);
	shmring_release(r, len);
	return (ssize_t)len;
}
