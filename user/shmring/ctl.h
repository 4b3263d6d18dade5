/* SPDX-License-Identifier: MIT */
/* What the module's control device is asked, where the library does not. */
#ifndef CTL_H
#define CTL_H

#include <stdint.h>

/*
 * Both take dev:NAME, anon:ID or id:ID, and return an exit status after saying
 * what is wrong.
 */
int ctl_destroy(const char *address);
int ctl_evict(const char *address, uint32_t role);

#endif /* CTL_H */
