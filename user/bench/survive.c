// SPDX-License-Identifier: MIT
/*
 * Which trials, and in which order: one of each row, and then the next of each,
 * so that a run that is interrupted has some of everything.
 */
#include "survive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channel.h"
#include "payload.h"
#include "../common/clock.h"
#include "../common/progress.h"
#include "watch.h"

/* The hit comes at some instant after all have moved a message. */
#define AFTER_MAX_NS	(3 * NS_PER_MS)

#define STOP_NS		(50 * NS_PER_MS)

/* What the user does not choose: small, and smaller where that does not fit. */
static const uint64_t own_sizes[] = { 64, 8 };

/* Numbers that a seed brings back (splitmix64). */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static bool fits(const struct cell *c, unsigned int producers,
		 char why[WHY_MAX])
{
	const struct channel ch = {
		.transport = c->transport,
		.size = c->shape.size,
		.batch = 1,
		.capacity = c->capacity,
		.producers = producers,
	};

	if (c->shape.size >= PAYLOAD_SEQ_MIN &&
	    c->shape.size <= PAYLOAD_SEQ_MAX)
		return transport_fits(c->transport, &ch, why);
	snprintf(why, WHY_MAX,
		 "%s: %u bytes: a message says whose it is in 8 bytes to 1M: another --size",
		 c->transport->name, c->shape.size);
	return false;
}

/* With the first of the sizes that it can carry. */
static void plan_cell(struct cell *c, const struct options *o)
{
	const uint64_t *sizes = o->nr_sizes ? o->sizes : own_sizes;
	size_t i, nr = o->nr_sizes ? o->nr_sizes : 2;

	c->state = CELL_SKIPPED;
	if (!transport_available(c->transport, c->why))
		return;
	for (i = 0; i < nr; i++) {
		c->shape.size = (uint32_t)sizes[i];
		c->capacity = plan_capacity(o, c->shape.size);
		if (fits(c, 1, c->why)) {
			c->state = CELL_OK;
			c->why[0] = 0;
			return;
		}
	}
}

static int add_row(struct survival *s, const struct cell *c, enum hit hit,
		   enum victim victim)
{
	struct row *r = &s->rows[s->nr_rows];

	*r = (struct row){
		.cell = c,
		.hit = hit,
		.victim = victim,
		.told = calloc(s->options->kills, sizeof(*r->told)),
	};
	if (!r->told)
		return -ENOMEM;
	s->nr_rows++;
	return 0;
}

static int add_rows(struct survival *s, const struct cell *c)
{
	char why[WHY_MAX];
	int hit, victim, rc = 0;

	for (hit = 0; hit < HITS; hit++)
		for (victim = 0; !rc && victim < VICTIMS; victim++)
			if (victim != VICTIM_ONE_OF_TWO ||
			    (c->transport->many && fits(c, 2, why)))
				rc = add_row(s, c, hit, victim);
	return rc;
}

int survive_plan(struct survival *s, const struct options *o)
{
	struct cell *c;
	size_t i;

	*s = (struct survival){
		.options = o,
		.nr_cells = o->nr_chosen,
		.rows = calloc(o->nr_chosen * HITS * VICTIMS, sizeof(*s->rows)),
	};
	for (i = 0; s->rows && i < o->nr_chosen; i++) {
		c = &s->cells[i];
		*c = (struct cell){
			.transport = o->chosen[i],
			.shape = { .batch = 1, .producers = 1 },
			.cpus = { o->cpus[0], o->cpus[1] },
		};
		plan_cell(c, o);
		channel_init(&s->names[i], c, NULL);
		if (c->state == CELL_OK && add_rows(s, c))
			break;
	}
	if (s->rows && i == o->nr_chosen)
		return 0;
	survive_free(s);
	return -ENOMEM;
}

void survive_free(struct survival *s)
{
	size_t i;

	for (i = 0; s->rows && i < s->nr_rows; i++)
		free(s->rows[i].told);
	free(s->rows);
	s->rows = NULL;
	s->nr_rows = 0;
}

static void add_error(struct row *r, int error)
{
	size_t i;

	for (i = 0; i < ROW_ERRORS && r->errors[i]; i++)
		if (r->errors[i] == error)
			return;
	if (i < ROW_ERRORS)
		r->errors[i] = error;
}

static void collect(struct row *r, const struct fate *f)
{
	int side;

	r->hits++;
	r->outcomes[f->outcome]++;
	if (f->told_ns) {
		r->told[r->nr_told++] = (double)f->told_ns;
		add_error(r, f->error);
	}
	for (side = 0; side < 2; side++)
		if (f->held_ns[side] > r->held_ns[side])
			r->held_ns[side] = f->held_ns[side];
	r->sent += f->sent;
	r->lost += f->lost;
	r->repeated += f->repeated;
	r->torn += f->torn;
	r->pairs += r->hit == HIT_KILL;
	r->next_pairs += f->next_pair;
	leftover_add(&r->to_remove, &f->to_remove);
	leftover_add(&r->left, &f->left);
	if (f->why[0])
		memcpy(r->why, f->why, sizeof(r->why));
}

static void step(const struct survival *s, const struct row *r, size_t done,
		 uint64_t begun)
{
	static const char *const hits[] = { "killed", "stopped", "replaced" };
	static const char *const victims[] = {
		"producer", "consumer", "one of two producers"
	};
	size_t all = s->nr_rows * s->options->kills;
	static char text[128];

	snprintf(text, sizeof(text), "survive, %s, %s %s",
		 r->cell->transport->name, victims[r->victim], hits[r->hit]);
	progress_step(text, done < s->nr_rows ? PROGRESS_UNKNOWN :
		      (now_ns() - begun) * (all - done) / done / NS_PER_S);
}

static enum trial_end run_row(const struct survival *s, struct row *r,
			      uint64_t *random)
{
	struct trial t = {
		.cell = r->cell,
		.name = &s->names[r->cell - s->cells],
		.hit = r->hit,
		.victim = r->victim,
		.after_ns = next_random(random) % AFTER_MAX_NS,
		.which = next_random(random) % 2,
		.limit_ns = s->options->limit_ms * NS_PER_MS,
		.stop_ns = STOP_NS,
	};
	struct fate fate;
	enum trial_end end = trial_run(&t, &fate);

	if (end == TRIAL_OK)
		collect(r, &fate);
	if (end == TRIAL_FAILED) {
		r->failed++;
		memcpy(r->why, fate.why, sizeof(r->why));
	}
	return end;
}

bool survive_run(struct survival *s)
{
	uint64_t kill, random = s->options->seed, begun = now_ns();
	size_t i, done = 0;

	watch_block_signals();
	progress_begin(s->nr_rows * s->options->kills);
	s->complete = true;
	for (kill = 0; s->complete && kill < s->options->kills; kill++)
		for (i = 0; s->complete && i < s->nr_rows; i++) {
			step(s, &s->rows[i], done++, begun);
			/* What cannot begin takes its time to show it. */
			if (s->rows[i].failed && !s->rows[i].hits)
				continue;
			s->complete = run_row(s, &s->rows[i], &random) !=
				      TRIAL_INTERRUPTED;
		}
	progress_end();
	return s->complete;
}
