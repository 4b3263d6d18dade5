/* SPDX-License-Identifier: MIT */
/* Is the family there, and is it ours? */
#ifndef FAMILY_H
#define FAMILY_H

#include <netlink/genl/family.h>

#define FAMILY_ELSEWHERE "is in the initial network namespace: nsenter --net=/proc/1/ns/net shmring ..."

/*
 * 0; -ENOENT without one (@family is NULL); -EPROTONOSUPPORT for one of another
 * version. @why then says so, and what to do.
 */
int family_check(struct genl_family *family, char *why, size_t max);

#endif /* FAMILY_H */
