// SPDX-License-Identifier: MIT
/* Good and bad addresses, and access to memory that may not be there. */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "run.h"

#define PAGE		4096
#define GOOD_PAGES	4

/*
 * struct arena - of each thread: some pages, a hole, and a page that cannot be
 * written; below 4 GiB, for compat calls
 */
struct arena {
	unsigned char good[GOOD_PAGES * PAGE];
	unsigned char none[PAGE];
	unsigned char readonly[PAGE];
};

static __thread struct arena *arena;
static __thread sigjmp_buf *fault;

bool fuzz_memory_init(void)
{
	arena = mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	return arena != MAP_FAILED &&
	       !mprotect(arena->none, PAGE, PROT_NONE) &&
	       !mprotect(arena->readonly, PAGE, PROT_READ);
}

/*
 * A store or load may hit memory that is not there, or not for us: the handler
 * comes back to where it began.
 */
static void on_fault(int sig)
{
	if (fault)
		siglongjmp(*fault, 1);
	signal(sig, SIG_DFL);
}

void fuzz_catch_faults(void)
{
	struct sigaction action = {
		.sa_handler = on_fault,
		.sa_flags = SA_NODEFER,
	};

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

bool fuzz_copy(void *to, const void *from, size_t len)
{
	sigjmp_buf back;
	bool ok = false;

	/* NULL is an address like any other here, which a compiler may not know. */
	__asm__ ("" : "+r" (to), "+r" (from));
	fault = &back;
	if (!sigsetjmp(back, 0)) {
		memcpy(to, from, len);
		ok = true;
	}
	fault = NULL;
	return ok;
}

static void *place_in_ring(struct fuzz_run *run)
{
	unsigned int i;

	for (i = 0; i < FUZZ_SLOTS; i++)
		if (run->slot[i].type == TYPE_MAP)
			return fuzz_map_at(run, i) + 8;
	return arena->good;
}

static void *place(struct fuzz_run *run, uint64_t at, size_t len)
{
	switch (at) {
	case AT_EDGE:
		return arena->none - len;
	case AT_STRADDLE:
		return arena->none - (len + 1) / 2;
	case AT_READONLY:
		return arena->readonly;
	case AT_NONE:
		return arena->none;
	case AT_NULL:
		return NULL;
	case AT_KERNEL:
		return (void *)0xffff888000001000ULL;
	case AT_NONCANONICAL:
		return (void *)0x8000000000000000ULL;
	case AT_RING:
		return place_in_ring(run);
	default:
		return arena->good;
	}
}

/* What cannot be written is left as it is. */
void *fuzz_place(struct fuzz_run *run, uint64_t at, const void *from, size_t len)
{
	size_t n = len < sizeof(arena->good) ? len : sizeof(arena->good);
	void *to = place(run, at, n);

	if (at != AT_READONLY) {
		fuzz_copy(to, from, n);
		return to;
	}
	mprotect(to, PAGE, PROT_READ | PROT_WRITE);
	fuzz_copy(to, from, n < PAGE ? n : PAGE);
	mprotect(to, PAGE, PROT_READ);
	return to;
}
