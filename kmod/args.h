/* SPDX-License-Identifier: GPL-2.0-only */
/* Structs that start with their size, as <linux/shmring.h> has them. */
#ifndef _SHMRING_ARGS_H
#define _SHMRING_ARGS_H

#include <linux/mm.h>
#include <linux/types.h>
#include <linux/uaccess.h>

/*
 * Copy such a struct from user space into @dst, which has @ksize bytes; the first
 * version of the struct had @first. Errors as the UAPI header says.
 */
static inline int shmring_get_args(void *dst, size_t ksize, size_t first,
				   const void __user *src)
{
	u32 usize;

	if (get_user(usize, (const u32 __user *)src))
		return -EFAULT;
	if (usize < first)
		return -EINVAL;
	if (usize > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(dst, ksize, src, usize);
}

#endif /* _SHMRING_ARGS_H */
