// SPDX-License-Identifier: MIT
/* The table for people. */
#include "report.h"

#include <string.h>
#include <sys/utsname.h>

#include "cpus.h"
#include "limit.h"
#include "results.h"
#include "units.h"

#define NAME_WIDTH	13
#define VALUE_WIDTH	11
#define RATIO_WIDTH	13

/* What everything is compared with, where it was measured. */
static const char *const bases[] = { "pipe", "ck-ring" };

#define NR_BASES	(sizeof(bases) / sizeof(*bases))

static const char *value_text(const struct cell *c, double v, char *text)
{
	return tests[c->test].round_trip ? units_time(v, text) :
					   units_rate(v, text);
}

/* How many times as fast as @base, whichever way the unit counts. */
static double times_as_fast(const struct cell *c, double v, double base)
{
	return tests[c->test].round_trip ? base / v : v / base;
}

static void print_ratio(FILE *out, double ratio)
{
	char text[UNITS_TEXT_MAX];

	if (ratio >= 0.1)
		snprintf(text, sizeof(text), "%.*f x",
			 ratio >= 100 ? 0 : ratio >= 10 ? 1 : 2, ratio);
	else
		snprintf(text, sizeof(text), "%.2g x", ratio);
	fprintf(out, "%*s", RATIO_WIDTH, text);
}

/* The table's floor: a column of its own, in the group where it was measured. */
static bool floor_of(const struct plan *plan, const struct cell *c,
		     struct stats *s)
{
	return c->test == TEST_LATENCY && plan->two_flag >= 0 &&
	       results_of(&plan->cells[plan->two_flag], s);
}

static void print_group_head(FILE *out, const struct plan *plan,
			     const struct cell *c)
{
	char text[UNITS_TEXT_MAX];
	struct stats floor;
	size_t i;

	fprintf(out, "\n%s, %s", tests[c->test].name,
		units_bytes(c->size, text));
	if (!tests[c->test].round_trip)
		fprintf(out, ", %u per publish", c->batch);
	fprintf(out, "\n  %-*s%*s%*s%*s", NAME_WIDTH, "transport", VALUE_WIDTH,
		"median", VALUE_WIDTH, "min", VALUE_WIDTH, "max");
	for (i = 0; i < NR_BASES; i++) {
		snprintf(text, sizeof(text), "vs %s", bases[i]);
		if (results_peer(plan, c, bases[i]))
			fprintf(out, "%*s", RATIO_WIDTH, text);
	}
	if (floor_of(plan, c, &floor))
		fprintf(out, "%*s", RATIO_WIDTH, "of two-flag");
	fputc('\n', out);
}

static void print_numbers(FILE *out, const struct plan *plan,
			  const struct cell *c, const struct stats *s)
{
	char text[UNITS_TEXT_MAX];
	const struct cell *peer;
	struct stats base;
	size_t i;

	fprintf(out, "%*s", VALUE_WIDTH, value_text(c, s->median, text));
	fprintf(out, "%*s", VALUE_WIDTH, value_text(c, s->min, text));
	fprintf(out, "%*s", VALUE_WIDTH, value_text(c, s->max, text));
	for (i = 0; i < NR_BASES; i++) {
		peer = results_peer(plan, c, bases[i]);
		if (peer && results_of(peer, &base))
			print_ratio(out, times_as_fast(c, s->median,
						       base.median));
	}
	if (floor_of(plan, c, &base))
		print_ratio(out, s->median / base.median);
	fputc('\n', out);
}

static void print_row(FILE *out, const struct plan *plan, const struct cell *c)
{
	struct stats s;

	fprintf(out, "  %-*s", NAME_WIDTH, c->transport->name);
	if (results_of(c, &s))
		print_numbers(out, plan, c, &s);
	else if (c->state == CELL_OK)
		fputs("  not measured: stopped before\n", out);
	else
		fprintf(out, "  %s%s\n", c->state == CELL_FAILED ?
			"FAILED: " : "", c->why);
}

static bool same_group(const struct cell *a, const struct cell *b)
{
	return a->test == b->test && a->size == b->size &&
	       a->batch == b->batch;
}

static void print_groups(FILE *out, const struct plan *plan)
{
	const struct cell *c, *head = NULL;
	size_t i;

	for (i = 0; i < plan->nr; i++) {
		c = &plan->cells[i];
		if (!c->shown || c->transport == &limit_two_flag)
			continue;
		if (!head || !same_group(head, c)) {
			print_group_head(out, plan, c);
			if (c->test == TEST_LATENCY && plan->two_flag >= 0)
				print_row(out, plan,
					  &plan->cells[plan->two_flag]);
			head = c;
		}
		print_row(out, plan, c);
	}
}

/* In words, the results_distance() of two CPUs. */
static const char *distance_text(const char *distance)
{
	static const struct {
		const char *distance;
		const char *text;
	} texts[] = {
		{ "near", "near, sharing a cache" },
		{ "far", "far, sharing no cache" },
		{ "busy", "busy with other programs, or emulated: only ratios mean something, and little" },
		{ "moved", "near at times and far at times: only large ratios mean something" },
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!strcmp(distance, texts[i].distance))
			return texts[i].text;
	return "distance unknown";
}

static void print_distance(FILE *out, const struct plan *plan,
			   const struct options *o)
{
	char text[UNITS_TEXT_MAX];
	struct stats s;

	if (o->cpus[0] == o->cpus[1]) {
		fprintf(out, "both processes share CPU %u, so what spins waits for the scheduler\n",
			o->cpus[0]);
		return;
	}
	fprintf(out, "CPUs %u and %u: %s", o->cpus[0], o->cpus[1],
		distance_text(results_distance(plan, o)));
	if (plan->two_flag >= 0 &&
	    results_of(&plan->cells[plan->two_flag], &s))
		fprintf(out, " (bare two-flag round trip %s)",
			units_time(s.median, text));
	fputc('\n', out);
}

static void print_head(FILE *out, const struct plan *plan,
		       const struct options *o)
{
	char text[256];
	struct utsname u;

	uname(&u);
	fprintf(out, "%s %s %s, %s\n", u.sysname, u.release, u.machine,
		cpus_model(text, sizeof(text)));
	print_distance(out, plan, o);
	fprintf(out, "rings and pipes of %s; median of %llu interleaved repeats of %llu ms; every byte verified\n",
		units_bytes(o->ring_bytes, text),
		(unsigned long long)o->repeat,
		(unsigned long long)o->duration_ms);
}

void report_table(FILE *out, const struct plan *plan, const struct options *o)
{
	size_t i;

	print_head(out, plan, o);
	print_groups(out, plan);
	fputs("\nvs: how many times as fast; of two-flag: how many times the time of the limit.\npipe, unix-stream and ck-ring have no batches: they send each message by itself.\n",
	      out);
	for (i = 0; i < plan->nr_unavailable; i++)
		fprintf(out, "unavailable: %s\n", plan->unavailable[i].why);
}

void report_list(FILE *out)
{
	const struct transport *const *t;
	char why[WHY_MAX];
	int i;

	fputs("tests:\n", out);
	for (i = 0; i < TEST_COUNT; i++)
		fprintf(out, "  %-*s%s\n", NAME_WIDTH, tests[i].name,
			tests[i].what);
	fputs("transports:\n", out);
	for (t = transports; *t; t++) {
		fprintf(out, "  %-*s%s\n", NAME_WIDTH, (*t)->name, (*t)->what);
		if (!transport_available(*t, why))
			fprintf(out, "  %-*sunavailable: %s\n", NAME_WIDTH, "",
				why);
	}
}
