/* SPDX-License-Identifier: MIT */
/* Is the family there, and is it ours? */
#ifndef FAMILY_H
#define FAMILY_H

#include <netlink/genl/family.h>

/*
 * 0; -ENOENT without one (@family is NULL); -EPROTONOSUPPORT for one of another
 * version. @why then says so, and what to do.
 */
int family_check(struct genl_family *family, char *why, size_t max);

#endif /* FAMILY_H */
