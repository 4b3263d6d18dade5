// SPDX-License-Identifier: MIT
/* What is around the tables: the machine before, what is missing after them. */
#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "details.h"
#include "doc.h"
#include "matrix.h"
#include "summary.h"
#include "../common/units.h"
#include "../common/width.h"

/* In words, the distance of two CPUs. */
static const char *distance_text(const char *distance)
{
	static const struct {
		const char *distance;
		const char *text;
	} texts[] = {
		{ "same", "one CPU for both, so what spins waits for the scheduler" },
		{ "near", "near, sharing a cache" },
		{ "far", "far, sharing no cache by the time it takes" },
		{ "busy", "busy with other programs, or emulated: only ratios mean something, and little" },
		{ "moved", "near at times and far at times: only large ratios mean something" },
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!strcmp(distance, texts[i].distance))
			return texts[i].text;
	return "distance unknown";
}

static void print_limits(FILE *out, const json_t *doc, int width)
{
	const json_t *limits = doc_part(doc, "limits");
	double trip = doc_number(doc_part(limits, "two_flag_ns"), "median");
	double copy = doc_number(doc_part(limits, "copy_bytes_per_s"),
				 "median");
	char a[UNITS_TEXT_MAX], b[UNITS_TEXT_MAX];

	if (!isnan(trip) && !isnan(copy))
		width_say(out, width, "limits: bare two-flag round trip %s, bare copy from CPU to CPU %s",
			  units_time(trip, a), units_bandwidth(copy, b));
}

static void print_head(FILE *out, const json_t *doc, int width)
{
	const json_t *env = doc_part(doc, "environment");
	const json_t *cpus = doc_part(env, "cpus"), *reason;
	char text[WHY_MAX];
	size_t i;

	if (*doc_run_text(doc, text))
		width_say(out, width, "%s", text);
	width_say(out, width, "%s %s %s, %s%s%s", doc_text(env, "system"),
		  doc_text(env, "kernel"), doc_text(env, "machine"),
		  doc_text(env, "cpu"),
		  doc_text(env, "hypervisor")[0] ? ", under " : "",
		  doc_text(env, "hypervisor"));
	width_say(out, width, "CPUs %d and %d (%s): %s",
		  (int)json_integer_value(json_array_get(cpus, 0)),
		  (int)json_integer_value(json_array_get(cpus, 1)),
		  doc_text(env, "relation"),
		  distance_text(doc_text(env, "distance")));
	print_limits(out, doc, width);
	width_say(out, width, "medians of up to %.0f interleaved repeats, with their bootstrap interval; every byte verified",
		  doc_number(doc_part(doc, "settings"), "repeat"));
	json_array_foreach(doc_part(env, "noisy"), i, reason)
		width_say(out, width, "NOISY: %s", json_string_value(reason));
}

/* Those of which a batch is no more than so many messages. */
static void print_unbatched(FILE *out, const json_t *doc, int width)
{
	const json_t *results = doc_part(doc, "results"), *r;
	bool batched = false, any = false;
	char *text = NULL;
	size_t i, size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return;
	json_array_foreach(results, i, r)
		batched |= doc_number(r, "batch") > 1;
	json_array_foreach(results, i, r) {
		if (!batched || !json_is_false(doc_part(r, "batches")) ||
		    doc_first_of(results, r) != r)
			continue;
		fprintf(f, "%s%s", any ? ", " : "no batches, each message is published by itself: ",
			doc_text(r, "transport"));
		any = true;
	}
	fclose(f);
	if (any)
		width_print(out, width, 0, 2, text);
	free(text);
}

static void print_foot(FILE *out, const json_t *doc, int width)
{
	const json_t *u;
	size_t i;

	print_unbatched(out, doc, width);
	json_array_foreach(doc_part(doc, "unavailable"), i, u)
		width_say(out, width, "unavailable: %s", doc_text(u, "reason"));
	if (json_is_false(doc_part(doc, "complete")))
		fputs("INTERRUPTED: this is what was complete\n", out);
}

void table_print(FILE *out, const json_t *doc, bool verbose, int width)
{
	print_head(out, doc, width);
	(verbose ? details_print : summary_print)(out, doc, width);
	matrix_print(out, doc, width);
	print_foot(out, doc, width);
}

/* A name, and in the next column what it is. */
static void print_item(FILE *out, int width, const char *name, const char *what)
{
	fprintf(out, "  %-*s", TABLE_NAME_WIDTH, name);
	width_print(out, width, TABLE_NAME_WIDTH + 2, TABLE_NAME_WIDTH + 2,
		    what);
}

static void print_transport(FILE *out, int width, const json_t *t)
{
	char why[WHY_MAX + 16];

	print_item(out, width, doc_text(t, "name"), doc_text(t, "what"));
	if (json_is_true(doc_part(t, "available")))
		return;
	snprintf(why, sizeof(why), "unavailable: %s", doc_text(t, "reason"));
	print_item(out, width, "", why);
}

/* The transports of one group, in the order of the tables. */
static void print_transports(FILE *out, int width, const json_t *all,
			     const char *group)
{
	const json_t *t;
	size_t i;

	fprintf(out, "%s:\n", group);
	json_array_foreach(all, i, t)
		if (!strcmp(doc_text(t, "group"), group))
			print_transport(out, width, t);
}

void table_list(FILE *out, const json_t *list, int width)
{
	const json_t *all = doc_part(list, "transports"), *o;
	const char *group;
	size_t i, k;

	fputs("tests:\n", out);
	json_array_foreach(doc_part(list, "tests"), i, o)
		print_item(out, width, doc_text(o, "name"),
			   doc_text(o, "what"));
	fputs("\ntransports, by groups, whose names --transport takes as well:\n",
	      out);
	json_array_foreach(all, i, o) {
		group = doc_text(o, "group");
		for (k = 0; strcmp(doc_text(json_array_get(all, k), "group"),
				   group); k++)
			;
		if (k == i)
			print_transports(out, width, all, group);
	}
}
