/* SPDX-License-Identifier: MIT */
/* Every way to exclude each other that `mutex` compares. */
#ifndef LAB_LOCKS_H
#define LAB_LOCKS_H

#include <pthread.h>
#include <semaphore.h>

#include "lab.h"

/*
 * struct locks - what all processes have of them
 * @dir: where the files are
 */
struct locks {
	const char *dir;
	int sem_id;		/* System V, one of value 1 */
	struct {
		sem_t sem;
		pthread_mutex_t plain;
		pthread_mutex_t robust;
	} *shared;
};

/*
 * struct lock - one way
 * @open: in the process that uses it: a descriptor, or -1
 * @take: wait for it; 0 or a negative errno
 * @try: the same without waiting; -EBUSY when somebody has it, -EOWNERDEAD when
 *	it was taken over from somebody who died, and is this process's now
 * @excludes: it is a lock and not the lack of one
 * @survives: what happens when its holder dies
 */
struct lock {
	const char *name;
	int (*open)(const struct locks *l);
	int (*take)(const struct locks *l, int fd);
	int (*try)(const struct locks *l, int fd);
	void (*leave)(const struct locks *l, int fd);
	bool excludes;
	enum { FREED, STUCK, OWNER_DEAD } survives;
};

extern const struct lock locks[];
extern const size_t nr_locks;

void locks_make(struct lab *lab, struct locks *l);
void locks_drop(struct lab *lab, struct locks *l);

/* What a killed holder left behind is cleared by hand. */
void locks_reset(struct locks *l);

#endif /* LAB_LOCKS_H */
