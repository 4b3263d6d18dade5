// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap of an endpoint.
 *
 * The page table entries are special and the mappings VM_IO: nobody can pin what
 * they show, so when the endpoint's address_space is unmapped, nobody has a way
 * to the pages any more.
 *
 * Shared mappings of what the role may write are VM_DONTCOPY, which madvise()
 * cannot undo where there is VM_IO: a child does not inherit them. They are
 * counted; the role ends with the last one.
 */
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>

#include "compat.h"
#include "endpoint.h"

static struct shmring_endpoint *shmring_mapped(struct vm_area_struct *vma)
{
	return vma->vm_file->private_data;
}

/* Whether @vma is one of those by which the role is kept. */
static bool shmring_is_writer(const struct vm_area_struct *vma)
{
	return (vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) ==
	       (VM_SHARED | VM_MAYWRITE);
}

/* By mremap(), or one part of a split. */
static void shmring_vm_open(struct vm_area_struct *vma)
{
	struct shmring_endpoint *ep = shmring_mapped(vma);

	if (!shmring_is_writer(vma))
		return;
	down_write(&ep->lock);
	ep->writers++;
	up_write(&ep->lock);
}

static void shmring_vm_close(struct vm_area_struct *vma)
{
	struct shmring_endpoint *ep = shmring_mapped(vma);
	bool last;

	if (!shmring_is_writer(vma))
		return;
	down_write(&ep->lock);
	last = !--ep->writers;
	up_write(&ep->lock);
	if (last)
		shmring_end_role(ep);
}

/*
 * All of the mapping at the first fault, so that the next ones are not in the
 * way of the hot path. An entry that is there, such as the copy of a private
 * page, stays.
 */
static vm_fault_t shmring_insert_pages(struct shmring *ring,
				       struct vm_area_struct *vma)
{
	unsigned long i, pages = vma_pages(vma);
	vm_fault_t ret = VM_FAULT_NOPAGE;
	struct page *page;

	for (i = 0; i < pages && ret == VM_FAULT_NOPAGE; i++) {
		page = shmring_page(ring, vma->vm_pgoff + i);
		if (!page)
			return VM_FAULT_SIGBUS;
		ret = shmring_insert_page(vma, vma->vm_start + i * PAGE_SIZE,
					  page);
		cond_resched();
	}
	return ret;
}

static vm_fault_t shmring_fault(struct vm_fault *vmf)
{
	struct shmring_endpoint *ep = shmring_mapped(vmf->vma);
	vm_fault_t ret;

	if (shmring_enter(ep))
		return VM_FAULT_SIGBUS;
	ret = shmring_insert_pages(ep->ring, vmf->vma);
	shmring_leave(ep);
	return ret;
}

/*
 * For debuggers, who cannot pin the page either. What a private mapping shows
 * can be a copy, which cannot be found from here.
 */
static int shmring_access(struct vm_area_struct *vma, unsigned long addr,
			  void *buf, int len, int write)
{
	struct shmring_endpoint *ep = shmring_mapped(vma);
	void *at = shmring_address(ep->ring, vma->vm_pgoff) +
		   (addr - vma->vm_start);
	int err;

	if (!(vma->vm_flags & VM_SHARED) || (write && !shmring_is_writer(vma)))
		return -EACCES;
	len = min_t(unsigned long, len, vma->vm_end - addr);
	err = shmring_enter(ep);
	if (err)
		return err;
	if (write)
		memcpy(at, buf, len);
	else
		memcpy(buf, at, len);
	shmring_leave(ep);
	return len;
}

static const struct vm_operations_struct shmring_vm_ops = {
	.open	= shmring_vm_open,
	.close	= shmring_vm_close,
	.fault	= shmring_fault,
	.access	= shmring_access,
};

/*
 * struct shmring_region - pages of one owner and one kind
 * @first: its first page
 * @nr: how many it has
 * @role: of who may write it, or SHMRING_ROLE_NONE
 * @index: and of its lane or consumer
 */
struct shmring_region {
	unsigned long first;
	unsigned long nr;
	u32 role;
	unsigned long index;
};

/* The region that page @index is in, by the order in ring.h. */
static void shmring_find_region(const struct shmring *ring, unsigned long index,
				struct shmring_region *region)
{
	unsigned long first = SHMRING_INFO_INDEX, each;
	u32 role = SHMRING_ROLE_NONE;

	if (index < shmring_lane_index(ring)) {
		each = shmring_info_pages(ring);
	} else if (index < shmring_cursor_index(ring)) {
		first = shmring_lane_index(ring);
		each = 1;
		role = SHMRING_ROLE_PRODUCER;
	} else if (index < shmring_data_index(ring)) {
		first = shmring_cursor_index(ring);
		each = shmring_cursor_pages(ring);
		role = SHMRING_ROLE_CONSUMER;
	} else {
		first = shmring_data_index(ring);
		each = 2 * shmring_data_pages(ring);
		role = SHMRING_ROLE_PRODUCER;
	}
	/* None is empty, as the analyzer cannot know. */
	region->index = (index - first) / max(each, 1UL);
	region->first = first + region->index * each;
	region->nr = each;
	region->role = role;
}

/* Offset and length lie within one region. */
static int shmring_check_range(const struct shmring *ring,
			       const struct shmring_region *region,
			       unsigned long index, unsigned long pages)
{
	if (region->role == SHMRING_ROLE_PRODUCER &&
	    region->index >= ring->nr_lanes)
		return -EINVAL;
	return pages <= region->first + region->nr - index ? 0 : -EINVAL;
}

/* The table in the UAPI header. */
static bool shmring_may_write(const struct shmring_slot *slot,
			      const struct shmring_region *region)
{
	return region->role == slot->role && region->index == slot->index;
}

static bool shmring_may_read(const struct shmring_slot *slot,
			     const struct shmring_region *region)
{
	return region->role != slot->role || region->index == slot->index;
}

/* The first to map is who can publish, for shmring_fence(). */
static void shmring_note_mapper(struct shmring_endpoint *ep,
				struct mm_struct *mm)
{
	struct shmring_slot *slot = ep->slot;

	mmgrab(mm);
	ep->task = get_task_struct(current);
	/* (M1) The task before the mm; pairs with (M2). */
	smp_store_release(&ep->mm, mm);
	/*
	 * (M3) A sleeper that does not see the mm has made its bell odd before
	 * the user mode that is about to map can look at it. Pairs with
	 * (F1).
	 */
	smp_mb();

	mutex_lock(&ep->ring->lock);
	put_pid(slot->pid);
	slot->pid = get_pid(task_tgid(current));
	mutex_unlock(&ep->ring->lock);
}

/* The role stays live until the lock is dropped, but the mapping may fail. */
static int shmring_add_mapping(struct shmring_endpoint *ep,
			       struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED))
		return 0;
	if (!ep->mm)
		shmring_note_mapper(ep, vma->vm_mm);
	else if (ep->mm != vma->vm_mm)
		return -EPERM;
	if (shmring_is_writer(vma))
		ep->writers++;
	return 0;
}

int shmring_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct shmring_endpoint *ep = file->private_data;
	vm_flags_t set = VM_MIXEDMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP;
	struct shmring_region region;
	int err;

	shmring_find_region(ep->ring, vma->vm_pgoff, &region);
	err = shmring_check_range(ep->ring, &region, vma->vm_pgoff,
				  vma_pages(vma));
	if (err)
		return err;
	if (vma->vm_flags & VM_EXEC || !shmring_may_read(ep->slot, &region))
		return -EACCES;
	if (!shmring_may_write(ep->slot, &region)) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		shmring_vm_flags_mod(vma, 0, VM_MAYWRITE);
	}
	if (shmring_is_writer(vma))
		set |= VM_DONTCOPY;
	shmring_vm_flags_mod(vma, set, VM_MAYEXEC);

	down_write(&ep->lock);
	err = ep->live ? shmring_add_mapping(ep, vma) : -ENOTCONN;
	up_write(&ep->lock);
	if (!err)
		vma->vm_ops = &shmring_vm_ops;
	return err;
}
