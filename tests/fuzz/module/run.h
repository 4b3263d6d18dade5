/* SPDX-License-Identifier: MIT */
/* How a worker makes the calls of a program. */
#ifndef FUZZ_RUN_H
#define FUZZ_RUN_H

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "program.h"

struct fuzz_shared;
struct fuzz_worker;
struct fuzz_cover;

/*
 * struct fuzz_slot - a descriptor, or a mapping of a ring
 * @page: the mapping's first page in the ring
 * @shared: it is MAP_SHARED
 * @fenced: and of a page that its side may not write
 * @owned: and of a page that its side may write, which no child inherits
 */
struct fuzz_slot {
	int fd;
	enum fuzz_type type;
	size_t len;
	uint64_t page;
	bool shared;
	bool fenced;
	bool owned;
};

/*
 * struct fuzz_run - a program that runs
 * @at: the step that the main thread is at
 * @raced: two threads or more had the slots, so that each may have held
 *	anything
 * @first_fd: descriptors from here on are the program's
 * @window: where its mappings go, FUZZ_MAP_BYTES for each slot
 * @mapped: there is one
 * @children: made by fork, to be waited for
 */
struct fuzz_run {
	struct fuzz_shared *shared;
	struct fuzz_worker *worker;
	struct fuzz_cover *cover;
	const struct fuzz_program *program;
	unsigned int at;
	bool raced;
	bool is_child;
	int first_fd;
	unsigned char *window;
	bool mapped;
	struct fuzz_slot slot[FUZZ_SLOTS];
	pid_t child[4];
	unsigned int children;

	/* The second thread; see thread.c. */
	pthread_t thread;
	sem_t go, done;
	bool thread_runs;
	unsigned int thread_from, thread_n;
};

#define FUZZ_MAP_BYTES	((size_t)4 << 20)

/* Where the argument of a system call lies. */
enum fuzz_at {
	AT_GOOD,
	AT_EDGE,	/* it ends where the page does, and none follows */
	AT_STRADDLE,	/* half of it is behind that */
	AT_READONLY,
	AT_NONE,	/* a page that cannot be read */
	AT_NULL,
	AT_KERNEL,
	AT_NONCANONICAL,
	AT_RING,	/* in a mapping of a ring, if there is one */
};

/* memory.c: @len bytes from @from, put where @at says; their address */
void *fuzz_place(struct fuzz_run *run, uint64_t at, const void *from,
		 size_t len);
bool fuzz_memory_init(void);
/* Whether it could be copied; SIGSEGV and SIGBUS are caught. */
bool fuzz_copy(void *to, const void *from, size_t len);
void fuzz_catch_faults(void);

/* run.c */
bool fuzz_run_init(struct fuzz_run *run, struct fuzz_shared *shared,
		   struct fuzz_worker *worker);
void fuzz_run_program(struct fuzz_run *run, const struct fuzz_program *p);
void fuzz_run_steps(struct fuzz_run *run, unsigned int from, unsigned int n);
void fuzz_be_root(void);
int fuzz_fd(const struct fuzz_run *run, uint64_t slot);
struct fuzz_slot *fuzz_slot(struct fuzz_run *run, uint64_t slot);
/* Keeps @fd, unless it is an error, which it returns as -errno. */
long fuzz_keep(struct fuzz_run *run, uint64_t slot, enum fuzz_type type, int fd);
unsigned char *fuzz_map_at(const struct fuzz_run *run, uint64_t slot);

/* thread.c: the second thread */
bool fuzz_thread_init(struct fuzz_run *run);
void fuzz_thread_start(struct fuzz_run *run, unsigned int from, unsigned int n);
void fuzz_thread_finish(struct fuzz_run *run);

/* map.c: a new child has no mapping with which it could write */
void fuzz_check_child(struct fuzz_run *run);

/* main.c: a promise is broken; the run ends */
__attribute__((format(printf, 2, 3)))
void fuzz_broken(struct fuzz_shared *shared, const char *fmt, ...);

static inline long fuzz_ret(long ret)
{
	return ret < 0 ? -errno : ret;
}

/* The name of a ring; some that cannot be. Not always NUL-terminated. */
const char *fuzz_name(uint64_t i);

#endif /* FUZZ_RUN_H */
