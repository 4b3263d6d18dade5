// SPDX-License-Identifier: MIT
/* All results on a page or two: transports down, what was measured across. */
#include "summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "table.h"
#include "../common/units.h"
#include "../common/width.h"

#define COLUMN_WIDTH	10
#define COLUMNS_MAX	32

/*
 * struct column - results of a group, one of which a transport has
 * @like: one of the group
 * @percentile: as the document calls it; NULL is the median
 */
struct column {
	const json_t *like;
	const char *percentile;
};

/* struct block - @most: as many as there is room for */
struct block {
	struct column columns[COLUMNS_MAX];
	size_t nr;
	size_t most;
};

static bool is_state(const json_t *result, const char *state)
{
	return !strcmp(doc_text(result, "state"), state);
}

/* What a column has of @transport: false where that is nothing. */
static bool cell(const json_t *doc, const struct column *c,
		 const char *transport, char text[UNITS_TEXT_MAX])
{
	const json_t *r = doc_find(doc, c->like, transport);
	double v;

	strcpy(text, "-");
	if (r && is_state(r, "failed")) {
		strcpy(text, "FAILED");
		return true;
	}
	if (!r || !doc_is_measured(r))
		return false;
	v = c->percentile ?
	    doc_number(doc_part(r, "percentiles"), c->percentile) :
	    doc_number(r, "median");
	if (doc_is_overloaded(r))
		strcpy(text, "overload");
	else if (!isnan(v)) {
		*text = '~';
		doc_value_text(r, v, text + (!c->percentile && doc_is_wide(r)));
	}
	return true;
}

static const char *shape_text(const struct column *c, char text[WHY_MAX])
{
	double batch = doc_number(c->like, "batch");
	char bytes[UNITS_TEXT_MAX];

	if (c->percentile)
		return c->percentile;
	units_bytes((uint64_t)doc_number(c->like, "size"), bytes);
	if (batch > 1)
		snprintf(text, WHY_MAX, "%s *%.0f", bytes, batch);
	else
		snprintf(text, WHY_MAX, "%s", bytes);
	return text;
}

/* Tests, each where its columns begin, and below them the columns. */
static void print_heads(FILE *out, const struct block *b)
{
	const struct test *test, *last = NULL;
	int at = TABLE_NAME_WIDTH + 2, written = 0;
	char text[WHY_MAX];
	size_t c;

	for (c = 0; c < b->nr; c++, at += COLUMN_WIDTH, last = test) {
		test = doc_test(b->columns[c].like);
		if (test != last)
			written += fprintf(out, "%*s%s", at + 2 > written ?
					   at + 2 - written : 1, "", test->name);
	}
	fprintf(out, "\n  %-*s", TABLE_NAME_WIDTH, "transport");
	for (c = 0; c < b->nr; c++)
		fprintf(out, "%*s", COLUMN_WIDTH,
			shape_text(&b->columns[c], text));
	fputc('\n', out);
}

static void print_row(FILE *out, const json_t *doc, const struct block *b,
		      const char *transport)
{
	char text[COLUMNS_MAX][UNITS_TEXT_MAX];
	bool any = false;
	size_t c;

	for (c = 0; c < b->nr; c++)
		any |= cell(doc, &b->columns[c], transport, text[c]);
	if (!any)
		return;
	fprintf(out, "  %-*s", TABLE_NAME_WIDTH, transport);
	for (c = 0; c < b->nr; c++)
		fprintf(out, "%*s", COLUMN_WIDTH, text[c]);
	fputc('\n', out);
}

static void print_block(FILE *out, const json_t *doc, struct block *b)
{
	const json_t *results = doc_part(doc, "results"), *r;
	size_t i;

	if (!b->nr)
		return;
	fputc('\n', out);
	print_heads(out, b);
	json_array_foreach(results, i, r)
		if (doc_first_of(results, r) == r)
			print_row(out, doc, b, doc_text(r, "transport"));
	b->nr = 0;
}

/* Does any of a group have so many samples that it is known? */
static bool has_p99(const json_t *results, size_t from, size_t to)
{
	const json_t *part;

	for (; from < to; from++) {
		part = doc_part(json_array_get(results, from), "percentiles");
		if (!isnan(doc_number(part, "p99")))
			return true;
	}
	return false;
}

static size_t columns_in(int width)
{
	size_t n = (size_t)(width - 2 - TABLE_NAME_WIDTH) / COLUMN_WIDTH;

	return n < 2 ? 2 : n > COLUMNS_MAX ? COLUMNS_MAX : n;
}

/* Rates, or times, with what is seldom exceeded beside the median. */
static void print_kind(FILE *out, const json_t *doc, bool is_time, int width)
{
	const json_t *results = doc_part(doc, "results"), *r;
	struct block b = { .most = columns_in(width) };
	size_t from, to;
	bool p99;

	for (from = 0; from < json_array_size(results); from = to) {
		to = doc_group_end(results, from);
		r = json_array_get(results, from);
		if (doc_test(r)->is_time != is_time)
			continue;
		p99 = has_p99(results, from, to);
		if (b.nr + 1 + p99 > b.most)
			print_block(out, doc, &b);
		b.columns[b.nr++] = (struct column){ r, NULL };
		if (p99)
			b.columns[b.nr++] = (struct column){ r, "p99" };
	}
	print_block(out, doc, &b);
}

/* Why, without the name that most of them begin with. */
static const char *reason(const json_t *result)
{
	const char *name = doc_text(result, "transport");
	const char *why = doc_text(result, "error");
	size_t len = strlen(name);

	return !strncmp(why, name, len) && !strncmp(why + len, ": ", 2) ?
	       why + len + 2 : why;
}

static void print_failed(FILE *out, const json_t *doc, int width)
{
	char text[WHY_MAX];
	const json_t *r;
	size_t i;

	json_array_foreach(doc_part(doc, "results"), i, r)
		if (is_state(r, "failed"))
			width_say(out, width, "FAILED: %s, %s: %s",
				  doc_group_text(r, text),
				  doc_text(r, "transport"), reason(r));
}

/* Of a transport that cannot do several sizes of a test the first says it. */
static bool is_news(const json_t *const *notes, size_t n, const json_t *r)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(doc_text(notes[i], "transport"),
			    doc_text(r, "transport")) &&
		    (doc_test(notes[i]) == doc_test(r) ||
		     !strcmp(reason(notes[i]), reason(r))))
			return false;
	return true;
}

/* A note, and who else has the same reason. */
static void print_note(FILE *out, const json_t **notes, size_t n, int width)
{
	char *text = NULL;
	size_t j, size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return;
	fprintf(f, "-: %s", doc_text(notes[0], "transport"));
	for (j = 1; j < n; j++)
		if (notes[j] && !strcmp(reason(notes[0]), reason(notes[j]))) {
			fprintf(f, ", %s", doc_text(notes[j], "transport"));
			notes[j] = NULL;
		}
	fprintf(f, ": %s", reason(notes[0]));
	fclose(f);
	width_print(out, width, 0, 2, text);
	free(text);
}

static void print_skipped(FILE *out, const json_t *doc, int width)
{
	const json_t *results = doc_part(doc, "results"), *r, **notes;
	size_t i, n = 0;

	notes = calloc(json_array_size(results) + 1, sizeof(*notes));
	if (!notes)
		return;
	json_array_foreach(results, i, r)
		if (is_state(r, "skipped") && is_news(notes, n, r))
			notes[n++] = r;
	for (i = 0; i < n; i++)
		if (notes[i])
			print_note(out, notes + i, n - i, width);
	free(notes);
}

void summary_print(FILE *out, const json_t *doc, int width)
{
	print_kind(out, doc, false, width);
	print_kind(out, doc, true, width);
	fputc('\n', out);
	width_print(out, width, 0, 0,
		    "Medians; p99: what 1 % of the messages exceeded; *N: published N at a time; ~: a wide interval; --verbose has the intervals, all percentiles, ratios to the limits, CPU time and system calls.");
	print_failed(out, doc, width);
	print_skipped(out, doc, width);
}
