// SPDX-License-Identifier: GPL-2.0-only
/* An open file of a ring's device: attach, map, release. */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/shmring_netlink.h>

#include "compat.h"
#include "ctl.h"
#include "endpoint.h"
#include "netlink.h"
#include "notify.h"
#include "trace.h"

/* The endpoint of an open file, or NULL if it is none of ours. */
struct shmring_endpoint *shmring_endpoint_of(struct file *file)
{
	return file->f_op == &shmring_fops ? file->private_data : NULL;
}

/* The side it has, or NULL. */
struct shmring_side *shmring_attached(struct shmring_endpoint *ep)
{
	/* Pairs with the release in shmring_take_side(). */
	return smp_load_acquire(&ep->side);
}

/*
 * Attach and detach
 */

/* Everybody hears of a peer that comes or goes. */
static void shmring_set_state(struct shmring *ring, struct shmring_side *side,
			      u32 state)
{
	lockdep_assert_held(&ring->lock);
	/* After all that the side published or released. */
	smp_store_release(shmring_state(ring, side), state);
	/* Whoever sees the new epoch sees the new state. */
	smp_store_release(&ring->info->epoch, ring->info->epoch + 1);
	shmring_kick(shmring_other(ring, side));
}

static int shmring_take_side(struct shmring_endpoint *ep,
			     struct shmring_side *side)
{
	lockdep_assert_held(&ep->ring->lock);
	if (ep->side)
		return -EISCONN;
	if (side->owner)
		return -EBUSY;
	side->owner = ep;
	side->pid = get_pid(task_tgid(current));
	/* Pairs with shmring_attached(). */
	smp_store_release(&ep->side, side);
	shmring_set_state(ep->ring, side, SHMRING_STATE_ATTACHED);
	trace_attach(side);
	shmring_notify_endpoint(ep->ring, side,
				SHMRING_CMD_ENDPOINT_ATTACH_NTF, false);
	return 0;
}

int shmring_attach(struct file *file, u32 role)
{
	struct shmring_endpoint *ep = file->private_data;
	struct shmring *ring = ep->ring;
	fmode_t need;
	int err;

	if (role != SHMRING_ROLE_PRODUCER && role != SHMRING_ROLE_CONSUMER)
		return -EINVAL;
	need = role == SHMRING_ROLE_PRODUCER ? FMODE_WRITE : FMODE_READ;
	if (!(file->f_mode & need))
		return -EACCES;

	mutex_lock(&ring->lock);
	err = shmring_take_side(ep, &ring->side[role - SHMRING_ROLE_PRODUCER]);
	mutex_unlock(&ring->lock);
	return err;
}

static bool shmring_was_killed(void)
{
	return (current->flags & PF_EXITING) && (current->exit_code & 0x7f);
}

/* All mappings of the file are gone too, so nobody can publish any more. */
static void shmring_forget_mm(struct shmring_side *side)
{
	struct task_struct *task;
	struct mm_struct *mm;

	spin_lock(&side->lock);
	task = side->task;
	mm = side->mm;
	side->task = NULL;
	side->mm = NULL;
	side->many_mms = false;
	spin_unlock(&side->lock);
	if (mm) {
		mmdrop(mm);
		put_task_struct(task);
	}
}

static void shmring_detach(struct shmring_endpoint *ep)
{
	struct shmring *ring = ep->ring;
	struct shmring_side *side = ep->side;
	bool killed = shmring_was_killed();
	bool last;

	shmring_put_eventfd(side);
	shmring_forget_mm(side);
	if (killed)
		atomic64_inc(&side->deaths);

	mutex_lock(&ring->lock);
	side->owner = NULL;
	shmring_set_state(ring, side, SHMRING_STATE_GONE);
	trace_detach(side, killed);
	shmring_notify_endpoint(ring, side, SHMRING_CMD_ENDPOINT_DETACH_NTF,
				killed);
	put_pid(side->pid);
	side->pid = NULL;
	last = !shmring_other(ring, side)->owner;
	mutex_unlock(&ring->lock);

	if (last && ring->flags & SHMRING_CREATE_EPHEMERAL)
		shmring_unlink(ring);
}

static int shmring_open(struct inode *inode, struct file *file)
{
	struct shmring_endpoint *ep;

	ep = kzalloc(sizeof(*ep), GFP_KERNEL_ACCOUNT);
	if (!ep)
		return -ENOMEM;
	ep->ring = container_of(inode->i_cdev, struct shmring, cdev);
	file->private_data = ep;
	return stream_open(inode, file);
}

static int shmring_release(struct inode *inode, struct file *file)
{
	struct shmring_endpoint *ep = file->private_data;

	if (ep->side)
		shmring_detach(ep);
	kfree(ep);
	return 0;
}

/*
 * mmap
 */

/* Remember who can publish, for shmring_fence(). */
static void shmring_note_mm(struct vm_area_struct *vma)
{
	struct shmring_endpoint *ep = vma->vm_file->private_data;
	struct shmring_side *side = ep->side;

	spin_lock(&side->lock);
	if (!side->mm) {
		mmgrab(vma->vm_mm);
		side->mm = vma->vm_mm;
		side->task = get_task_struct(current);
	} else if (side->mm != vma->vm_mm) {
		side->many_mms = true;
	}
	spin_unlock(&side->lock);
}

/* Pages come with mmap(); a fault is for those that MADV_DONTNEED dropped. */
static vm_fault_t shmring_fault(struct vm_fault *vmf)
{
	struct shmring_endpoint *ep = vmf->vma->vm_file->private_data;

	if (vmf->pgoff >= shmring_mapped_pages(ep->ring))
		return VM_FAULT_SIGBUS;
	vmf->page = ep->ring->pages[vmf->pgoff];
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct shmring_vm_ops = {
	.open	= shmring_note_mm,	/* fork, split */
	.fault	= shmring_fault,
};

/* The table in the UAPI header. @index is the first page. */
static bool shmring_may_write(struct shmring_endpoint *ep, unsigned long index)
{
	bool producer = shmring_is_producer(ep->ring, ep->side);

	if (index >= SHMRING_DATA_INDEX)
		return producer;
	return index == SHMRING_CTL_INDEX + (producer ? SHMRING_PRODUCER :
							SHMRING_CONSUMER);
}

static int shmring_check_range(struct shmring *ring, unsigned long index,
			       unsigned long pages)
{
	unsigned long end = index < SHMRING_DATA_INDEX ?
			    index + 1 : shmring_mapped_pages(ring);

	return index < end && pages <= end - index ? 0 : -EINVAL;
}

static int shmring_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct shmring_endpoint *ep = file->private_data;
	unsigned long pages = vma_pages(vma);
	int err;

	if (!shmring_attached(ep))
		return -ENOTCONN;
	err = shmring_check_range(ep->ring, vma->vm_pgoff, pages);
	if (err)
		return err;
	if (vma->vm_flags & VM_EXEC)
		return -EACCES;
	if (!shmring_may_write(ep, vma->vm_pgoff)) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		shmring_vm_flags_mod(vma, 0, VM_MAYWRITE);
	}
	/* mremap() must not grow it; each page is there from the start. */
	shmring_vm_flags_mod(vma, VM_DONTEXPAND | VM_MIXEDMAP, VM_MAYEXEC);
	vma->vm_ops = &shmring_vm_ops;
	shmring_note_mm(vma);
	return vm_insert_pages(vma, vma->vm_start,
			       ep->ring->pages + vma->vm_pgoff, &pages);
}

/*
 * ioctl
 */
static long shmring_ioc_attach(struct file *file, void __user *arg)
{
	struct shmring_attach args;
	int err;

	err = shmring_get_args(&args, sizeof(args), sizeof(args), arg);
	return err ?: shmring_attach(file, args.role);
}

static long shmring_ioc_info(struct shmring_endpoint *ep, void __user *arg)
{
	struct shmring *ring = ep->ring;
	struct shmring_side *side = shmring_attached(ep);
	struct shmring_info info = {
		.flags = ring->flags,
		.ring_bytes = ring->bytes,
		.record_size = ring->record_size,
		.node = ring->node,
		.page_size = PAGE_SIZE,
		.info_offset = SHMRING_INFO_INDEX << PAGE_SHIFT,
		.producer_offset =
			(SHMRING_CTL_INDEX + SHMRING_PRODUCER) << PAGE_SHIFT,
		.consumer_offset =
			(SHMRING_CTL_INDEX + SHMRING_CONSUMER) << PAGE_SHIFT,
		.data_offset = SHMRING_DATA_INDEX << PAGE_SHIFT,
		.data_bytes = 2 * ring->bytes,
	};
	u32 room;

	if (get_user(room, (u32 __user *)arg))
		return -EFAULT;
	if (room < sizeof(info))
		return -EINVAL;
	if (room > PAGE_SIZE)
		return -E2BIG;
	info.size = sizeof(info);
	if (side)
		info.role = shmring_role(side);
	strscpy(info.name, dev_name(&ring->dev), sizeof(info.name));
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long shmring_ioc_kick(struct shmring_endpoint *ep)
{
	struct shmring_side *side = shmring_attached(ep);

	if (!side)
		return -ENOTCONN;
	shmring_kick(shmring_other(ep->ring, side));
	return 0;
}

static long shmring_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	struct shmring_endpoint *ep = file->private_data;
	void __user *argp = (void __user *)arg;

	switch (cmd) {
	case SHMRING_IOC_ATTACH:
		return shmring_ioc_attach(file, argp);
	case SHMRING_IOC_INFO:
		return shmring_ioc_info(ep, argp);
	case SHMRING_IOC_WAIT:
		return shmring_wait(ep, argp, false);
	case SHMRING_IOC_KICK:
		return shmring_ioc_kick(ep);
	case SHMRING_IOC_KICK_WAIT:
		return shmring_wait(ep, argp, true);
	case SHMRING_IOC_EVENTFD:
		return shmring_set_eventfd(ep, argp);
	default:
		return -ENOTTY;
	}
}

const struct file_operations shmring_fops = {
	.owner		= THIS_MODULE,
	.open		= shmring_open,
	.release	= shmring_release,
	.mmap		= shmring_mmap,
	.read		= shmring_read,
	.write		= shmring_write,
	.poll		= shmring_poll,
	.unlocked_ioctl	= shmring_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};
