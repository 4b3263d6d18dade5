// SPDX-License-Identifier: MIT
/*
 * The second thread of a worker: makes steps of the program at the same time as
 * the first. It is there from the start, since making one takes long.
 */
#include <signal.h>
#include <time.h>

#include "run.h"

static void *thread(void *arg)
{
	struct fuzz_run *run = arg;

	if (!fuzz_memory_init())
		return NULL;
	for (;;) {
		while (sem_wait(&run->go))
			;
		fuzz_run_steps(run, run->thread_from, run->thread_n);
		fuzz_be_root();
		sem_post(&run->done);
	}
	return NULL;
}

bool fuzz_thread_init(struct fuzz_run *run)
{
	return !sem_init(&run->go, 0, 0) && !sem_init(&run->done, 0, 0) &&
	       !pthread_create(&run->thread, NULL, thread, run);
}

void fuzz_thread_start(struct fuzz_run *run, unsigned int from, unsigned int n)
{
	run->raced = true;
	run->thread_runs = true;
	run->thread_from = from;
	run->thread_n = n;
	sem_post(&run->go);
}

/* A signal ends a call that sleeps; it may come too early, so again. */
void fuzz_thread_finish(struct fuzz_run *run)
{
	struct timespec t;

	while (run->thread_runs) {
		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_nsec += 2000000;
		t.tv_sec += t.tv_nsec / 1000000000;
		t.tv_nsec %= 1000000000;
		if (!sem_timedwait(&run->done, &t))
			run->thread_runs = false;
		else
			pthread_kill(run->thread, SIGALRM);
	}
}
