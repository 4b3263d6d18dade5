// SPDX-License-Identifier: GPL-2.0-only
/* /dev/shmring/ctl: create and destroy rings, evict endpoints. */
#include <linux/ctype.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "args.h"
#include "ctl.h"
#include "endpoint.h"

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

/* An anonymous ring has none. */
static int shmring_check_new_name(const struct shmring_create *args)
{
	if (args->flags & SHMRING_CREATE_ANONYMOUS)
		return args->name[0] ? -EINVAL : 0;
	return shmring_check_name(args->name);
}

/* Who is to be managed: an id or a name. */
static int shmring_check_target(u64 id, const char *name)
{
	if (id)
		return name[0] ? -EINVAL : 0;
	return shmring_check_name(name);
}

static long shmring_ctl_create(void __user *arg)
{
	struct shmring_create args;
	int err;

	err = shmring_get_args(&args, sizeof(args), SHMRING_CREATE_SIZE_VER0,
			       arg);
	if (!err)
		err = shmring_check_new_name(&args);
	return err ?: shmring_create(&args);
}

static long shmring_ctl_destroy(void __user *arg)
{
	struct shmring_destroy args;
	int err;

	err = shmring_get_args(&args, sizeof(args), SHMRING_DESTROY_SIZE_VER0,
			       arg);
	if (!err && args.flags)
		err = -EINVAL;
	if (!err)
		err = shmring_check_target(args.id, args.name);
	return err ?: shmring_destroy(args.id, args.name);
}

static long shmring_ctl_evict(void __user *arg)
{
	struct shmring_evict args;
	struct shmring *ring;
	int err;

	err = shmring_get_args(&args, sizeof(args), SHMRING_EVICT_SIZE_VER0,
			       arg);
	if (!err && (args.flags || !shmring_is_role(args.role, args.index,
						    SHMRING_LANES_MAX)))
		err = -EINVAL;
	if (!err)
		err = shmring_check_target(args.id, args.name);
	if (err)
		return err;
	ring = shmring_get_managed(args.id, args.name);
	if (IS_ERR(ring))
		return PTR_ERR(ring);
	err = shmring_is_role(args.role, args.index, ring->nr_lanes) ?
	      shmring_evict(ring, args.role, args.index) : -EINVAL;
	put_device(&ring->dev);
	return err;
}

static long shmring_ctl_ioctl(struct file *file, unsigned int cmd,
			      unsigned long arg)
{
	switch (cmd) {
	case SHMRING_IOC_CREATE:
		return shmring_ctl_create((void __user *)arg);
	case SHMRING_IOC_DESTROY:
		return shmring_ctl_destroy((void __user *)arg);
	case SHMRING_IOC_EVICT:
		return shmring_ctl_evict((void __user *)arg);
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
