/* SPDX-License-Identifier: MIT */
/*
 * What the fuzzer runs: programs, which are short lists of calls with numbers
 * as arguments. A table (calls.c) says which calls there are.
 *
 * Descriptors and mappings are kept in slots, which a call names by number; so
 * a program means the same wherever it runs, and can be written as text:
 *
 *	program
 *	ring_open name=0 flags=0x2 out=3
 *	attach fd=3 role=1 size=16 tail=0 at=0 compat=0 out=4
 */
#ifndef FUZZ_PROGRAM_H
#define FUZZ_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define FUZZ_ARGS	15	/* of a call, at most */
#define FUZZ_CALLS	48	/* of a program, at most */
#define FUZZ_SLOTS	16
#define FUZZ_NAMES	13

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* What a slot can hold. */
enum fuzz_type {
	TYPE_NONE,
	TYPE_CTL,
	TYPE_RING,
	TYPE_ENDPOINT,
	TYPE_EVENTFD,
	TYPE_EPOLL,
	TYPE_PIPE,
	TYPE_NETLINK,
	TYPE_FILE,		/* of sysfs or procfs */
	TYPE_MAP,
};

/*
 * How the values of an argument are made up.
 * ONE_OF: mostly a sane one, at times another of the list, or anything
 * ONLY: from the list alone; the executor relies on it
 * USE, MAKE: a slot which holds, or will hold, a thing of this type
 */
enum fuzz_kind {
	KIND_ONE_OF,
	KIND_ONLY,
	KIND_USE,
	KIND_MAKE,
};

struct fuzz_arg {
	const char *name;
	enum fuzz_kind kind;
	enum fuzz_type type;
	size_t sane;
	const uint64_t *values;
	size_t n;
};

struct fuzz_run;

/*
 * struct fuzz_call - a call that programs can make
 * @weight: how often, compared with others
 * @run: make it: what it returned, or -errno
 * @errnos: the errnos that it may give where its slot holds what it should,
 *	ending with 0; NULL where it is not for us to say
 */
struct fuzz_call {
	const char *name;
	unsigned int weight;
	long (*run)(struct fuzz_run *run, const uint64_t *arg);
	const int *errnos;
	struct fuzz_arg args[FUZZ_ARGS];
};

struct fuzz_step {
	uint64_t call;		/* index in the table */
	uint64_t arg[FUZZ_ARGS];
};

struct fuzz_program {
	unsigned int n;
	struct fuzz_step step[FUZZ_CALLS];
};

/* calls.c: the table */
const struct fuzz_call *fuzz_call(uint64_t i);
size_t fuzz_calls(void);

/* generate.c: numbers that a seed brings back, and what is made of them */
uint64_t fuzz_random(uint64_t *state);
uint64_t fuzz_seed(uint64_t seed, uint64_t worker, uint64_t index);
void fuzz_generate(struct fuzz_program *p, uint64_t *rnd);
void fuzz_mutate(struct fuzz_program *p, const struct fuzz_program *other,
		 uint64_t *rnd);

/* text.c: programs as text; what stands between them is skipped */
void fuzz_print(FILE *to, const struct fuzz_program *p);
/* 1: one was read; 0: there are no more; -1: it is wrong, said on stderr */
int fuzz_parse(FILE *from, const char *path, struct fuzz_program *p);

#endif /* FUZZ_PROGRAM_H */
