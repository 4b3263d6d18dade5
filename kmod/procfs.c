// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/shmring: one line per ring. The position in the file is the ring's id,
 * so that a reader who comes back finds his place whatever went meanwhile.
 */
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "procfs.h"
#include "stat.h"

static void *shmring_seq_start(struct seq_file *m, loff_t *pos)
{
	struct shmring *ring;

	shmring_lock_list();
	if (!*pos)
		return SEQ_START_TOKEN;
	ring = shmring_from(*pos);
	if (ring)
		*pos = ring->id;
	return ring;
}

static void *shmring_seq_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct shmring *ring = v == SEQ_START_TOKEN ? shmring_from(0) :
						      shmring_after(v);

	*pos = ring ? ring->id : *pos + 1;
	return ring;
}

static void shmring_seq_stop(struct seq_file *m, void *v)
{
	shmring_unlock_list();
}

/* Who has the role, or why nobody has. */
static void shmring_seq_side(struct seq_file *m,
			     const struct shmring_side_stat *side)
{
	if (side->state == SHMRING_STATE_ATTACHED)
		seq_printf(m, " %8d", side->pid);
	else
		seq_printf(m, " %8s", shmring_state_name(side->state));
}

static int shmring_seq_show(struct seq_file *m, void *v)
{
	const struct shmring_side_stat *p, *c;
	struct shmring *ring = v;
	struct shmring_stat stat;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "name                                  size record_size node                 head                 tail       used producer consumer      waits    wakeups      kicks eventfd_signals peer_deaths stalls_full stalls_empty\n");
		return 0;
	}
	shmring_get_stat(ring, task_active_pid_ns(current), &stat);
	p = &stat.producer;
	c = &stat.consumer;
	seq_printf(m, "%-31s %10llu %11u %4d %20llu %20llu %10llu",
		   dev_name(&ring->dev), ring->bytes, ring->record_size,
		   ring->node, stat.head, stat.tail, stat.used);
	shmring_seq_side(m, p);
	shmring_seq_side(m, c);
	seq_printf(m, " %10llu %10llu %10llu %15llu %11llu %11llu %12llu\n",
		   p->waits + c->waits, p->wakeups + c->wakeups,
		   p->kicks + c->kicks,
		   p->eventfd_signals + c->eventfd_signals,
		   p->deaths + c->deaths, p->stalls, c->stalls);
	return 0;
}

static const struct seq_operations shmring_seq_ops = {
	.start	= shmring_seq_start,
	.next	= shmring_seq_next,
	.stop	= shmring_seq_stop,
	.show	= shmring_seq_show,
};

int shmring_procfs_init(void)
{
	return proc_create_seq("shmring", 0444, NULL, &shmring_seq_ops) ?
	       0 : -ENOMEM;
}

void shmring_procfs_exit(void)
{
	remove_proc_entry("shmring", NULL);
}
