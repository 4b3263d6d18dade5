/* SPDX-License-Identifier: MIT */
/* What the parts of libshmring share; nothing of it is public. */
#ifndef SHMRING_BACKEND_H
#define SHMRING_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "shmring.h"

#define SHMRING_CACHELINE_PAIR	128	/* CPUs prefetch lines in pairs */
#define SHMRING_RING_BYTES	65536	/* where the options say 0 */
#define SHMRING_NSEC_PER_SEC	1000000000LL
#define SHMRING_NEVER		INT64_MAX	/* a deadline that does not come */

/*
 * struct shmring_geometry - how large a ring is and where its parts are
 *
 * A copy, checked once: what stands in shared memory can change.
 * @lanes: how many producers it can have
 * @page_size: bytes of a lane's page
 * @info_bytes: of the info pages
 * @cursor_bytes: of the consumer's pages
 * @producer, @data: the first lane's
 * @doubled: the file shows the data twice by itself, at @data and behind it
 */
struct shmring_geometry {
	uint64_t ring_bytes;
	uint32_t record_size;
	uint32_t lanes;
	size_t page_size;
	size_t info_bytes;
	size_t cursor_bytes;
	off_t info;
	off_t producer;
	off_t consumer;
	off_t data;
	bool doubled;
};

/* struct shmring_endpoint - a handle with what callers need not see */
struct shmring_endpoint {
	struct shmring r;
	struct shmring_opts opts;
	struct shmring_geometry geo;
	const struct shmring_ctl_page *peer_ctl;
	size_t ctl_bytes;	/* mapped of the own control pages */
	size_t peer_bytes;	/* and of the peer's */
	uint32_t epoch;		/* when the peer was last found missing */
	int ring_fd;		/* once attached: the ring's own, or -1 */
	uint32_t received;	/* the role that came with a descriptor */
	int fd;			/* the endpoint's own, or -1; see fork.c */
	uint64_t owner;		/* the process that attached it, or 0 */
	struct shmring_endpoint *next;
};

static inline struct shmring_endpoint *shmring_endpoint(struct shmring *r)
{
	return (struct shmring_endpoint *)r;
}

/*
 * struct shmring_backend - a kind of ring
 *
 * Calls that can fail return 0 or a negative errno. Those from open to stat
 * explain themselves by shmring_fail(). @where is the address after the scheme,
 * a deadline is in nanoseconds of CLOCK_MONOTONIC.
 * @open: set r->fd, r->priv and the geometry
 * @publish: give what open has made its name; or NULL. Once it is attached
 * @unlink: remove the name
 * @stat: look at it from outside
 * @endpoint: a descriptor for a new endpoint, close-on-exec and above 2
 * @attach: take the role on the endpoint @fd, map it, begin
 * @leave: end the role; or NULL where it ends with the mappings
 * @forked: close what a child of fork() has besides @fd; or NULL
 * @drop: free r->priv; or NULL
 * @sleep: until @need bytes are there or free, or with SHMRING_WAIT_PEER until
 *	the peer is attached. 0: look again; -EPIPE: the peer is gone
 * @kick: wake the peer
 * @kick_sleep: both in one, or NULL
 * @peer_state: SHMRING_STATE_* of the other side
 * @fd: the pollable descriptor
 * @arm: it becomes ready when @need bytes are there or free
 * @arm_peer: it becomes ready when the peer is attached, or when the epoch is no
 *	longer @epoch
 */
struct shmring_backend {
	const char *scheme;
	int (*open)(struct shmring *r, const char *where);
	int (*publish)(struct shmring *r);
	int (*unlink)(const char *where);
	int (*stat)(const char *where, struct shmring_stat *st);
	int (*endpoint)(struct shmring *r, uint32_t role);
	int (*attach)(struct shmring *r, int fd, uint32_t role);
	void (*leave)(struct shmring *r);
	void (*forked)(struct shmring *r);
	void (*drop)(struct shmring *r);
	int (*sleep)(struct shmring *r, uint64_t need, uint32_t flags,
		     int64_t deadline);
	void (*kick)(struct shmring *r);
	int (*kick_sleep)(struct shmring *r, uint64_t need,
			  struct shmring *kick, int64_t deadline);
	uint32_t (*peer_state)(struct shmring *r);
	int (*fd)(struct shmring *r);
	int (*arm)(struct shmring *r, uint64_t need);
	int (*arm_peer)(struct shmring *r, uint32_t epoch);
};

extern const struct shmring_backend shmring_backend_dev;
extern const struct shmring_backend shmring_backend_shm;
extern const struct shmring_backend shmring_backend_memfd;

/* errmsg.c: note the message of a failure; returns -@err */
__attribute__((format(printf, 2, 3)))
int shmring_fail(int err, const char *fmt, ...);

/*
 * backend_dev.c: the control device, or a negative errno when it was explained. The
 * ring is called @scheme, then @name. The command asks by it, too.
 */
int shmring_open_ctl(const char *scheme, const char *name);

/* opts.c */
int shmring_read_opts(const char *address, const struct shmring_opts *given,
		      struct shmring_opts *o);
int shmring_check_size(const char *address, uint64_t ring_bytes,
		       uint32_t record_size);
int shmring_check_layout(const char *address, uint32_t version,
			 uint64_t features);

/* map.c */
int shmring_map(struct shmring *r, int fd, uint32_t role, uint32_t lane,
		bool info_writable);
void shmring_unmap(struct shmring *r);
void shmring_map_blank(struct shmring *r);

/* fork.c */
int shmring_fork_open(struct shmring *r, uint32_t role);
void shmring_fork_close(struct shmring *r);
bool shmring_is_copy(struct shmring *r);

/* ring.c: start where the role's last holder stopped; after mapping */
void shmring_begin(struct shmring *r, uint32_t role);

/* ring.c: 0, -ENOTCONN or -EISCONN: @r has that role, none or the other one */
int shmring_check_role(const struct shmring *r, uint32_t role);

/* ring.c: a new open file of the one behind @fd */
int shmring_reopen(int fd);

/*
 * ring.c: the same file behind a descriptor above 2, since a program that closed
 * its standard ones will write to them all the same. Passes on -1; errno.
 */
int shmring_fd_above(int fd);

/* look.c: see how far the peer is; 0 once @need bytes are there or free */
int shmring_look(struct shmring *r, uint64_t need);

/*
 * look.c: look for as long as looking pays, but not beyond @timeout_ns; 0, -EAGAIN or
 * another error. @deadline: when that time is up
 */
int shmring_spin(struct shmring *r, uint64_t need, int64_t timeout_ns,
		 int64_t *deadline);

/* look.c: the consumer goes on at @to, whatever is before */
void shmring_skip(struct shmring *r, uint64_t to);

/* look.c: the same where what is there makes no sense. -EBADMSG */
int shmring_drop(struct shmring *r, uint64_t to);

static inline uint64_t shmring_ring_bytes(const struct shmring *r)
{
	return r->mask + 1;
}

static inline bool shmring_is_before(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

/*
 * @pos, or where the record can begin in which it is; one begins at @from. What
 * is written over may be anything, but never misaligned.
 */
static inline uint64_t shmring_whole(const struct shmring *r, uint64_t from,
				     uint64_t pos)
{
	uint64_t size = r->record_size, rest;

	if (!size)
		return pos & ~(uint64_t)(SHMRING_RECORD_ALIGN - 1);
	if (!shmring_is_before(pos, from))
		return pos - (pos - from) % size;
	rest = (from - pos) % size;
	return rest ? pos + rest - size : pos;
}

/*
 * Where producer number @n left off, when @now have left; of one so long ago that
 * it is not kept, the first that is. (G2) An end that is newer than @now comes with
 * a generation that is, too; pairs with (G1).
 */
static inline uint64_t shmring_lane_end(const struct shmring_lane *lane,
					uint32_t n, uint32_t now)
{
	if (now - n >= SHMRING_LANE_ENDS - 1)
		n = now - (SHMRING_LANE_ENDS - 2);
	return __atomic_load_n(&lane->end[n % SHMRING_LANE_ENDS],
			       __ATOMIC_ACQUIRE);
}

/* The same by where the producer began whom @r knows. */
static inline uint64_t shmring_aligned(const struct shmring *r, uint64_t pos)
{
	uint64_t start = shmring_lane_end(r->lane, r->generation,
					  r->generation);

	return shmring_whole(r, start, pos);
}

/*
 * The consumer's tail, as far as it is one, for the producer of generation @now.
 * What it has released of a producer that lied and is gone is no space of this
 * one's.
 */
static inline uint64_t shmring_tail(const struct shmring_lane *lane,
				    const struct shmring_cursor *consumer,
				    uint32_t now, uint64_t ring_bytes)
{
	/* (G3) The generation before the tail; pairs with (G4). */
	uint32_t generation = __atomic_load_n(&consumer->generation,
					      __ATOMIC_ACQUIRE);
	/* (A) */
	uint64_t tail = __atomic_load_n(&consumer->pos, __ATOMIC_ACQUIRE);
	uint64_t end = shmring_lane_end(lane, generation + 1, now);
	bool behind = generation != now, beyond = end - tail > ring_bytes;

	/* The way is the same whether the consumer has followed: no branch. */
	return (behind & beyond) ? end : tail;
}

/* Index of @role in shmring_info_page.state[]. */
static inline unsigned int shmring_side(uint32_t role)
{
	return role - SHMRING_ROLE_PRODUCER;
}

static inline uint32_t shmring_other(uint32_t role)
{
	return SHMRING_ROLE_PRODUCER + SHMRING_ROLE_CONSUMER - role;
}

/* What those of @role are woken by, a producer in its @lane. */
static inline uint32_t *shmring_bell(const struct shmring_info_page *info,
				     uint32_t role, uint32_t lane)
{
	const struct shmring_bell *bell = role == SHMRING_ROLE_PRODUCER ?
					  &info->lane[lane].bell : &info->bell;

	return (uint32_t *)(uintptr_t)&bell->value;
}

/* Acquire: pairs with the release by which the state was set. */
static inline uint32_t shmring_state(const struct shmring_info_page *info,
				     uint32_t role)
{
	return __atomic_load_n(&info->state[shmring_side(role)],
			       __ATOMIC_ACQUIRE);
}

static inline bool shmring_peer_gone(const struct shmring *r)
{
	return shmring_state(r->info, shmring_other(r->role)) ==
	       SHMRING_STATE_GONE;
}

static inline int64_t shmring_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SHMRING_NSEC_PER_SEC + t.tv_nsec;
}

static inline int64_t shmring_deadline(int64_t now, int64_t timeout_ns)
{
	if (timeout_ns < 0 || timeout_ns > SHMRING_NEVER - now)
		return SHMRING_NEVER;
	return now + timeout_ns;
}

#endif /* SHMRING_BACKEND_H */
