// SPDX-License-Identifier: MIT
/*
 * Kills at each instruction of a path. One side, which stays, meets one walker
 * after the other; each runs to the next instruction and is killed there, and
 * at a system call before it, at its entry, asleep in it, and at its exit.
 *
 * The first walkers are stepped from the beginning to the end. The others run
 * to an anchor, which is the n-th time that they meet some address, and only
 * from there on are stepped; else the work would grow with the square of the
 * length. As it does where no breakpoint can be set.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/common/cli.h"
#include "../../user/common/cpus.h"
#include "step.h"

#define TRIES		50
#define WAYS_MAX	50
#define BACK_MIN	64	/* steps */
#define THINNER		5	/* a sample without breakpoints */

/* Where at a system call. */
enum how { BEFORE, AT_ENTRY, IN_SLEEP, AT_EXIT };

/*
 * struct trail - the way of the first walkers
 * @at: the addresses, in order
 * @syscall: there is a system call
 * @times: of its address up to here
 * @stops: it takes to come here, from the beginning
 * @anchor: the instruction from which on it is stepped to here
 * @back: how many steps at least the next walker is given
 * @strays: walkers that went another way, and were followed by others
 * @ways: that were taken instead of one that nobody goes any more
 */
struct trail {
	uint64_t *at;
	bool *syscall;
	size_t *times;
	size_t *stops;
	size_t *anchor;
	size_t length;
	size_t calls;
	uint64_t strays;
	unsigned int ways;
	size_t back;
};

bool step_is_known(const char *name)
{
	unsigned int i;

	for (i = 0; i < n_paths; i++)
		if (!strcmp(paths[i].group, name))
			return true;
	return watch_is_known(name) || !strcmp(name, "all");
}

/* The other side has done what it can. A walker that came woke it first. */
static bool is_quiet(struct storm *st, unsigned int other, uint64_t unused)
{
	const struct ledger *walker = &st->shared->ledger[st->path->role];
	enum phase phase = (enum phase)get_phase(&st->shared->ledger[other]);

	(void)unused;
	if (phase != WAITING && phase != GATED &&
	    (phase != PEERLESS || walker->attached))
		return false;
	return is_asleep(st->life[other].pid);
}

/* The other side knows that it has no peer. */
static bool mourns(struct storm *st, unsigned int other, uint64_t news)
{
	const struct ledger *l = &st->shared->ledger[other];

	return get_phase(l) == PEERLESS && get(&l->news) > news &&
	       is_asleep(st->life[other].pid);
}

/* A walker, stopped where the path begins. */
static bool begin_walk(struct storm *st)
{
	const struct path *path = st->path;
	unsigned int other = !path->role;

	if (path->rests)
		open_gate(st, other, get(&st->shared->ledger[other].pos));
	spawn(st, path->role, path_run);
	if (!trace_begin(st) ||
	    !await(st, is_quiet, other, 0, GOES_ON, "the other side is ready"))
		return false;
	/* A walker that closes tells of itself before it is killed. */
	st->news = get(&st->shared->ledger[other].news);
	st->epoch = st->shared->ledger[other].epoch;
	return trace_step_to(st, (uintptr_t)path_begin);
}

/*
 * Whoever was not told that a walker came need not be told that it is dead; but
 * for all that came it waits for another in the end, and not for records.
 */
static bool end_walk(struct storm *st)
{
	unsigned int role = st->path->role;
	const struct ledger *other = &st->shared->ledger[!role];
	bool came = st->shared->ledger[role].attached;

	if (!slay(st, role))
		return false;
	open_gate(st, !role, UINT64_MAX);
	if (!await(st, mourns, !role, came ? st->news : 0, TOLD,
		   "the other side waits for a successor"))
		return false;
	return !came || other->epoch != st->epoch ||
	       fail(st, TOLD, "the epoch is still %u", st->epoch);
}

/* A repeated string instruction is one that is met once, whatever it takes. */
static bool is_met(const struct trail *t, size_t k)
{
	return !k || t->at[k - 1] != t->at[k];
}

static size_t count(const struct trail *t, size_t k)
{
	size_t i, n = 0;

	for (i = 0; i <= k; i++)
		n += t->at[i] == t->at[k] && is_met(t, i);
	return n;
}

static bool note(struct storm *st, struct trail *t, uint64_t at)
{
	size_t k = t->length++;

	if (k == LENGTH_MAX)
		return fail(st, EVERYWHERE, "the path has no end");
	t->at[k] = at;
	t->syscall[k] = trace_at_syscall(st);
	t->calls += t->syscall[k];
	t->times[k] = count(t, k);
	t->anchor[k] = k;
	t->stops[k] = t->times[k];
	if (!is_met(t, k) || (k && t->stops[k - 1] + 1 < t->stops[k])) {
		t->anchor[k] = t->anchor[k - 1];
		t->stops[k] = t->stops[k - 1] + 1;
	}
	return true;
}

static bool walk_first(struct storm *st, struct trail *t)
{
	uint64_t at;

	t->length = 0;
	t->calls = 0;
	if (!begin_walk(st))
		return false;
	for (at = trace_at(st); at != (uintptr_t)path_end; at = trace_at(st))
		if (!note(st, t, at) || !trace_pass(st, GO_STEP))
			return false;
	return end_walk(st);
}

static uint64_t sum_of(const struct trail *t)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < t->length; i++)
		sum = sum * 31 + t->at[i];
	return sum;
}

/* The first way that is gone twice is the usual one. */
static bool find_way(struct storm *st, struct trail *t)
{
	uint64_t sums[TRIES];
	unsigned int n, i;

	for (n = 0; n < TRIES; n++) {
		if (!walk_first(st, t))
			return false;
		sums[n] = sum_of(t);
		for (i = 0; i < n; i++)
			if (sums[i] == sums[n])
				return true;
	}
	return fail(st, EVERYWHERE, "no two of %u go the same way", TRIES);
}

/*
 * To instruction @k of the way, the last @back or more in steps. *@met: it came
 * there. What a walker's other threads do meanwhile depends on its speed, and
 * its own way on what they do: in steps from early enough on, it goes like the
 * first.
 */
static bool walk_to(struct storm *st, const struct trail *t, size_t k,
		    size_t back, bool *met)
{
	size_t i = t->anchor[k > back ? k - back : 0];

	if (!trace_has_breakpoints())
		i = 0;
	if (!begin_walk(st))
		return false;
	if (i && !trace_to(st, t->at[i], t->times[i]))
		return false;
	for (; i < k && trace_at(st) == t->at[i]; i++)
		if (!trace_pass(st, GO_STEP))
			return false;
	*met = i == k && trace_at(st) == t->at[k];
	return true;
}

/* Into the system call that is next. */
static bool enter(struct storm *st, enum how how)
{
	if (how == BEFORE)
		return true;
	if (!trace_pass(st, GO_SYSCALL))
		return false;
	if (how == AT_ENTRY)
		return true;
	return how == IN_SLEEP ? trace_go(st, GO_SYSCALL) != LOST :
				 trace_pass(st, GO_SYSCALL);
}

/* *@met: one of those that tried was killed there. */
static bool kill_at(struct storm *st, struct trail *t, size_t k, enum how how,
		    bool *met)
{
	unsigned int tries;

	*met = false;
	for (tries = 0; !*met && tries < TRIES; tries++) {
		if (!walk_to(st, t, k, t->back, met) ||
		    (*met && !enter(st, how)) || !end_walk(st))
			return false;
		t->strays += !*met;
		t->back = *met ? t->back / 2 : t->back ? t->back * 2 : BACK_MIN;
	}
	return true;
}

static bool kill_around(struct storm *st, struct trail *t, size_t k, bool *met)
{
	enum how how;

	if (!kill_at(st, t, k, BEFORE, met))
		return false;
	for (how = AT_ENTRY; *met && t->syscall[k] && how <= AT_EXIT; how++)
		if ((how != IN_SLEEP || st->path->sleeps) &&
		    !kill_at(st, t, k, how, met))
			return false;
	return true;
}

/*
 * What else the machine does changes which way is the usual one. A sample goes on
 * along the new one; who wants each instruction needs the machine for itself.
 */
static bool find_another_way(struct storm *st, struct trail *t, size_t k)
{
	if (!st->sample || ++t->ways == WAYS_MAX)
		return fail(st, EVERYWHERE, "instruction %zu: none of %u came there again",
			    k, TRIES);
	return find_way(st, t);
}

static size_t stride(const struct storm *st)
{
	return st->plan->every *
	       (st->sample && !trace_has_breakpoints() ? THINNER : 1);
}

static bool kill_everywhere(struct storm *st, struct trail *t)
{
	const struct plan *plan = st->plan;
	size_t k = plan->at < 0 ? 0 : (size_t)plan->at;
	bool met;

	if (k >= t->length)
		return fail(st, EVERYWHERE, "the path has %zu instructions",
			    t->length);
	while (k < t->length) {
		st->at = k;
		if (!kill_around(st, t, k, &met) ||
		    (!met && !find_another_way(st, t, k)))
			return false;
		if (!met)
			continue;
		if (plan->at >= 0)
			break;
		report_progress(st, t->length / stride(st));
		k += stride(st);
	}
	return true;
}

static void *array(size_t size)
{
	void *p = calloc(LENGTH_MAX, size);

	if (!p)
		refuse("no memory");
	return p;
}

static void step_path(const struct plan *plan, const struct kind *kind,
		      const struct path *path)
{
	static struct storm st;
	struct trail t = {
		.at = array(sizeof(*t.at)),
		.syscall = array(sizeof(*t.syscall)),
		.times = array(sizeof(*t.times)),
		.stops = array(sizeof(*t.stops)),
		.anchor = array(sizeof(*t.anchor)),
	};

	if (storm_begin(&st, plan, kind, path->name)) {
		st.path = path;
		st.sample = plan->every > 1 || plan->at >= 0;
		layout_make_even(&st.layout, kind->record_size);
		spawn(&st, !path->role,
		      path->role == PRODUCER ? consume : produce);
		if (await(&st, is_quiet, !path->role, 0, GOES_ON,
			  "the other side is ready") &&
		    find_way(&st, &t))
			kill_everywhere(&st, &t);
	}
	printf("# %s: %zu instructions, %zu of them system calls; %llu walkers went another way\n",
	       st.title, t.length, t.calls, (unsigned long long)t.strays);
	storm_end(&st);
	free(t.at);
	free(t.syscall);
	free(t.times);
	free(t.stops);
	free(t.anchor);
}

void storm_step(const struct plan *plan, const struct kind *kind)
{
	unsigned int i;

	if (!trace_is_possible()) {
		tap_skip("kills at each instruction", "this CPU is not known");
		return;
	}
	/* Who steps and who is stepped take turns: best on one CPU. */
	cpus_pin((unsigned int)sched_getcpu());
	for (i = 0; i < n_paths; i++)
		if ((!strcmp(plan->step, "all") ||
		     !strcmp(plan->step, paths[i].group)) &&
		    (!paths[i].dev || !strcmp(plan->backend, "dev")))
			step_path(plan, kind, &paths[i]);
	if (strcmp(plan->backend, "dev") &&
	    (!strcmp(plan->step, "all") || watch_is_known(plan->step)))
		storm_watch(plan, kind);
}
