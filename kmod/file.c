// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open files. One of a ring comes from its device node or from CREATE; it leads
 * to endpoints, and the first read() or write() gives it one of its own. One of
 * an endpoint comes from ATTACH; it alone can be mapped.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "args.h"
#include "file.h"
#include "notify.h"

/*
 * struct shmring_handle - private data of an open file of a ring
 * @ring: with a reference
 * @creator: it is the one that CREATE returned
 * @lock: protects setting @ep
 * @ep: the endpoint of read() and write(), or NULL. Set once; read with
 *	smp_load_acquire()
 */
struct shmring_handle {
	struct shmring *ring;
	bool creator;
	struct mutex lock;		/* setting ep */
	struct shmring_endpoint *ep;
};

static struct shmring_endpoint *
shmring_handle_endpoint(struct shmring_handle *handle)
{
	/* Pairs with the release in shmring_become(). */
	return smp_load_acquire(&handle->ep);
}

struct shmring_endpoint *shmring_endpoint_of(struct file *file)
{
	if (file->f_op == &shmring_endpoint_fops)
		return file->private_data;
	if (file->f_op == &shmring_ring_fops)
		return shmring_handle_endpoint(file->private_data);
	return ERR_PTR(-EBADF);
}

static struct shmring *shmring_ring_of(struct file *file)
{
	struct shmring_endpoint *ep;
	struct shmring_handle *handle;

	if (file->f_op == &shmring_endpoint_fops) {
		ep = file->private_data;
		return ep->ring;
	}
	handle = file->private_data;
	return handle->ring;
}

/*
 * Who uses a ring
 */
static void shmring_add_user(struct shmring *ring)
{
	mutex_lock(&ring->lock);
	ring->users++;
	mutex_unlock(&ring->lock);
}

/* The last one to use an anonymous ring, or its creator, closes. */
static void shmring_drop_user(struct shmring *ring, bool creator)
{
	mutex_lock(&ring->lock);
	ring->users--;
	if ((shmring_is_anonymous(ring) && !ring->users) ||
	    (creator && ring->flags & SHMRING_CREATE_EPHEMERAL && !ring->met))
		shmring_condemn(ring);
	mutex_unlock(&ring->lock);
	/* Whoever sees that the file is closed sees what went with it. */
	shmring_finish_unlink(ring);
}

/*
 * Rings
 */
static struct shmring_handle *shmring_new_handle(struct shmring *ring,
						 bool creator)
{
	struct shmring_handle *handle;

	handle = kzalloc(sizeof(*handle), GFP_KERNEL_ACCOUNT);
	if (!handle)
		return NULL;
	get_device(&ring->dev);
	handle->ring = ring;
	handle->creator = creator;
	mutex_init(&handle->lock);
	shmring_add_user(ring);
	return handle;
}

static void shmring_free_handle(struct shmring_handle *handle)
{
	shmring_drop_user(handle->ring, handle->creator);
	put_device(&handle->ring->dev);
	kfree(handle);
}

static int shmring_ring_open(struct inode *inode, struct file *file)
{
	struct shmring *ring = container_of(inode->i_cdev, struct shmring, cdev);
	int err = shmring_finish_link(ring);

	if (err)
		return err;
	if (READ_ONCE(ring->condemned))
		return -ENXIO;
	file->private_data = shmring_new_handle(ring, false);
	if (!file->private_data)
		return -ENOMEM;
	return stream_open(inode, file);
}

static int shmring_ring_release(struct inode *inode, struct file *file)
{
	struct shmring_handle *handle = file->private_data;

	if (handle->ep) {
		shmring_end_role(handle->ep);
		shmring_put_endpoint(handle->ep);
	}
	shmring_free_handle(handle);
	return 0;
}

struct file *shmring_new_ring_file(struct shmring *ring)
{
	struct shmring_handle *handle = shmring_new_handle(ring, true);
	struct file *file;

	if (!handle)
		return ERR_PTR(-ENOMEM);
	file = anon_inode_getfile("[shmring]", &shmring_ring_fops, handle,
				  O_RDWR);
	if (IS_ERR(file))
		shmring_free_handle(handle);
	else
		stream_open(file_inode(file), file);
	return file;
}

/* The endpoint of read() and write(): attach on first use. */
static struct shmring_endpoint *shmring_become(struct shmring_handle *handle,
					       u32 role)
{
	struct shmring_endpoint *ep = shmring_handle_endpoint(handle);
	int err;

	if (ep)
		return ep;
	if (mutex_lock_interruptible(&handle->lock))
		return ERR_PTR(-ERESTARTSYS);
	ep = handle->ep;
	if (!ep) {
		ep = shmring_new_endpoint(handle->ring);
		err = PTR_ERR_OR_ZERO(ep);
		if (!err) {
			err = shmring_take_role(ep, role,
						SHMRING_INDEX_ANY);
			if (err)
				shmring_put_endpoint(ep);
		}
		if (err) {
			ep = ERR_PTR(err);
		} else {
			/* Pairs with shmring_handle_endpoint(). */
			smp_store_release(&handle->ep, ep);
			/* Who polls asks again, and arms. */
			wake_up_interruptible_all(&handle->ring->wq);
		}
	}
	mutex_unlock(&handle->lock);
	return ep;
}

static struct shmring_endpoint *shmring_io_endpoint(struct kiocb *iocb,
						    u32 role)
{
	struct file *file = iocb->ki_filp;
	struct shmring_endpoint *ep;

	if (file->f_op == &shmring_endpoint_fops)
		ep = file->private_data;
	else
		ep = shmring_become(file->private_data, role);
	if (!IS_ERR(ep) && ep->slot->role != role)
		return ERR_PTR(-EISCONN);
	return ep;
}

static ssize_t shmring_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct shmring_endpoint *ep =
		shmring_io_endpoint(iocb, SHMRING_ROLE_CONSUMER);

	return IS_ERR(ep) ? PTR_ERR(ep) : shmring_read(ep, iocb, to);
}

static ssize_t shmring_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct shmring_endpoint *ep;

	if (!iov_iter_count(from))
		return 0;
	ep = shmring_io_endpoint(iocb, SHMRING_ROLE_PRODUCER);
	return IS_ERR(ep) ? PTR_ERR(ep) : shmring_write(ep, iocb, from);
}

/*
 * Endpoints
 */
static int shmring_endpoint_release(struct inode *inode, struct file *file)
{
	struct shmring_endpoint *ep = file->private_data;

	shmring_end_role(ep);
	shmring_drop_user(ep->ring, false);
	shmring_put_endpoint(ep);
	return 0;
}

struct file *shmring_new_endpoint_file(struct shmring_endpoint *ep)
{
	struct file *file;

	shmring_add_user(ep->ring);
	file = anon_inode_getfile("[shmring-endpoint]", &shmring_endpoint_fops,
				  ep, O_RDWR);
	if (IS_ERR(file)) {
		shmring_drop_user(ep->ring, false);
		shmring_put_endpoint(ep);
		return file;
	}
	/* The inode is everybody's; the mappings are not. */
	ep->mapping.host = file_inode(file);
	file->f_mapping = &ep->mapping;
	stream_open(file_inode(file), file);
	return file;
}

/*
 * ioctl
 */
static long shmring_ioc_attach(struct file *file, void __user *arg)
{
	struct shmring *ring = shmring_ring_of(file);
	struct shmring_attach args;
	fmode_t need;
	int err;

	err = shmring_get_args(&args, sizeof(args), SHMRING_ATTACH_SIZE_VER0,
			       arg);
	if (err)
		return err;
	if (args.flags ||
	    !shmring_is_role(args.role, args.index, ring->nr_lanes))
		return -EINVAL;
	if (file->f_op == &shmring_endpoint_fops)
		return -EISCONN;
	need = args.role == SHMRING_ROLE_PRODUCER ? FMODE_WRITE : FMODE_READ;
	if (!(file->f_mode & need))
		return -EACCES;
	return shmring_attach(ring, args.role, args.index);
}

static long shmring_ioc_info(struct file *file, void __user *arg)
{
	struct shmring_endpoint *ep = shmring_endpoint_of(file);
	struct shmring *ring = shmring_ring_of(file);
	struct shmring_info info = {
		.flags = ring->flags,
		.id = ring->id,
		.ring_bytes = ring->bytes,
		.record_size = ring->record_size,
		.node = ring->node,
		.max_producers = ring->nr_lanes,
		.max_consumers = 1,
		.page_size = PAGE_SIZE,
		.data_align = PAGE_SIZE,
		.features = SHMRING_FEATURES,
		.info_offset = SHMRING_INFO_INDEX << PAGE_SHIFT,
		.producer_offset = (u64)shmring_lane_index(ring) << PAGE_SHIFT,
		.consumer_offset = (u64)shmring_cursor_index(ring) << PAGE_SHIFT,
		.data_offset = (u64)shmring_data_index(ring) << PAGE_SHIFT,
		.data_bytes = 2 * ring->bytes,
		.producer_stride = PAGE_SIZE,
		.consumer_stride = shmring_cursor_pages(ring) << PAGE_SHIFT,
		.data_stride = 2 * ring->bytes,
	};
	u32 room;

	if (get_user(room, (u32 __user *)arg))
		return -EFAULT;
	if (room < SHMRING_INFO_SIZE_VER0)
		return -EINVAL;
	if (room > PAGE_SIZE)
		return -E2BIG;
	info.size = min_t(u32, room, sizeof(info));
	if (ep && shmring_is_live(ep)) {
		info.role = ep->slot->role;
		info.index = ep->slot->index;
	}
	strscpy(info.name, dev_name(&ring->dev), sizeof(info.name));
	return copy_to_user(arg, &info, info.size) ? -EFAULT : 0;
}

static long shmring_ioc_kick(struct shmring_endpoint *ep, unsigned long index)
{
	int err;

	if (!ep)
		return -ENOTCONN;
	err = shmring_enter(ep);
	if (err)
		return err;
	err = shmring_kick_peer(ep->slot, index);
	shmring_leave(ep);
	return err;
}

static long shmring_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	struct shmring_endpoint *ep = shmring_endpoint_of(file);
	void __user *argp = (void __user *)arg;

	switch (cmd) {
	case SHMRING_IOC_ATTACH:
		return shmring_ioc_attach(file, argp);
	case SHMRING_IOC_INFO:
		return shmring_ioc_info(file, argp);
	case SHMRING_IOC_WAIT:
		return shmring_wait(ep, argp, false);
	case SHMRING_IOC_KICK:
		return shmring_ioc_kick(ep, arg);
	case SHMRING_IOC_KICK_WAIT:
		return shmring_wait(ep, argp, true);
	case SHMRING_IOC_EVENTFD:
		return shmring_set_eventfd(ep, argp);
	default:
		return -ENOTTY;
	}
}

/*
 * A ring may come to have any place, and has a queue of its own for that. Who is
 * on it before shmring_become() stores the endpoint is woken; who comes later sees
 * it.
 */
static __poll_t shmring_ring_poll(struct file *file, poll_table *pt)
{
	struct shmring_handle *handle = file->private_data;
	struct shmring_endpoint *ep = shmring_handle_endpoint(handle);

	if (!ep) {
		poll_wait(file, &handle->ring->wq, pt);
		ep = shmring_handle_endpoint(handle);
	}
	return ep ? shmring_poll(ep, file, pt) : EPOLLERR;
}

static __poll_t shmring_endpoint_poll(struct file *file, poll_table *pt)
{
	return shmring_poll(file->private_data, file, pt);
}

/* Only endpoints have mappings that can be revoked. */
static int shmring_ring_mmap(struct file *file, struct vm_area_struct *vma)
{
	return -ENOTCONN;
}

const struct file_operations shmring_ring_fops = {
	.owner		= THIS_MODULE,
	.open		= shmring_ring_open,
	.release	= shmring_ring_release,
	.mmap		= shmring_ring_mmap,
	.read_iter	= shmring_read_iter,
	.write_iter	= shmring_write_iter,
	.poll		= shmring_ring_poll,
	.unlocked_ioctl	= shmring_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

const struct file_operations shmring_endpoint_fops = {
	.owner		= THIS_MODULE,
	.release	= shmring_endpoint_release,
	.mmap		= shmring_mmap,
	.read_iter	= shmring_read_iter,
	.write_iter	= shmring_write_iter,
	.poll		= shmring_endpoint_poll,
	.unlocked_ioctl	= shmring_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};
