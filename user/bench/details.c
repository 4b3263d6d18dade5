// SPDX-License-Identifier: MIT
/* All that is known of each result: a table for each group. */
#include "details.h"

#include <math.h>
#include <string.h>

#include "doc.h"
#include "table.h"
#include "../common/units.h"
#include "../common/width.h"

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
	doc_value_text(r->result, v, text);
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

/* Of a base that has no batches, the best is what it does one by one. */
static const json_t *find_base(const struct row *r, const char *base)
{
	const json_t *peer = doc_find(r->doc, r->result, base);
	json_t *single;

	if (peer)
		return peer;
	single = json_copy((json_t *)r->result);
	json_object_set_new(single, "batch", json_integer(1));
	peer = doc_find(r->doc, single, base);
	json_decref(single);
	return peer;
}

static bool versus(const struct row *r, const char *base, char *text)
{
	const json_t *peer = find_base(r, base);

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
	{ "of copy", 10, of_copy },
	{ "CPU/msg", 9, cpu_time },
	{ "calls/msg", 10, calls },
	{ "sleeps/msg", 11, switches },
};

#define NR_COLUMNS	(sizeof(columns) / sizeof(*columns))

/*
 * struct part - of a group's table: those columns that fit beside each other
 * @first: of the parts, which says what has no number
 * @used: which columns
 */
struct part {
	bool first;
	bool used[NR_COLUMNS];
};

static void print_row(FILE *out, const struct row *r, const struct part *p,
		      int width)
{
	char text[UNITS_TEXT_MAX];
	size_t i;

	fprintf(out, "  %-*s", TABLE_NAME_WIDTH, doc_text(r->result, "transport"));
	if (!doc_is_measured(r->result)) {
		if (!strcmp(doc_text(r->result, "state"), "failed"))
			fputs("FAILED: ", out);
		width_print(out, width, 8 + 2 + TABLE_NAME_WIDTH, 4,
			    doc_text(r->result, "error"));
		return;
	}
	for (i = 0; i < NR_COLUMNS; i++)
		if (p->used[i])
			fprintf(out, "%*s", columns[i].width,
				columns[i].text(r, text) ? text : "-");
	if (p->first && doc_is_overloaded(r->result))
		fprintf(out, "\n    overloaded: %s",
			units_rate(doc_number(r->result, "achieved_per_s"),
				   text));
	fputc('\n', out);
}

static void print_part(FILE *out, const json_t *doc, size_t from, size_t to,
		       const struct part *p, int width)
{
	const json_t *results = doc_part(doc, "results");
	struct row row = { .doc = doc };
	size_t i, c;

	fprintf(out, "  %-*s", TABLE_NAME_WIDTH, "transport");
	for (c = 0; c < NR_COLUMNS; c++)
		if (p->used[c])
			fprintf(out, "%*s", columns[c].width, columns[c].head);
	fputc('\n', out);
	for (i = from; i < to; i++) {
		row.result = json_array_get(results, i);
		if (p->first || doc_is_measured(row.result))
			print_row(out, &row, p, width);
	}
}

/* Is there anything to say in column @c? */
static bool is_used(const json_t *doc, size_t from, size_t to, size_t c)
{
	struct row row = { .doc = doc };
	char text[UNITS_TEXT_MAX];

	for (; from < to; from++) {
		row.result = json_array_get(doc_part(doc, "results"), from);
		if (doc_is_measured(row.result) && columns[c].text(&row, text))
			return true;
	}
	return false;
}

/* As many columns as fit, the others below. */
static void print_group(FILE *out, const json_t *doc, size_t from, size_t to,
			int width)
{
	struct part p = { .first = true };
	int at = 2 + TABLE_NAME_WIDTH;
	char head[WHY_MAX];
	size_t c;

	fprintf(out, "\n%s\n",
		doc_group_text(json_array_get(doc_part(doc, "results"), from),
			       head));
	for (c = 0; c < NR_COLUMNS; c++) {
		if (!is_used(doc, from, to, c))
			continue;
		if (at + columns[c].width > width) {
			print_part(out, doc, from, to, &p, width);
			p = (struct part){ .first = false };
			at = 2 + TABLE_NAME_WIDTH;
		}
		p.used[c] = true;
		at += columns[c].width;
	}
	print_part(out, doc, from, to, &p, width);
}

void details_print(FILE *out, const json_t *doc, int width)
{
	const json_t *results = doc_part(doc, "results");
	size_t from, to;

	for (from = 0; from < json_array_size(results); from = to) {
		to = doc_group_end(results, from);
		print_group(out, doc, from, to, width);
	}
	fputc('\n', out);
	width_print(out, width, 0, 0,
		    "vs: how many times as fast; of 2-flag, of copy: the limits above. CPU time and sleeps are those of all processes, calls are system calls, counted with ptrace in a run that is not timed (<: it slept more often then). A time is the median round trip; its percentiles are of round trips with a look at the clock after each.");
}
