// SPDX-License-Identifier: MIT
/* One hit, and what becomes of the others. */
#include "trial.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "../common/clock.h"
#include "cast.h"

/* Until every process has moved its first message. */
#define BEGIN_NS	(10ull * NS_PER_S)

/*
 * For so many limits is watched who moves messages, alone, or where they should
 * arrive: on a busy host that takes time.
 */
#define LIMITS_ALONE	5
#define LIMITS_TO_ARRIVE	50

/* Who waits for a CPU does not hang: it must have had a part of the limit. */
#define TURN_PART	10

#define SOURCES_MAX	(MOVERS - MOVER_PRODUCER)

/*
 * struct scene - a trial under way
 * @victim: the mover that is hit
 * @hit_ns: when
 * @since_ns: when those that should go on could
 * @want: how far the consumer is to come with each source, to show that
 *	messages sent since then arrive; 0: nothing is wanted
 * @looked_ns: when they were looked at last
 * @last_ns, @run_ns: when each mover had moved last then, and what it had used
 *	of the CPU when that was seen first
 */
struct scene {
	const struct trial *t;
	struct cast cast;
	unsigned int victim;
	uint64_t hit_ns;
	uint64_t since_ns;
	uint64_t want[SOURCES_MAX];
	uint64_t looked_ns;
	uint64_t last_ns[MOVERS];
	uint64_t run_ns[MOVERS];
};

static unsigned int producers_of(const struct trial *t)
{
	return t->victim == VICTIM_ONE_OF_TWO ? 2 : 1;
}

static enum side victim_side(const struct trial *t)
{
	return t->victim == VICTIM_CONSUMER ? SIDE_CONSUMER : SIDE_PRODUCER;
}

static enum side side_of(const struct scene *s, unsigned int who)
{
	if (who == MOVER_SUCCESSOR)
		return victim_side(s->t);
	return who == MOVER_CONSUMER ? SIDE_CONSUMER : SIDE_PRODUCER;
}

static bool is_there(const struct scene *s, unsigned int who)
{
	return s->cast.pid[who];
}

/* One of those that were there at the hit, but for who was hit. */
static bool is_other(const struct scene *s, unsigned int who)
{
	return who != s->victim && who < MOVER_PRODUCER + s->cast.nr_producers;
}

static bool consumer_is_there(const struct scene *s)
{
	return is_there(s, MOVER_CONSUMER) ||
	       (is_there(s, MOVER_SUCCESSOR) &&
		side_of(s, MOVER_SUCCESSOR) == SIDE_CONSUMER);
}

/* The first of the cast that has ended, or MOVERS. */
static unsigned int first_gone(const struct cast *c)
{
	unsigned int who = 0;

	while (who < MOVER_PRODUCER + c->nr_producers && c->pid[who])
		who++;
	return who < MOVER_PRODUCER + c->nr_producers ? who : MOVERS;
}

static bool all_moved(const struct cast *c)
{
	unsigned int who;

	for (who = 0; who < MOVER_PRODUCER + c->nr_producers; who++)
		if (!mover_peek(&c->stage->mover[who].moved))
			return false;
	return true;
}

static enum trial_end say_gone(const struct cast *c, unsigned int who,
			       char why[WHY_MAX])
{
	const char *name = who == MOVER_CONSUMER ? "consumer" : "producer";

	if (WIFSIGNALED(c->status[who]))
		snprintf(why, WHY_MAX, "the %s was killed by signal %d", name,
			 WTERMSIG(c->status[who]));
	else
		snprintf(why, WHY_MAX, "the %s: %.150s", name,
			 c->stage->mover[who].why);
	return TRIAL_FAILED;
}

/* Until @deadline, or, without one, until all have moved a message. */
static enum trial_end run_until(struct cast *c, uint64_t deadline,
				char why[WHY_MAX])
{
	uint64_t end = deadline ? deadline : now_ns() + BEGIN_NS;

	while (now_ns() < end && (deadline || !all_moved(c))) {
		cast_wait(c, end);
		if (c->interrupted)
			return TRIAL_INTERRUPTED;
		if (first_gone(c) < MOVERS)
			return say_gone(c, first_gone(c), why);
	}
	if (deadline || all_moved(c))
		return TRIAL_OK;
	snprintf(why, WHY_MAX, "no message within %llu s",
		 BEGIN_NS / NS_PER_S);
	return TRIAL_FAILED;
}

static enum trial_end begin(struct cast *c, const struct trial *t,
			    bool goes_on, char why[WHY_MAX])
{
	int rc = cast_open(c, t->cell, t->name, producers_of(t), goes_on);

	if (!rc)
		return run_until(c, 0, why);
	snprintf(why, WHY_MAX, "%s", c->ch.why[0] ? c->ch.why : strerror(-rc));
	return TRIAL_FAILED;
}

/* What is sent from now on by those that are there is to arrive. */
static void want_more(struct scene *s)
{
	const struct cell *cell = s->t->cell;
	uint64_t ringful = cell->capacity / cell->shape.size + 1;
	unsigned int i, who;

	s->since_ns = now_ns();
	for (i = 0; i < SOURCES_MAX; i++) {
		who = MOVER_PRODUCER + i;
		if (is_there(s, who) && side_of(s, who) == SIDE_PRODUCER)
			s->want[i] = sources_first(i) + ringful +
				mover_peek(&s->cast.stage->mover[who].begun);
	}
}

/* Has it arrived? Of those that are still there. */
static bool flows(const struct scene *s)
{
	bool any = false;
	unsigned int i;

	for (i = 0; i < SOURCES_MAX; i++) {
		if (!s->want[i] || !is_there(s, MOVER_PRODUCER + i))
			continue;
		if (mover_peek(&s->cast.stage->sources.next[i]) < s->want[i])
			return false;
		any = true;
	}
	return any && consumer_is_there(s);
}

static void look(struct scene *s)
{
	unsigned int who;
	uint64_t last;

	s->looked_ns = now_ns();
	for (who = 0; who < MOVERS; who++) {
		last = mover_peek(&s->cast.stage->mover[who].last_ns);
		if (!is_there(s, who) || last == s->last_ns[who])
			continue;
		s->last_ns[who] = last;
		s->run_ns[who] = cast_run_ns(&s->cast, who);
	}
}

/* Did it sleep, or have a CPU? Then it could have moved something. */
static bool could_move(const struct scene *s, unsigned int who)
{
	uint64_t turn = s->t->limit_ns / TURN_PART;

	return cast_is_asleep(&s->cast, who) ||
	       cast_run_ns(&s->cast, who) >= s->run_ns[who] + turn;
}

/* Had it, when it was looked at, moved nothing for as long as the limit? */
static bool is_quiet(const struct scene *s, unsigned int who)
{
	const struct mover *m = &s->cast.stage->mover[who];
	uint64_t last = s->last_ns[who];

	if (last < s->since_ns)
		last = s->since_ns;
	/* Who had its turn since the look may sleep after it. */
	return s->looked_ns > last + s->t->limit_ns && could_move(s, who) &&
	       mover_peek(&m->last_ns) == s->last_ns[who];
}

static bool time_is_over(const struct scene *s)
{
	uint64_t limits = LIMITS_ALONE;
	unsigned int i;

	for (i = 0; i < SOURCES_MAX; i++)
		if (s->want[i] && consumer_is_there(s))
			limits = LIMITS_TO_ARRIVE;
	return s->looked_ns > s->since_ns + limits * s->t->limit_ns;
}

static bool is_settled(const struct scene *s)
{
	bool quiet = true, others = false;
	unsigned int who;

	for (who = 0; who < MOVERS; who++) {
		if (!is_there(s, who))
			continue;
		others |= is_other(s, who);
		quiet &= is_quiet(s, who);
	}
	return !others || quiet || flows(s) || time_is_over(s);
}

static bool watch_others(struct scene *s)
{
	want_more(s);
	look(s);
	while (!s->cast.interrupted && !is_settled(s)) {
		cast_wait(&s->cast, UINT64_MAX);
		look(s);
	}
	return !s->cast.interrupted;
}

static void hit(struct scene *s, int sig)
{
	s->hit_ns = now_ns();
	__atomic_store_n(&s->cast.stage->hit_ns, s->hit_ns, __ATOMIC_RELAXED);
	kill(s->cast.pid[s->victim], sig);
}

static bool wait_for_death(struct scene *s)
{
	while (!s->cast.interrupted && s->cast.pid[s->victim])
		cast_wait(&s->cast, UINT64_MAX);
	return !s->cast.interrupted;
}

static bool stop(struct scene *s)
{
	uint64_t end;

	hit(s, SIGSTOP);
	end = s->hit_ns + s->t->stop_ns;
	while (!s->cast.interrupted && now_ns() < end)
		cast_wait(&s->cast, end);
	if (is_there(s, s->victim))
		kill(s->cast.pid[s->victim], SIGCONT);
	return watch_others(s);
}

static bool replace(struct scene *s, char why[WHY_MAX])
{
	int rc;

	hit(s, SIGKILL);
	if (!wait_for_death(s))
		return false;
	rc = cast_start(&s->cast, MOVER_SUCCESSOR, victim_side(s->t),
			MOVER_SUCCESSOR - MOVER_PRODUCER);
	if (rc)
		snprintf(why, WHY_MAX, "cannot fork: %s", strerror(-rc));
	return watch_others(s);
}

static bool act(struct scene *s, char why[WHY_MAX])
{
	switch (s->t->hit) {
	case HIT_STOP:
		return stop(s);
	case HIT_REPLACE:
		return replace(s, why);
	default:
		hit(s, SIGKILL);
		return wait_for_death(s) && watch_others(s);
	}
}

/* Of one that was not hit. */
static enum outcome outcome_of(const struct scene *s, unsigned int who)
{
	if (!is_there(s, who))
		return WIFSIGNALED(s->cast.status[who]) ? OUTCOME_CRASHED :
							  OUTCOME_TOLD;
	if (flows(s))
		return OUTCOME_WENT_ON;
	/* Who has a successor to move to is not served by moving alone. */
	if (s->t->hit != HIT_REPLACE && !is_quiet(s, who))
		return OUTCOME_WENT_ON;
	return OUTCOME_HUNG;
}

static void judge_one(const struct scene *s, unsigned int who, struct fate *f)
{
	const struct mover *m = &s->cast.stage->mover[who];
	enum outcome outcome = outcome_of(s, who);
	enum side side = side_of(s, who);
	uint64_t told = __atomic_load_n(&m->told_ns, __ATOMIC_ACQUIRE);

	if (outcome > f->outcome)
		f->outcome = outcome;
	if (m->last_ns > s->hit_ns && m->longest_ns > f->held_ns[side])
		f->held_ns[side] = m->longest_ns;
	if (told > s->hit_ns &&
	    (!f->told_ns || told - s->hit_ns < f->told_ns)) {
		f->told_ns = told - s->hit_ns;
		f->error = m->error;
	}
}

/*
 * What was sent and has not arrived is under way, unless its sender is dead and
 * all that is behind it has arrived, or nobody is there whom it could reach.
 */
static bool is_at_rest(const struct scene *s, unsigned int who,
		       const struct fate *f)
{
	if (!consumer_is_there(s) || f->outcome != OUTCOME_WENT_ON)
		return true;
	return who == s->victim && s->t->hit != HIT_STOP;
}

static void count_messages(const struct scene *s, struct fate *f)
{
	const struct sources *sources = &s->cast.stage->sources;
	uint64_t sent, arrived;
	unsigned int i, who;

	f->lost = sources->lost;
	f->repeated = sources->repeated;
	f->torn += sources->torn;
	for (i = 0; i < SOURCES_MAX; i++) {
		who = MOVER_PRODUCER + i;
		if (side_of(s, who) != SIDE_PRODUCER)
			continue;
		sent = mover_peek(&s->cast.stage->mover[who].moved);
		arrived = sources->next[i] - sources_first(i);
		f->sent += sent;
		if (is_at_rest(s, who, f) && sent > arrived)
			f->lost += sent - arrived;
	}
}

static void judge(const struct scene *s, struct fate *f)
{
	const struct mover *successor = &s->cast.stage->mover[MOVER_SUCCESSOR];
	unsigned int who;

	for (who = 0; who < MOVERS; who++)
		if (is_other(s, who))
			judge_one(s, who, f);
	count_messages(s, f);
	if (s->t->hit == HIT_REPLACE && f->outcome != OUTCOME_WENT_ON &&
	    !f->why[0])
		snprintf(f->why, WHY_MAX, "%s", successor->why);
}

static enum trial_end play(struct scene *s, struct fate *f)
{
	const struct trial *t = s->t;
	enum trial_end end = begin(&s->cast, t, t->hit == HIT_REPLACE, f->why);

	if (end != TRIAL_OK)
		return end;
	if (t->hit == HIT_KILL && cast_let_go(&s->cast)) {
		snprintf(f->why, WHY_MAX, "/dev/null: %s", strerror(errno));
		return TRIAL_FAILED;
	}
	end = run_until(&s->cast, now_ns() + t->after_ns, f->why);
	if (end != TRIAL_OK)
		return end;
	if (!act(s, f->why))
		return TRIAL_INTERRUPTED;
	judge(s, f);
	return TRIAL_OK;
}

static enum trial_end try_next_pair(const struct trial *t, struct fate *f)
{
	struct cast next;
	char why[WHY_MAX];
	enum trial_end end = begin(&next, t, false, why);

	cast_close(&next);
	f->next_pair = end == TRIAL_OK;
	return end == TRIAL_INTERRUPTED ? end : TRIAL_OK;
}

static void note_left(const struct snapshot *before, int kinds,
		      struct leftover *l)
{
	struct snapshot now;

	if (!snapshot_take(&now))
		return;
	*l = snapshot_added(&now, before, kinds);
	snapshot_free(&now);
}

enum trial_end trial_run(const struct trial *t, struct fate *fate)
{
	struct scene s = {
		.t = t,
		.victim = t->victim == VICTIM_CONSUMER ? MOVER_CONSUMER :
			  t->victim == VICTIM_PRODUCER ? MOVER_PRODUCER :
			  MOVER_PRODUCER + t->which,
	};
	struct snapshot before;
	enum trial_end end;

	*fate = (struct fate){ .outcome = OUTCOME_WENT_ON };
	if (!snapshot_take(&before)) {
		snprintf(fate->why, WHY_MAX, "no memory");
		return TRIAL_FAILED;
	}
	end = play(&s, fate);
	cast_end(&s.cast);
	/* The descriptors of the channel are this program's own. */
	note_left(&before, LEFT_DESCRIPTORS, &fate->to_remove);
	cast_close(&s.cast);
	note_left(&before, LEFT_KINDS, &fate->left);
	snapshot_free(&before);
	if (end == TRIAL_OK && t->hit == HIT_KILL)
		end = try_next_pair(t, fate);
	return end;
}
