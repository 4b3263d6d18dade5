// SPDX-License-Identifier: MIT
/* shm:/NAME and memfd:, which differ only in how the file is found. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "futex.h"
#include "shm.h"

#define SHM_DIR		"/dev/shm"
#define MEMFD_SEALS	(F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static int finish_open(struct shmring *r, int fd, const char *name,
		       uint32_t flags)
{
	struct shm *s = calloc(1, sizeof(*s));

	if (s && name)
		s->name = strdup(name);
	if (!s || (name && !s->name)) {
		free(s);
		return shmring_fail(ENOMEM, "no memory for a handle");
	}
	s->fd = -1;
	s->flags = flags;
	s->pump.fd = -1;
	s->pump.own = -1;
	pthread_mutex_init(&s->lock, NULL);
	r->fd = fd;
	r->priv = s;
	return 0;
}

static int check_mode(const char *what, uint32_t mode)
{
	if (mode == SHMRING_MODE_DEFAULT || !(mode & ~0777U))
		return 0;
	return shmring_fail(EINVAL, "%s: mode %#o: permission bits, up to 0777",
			    what, mode);
}

static mode_t mode_of(const struct shmring_opts *o)
{
	return o->mode && o->mode != SHMRING_MODE_DEFAULT ? o->mode : 0600;
}

/* A file without a name, which shm_publish() gives it. */
static int shm_make(const char *name, const struct shmring_opts *o,
		    struct shmring_geometry *g)
{
	char what[NAME_MAX + 8];
	int fd, err;

	snprintf(what, sizeof(what), "shm:%s", name);
	err = check_mode(what, o->mode);
	if (err)
		return err;
	fd = shmring_fd_above(open(SHM_DIR, O_TMPFILE | O_RDWR | O_CLOEXEC,
				   0600));
	if (fd < 0)
		return shmring_fail(errno, "%s: cannot make a file in " SHM_DIR ": %s",
				    what, strerror(errno));
	err = shm_file_create(fd, what, o, g);
	if (!err && fchmod(fd, mode_of(o)))
		err = shmring_fail(errno, "%s: cannot set its mode: %s", what,
				   strerror(errno));
	if (!err && o->flags & SHMRING_OPEN_EPHEMERAL)
		err = shm_lock(fd, F_WRLCK, SHM_LOCK_CREATOR, 1);
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int cannot_open(const char *what)
{
	return shmring_fail(errno, "%s: cannot open it: %s%s", what,
			    strerror(errno),
			    errno == ENOENT ? ": create it first" : "");
}

/* An ephemeral ring that was left is not joined, but removed. */
static int shm_find(const char *name, struct shmring_geometry *g,
		    uint32_t *flags)
{
	char what[NAME_MAX + 8];
	int fd, err;

	snprintf(what, sizeof(what), "shm:%s", name);
	fd = shm_name_open(name, O_RDWR);
	if (fd < 0)
		return cannot_open(what);
	err = shm_file_check(fd, what, g, flags);
	if (!err && *flags & SHMRING_CREATE_EPHEMERAL &&
	    shm_name_unlink_if_left(name, fd, false)) {
		errno = ENOENT;
		err = cannot_open(what);
	}
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int shm_open_ring(struct shmring *r, const char *name)
{
	struct shmring_endpoint *ep = shmring_endpoint(r);
	bool make = ep->opts.flags & SHMRING_OPEN_CREATE;
	uint32_t flags = 0;
	int fd, err;

	err = shm_name_check(name);
	if (err)
		return err;
	if (make && ep->opts.flags & SHMRING_OPEN_EPHEMERAL)
		flags = SHMRING_CREATE_EPHEMERAL;
	fd = make ? shm_make(name, &ep->opts, &ep->geo) :
		    shm_find(name, &ep->geo, &flags);
	if (fd < 0)
		return fd;
	err = finish_open(r, fd, name, flags);
	if (err)
		close(fd);
	else
		((struct shm *)r->priv)->unnamed = make;
	return err;
}

/*
 * The last step of making one, after which nothing can fail: who attaches to
 * what it makes has the role before anybody else can find the ring.
 */
static int shm_publish(struct shmring *r)
{
	struct shm *s = r->priv;
	int err;

	if (!s->unnamed)
		return 0;
	err = shm_name_give(r->fd, s->name);
	if (err)
		return shmring_fail(-err, "shm:%s: cannot create it: %s%s",
				    s->name, strerror(-err), err == -EEXIST ?
				    ": open it without SHMRING_OPEN_EXCL, or unlink it" : "");
	s->unnamed = false;
	return 0;
}

static int shm_stat_ring(const char *name, struct shmring_stat *st)
{
	char what[NAME_MAX + 8];
	int fd, err;

	err = shm_name_check(name);
	if (err)
		return err;
	snprintf(what, sizeof(what), "shm:%s", name);
	fd = shm_name_open(name, O_RDONLY);
	if (fd < 0)
		return cannot_open(what);
	err = shm_stat_file(fd, what, st);
	close(fd);
	return err;
}

static int shm_unlink_ring(const char *name)
{
	int err = shm_name_check(name);

	if (err)
		return err;
	if (!shm_unlink(name))
		return 0;
	return shmring_fail(errno, "shm:%s: cannot unlink it: %s", name,
			    strerror(errno));
}

/* Sealed, so that no peer can take away memory that the other has mapped. */
static int memfd_make(const struct shmring_opts *o, struct shmring_geometry *g)
{
	int err = check_mode("memfd:", o->mode);
	int fd;

	if (err)
		return err;
	fd = shmring_fd_above(memfd_create("shmring",
					   MFD_CLOEXEC | MFD_ALLOW_SEALING));
	if (fd < 0)
		return shmring_fail(errno, "memfd: cannot make one: %s",
				    strerror(errno));
	err = shm_file_create(fd, "memfd:", o, g);
	if (!err && fcntl(fd, F_ADD_SEALS, MEMFD_SEALS))
		err = shmring_fail(errno, "memfd: cannot seal it: %s",
				   strerror(errno));
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int memfd_find(const char *where, struct shmring_geometry *g,
		      uint32_t *flags)
{
	char what[32], *end;
	unsigned long n;
	int fd, err;

	errno = 0;
	n = strtoul(where, &end, 10);
	if (where[0] < '0' || where[0] > '9' || *end || errno || n > INT_MAX)
		return shmring_fail(EINVAL, "memfd:%s: not a descriptor: a number, or nothing for new memory",
				    where);
	fd = (int)n;
	snprintf(what, sizeof(what), "memfd:%d", fd);
	err = fcntl(fd, F_GET_SEALS);
	if (err < 0 && errno == EBADF)
		return shmring_fail(EBADF, "%s: no such descriptor is open", what);
	if (err < 0 || (err & MEMFD_SEALS) != MEMFD_SEALS)
		return shmring_fail(EPROTO, "%s: not a ring: a memfd sealed against shrinking, growing and sealing",
				    what);
	err = shm_file_check(fd, what, g, flags);
	return err ? err : shmring_reopen(fd);
}

static int memfd_open(struct shmring *r, const char *where)
{
	struct shmring_endpoint *ep = shmring_endpoint(r);
	uint32_t flags;
	int fd, err;

	if (*where && ep->opts.flags & SHMRING_OPEN_CREATE)
		return shmring_fail(EINVAL, "memfd:%s: it exists, so it cannot be created: say memfd: alone",
				    where);
	fd = *where ? memfd_find(where, &ep->geo, &flags) :
		      memfd_make(&ep->opts, &ep->geo);
	if (fd < 0)
		return fd;
	/* Memory without a name goes by itself: never ephemeral here. */
	err = finish_open(r, fd, NULL, 0);
	if (err)
		close(fd);
	return err;
}

static int memfd_stat(const char *where, struct shmring_stat *st)
{
	struct shmring_geometry g;
	uint32_t flags;
	int fd = memfd_find(where, &g, &flags);
	int err;

	if (fd < 0)
		return fd;
	err = shm_stat_file(fd, "memfd:", st);
	close(fd);
	return err;
}

static int memfd_unlink(const char *where)
{
	return shmring_fail(EINVAL, "memfd:%s: it has no name, and goes with its last user",
			    where);
}

/* An open file of its own, to which the lock of its role belongs. */
static int shm_endpoint(struct shmring *r, uint32_t role)
{
	(void)role;
	return shmring_reopen(r->fd);
}

/* Whether the ring lost its name before the caller had locked its role. */
static int check_linked(const struct shm *s, int fd)
{
	struct stat st;

	if (!s->name || s->unnamed || (!fstat(fd, &st) && st.st_nlink))
		return 0;
	return shmring_fail(ENOENT, "shm:%s: the ring has lost its name, by its last endpoint that left or by an unlink: create it again",
			    s->name);
}

static int enter(struct shmring *r, int fd, uint32_t role)
{
	struct shm *s = r->priv;
	int err;

	err = shm_take_role(fd, role);
	if (!err)
		err = check_linked(s, fd);
	if (!err)
		err = shmring_map(r, fd, role, 0, true);
	if (err)
		return err;
	if (role == SHMRING_ROLE_PRODUCER)
		shm_settle(r);
	shmring_begin(r, role);
	s->info = (struct shmring_info_page *)(uintptr_t)r->info;
	s->ctl = r->ctl;
	s->peer_ctl = shmring_endpoint(r)->peer_ctl;
	s->self = r->self;
	s->peer = r->peer;
	s->role = role;
	s->other = shmring_other(role);
	s->fd = fd;
	return shm_service_start(s);
}

static int shm_attach(struct shmring *r, int fd, uint32_t role)
{
	struct shm *s = r->priv;
	int err;

	err = shm_sleep_ready();
	if (!err)
		err = shm_pump_open(s, role);
	if (err)
		return err;
	err = enter(r, fd, role);
	if (err) {
		shmring_unmap(r);
		shm_pump_close(s);
		return err;
	}
	/* The last one to have the role may have died without a word. */
	if (shmring_state(s->info, role) == SHMRING_STATE_ATTACHED)
		shm_set_state(s->info, role, SHMRING_STATE_GONE);
	shm_set_state(s->info, role, SHMRING_STATE_ATTACHED);
	return 0;
}

/*
 * The thread goes last: killed before the bells have rung, this side is heard of
 * by the thread's end. The lock goes after it, since the word that the thread
 * clears is then the next holder's.
 */
static void shm_leave(struct shmring *r)
{
	struct shm *s = r->priv;

	shm_set_state(s->info, s->role, SHMRING_STATE_GONE);
	shm_service_stop(s);
	shm_lock(s->fd, F_UNLCK, SHM_LOCK_ROLE(s->role), 1);
	if (s->name && s->flags & SHMRING_CREATE_EPHEMERAL)
		shm_name_unlink_if_left(s->name, s->fd, true);
}

/* In a child of fork(): the thread is not there, and the pipe is the parent's. */
static void shm_forked(struct shmring *r)
{
	shm_pump_close(r->priv);
}

/* The creator of an ephemeral ring may have been the last to have it. */
static void shm_drop(struct shmring *r)
{
	struct shm *s = r->priv;

	if (s->name && !s->unnamed && s->flags & SHMRING_CREATE_EPHEMERAL)
		shm_name_remove_leftover(s->name);
	shm_pump_close(s);
	pthread_mutex_destroy(&s->lock);
	free(s->name);
	free(s);
}

/* How far the peer must go for @need bytes to be there or free. */
static struct shm_goal goal_of(const struct shmring *r, uint64_t need)
{
	bool produces = r->role == SHMRING_ROLE_PRODUCER;

	return (struct shm_goal) {
		.seen = r->limit - (produces ? shmring_ring_bytes(r) : 0),
		.need = r->pos + need - r->limit,
		.least = produces ? 0 : shmring_footprint(r, 0),
		.odd = r->record_size ? 0 : SHMRING_RECORD_ALIGN - 1,
		.ring_bytes = shmring_ring_bytes(r),
		.generation = r->generation,
	};
}

static int shm_sleep(struct shmring *r, uint64_t need, uint32_t flags,
		     int64_t deadline)
{
	struct shm_goal goal;

	/* The caller's epoch: a peer that came and left since then counts. */
	if (flags & SHMRING_WAIT_PEER)
		return shm_sleep_peer(r->priv, (uint32_t)need, deadline);
	goal = goal_of(r, need);
	return shm_sleep_until(r->priv, &goal, deadline);
}

static void shm_kick(struct shmring *r)
{
	struct shm *s = r->priv;

	shm_kick_side(s->info, s->other);
}

static uint32_t shm_peer_state(struct shmring *r)
{
	return shm_state_of_peer(r->priv);
}

static int shm_fd(struct shmring *r)
{
	struct shm *s = r->priv;

	return s->pump.fd;
}

static int shm_arm(struct shmring *r, uint64_t need)
{
	const struct shm_pump request = { .goal = goal_of(r, need) };

	shm_pump_arm(r->priv, &request);
	return 0;
}

static int shm_arm_peer(struct shmring *r, uint32_t epoch)
{
	const struct shm_pump request = { .for_peer = true, .epoch = epoch };

	shm_pump_arm(r->priv, &request);
	return 0;
}

const struct shmring_backend shmring_backend_shm = {
	.scheme = "shm:",
	.open = shm_open_ring,
	.publish = shm_publish,
	.unlink = shm_unlink_ring,
	.stat = shm_stat_ring,
	.endpoint = shm_endpoint,
	.attach = shm_attach,
	.leave = shm_leave,
	.forked = shm_forked,
	.drop = shm_drop,
	.sleep = shm_sleep,
	.kick = shm_kick,
	.peer_state = shm_peer_state,
	.fd = shm_fd,
	.arm = shm_arm,
	.arm_peer = shm_arm_peer,
};

const struct shmring_backend shmring_backend_memfd = {
	.scheme = "memfd:",
	.open = memfd_open,
	.unlink = memfd_unlink,
	.stat = memfd_stat,
	.endpoint = shm_endpoint,
	.attach = shm_attach,
	.leave = shm_leave,
	.forked = shm_forked,
	.drop = shm_drop,
	.sleep = shm_sleep,
	.kick = shm_kick,
	.peer_state = shm_peer_state,
	.fd = shm_fd,
	.arm = shm_arm,
	.arm_peer = shm_arm_peer,
};
