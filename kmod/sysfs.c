// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/shmring/NAME/: what the kernel knows of a ring, one value a file.
 * head and tail are what the two sides claim.
 */
#include <linux/device.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "ring.h"
#include "sysfs.h"

static struct shmring *to_ring(struct device *dev)
{
	return container_of(dev, struct shmring, dev);
}

#define SHMRING_ATTR(name, fmt, value)					\
static ssize_t name##_show(struct device *dev,				\
			   struct device_attribute *attr, char *buf)	\
{									\
	struct shmring *ring = to_ring(dev);				\
									\
	return sysfs_emit(buf, fmt "\n", value);			\
}									\
static DEVICE_ATTR_RO(name)

static u64 shmring_both(const struct shmring *ring, size_t counter)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < SHMRING_SIDES; i++)
		sum += atomic64_read((void *)&ring->side[i] + counter);
	return sum;
}

#define BOTH(member) shmring_both(ring, offsetof(struct shmring_side, member))

static const char *shmring_state_name(u32 state)
{
	static const char * const name[] = {
		[SHMRING_STATE_NEVER] = "never",
		[SHMRING_STATE_ATTACHED] = "attached",
		[SHMRING_STATE_GONE] = "gone",
	};

	return name[state];
}

SHMRING_ATTR(size, "%llu", ring->bytes);
SHMRING_ATTR(record_size, "%u", ring->record_size);
SHMRING_ATTR(node, "%d", ring->node);
SHMRING_ATTR(head, "%llu", READ_ONCE(ring->side[SHMRING_PRODUCER].page->pos));
SHMRING_ATTR(tail, "%llu", READ_ONCE(ring->side[SHMRING_CONSUMER].page->pos));
SHMRING_ATTR(producer, "%s",
	     shmring_state_name(READ_ONCE(ring->info->state[SHMRING_PRODUCER])));
SHMRING_ATTR(consumer, "%s",
	     shmring_state_name(READ_ONCE(ring->info->state[SHMRING_CONSUMER])));
SHMRING_ATTR(waits, "%llu", BOTH(waits));
SHMRING_ATTR(wakeups, "%llu", BOTH(wakeups));
SHMRING_ATTR(kicks, "%llu", BOTH(kicks));
SHMRING_ATTR(eventfd_signals, "%llu", BOTH(eventfd_signals));
SHMRING_ATTR(peer_deaths, "%llu", BOTH(deaths));

/* Pages of the ring on each node that has any: "0:16 1:3". */
static ssize_t numa_pages_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	const struct shmring *ring = to_ring(dev);
	unsigned long i, *on_node;
	int node, len = 0;

	on_node = kcalloc(nr_node_ids, sizeof(*on_node), GFP_KERNEL);
	if (!on_node)
		return -ENOMEM;
	for (i = 0; i < ring->nr_pages; i++)
		on_node[page_to_nid(ring->pages[i])]++;
	for_each_online_node(node)
		if (on_node[node])
			len += sysfs_emit_at(buf, len, "%s%d:%lu",
					     len ? " " : "", node,
					     on_node[node]);
	kfree(on_node);
	return len + sysfs_emit_at(buf, len, "\n");
}
static DEVICE_ATTR_RO(numa_pages);

static struct attribute *shmring_attrs[] = {
	&dev_attr_size.attr,
	&dev_attr_record_size.attr,
	&dev_attr_node.attr,
	&dev_attr_numa_pages.attr,
	&dev_attr_head.attr,
	&dev_attr_tail.attr,
	&dev_attr_producer.attr,
	&dev_attr_consumer.attr,
	&dev_attr_waits.attr,
	&dev_attr_wakeups.attr,
	&dev_attr_kicks.attr,
	&dev_attr_eventfd_signals.attr,
	&dev_attr_peer_deaths.attr,
	NULL
};

static const struct attribute_group shmring_group = {
	.attrs = shmring_attrs,
};

const struct attribute_group *shmring_groups[] = {
	&shmring_group,
	NULL
};
