// SPDX-License-Identifier: MIT
/* What is around the tables: the machine before, what is missing after them. */
#include "table.h"

#include <math.h>
#include <string.h>

#include "details.h"
#include "doc.h"
#include "matrix.h"
#include "summary.h"
#include "transport.h"
#include "../common/units.h"

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

static void print_head(FILE *out, const json_t *doc)
{
	const json_t *env = doc_part(doc, "environment");
	const json_t *limits = doc_part(doc, "limits");
	double trip = doc_number(doc_part(limits, "two_flag_ns"), "median");
	double copy = doc_number(doc_part(limits, "copy_bytes_per_s"),
				 "median");
	const json_t *cpus = doc_part(env, "cpus"), *reason;
	char text[UNITS_TEXT_MAX];
	size_t i;

	fprintf(out, "%s %s %s, %s%s%s\n", doc_text(env, "system"),
		doc_text(env, "kernel"), doc_text(env, "machine"),
		doc_text(env, "cpu"),
		doc_text(env, "hypervisor")[0] ? ", under " : "",
		doc_text(env, "hypervisor"));
	fprintf(out, "CPUs %d and %d (%s): %s\n",
		(int)json_integer_value(json_array_get(cpus, 0)),
		(int)json_integer_value(json_array_get(cpus, 1)),
		doc_text(env, "relation"),
		distance_text(doc_text(env, "distance")));
	if (!isnan(trip))
		fprintf(out, "limits: bare two-flag round trip %s",
			units_time(trip, text));
	if (!isnan(trip) && !isnan(copy))
		fprintf(out, ", bare copy from CPU to CPU %s\n",
			units_bandwidth(copy, text));
	fprintf(out, "medians of up to %.0f interleaved repeats, with their bootstrap interval; every byte verified\n",
		doc_number(doc_part(doc, "settings"), "repeat"));
	json_array_foreach(doc_part(env, "noisy"), i, reason)
		fprintf(out, "NOISY: %s\n", json_string_value(reason));
}

/* Those of which a batch is no more than so many messages. */
static void print_unbatched(FILE *out, const json_t *doc)
{
	const json_t *results = doc_part(doc, "results"), *r;
	bool batched = false, any = false;
	size_t i;

	json_array_foreach(results, i, r)
		batched |= doc_number(r, "batch") > 1;
	json_array_foreach(results, i, r) {
		if (!batched || !json_is_false(doc_part(r, "batches")) ||
		    doc_first_of(results, r) != r)
			continue;
		fprintf(out, "%s%s", any ? ", " : "no batches, each message is published by itself: ",
			doc_text(r, "transport"));
		any = true;
	}
	if (any)
		fputc('\n', out);
}

static void print_foot(FILE *out, const json_t *doc)
{
	const json_t *u;
	size_t i;

	print_unbatched(out, doc);
	json_array_foreach(doc_part(doc, "unavailable"), i, u)
		fprintf(out, "unavailable: %s\n", doc_text(u, "reason"));
	if (json_is_false(doc_part(doc, "complete")))
		fputs("INTERRUPTED: this is what was complete\n", out);
}

void table_print(FILE *out, const json_t *doc, bool verbose)
{
	print_head(out, doc);
	(verbose ? details_print : summary_print)(out, doc);
	matrix_print(out, doc);
	print_foot(out, doc);
}

void table_list(FILE *out)
{
	const struct transport *const *t;
	char why[WHY_MAX];
	int i;

	fputs("tests:\n", out);
	for (i = 0; i < TEST_COUNT; i++)
		fprintf(out, "  %-*s%s\n", TABLE_NAME_WIDTH, tests[i].name,
			tests[i].what);
	fputs("transports:\n", out);
	for (t = transports; *t; t++) {
		fprintf(out, "  %-*s%s\n", TABLE_NAME_WIDTH, (*t)->name, (*t)->what);
		if (!transport_available(*t, why))
			fprintf(out, "  %-*sunavailable: %s\n", TABLE_NAME_WIDTH, "",
				why);
	}
}
