// SPDX-License-Identifier: MIT
/*
 * A hostile side that does not wait for its turn: a thread that stores two
 * values in turn while calls are made. It is there from the first use on.
 */
#include <pthread.h>
#include <sched.h>

#include "victim.h"

static struct {
	pthread_mutex_t lock;
	pthread_cond_t news;
	bool runs;
	uint64_t *word;
	uint64_t value[2];
} flip = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.news = PTHREAD_COND_INITIALIZER,
};

static void *flipper(void *unused)
{
	unsigned int i;

	(void)unused;
	pthread_mutex_lock(&flip.lock);
	for (;;) {
		while (!flip.word)
			pthread_cond_wait(&flip.news, &flip.lock);
		for (i = 0; i < 64; i++)
			__atomic_store_n(flip.word, flip.value[i & 1],
					 __ATOMIC_RELAXED);
		pthread_mutex_unlock(&flip.lock);
		sched_yield();	/* who wants the lock gets it */
		pthread_mutex_lock(&flip.lock);
	}
	return NULL;
}

void set_flip(uint64_t *word, uint64_t a, uint64_t b)
{
	pthread_t thread;

	pthread_mutex_lock(&flip.lock);
	if (!flip.runs)
		flip.runs = !pthread_create(&thread, NULL, flipper, NULL);
	flip.word = word;
	flip.value[0] = a;
	flip.value[1] = b;
	pthread_cond_signal(&flip.news);
	pthread_mutex_unlock(&flip.lock);
}
