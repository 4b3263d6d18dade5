/* SPDX-License-Identifier: MIT */
/*
 * The messages of several producers through one channel: each producer has
 * numbers of its own, so that a message says by itself whose it is, and the
 * consumer demands each producer's messages complete and in order.
 */
#ifndef BENCH_SOURCES_H
#define BENCH_SOURCES_H

#include "transport.h"

/*
 * struct sources - the messages as the consumer meets them
 * @next: what it wants next of each producer
 * @counts: what is not that is counted, and no error: of processes that may die
 * @lost: left out; one that comes after others of its producer was, at first
 * @repeated: had come before, or others that follow it had
 * @torn: not what any producer sends
 */
struct sources {
	uint64_t next[PRODUCERS_MAX];
	bool counts;
	uint64_t lost;
	uint64_t repeated;
	uint64_t torn;
};

/* The first number of @producer, from 0; those below are of single ones. */
static inline uint64_t sources_first(unsigned int producer)
{
	return (uint64_t)(producer + 1) << 40;
}

void sources_begin(struct sources *s);

/*
 * The slow end of verify(): these are not the messages @seq and after. Without
 * @ch->sources they should be, else they should be what some producer sends
 * next, or are counted. 0 or -EILSEQ.
 */
int sources_verify(struct channel *ch, const void *buf, uint64_t seq, size_t n,
		   size_t size);

#endif /* BENCH_SOURCES_H */
