/* SPDX-License-Identifier: MIT */
/*
 * libshmring: records between processes of one host through shared memory.
 *
 * A ring has an address:
 *
 *	dev:NAME	/dev/shmring/NAME, of the kernel module
 *	dev:		a ring of the module without a name, shared by fork()
 *	dev:@FD		a ring or endpoint that was inherited or received
 *	shm:/NAME	POSIX shared memory, no module
 *	memfd:		anonymous memory, shared by fork()
 *	memfd:FD	the same, by a descriptor that was inherited or received
 *
 * and two sides: a producer, or several, and a consumer. All three share this hot
 * path, which makes no system call while neither side sleeps.
 *
 *	r = shmring_open("dev:frames", SHMRING_ROLE_PRODUCER, NULL);
 *	while (!(p = shmring_reserve(r, len)))
 *		if (shmring_wait(r, len, -1)) ...
 *	fill(p, len);
 *	shmring_commit(r, len, 0);
 *
 * Calls that return int return 0 (or what they say) or a negative errno; calls
 * that return a pointer return NULL and set errno. After a failed open or
 * attach, shmring_errmsg() says in one line what was wrong and what to do.
 *
 * A handle belongs to one thread at a time, and to the process that attached:
 * a child of fork() attaches a handle of its own. With SHMRING_DEBUG defined
 * the inline functions end a program that uses them wrongly, and say how. Sizes
 * are in bytes, times in nanoseconds, positions are free-running 64-bit byte
 * counts.
 *
 * The protocol, the memory layout and the names (A) to (D) of the barriers are
 * in <linux/shmring.h>.
 */
#ifndef SHMRING_H
#define SHMRING_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/shmring.h>

/*
 * The inline functions, which are also symbols of the shared object: for
 * bindings of other languages, which know no inline functions.
 */
#ifndef SHMRING_INLINE
#define SHMRING_INLINE		static inline
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What this header and the shared object have to agree on: the members of
 * struct shmring, and what the inline functions do with them.
 */
#define SHMRING_ABI		1

/* The longest record of a ring of any length: three bits of a length are kept. */
#define SHMRING_RECORD_MAX	((1U << 29) - 1)

/* shmring_opts.flags, by the pattern of open(2) */
#define SHMRING_OPEN_CREATE	0x1	/* make the ring unless it is there */
#define SHMRING_OPEN_EPHEMERAL	0x2	/* it goes with its last endpoint */
#define SHMRING_OPEN_STRICT	0x4	/* every page on .node, or ENOMEM */
#define SHMRING_OPEN_EXCL	0x8	/* with CREATE: EEXIST if it is there */

/*
 * The two structs below start with their size, as the program was built with
 * it. Where the program is the older one, what its struct lacks is as in
 * SHMRING_OPTS_INIT. Where it is the newer one, options that the library does
 * not know are E2BIG. The *_SIZE_VER0 are the sizes of the structs' first
 * versions and never change; a size below that is EINVAL.
 */

/*
 * struct shmring_opts - how to make a ring, and how to use it
 * @size: sizeof(struct shmring_opts)
 * @flags: SHMRING_OPEN_*
 * @ring_bytes: data area to create, a power of two, at least a page; 0: 64 KiB
 * @record_size: bytes of each record, 0 for records of any length
 * @node: NUMA node, SHMRING_NODE_ANY or SHMRING_NODE_LOCAL
 * @mode: permission bits, 0: 0600
 * @uid, @gid: owner, or SHMRING_ID_CREATOR; "dev:" alone has another
 * @high_water: per cent of the ring from which on the module tells Netlink
 *	listeners that it fills up, 0 for none; "dev:" alone
 * @handback_shift: the consumer hands space back when 1/2^shift of the ring has
 *	been released; 0 means each record at once
 * @spin_ns: how long a wait looks at the ring before it sleeps
 * @max_producers: how many it can have at once, each with a lane of @ring_bytes;
 *	0: one. More take "dev:", and are read by read(2)
 * @max_consumers: 0 or 1
 *
 * Fill it with SHMRING_OPTS_INIT first; a NULL pointer means the same. A ring
 * that is there already stays what it is, whatever is asked for here.
 */
struct shmring_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t ring_bytes;
	uint32_t record_size;
	int32_t node;
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	uint32_t high_water;
	uint32_t handback_shift;
	uint32_t spin_ns;
	uint32_t max_producers;
	uint32_t max_consumers;
};

#define SHMRING_OPTS_SIZE_VER0	48

#define SHMRING_HANDBACK_SHIFT	3
#define SHMRING_SPIN_NS		20000

#define SHMRING_OPTS_INIT {						\
	sizeof(struct shmring_opts), 0, 0, 0, SHMRING_NODE_ANY, 0,	\
	SHMRING_ID_CREATOR, SHMRING_ID_CREATOR, 0,			\
	SHMRING_HANDBACK_SHIFT, SHMRING_SPIN_NS, 0, 0			\
}

struct shmring_backend;

/*
 * struct shmring - one endpoint, or a ring that is not attached yet
 *
 * Only the inline functions below touch the members.
 * @data: the data area, mapped twice back to back
 * @mask: ring_bytes - 1
 * @pos: where this side is: published or released records, and those staged by
 *	the producer or consumed but not yet handed back by the consumer
 * @limit: how far @pos may go by the last look at the peer's position
 * @seen: the producer's position in the consumer's last look; beyond @limit where
 *	records end in between
 * @shown: what this side's page says: the last publish or hand-back
 * @handback: the consumer hands back once @pos - @shown is this much
 * @self: how far this side says that it is
 * @peer: how far the other side says that it is
 * @bell: the peer's, odd while it sleeps
 * @lane: what is said of the producers that came and went
 * @record_size: bytes of each record, 0 for any
 * @generation: of @lane, as this side knows it
 * @bounded: ends of producers that left may be ahead of @pos
 * @ctl: this side's control page
 * @granted: with SHMRING_DEBUG: up to where a record was reserved or peeked
 */
struct shmring {
	unsigned char *data;
	uint64_t mask;
	uint64_t pos;
	uint64_t limit;
	uint64_t seen;
	uint64_t shown;
	uint64_t handback;
	struct shmring_cursor *self;
	const struct shmring_cursor *peer;
	const uint32_t *bell;
	const struct shmring_lane *lane;
	uint32_t record_size;
	uint32_t role;
	uint32_t generation;
	uint32_t bounded;
	uint32_t streaming;
	uint32_t probe_in;
	uint32_t spin_ns;
	int fd;
	struct shmring_ctl_page *ctl;
	const struct shmring_info_page *info;
	const struct shmring_backend *backend;
	void *priv;
	uint64_t granted;
};

/* shmring_version - of the library that is running, as "1.2.3" */
const char *shmring_version(void);

/* shmring_open() of a program that was built with this header; not for callers. */
struct shmring *shmring_open_abi(const char *address, uint32_t role,
				 const struct shmring_opts *opts, uint32_t abi,
				 size_t handle_size);

/*
 * shmring_open - open or create the ring at @address and attach to it
 * @role: SHMRING_ROLE_NONE opens it without attaching: for a parent that makes
 *	the ring and forks; each child then calls shmring_attach()
 * @opts: NULL for the defaults
 *
 * Errno: EINVAL an address or option that cannot be; ENOENT no such ring;
 * ENODEV "dev:" without the module; EEXIST; EBUSY the role is taken; ENOSYS
 * this kernel lacks membarrier(2), futex_waitv(2) or memfd_create(2); EPERM a
 * filter forbids them; EFBIG above RLIMIT_FSIZE; EPROTO not a ring, or one of
 * another version, or this header is not the library's; E2BIG the module or the
 * library is older and does not know what was asked for; EOPNOTSUPP an owner or
 * a mark that take the module; EISCONN "dev:@FD" is an endpoint of the other
 * role; and what ioctl(2) on the device or shm_open(3) give.
 */
SHMRING_INLINE struct shmring *shmring_open(const char *address, uint32_t role,
					    const struct shmring_opts *opts)
{
	return shmring_open_abi(address, role, opts, SHMRING_ABI,
				sizeof(struct shmring));
}

/*
 * shmring_attach - become the producer or consumer of a ring opened with NONE
 *
 * The endpoint has an open file of its own, so it lives and dies apart from
 * the handle of the parent. Errno as the ATTACH ioctl, and as mmap(2). Whatever
 * can fail fails here: later calls open nothing, and go on after setuid(2),
 * chroot(2) and with a full table of descriptors.
 */
int shmring_attach(struct shmring *r, uint32_t role);

/*
 * shmring_close - flush, detach, free. Rings stay; see shmring_unlink().
 *
 * In a child of fork() the copy of an attached handle answers -ENOTCONN, and
 * closing it frees the copy; the endpoint is the parent's.
 */
void shmring_close(struct shmring *r);

/* shmring_unlink - remove the ring's name. ENOENT, EPERM; EINVAL if it has none. */
int shmring_unlink(const char *address);

/*
 * struct shmring_stat - a ring as somebody sees it who has no part in it
 * @size: in: sizeof(struct shmring_stat); out: bytes of it that were filled
 * @flags, @ring_bytes, @record_size, @node: as it was made, SHMRING_CREATE_*
 * @head, @tail: as the two sides' pages say
 * @state: SHMRING_STATE_* of the producer [0] and the consumer [1]
 * @stalls: times that they found the ring full or empty, by their own count
 *
 * Fill it with SHMRING_STAT_INIT first.
 */
struct shmring_stat {
	uint32_t size;
	uint32_t flags;
	uint64_t ring_bytes;
	uint32_t record_size;
	int32_t node;
	uint64_t head;
	uint64_t tail;
	uint32_t state[2];
	uint64_t stalls[2];
};

#define SHMRING_STAT_SIZE_VER0	64

#define SHMRING_STAT_INIT {						\
	sizeof(struct shmring_stat), 0, 0, 0, 0, 0, 0, { 0, 0 }, { 0, 0 } \
}

/*
 * shmring_stat - look at a ring of "shm:" or "memfd:", with leave to read alone
 *
 * Of "dev:" the module tells more, through sysfs and Netlink: EOPNOTSUPP. Else
 * errno as shmring_open().
 */
int shmring_stat(const char *address, struct shmring_stat *st);

/* shmring_errmsg - one line about this thread's last failed open or attach */
const char *shmring_errmsg(void);

/*
 * shmring_wait - until @want payload bytes can be reserved (producer; 0: one
 * record) or a record is there (consumer; @want is the bytes, with headers,
 * and 0 means one record)
 * @timeout_ns: 0 looks once, negative waits for ever
 *
 * Looks for .spin_ns and then sleeps. Flushes first, which for the producer
 * publishes what is staged.
 * -EPIPE: the peer was there and is gone, and what was waited for did not
 * come; -ETIMEDOUT; -EINTR: a handler of a signal ran, with SA_RESTART or
 * without; -EBADMSG: the producer's position makes no sense;
 * -EMSGSIZE: @want is more than the ring holds.
 */
int shmring_wait(struct shmring *r, size_t want, int64_t timeout_ns);

/*
 * shmring_wait_peer - until the other role is attached, or has been since it
 * was last found missing. Errors as above, but for EPIPE.
 */
int shmring_wait_peer(struct shmring *r, int64_t timeout_ns);

/*
 * shmring_kick_wait - one half of a call and reply: wake @kick's peer if it
 * sleeps and wait for one record on @r. One system call on "dev:". Where the
 * peer slept, it does not look before it sleeps: the answer takes too long.
 * @kick: a ring to which shmring_publish_quiet() published
 */
int shmring_kick_wait(struct shmring *r, struct shmring *kick,
		      int64_t timeout_ns);

/*
 * Event loops: shmring_fd() is polled for shmring_events(), level-triggered, and
 * before each sleep on it one of the two calls that arm has to return 0.
 *
 *	for (;;) {
 *		take or put records, until there are none or no room;
 *		ready = shmring_arm(r, 0);
 *		if (ready == -EPIPE)		the peer is gone: wait for the next
 *			ready = shmring_arm_peer(r);
 *		if (ready < 0)
 *			break;
 *		epoll_wait(..., ready ? 0 : -1);
 *	}
 *
 * The descriptor may also say ready when nothing is; the calls that move records
 * say what is true. See event-loop.c among the examples.
 */

/*
 * shmring_fd - a descriptor for poll, select and epoll
 *
 * It belongs to the handle. Before attaching it is the ring's own.
 */
int shmring_fd(struct shmring *r);

/* shmring_events - what to poll shmring_fd() for: POLLIN or POLLOUT; -ENOTCONN */
int shmring_events(const struct shmring *r);

/*
 * shmring_arm - about to sleep on shmring_fd() until there is something to do
 * @want: as for shmring_wait()
 * Returns 1 when it is ready already, 0 when armed, or as shmring_wait().
 */
int shmring_arm(struct shmring *r, size_t want);

/*
 * shmring_arm_peer - about to sleep on shmring_fd() until the other role is
 * attached, or has been since it was last found missing
 * Returns 1 when that is so already, 0 when armed, or as shmring_wait_peer().
 */
int shmring_arm_peer(struct shmring *r);

/*
 * shmring_ring_fd - the ring's own descriptor, to be inherited or sent to who
 * opens it as "memfd:FD" or "dev:@FD"; before attaching and after
 *
 * It belongs to the handle. -EBADF: there is none, since the handle was made
 * of an endpoint.
 */
int shmring_ring_fd(const struct shmring *r);

/* shmring_size, shmring_record_size - bytes of the ring, of each record (0: any) */
uint64_t shmring_size(const struct shmring *r);
uint32_t shmring_record_size(const struct shmring *r);

/*
 * shmring_used - bytes, with headers, that are published and not handed back;
 * at any time from 0 to shmring_size(), whatever the peer writes. -ENOTCONN
 */
int64_t shmring_used(const struct shmring *r);

/*
 * shmring_peek_at - a record behind the one that shmring_peek() gives, or NULL
 * @at: how many bytes behind, with headers; moves to the record behind this one
 * @len, @tag: as there; @len is not NULL
 *
 * For who looks over all that is there: from @at 0 on, until it fails with anything
 * but EBADMSG. No record is released, and what is to be is peeked first.
 * EBADMSG: it makes no sense; @at moves on, to where the next producer began.
 * EAGAIN: there is none. ESTALE: shmring_peek() would say EBADMSG for the
 * producer's position; what was looked at is not there any more, and not to be
 * released. ENOTCONN, EISCONN: the handle is no consumer's. EINVAL: no record of
 * any length begins at that @at.
 */
const void *shmring_peek_at(struct shmring *r, uint64_t *at, size_t *len,
			    uint32_t *tag);

/* shmring_role - SHMRING_ROLE_* of this handle */
uint32_t shmring_role(const struct shmring *r);

/* shmring_peer - SHMRING_STATE_* of the other side, -ENOTCONN, -EBADMSG */
int shmring_peer(struct shmring *r);

/* shmring_epoch - moves with the first of a role that comes and the last that goes */
uint32_t shmring_epoch(const struct shmring *r);

/*
 * shmring_send, shmring_recv - copy one record
 * @timeout_ns: as for shmring_wait()
 *
 * recv returns the length. -EMSGSIZE: longer than the ring, than @cap (the
 * record stays), or not record_size. -EAGAIN with timeout 0. Else as wait.
 */
int shmring_send(struct shmring *r, const void *buf, size_t len, uint32_t tag,
		 int64_t timeout_ns);
ssize_t shmring_recv(struct shmring *r, void *buf, size_t cap, uint32_t *tag,
		     int64_t timeout_ns);

/* Slow paths of the inline functions below; not for callers. */
int shmring_refill(struct shmring *r, uint64_t need);
void shmring_bad_record(struct shmring *r);
void shmring_kick(struct shmring *r);
void shmring_misused(const char *call, const char *rule)
	__attribute__((noreturn, cold));

/*
 * The hot path.
 */
#define shmring_likely(x)	__builtin_expect(!!(x), 1)
#define shmring_unlikely(x)	__builtin_expect(!!(x), 0)

/* For programs under test. The handle is the same with it and without. */
#ifdef SHMRING_DEBUG
#define shmring_rule(rule)						\
	(shmring_likely(rule) ? (void)0 : shmring_misused(__func__, #rule))
#define shmring_grant(r, bytes)	((void)((r)->granted = (r)->pos + (bytes)))
#define shmring_was_granted(r, bytes)					\
	((int64_t)((r)->granted - (r)->pos) >= (int64_t)(bytes))
#else
#define shmring_rule(rule)	((void)0)
#define shmring_grant(r, bytes)	((void)0)
#endif

/* Bytes that a record of @len occupies in the ring. */
SHMRING_INLINE uint64_t shmring_footprint(const struct shmring *r, size_t len)
{
	if (r->record_size)
		return r->record_size;
	return ((uint64_t)len + sizeof(struct shmring_record) +
		SHMRING_RECORD_ALIGN - 1) & ~(uint64_t)(SHMRING_RECORD_ALIGN - 1);
}

SHMRING_INLINE unsigned char *shmring_at(const struct shmring *r, uint64_t pos)
{
	return r->data + (pos & r->mask);
}

/*
 * Show the other side how far this one is, and wake it if it sleeps. (B) for
 * the producer, (D) for the consumer: the records are written, or read, before.
 */
SHMRING_INLINE void shmring_show_quiet(struct shmring *r)
{
	r->shown = r->pos;
	__atomic_store_n(&r->self->pos, r->pos, __ATOMIC_RELEASE);
}

SHMRING_INLINE void shmring_show(struct shmring *r)
{
	shmring_show_quiet(r);
	/*
	 * The store comes before the load, for the compiler. For the CPU the
	 * sleeper sees to that: it makes its bell odd, makes this CPU fence, and
	 * looks again.
	 */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (shmring_unlikely(__atomic_load_n(r->bell, __ATOMIC_RELAXED) & 1))
		shmring_kick(r);
}

/*
 * shmring_reserve - room for a record of @len bytes, or NULL
 *
 * EAGAIN: full. EMSGSIZE: it never fits, is above SHMRING_RECORD_MAX in a ring of
 * records of any length, or is not record_size. A consumer whose position makes
 * no sense counts as one that does not move. The room is contiguous. Nothing is
 * visible until it is staged or committed, and published.
 */
SHMRING_INLINE void *shmring_reserve(struct shmring *r, size_t len)
{
	uint64_t need = shmring_footprint(r, len);
	int err;

	shmring_rule(r->role != SHMRING_ROLE_CONSUMER);
	if (shmring_unlikely(r->record_size ? len != r->record_size :
					      len > SHMRING_RECORD_MAX)) {
		errno = EMSGSIZE;
		return NULL;
	}
	if (shmring_unlikely(r->limit - r->pos < need)) {
		err = shmring_refill(r, need);
		if (err) {
			errno = -err;
			return NULL;
		}
	}
	shmring_grant(r, need);
	return shmring_at(r, r->pos) +
	       (r->record_size ? 0 : sizeof(struct shmring_record));
}

/*
 * shmring_stage - the reserved record is filled, with @len bytes (no more than
 * were reserved); more may be reserved behind it before shmring_publish()
 *
 * -EMSGSIZE, and nothing is staged: there is no room for as much, or it is not
 * record_size.
 */
SHMRING_INLINE int shmring_stage(struct shmring *r, size_t len, uint32_t tag)
{
	uint64_t need = shmring_footprint(r, len);
	struct shmring_record *rec;

	shmring_rule(r->role == SHMRING_ROLE_PRODUCER);
	shmring_rule(shmring_was_granted(r, need));
	if (r->record_size) {
		if (shmring_unlikely(len != r->record_size))
			return -EMSGSIZE;
		r->pos += need;
		return 0;
	}
	if (shmring_unlikely(len > SHMRING_RECORD_MAX ||
			     need > r->limit - r->pos))
		return -EMSGSIZE;
	rec = (struct shmring_record *)(void *)shmring_at(r, r->pos);
	rec->len = (uint32_t)len;
	rec->tag = tag;
	r->pos += need;
	return 0;
}

/*
 * shmring_discard - forget what the producer has reserved, and what it has
 * staged and not published: it is as if it had never been
 */
SHMRING_INLINE void shmring_discard(struct shmring *r)
{
	shmring_rule(r->role == SHMRING_ROLE_PRODUCER);
	r->pos = r->shown;
	shmring_grant(r, 0);
}

/* shmring_publish - make all staged records visible; wakes a sleeping peer */
SHMRING_INLINE void shmring_publish(struct shmring *r)
{
	shmring_rule(r->role == SHMRING_ROLE_PRODUCER);
	shmring_show(r);
}

/* shmring_publish_quiet - the same for a caller that kick_waits afterwards */
SHMRING_INLINE void shmring_publish_quiet(struct shmring *r)
{
	shmring_rule(r->role == SHMRING_ROLE_PRODUCER);
	shmring_show_quiet(r);
}

/*
 * shmring_commit - stage and publish one record
 *
 * -EMSGSIZE as shmring_stage(), and nothing is published.
 */
SHMRING_INLINE int shmring_commit(struct shmring *r, size_t len, uint32_t tag)
{
	int err = shmring_stage(r, len, tag);

	if (!err)
		shmring_publish(r);
	return err;
}

/* Up to @n records, back to back, from @pos on: room or content. NULL: errno. */
SHMRING_INLINE void *shmring_run(struct shmring *r, size_t *n)
{
	uint64_t there = r->limit - r->pos;
	uint64_t need;
	int err;

	if (shmring_unlikely(__builtin_mul_overflow(*n, r->record_size, &need) ||
			     there < need || there - 1 > r->mask ||
			     !r->record_size)) {
		err = r->record_size ? shmring_refill(r, r->record_size) :
				       -EINVAL;
		if (err) {
			errno = -err;
			return NULL;
		}
		there = (r->limit - r->pos) / r->record_size;
		if (shmring_unlikely(!there)) {
			shmring_bad_record(r);
			return NULL;
		}
		if (*n > there)
			*n = (size_t)there;
	}
	shmring_grant(r, (uint64_t)*n * r->record_size);
	return shmring_at(r, r->pos);
}

/* Go on over the first @n records of a run. -EMSGSIZE: it has fewer. */
SHMRING_INLINE int shmring_pass(struct shmring *r, size_t n)
{
	uint64_t need;

	if (shmring_unlikely(__builtin_mul_overflow(n, r->record_size, &need) ||
			     need > r->limit - r->pos))
		return -EMSGSIZE;
	shmring_rule(shmring_was_granted(r, need));
	r->pos += need;
	return 0;
}

/*
 * shmring_reserve_n - room for up to @n records, back to back, in a ring of
 * fixed records; @n becomes how many. NULL as shmring_reserve(), and EINVAL in
 * a ring of records of any length.
 */
SHMRING_INLINE void *shmring_reserve_n(struct shmring *r, size_t *n)
{
	shmring_rule(r->role != SHMRING_ROLE_CONSUMER);
	return shmring_run(r, n);
}

/*
 * shmring_commit_n - publish the first @n records of the reserved run
 *
 * -EMSGSIZE: there are not as many; nothing is published.
 */
SHMRING_INLINE int shmring_commit_n(struct shmring *r, size_t n)
{
	int err;

	shmring_rule(r->role == SHMRING_ROLE_PRODUCER);
	err = shmring_pass(r, n);
	if (!err)
		shmring_publish(r);
	return err;
}

/* The record at @pos, where @avail bytes are; NULL where it does not fit. */
SHMRING_INLINE const void *shmring_record_at(const struct shmring *r,
					     uint64_t pos, uint64_t avail,
					     size_t *len, uint32_t *tag)
{
	const struct shmring_record *rec;
	uint32_t n;

	if (r->record_size) {
		*len = r->record_size;
		if (tag)
			*tag = 0;
		return avail < r->record_size ? NULL : shmring_at(r, pos);
	}
	rec = (const struct shmring_record *)(const void *)shmring_at(r, pos);
	/* Read once: the producer can change it behind our back. */
	n = __atomic_load_n(&rec->len, __ATOMIC_RELAXED);
	*len = n;
	if (tag)
		*tag = __atomic_load_n(&rec->tag, __ATOMIC_RELAXED);
	return avail < shmring_footprint(r, n) || n > SHMRING_RECORD_MAX ?
	       NULL : rec + 1;
}

/*
 * shmring_peek - the next record, still in the ring, or NULL
 * @len: its length; @tag: its tag, 0 in a ring of fixed records; may be NULL
 *
 * EAGAIN: empty. EBADMSG: the producer's position or the record's header make
 * no sense, or one that is gone had shown more than it left. What can be there is
 * dropped, up to where the next producer began, and what was peeked is not to be
 * released any more; the next call goes on there. The bytes are the producer's: a
 * hostile one may change them while they are read.
 */
SHMRING_INLINE const void *shmring_peek(struct shmring *r, size_t *len,
				       uint32_t *tag)
{
	uint64_t avail = r->limit - r->pos;
	const void *record;
	size_t n;
	int err;

	shmring_rule(r->role != SHMRING_ROLE_PRODUCER);
	/* Nothing, or who released what had been dropped is beyond what is there. */
	if (shmring_unlikely(avail - 1 > r->mask)) {
		err = shmring_refill(r, 1);
		if (err) {
			errno = -err;
			return NULL;
		}
		avail = r->limit - r->pos;
	}
	record = shmring_record_at(r, r->pos, avail, &n, tag);
	if (shmring_unlikely(!record)) {
		shmring_bad_record(r);
		return NULL;
	}
	if (len)
		*len = n;
	shmring_grant(r, shmring_footprint(r, n));
	return record;
}

/*
 * shmring_flush - hand back all released space now
 *
 * Released records are handed back a part of the ring at a time, and when the
 * ring is found empty. Until then a new consumer would get them again.
 */
SHMRING_INLINE void shmring_flush(struct shmring *r)
{
	if (r->pos != r->shown)
		shmring_show(r);
}

/* shmring_release - done with the record that was peeked, of @len bytes */
SHMRING_INLINE void shmring_release(struct shmring *r, size_t len)
{
	uint64_t need = shmring_footprint(r, len);

	shmring_rule(r->role == SHMRING_ROLE_CONSUMER);
	shmring_rule(shmring_was_granted(r, need));
	r->pos += need;
	if (shmring_unlikely(r->pos - r->shown >= r->handback))
		shmring_show(r);
}

/*
 * shmring_peek_n - up to @n records, back to back, of a ring of fixed records;
 * @n becomes how many. NULL as shmring_peek(), and EINVAL as reserve_n.
 */
SHMRING_INLINE const void *shmring_peek_n(struct shmring *r, size_t *n)
{
	shmring_rule(r->role != SHMRING_ROLE_PRODUCER);
	return shmring_run(r, n);
}

/*
 * shmring_release_n - done with the first @n records of the peeked run
 *
 * -EMSGSIZE: there are not as many; nothing is released.
 */
SHMRING_INLINE int shmring_release_n(struct shmring *r, size_t n)
{
	int err;

	shmring_rule(r->role == SHMRING_ROLE_CONSUMER);
	err = shmring_pass(r, n);
	if (err)
		return err;
	if (shmring_unlikely(r->pos - r->shown >= r->handback))
		shmring_show(r);
	return 0;
}

#ifdef __cplusplus
}
#endif

#endif /* SHMRING_H */
