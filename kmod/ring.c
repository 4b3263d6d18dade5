// SPDX-License-Identifier: GPL-2.0-only
/* The ring object: its name, its lifetime. */
#include <linux/capability.h>
#include <linux/cpuset.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/hashtable.h>
#include <linux/kobject.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/stringhash.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include <linux/shmring_netlink.h>

#include "compat.h"
#include "file.h"
#include "level.h"
#include "netlink.h"
#include "ring.h"
#include "sysfs.h"
#include "trace.h"

#define SHMRING_MINORS (MINORMASK + 1)

static unsigned long max_ring_bytes = 256UL << 20;
module_param(max_ring_bytes, ulong, 0644);
MODULE_PARM_DESC(max_ring_bytes, "Largest data area of a lane (256 MiB)");

static unsigned long max_total_bytes;
module_param(max_total_bytes, ulong, 0644);
MODULE_PARM_DESC(max_total_bytes,
		 "Memory of all rings together (a quarter of the RAM)");

static unsigned int max_rings = 4096;
module_param(max_rings, uint, 0644);
MODULE_PARM_DESC(max_rings, "Number of rings (4096)");

struct workqueue_struct *shmring_workqueue;

static dev_t shmring_first_dev;
static DEFINE_XARRAY_ALLOC(shmring_minors);
static u32 shmring_next_minor;		/* the lock of the array */

/*
 * Adding and removing devices, one at a time; which can take long, since
 * devtmpfs and readers of sysfs are waited for. The list changes under it.
 */
static DEFINE_MUTEX(shmring_devices_lock);

/* Protects the list of rings and the table of names. */
static DEFINE_MUTEX(shmring_list_lock);
static LIST_HEAD(shmring_list);
static DEFINE_HASHTABLE(shmring_by_name, 10);
static u32 shmring_list_generation = 1;
static u64 shmring_last_id;		/* the lock of devices */

/* Protects what all rings use, unlinked ones that live on included. */
static DEFINE_SPINLOCK(shmring_usage_lock);
static u64 shmring_used_bytes;
static unsigned int shmring_used_rings;
static DECLARE_WAIT_QUEUE_HEAD(shmring_all_freed);

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
	if (!shmring_used_rings)
		wake_up(&shmring_all_freed);
	spin_unlock(&shmring_usage_lock);
}

static bool shmring_none_used(void)
{
	bool none;

	spin_lock(&shmring_usage_lock);
	none = !shmring_used_rings;
	spin_unlock(&shmring_usage_lock);
	return none;
}

/*
 * A number that no ring has had before, as long as there is one: a node that
 * somebody made by mknod() must not lead to another ring than it was made for.
 */
static int shmring_new_minor(void)
{
	u32 minor;
	int err;

	err = xa_alloc_cyclic(&shmring_minors, &minor, xa_mk_value(0),
			      XA_LIMIT(0, MINORMASK), &shmring_next_minor,
			      SHMRING_GFP);
	if (err < 0)
		return err == -EBUSY ? -ENOSPC : err;
	return minor;
}

static void shmring_init_pages(struct shmring *ring)
{
	struct shmring_info_page *info = ring->base;
	struct shmring_ctl_page *consumer =
		shmring_address(ring, shmring_cursor_index(ring));
	struct shmring_slot *slot;

	ring->info = info;
	ring->consumer.page = consumer;
	ring->consumer.bell = &info->bell.value;
	shmring_for_each_lane(ring, slot) {
		slot->page = shmring_address(ring, shmring_lane_index(ring) +
						   slot->index);
		slot->lane = &info->lane[slot->index];
		slot->bell = &slot->lane->bell.value;
		slot->head = slot->page->cursor;
		slot->tail = &consumer->cursor[slot->index];
	}

	info->magic = SHMRING_MAGIC;
	info->version = SHMRING_VERSION;
	info->record_size = ring->record_size;
	info->ring_bytes = ring->bytes;
	info->flags = ring->flags;
	info->node = ring->node;
	info->features = SHMRING_FEATURES;
	info->max_producers = ring->nr_lanes;
	info->max_consumers = 1;
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
	return ((u64)shmring_data_index(ring) << PAGE_SHIFT) +
	       ring->nr_lanes * ring->bytes;
}

static void shmring_free_slots(struct shmring *ring)
{
	struct shmring_slot *lane;

	shmring_for_each_lane(ring, lane)
		put_pid(lane->last);
	kvfree(ring->lane);
}

/* The last reference is gone: no name, no descriptor, no mapping. */
static void shmring_free(struct device *dev)
{
	struct shmring *ring = container_of(dev, struct shmring, dev);
	u64 bytes = shmring_footprint(ring);

	xa_erase(&shmring_minors, MINOR(dev->devt));
	shmring_free_memory(ring);
	shmring_free_slots(ring);
	kfree(ring);
	/* Last: shmring_rings_exit() waits for it. */
	shmring_uncharge(bytes);
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

static void shmring_init_slot(struct shmring *ring, struct shmring_slot *slot,
			      u32 role, u32 index)
{
	slot->ring = ring;
	slot->role = role;
	slot->index = index;
	init_waitqueue_head(&slot->wq);
	spin_lock_init(&slot->lock);
}

static int shmring_alloc_slots(struct shmring *ring, u32 nr_lanes)
{
	u32 i;

	ring->lane = kvcalloc(nr_lanes, sizeof(*ring->lane), SHMRING_GFP);
	if (!ring->lane)
		return -ENOMEM;
	ring->nr_lanes = nr_lanes;
	for (i = 0; i < nr_lanes; i++)
		shmring_init_slot(ring, &ring->lane[i], SHMRING_ROLE_PRODUCER,
				  i);
	shmring_init_slot(ring, &ring->consumer, SHMRING_ROLE_CONSUMER, 0);
	return 0;
}

static void shmring_unlink_work(struct work_struct *work);

static void shmring_init_device(struct shmring *ring, int minor)
{
	INIT_LIST_HEAD(&ring->entry);
	mutex_init(&ring->lock);
	init_waitqueue_head(&ring->wq);
	shmring_init_level(ring);
	INIT_WORK(&ring->unlink_work, shmring_unlink_work);

	device_initialize(&ring->dev);
	ring->dev.class = &shmring_class;
	ring->dev.type = &shmring_type;
	ring->dev.devt = MKDEV(MAJOR(shmring_first_dev), minor);
	cdev_init(&ring->cdev, &shmring_ring_fops);
	ring->cdev.owner = THIS_MODULE;
}

/*
 * Create
 */
static int shmring_check_geometry(const struct shmring_create *args)
{
	if (args->flags & ~SHMRING_CREATE_FLAGS || args->high_water > 100)
		return -EINVAL;
	if (args->max_producers > SHMRING_LANES_MAX || args->max_consumers > 1)
		return -EINVAL;
	if (!is_power_of_2(args->ring_bytes) || args->ring_bytes < PAGE_SIZE)
		return -EINVAL;
	if (args->record_size > args->ring_bytes)
		return -EINVAL;
	if (args->ring_bytes > READ_ONCE(max_ring_bytes) ||
	    args->ring_bytes > U64_MAX / (2 * SHMRING_LANES_MAX))
		return -EFBIG;
	return 0;
}

/*
 * The nearest node that has memory. numa_mem_id() says it where the architecture
 * has HAVE_MEMORYLESS_NODES alone, which x86 has not.
 */
static int shmring_local_node(void)
{
	int here = numa_node_id(), nearest = here, node;

	if (node_state(here, N_MEMORY))
		return here;
	for_each_node_state(node, N_MEMORY)
		if (nearest == here ||
		    node_distance(here, node) < node_distance(here, nearest))
			nearest = node;
	return nearest;
}

static int shmring_set_node(struct shmring *ring,
			    const struct shmring_create *args)
{
	ring->node = args->node;
	if (ring->node == SHMRING_NODE_ANY)
		return ring->flags & SHMRING_CREATE_STRICT ? -EINVAL : 0;
	if (ring->node == SHMRING_NODE_LOCAL)
		ring->node = shmring_local_node();
	if (ring->node < 0)
		return -EINVAL;
	if (ring->node >= MAX_NUMNODES || !node_online(ring->node) ||
	    !node_state(ring->node, N_MEMORY))
		return -ENXIO;
	if (ring->flags & SHMRING_CREATE_STRICT &&
	    !node_isset(ring->node, cpuset_current_mems_allowed))
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
	if (!args->mode || args->mode == SHMRING_MODE_DEFAULT)
		ring->mode = 0600;
	else if (args->mode & ~0777)
		return -EINVAL;
	return 0;
}

/*
 * The list
 */
void shmring_lock_list(void)
{
	mutex_lock(&shmring_list_lock);
}

void shmring_unlock_list(void)
{
	mutex_unlock(&shmring_list_lock);
}

u32 shmring_generation(void)
{
	lockdep_assert_held(&shmring_list_lock);
	return shmring_list_generation;
}

static void shmring_new_generation(void)
{
	lockdep_assert_held(&shmring_list_lock);
	if (!++shmring_list_generation)
		shmring_list_generation++;
}

struct shmring *shmring_from(u64 id)
{
	struct shmring *ring;

	lockdep_assert_held(&shmring_list_lock);
	list_for_each_entry(ring, &shmring_list, entry)
		if (ring->id >= id && !READ_ONCE(ring->condemned))
			return ring;
	return NULL;
}

struct shmring *shmring_after(struct shmring *ring)
{
	lockdep_assert_held(&shmring_list_lock);
	list_for_each_entry_continue(ring, &shmring_list, entry)
		if (!READ_ONCE(ring->condemned))
			return ring;
	return NULL;
}

static u32 shmring_hash(const char *name)
{
	return full_name_hash(NULL, name, strlen(name));
}

/* Also one that is condemned. */
static struct shmring *shmring_find_any(const char *name)
{
	struct shmring *ring;

	lockdep_assert_held(&shmring_list_lock);
	hash_for_each_possible(shmring_by_name, ring, by_name,
			       shmring_hash(name))
		if (!strcmp(dev_name(&ring->dev), name))
			return ring;
	return NULL;
}

struct shmring *shmring_find(const char *name)
{
	struct shmring *ring = shmring_find_any(name);

	return ring && !READ_ONCE(ring->condemned) ? ring : NULL;
}

static void shmring_add_to_list(struct shmring *ring)
{
	mutex_lock(&shmring_list_lock);
	list_add_tail(&ring->entry, &shmring_list);
	hash_add(shmring_by_name, &ring->by_name,
		 shmring_hash(dev_name(&ring->dev)));
	shmring_new_generation();
	trace_shmring_create(ring);
	shmring_notify_ring(ring, SHMRING_CMD_RING_ADD_NTF);
	mutex_unlock(&shmring_list_lock);
}

static void shmring_del_from_list(struct shmring *ring)
{
	mutex_lock(&shmring_list_lock);
	trace_shmring_destroy(ring);
	shmring_notify_ring(ring, SHMRING_CMD_RING_DEL_NTF);
	list_del_init(&ring->entry);
	hash_del(&ring->by_name);
	shmring_new_generation();
	mutex_unlock(&shmring_list_lock);
}

/*
 * Adding and removing a device waits for others, who wait for user space: who
 * only looks rings up, or attaches, must not have to wait for that.
 */
static void shmring_assert_may_wait(struct shmring *ring)
{
	lockdep_assert_held(&shmring_devices_lock);
	lockdep_assert_not_held(&shmring_list_lock);
	lockdep_assert_not_held(&ring->lock);
}

/*
 * Unlink
 */

/* Nobody attaches any more. */
static void shmring_bar(struct shmring *ring)
{
	mutex_lock(&ring->lock);
	WRITE_ONCE(ring->condemned, true);
	mutex_unlock(&ring->lock);
}

static void shmring_unlink_locked(struct shmring *ring)
{
	lockdep_assert_held(&shmring_devices_lock);
	if (list_empty(&ring->entry))
		return;
	shmring_bar(ring);
	shmring_del_from_list(ring);
	shmring_assert_may_wait(ring);
	if (!shmring_is_anonymous(ring))
		cdev_device_del(&ring->cdev, &ring->dev);
	shmring_stop_level(ring);
	put_device(&ring->dev);
}

static void shmring_unlink_work(struct work_struct *work)
{
	struct shmring *ring = container_of(work, struct shmring, unlink_work);

	mutex_lock(&shmring_devices_lock);
	shmring_unlink_locked(ring);
	mutex_unlock(&shmring_devices_lock);
	put_device(&ring->dev);
}

/*
 * Where a role ends, mmap_lock may be held, under which devtmpfs must not be
 * waited for; so somebody else takes the name away.
 */
void shmring_condemn(struct shmring *ring)
{
	lockdep_assert_held(&ring->lock);
	if (ring->condemned)
		return;
	WRITE_ONCE(ring->condemned, true);
	get_device(&ring->dev);
	queue_work(shmring_workqueue, &ring->unlink_work);
}

void shmring_finish_unlink(struct shmring *ring)
{
	if (READ_ONCE(ring->condemned))
		flush_work(&ring->unlink_work);
}

/* Whether the name is somebody's; not one's that is about to lose it. */
static bool shmring_name_taken(const char *name)
{
	struct shmring *ring;

	mutex_lock(&shmring_list_lock);
	ring = shmring_find_any(name);
	mutex_unlock(&shmring_list_lock);
	/* It stays, since it goes under the lock of devices alone. */
	lockdep_assert_held(&shmring_devices_lock);
	if (ring && READ_ONCE(ring->condemned)) {
		shmring_unlink_locked(ring);
		ring = NULL;
	}
	return ring;
}

/*
 * Link
 */
static int shmring_add_device(struct shmring *ring)
{
	if (shmring_is_anonymous(ring))
		return dev_set_name(&ring->dev, "anon:%llu", ring->id);
	if (shmring_name_taken(dev_name(&ring->dev)))
		return -EEXIST;
	shmring_assert_may_wait(ring);
	return cdev_device_add(&ring->cdev, &ring->dev);
}

static int shmring_link(struct shmring *ring)
{
	int err;

	if (mutex_lock_killable(&shmring_devices_lock))
		return -EINTR;
	ring->id = shmring_last_id + 1;
	err = shmring_add_device(ring);
	if (!err) {
		get_device(&ring->dev);
		shmring_last_id++;
		shmring_add_to_list(ring);
		if (ring->high_water)
			shmring_set_high_water(ring, ring->high_water);
	}
	mutex_unlock(&shmring_devices_lock);
	return err;
}

int shmring_finish_link(struct shmring *ring)
{
	if (!list_empty_careful(&ring->entry))
		return 0;
	if (mutex_lock_killable(&shmring_devices_lock))
		return -EINTR;
	mutex_unlock(&shmring_devices_lock);
	return 0;
}

/*
 * Create
 */
static bool shmring_exists(const char *name)
{
	bool exists;

	shmring_lock_list();
	exists = shmring_find(name);
	shmring_unlock_list();
	return exists;
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
	err = shmring_alloc_slots(ring, args->max_producers ?: 1);
	if (!err)
		err = shmring_set_node(ring, args);
	if (!err)
		err = shmring_set_owner(ring, args);
	if (!err)
		err = shmring_charge(shmring_footprint(ring));
	if (err)
		goto err_free;

	minor = shmring_new_minor();
	if (minor < 0) {
		err = minor;
		goto err_uncharge;
	}
	shmring_init_device(ring, minor);
	return ring;

err_uncharge:
	shmring_uncharge(shmring_footprint(ring));
err_free:
	shmring_free_slots(ring);
	kfree(ring);
	return ERR_PTR(err);
}

static int shmring_fill(struct shmring *ring, const struct shmring_create *args)
{
	int err = 0;

	if (!shmring_is_anonymous(ring))
		err = dev_set_name(&ring->dev, "%s", args->name);
	if (!err)
		err = shmring_alloc_memory(ring);
	if (!err)
		shmring_init_pages(ring);
	return err;
}

/*
 * A descriptor is charged as any is, which has somebody killed where a memory
 * cgroup is full. So look first whether there is room for it.
 */
static int shmring_check_room(void)
{
	struct page *pages = alloc_pages(SHMRING_GFP, 1);

	if (!pages)
		return -ENOMEM;
	__free_pages(pages, 1);
	return 0;
}

int shmring_create(const struct shmring_create *args)
{
	struct shmring *ring;
	struct file *file;
	int fd, err;

	err = shmring_check_geometry(args);
	if (err)
		return err;
	/* Say so before a large allocation; shmring_link() decides. */
	if (shmring_exists(args->name))
		return -EEXIST;

	fd = get_unused_fd_flags(O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fd;
	ring = shmring_alloc(args);
	err = PTR_ERR_OR_ZERO(ring);
	if (err)
		goto put_fd;
	err = shmring_fill(ring, args);
	if (!err)
		err = shmring_check_room();
	if (err)
		goto put_ring;
	file = shmring_new_ring_file(ring);
	err = PTR_ERR_OR_ZERO(file);
	if (err)
		goto put_ring;
	err = shmring_link(ring);
	if (err)
		goto abandon;
	fd_install(fd, file);
	put_device(&ring->dev);
	return fd;

abandon:
	/* Its node can have been there for a moment, and somebody have opened it. */
	shmring_bar(ring);
	fput(file);
put_ring:
	put_device(&ring->dev);
put_fd:
	put_unused_fd(fd);
	return err;
}

/*
 * Destroy
 */
static bool shmring_may_manage(const struct shmring *ring)
{
	return uid_eq(ring->uid, current_fsuid()) || capable(CAP_SYS_ADMIN);
}

struct shmring *shmring_get_managed(u64 id, const char *name)
{
	struct shmring *ring;

	shmring_lock_list();
	ring = id ? shmring_from(id) : shmring_find(name);
	if (!ring || (id && ring->id != id))
		ring = ERR_PTR(-ENOENT);
	else if (!shmring_may_manage(ring))
		ring = ERR_PTR(-EPERM);
	else
		get_device(&ring->dev);
	shmring_unlock_list();
	return ring;
}

int shmring_destroy(u64 id, const char *name)
{
	struct shmring *ring = shmring_get_managed(id, name);
	int err = 0;

	if (IS_ERR(ring))
		return PTR_ERR(ring);
	if (mutex_lock_killable(&shmring_devices_lock)) {
		err = -EINTR;
		goto put;
	}
	/* Of two at a time, one destroys it. */
	if (list_empty(&ring->entry))
		err = -ENOENT;
	shmring_unlink_locked(ring);
	mutex_unlock(&shmring_devices_lock);
	if (!err && shmring_is_anonymous(ring)) {
		shmring_evict(ring, SHMRING_ROLE_PRODUCER, SHMRING_INDEX_ANY);
		shmring_evict(ring, SHMRING_ROLE_CONSUMER, SHMRING_INDEX_ANY);
	}
put:
	put_device(&ring->dev);
	return err;
}

int shmring_rings_init(void)
{
	int err;

	if (!max_total_bytes)
		max_total_bytes = (totalram_pages() / 4) << PAGE_SHIFT;

	shmring_workqueue = alloc_workqueue("shmring", WQ_UNBOUND, 0);
	if (!shmring_workqueue)
		return -ENOMEM;
	err = alloc_chrdev_region(&shmring_first_dev, 0, SHMRING_MINORS,
				  "shmring");
	if (err)
		goto err_workqueue;
	err = class_register(&shmring_class);
	if (err)
		goto err_region;
	return 0;

err_region:
	unregister_chrdev_region(shmring_first_dev, SHMRING_MINORS);
err_workqueue:
	destroy_workqueue(shmring_workqueue);
	return err;
}

/* No ring is open: each open file and mapping holds the module. */
void shmring_rings_exit(void)
{
	struct shmring *ring, *next;

	mutex_lock(&shmring_devices_lock);
	list_for_each_entry_safe(ring, next, &shmring_list, entry)
		shmring_unlink_locked(ring);
	mutex_unlock(&shmring_devices_lock);
	shmring_level_exit();
	/* The last references may be the driver core's and the works'. */
	wait_event(shmring_all_freed, shmring_none_used());
	/* Endpoints behind a grace period become works. */
	rcu_barrier();
	destroy_workqueue(shmring_workqueue);
	class_unregister(&shmring_class);
	unregister_chrdev_region(shmring_first_dev, SHMRING_MINORS);
	xa_destroy(&shmring_minors);
}
