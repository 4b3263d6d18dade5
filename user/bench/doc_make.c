// SPDX-License-Identifier: MIT
/* Making the document of a finished plan. */
#include "doc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "env.h"
#include "limit.h"
#include "survive.h"
#include "../common/provenance.h"
#include "../common/stats.h"
#include "topology.h"

/* Above these, a run is noisy; in percent. */
#define NOISY_STEAL	1
#define NOISY_FOREIGN	5

/* A percentile is known when so many samples lie beyond it. */
#define BEYOND	10

/*
 * A cell that failed once has no number, whatever it had before, and nor has
 * one of a mechanism that is wrong.
 */
static bool stats_of_cell(const struct cell *c, struct stats *s)
{
	if (c->state != CELL_OK || !c->nr || c->transport->broken)
		return false;
	*s = stats_of(c->samples, c->nr);
	return true;
}

static bool stats_of_limit(const struct plan *plan, long index, struct stats *s)
{
	return index >= 0 && stats_of_cell(&plan->cells[index], s);
}

/*
 * As it will be in a file, so that what is shown of the one is shown of the
 * other. No JSON has infinities.
 */
static json_t *number(double v)
{
	char text[32];

	if (!isfinite(v))
		return json_null();
	snprintf(text, sizeof(text), "%.*g", DOC_DIGITS, v);
	return json_real(strtod(text, NULL));
}

static void set(json_t *o, const char *key, double v)
{
	json_object_set_new(o, key, number(v));
}

static const char *error_of(const struct cell *c)
{
	if (c->why[0])
		return c->why;
	if (c->nr && c->transport->broken)
		return c->transport->broken;
	return "not measured: stopped before";
}

static void set_stats(json_t *o, const struct cell *c, struct stats *s)
{
	json_t *samples = json_array();
	bool ok = stats_of_cell(c, s);
	size_t i;

	if (!ok)
		*s = (struct stats){ NAN, NAN, NAN, NAN, NAN };
	for (i = 0; ok && i < c->nr; i++)
		json_array_append_new(samples, number(c->samples[i]));
	set(o, "median", s->median);
	set(o, "low", s->low);
	set(o, "high", s->high);
	set(o, "min", s->min);
	set(o, "max", s->max);
	json_object_set_new(o, "samples", samples);
	if (ok)
		json_object_set_new(o, "error", json_null());
	else
		json_object_set_new(o, "error", json_string(error_of(c)));
}

static json_t *percentiles(const struct hist *h)
{
	static const struct {
		const char *key;
		double percent;
	} wanted[] = {
		{ "p50", 50 }, { "p90", 90 }, { "p99", 99 },
		{ "p99_9", 99.9 }, { "p99_99", 99.99 },
	};
	json_t *o = json_object();
	double beyond;
	size_t i;

	for (i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		beyond = (double)h->total * (100 - wanted[i].percent) / 100;
		set(o, wanted[i].key, beyond + 1e-6 < BEYOND ? NAN :
		    hist_percentile(h, wanted[i].percent));
	}
	set(o, "max", (double)h->max);
	json_object_set_new(o, "count", json_integer((json_int_t)h->total));
	return o;
}

/*
 * A call that stops for its tracer takes so long that a side which would have
 * found its message a little later goes to sleep instead, and then has to be
 * woken. So where that made it sleep more often, there were more calls, unless
 * each message took the same number of them, asleep or not.
 */
static bool is_upper_bound(const struct cell *c)
{
	double sleeps = (double)c->used.voluntary_switches /
			(double)c->messages;

	return c->syscalls >= 0 && c->traced_sleeps > sleeps + 0.01 &&
	       fabs(c->syscalls - round(c->syscalls)) > 0.005;
}

/* The pacing of a paced test takes CPU time that is not the transport's. */
static json_t *per_message(const struct cell *c)
{
	double n = c->messages && !tests[c->shape.test].paced ?
		   (double)c->messages : NAN;
	json_t *o = json_object();

	set(o, "cpu_ns", (double)c->used.cpu_ns / n);
	set(o, "voluntary_switches", (double)c->used.voluntary_switches / n);
	set(o, "involuntary_switches",
	    (double)c->used.involuntary_switches / n);
	set(o, "minor_faults", (double)c->used.minor_faults / n);
	set(o, "major_faults", (double)c->used.major_faults / n);
	set(o, "syscalls", c->syscalls < 0 ? NAN : c->syscalls);
	json_object_set_new(o, "syscalls_at_most",
			    json_boolean(is_upper_bound(c)));
	return o;
}

static void set_limits(json_t *o, const struct plan *plan,
		       const struct cell *c, double median)
{
	const struct test *test = &tests[c->shape.test];
	double bytes = test->is_time ? NAN : median * c->shape.size;
	double trip = NAN, copy = NAN;
	struct stats s;

	if (stats_of_limit(plan, plan->two_flag, &s) && test->is_time)
		trip = test->round_trip ? s.median : s.median / 2;
	if (stats_of_limit(plan, plan->copy, &s))
		copy = s.median * LIMIT_COPY_BLOCK;
	set(o, "bytes_per_s", bytes);
	set(o, "of_two_flag", median / trip);
	set(o, "of_copy", bytes / copy);
}

static const char *state_of(const struct cell *c)
{
	if (c->state == CELL_FAILED)
		return "failed";
	if (c->state == CELL_SKIPPED || (c->nr && c->transport->broken))
		return "skipped";
	return c->nr ? "measured" : "stopped";
}

static json_t *result(const struct plan *plan, const struct cell *c)
{
	const struct shape *s = &c->shape;
	const struct test *test = &tests[s->test];
	json_t *o = json_pack("{s:s, s:s, s:i, s:i, s:i, s:b, s:o, s:I, s:s, s:s}",
			      "test", test->name,
			      "transport", c->transport->name,
			      "size", (int)s->size,
			      "batch", (int)s->batch,
			      "producers", (int)s->producers,
			      "batches", c->transport->batches,
			      "offered_per_s", test->paced ?
			      json_integer(s->rate) : json_null(),
			      "capacity", (json_int_t)c->capacity,
			      "unit", test->unit,
			      "state", state_of(c));
	struct stats stats;

	set_stats(o, c, &stats);
	json_object_set_new(o, "verified", json_boolean(!isnan(stats.median)));
	set(o, "achieved_per_s", test->paced && c->nr ? c->achieved : NAN);
	set_limits(o, plan, c, stats.median);
	json_object_set_new(o, "percentiles", c->hist && c->hist->total ?
			    percentiles(c->hist) : json_null());
	json_object_set_new(o, "per_message", per_message(c));
	return o;
}

static json_t *pair_of_cpus(const struct cell *c)
{
	json_t *o = json_pack("{s:[i, i], s:s, s:s}",
			      "cpus", (int)c->cpus[0], (int)c->cpus[1],
			      "relation", relation_text[
				topology_relation(TOPOLOGY_ROOT, c->cpus[0],
						  c->cpus[1])],
			      "unit", tests[TEST_TOPOLOGY].unit);
	struct stats stats;

	set_stats(o, c, &stats);
	return o;
}

static void set_results(json_t *doc, const struct plan *plan)
{
	json_t *results = json_array(), *topology = json_array();
	const struct cell *c;
	size_t i;

	for (i = 0; i < plan->nr; i++) {
		c = &plan->cells[i];
		if (c->shape.test == TEST_TOPOLOGY)
			json_array_append_new(topology, pair_of_cpus(c));
		else if (c->shown)
			json_array_append_new(results, result(plan, c));
	}
	json_object_set_new(doc, "results", results);
	json_object_set_new(doc, "topology", topology);
}

static void set_unavailable(json_t *doc, const struct plan *plan)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < plan->nr_unavailable; i++)
		json_array_append_new(array, json_pack("{s:s, s:s}",
			"transport", plan->unavailable[i].transport->name,
			"reason", plan->unavailable[i].why));
	json_object_set_new(doc, "unavailable", array);
}

static json_t *limit(const struct plan *plan, long index, double factor)
{
	struct stats s;

	if (!stats_of_limit(plan, index, &s))
		return json_null();
	return json_pack("{s:o, s:o, s:o}", "median", number(s.median * factor),
			 "low", number(s.low * factor),
			 "high", number(s.high * factor));
}

/*
 * How far the two CPUs are from each other: "near", "far", "same" CPU,
 * "busy" where they have other work, "moved" where some repeats found them near
 * and others far, or "unknown".
 */
static const char *distance(const struct plan *plan, const struct options *o)
{
	struct stats s;

	if (o->cpus[0] == o->cpus[1])
		return "same";
	if (!stats_of_limit(plan, plan->two_flag, &s))
		return "unknown";
	if (s.median > LIMIT_BUSY_NS)
		return "busy";
	if (s.min < LIMIT_NEAR_NS && s.max >= 2 * LIMIT_NEAR_NS)
		return "moved";
	return s.median < LIMIT_NEAR_NS ? "near" : "far";
}

/* How many of the results have an interval that says little; in percent. */
static double wide_intervals(const struct plan *plan)
{
	size_t i, wide = 0, all = 0;
	struct stats s;

	for (i = 0; i < plan->nr; i++) {
		if (!stats_of_cell(&plan->cells[i], &s))
			continue;
		all++;
		wide += s.high - s.low > s.median * DOC_WIDE_PERCENT / 100;
	}
	return all ? 100.0 * (double)wide / (double)all : 0;
}

static void add_failed_limit(json_t *all, const struct plan *plan, long index)
{
	const struct cell *c = index < 0 ? NULL : &plan->cells[index];

	if (c && c->state == CELL_FAILED)
		json_array_append_new(all, json_sprintf(
			"the limit %s could not be measured: %s",
			c->transport->name, c->why));
}

static json_t *noisy(const struct plan *plan, const struct noise *noise,
		     const char *distance)
{
	json_t *all = json_array();
	double wide = wide_intervals(plan);

	add_failed_limit(all, plan, plan->two_flag);
	add_failed_limit(all, plan, plan->copy);
	if (noise->steal > NOISY_STEAL)
		json_array_append_new(all, json_sprintf(
			"the hypervisor took %.1f %% of the CPUs' time: run it again, or on a host that is less busy",
			noise->steal));
	if (noise->foreign > NOISY_FOREIGN)
		json_array_append_new(all, json_sprintf(
			"other programs took %.1f %% of the CPUs' time: end them, or measure other CPUs with --cpus",
			noise->foreign));
	if (!strcmp(distance, "moved"))
		json_array_append_new(all, json_string(
			"the CPUs were near each other at times and far at times: pin the CPUs of the virtual machine"));
	if (!strcmp(distance, "busy"))
		json_array_append_new(all, json_string(
			"the CPUs have other work, or are emulated: end other programs, or measure other CPUs with --cpus"));
	if (wide > 50)
		json_array_append_new(all, json_sprintf(
			"%.0f %% of the results have an interval wider than %d %%: measure for longer with --budget, or fewer transports with -t",
			wide, DOC_WIDE_PERCENT));
	return all;
}

static json_t *environment(const struct plan *plan, const struct options *o,
			   const struct noise *noise)
{
	const char *how_far = distance(plan, o);
	json_t *env = env_json(o);

	json_object_set_new(env, "distance", json_string(how_far));
	set(env, "steal_percent", noise->steal);
	set(env, "foreign_percent", noise->foreign);
	json_object_set_new(env, "noisy", noisy(plan, noise, how_far));
	return env;
}

static json_t *settings(const struct options *o)
{
	return json_pack("{s:I, s:o, s:I, s:o, s:i}",
			 "repeat", (json_int_t)o->repeat,
			 "duration_ms", o->duration_ms ?
			 json_integer((json_int_t)o->duration_ms) : json_null(),
			 "budget_s", (json_int_t)o->budget_s,
			 "ring_bytes", o->ring_bytes ?
			 json_integer((json_int_t)o->ring_bytes) : json_null(),
			 "confidence_percent", STATS_CONFIDENCE);
}

json_t *doc_make(const struct plan *plan, const struct options *o,
		 const struct noise *noise, bool complete, const char *label)
{
	json_t *doc = json_pack("{s:s, s:b, s:o, s:o, s:o, s:{s:o, s:o}}",
				"schema", DOC_SCHEMA,
				"complete", complete,
				"run", provenance(label),
				"environment", environment(plan, o, noise),
				"settings", settings(o),
				"limits",
				"two_flag_ns", limit(plan, plan->two_flag, 1),
				"copy_bytes_per_s",
				limit(plan, plan->copy, LIMIT_COPY_BLOCK));

	if (!doc)
		return NULL;
	set_results(doc, plan);
	set_unavailable(doc, plan);
	return doc;
}

static json_t *list_tests(void)
{
	json_t *all = json_array();
	int i;

	for (i = 0; i < TEST_COUNT; i++)
		json_array_append_new(all, json_pack("{s:s, s:s}",
			"name", tests[i].name, "what", tests[i].what));
	json_array_append_new(all, json_pack("{s:s, s:s}", "name", "survive",
					     "what", SURVIVE_WHAT));
	return all;
}

static json_t *list_transports(void)
{
	const struct transport *const *t;
	json_t *all = json_array();
	char why[WHY_MAX];
	bool here;

	for (t = transports; *t; t++) {
		here = transport_available(*t, why);
		json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:b, s:o}",
			"name", (*t)->name, "group", (*t)->group,
			"what", (*t)->what, "available", here,
			"reason", here ? json_null() : json_string(why)));
	}
	return all;
}

json_t *doc_list(void)
{
	return json_pack("{s:s, s:o, s:o}", "schema", DOC_LIST_SCHEMA,
			 "tests", list_tests(), "transports", list_transports());
}
