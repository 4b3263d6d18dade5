// SPDX-License-Identifier: MIT
/*
 * fork(). An endpoint belongs to the process that attached it. A child has its
 * descriptors for a moment, and closes them, or a role would outlive the process
 * that has it; and the handles of the child answer -ENOTCONN, and do no harm.
 *
 * Who it is cannot be told by getpid(): two processes of nested namespaces can
 * both be 1. A page that the kernel clears in each child does tell it, also in
 * one of clone(2), in which no handler runs.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct shmring_endpoint *attached;
static uint64_t *identity;	/* never 0 once it is there, but in a child */
static uint64_t identities;	/* given out, by this process or a forefather */

/* No handler of a signal, which may fork, while the list is in disorder. */
static void hold(sigset_t *signals)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, signals);
	pthread_mutex_lock(&lock);
}

static void release(const sigset_t *signals)
{
	pthread_mutex_unlock(&lock);
	pthread_sigmask(SIG_SETMASK, signals, NULL);
}

static void before_fork(void)
{
	pthread_mutex_lock(&lock);
}

static void in_parent(void)
{
	pthread_mutex_unlock(&lock);
}

/*
 * The inline calls go on to work on the handle, on memory of the child's own:
 * full for a producer, empty for a consumer, so that each next call asks here.
 */
static void disown(struct shmring_endpoint *ep)
{
	struct shmring *r = &ep->r;

	if (ep->fd >= 0)
		close(ep->fd);
	if (r->fd == ep->fd || r->role != SHMRING_ROLE_NONE)
		r->fd = -1;
	ep->fd = -1;
	if (r->role == SHMRING_ROLE_NONE)
		return;		/* another thread was attaching it */
	if (r->backend->forked)
		r->backend->forked(r);
	shmring_map_blank(r);
	r->role = SHMRING_ROLE_NONE;
	r->limit = r->pos;
	r->shown = r->pos;
	r->handback = 0;
	*(uint32_t *)(uintptr_t)r->bell = 1;
}

static void in_child(void)
{
	struct shmring_endpoint *ep;

	for (ep = attached; ep; ep = ep->next)
		disown(ep);
	attached = NULL;
	pthread_mutex_unlock(&lock);
}

/* With the lock. */
static int set_up(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *p;

	if (identity)
		return 0;
	p = mmap(NULL, page, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	if (madvise(p, page, MADV_WIPEONFORK) ||
	    pthread_atfork(before_fork, in_parent, in_child)) {
		munmap(p, page);
		return -ENOMEM;
	}
	identity = p;
	return 0;
}

static int identify(void)
{
	int err = set_up();

	if (!err && !*identity)
		*identity = ++identities;
	return err;
}

/*
 * A new descriptor for the endpoint, which no child can have without knowing:
 * it is made and noted in one. Returns it, or a negative errno.
 */
int shmring_fork_open(struct shmring *r, uint32_t role)
{
	struct shmring_endpoint *ep = shmring_endpoint(r);
	sigset_t signals;
	int err;

	hold(&signals);
	err = identify();
	if (err) {
		shmring_fail(-err, "cannot attach: no memory");
	} else {
		err = r->backend->endpoint(r, role);
		ep->fd = err;
	}
	if (err >= 0) {
		ep->owner = *identity;
		ep->next = attached;
		attached = ep;
	}
	release(&signals);
	return err;
}

void shmring_fork_close(struct shmring *r)
{
	struct shmring_endpoint *ep = shmring_endpoint(r), **at;
	sigset_t signals;

	hold(&signals);
	for (at = &attached; *at && *at != ep; at = &(*at)->next)
		;
	if (*at)
		*at = ep->next;
	if (ep->fd >= 0)
		close(ep->fd);
	ep->fd = -1;
	release(&signals);
}

/* Is this process another one than that which attached @r, or tried to? */
bool shmring_is_copy(struct shmring *r)
{
	uint64_t owner = shmring_endpoint(r)->owner;

	return owner && owner != *identity;
}
