// SPDX-License-Identifier: MIT
/* The messages of several producers through one channel. */
#include "sources.h"

#include <errno.h>

#include "payload.h"

void sources_begin(struct sources *s)
{
	unsigned int i;

	for (i = 0; i < PRODUCERS_MAX; i++)
		s->next[i] = sources_first(i);
}

static bool is_next(struct channel *ch, const void *buf, size_t size)
{
	uint64_t seq, producer;

	if (!payload_seq(buf, size, &seq))
		return false;
	producer = seq / sources_first(0) - 1;
	return producer < ch->producers &&
	       seq == ch->sources->next[producer]++;
}

/* Another process may look on: it sees the old word or the new one. */
static void count(struct sources *s, const void *buf, size_t size)
{
	uint64_t seq, producer = PRODUCERS_MAX;

	if (payload_seq(buf, size, &seq))
		producer = seq / sources_first(0) - 1;
	if (producer >= PRODUCERS_MAX) {
		s->torn++;
	} else if (seq < s->next[producer]) {
		s->repeated++;
	} else {
		s->lost += seq - s->next[producer];
		__atomic_store_n(&s->next[producer], seq + 1,
				 __ATOMIC_RELAXED);
	}
}

static void count_all(struct sources *s, const void *buf, size_t n,
		      size_t size)
{
	const unsigned char *from = buf;
	size_t i;

	for (i = 0; i < n; i++)
		count(s, from + i * size, size);
}

int sources_verify(struct channel *ch, const void *buf, uint64_t seq, size_t n,
		   size_t size)
{
	const unsigned char *from = buf;
	size_t i = 0;

	if (ch->sources && ch->sources->counts) {
		count_all(ch->sources, buf, n, size);
		return 0;
	}
	if (ch->sources)
		while (i < n && is_next(ch, from + i * size, size))
			i++;
	if (i == n)
		return 0;
	ch->bad_seq = seq + i;
	return -EILSEQ;
}
