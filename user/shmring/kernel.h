/* SPDX-License-Identifier: MIT */
/* Questions to the kernel module, over Generic Netlink. */
#ifndef KERNEL_H
#define KERNEL_H

#include "info.h"

struct kernel;

/* Calls return 0 or a negative errno; kernel_errmsg() then says what and why. */
const char *kernel_errmsg(void);

/* NULL and errno: ENOENT no module, EPROTONOSUPPORT another version. */
struct kernel *kernel_open(void);
void kernel_close(struct kernel *k);

/*
 * The family lives in another network namespace: rings are then read from sysfs.
 * What changes or listens fails with EOPNOTSUPP.
 */
bool kernel_by_sysfs(const struct kernel *k);

/* One ring; ring_info_free() it. */
int kernel_get(struct kernel *k, const char *name, struct ring_info *r);

/* Opens, gets and closes, for callers that need no reason. */
bool kernel_find(const char *name, struct ring_info *r);

/* All rings, by name; rings_free() them. */
int kernel_dump(struct kernel *k, struct rings *all);

int kernel_set_high_water(struct kernel *k, const char *name, uint32_t percent);

/*
 * struct event - something happened
 * @cmd: SHMRING_CMD_*_NTF
 * @ring: of an added or removed ring
 * @at: of the others
 */
struct event {
	uint8_t cmd;
	struct ring_info ring;
	struct event_info at;
};

/*
 * Listen from now on, with @buffer bytes for what is not read yet; kernel_fd()
 * is then for poll(), and kernel_events() calls @tell for all that is there.
 * -ENOBUFS: some are lost.
 */
int kernel_listen(struct kernel *k, size_t buffer);
int kernel_fd(const struct kernel *k);
int kernel_events(struct kernel *k,
		  void (*tell)(const struct event *e, void *arg), void *arg);

#endif /* KERNEL_H */
