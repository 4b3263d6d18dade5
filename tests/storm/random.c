// SPDX-License-Identifier: MIT
/* Kills at random instants. */
#include <signal.h>
#include <string.h>
#include <time.h>

#include "storm.h"

#define FULL_COVER	2000	/* kills from which on each phase has its share */
#define LOOKS_MAX	4000
#define LOOKS_PER_NAP	500
#define NAP_MAX_NS	300000

static run_fn *life_of(struct storm *st, unsigned int role)
{
	bool raw = !strcmp(st->plan->backend, "dev") && !(rnd(&st->rnd) & 3);

	if (role == PRODUCER)
		return raw ? produce_raw : produce;
	return raw ? consume_raw : consume;
}

/* Some turns of nothing, few or many alike. */
static void turns(struct storm *st)
{
	volatile uint64_t n = rnd(&st->rnd) % (1U << rnd(&st->rnd) % 14);

	while (n)
		n--;
}

/* Until @role is at what the dice say, if it is within a moment. */
static void aim(struct storm *st, unsigned int role)
{
	const struct ledger *l = &st->shared->ledger[role];
	enum phase phase = (enum phase)(rnd(&st->rnd) % GATED);
	unsigned int i;

	for (i = 0; i < LOOKS_MAX && get_phase(l) != phase; i++)
		if (i % LOOKS_PER_NAP == 0)
			nap();
}

/* At once, when it is at something certain, or at any time. */
static void choose_instant(struct storm *st, unsigned int role)
{
	struct timespec nap = { 0 };

	switch (rnd(&st->rnd) & 3) {
	case 0:
		break;
	case 1:
		nap.tv_nsec = (long)(rnd(&st->rnd) % NAP_MAX_NS);
		nanosleep(&nap, NULL);
		break;
	default:
		aim(st, role);
	}
	turns(st);
}

/* Records that were published just now get through. */
static bool await_records(struct storm *st)
{
	return await(st, went_on, CONSUMER,
		     get(&st->shared->ledger[PRODUCER].done), GOES_ON,
		     "a record that is published and released");
}

/* Kill @role. The other may be told before a successor comes. */
static bool kill_one(struct storm *st, unsigned int role)
{
	const struct ledger *l = &st->shared->ledger[role];
	uint64_t news = get(&st->shared->ledger[!role].news);
	bool attached;

	choose_instant(st, role);
	attached = __atomic_load_n(&l->attached, __ATOMIC_ACQUIRE);
	if (!slay(st, role))
		return false;
	/* There is no news of one who never came. */
	if (attached && !(rnd(&st->rnd) & 3) &&
	    !await(st, was_told, !role, news, TOLD, "the other side is told"))
		return false;
	spawn(st, role, life_of(st, role));
	return true;
}

static bool kill_both(struct storm *st)
{
	choose_instant(st, PRODUCER);
	kill(st->life[PRODUCER].pid, SIGKILL);
	turns(st);
	kill(st->life[CONSUMER].pid, SIGKILL);
	if (!reap(st, PRODUCER) || !reap(st, CONSUMER))
		return false;
	spawn(st, CONSUMER, life_of(st, CONSUMER));
	spawn(st, PRODUCER, life_of(st, PRODUCER));
	return true;
}

static bool one_round(struct storm *st)
{
	uint64_t r = rnd(&st->rnd);

	if (!(r % 10 ? kill_one(st, r >> 8 & 1) : kill_both(st)))
		return false;
	return r >> 16 & 3 || await_records(st);
}

/* Was there no phase in which nobody died? */
static bool check_cover(struct storm *st)
{
	bool dev = !strcmp(st->plan->backend, "dev");
	unsigned int i;

	for (i = STARTING; i < GATED; i++)
		if (!st->deaths[i] && (i != TRANSFERRING || dev))
			return fail(st, EVERYWHERE, "nobody died in phase %u",
				    i);
	return true;
}

void storm_random(struct storm *st, uint64_t kills)
{
	struct orders *o = &st->shared->orders;

	st->sample = kills < FULL_COVER;
	layout_make(&st->layout, st->kind->record_size, st->rnd);
	spawn(st, PRODUCER, life_of(st, PRODUCER));
	spawn(st, CONSUMER, life_of(st, CONSUMER));
	while (st->kills < kills && one_round(st))
		report_progress(st, kills);
	if (!st->broken && await_records(st)) {
		__atomic_store_n(&o->stop, 1, __ATOMIC_RELEASE);
		if (leave(st, PRODUCER) && leave(st, CONSUMER) && check_end(st) &&
		    !st->sample)
			check_cover(st);
	}
}
