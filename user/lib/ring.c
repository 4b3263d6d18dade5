// SPDX-License-Identifier: MIT
/* Addresses, attaching, and the slow paths of the inline calls. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"

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
		     "%s: no such kind of ring: use dev:NAME, shm:/NAME, memfd: or memfd:FD",
		     address ? address : "(null)");
	return NULL;
}

static int check_opts(const char *address, const struct shmring_opts *o)
{
	const uint32_t known = SHMRING_OPEN_CREATE | SHMRING_OPEN_EPHEMERAL |
			       SHMRING_OPEN_STRICT;

	if (o->flags & ~known)
		return shmring_fail(EINVAL, "%s: unknown flags %#x: only SHMRING_OPEN_*",
				    address, o->flags & ~known);
	if (o->handback_shift > 63)
		return shmring_fail(EINVAL, "%s: handback_shift %u: 0 to 63",
				    address, o->handback_shift);
	return 0;
}

struct shmring *shmring_open(const char *address, uint32_t role,
			     const struct shmring_opts *opts)
{
	static const struct shmring_opts defaults = SHMRING_OPTS_INIT;
	const struct shmring_backend *backend;
	struct shmring_endpoint *ep;
	const char *where;
	int err;

	backend = find_backend(address, &where);
	if (!backend) {
		errno = EINVAL;
		return NULL;
	}
	opts = opts ? opts : &defaults;
	err = check_opts(address, opts);
	if (err)
		goto fail;
	/* Its hot members fill lines that no other thread's data shares. */
	ep = aligned_alloc(SHMRING_CACHELINE_PAIR,
			   (sizeof(*ep) + SHMRING_CACHELINE_PAIR - 1) &
			   ~(size_t)(SHMRING_CACHELINE_PAIR - 1));
	if (!ep) {
		err = shmring_fail(ENOMEM, "%s: no memory", address);
		goto fail;
	}
	memset(ep, 0, sizeof(*ep));
	ep->opts = *opts;
	ep->r.fd = -1;
	ep->r.backend = backend;
	err = backend->open(&ep->r, where);
	if (err)
		goto free_endpoint;
	ep->r.mask = ep->geo.ring_bytes - 1;
	ep->r.record_size = ep->geo.record_size;
	err = role == SHMRING_ROLE_NONE ? 0 : shmring_attach(&ep->r, role);
	if (err)
		goto close;
	return &ep->r;
close:
	shmring_close(&ep->r);
	goto fail;
free_endpoint:
	free(ep);
fail:
	errno = -err;
	return NULL;
}

int shmring_reopen(int fd)
{
	char path[32];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR | O_CLOEXEC);
	if (again >= 0)
		return again;
	return shmring_fail(errno, "cannot open the ring again by %s: %s: it takes read and write permission and a mounted /proc",
			    path, strerror(errno));
}

int shmring_begin(struct shmring *r, uint32_t role)
{
	const struct shmring_opts *o = &shmring_endpoint(r)->opts;
	uint64_t self = __atomic_load_n(&r->self->pos, __ATOMIC_ACQUIRE);
	uint64_t peer = __atomic_load_n(&r->peer->pos, __ATOMIC_ACQUIRE);
	uint64_t used = role == SHMRING_ROLE_PRODUCER ? self - peer : peer - self;

	if (used > shmring_ring_bytes(r) ||
	    (!r->record_size && (self | peer) % SHMRING_RECORD_ALIGN))
		return shmring_fail(EBADMSG, "the ring's positions contradict each other (own %llu, peer's %llu): somebody wrote over them; make a new ring",
				    (unsigned long long)self,
				    (unsigned long long)peer);
	r->pos = self;
	r->shown = self;
	r->limit = self;	/* so that the first call looks */
	r->handback = o->handback_shift ?
		      shmring_ring_bytes(r) >> o->handback_shift : 0;
	/* The peer may be asleep already: the first publish kicks once. */
	r->kicked = __atomic_load_n(&r->peer->wait, __ATOMIC_RELAXED) - 1;
	/*
	 * With one CPU, looking keeps the peer from running. The CPUs that this
	 * thread is bound to say nothing: the peer may be bound to others.
	 */
	r->spin_ns = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? o->spin_ns : 0;
	r->streaming = 0;
	r->probe_in = 0;
	return 0;
}

int shmring_attach(struct shmring *r, uint32_t role)
{
	int fd, err;

	if (role != SHMRING_ROLE_PRODUCER && role != SHMRING_ROLE_CONSUMER)
		return shmring_fail(EINVAL, "role %u: SHMRING_ROLE_PRODUCER or SHMRING_ROLE_CONSUMER",
				    role);
	if (r->role != SHMRING_ROLE_NONE)
		return shmring_fail(EISCONN, "attached already: open the ring again");
	/* An open file of its own: the role ends with it alone. */
	fd = shmring_reopen(r->fd);
	if (fd < 0)
		return fd;
	err = r->backend->attach(r, fd, role);
	if (err) {
		close(fd);
		return err;
	}
	close(r->fd);
	r->fd = fd;
	r->role = role;
	shmring_endpoint(r)->owner = getpid();
	shmring_endpoint(r)->epoch = shmring_epoch(r);
	return 0;
}

void shmring_close(struct shmring *r)
{
	bool owner;

	if (!r)
		return;
	owner = r->role != SHMRING_ROLE_NONE &&
		shmring_endpoint(r)->owner == getpid();
	if (owner)
		shmring_flush(r);
	r->backend->detach(r, owner);
	shmring_unmap(r);
	close(r->fd);
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

	return backend ? backend->stat(where, st) : -EINVAL;
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
	__atomic_store_n(&r->self->stalls, r->self->stalls + 1,
			 __ATOMIC_RELAXED);
	/* The producer may be waiting for what this side still holds. */
	if (r->role == SHMRING_ROLE_CONSUMER)
		shmring_flush(r);
	return -EAGAIN;
}

void shmring_kick(struct shmring *r)
{
	/* Before the kick: who sleeps after this load has another value. */
	r->kicked = __atomic_load_n(&r->peer->wait, __ATOMIC_RELAXED);
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
	return r->role == SHMRING_ROLE_NONE ? r->fd : r->backend->fd(r);
}

static int check_role(const struct shmring *r, uint32_t role)
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
	int err = check_role(r, SHMRING_ROLE_PRODUCER);

	if (err)
		return err;
	if (len > UINT32_MAX)
		return -EMSGSIZE;
	while (!(to = shmring_reserve(r, len))) {
		err = wait_for_record(r, len, timeout_ns);
		if (err)
			return err;
	}
	if (len)
		memcpy(to, buf, len);
	shmring_commit(r, (uint32_t)len, tag);
	return 0;
}

ssize_t shmring_recv(struct shmring *r, void *buf, size_t cap, uint32_t *tag,
		     int64_t timeout_ns)
{
	const void *from;
	size_t len;
	int err = check_role(r, SHMRING_ROLE_CONSUMER);

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
