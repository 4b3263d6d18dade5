/* SPDX-License-Identifier: MIT */
/* What the workers and the process that watches them share. */
#ifndef FUZZ_SHARED_H
#define FUZZ_SHARED_H

#include <stdatomic.h>
#include <sys/types.h>

#include "program.h"

#define FUZZ_WORKERS	8
#define FUZZ_LOG	8		/* programs kept of each worker */
#define FUZZ_CORPUS	4096
#define FUZZ_TEXT	(1U << 18)	/* bytes of the module's .text, at most */

/*
 * struct fuzz_worker - written by the worker, read when something went wrong
 * @index: of the program that runs; its seed follows from it
 * @corpus: entries of the corpus that it could be made from
 * @at: the step
 * @calls: that were made, by its thread and its children too
 * @log: the last programs, at index % FUZZ_LOG, noted before they run
 */
struct fuzz_worker {
	pid_t pid;
	atomic_ulong index;
	unsigned int corpus;
	atomic_uint at;
	atomic_ulong calls;
	atomic_ulong programs;
	struct fuzz_program log[FUZZ_LOG];
};

/*
 * struct fuzz_shared
 * @replay: run the first @loaded programs of the corpus, each worker from
 *	another on, @replay times
 * @loaded: programs that were given; each worker runs them first
 * @limit: of calls, all workers together
 * @post: descriptors go from worker to worker: in at 0, out at 1
 * @news: programs that reached new code, from the workers to the watcher
 * @module_fd: the module's file, or -1
 * @text: where the module's code is; changes when it is loaded anew
 * @loads: how often it was loaded
 * @seen: code that was reached, by its distance from @text
 * @reload_after: on the monotonic clock, in ns
 */
struct fuzz_shared {
	uint64_t seed;
	unsigned int workers;
	unsigned int replay;
	unsigned int loaded;
	uint64_t limit;
	bool has_compat;
	int post[2];
	int news[2];
	int module_fd;
	atomic_int family;
	atomic_int group;
	atomic_ulong text;
	unsigned long text_len;
	atomic_uint loads;
	atomic_long reload_after;
	atomic_bool stop;
	atomic_bool broken;
	char why[256];
	struct fuzz_worker worker[FUZZ_WORKERS];
	atomic_uchar seen[FUZZ_TEXT];
	atomic_uint corpus_n;
	struct fuzz_program corpus[FUZZ_CORPUS];
};

/* worker.c: never returns */
_Noreturn void fuzz_work(struct fuzz_shared *shared, unsigned int number);
/* The program @index of worker @number, when the corpus had @corpus entries. */
void fuzz_make_program(const struct fuzz_shared *shared, unsigned int number,
		       uint64_t index, unsigned int corpus,
		       struct fuzz_program *p);

/* cover.c: what of the module is executed, by KCOV */
struct fuzz_cover {
	unsigned long *pcs;
	int fd;
	unsigned int loads;
};

bool fuzz_cover_init(struct fuzz_cover *cover);
void fuzz_cover_start(struct fuzz_cover *cover, const struct fuzz_shared *shared);
/* The code that was reached since, where it is new; up to @most of it. */
unsigned int fuzz_cover_new(const struct fuzz_cover *cover,
			    struct fuzz_shared *shared, uint32_t *found,
			    unsigned int most);
/* Whether all of @wanted was reached since. */
bool fuzz_cover_has(const struct fuzz_cover *cover,
		    const struct fuzz_shared *shared, const uint32_t *wanted,
		    unsigned int n);
/* The places that there are in the module's file; 0 if it has none. */
unsigned int fuzz_cover_total(int module_fd, atomic_uchar *seen,
			      unsigned int *covered, bool list);

/* module.c */
long fuzz_module_unload(void);
/* Small, so that the workers meet the limits and the guest keeps its memory. */
#define FUZZ_LIMITS	"max_rings=64 max_ring_bytes=1048576 max_total_bytes=16777216 level_ms=1"

long fuzz_module_load(struct fuzz_shared *shared, const char *params);
/* Where it is and what its Netlink family is called by number. */
void fuzz_module_look(struct fuzz_shared *shared);

/* ring.c */
long fuzz_compat_ioctl(int fd, unsigned int cmd, uint64_t arg);

/* file.c: a descriptor that a worker sent, or -1 */
int fuzz_receive_fd(int from, uint64_t *type);

#endif /* FUZZ_SHARED_H */
