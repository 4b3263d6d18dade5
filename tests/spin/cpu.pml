/* SPDX-License-Identifier: MIT */
/*
 * Threads come off their CPU at any instruction, and back. What includes this
 * after memory.pml has a word CPU(thread), which is task->on_cpu of the kernel
 * and for membarrier(2) that the thread is its run queue's current one.
 *
 * Off: the word is cleared by a store that is behind all that the thread
 * stored (finish_task()). Back on, here or on another CPU: once that is
 * visible, the word is set, and before user mode comes a full barrier, as
 * membarrier(2) needs it too (context_switch() in kernel/sched/core.c).
 *
 * With CALM a thread leaves its CPU only to sleep: for models with three threads.
 *
 * Pieces to be removed: NO_SWITCH_FENCE
 */
bit blocked[CPUS];	/* asleep in the kernel: nobody puts it on a CPU */
bit finished[CPUS];

inline switch_out(thread)
{
	d_step { sb[thread].n < DEPTH ->
		off[thread] = 1; push(thread, CPU(thread), 0, 1) }
}

inline switch_in(thread)
{
	d_step { off[thread] && !blocked[thread] && empty_buffer(thread) ->
		push(thread, CPU(thread), 1, 0) };
#ifndef NO_SWITCH_FENCE
	empty_buffer(thread);
#endif
	off[thread] = 0
}

/* schedule(), and returning from it on a CPU again */
inline block(me, condition)
{
	d_step { !off[me] && sb[me].n < DEPTH ->
		if
		:: condition ->
			off[me] = 1; blocked[me] = 1; push(me, CPU(me), 0, 1)
		:: else
		fi };
	!off[me]
}

/* It takes the CPU away once in a while, and gives it to who may run. */
proctype scheduler(byte thread)
{
end:	do
#ifndef CALM
	:: atomic { !off[thread] && !finished[thread] -> switch_out(thread) }
#endif
	:: atomic { off[thread] && !blocked[thread] -> switch_in(thread) }
	od
}
