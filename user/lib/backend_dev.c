// SPDX-License-Identifier: MIT
/* dev:NAME, the kernel module: every question is an ioctl. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend.h"

#define SCHEME		"dev:"
#define NODE_PATH_MAX	(sizeof(SHMRING_DEV_DIR) + SHMRING_NAME_MAX)

static int no_module(const char *scheme, const char *name)
{
	/* sysfs shows modules in every container that has it. */
	if (!access("/sys/module/shmring", F_OK))
		return shmring_fail(ENODEV, "%s%s: the module is loaded, but there is no " SHMRING_CTL_PATH " here: in a container, pass /dev/shmring in",
				    scheme, name);
	return shmring_fail(ENODEV, "%s%s: no " SHMRING_CTL_PATH ": load the module (modprobe shmring) or use shm:/NAME",
			    scheme, name);
}

int shmring_open_ctl(const char *scheme, const char *name)
{
	int fd = open(SHMRING_CTL_PATH, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT || errno == ENXIO || errno == ENODEV)
		return no_module(scheme, name);
	return shmring_fail(errno, "%s%s: cannot open " SHMRING_CTL_PATH ": %s%s",
			    scheme, name, strerror(errno), errno == EACCES ?
			    ": be root or, where its udev rule is installed, in the group shmring" : "");
}

/*
 * What "dev:" addresses: a name, none at all, or by "@", which no name has, a
 * descriptor that is open already. The module checks names too; here it is about
 * what open() would do.
 */
static int check_name(const char *name)
{
	if (!*name || *name == '@')
		return shmring_fail(EINVAL, "dev:%s: it has no name, and goes with its last user",
				    name);
	if (strchr(name, '/'))
		return shmring_fail(EINVAL, "dev:%s: no such name can be: 1 to %d of A-Za-z0-9._-",
				    name, SHMRING_NAME_MAX - 1);
	if (strlen(name) >= SHMRING_NAME_MAX)
		return shmring_fail(ENAMETOOLONG, "dev:%s: the name is too long: at most %d bytes",
				    name, SHMRING_NAME_MAX - 1);
	return 0;
}

static void node_path(const char *name, char path[NODE_PATH_MAX])
{
	snprintf(path, NODE_PATH_MAX, SHMRING_DEV_DIR "%s", name);
}

/* What was written to a ring's name before the ring was there keeps it away. */
static int check_no_file(const char *name)
{
	char path[NODE_PATH_MAX];
	struct stat st;

	node_path(name, path);
	if (lstat(path, &st) || S_ISCHR(st.st_mode))
		return 0;
	return shmring_fail(EPROTO, "dev:%s: %s is no ring, but a %s: rm %s && shmring create %s",
			    name, path, S_ISREG(st.st_mode) ? "plain file" :
			    S_ISDIR(st.st_mode) ? "folder" : "file", path, name);
}

/* The module has one errno for all that cannot be. */
static const char *why_invalid(const struct shmring_create *c)
{
	if (c->mode != SHMRING_MODE_DEFAULT && c->mode > 0777)
		return "a mode is at most 0777";
	if (c->high_water > 100)
		return "a high-water mark is at most 100 per cent";
	if (c->max_producers > SHMRING_LANES_MAX)
		return "a ring has at most 64 producers";
	if (c->max_consumers > 1)
		return "a ring has one consumer";
	if (c->node < SHMRING_NODE_LOCAL)
		return "a node is a number from 0 on";
	if (c->flags & SHMRING_CREATE_STRICT && c->node == SHMRING_NODE_ANY)
		return "strict takes a node: its number, or the local one";
	if (c->uid != SHMRING_ID_CREATOR || c->gid != SHMRING_ID_CREATOR)
		return "the owner or group does not exist in this user namespace: see /proc/self/uid_map and gid_map";
	return "a name is of A-Za-z0-9._-, begins with neither . nor -, and is not ctl";
}

static const char *why_not_created(int err, const struct shmring_create *c)
{
	switch (err) {
	case EINVAL:
		return why_invalid(c);
	case EPERM:
		return "only root gives a ring to another owner";
	case EEXIST:
		return "it exists: open it without SHMRING_OPEN_EXCL, or unlink it";
	case ENXIO:
		return "no such NUMA node with memory, or not in this cpuset: see numactl -H";
	case EFBIG:
		return "larger than the module's max_ring_bytes";
	case E2BIG:
	case ENOTTY:
		return "the module is older than this library and does not know what was asked for: see shmring doctor";
	case ENOSPC:
		return "the module's max_rings or max_total_bytes is reached: destroy some";
	default:
		return strerror(err);
	}
}

/* A descriptor of a new ring, which has no name if @name is empty. */
static int create(const char *name, const struct shmring_opts *o)
{
	char address[sizeof("dev:") + SHMRING_NAME_MAX];
	int ctl, fd, err;
	struct shmring_create c = {
		.size = sizeof(c),
		.ring_bytes = o->ring_bytes ? o->ring_bytes :
			      SHMRING_RING_BYTES,
		.record_size = o->record_size,
		.node = o->node,
		.mode = o->mode ? o->mode : SHMRING_MODE_DEFAULT,
		.uid = o->uid,
		.gid = o->gid,
		.high_water = o->high_water,
		.max_producers = o->max_producers,
		.max_consumers = o->max_consumers,
	};

	snprintf(address, sizeof(address), "dev:%s", name);
	err = shmring_check_size(address, c.ring_bytes, c.record_size);
	if (!err && *name)
		err = check_no_file(name);
	if (err)
		return err;
	if (o->flags & SHMRING_OPEN_EPHEMERAL)
		c.flags |= SHMRING_CREATE_EPHEMERAL;
	if (o->flags & SHMRING_OPEN_STRICT)
		c.flags |= SHMRING_CREATE_STRICT;
	if (!*name)
		c.flags |= SHMRING_CREATE_ANONYMOUS;
	strcpy(c.name, name);
	ctl = shmring_open_ctl(SCHEME, name);
	if (ctl < 0)
		return ctl;
	fd = ioctl(ctl, SHMRING_IOC_CREATE, &c);
	if (fd < 0)
		fd = shmring_fail(errno, "%s: cannot create it: %s", address,
				  why_not_created(errno, &c));
	close(ctl);
	return fd;
}

/* File modes say who may produce (write) and who may consume (read). */
static int open_rights(const char *path)
{
	static const int rights[] = { O_RDWR, O_RDONLY, O_WRONLY };
	size_t i;
	int fd = -1;

	for (i = 0; i < sizeof(rights) / sizeof(*rights) && fd < 0; i++) {
		fd = open(path, rights[i] | O_CLOEXEC);
		if (fd < 0 && errno != EACCES)
			break;
	}
	return fd;
}

static int open_node(const char *name)
{
	char path[NODE_PATH_MAX];
	int fd, err = check_no_file(name);

	if (err)
		return err;
	node_path(name, path);
	fd = open_rights(path);
	if (fd >= 0)
		return fd;
	if (errno == ENOENT && access(SHMRING_CTL_PATH, F_OK))
		return no_module(SCHEME, name);
	/* A node that is left of a ring that was destroyed. */
	if (errno == ENXIO)
		errno = ENOENT;
	return shmring_fail(errno, "dev:%s: cannot open %s: %s%s", name, path,
			    strerror(errno),
			    errno == ENOENT ? ": create it first" : "");
}

/* A copy: the caller's descriptor stays the caller's. */
static int take_descriptor(const char *where)
{
	unsigned long n;
	char *end;
	int fd;

	errno = 0;
	n = strtoul(where + 1, &end, 10);
	if (where[1] < '0' || where[1] > '9' || *end || errno || n > INT_MAX)
		return shmring_fail(EINVAL, "dev:%s: not a descriptor: a number behind the @",
				    where);
	fd = fcntl((int)n, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (fd >= 0)
		return fd;
	return shmring_fail(errno, "dev:%s: %s", where, errno == EBADF ?
			    "no such descriptor is open" : strerror(errno));
}

static int read_info(struct shmring *r, const char *where)
{
	struct shmring_geometry *g = &shmring_endpoint(r)->geo;
	struct shmring_info i = { .size = sizeof(i) };
	char address[sizeof("dev:") + SHMRING_NAME_MAX];

	snprintf(address, sizeof(address), "dev:%s", where);
	if (ioctl(r->fd, SHMRING_IOC_INFO, &i))
		return shmring_fail(EPROTO, "%s: not a ring, or of a module that this library does not know (%s): see shmring doctor",
				    address, strerror(errno));
	/* Before anything is mapped that may mean something else there. */
	if (shmring_check_layout(address, SHMRING_VERSION, i.features))
		return -EPROTO;
	g->ring_bytes = i.ring_bytes;
	g->record_size = i.record_size;
	g->lanes = i.max_producers;
	g->page_size = i.page_size;
	g->info_bytes = (size_t)(i.producer_offset - i.info_offset);
	g->cursor_bytes = (size_t)i.consumer_stride;
	g->info = (off_t)i.info_offset;
	g->producer = (off_t)i.producer_offset;
	g->consumer = (off_t)i.consumer_offset;
	g->data = (off_t)i.data_offset;
	g->doubled = true;
	shmring_endpoint(r)->received = i.role;
	return 0;
}

static int why_not_destroyed(const char *name, int err)
{
	int file = err == ENOENT ? check_no_file(name) : 0;

	if (file)
		return file;
	return shmring_fail(err, "dev:%s: cannot destroy it: %s", name,
			    err == ENOENT ? "no ring has this name" :
			    err == EPERM ? "the ring is somebody else's: be its owner or root" :
			    strerror(err));
}

static int dev_unlink(const char *name)
{
	struct shmring_destroy d = { .size = sizeof(d) };
	int ctl, err;

	err = check_name(name);
	if (err)
		return err;
	strcpy(d.name, name);
	ctl = shmring_open_ctl(SCHEME, name);
	if (ctl < 0)
		return ctl;
	if (ioctl(ctl, SHMRING_IOC_DESTROY, &d))
		err = why_not_destroyed(name, errno);
	close(ctl);
	return err;
}

static int dev_stat(const char *name, struct shmring_stat *st)
{
	(void)st;
	return shmring_fail(EOPNOTSUPP, "dev:%s: ask the module: /sys/class/shmring/%s, or the Netlink family",
			    name, name);
}

/* Who may use a ring need not be allowed to make one. */
static int open_or_make(const char *where, const struct shmring_opts *o)
{
	bool made = o->flags & SHMRING_OPEN_CREATE;
	int err;

	if (*where == '@') {
		if (made)
			return shmring_fail(EINVAL, "dev:%s: it exists, so it cannot be created: say dev: alone",
					    where);
		return take_descriptor(where);
	}
	if (!*where)
		return create(where, o);
	err = check_name(where);
	if (err)
		return err;
	return made ? create(where, o) : open_node(where);
}

static int dev_open(struct shmring *r, const char *where)
{
	const struct shmring_opts *o = &shmring_endpoint(r)->opts;
	int err, fd = open_or_make(where, o);

	if (fd < 0)
		return fd;
	r->fd = fd;
	err = read_info(r, where);
	if (!err)
		return 0;
	close(fd);
	if (*where && o->flags & SHMRING_OPEN_CREATE)
		dev_unlink(where);
	return err;
}

static const char *role_name(uint32_t role)
{
	return role == SHMRING_ROLE_PRODUCER ? "producer" : "consumer";
}

static const char *why_not_attached(int err, uint32_t role, uint32_t lanes)
{
	switch (err) {
	case EBUSY:
		return lanes > 1 ? "other processes have all of its lanes" :
				   "another process has the role";
	case EACCES:
		return role == SHMRING_ROLE_PRODUCER ?
		       "a producer takes the right to write to the ring" :
		       "a consumer takes the right to read the ring";
	case ENOENT:
		return "the ring was destroyed: create it again";
	default:
		return strerror(err);
	}
}

static int dev_endpoint(struct shmring *r, uint32_t role)
{
	uint32_t received = shmring_endpoint(r)->received;
	uint32_t lanes = shmring_endpoint(r)->geo.lanes;
	struct shmring_attach a = {
		.size = sizeof(a),
		.role = role,
		.index = SHMRING_INDEX_ANY,
	};
	int fd;

	if (received && received != role)
		return shmring_fail(EISCONN, "cannot attach: the descriptor is the ring's %s",
				    role_name(received));
	if (role == SHMRING_ROLE_CONSUMER && lanes > 1)
		return shmring_fail(EOPNOTSUPP, "cannot attach: the ring has %u lanes, and this library reads one: use read(2), as cat does",
				    lanes);
	fd = received ? fcntl(r->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) :
			shmring_fd_above(ioctl(r->fd, SHMRING_IOC_ATTACH, &a));
	if (fd >= 0)
		return fd;
	return shmring_fail(errno, "cannot attach as the %s: %s",
			    role_name(role), why_not_attached(errno, role, lanes));
}

/* Another layout is another release's: nothing in it is where we look for it. */
static int check_layout(const struct shmring_info_page *info)
{
	if (info->magic != SHMRING_MAGIC)
		return shmring_fail(EPROTO, "cannot attach: what the module shows is no ring: see shmring doctor");
	return shmring_check_layout("cannot attach", info->version,
				    info->features);
}

static int dev_attach(struct shmring *r, int fd, uint32_t role)
{
	struct shmring_info i = { .size = sizeof(i) };
	int err;

	if (ioctl(fd, SHMRING_IOC_INFO, &i))
		return shmring_fail(errno, "cannot attach: %s", strerror(errno));
	err = shmring_map(r, fd, role,
			  role == SHMRING_ROLE_PRODUCER ? i.index : 0, false);
	if (err)
		return err;
	err = check_layout(r->info);
	if (err)
		shmring_unmap(r);
	else
		shmring_begin(r, role);
	return err;
}

/*
 * Until a time, even a very far one: then a signal handler ends the wait, however
 * it was installed. One without a limit goes on after a handler with SA_RESTART,
 * and the other backends cannot.
 */
static int dev_wait(struct shmring *r, unsigned long ioc, struct shmring_wait *w,
		    int64_t deadline)
{
	w->size = sizeof(*w);
	w->flags |= SHMRING_WAIT_ABSTIME;
	w->timeout_ns = deadline;
	if (ioctl(r->fd, ioc, w))
		return -errno;
	return w->events & SHMRING_EVENT_READY ? 0 : -EPIPE;
}

static int dev_sleep(struct shmring *r, uint64_t need, uint32_t flags,
		     int64_t deadline)
{
	struct shmring_wait w = { .flags = flags, .want = need };

	return dev_wait(r, SHMRING_IOC_WAIT, &w, deadline);
}

static int dev_kick_sleep(struct shmring *r, uint64_t need,
			  struct shmring *kick, int64_t deadline)
{
	struct shmring_wait w = { .want = need, .kick_fd = kick->fd };

	return dev_wait(r, SHMRING_IOC_KICK_WAIT, &w, deadline);
}

static void dev_kick(struct shmring *r)
{
	/* Attached as this side is, it cannot fail. */
	ioctl(r->fd, SHMRING_IOC_KICK, r->lane - r->info->lane);
}

static uint32_t dev_peer_state(struct shmring *r)
{
	return shmring_state(r->info, shmring_other(r->role));
}

static int dev_fd(struct shmring *r)
{
	return r->fd;
}

/* poll() itself arms, by the want word that shmring_arm() has set. */
static int dev_arm(struct shmring *r, uint64_t need)
{
	(void)need;
	__atomic_store_n(&r->ctl->poll_flags, 0, __ATOMIC_RELAXED);
	return 0;
}

static int dev_arm_peer(struct shmring *r, uint32_t epoch)
{
	__atomic_store_n(&r->ctl->poll_epoch, epoch, __ATOMIC_RELAXED);
	__atomic_store_n(&r->ctl->poll_flags, SHMRING_POLL_PEER,
			 __ATOMIC_RELEASE);
	return 0;
}

const struct shmring_backend shmring_backend_dev = {
	.scheme = SCHEME,
	.open = dev_open,
	.unlink = dev_unlink,
	.stat = dev_stat,
	.endpoint = dev_endpoint,
	.attach = dev_attach,
	.sleep = dev_sleep,
	.kick = dev_kick,
	.kick_sleep = dev_kick_sleep,
	.peer_state = dev_peer_state,
	.fd = dev_fd,
	.arm = dev_arm,
	.arm_peer = dev_arm_peer,
};
