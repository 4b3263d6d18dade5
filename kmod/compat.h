/* SPDX-License-Identifier: GPL-2.0-only */
/* Every difference between kernel versions and architectures that matters. */
#ifndef _SHMRING_COMPAT_H
#define _SHMRING_COMPAT_H

/*
 * shmring_publisher_sleeps() needs a full barrier between the store of on_cpu and
 * user mode whenever a task is switched to. Others, such as riscv and powerpc,
 * have it only for processes that registered with membarrier(2). And positions
 * are 64-bit words, which must not tear.
 */
#if !defined(CONFIG_X86_64) && !defined(CONFIG_ARM64)
#error "shmring supports x86-64 and arm64 only"
#endif

#include <linux/cpumask.h>
#include <linux/eventfd.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/version.h>
#include <net/genetlink.h>

/* 6.2 made the device const in device_type.devnode. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define shmring_devnode_device struct device
#else
#define shmring_devnode_device const struct device
#endif

/* 6.3 made it const in device_type.uevent. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define shmring_uevent_device struct device
#else
#define shmring_uevent_device const struct device
#endif

/* 6.3 hid vm_flags behind helpers. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void shmring_vm_flags_mod(struct vm_area_struct *vma,
					vm_flags_t set, vm_flags_t clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#else
#define shmring_vm_flags_mod vm_flags_mod
#endif

/* 6.8 dropped the count, which everybody gave as 1. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define shmring_eventfd_signal(ctx) eventfd_signal(ctx, 1)
#else
#define shmring_eventfd_signal(ctx) eventfd_signal(ctx)
#endif

/* 6.17 dropped pfn_t. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#include <linux/pfn_t.h>
#define shmring_pfn(page) page_to_pfn_t(page)
#else
#define shmring_pfn(page) page_to_pfn(page)
#endif

/* A special entry: what it shows can be touched and not pinned. */
static inline vm_fault_t shmring_insert_page(struct vm_area_struct *vma,
					     unsigned long addr,
					     struct page *page)
{
	return vmf_insert_mixed(vma, addr, shmring_pfn(page));
}

/* 6.7 put the attributes of a dump where those of a request are. */
static inline struct nlattr **shmring_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	return genl_dumpit_info(cb)->attrs;
#else
	return genl_info_dump(cb)->attrs;
#endif
}

/*
 * The CPUs that may run @mm in user mode. x86 sets a CPU's bit, with a full
 * barrier, before it runs the mm, and clears it only when the CPU left it; not
 * every architecture keeps the mask at all.
 */
static inline const struct cpumask *shmring_mm_cpus(struct mm_struct *mm)
{
#ifdef CONFIG_X86
	return mm_cpumask(mm);
#else
	return cpu_online_mask;
#endif
}

static inline bool shmring_task_on_cpu(struct task_struct *task)
{
#ifdef CONFIG_SMP
	/* Pairs with finish_task(): all that it did before it left the CPU. */
	return smp_load_acquire(&task->on_cpu);
#else
	return task == current;
#endif
}

#endif /* _SHMRING_COMPAT_H */
