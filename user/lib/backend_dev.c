// SPDX-License-Identifier: MIT
/* dev:NAME, the kernel module: every question is an ioctl. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "backend.h"

static int no_module(const char *name)
{
	return shmring_fail(ENODEV, "dev:%s: no " SHMRING_CTL_PATH ": load the module (modprobe shmring) or use memfd: or shm:/NAME",
			    name);
}

static int open_ctl(const char *name)
{
	int fd = open(SHMRING_CTL_PATH, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT || errno == ENXIO || errno == ENODEV)
		return no_module(name);
	return shmring_fail(errno, "dev:%s: cannot open " SHMRING_CTL_PATH ": %s%s",
			    name, strerror(errno), errno == EACCES ?
			    ": be root or, where its udev rule is installed, in the group shmring" : "");
}

/* The module checks names too; here it is about what open() would do. */
static int check_name(const char *name)
{
	if (!*name || strchr(name, '/'))
		return shmring_fail(EINVAL, "dev:%s: no such name can be: 1 to %d of A-Za-z0-9._-",
				    name, SHMRING_NAME_MAX - 1);
	if (strlen(name) >= SHMRING_NAME_MAX)
		return shmring_fail(ENAMETOOLONG, "dev:%s: the name is too long: at most %d bytes",
				    name, SHMRING_NAME_MAX - 1);
	return 0;
}

static const char *why_not_created(int err)
{
	switch (err) {
	case EINVAL:
		return "an option that cannot be: the size is a power of two from one page, a record fits, strict takes a node, a high-water mark is at most 100, a name is of A-Za-z0-9._-";
	case EPERM:
		return "another owner takes CAP_CHOWN: be root";
	case EEXIST:
		return "it exists: open it without SHMRING_OPEN_CREATE, or unlink it";
	case ENXIO:
		return "no such NUMA node with memory: see numactl -H";
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

static int create(const char *name, const struct shmring_opts *o)
{
	int ctl, err = 0;
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
	};

	if (o->flags & SHMRING_OPEN_EPHEMERAL)
		c.flags |= SHMRING_CREATE_EPHEMERAL;
	if (o->flags & SHMRING_OPEN_STRICT)
		c.flags |= SHMRING_CREATE_STRICT;
	strcpy(c.name, name);
	ctl = open_ctl(name);
	if (ctl < 0)
		return ctl;
	if (ioctl(ctl, SHMRING_IOC_CREATE, &c))
		err = shmring_fail(errno, "dev:%s: cannot create it: %s", name,
				   why_not_created(errno));
	close(ctl);
	return err;
}

static int open_node(const char *name)
{
	char path[sizeof(SHMRING_DEV_DIR) + SHMRING_NAME_MAX];
	int fd;

	snprintf(path, sizeof(path), SHMRING_DEV_DIR "%s", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (errno == ENOENT && access(SHMRING_CTL_PATH, F_OK))
		return no_module(name);
	return shmring_fail(errno, "dev:%s: cannot open %s: %s%s", name, path,
			    strerror(errno),
			    errno == ENOENT ? ": create it first" : "");
}

static int read_info(int fd, const char *name, struct shmring_geometry *g)
{
	struct shmring_info i = { .size = sizeof(i) };

	if (ioctl(fd, SHMRING_IOC_INFO, &i))
		return shmring_fail(EPROTO, "dev:%s: no ring: %s", name,
				    strerror(errno));
	g->ring_bytes = i.ring_bytes;
	g->record_size = i.record_size;
	g->page_size = i.page_size;
	g->info = (off_t)i.info_offset;
	g->producer = (off_t)i.producer_offset;
	g->consumer = (off_t)i.consumer_offset;
	g->data = (off_t)i.data_offset;
	g->doubled = true;
	return 0;
}

static int dev_unlink(const char *name)
{
	struct shmring_destroy d = { .size = sizeof(d) };
	int ctl, err;

	err = check_name(name);
	if (err)
		return err;
	strcpy(d.name, name);
	ctl = open_ctl(name);
	if (ctl < 0)
		return ctl;
	if (ioctl(ctl, SHMRING_IOC_DESTROY, &d))
		err = shmring_fail(errno, "dev:%s: cannot destroy it: %s", name,
				   strerror(errno));
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
static int dev_open(struct shmring *r, const char *name)
{
	struct shmring_endpoint *ep = shmring_endpoint(r);
	bool made = ep->opts.flags & SHMRING_OPEN_CREATE;
	int err;

	err = check_name(name);
	if (!err && made)
		err = create(name, &ep->opts);
	if (err)
		return err;
	r->fd = open_node(name);
	err = r->fd < 0 ? r->fd : read_info(r->fd, name, &ep->geo);
	if (!err)
		return 0;
	if (r->fd >= 0)
		close(r->fd);
	if (made)
		dev_unlink(name);
	return err;
}

/* Another layout is another release's: nothing in it is where we look for it. */
static int check_layout(const struct shmring_info_page *info)
{
	if (info->magic == SHMRING_MAGIC && info->version == SHMRING_VERSION)
		return 0;
	return shmring_fail(EPROTO, "cannot attach: the module makes rings of version %u, and this library knows %u: see shmring doctor",
			    info->version, SHMRING_VERSION);
}

static int dev_attach(struct shmring *r, int fd, uint32_t role)
{
	struct shmring_attach a = { .size = sizeof(a), .role = role };
	int err;

	if (ioctl(fd, SHMRING_IOC_ATTACH, &a))
		return shmring_fail(errno, "cannot attach: %s%s",
				    strerror(errno), errno == EBUSY ?
				    ": another process has the role" : "");
	err = shmring_map(r, fd, role, false);
	if (err)
		return err;
	err = check_layout(r->info);
	if (!err)
		err = shmring_begin(r, role);
	if (err)
		shmring_unmap(r);
	return err;
}

/* The role goes with the last descriptor and mapping, by itself. */
static void dev_detach(struct shmring *r, bool owner)
{
	(void)r;
	(void)owner;
}

static int dev_wait(struct shmring *r, unsigned long ioc, struct shmring_wait *w,
		    int64_t deadline)
{
	w->size = sizeof(*w);
	w->timeout_ns = SHMRING_WAIT_FOREVER;
	if (deadline != SHMRING_NEVER) {
		w->timeout_ns = deadline - shmring_now();
		/* 0 would arm and not wait, and a kick must go out anyway. */
		if (w->timeout_ns <= 0)
			w->timeout_ns = 1;
	}
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

	/* As in shmring_kick(): before the kick. */
	kick->kicked = __atomic_load_n(&kick->peer->wait, __ATOMIC_RELAXED);
	return dev_wait(r, SHMRING_IOC_KICK_WAIT, &w, deadline);
}

static void dev_kick(struct shmring *r)
{
	/* Attached as this side is, it cannot fail. */
	ioctl(r->fd, SHMRING_IOC_KICK);
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
	(void)r;
	(void)need;
	return 0;
}

const struct shmring_backend shmring_backend_dev = {
	.scheme = "dev:",
	.open = dev_open,
	.unlink = dev_unlink,
	.stat = dev_stat,
	.attach = dev_attach,
	.detach = dev_detach,
	.sleep = dev_sleep,
	.kick = dev_kick,
	.kick_sleep = dev_kick_sleep,
	.peer_state = dev_peer_state,
	.fd = dev_fd,
	.arm = dev_arm,
};
