// SPDX-License-Identifier: MIT
/* The module: taken away, brought back, and looked at. */
#include <errno.h>
#include <fcntl.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/shmring_netlink.h>

#include "shared.h"

long fuzz_module_unload(void)
{
	return syscall(SYS_delete_module, "shmring", O_NONBLOCK) ? -errno : 0;
}

long fuzz_module_load(struct fuzz_shared *shared, const char *params)
{
	if (syscall(SYS_finit_module, shared->module_fd, params, 0))
		return -errno;
	fuzz_module_look(shared);
	return 0;
}

static void look_at_family(struct fuzz_shared *shared)
{
	struct nl_sock *sk = nl_socket_alloc();
	int id;

	if (sk && !genl_connect(sk)) {
		id = genl_ctrl_resolve(sk, SHMRING_FAMILY_NAME);
		if (id >= 0)
			atomic_store(&shared->family, id);
		id = genl_ctrl_resolve_grp(sk, SHMRING_FAMILY_NAME,
					   SHMRING_MCGRP_EVENTS);
		if (id >= 0)
			atomic_store(&shared->group, id);
	}
	nl_socket_free(sk);
}

void fuzz_module_look(struct fuzz_shared *shared)
{
	char line[32] = "";
	int fd = open("/sys/module/shmring/sections/.text",
		      O_RDONLY | O_CLOEXEC);

	atomic_fetch_add(&shared->loads, 1);
	if (fd >= 0) {
		if (read(fd, line, sizeof(line) - 1) > 0)
			atomic_store(&shared->text, strtoul(line, NULL, 16));
		close(fd);
	}
	look_at_family(shared);
}
