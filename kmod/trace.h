/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints shmring:shmring_*, for perf, ftrace and bpftrace. In all of them, id is
 * the ring's (unique until the module goes), name its name, and role 1 for the
 * producer, 2 for the consumer. Names and order of the fields stay. The name is
 * padded with zeros, so that all of it can be a key.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM shmring

#if !defined(_SHMRING_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _SHMRING_TRACE_H

#include <linux/tracepoint.h>

#include "ring.h"

/* So that perf and others see the numbers behind the names. */
TRACE_DEFINE_ENUM(SHMRING_ROLE_PRODUCER);
TRACE_DEFINE_ENUM(SHMRING_ROLE_CONSUMER);

#define show_shmring_role(role)						\
	__print_symbolic(role,						\
			 { SHMRING_ROLE_PRODUCER, "producer" },		\
			 { SHMRING_ROLE_CONSUMER, "consumer" })

/* A ring got, or lost, its name. */
DECLARE_EVENT_CLASS(shmring_ring,
	TP_PROTO(const struct shmring *ring),
	TP_ARGS(ring),
	TP_STRUCT__entry(
		__field(u64, id)
		__array(char, name, SHMRING_NAME_MAX)
		__field(u64, size)
		__field(u32, record_size)
		__field(int, node)
	),
	TP_fast_assign(
		__entry->id = ring->id;
		strscpy_pad(__entry->name, dev_name(&ring->dev),
			    SHMRING_NAME_MAX);
		__entry->size = ring->bytes;
		__entry->record_size = ring->record_size;
		__entry->node = ring->node;
	),
	TP_printk("id=%llu name=%s size=%llu record_size=%u node=%d",
		  __entry->id, __entry->name, __entry->size,
		  __entry->record_size, __entry->node)
);

DEFINE_EVENT(shmring_ring, shmring_create,
	TP_PROTO(const struct shmring *ring),
	TP_ARGS(ring)
);

DEFINE_EVENT(shmring_ring, shmring_destroy,
	TP_PROTO(const struct shmring *ring),
	TP_ARGS(ring)
);

/* pid: who attached, in the initial pid namespace. */
TRACE_EVENT(shmring_attach,
	TP_PROTO(const struct shmring_slot *slot),
	TP_ARGS(slot),
	TP_STRUCT__entry(
		__field(u64, id)
		__array(char, name, SHMRING_NAME_MAX)
		__field(u32, role)
		__field(pid_t, pid)
	),
	TP_fast_assign(
		__entry->id = slot->ring->id;
		strscpy_pad(__entry->name, dev_name(&slot->ring->dev),
			    SHMRING_NAME_MAX);
		__entry->role = slot->role;
		__entry->pid = pid_nr(slot->pid);
	),
	TP_printk("id=%llu name=%s role=%s pid=%d", __entry->id, __entry->name,
		  show_shmring_role(__entry->role), __entry->pid)
);

TRACE_EVENT(shmring_detach,
	TP_PROTO(const struct shmring_slot *slot, bool killed),
	TP_ARGS(slot, killed),
	TP_STRUCT__entry(
		__field(u64, id)
		__array(char, name, SHMRING_NAME_MAX)
		__field(u32, role)
		__field(pid_t, pid)
		__field(bool, killed)
	),
	TP_fast_assign(
		__entry->id = slot->ring->id;
		strscpy_pad(__entry->name, dev_name(&slot->ring->dev),
			    SHMRING_NAME_MAX);
		__entry->role = slot->role;
		__entry->pid = pid_nr(slot->pid);
		__entry->killed = killed;
	),
	TP_printk("id=%llu name=%s role=%s pid=%d killed=%d", __entry->id,
		  __entry->name, show_shmring_role(__entry->role),
		  __entry->pid, __entry->killed)
);

/* A side goes to sleep until want bytes are there, or free; 0 is a record. */
TRACE_EVENT(shmring_wait,
	TP_PROTO(const struct shmring_slot *slot, u64 want),
	TP_ARGS(slot, want),
	TP_STRUCT__entry(
		__field(u64, id)
		__array(char, name, SHMRING_NAME_MAX)
		__field(u32, role)
		__field(u64, want)
	),
	TP_fast_assign(
		__entry->id = slot->ring->id;
		strscpy_pad(__entry->name, dev_name(&slot->ring->dev),
			    SHMRING_NAME_MAX);
		__entry->role = slot->role;
		__entry->want = want;
	),
	TP_printk("id=%llu name=%s role=%s want=%llu", __entry->id,
		  __entry->name, show_shmring_role(__entry->role),
		  __entry->want)
);

DECLARE_EVENT_CLASS(shmring_slot,
	TP_PROTO(const struct shmring_slot *slot),
	TP_ARGS(slot),
	TP_STRUCT__entry(
		__field(u64, id)
		__array(char, name, SHMRING_NAME_MAX)
		__field(u32, role)
	),
	TP_fast_assign(
		__entry->id = slot->ring->id;
		strscpy_pad(__entry->name, dev_name(&slot->ring->dev),
			    SHMRING_NAME_MAX);
		__entry->role = slot->role;
	),
	TP_printk("id=%llu name=%s role=%s", __entry->id, __entry->name,
		  show_shmring_role(__entry->role))
);

/* A side that slept runs again. */
DEFINE_EVENT(shmring_slot, shmring_wake,
	TP_PROTO(const struct shmring_slot *slot),
	TP_ARGS(slot)
);

/* The current task, or the kernel on its behalf, kicks this side. */
DEFINE_EVENT(shmring_slot, shmring_kick,
	TP_PROTO(const struct shmring_slot *slot),
	TP_ARGS(slot)
);

/* ... and signals its eventfd. */
DEFINE_EVENT(shmring_slot, shmring_eventfd,
	TP_PROTO(const struct shmring_slot *slot),
	TP_ARGS(slot)
);

#endif /* _SHMRING_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
