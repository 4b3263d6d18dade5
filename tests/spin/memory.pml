/* SPDX-License-Identifier: MIT */
/*
 * Memory as the CPUs see it: each has a buffer of stores that are not visible
 * yet. What includes this defines CPUS and WORDS, numbers the shared words, and
 * starts memory(cpu) for each CPU.
 *
 * With TSO the buffer is a queue, which is what x86 has: a store becomes
 * visible after all that are older, loads are in order, and only a load can
 * overtake an older store, of another word.
 *
 * Without TSO (the default) it is weaker than any CPU that Linux runs on, as
 * far as stores go: they become visible in any order, but for two of one word.
 * A release store (store_rel) becomes visible after all that are older; what is
 * younger may pass it. This is sound for proofs here, since each behaviour that
 * C11 and the kernel's model give to a chain "stores, release store; acquire
 * load, loads" is one of this buffer, and nothing here relies on more: not on
 * the order of a release store and a later acquire load (the buffer lets the
 * load pass), and not on stores of different CPUs being seen in one order by
 * third parties. (This buffer does show them in one order. The only third party
 * is the reader of both positions in ring.pml, whose argument takes one CPU's
 * stores at a time.)
 *
 * Loads are in order and at once. That is what an acquire gives to the loads
 * behind it. Where a model can be built without an acquire (NO_A, NO_C), it
 * offers by itself the loads and stores that could then come before it; without
 * the release (NO_D), the loads that could then come after it. So a proof
 * holds for code whose acquires are all there; litmus.pml shows which orders
 * the buffer gives and which it does not.
 *
 * Fences wait until the CPU's own buffer is empty. An interrupt drains the
 * buffer of the CPU that it hits, between two of its instructions.
 *
 * A thread has one buffer, wherever it runs: it comes to run elsewhere only
 * after the last CPU's stores are visible (switch_in() waits for that).
 */
#ifndef DEPTH
#define DEPTH	3	/* stores that fit a buffer; one more waits */
#endif

typedef buffer {
	byte n;
	byte word[DEPTH];
	byte value[DEPTH];
	bit rel[DEPTH];
};

byte mem[WORDS];
buffer sb[CPUS];
bit off[CPUS];		/* the thread is not on a CPU, and stands still */
hidden byte i_;		/* of d_steps; no part of the state */

#define empty_buffer(cpu)	(sb[cpu].n == 0)

/* The newest own store, or else memory. */
inline peek(cpu, w, r)
{
	r = mem[w];
	i_ = 0;
	do
	:: i_ < sb[cpu].n ->
		if
		:: sb[cpu].word[i_] == w -> r = sb[cpu].value[i_]
		:: else
		fi;
		i_++
	:: else -> break
	od;
	i_ = 0	/* not the loop last: spin makes no right C of that */
}

inline load(cpu, w, r)
{
	d_step { !off[cpu]; peek(cpu, w, r) }
}

inline push(cpu, w, v, release)
{
	sb[cpu].word[sb[cpu].n] = w;
	sb[cpu].value[sb[cpu].n] = v;
	sb[cpu].rel[sb[cpu].n] = release;
	sb[cpu].n++
}

inline store(cpu, w, v)
{
	d_step { !off[cpu] && sb[cpu].n < DEPTH -> push(cpu, w, v, 0) }
}

inline store_rel(cpu, w, v)
{
	d_step { !off[cpu] && sb[cpu].n < DEPTH -> push(cpu, w, v, 1) }
}

inline fence(cpu)
{
	!off[cpu] && empty_buffer(cpu)
}

/* What an atomic read-modify-write of the kernel or C11 (seq_cst) does. */
inline add(cpu, w, by)
{
	d_step { !off[cpu] && empty_buffer(cpu) -> mem[w] = mem[w] + by }
}

/* Store number k of the buffer becomes visible. */
inline drain(cpu, k)
{
	mem[sb[cpu].word[k]] = sb[cpu].value[k];
	sb[cpu].n--;
	i_ = k;
	do
	:: i_ < sb[cpu].n ->
		sb[cpu].word[i_] = sb[cpu].word[i_ + 1];
		sb[cpu].value[i_] = sb[cpu].value[i_ + 1];
		sb[cpu].rel[i_] = sb[cpu].rel[i_ + 1];
		i_++
	:: else -> break
	od;
	sb[cpu].word[i_] = 0;
	sb[cpu].value[i_] = 0;
	sb[cpu].rel[i_] = 0
}

inline interrupt(cpu)
{
	do
	:: !empty_buffer(cpu) -> drain(cpu, 0)
	:: else -> break
	od;
	i_ = 0
}

/* Which stores may become visible next. */
#define oldest(cpu)	(sb[cpu].n > 0)
#ifdef TSO
#define may_pass(cpu, k)	false
#else
#define free_of(cpu, k, older) (sb[cpu].word[k] != sb[cpu].word[older])
#define may_pass(cpu, k)	(sb[cpu].n > k && !sb[cpu].rel[k])
#endif

proctype memory(byte cpu)
{
end:	do
	:: d_step { oldest(cpu) -> drain(cpu, 0) }
#ifndef TSO
	:: d_step { may_pass(cpu, 1) && free_of(cpu, 1, 0) -> drain(cpu, 1) }
#if DEPTH > 2
	:: d_step { may_pass(cpu, 2) && free_of(cpu, 2, 0) &&
		    free_of(cpu, 2, 1) -> drain(cpu, 2) }
#endif
#if DEPTH > 3
	:: d_step { may_pass(cpu, 3) && free_of(cpu, 3, 0) &&
		    free_of(cpu, 3, 1) && free_of(cpu, 3, 2) -> drain(cpu, 3) }
#endif
#endif
	od
}
