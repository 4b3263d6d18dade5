// SPDX-License-Identifier: MIT
/* A worker: makes programs, runs them, and keeps those that reach new code. */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "run.h"
#include "shared.h"

#define TICK_US		5000	/* a call that sleeps is interrupted after this */
#define NEW_MOST	256

/* struct work - a worker's own */
struct work {
	struct fuzz_shared *shared;
	struct fuzz_worker *me;
	unsigned int number;
	struct fuzz_run run;
	struct fuzz_cover cover;
};

void fuzz_make_program(const struct fuzz_shared *shared, unsigned int number,
		       uint64_t index, unsigned int corpus,
		       struct fuzz_program *p)
{
	uint64_t rnd = fuzz_seed(shared->seed, number, index);
	const struct fuzz_program *other;

	if (index < shared->loaded) {
		*p = shared->corpus[index];
		return;
	}
	if (!corpus || fuzz_random(&rnd) % 5 == 0) {
		fuzz_generate(p, &rnd);
		return;
	}
	*p = shared->corpus[fuzz_random(&rnd) % corpus];
	other = &shared->corpus[fuzz_random(&rnd) % corpus];
	fuzz_mutate(p, other, &rnd);
}

static void on_tick(int sig)
{
	(void)sig;
}

static void tick(void)
{
	/* No SA_RESTART: what sleeps gets EINTR. */
	struct sigaction action = { .sa_handler = on_tick };
	struct itimerval often = {
		.it_interval.tv_usec = TICK_US,
		.it_value.tv_usec = TICK_US,
	};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

/*
 * What the kernel complains of, it complains of by the name of the process: with
 * the seed that is enough to make the program again (fuzz --show).
 */
static void name_program(const struct work *w, uint64_t index,
			 unsigned int corpus)
{
	char name[40];	/* of which the kernel keeps 15 */

	snprintf(name, sizeof(name), "%u-%llx-%x", w->number,
		 (unsigned long long)index, corpus);
	prctl(PR_SET_NAME, name);
}

static void run(struct work *w, const struct fuzz_program *p)
{
	fuzz_cover_start(&w->cover, w->shared);
	fuzz_run_program(&w->run, p);
	atomic_fetch_add(&w->me->programs, 1);
}

/* Leave out each call without which the same is reached. */
static void minimize(struct work *w, struct fuzz_program *p,
		     const uint32_t *found, unsigned int n)
{
	struct fuzz_program less;
	unsigned int at = p->n;

	while (at-- && p->n > 1) {
		less = *p;
		memmove(&less.step[at], &less.step[at + 1],
			(--less.n - at) * sizeof(*less.step));
		run(w, &less);
		if (fuzz_cover_has(&w->cover, w->shared, found, n))
			*p = less;
	}
}

static void tell(const struct work *w, const struct fuzz_program *p)
{
	while (send(w->shared->news[0], p, sizeof(*p), 0) < 0 && errno == EINTR)
		;
}

static void one_program(struct work *w, uint64_t index)
{
	struct fuzz_program *p = &w->me->log[index % FUZZ_LOG];
	unsigned int corpus = atomic_load(&w->shared->corpus_n);
	uint32_t found[NEW_MOST];
	struct fuzz_program less;
	unsigned int n;

	w->me->corpus = corpus;
	name_program(w, index, corpus);
	fuzz_make_program(w->shared, w->number, index, corpus, p);
	run(w, p);
	n = fuzz_cover_new(&w->cover, w->shared, found, NEW_MOST);
	if (!n || index < w->shared->loaded)
		return;
	less = *p;
	minimize(w, &less, found, n);
	tell(w, &less);
}

/* The programs that were given, from another one on than the others. */
static void replay(struct work *w)
{
	unsigned int n = w->shared->loaded;
	uint64_t index = atomic_load(&w->me->index);
	uint64_t first = (uint64_t)n * w->number / w->shared->workers;
	struct fuzz_program *p;
	uint32_t found[NEW_MOST];

	for (; index < (uint64_t)n * w->shared->replay &&
	       !atomic_load(&w->shared->stop); index++) {
		p = &w->me->log[index % FUZZ_LOG];
		*p = w->shared->corpus[(first + index) % n];
		name_program(w, (first + index) % n, n);
		/* One that kills its worker is not begun anew. */
		atomic_store(&w->me->index, index + 1);
		run(w, p);
		fuzz_cover_new(&w->cover, w->shared, found, NEW_MOST);
	}
	_exit(0);
}

_Noreturn void fuzz_work(struct fuzz_shared *shared, unsigned int number)
{
	static struct work w;
	uint64_t index;

	w.shared = shared;
	w.me = &shared->worker[number];
	w.number = number;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A pipe that another worker sent may have no reader. */
	signal(SIGPIPE, SIG_IGN);
	fuzz_catch_faults();
	if (!fuzz_cover_init(&w.cover) ||
	    !fuzz_run_init(&w.run, shared, w.me)) {
		perror("fuzz: a worker cannot begin");
		_exit(1);
	}
	w.run.cover = &w.cover;
	tick();
	if (shared->replay)
		replay(&w);
	while (!atomic_load(&shared->stop)) {
		index = atomic_load(&w.me->index);
		/* One that kills its worker is not begun anew. */
		atomic_store(&w.me->index, index + 1);
		one_program(&w, index);
	}
	_exit(0);
}
