/* SPDX-License-Identifier: MIT */
/* Paths through the library, to be walked an instruction at a time. */
#ifndef STEP_H
#define STEP_H

#include "storm.h"

/*
 * struct path
 * @group: what --step calls it
 * @role: who walks it
 * @rest: the other side rests meanwhile, and moves on by one record whenever the
 *	walker is asleep
 * @full: the ring is full when the walk begins, or else empty
 * @needs: a backend, or NULL for any
 * @fixed: only in rings of fixed records
 * @prepare: what comes before and is not stepped through
 * @walk: the path
 */
struct path {
	const char *name;
	const char *group;
	unsigned int role;
	bool rest;
	bool full;
	const char *needs;
	run_fn *prepare;
	run_fn *walk;
};

extern const struct path paths[];
extern const unsigned int n_paths;

/* struct spot - where a stopped process is: an address, and the bytes there */
struct spot {
	uint64_t at;
	bool syscall;
};

/* trace.c: a child that is stepped */
#endif /* STEP_H */
