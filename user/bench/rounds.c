// SPDX-License-Identifier: MIT
/* The rounds of one measurement. */
#include "rounds.h"

#include <sched.h>
#include <sys/resource.h>

#include "../common/clock.h"

/*
 * The warm-up ends with the first round of a 1/16 of the time asked for: long
 * enough to say how many messages fill it, and a small part of the whole.
 */
#define WARM_UP_PART	16
#define WARM_UP_GROWTH	4

/*
 * Reading the clock takes about 25 ns. Where a round trip is not much more, the
 * clock is read so rarely that this is less than 1 %.
 */
#define STRIDE_NS	4000

/* How many times as long as asked a round may take with too high a rate. */
#define OVERLOAD	10

/* How long, for the samples that a percentile needs. */
#define SAMPLES_NS	400000000u

static double interval_ns(const struct pair *p)
{
	return (double)NS_PER_S / p->cell->shape.rate;
}

static uint64_t due_ns(const struct pair *p, uint64_t begun, uint64_t i)
{
	return begun + (uint64_t)((double)i * interval_ns(p));
}

static int ping_strides(struct pair *p, uint64_t count)
{
	uint64_t seq, now, last, stride = p->ctl->stride;
	struct hist *h = stride > 1 ? &p->ctl->strides : &p->ctl->hist;
	int rc;

	last = now_ns();
	for (seq = p->seq; seq < p->seq + count; seq += stride, last = now) {
		rc = p->loops->ping(&p->there, &p->back, seq, stride);
		if (rc)
			return rc;
		now = now_ns();
		hist_record(h, now - last);
	}
	return 0;
}

/*
 * A message is late from the moment at which it was due, also if it was sent
 * late since one before it was stuck: else the worst of times would be seen by
 * one message only (coordinated omission). When they began is known with the
 * first: what orders the two is the transport itself.
 */
static int consume_paced(struct pair *p, uint64_t count)
{
	struct hist *h = &p->ctl->hist;
	uint64_t i, due, now;
	int rc;

	for (i = 0; i < count; i++) {
		rc = p->loops->consume(&p->there, p->seq + i, 1);
		if (rc)
			return rc;
		now = now_ns();
		due = due_ns(p, __atomic_load_n(&p->ctl->begun_ns,
						__ATOMIC_RELAXED), i);
		hist_record(h, now > due ? now - due : 0);
	}
	return 0;
}

static int produce_paced(struct pair *p, uint64_t count)
{
	bool alone = p->cell->cpus[0] != p->cell->cpus[1];
	uint64_t i, due, begun = p->ctl->begun_ns;
	int rc;

	for (i = 0; i < count; i++) {
		due = due_ns(p, begun, i);
		while (now_ns() < due)
			if (!alone)
				sched_yield();
		rc = p->loops->produce(&p->there, p->seq + i, 1);
		if (rc)
			return rc;
	}
	return 0;
}

static int leader_moves(struct pair *p, uint64_t count)
{
	switch (p->ctl->kind) {
	case ROUND_TRIPS:
		return ping_strides(p, count);
	case ROUND_PACED:
		return consume_paced(p, count);
	default:
		if (p->test->round_trip)
			return p->loops->ping(&p->there, &p->back, p->seq,
					      count);
		return p->loops->consume(&p->there, p->seq, count);
	}
}

/* The earliest of several followers wins. */
static void say_begun(struct control *ctl)
{
	uint64_t now = now_ns();
	uint64_t seen = __atomic_load_n(&ctl->begun_ns, __ATOMIC_RELAXED);

	while (now < seen &&
	       !__atomic_compare_exchange_n(&ctl->begun_ns, &seen, now, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

static int follower_moves(struct pair *p, uint64_t count)
{
	say_begun(p->ctl);
	if (p->ctl->kind == ROUND_PACED)
		return produce_paced(p, count);
	if (p->test->round_trip)
		return p->loops->pong(&p->back, &p->there, p->seq, count);
	return p->loops->produce(&p->there, p->seq, count);
}

/* One round of this process, and what it used for it. */
static int move(struct pair *p, uint64_t count,
		int (*moves)(struct pair *p, uint64_t count))
{
	struct party *party = &p->ctl->party[p->me];
	struct usage before = usage_of(RUSAGE_SELF);
	int rc;

	trace_begin(&party->traced);
	rc = moves(p, count);
	trace_end(&party->traced);
	party->used = usage_since(usage_of(RUSAGE_SELF), before);
	p->seq += count;
	return rc;
}

/* @count: messages of each follower. */
static int lead_round(struct pair *p, enum round_kind kind, uint64_t count,
		      uint64_t *elapsed)
{
	struct control *ctl = p->ctl;
	uint64_t begun, end;
	int rc;

	ctl->kind = kind;
	ctl->count = count;
	ctl->begun_ns = UINT64_MAX;
	pthread_barrier_wait(&ctl->meet);
	begun = now_ns();
	rc = move(p, count * p->cell->shape.producers, leader_moves);
	end = now_ns();
	if (!p->test->round_trip)
		begun = __atomic_load_n(&ctl->begun_ns, __ATOMIC_RELAXED);
	*elapsed = end > begun ? end - begun : 1;
	ctl->messages = count * p->cell->shape.producers *
			(p->test->round_trip ? 2 : 1);
	return rc;
}

static uint64_t fitting(uint64_t count, uint64_t elapsed, uint64_t goal,
			uint64_t batch)
{
	uint64_t n = (uint64_t)((double)count * (double)goal / (double)elapsed);

	return n < batch ? batch : n - n % batch;
}

/* More and more, until a round says how many messages take @goal. */
static int warm_up(struct pair *p, uint64_t goal, uint64_t *count)
{
	uint64_t elapsed = 0;
	int rc;

	for (*count = p->cell->shape.batch;; *count *= WARM_UP_GROWTH) {
		rc = lead_round(p, ROUND_PLAIN, *count, &elapsed);
		if (rc || elapsed >= goal / WARM_UP_PART)
			break;
	}
	*count = fitting(*count, elapsed, goal, p->cell->shape.batch);
	return rc;
}

static double per_second(const struct pair *p, uint64_t elapsed)
{
	return (double)p->ctl->messages * NS_PER_S / (double)elapsed;
}

/* A round that went much faster than the warm-up is made again, longer. */
static int rate(struct pair *p, uint64_t count)
{
	uint32_t batch = p->cell->shape.batch;
	uint64_t elapsed;
	int rc;

	for (;;) {
		rc = lead_round(p, ROUND_PLAIN, count, &elapsed);
		if (rc || elapsed >= p->goal_ns / 2 || count == batch)
			break;
		count = fitting(count, elapsed, p->goal_ns, batch);
	}
	p->ctl->result = per_second(p, elapsed);
	return rc;
}

/*
 * Round trips one by one: @count of them, and in the first repeat, which may
 * remain the only one, more until there are enough for the percentiles or it
 * takes too long.
 */
static int single_trips(struct pair *p, uint64_t count)
{
	uint64_t least = p->cell->nr ? 0 : p->cell->least;
	uint64_t done = 0, spent = 0, elapsed;
	int rc;

	for (;;) {
		rc = lead_round(p, ROUND_TRIPS, count, &elapsed);
		done += count;
		spent += elapsed;
		if (rc || done >= least || spent >= SAMPLES_NS)
			return rc;
		count = least - done < done ? least - done : done;
	}
}

/*
 * The result is the median of the strides: an interruption lengthens one of
 * them, where it would be in a mean of all. How single round trips are
 * distributed takes a round of its own, unless a stride is one of them.
 */
static int trips(struct pair *p, uint64_t count)
{
	struct control *ctl = p->ctl;
	uint64_t elapsed, stride;
	int rc;

	stride = fitting(count, p->goal_ns, STRIDE_NS, 1);
	ctl->stride = 1;
	if (stride == 1) {
		rc = single_trips(p, count);
		ctl->result = hist_percentile(&ctl->hist, 50);
		return rc;
	}
	rc = single_trips(p, count / 2 + 1);
	if (rc)
		return rc;
	ctl->stride = stride;
	count = fitting(count, 2, 1, stride);
	rc = lead_round(p, ROUND_TRIPS, count, &elapsed);
	ctl->result = hist_percentile(&ctl->strides, 50) / (double)stride;
	return rc;
}

/*
 * As many as are due in the time. What cannot do @most in that time takes
 * longer, but a rate far beyond it is not to take for ever.
 */
static int paced(struct pair *p, uint64_t most)
{
	uint64_t elapsed, count = fitting(1, (uint64_t)interval_ns(p) + 1,
					  p->goal_ns, 1);
	int rc;

	most *= OVERLOAD;
	rc = lead_round(p, ROUND_PACED, count < most ? count : most, &elapsed);
	p->ctl->achieved = per_second(p, elapsed);
	p->ctl->result = hist_percentile(&p->ctl->hist, 50);
	return rc;
}

static int lead(struct pair *p)
{
	uint64_t count;
	int rc;

	rc = warm_up(p, p->goal_ns, &count);
	if (rc)
		return rc;
	if (p->test->round_trip)
		rc = trips(p, count);
	else
		rc = p->test->paced ? paced(p, count) : rate(p, count);
	if (rc)
		return rc;
	p->ctl->kind = ROUND_NONE;
	pthread_barrier_wait(&p->ctl->meet);
	return 0;
}

static int follow(struct pair *p)
{
	int rc = 0;

	while (!rc) {
		pthread_barrier_wait(&p->ctl->meet);
		if (p->ctl->kind == ROUND_NONE)
			break;
		rc = move(p, p->ctl->count, follower_moves);
	}
	return rc;
}

int rounds_run(struct pair *p)
{
	if (p->test->many) {
		if (p->me != LEADER)
			p->seq = sources_first(p->me - 1);
		sources_begin(&p->sources);
		p->there.sources = &p->sources;
	}
	return p->me == LEADER ? lead(p) : follow(p);
}
