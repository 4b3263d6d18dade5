// SPDX-License-Identifier: MIT
/* What the module's control device is asked, where the library does not. */
#include "ctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "args.h"
#include "backend.h"

/* The ring's id, or 0 and its name, as the structs of ctl take them. */
static uint64_t name_ring(const char *address, char name[SHMRING_NAME_MAX])
{
	uint64_t id = 0;

	/* args_address() has seen to it that the name is not too long. */
	if (!args_ring_id(address, &id))
		strcpy(name, args_dev_name(address));
	return id;
}

/* 0, -1 when it was said, or an errno. */
static int ask(const char *address, unsigned long cmd, void *arg)
{
	int fd = shmring_open_ctl("", address), err;

	if (fd < 0) {
		fail("%s", shmring_errmsg());
		return -1;
	}
	err = ioctl(fd, cmd, arg) ? errno : 0;
	close(fd);
	return err;
}

static int explain(const char *address, const char *what, int err)
{
	switch (err) {
	case 0:
		return EXIT_SUCCESS;
	case -1:
		return EXIT_FAILURE;
	case ENOENT:
		return fail("%s: no such ring: see shmring list", address);
	case EPERM:
		return fail("%s: the ring is somebody else's: be its owner or root",
			    address);
	case ENOTTY:
	case E2BIG:
		return fail("%s: the module is older than this command: see shmring doctor",
			    address);
	default:
		return fail("%s: cannot %s: %s", address, what, strerror(err));
	}
}

int ctl_destroy(const char *address)
{
	struct shmring_destroy d = { .size = sizeof(d) };

	d.id = name_ring(address, d.name);
	return explain(address, "destroy it",
		       ask(address, SHMRING_IOC_DESTROY, &d));
}

int ctl_evict(const char *address, uint32_t role)
{
	struct shmring_evict e = {
		.size = sizeof(e),
		.role = role,
		.index = SHMRING_INDEX_ANY,
	};
	int err;

	e.id = name_ring(address, e.name);
	err = ask(address, SHMRING_IOC_EVICT, &e);
	if (err == ENOTCONN)
		return fail("%s has no %s", address, role_word(role));
	return explain(address, "evict from it", err);
}
