/* SPDX-License-Identifier: MIT */
/* Children that never outlive the experiment, and crews of them. */
#ifndef LAB_PROC_H
#define LAB_PROC_H

#include <time.h>

#include "lab.h"

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* fork() whose child is killed with its parent. */
pid_t proc_fork(struct lab *lab);

/* Wait for it; dies unless it exited with 0. */
void proc_reap(struct lab *lab, pid_t pid);

/* Zeroed memory that children share. */
void *proc_shared(struct lab *lab, size_t bytes);

/* How many CPUs this process may use, and the @i-th of them, wrapping round. */
unsigned int proc_cpus(void);
unsigned int proc_cpu(unsigned int i);

/* In a loop that waits for another: let it run. */
void proc_relax(unsigned int *spins);

/*
 * struct peer - a child that does what it is asked to, one thing at a time
 */
struct peer {
	pid_t pid;
	int fd;
};

/*
 * In the child, @serve gets each message of @size bytes and leaves its answer
 * there.
 */
void peer_start(struct lab *lab, struct peer *peer,
		void (*serve)(void *message), size_t size);
void peer_ask(struct lab *lab, struct peer *peer, void *message, size_t size);
void peer_end(struct lab *lab, struct peer *peer);

/*
 * struct crew - workers that begin together, each on a CPU of its own as far as
 * there are enough
 * @processes: processes; else threads
 * @work: the job of worker @me, of 0 to @nr - 1
 */
struct crew {
	bool processes;
	unsigned int nr;
	void (*work)(void *arg, unsigned int me);
	void *arg;
};

/* Nanoseconds from the first's begin to the last's end. */
double crew_run(struct lab *lab, const struct crew *crew);

#endif /* LAB_PROC_H */
