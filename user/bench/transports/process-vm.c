// SPDX-License-Identifier: MIT
/* The sender has the kernel write into the receiver's private memory. */
/* One copy and one system call per publish; two more where a side sleeps. */
/* man 2 process_vm_writev */
#include <sys/prctl.h>
#include <sys/uio.h>

#include "index.h"
#include "receiver.h"

/*
 * Both have a private buffer at the same address, since both inherit it. The
 * sender fills its own, and has the kernel copy that into the receiver's; what
 * tells how far it is lies in shared memory.
 */
struct process_vm {
	struct index index;
	pid_t receiver;
};

struct process_vm_ctl {
	struct index_ctl index;
	uint32_t receiver;
};

static ALWAYS_INLINE int process_vm_take(struct channel *ch, enum side side,
					 uint32_t most)
{
	return index_take(ch, side, most);
}

static ALWAYS_INLINE int process_vm_give(struct channel *ch, enum side side,
					 uint32_t n)
{
	struct process_vm *p = ch->state;
	struct slots *s = &p->index.slots;
	struct iovec run = {
		.iov_base = slots_at(s, s->pos - n, ch->size),
		.iov_len = (size_t)n * ch->size,
	};
	ssize_t rc;

	while (side == SIDE_PRODUCER && run.iov_len) {
		rc = process_vm_writev(p->receiver, &run, 1, &run, 1, 0);
		if (bench_unlikely(rc <= 0))
			return rc ? -errno : -EFAULT;
		run.iov_base = (char *)run.iov_base + rc;
		run.iov_len -= (size_t)rc;
	}
	return index_give(ch, side, n);
}

DEFINE_SLOTS_LOOPS(process_vm);

static bool process_vm_probe(char why[WHY_MAX])
{
	uint64_t scope = sysctl_number("/proc/sys/kernel/yama/ptrace_scope");
	char a = 1, b = 0;
	struct iovec from = { &a, 1 }, to = { &b, 1 };

	if (process_vm_writev(getpid(), &from, 1, &to, 1, 0) != 1)
		snprintf(why, WHY_MAX,
			 "process-vm: process_vm_writev: %s: run it outside of this sandbox",
			 strerror(errno));
	else if (scope >= 2 && scope != UINT64_MAX && (scope > 2 || geteuid()))
		snprintf(why, WHY_MAX,
			 "process-vm: not allowed: sysctl kernel.yama.ptrace_scope=1%s",
			 scope == 2 ? ", or run it as root" : " and reboot");
	else
		return true;
	return false;
}

static int process_vm_open(struct channel *ch)
{
	struct process_vm *p = slots_new(ch, sizeof(*p), ch->size);
	struct slots *s;
	int rc;

	if (!p)
		return -ENOMEM;
	s = &p->index.slots;
	rc = slots_map(s, -1);
	if (rc)
		return rc;
	s->data = mmap(s->data, s->bytes - SLOTS_CTL, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	return s->data == MAP_FAILED ? -errno : 0;
}

/* The receiver lets the sender, which is no parent of its, in. */
static int process_vm_join(struct channel *ch, enum side side)
{
	struct process_vm *p = ch->state;
	struct process_vm_ctl *ctl = p->index.slots.ctl;

	/* Fails without Yama, where it is not needed. */
	if (side == SIDE_CONSUMER)
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	return receiver_join(&ctl->receiver, side, &p->receiver);
}

const struct transport transport_process_vm = {
	.name = "process-vm",
	.group = "memory",
	.what = "process_vm_writev into the receiver's memory, futexes",
	.loops = &process_vm_loops,
	.asleep = &process_vm_loops,
	.batches = true,
	.probe = process_vm_probe,
	.fits = fits_half,
	.open = process_vm_open,
	.join = process_vm_join,
	.close = slots_close,
};
