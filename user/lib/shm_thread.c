// SPDX-License-Identifier: MIT
#include <signal.h>

#include "shm.h"

/* The program's signals are for the program's threads. */
int shm_thread_start(pthread_t *thread, void *(*run)(void *), struct shm *s)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -err;
}
