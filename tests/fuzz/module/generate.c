// SPDX-License-Identifier: MIT
/*
 * Programs made up at random, and changed at random. What a call needs, such as
 * the descriptor of a ring, is made by a call before it, so that most programs
 * get past the first check.
 */
#include <string.h>

#include "program.h"

uint64_t fuzz_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;	/* splitmix64 */

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

uint64_t fuzz_seed(uint64_t seed, uint64_t worker, uint64_t index)
{
	uint64_t state = seed ^ worker << 56 ^ index;

	return fuzz_random(&state);
}

/* 0 when nothing is below. */
static uint64_t below(uint64_t *rnd, uint64_t n)
{
	return n ? fuzz_random(rnd) % n : 0;
}

static bool one_in(uint64_t *rnd, uint64_t n)
{
	return !below(rnd, n);
}

/* The edges of what arithmetic can do, and others. */
static uint64_t any_value(uint64_t *rnd)
{
	static const uint64_t edges[] = {
		0, 1, 2, 7, 8, 31, 32, 63, 64, 255, 4095, 4096, 4097, 8192,
		65535, 65536, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff,
		1ULL << 32, 1ULL << 47, INT64_MAX, 1ULL << 63, -4096ULL, -8ULL,
		-2ULL, -1ULL,
	};
	uint64_t v = edges[below(rnd, ARRAY_SIZE(edges))];

	switch (below(rnd, 4)) {
	case 0:
		return v + below(rnd, 17) - 8;
	case 1:
		return fuzz_random(rnd) >> below(rnd, 64);
	default:
		return v;
	}
}

/* A slot that holds @type once the steps before @before are made, or -1. */
static int find_slot(const struct fuzz_program *p, unsigned int before,
		     enum fuzz_type type, uint64_t *rnd)
{
	enum fuzz_type holds[FUZZ_SLOTS] = { TYPE_NONE };
	const struct fuzz_arg *arg;
	int found = -1, n = 0;
	unsigned int i, j;

	for (i = 0; i < before; i++)
		for (j = 0; j < FUZZ_ARGS; j++) {
			arg = &fuzz_call(p->step[i].call)->args[j];
			if (arg->name && arg->kind == KIND_MAKE)
				holds[p->step[i].arg[j] % FUZZ_SLOTS] = arg->type;
		}
	for (i = 0; i < FUZZ_SLOTS; i++)
		if (holds[i] == type && one_in(rnd, ++n))
			found = (int)i;
	return found;
}

/* @sanely: as an honest program would. */
static uint64_t make_value(const struct fuzz_program *p, unsigned int before,
			   const struct fuzz_arg *arg, bool sanely,
			   uint64_t *rnd)
{
	int slot;

	switch (arg->kind) {
	case KIND_ONE_OF:
		if (sanely)
			return arg->values[below(rnd, arg->sane)];
		if (one_in(rnd, 4))
			return any_value(rnd);
		return arg->values[below(rnd, arg->n)];
	case KIND_ONLY:
		return arg->values[below(rnd, arg->n)];
	case KIND_USE:
		slot = !sanely && one_in(rnd, 4) ? -1 :
		       find_slot(p, before, arg->type, rnd);
		return slot < 0 ? below(rnd, FUZZ_SLOTS) : (uint64_t)slot;
	case KIND_MAKE:
		break;
	}
	return below(rnd, FUZZ_SLOTS);
}

static bool add_step(struct fuzz_program *p, unsigned int at, uint64_t call,
		     uint64_t *rnd)
{
	struct fuzz_step *step = &p->step[at];
	const struct fuzz_arg *args = fuzz_call(call)->args;
	/* One argument in so many is made up; in half of the steps, none. */
	uint64_t odds = one_in(rnd, 2) ? UINT64_MAX : 1 + below(rnd, FUZZ_ARGS);
	unsigned int j;

	if (p->n == FUZZ_CALLS)
		return false;
	memmove(step + 1, step, (p->n++ - at) * sizeof(*step));
	memset(step, 0, sizeof(*step));
	step->call = call;
	for (j = 0; j < FUZZ_ARGS && args[j].name; j++)
		step->arg[j] = make_value(p, at, &args[j], !one_in(rnd, odds),
					  rnd);
	return true;
}

static uint64_t call_named(const char *name)
{
	uint64_t i;

	for (i = 0; strcmp(fuzz_call(i)->name, name); i++)
		;
	return i;
}

/* Whether @call makes @type out of nothing, or of other things. */
static bool makes(uint64_t call, enum fuzz_type type)
{
	const struct fuzz_arg *args = fuzz_call(call)->args;
	bool found = false;
	unsigned int j;

	for (j = 0; j < FUZZ_ARGS && args[j].name; j++) {
		if (args[j].type == type && args[j].kind == KIND_USE)
			return false;
		if (args[j].type == type && args[j].kind == KIND_MAKE)
			found = true;
	}
	return found && strncmp(fuzz_call(call)->name, "receive_", 8);
}

/* A call, one of those that make @type if it is not TYPE_NONE. */
static uint64_t pick_call(enum fuzz_type type, uint64_t *rnd)
{
	uint64_t i, found = 0, sum = 0;

	for (i = 0; i < fuzz_calls(); i++) {
		if (type != TYPE_NONE && !makes(i, type))
			continue;
		sum += fuzz_call(i)->weight;
		if (below(rnd, sum) < fuzz_call(i)->weight)
			found = i;
	}
	return found;
}

static void append_call(struct fuzz_program *p, uint64_t call, uint64_t *rnd);

/*
 * At times a ring is made before it is opened, as others may have destroyed it;
 * mostly not, since that takes longer than all else. It is used by those who
 * have a role in it.
 */
static void append_ring(struct fuzz_program *p, uint64_t call, uint64_t *rnd)
{
	uint64_t name;

	if (one_in(rnd, 4))
		append_call(p, call_named("create"), rnd);
	if (!add_step(p, p->n, call, rnd))
		return;
	if (p->n > 1 && p->step[p->n - 2].call == call_named("create")) {
		name = p->step[p->n - 2].arg[1];
		p->step[p->n - 1].arg[0] = name;
	}
	if (!one_in(rnd, 4))
		add_step(p, p->n, call_named("attach"), rnd);
}

/* What @call needs, and @call. */
static void append_call(struct fuzz_program *p, uint64_t call, uint64_t *rnd)
{
	const struct fuzz_arg *args = fuzz_call(call)->args;
	unsigned int j;

	for (j = 0; j < FUZZ_ARGS && args[j].name; j++)
		if (args[j].kind == KIND_USE && !one_in(rnd, 16) &&
		    find_slot(p, p->n, args[j].type, rnd) < 0)
			append_call(p, pick_call(args[j].type, rnd), rnd);
	if (call == call_named("ring_open"))
		append_ring(p, call, rnd);
	else
		add_step(p, p->n, call, rnd);
}

void fuzz_generate(struct fuzz_program *p, uint64_t *rnd)
{
	unsigned int n = 3 + below(rnd, FUZZ_CALLS - 3);

	p->n = 0;
	while (p->n < n)
		append_call(p, pick_call(TYPE_NONE, rnd), rnd);
}

static void change_arg(struct fuzz_program *p, uint64_t *rnd)
{
	unsigned int at = below(rnd, p->n), j = 0, n = 0;
	const struct fuzz_arg *args = fuzz_call(p->step[at].call)->args;
	uint64_t *v;

	while (n < FUZZ_ARGS && args[n].name)
		n++;
	if (!n)
		return;
	j = below(rnd, n);
	v = &p->step[at].arg[j];
	if (args[j].kind == KIND_ONLY || !one_in(rnd, 3))
		*v = make_value(p, at, &args[j], one_in(rnd, 2), rnd);
	else if (one_in(rnd, 2))
		*v ^= 1ULL << below(rnd, 64);
	else
		*v += below(rnd, 17) - 8;
}

static void remove_step(struct fuzz_program *p, unsigned int at)
{
	memmove(&p->step[at], &p->step[at + 1],
		(--p->n - at) * sizeof(*p->step));
}

/* @other from somewhere on, behind @p up to somewhere. */
static void splice(struct fuzz_program *p, const struct fuzz_program *other,
		   uint64_t *rnd)
{
	unsigned int from = below(rnd, other->n);

	p->n = 1 + below(rnd, p->n);
	while (p->n < FUZZ_CALLS && from < other->n)
		p->step[p->n++] = other->step[from++];
}

static void mutate_once(struct fuzz_program *p, const struct fuzz_program *other,
			uint64_t *rnd)
{
	struct fuzz_step step = p->step[below(rnd, p->n)];
	unsigned int at = below(rnd, p->n);

	switch (below(rnd, 10)) {
	case 0:
		if (p->n > 1)
			remove_step(p, at);
		break;
	case 1:
		if (add_step(p, at, step.call, rnd))
			p->step[at] = step;
		break;
	case 2:
		splice(p, other, rnd);
		break;
	case 3:
		add_step(p, at, pick_call(TYPE_NONE, rnd), rnd);
		break;
	case 4:
	case 5:
		append_call(p, pick_call(TYPE_NONE, rnd), rnd);
		break;
	default:
		change_arg(p, rnd);
	}
}

void fuzz_mutate(struct fuzz_program *p, const struct fuzz_program *other,
		 uint64_t *rnd)
{
	unsigned int n = 1 + below(rnd, 4);

	while (n--)
		mutate_once(p, other, rnd);
}
