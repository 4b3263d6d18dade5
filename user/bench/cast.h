/* SPDX-License-Identifier: MIT */
/* The processes of a trial, as the harness sees them. */
#ifndef BENCH_CAST_H
#define BENCH_CAST_H

#include <sys/types.h>

#include "mover.h"
#include "plan.h"

#define CAST_FDS	4096	/* of this process, that are looked at */

/*
 * struct cast - the processes on a channel
 * @nr_producers: at the beginning
 * @pid: by mover; 0 when there is none, or no more
 * @status: as waitpid() gave it, of those that are gone
 * @interrupted: by the user
 * @open_before: descriptors that were there before the channel
 */
struct cast {
	const struct cell *cell;
	struct channel ch;
	struct stage *stage;
	unsigned int nr_producers;
	bool goes_on;
	pid_t pid[MOVERS];
	int status[MOVERS];
	bool interrupted;
	unsigned char open_before[CAST_FDS];
};

/*
 * Opens a channel with the name of @name, and starts a consumer and the
 * producers. 0 or a negative errno; cast_close() has to follow in any case.
 */
int cast_open(struct cast *c, const struct cell *cell,
	      const struct channel *name, unsigned int nr_producers,
	      bool goes_on);
void cast_close(struct cast *c);

/* One more process, as @me on @side. 0 or a negative errno. */
int cast_start(struct cast *c, unsigned int me, enum side side,
	       unsigned int source);

/*
 * The descriptors of the channel that this process has go: as long as one has
 * them, the kernel takes the other end for open. /dev/null stands in for each,
 * so that the transport's close finds what it closes. 0, or -1 and errno.
 */
int cast_let_go(struct cast *c);

/* Wait until @deadline, or for a moment, for what changes: signals, too. */
void cast_wait(struct cast *c, uint64_t deadline);

/*
 * Nanoseconds of a CPU that @me has had, UINT64_MAX where the kernel does not
 * say it; does it sleep?
 */
uint64_t cast_run_ns(const struct cast *c, unsigned int me);
bool cast_is_asleep(const struct cast *c, unsigned int me);

/* Kill those that are left, and wait for them. */
void cast_end(struct cast *c);

#endif /* BENCH_CAST_H */
