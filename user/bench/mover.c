// SPDX-License-Identifier: MIT
/* A process that moves messages until it is ended. */
#include "mover.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../common/clock.h"
#include "../common/cpus.h"

/* Between a call that failed and the next one. */
#define NAP_NS	NS_PER_MS

static void put(uint64_t *word, uint64_t v)
{
	__atomic_store_n(word, v, __ATOMIC_RELAXED);
}

static void note_moved(const struct part *p)
{
	struct mover *m = &p->stage->mover[p->me];
	uint64_t hit = mover_peek(&p->stage->hit_ns), now = now_ns();
	uint64_t from = m->last_ns > hit ? m->last_ns : hit;

	if (hit && now - from > m->longest_ns)
		put(&m->longest_ns, now - from);
	put(&m->last_ns, now);
	put(&m->moved, m->moved + 1);
}

/* Its time says to the harness that it is there. */
static void note_error(const struct part *p, int rc)
{
	struct mover *m = &p->stage->mover[p->me];

	if (m->told_ns && m->told_ns >= mover_peek(&p->stage->hit_ns))
		return;
	m->error = rc;
	snprintf(m->why, sizeof(m->why), "%s", p->ch.why[0] ? p->ch.why :
						strerror(-rc));
	/* Pairs with the harness, which reads the rest after it. */
	__atomic_store_n(&m->told_ns, now_ns(), __ATOMIC_RELEASE);
}

static int move(struct part *p, uint64_t seq)
{
	const struct loops *loops = p->ch.transport->loops;

	if (p->side == SIDE_CONSUMER)
		return loops->consume(&p->ch, seq, 1);
	put(&p->stage->mover[p->me].begun, seq + 1);
	return loops->produce(&p->ch, sources_first(p->source) + seq, 1);
}

static int move_all(struct part *p)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	uint64_t seq = 0;
	int rc;

	for (;;) {
		rc = move(p, seq);
		if (!rc) {
			seq++;
			note_moved(p);
			continue;
		}
		note_error(p, rc);
		if (!p->goes_on)
			return rc;
		nanosleep(&nap, NULL);
	}
}

int mover_run(struct part *p)
{
	const struct transport *t = p->ch.transport;
	int rc;

	/* A peer that is gone is an error, not the end. */
	signal(SIGPIPE, SIG_IGN);
	if (p->side == SIDE_CONSUMER)
		p->ch.sources = &p->stage->sources;
	rc = cpus_pin(p->cpu);
	if (!rc && t->join)
		rc = t->join(&p->ch, p->side);
	if (rc) {
		note_error(p, rc);
		return rc;
	}
	return move_all(p);
}
