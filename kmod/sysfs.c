// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/shmring/NAME/: what the kernel knows of a ring, one value a file.
 * kmod/ABI/sysfs-class-shmring documents each.
 */
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/nodemask.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sysfs.h>
#include <linux/time64.h>

#include "level.h"
#include "stat.h"
#include "sysfs.h"

static struct shmring *shmring_from_dev(struct device *dev)
{
	return container_of(dev, struct shmring, dev);
}

/* What never changes. */
#define SHMRING_ATTR(name, fmt, value)					\
static ssize_t name##_show(struct device *dev,				\
			   struct device_attribute *attr, char *buf)	\
{									\
	const struct shmring *ring = shmring_from_dev(dev);			\
									\
	return sysfs_emit(buf, fmt "\n", value);			\
}									\
static DEVICE_ATTR_RO(name)

/* What does. */
#define SHMRING_STAT_ATTR(name, fmt, value)				\
static ssize_t name##_show(struct device *dev,				\
			   struct device_attribute *attr, char *buf)	\
{									\
	struct shmring_stat stat;					\
									\
	shmring_get_stat(shmring_from_dev(dev), task_active_pid_ns(current),	\
			 &stat);					\
	return sysfs_emit(buf, fmt "\n", value);			\
}									\
static DEVICE_ATTR_RO(name)

/* One side's figure. */
#define PRODUCER(what)	(stat.producer.what)
#define CONSUMER(what)	(stat.consumer.what)

SHMRING_ATTR(id, "%llu", ring->id);
SHMRING_ATTR(size, "%llu", ring->bytes);
SHMRING_ATTR(record_size, "%u", ring->record_size);
SHMRING_ATTR(flags, "0x%x", ring->flags);
SHMRING_ATTR(node, "%d", ring->node);
SHMRING_ATTR(created, "%llu", div_u64(ring->created, NSEC_PER_SEC));
SHMRING_STAT_ATTR(head, "%llu", stat.head);
SHMRING_STAT_ATTR(tail, "%llu", stat.tail);
SHMRING_STAT_ATTR(used, "%llu", stat.used);
SHMRING_STAT_ATTR(producer, "%s", shmring_state_name(PRODUCER(state)));
SHMRING_STAT_ATTR(consumer, "%s", shmring_state_name(CONSUMER(state)));
SHMRING_STAT_ATTR(producer_pid, "%d", PRODUCER(pid));
SHMRING_STAT_ATTR(consumer_pid, "%d", CONSUMER(pid));
SHMRING_STAT_ATTR(waits, "%llu",
		  PRODUCER(waits) + CONSUMER(waits));
SHMRING_STAT_ATTR(wakeups, "%llu",
		  PRODUCER(wakeups) + CONSUMER(wakeups));
SHMRING_STAT_ATTR(kicks, "%llu",
		  PRODUCER(kicks) + CONSUMER(kicks));
SHMRING_STAT_ATTR(eventfd_signals, "%llu",
		  PRODUCER(eventfd_signals) + CONSUMER(eventfd_signals));
SHMRING_STAT_ATTR(peer_deaths, "%llu",
		  PRODUCER(deaths) + CONSUMER(deaths));
SHMRING_STAT_ATTR(stalls_full, "%llu", PRODUCER(stalls));
SHMRING_STAT_ATTR(stalls_empty, "%llu", CONSUMER(stalls));

static ssize_t high_water_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(shmring_from_dev(dev)->high_water));
}

static ssize_t high_water_store(struct device *dev,
				struct device_attribute *attr, const char *buf,
				size_t len)
{
	u32 percent;
	int err;

	err = kstrtou32(buf, 0, &percent);
	if (!err)
		err = shmring_set_high_water(shmring_from_dev(dev), percent);
	return err ?: len;
}
static DEVICE_ATTR_RW(high_water);

/* Pages of the ring on each node that has any: "0:16 1:3". */
static ssize_t numa_pages_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	const struct shmring *ring = shmring_from_dev(dev);
	int node, len = 0;

	for_each_online_node(node)
		if (ring->node_pages[node])
			len += sysfs_emit_at(buf, len, "%s%d:%lu",
					     len ? " " : "", node,
					     ring->node_pages[node]);
	return len + sysfs_emit_at(buf, len, "\n");
}
static DEVICE_ATTR_RO(numa_pages);

static struct attribute *shmring_attrs[] = {
	&dev_attr_id.attr,
	&dev_attr_size.attr,
	&dev_attr_record_size.attr,
	&dev_attr_flags.attr,
	&dev_attr_node.attr,
	&dev_attr_numa_pages.attr,
	&dev_attr_created.attr,
	&dev_attr_high_water.attr,
	&dev_attr_head.attr,
	&dev_attr_tail.attr,
	&dev_attr_used.attr,
	&dev_attr_producer.attr,
	&dev_attr_consumer.attr,
	&dev_attr_producer_pid.attr,
	&dev_attr_consumer_pid.attr,
	&dev_attr_waits.attr,
	&dev_attr_wakeups.attr,
	&dev_attr_kicks.attr,
	&dev_attr_eventfd_signals.attr,
	&dev_attr_peer_deaths.attr,
	&dev_attr_stalls_full.attr,
	&dev_attr_stalls_empty.attr,
	NULL
};

static const struct attribute_group shmring_group = {
	.attrs = shmring_attrs,
};

const struct attribute_group *shmring_groups[] = {
	&shmring_group,
	NULL
};
