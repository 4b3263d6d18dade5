// SPDX-License-Identifier: GPL-2.0-only
/* /dev/shmring/ctl: create and destroy rings. */
#include <linux/ctype.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "ctl.h"
#include "ring.h"

int shmring_get_args(void *dst, size_t ksize, size_t first,
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

static int shmring_check_name(const char *name)
{
	size_t len = strnlen(name, SHMRING_NAME_MAX);

	if (len == SHMRING_NAME_MAX)
		return -ENAMETOOLONG;
	if (!len || name[0] == '.' || name[0] == '-' || !strcmp(name, "ctl"))
		return -EINVAL;
	for (; *name; name++)
		if (!isascii(*name) ||
		    (!isalnum(*name) && !strchr("._-", *name)))
			return -EINVAL;
	return 0;
}

static long shmring_ctl_create(void __user *arg)
{
	struct shmring_create args;
	int err;

	err = shmring_get_args(&args, sizeof(args), sizeof(args), arg);
	if (!err)
		err = shmring_check_name(args.name);
	return err ?: shmring_create(&args);
}

static long shmring_ctl_destroy(void __user *arg)
{
	struct shmring_destroy args;
	int err;

	err = shmring_get_args(&args, sizeof(args), sizeof(args), arg);
	if (!err && args.flags)
		err = -EINVAL;
	if (!err)
		err = shmring_check_name(args.name);
	return err ?: shmring_destroy(args.name);
}

static long shmring_ctl_ioctl(struct file *file, unsigned int cmd,
			      unsigned long arg)
{
	switch (cmd) {
	case SHMRING_IOC_CREATE:
		return shmring_ctl_create((void __user *)arg);
	case SHMRING_IOC_DESTROY:
		return shmring_ctl_destroy((void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations shmring_ctl_fops = {
	.owner		= THIS_MODULE,
	.open		= nonseekable_open,
	.unlocked_ioctl	= shmring_ctl_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static struct miscdevice shmring_ctl = {
	.minor		= MISC_DYNAMIC_MINOR,
	.name		= "shmring",
	.nodename	= "shmring/ctl",
	.mode		= 0600,
	.fops		= &shmring_ctl_fops,
};

int shmring_ctl_init(void)
{
	return misc_register(&shmring_ctl);
}

void shmring_ctl_exit(void)
{
	misc_deregister(&shmring_ctl);
}
