/* SPDX-License-Identifier: MIT */
/* A channel of two connected descriptors, one for each process. */
#ifndef BENCH_ENDS_H
#define BENCH_ENDS_H

#include <stdlib.h>
#include <unistd.h>

#include "../transport.h"

/* struct ends - by enum side; the first member of a channel's state */
struct ends {
	int fd[2];
};

static inline enum side other_side(enum side side)
{
	return side == SIDE_PRODUCER ? SIDE_CONSUMER : SIDE_PRODUCER;
}

/* ends_new - the state of a channel, of @bytes, all but the ends zero */
static inline void *ends_new(struct channel *ch, size_t bytes)
{
	struct ends *e = calloc(1, bytes);

	if (!e)
		return NULL;
	e->fd[SIDE_PRODUCER] = -1;
	e->fd[SIDE_CONSUMER] = -1;
	ch->state = e;
	return e;
}

/* Close the other end, so that each process sees the death of the other. */
static inline int ends_join(struct channel *ch, enum side side)
{
	struct ends *e = ch->state;
	enum side other = other_side(side);

	close(e->fd[other]);
	e->fd[other] = -1;
	return 0;
}

static inline void ends_close(struct channel *ch)
{
	struct ends *e = ch->state;
	int i;

	for (i = 0; e && i < 2; i++)
		if (e->fd[i] >= 0)
			close(e->fd[i]);
	free(e);
	ch->state = NULL;
}

#endif /* BENCH_ENDS_H */
