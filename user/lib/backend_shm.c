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
	r->fd = fd;
	r->priv = s;
	return 0;
}

static int check_name(const char *name)
{
	if (name[0] != '/' || !name[1] || strchr(name + 1, '/') ||
	    !strcmp(name, "/.") || !strcmp(name, "/.."))
		return shmring_fail(EINVAL, "shm:%s: no such name can be: a slash and then others, as in shm:/frames",
				    name);
	if (strlen(name) > NAME_MAX)
		return shmring_fail(ENAMETOOLONG, "shm:%s: the name is too long",
				    name);
	return 0;
}

/* Has @name still the file behind @fd? */
static bool same_file(const char *name, int fd)
{
	char path[sizeof(SHM_DIR) + NAME_MAX + 1];
	struct stat a, b;

	snprintf(path, sizeof(path), SHM_DIR "%s", name);
	return !lstat(path, &a) && !fstat(fd, &b) && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

/*
 * Unlink an ephemeral ring if nobody is attached. Both roles are locked
 * meanwhile, so who opened it just before finds it without a name.
 */
static void unlink_if_idle(const char *name, int fd)
{
	if (!shm_lock(fd, F_OFD_SETLK, F_WRLCK, 0, 2) && same_file(name, fd))
		shm_unlink(name);
}

/* An ephemeral ring whose endpoints were killed is nobody's any more. */
static void remove_leftover(const char *name)
{
	struct shmring_info_page info;
	struct shmring_geometry g;
	uint32_t flags;
	int fd = shm_open(name, O_RDWR | O_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (!shm_file_check(fd, name, &g, &flags) &&
	    flags & SHMRING_CREATE_EPHEMERAL &&
	    pread(fd, &info, sizeof(info), 0) == sizeof(info) &&
	    (info.state[0] != SHMRING_STATE_NEVER ||
	     info.state[1] != SHMRING_STATE_NEVER))
		unlink_if_idle(name, fd);
	close(fd);
}

/* Give the finished file its name: nobody ever sees it half made. */
static int publish(int fd, const char *name)
{
	char from[32], to[sizeof(SHM_DIR) + NAME_MAX + 1];

	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	snprintf(to, sizeof(to), SHM_DIR "%s", name);
	if (!linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW))
		return 0;
	if (errno != EEXIST)
		return -errno;
	remove_leftover(name);
	return linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW) ?
	       -errno : 0;
}

static int shm_make(const char *name, const struct shmring_opts *o,
		    struct shmring_geometry *g)
{
	char what[NAME_MAX + 8];
	int fd, err;

	snprintf(what, sizeof(what), "shm:%s", name);
	fd = open(SHM_DIR, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return shmring_fail(errno, "%s: cannot make a file in " SHM_DIR ": %s",
				    what, strerror(errno));
	err = shm_file_create(fd, what, o, g);
	if (err)
		goto close;
	err = fchmod(fd, o->mode ? o->mode : 0600) ? -errno : publish(fd, name);
	if (!err)
		return fd;
	shmring_fail(-err, "%s: cannot create it: %s%s", what, strerror(-err),
		     err == -EEXIST ?
		     ": open it without SHMRING_OPEN_CREATE, or unlink it" : "");
close:
	close(fd);
	return err;
}

static int cannot_open(const char *what)
{
	return shmring_fail(errno, "%s: cannot open it: %s%s", what,
			    strerror(errno),
			    errno == ENOENT ? ": create it first" : "");
}

static int shm_find(const char *name, struct shmring_geometry *g,
		    uint32_t *flags)
{
	char what[NAME_MAX + 8];
	int fd, err;

	snprintf(what, sizeof(what), "shm:%s", name);
	fd = shm_open(name, O_RDWR | O_CLOEXEC, 0);
	if (fd < 0)
		return cannot_open(what);
	err = shm_file_check(fd, what, g, flags);
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int shm_open_ring(struct shmring *r, const char *name)
{
	struct shmring_endpoint *ep = shmring_endpoint(r);
	uint32_t flags = 0;
	int fd, err;

	err = check_name(name);
	if (err)
		return err;
	if (ep->opts.flags & SHMRING_OPEN_CREATE) {
		fd = shm_make(name, &ep->opts, &ep->geo);
		if (ep->opts.flags & SHMRING_OPEN_EPHEMERAL)
			flags = SHMRING_CREATE_EPHEMERAL;
	} else {
		fd = shm_find(name, &ep->geo, &flags);
	}
	if (fd < 0)
		return fd;
	err = finish_open(r, fd, name, flags);
	if (!err)
		return 0;
	if (ep->opts.flags & SHMRING_OPEN_CREATE)
		shm_unlink(name);
	close(fd);
	return err;
}

static int shm_stat_ring(const char *name, struct shmring_stat *st)
{
	char what[NAME_MAX + 8];
	int fd, err;

	err = check_name(name);
	if (err)
		return err;
	snprintf(what, sizeof(what), "shm:%s", name);
	fd = shm_open(name, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return cannot_open(what);
	err = shm_stat_file(fd, what, st);
	close(fd);
	return err;
}

static int shm_unlink_ring(const char *name)
{
	int err = check_name(name);

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
	int fd = memfd_create("shmring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err;

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

/* Whether the ring lost its name while the caller came to lock its role. */
static int check_linked(const struct shm *s, int fd)
{
	struct stat st;

	if (!s->name || !(s->flags & SHMRING_CREATE_EPHEMERAL))
		return 0;
	if (!fstat(fd, &st) && st.st_nlink)
		return 0;
	return shmring_fail(ENOENT, "shm:%s: its last endpoint has just left, and the ring with it: create it again",
			    s->name);
}

static int shm_attach(struct shmring *r, int fd, uint32_t role)
{
	struct shm *s = r->priv;
	int err;

	err = shm_sleep_ready();
	if (err)
		return err;
	err = shm_take_role(fd, role);
	if (err)
		return err;
	err = check_linked(s, fd);
	if (err)
		return err;
	err = shmring_map(r, fd, role, true);
	if (err)
		return err;
	err = shmring_begin(r, role);
	if (err) {
		shmring_unmap(r);
		return err;
	}
	s->info = (struct shmring_info_page *)(uintptr_t)r->info;
	s->self = r->self;
	s->peer = r->peer;
	s->role = role;
	s->other = shmring_other(role);
	s->fd = fd;
	/* The last one to have the role may have died without a word. */
	shm_set_state(s->info, role, SHMRING_STATE_ATTACHED, SHMRING_STATE_GONE);
	shm_set_state(s->info, role, shmring_state(s->info, role),
		      SHMRING_STATE_ATTACHED);
	return 0;
}

static void leave(struct shm *s)
{
	bool last = s->name && s->flags & SHMRING_CREATE_EPHEMERAL;

	shm_pump_stop(s);
	shm_watch_stop(s);
	/* One at a time, or two that leave would each see the other's role. */
	if (last)
		shm_lock(s->fd, F_OFD_SETLKW, F_WRLCK, SHM_LOCK_CLOSING, 1);
	shm_set_state(s->info, s->role, SHMRING_STATE_ATTACHED,
		      SHMRING_STATE_GONE);
	shm_lock(s->fd, F_OFD_SETLK, F_UNLCK, SHM_LOCK_ROLE(s->role), 1);
	if (last)
		unlink_if_idle(s->name, s->fd);
}

/* Closing the file, which the caller does, drops what is still locked. */
static void shm_detach(struct shmring *r, bool owner)
{
	struct shm *s = r->priv;

	if (owner)
		leave(s);
	free(s->name);
	free(s);
}

/* The position the peer must reach for @need bytes to be there or free. */
static uint64_t target_of(const struct shmring *r, uint64_t need)
{
	uint64_t target = r->pos + need;

	if (r->role == SHMRING_ROLE_PRODUCER)
		target -= shmring_ring_bytes(r);
	return target;
}

static int shm_sleep(struct shmring *r, uint64_t need, uint32_t flags,
		     int64_t deadline)
{
	struct shm *s = r->priv;
	int err;

	/* Nobody else would tell of the peer's death. */
	err = shm_watch_start(s);
	if (err)
		return err;
	if (!(flags & SHMRING_WAIT_PEER))
		return shm_sleep_until(s, target_of(r, need), NULL, 0, deadline);
	/* The caller's epoch: a peer that came and left since then counts. */
	if (shmring_state(s->info, s->other) == SHMRING_STATE_ATTACHED)
		return 0;
	return shm_sleep_peer(s, (uint32_t)need, deadline);
}

static void shm_kick(struct shmring *r)
{
	struct shm *s = r->priv;

	/* (6) of shm_sleep.c; only this thread writes the word */
	__atomic_store_n(&s->self->kick, s->self->kick + 1, __ATOMIC_RELEASE);
	futex_wake_all(&s->self->kick);
}

/* The word may be out of date: the lock says whether the peer lives. */
static uint32_t shm_peer_state(struct shmring *r)
{
	struct shm *s = r->priv;
	off_t byte = SHM_LOCK_ROLE(s->other);
	uint32_t state = shmring_state(s->info, s->other);

	if (state != SHMRING_STATE_ATTACHED ||
	    shm_lock(s->fd, F_OFD_SETLK, F_RDLCK, byte, 1))
		return state;
	shm_set_state(s->info, s->other, SHMRING_STATE_ATTACHED,
		      SHMRING_STATE_GONE);
	shm_lock(s->fd, F_OFD_SETLK, F_UNLCK, byte, 1);
	return SHMRING_STATE_GONE;
}

static int shm_fd(struct shmring *r)
{
	struct shm *s = r->priv;
	int err = shm_watch_start(s);

	if (!err)
		err = shm_pump_start(s);
	return err ? err : s->pump.eventfd;
}

static int shm_arm(struct shmring *r, uint64_t need)
{
	int fd = shm_fd(r);

	if (fd < 0)
		return fd;
	shm_pump_arm(r->priv, target_of(r, need));
	return 0;
}

const struct shmring_backend shmring_backend_shm = {
	.scheme = "shm:",
	.open = shm_open_ring,
	.unlink = shm_unlink_ring,
	.stat = shm_stat_ring,
	.attach = shm_attach,
	.detach = shm_detach,
	.sleep = shm_sleep,
	.kick = shm_kick,
	.peer_state = shm_peer_state,
	.fd = shm_fd,
	.arm = shm_arm,
};

const struct shmring_backend shmring_backend_memfd = {
	.scheme = "memfd:",
	.open = memfd_open,
	.unlink = memfd_unlink,
	.stat = memfd_stat,
	.attach = shm_attach,
	.detach = shm_detach,
	.sleep = shm_sleep,
	.kick = shm_kick,
	.peer_state = shm_peer_state,
	.fd = shm_fd,
	.arm = shm_arm,
};
