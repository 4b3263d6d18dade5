// SPDX-License-Identifier: GPL-2.0-only
/* The ring object: its name, its lifetime. */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/idr.h>
#include <linux/kobject.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/stringhash.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>
#include <linux/shmring_netlink.h>

#include "compat.h"
#include "endpoint.h"
#include "level.h"
#include "netlink.h"
#include "ring.h"
#include "sysfs.h"
#include "trace.h"

#define SHMRING_MINORS 65536

static unsigned long max_ring_bytes = 256UL << 20;
module_param(max_ring_bytes, ulong, 0644);
MODULE_PARM_DESC(max_ring_bytes, "Largest data area of a ring (256 MiB)");

static unsigned long max_total_bytes;
module_param(max_total_bytes, ulong, 0644);
MODULE_PARM_DESC(max_total_bytes,
		 "Memory of all rings together (a quarter of the RAM)");

static unsigned int max_rings = 4096;
module_param(max_rings, uint, 0644);
MODULE_PARM_DESC(max_rings, "Number of rings (4096, at most 65536)");

static dev_t shmring_first_dev;
static DEFINE_IDA(shmring_minors);

/* Protects the names: list and table, and adding and removing their devices. */
static DEFINE_MUTEX(shmring_names_lock);
static LIST_HEAD(shmring_names);
static DEFINE_HASHTABLE(shmring_by_name, 10);
static u32 shmring_names_generation = 1;
static u64 shmring_last_id;

/* Protects what all rings use, unlinked ones that live on included. */
static DEFINE_SPINLOCK(shmring_usage_lock);
static u64 shmring_used_bytes;
static unsigned int shmring_used_rings;

static int shmring_charge(u64 bytes)
{
	int err = 0;

	spin_lock(&shmring_usage_lock);
	if (shmring_used_rings >= READ_ONCE(max_rings) ||
	    shmring_used_bytes + bytes > READ_ONCE(max_total_bytes)) {
		err = -ENOSPC;
	} else {
		shmring_used_rings++;
		shmring_used_bytes += bytes;
	}
	spin_unlock(&shmring_usage_lock);
	return err;
}

static void shmring_uncharge(u64 bytes)
{
	spin_lock(&shmring_usage_lock);
	shmring_used_rings--;
	shmring_used_bytes -= bytes;
	spin_unlock(&shmring_usage_lock);
}

static void shmring_init_pages(struct shmring *ring)
{
	struct shmring_info_page *info = ring->base;
	int i;

	ring->info = info;
	ring->data = ring->base + SHMRING_DATA_INDEX * PAGE_SIZE;
	for (i = 0; i < SHMRING_SIDES; i++)
		ring->side[i].page =
			ring->base + (SHMRING_CTL_INDEX + i) * PAGE_SIZE;

	info->magic = SHMRING_MAGIC;
	info->version = SHMRING_VERSION;
	info->record_size = ring->record_size;
	info->ring_bytes = ring->bytes;
	info->flags = ring->flags;
	info->node = ring->node;
}

/*
 * Device
 */
static char *shmring_devnode(shmring_devnode_device *dev, umode_t *mode,
			     kuid_t *uid, kgid_t *gid)
{
	const struct shmring *ring = container_of(dev, struct shmring, dev);

	/* When the node goes, only its name is asked for. */
	if (mode) {
		*mode = ring->mode;
		*uid = ring->uid;
		*gid = ring->gid;
	}
	/*
	 * Without a name from here the driver core takes the device's own: the
	 * node would be made elsewhere, or stay when its ring goes. 40 bytes.
	 */
	return kasprintf(GFP_KERNEL | __GFP_NOFAIL, "shmring/%s",
			 dev_name(dev));
}

static int shmring_uevent(shmring_uevent_device *dev,
			  struct kobj_uevent_env *env)
{
	const struct shmring *ring = container_of(dev, struct shmring, dev);

	return add_uevent_var(env, "SHMRING_NAME=%s", dev_name(dev)) ?:
	       add_uevent_var(env, "SHMRING_SIZE=%llu", ring->bytes) ?:
	       add_uevent_var(env, "SHMRING_RECORD_SIZE=%u",
			      ring->record_size) ?:
	       add_uevent_var(env, "SHMRING_NODE=%d", ring->node);
}

static u64 shmring_footprint(const struct shmring *ring)
{
	return (SHMRING_DATA_INDEX << PAGE_SHIFT) + ring->bytes;
}

/* The last reference is gone: no name, no descriptor, no mapping. */
static void shmring_free(struct device *dev)
{
	struct shmring *ring = container_of(dev, struct shmring, dev);

	ida_free(&shmring_minors, MINOR(dev->devt));
	shmring_uncharge(shmring_footprint(ring));
	shmring_free_memory(ring);
	kfree(ring);
}

static struct class shmring_class = {
	.name = "shmring",
};

static const struct device_type shmring_type = {
	.name = "shmring",
	.devnode = shmring_devnode,
	.uevent = shmring_uevent,
	.groups = shmring_groups,
	.release = shmring_free,
};

static void shmring_init_side(struct shmring *ring, struct shmring_side *side)
{
	side->ring = ring;
	init_waitqueue_head(&side->wq);
	mutex_init(&side->io);
	spin_lock_init(&side->lock);
}

static void shmring_init_device(struct shmring *ring, int minor)
{
	int i;

	INIT_LIST_HEAD(&ring->entry);
	mutex_init(&ring->lock);
	for (i = 0; i < SHMRING_SIDES; i++)
		shmring_init_side(ring, &ring->side[i]);
	shmring_init_level(ring);

	device_initialize(&ring->dev);
	ring->dev.class = &shmring_class;
	ring->dev.type = &shmring_type;
	ring->dev.devt = MKDEV(MAJOR(shmring_first_dev), minor);
	cdev_init(&ring->cdev, &shmring_fops);
	ring->cdev.owner = THIS_MODULE;
}

/*
 * Create
 */
static int shmring_check_geometry(const struct shmring_create *args)
{
	if (args->flags & ~SHMRING_CREATE_FLAGS || args->high_water > 100)
		return -EINVAL;
	if (!is_power_of_2(args->ring_bytes) || args->ring_bytes < PAGE_SIZE)
		return -EINVAL;
	if (args->record_size > args->ring_bytes)
		return -EINVAL;
	if (args->ring_bytes > READ_ONCE(max_ring_bytes))
		return -EFBIG;
	return 0;
}

static int shmring_set_node(struct shmring *ring,
			    const struct shmring_create *args)
{
	ring->node = args->node;
	if (ring->node == SHMRING_NODE_ANY)
		return ring->flags & SHMRING_CREATE_STRICT ? -EINVAL : 0;
	if (ring->node == SHMRING_NODE_LOCAL)
		ring->node = numa_node_id();
	if (ring->node < 0)
		return -EINVAL;
	if (ring->node >= MAX_NUMNODES || !node_online(ring->node) ||
	    !node_state(ring->node, N_MEMORY))
		return -ENXIO;
	return 0;
}

/* As chown(2) has it: one's own ids, or anybody's with CAP_CHOWN. */
static int shmring_set_owner(struct shmring *ring,
			     const struct shmring_create *args)
{
	ring->uid = current_fsuid();
	ring->gid = current_fsgid();
	if (args->uid != SHMRING_ID_CREATOR)
		ring->uid = make_kuid(current_user_ns(), args->uid);
	if (args->gid != SHMRING_ID_CREATOR)
		ring->gid = make_kgid(current_user_ns(), args->gid);
	if (!uid_valid(ring->uid) || !gid_valid(ring->gid))
		return -EINVAL;
	if ((!uid_eq(ring->uid, current_fsuid()) || !in_group_p(ring->gid)) &&
	    !capable(CAP_CHOWN))
		return -EPERM;

	ring->mode = args->mode;
	if (args->mode == SHMRING_MODE_DEFAULT)
		ring->mode = 0600;
	else if (args->mode & ~0777)
		return -EINVAL;
	return 0;
}

void shmring_lock_names(void)
{
	mutex_lock(&shmring_names_lock);
}

void shmring_unlock_names(void)
{
	mutex_unlock(&shmring_names_lock);
}

u32 shmring_generation(void)
{
	lockdep_assert_held(&shmring_names_lock);
	return shmring_names_generation;
}

static void shmring_new_generation(void)
{
	lockdep_assert_held(&shmring_names_lock);
	if (!++shmring_names_generation)
		shmring_names_generation++;
}

struct shmring *shmring_from(u64 id)
{
	struct shmring *ring;

	lockdep_assert_held(&shmring_names_lock);
	list_for_each_entry(ring, &shmring_names, entry)
		if (ring->id >= id)
			return ring;
	return NULL;
}

struct shmring *shmring_after(struct shmring *ring)
{
	lockdep_assert_held(&shmring_names_lock);
	return list_is_last(&ring->entry, &shmring_names) ?
	       NULL : list_next_entry(ring, entry);
}

static u32 shmring_hash(const char *name)
{
	return full_name_hash(NULL, name, strlen(name));
}

struct shmring *shmring_find(const char *name)
{
	struct shmring *ring;

	lockdep_assert_held(&shmring_names_lock);
	hash_for_each_possible(shmring_by_name, ring, by_name,
			       shmring_hash(name))
		if (!strcmp(dev_name(&ring->dev), name))
			return ring;
	return NULL;
}

static int shmring_link(struct shmring *ring)
{
	int err = -EEXIST;

	mutex_lock(&shmring_names_lock);
	if (shmring_find(dev_name(&ring->dev)))
		goto out;
	ring->id = shmring_last_id + 1;
	err = cdev_device_add(&ring->cdev, &ring->dev);
	if (err)
		goto out;
	shmring_last_id++;
	list_add_tail(&ring->entry, &shmring_names);
	hash_add(shmring_by_name, &ring->by_name,
		 shmring_hash(dev_name(&ring->dev)));
	shmring_new_generation();
	if (ring->high_water)
		shmring_set_high_water(ring, ring->high_water);
	trace_create(ring);
	shmring_notify_ring(ring, SHMRING_CMD_RING_ADD_NTF);
out:
	mutex_unlock(&shmring_names_lock);
	return err;
}

static bool shmring_name_taken(const char *name)
{
	bool taken;

	mutex_lock(&shmring_names_lock);
	taken = shmring_find(name);
	mutex_unlock(&shmring_names_lock);
	return taken;
}

/* A ring without memory and without a name; free it with put_device(). */
static struct shmring *shmring_alloc(const struct shmring_create *args)
{
	struct shmring *ring;
	int minor, err;

	ring = kzalloc(sizeof(*ring), SHMRING_GFP);
	if (!ring)
		return ERR_PTR(-ENOMEM);
	ring->bytes = args->ring_bytes;
	ring->record_size = args->record_size;
	ring->flags = args->flags;
	ring->high_water = args->high_water;
	ring->created = ktime_get_real_ns();
	err = shmring_set_node(ring, args);
	if (!err)
		err = shmring_set_owner(ring, args);
	if (!err)
		err = shmring_charge(shmring_footprint(ring));
	if (err)
		goto err_free;

	minor = ida_alloc_max(&shmring_minors, SHMRING_MINORS - 1, GFP_KERNEL);
	if (minor < 0) {
		err = minor;
		goto err_uncharge;
	}
	shmring_init_device(ring, minor);
	return ring;

err_uncharge:
	shmring_uncharge(shmring_footprint(ring));
err_free:
	kfree(ring);
	return ERR_PTR(err);
}

int shmring_create(const struct shmring_create *args)
{
	struct shmring *ring;
	int err;

	err = shmring_check_geometry(args);
	if (err)
		return err;
	/* Say so before a large allocation; shmring_link() decides. */
	if (shmring_name_taken(args->name))
		return -EEXIST;

	ring = shmring_alloc(args);
	if (IS_ERR(ring))
		return PTR_ERR(ring);

	err = dev_set_name(&ring->dev, "%s", args->name);
	if (!err)
		err = shmring_alloc_memory(ring);
	if (!err) {
		shmring_init_pages(ring);
		err = shmring_link(ring);
	}
	if (err)
		put_device(&ring->dev);
	return err;
}

/*
 * Destroy
 */
static void shmring_unlink_locked(struct shmring *ring)
{
	lockdep_assert_held(&shmring_names_lock);
	if (list_empty(&ring->entry))
		return;
	trace_destroy(ring);
	shmring_notify_ring(ring, SHMRING_CMD_RING_DEL_NTF);
	list_del_init(&ring->entry);
	hash_del(&ring->by_name);
	shmring_new_generation();
	cdev_device_del(&ring->cdev, &ring->dev);
	shmring_stop_level(ring);
	put_device(&ring->dev);
}

/* Take the name away, unless that was done. The caller has a reference. */
void shmring_unlink(struct shmring *ring)
{
	mutex_lock(&shmring_names_lock);
	shmring_unlink_locked(ring);
	mutex_unlock(&shmring_names_lock);
}

int shmring_destroy(const char *name)
{
	struct shmring *ring;
	int err = 0;

	mutex_lock(&shmring_names_lock);
	ring = shmring_find(name);
	if (!ring)
		err = -ENOENT;
	else if (!uid_eq(ring->uid, current_fsuid()) && !capable(CAP_SYS_ADMIN))
		err = -EPERM;
	else
		shmring_unlink_locked(ring);
	mutex_unlock(&shmring_names_lock);
	return err;
}

int shmring_rings_init(void)
{
	int err;

	if (!max_total_bytes)
		max_total_bytes = (totalram_pages() / 4) << PAGE_SHIFT;

	err = alloc_chrdev_region(&shmring_first_dev, 0, SHMRING_MINORS,
				  "shmring");
	if (err)
		return err;
	err = class_register(&shmring_class);
	if (err)
		unregister_chrdev_region(shmring_first_dev, SHMRING_MINORS);
	return err;
}

/* No ring is open: each open file and mapping holds the module. */
void shmring_rings_exit(void)
{
	struct shmring *ring, *next;

	mutex_lock(&shmring_names_lock);
	list_for_each_entry_safe(ring, next, &shmring_names, entry)
		shmring_unlink_locked(ring);
	mutex_unlock(&shmring_names_lock);
	class_unregister(&shmring_class);
	unregister_chrdev_region(shmring_first_dev, SHMRING_MINORS);
	ida_destroy(&shmring_minors);
}
