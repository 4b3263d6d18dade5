/* SPDX-License-Identifier: MIT */
/*
 * What memory.pml gives, by the known small tests. Each asserts that the odd
 * result does not come; tests/spin/check knows where it must and must not.
 *
 * SB: two store and then load what the other stored; both see the old.
 * MP: data and a flag; the flag is seen and the data is not.
 * PASS: a store that is younger than a release store is seen before it.
 * OWN: a CPU does not see its own store.
 * SAME: two stores of one word become visible the other way round.
 */
#define CPUS	2
#define WORDS	2
#define X	0
#define Y	1
#include "memory.pml"

byte r0, r1;
bit done[2];

#ifdef SB
active proctype left()
{
	/* Who maps a ring says so, and then looks whether the other side sleeps. */
	store(0, X, 1);
#ifdef FENCES
	/* @ kmod/map.c shmring_note_mapper (M3): smp_mb(); */
	fence(0);
#endif
	load(0, Y, r0);
	done[0] = 1
}

active proctype right()
{
	store(1, Y, 1);
#ifdef FENCES
	/* @ kmod/notify.c shmring_fence (F1): smp_mb(); */
	fence(1);
#endif
#ifdef INTERRUPT
	/* The sleeper pays for both: fence, interrupt, and then look. */
	fence(1);
	d_step { interrupt(0) };
#endif
	load(1, X, r1);
	done[1] = 1
}
#define ODD	(r0 == 0 && r1 == 0)
#endif

#ifdef MP
active proctype left()
{
	store(0, X, 1);
#ifdef RELEASE
	/* @ kmod/map.c shmring_note_mapper (M1): smp_store_release(&ep->mm, mm); */
	/* @ kmod/notify.c shmring_publisher_cpus (M2): mm = smp_load_acquire(&ep->mm); */
	store_rel(0, Y, 1);
#else
	store(0, Y, 1);
#endif
	done[0] = 1
}

active proctype right()
{
	load(1, Y, r0);
	load(1, X, r1);
	done[1] = 1
}
#define ODD	(r0 == 1 && r1 == 0)
#endif

#ifdef PASS
active proctype left()
{
	store_rel(0, X, 1);
	store(0, Y, 1);
	done[0] = 1
}

active proctype right()
{
	load(1, Y, r0);
	load(1, X, r1);
	done[1] = 1
}
#define ODD	(r0 == 1 && r1 == 0)
#endif

#ifdef OWN
active proctype left()
{
	store(0, X, 1);
	store(0, X, 2);
	load(0, X, r0);
	done[0] = 1;
	done[1] = 1
}
#define ODD	(r0 != 2)
#endif

#ifdef SAME
active proctype left()
{
	store(0, X, 1);
	store(0, X, 2);
	done[0] = 1
}

active proctype right()
{
	load(1, X, r0);
	load(1, X, r1);
	done[1] = 1
}
#define ODD	(r0 > r1)
#endif

active proctype judge()
{
	run memory(0);
	run memory(1);
	done[0] && done[1];
	assert(!ODD)
}
