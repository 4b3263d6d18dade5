// SPDX-License-Identifier: MIT
/* The tables of a document: a group of rows for what can be compared. */
#include "table.h"

#include <math.h>
#include <string.h>

#include "doc.h"
#include "matrix.h"
#include "units.h"

#define NAME_WIDTH	14
#define COUNT_MAX	(UNITS_TEXT_MAX - 1)	/* leaves room for a sign */

/* What everything is compared with, where it was measured. */
#define BASE_1	"pipe"
#define BASE_2	"ck-ring"

/* What a column may look at. */
struct row {
	const json_t *doc;
	const json_t *result;
};

typedef bool text_fn(const struct row *r, char text[UNITS_TEXT_MAX]);

static bool value(const struct row *r, double v, char *text)
{
	if (isnan(v))
		return false;
	if (doc_test(r->result)->is_time)
		units_time(v, text);
	else
		units_rate(v, text);
	return true;
}

static bool median(const struct row *r, char *text)
{
	return value(r, doc_number(r->result, "median"), text);
}

/* The interval, as what it is away from the median. */
static bool interval(const struct row *r, char *text)
{
	double m = doc_number(r->result, "median");
	double low = 100 * (1 - doc_number(r->result, "low") / m);
	double high = 100 * (doc_number(r->result, "high") / m - 1);

	if (isnan(low) || isnan(high))
		return false;
	snprintf(text, UNITS_TEXT_MAX, "-%.*f +%.*f %%", low < 9.95, low,
		 high < 9.95, high);
	return true;
}

static bool percentile(const struct row *r, const char *key, char *text)
{
	return value(r, doc_number(doc_part(r->result, "percentiles"), key),
		     text);
}

static bool p50(const struct row *r, char *text)
{
	return percentile(r, "p50", text);
}

static bool p99(const struct row *r, char *text)
{
	return percentile(r, "p99", text);
}

static bool p99_9(const struct row *r, char *text)
{
	return percentile(r, "p99_9", text);
}

static bool p99_99(const struct row *r, char *text)
{
	return percentile(r, "p99_99", text);
}

static bool longest(const struct row *r, char *text)
{
	return percentile(r, "max", text);
}

static bool bandwidth(const struct row *r, char *text)
{
	double v = doc_number(r->result, "bytes_per_s");

	if (isnan(v))
		return false;
	units_bandwidth(v, text);
	return true;
}

static bool ratio(double v, char *text)
{
	if (isnan(v))
		return false;
	if (v >= 0.1)
		snprintf(text, UNITS_TEXT_MAX, "%.*f x",
			 v >= 100 ? 0 : v >= 10 ? 1 : 2, v);
	else
		snprintf(text, UNITS_TEXT_MAX, "%.2g x", v);
	return true;
}

static bool versus(const struct row *r, const char *base, char *text)
{
	const json_t *peer = doc_find(r->doc, r->result, base);

	return ratio(doc_times_as_fast(r->result,
				       doc_number(r->result, "median"),
				       doc_number(peer, "median")), text);
}

static bool versus_1(const struct row *r, char *text)
{
	return versus(r, BASE_1, text);
}

static bool versus_2(const struct row *r, char *text)
{
	return versus(r, BASE_2, text);
}

static bool of_two_flag(const struct row *r, char *text)
{
	return ratio(doc_number(r->result, "of_two_flag"), text);
}

static bool of_copy(const struct row *r, char *text)
{
	double v = 100 * doc_number(r->result, "of_copy");

	if (isnan(v))
		return false;
	snprintf(text, UNITS_TEXT_MAX, v < 9.95 ? "%.2g %%" : "%.0f %%", v);
	return true;
}

static bool cpu_time(const struct row *r, char *text)
{
	double v = doc_number(doc_part(r->result, "per_message"), "cpu_ns");

	if (isnan(v))
		return false;
	units_time(v, text);
	return true;
}

static bool count(const struct row *r, const char *key, char *text)
{
	double v = doc_number(doc_part(r->result, "per_message"), key);

	if (isnan(v))
		return false;
	if (v > 0 && v < 0.005)
		snprintf(text, COUNT_MAX, "%.0e", v);
	else
		snprintf(text, COUNT_MAX, "%.*f", v < 10 ? 2 : 0, v);
	return true;
}

static bool calls(const struct row *r, char *text)
{
	const json_t *per_message = doc_part(r->result, "per_message");
	bool bound = json_is_true(doc_part(per_message, "syscalls_at_most"));

	*text = '<';
	return count(r, "syscalls", text + bound);
}

static bool switches(const struct row *r, char *text)
{
	return count(r, "voluntary_switches", text);
}

/* From left to right; one without a text in any row of its group is left out. */
static const struct column {
	const char *head;
	int width;
	text_fn *text;
} columns[] = {
	{ "median", 11, median },
	{ "95 % interval", 15, interval },
	{ "bytes", 11, bandwidth },
	{ "p50", 9, p50 },
	{ "p99", 9, p99 },
	{ "p99.9", 9, p99_9 },
	{ "p99.99", 9, p99_99 },
	{ "max", 9, longest },
	{ "vs " BASE_1, 10, versus_1 },
	{ "vs " BASE_2, 11, versus_2 },
	{ "of 2-flag", 11, of_two_flag },
	{ "of copy", 9, of_copy },
	{ "CPU/msg", 9, cpu_time },
	{ "calls/msg", 10, calls },
	{ "sleeps/msg", 11, switches },
};

#define NR_COLUMNS	(sizeof(columns) / sizeof(*columns))

/* The first result after @from that begins another group. */
static size_t group_end(const json_t *results, size_t from)
{
	const json_t *first = json_array_get(results, from);

	do {
		from++;
	} while (from < json_array_size(results) &&
		 doc_same_group(first, json_array_get(results, from)));
	return from;
}

static void print_row(FILE *out, const struct row *r, const bool *used)
{
	char text[UNITS_TEXT_MAX];
	bool failed = !strcmp(doc_text(r->result, "state"), "failed");
	size_t i;

	fprintf(out, "  %-*s", NAME_WIDTH, doc_text(r->result, "transport"));
	if (!doc_is_measured(r->result)) {
		fprintf(out, "%s%s\n", failed ? "FAILED: " : "",
			doc_text(r->result, "error"));
		return;
	}
	for (i = 0; i < NR_COLUMNS; i++)
		if (used[i])
			fprintf(out, "%*s", columns[i].width,
				columns[i].text(r, text) ? text : "-");
	if (doc_number(r->result, "achieved_per_s") <
	    0.95 * doc_number(r->result, "offered_per_s"))
		fprintf(out, "  overloaded: %s",
			units_rate(doc_number(r->result, "achieved_per_s"),
				   text));
	fputc('\n', out);
}

static void print_group(FILE *out, const json_t *doc, size_t from, size_t to)
{
	const json_t *results = doc_part(doc, "results");
	struct row row = { .doc = doc };
	char text[UNITS_TEXT_MAX], head[WHY_MAX];
	bool used[NR_COLUMNS] = { false };
	size_t i, c;

	for (i = from; i < to; i++) {
		row.result = json_array_get(results, i);
		for (c = 0; c < NR_COLUMNS; c++)
			used[c] |= doc_is_measured(row.result) &&
				   columns[c].text(&row, text);
	}
	fprintf(out, "\n%s\n  %-*s",
		doc_group_text(json_array_get(results, from), head),
		NAME_WIDTH, "transport");
	for (c = 0; c < NR_COLUMNS; c++)
		if (used[c])
			fprintf(out, "%*s", columns[c].width, columns[c].head);
	fputc('\n', out);
	for (i = from; i < to; i++) {
		row.result = json_array_get(results, i);
		print_row(out, &row, used);
	}
}

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

static void print_foot(FILE *out, const json_t *doc)
{
	const json_t *u;
	size_t i;

	fputs("\nvs: how many times as fast; of 2-flag, of copy: the limits above. CPU time and sleeps are those of all processes,\n"
	      "calls are system calls, counted with ptrace in a run that is not timed (<: it slept more often then).\n"
	      "A time is the median round trip; its percentiles are of round trips with a look at the clock after each.\n",
	      out);
	json_array_foreach(doc_part(doc, "unavailable"), i, u)
		fprintf(out, "unavailable: %s\n", doc_text(u, "reason"));
	if (json_is_false(doc_part(doc, "complete")))
		fputs("INTERRUPTED: this is what was complete\n", out);
}

void table_print(FILE *out, const json_t *doc)
{
	const json_t *results = doc_part(doc, "results");
	size_t from, to;

	print_head(out, doc);
	for (from = 0; from < json_array_size(results); from = to) {
		to = group_end(results, from);
		print_group(out, doc, from, to);
	}
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
