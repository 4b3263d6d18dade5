// SPDX-License-Identifier: MIT
/* Who survived whom: a table for each kind of hit, and one for a web page. */
#include "survive.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "doc.h"
#include "table.h"
#include "../common/units.h"
#include "../common/width.h"

#define WHO_WIDTH	11
#define WIDE		98	/* as all columns are together */

/* A bit for each kind of hit, as the document calls it. */
#define KILLED		0x1u
#define STOPPED		0x2u
#define REPLACED	0x4u
#define ALL_HITS	(KILLED | STOPPED | REPLACED)

static const struct block {
	const char *hit;
	unsigned int bit;
	const char *title;
	const char *markdown;
} blocks[] = {
	{ "kill", KILLED,
	  "killed: were the others told, by which error, and how long after?",
	  "killed" },
	{ "stop", STOPPED,
	  "stopped for a moment: how long were the others held up at most?",
	  "stopped" },
	{ "replace", REPLACED,
	  "killed, and a new process takes over: how long did it take at most?",
	  "replaced" },
};

#define NR_BLOCKS	(sizeof(blocks) / sizeof(*blocks))

typedef void text_fn(const json_t *r, const char *key,
		     char text[UNITS_TEXT_MAX]);

static void count_text(const json_t *r, const char *key,
		       char text[UNITS_TEXT_MAX])
{
	double v = doc_number(r, key);

	if (v < 100000)
		snprintf(text, UNITS_TEXT_MAX, "%.0f", v);
	else
		snprintf(text, UNITS_TEXT_MAX, "%.0fk", v / 1000);
}

static void time_text(double ns, char text[UNITS_TEXT_MAX])
{
	if (isnan(ns))
		strcpy(text, "-");
	else
		units_time(ns, text);
}

static void told_text(const json_t *r, const char *key,
		      char text[UNITS_TEXT_MAX])
{
	time_text(doc_number(doc_part(r, "told_ns"), key), text);
}

static void held_text(const json_t *r, const char *key,
		      char text[UNITS_TEXT_MAX])
{
	time_text(doc_number(doc_part(r, "held_up_ns"), key), text);
}

static void errors_text(const json_t *r, const char *key,
			char text[UNITS_TEXT_MAX])
{
	const json_t *error;
	const char *name;
	size_t i, used = 0;

	strcpy(text, "-");
	json_array_foreach(doc_part(r, key), i, error) {
		name = json_string_value(error);
		if (name && used < UNITS_TEXT_MAX)
			used += (size_t)snprintf(text + used,
						 UNITS_TEXT_MAX - used, "%s%s",
						 used ? "," : "", name);
	}
}

static void pairs_text(const json_t *r, const char *key,
		       char text[UNITS_TEXT_MAX])
{
	const json_t *pairs = doc_part(r, key);

	if (json_is_object(pairs))
		snprintf(text, UNITS_TEXT_MAX, "%.0f/%.0f",
			 doc_number(pairs, "began"),
			 doc_number(pairs, "tried"));
	else
		strcpy(text, "-");
}

/* How much of everything, without this program's own bytes. */
static unsigned int left_of(const json_t *r)
{
	const json_t *left = doc_part(r, "left");
	double sum = 0;
	int i;

	for (i = 0; i < LEFT_KINDS; i++)
		if (doc_number(left, leftover_kinds[i]) > 0)
			sum += doc_number(left, leftover_kinds[i]);
	return (unsigned int)sum;
}

static void left_text(const json_t *r, const char *key,
		      char text[UNITS_TEXT_MAX])
{
	(void)key;
	snprintf(text, UNITS_TEXT_MAX, "%u", left_of(r));
}

/*
 * struct column
 * @hits: which it is for, where there is no room for all; 0: the web page alone
 */
static const struct column {
	const char *head;
	int width;
	unsigned int hits;
	text_fn *text;
	const char *key;
} columns[] = {
	{ "on", 4, ALL_HITS, count_text, "went_on" },
	{ "told", 5, ALL_HITS, count_text, "told" },
	{ "hung", 5, ALL_HITS, count_text, "hung" },
	{ "by", 13, KILLED, errors_text, "errors" },
	{ "after", 9, KILLED, told_text, "median" },
	{ "producer", 9, STOPPED | REPLACED, held_text, "producer" },
	{ "consumer", 9, STOPPED | REPLACED, held_text, "consumer" },
	{ "lost", 6, ALL_HITS, count_text, "lost" },
	{ "rep.", 5, ALL_HITS, count_text, "repeated" },
	{ "torn", 5, ALL_HITS, count_text, "torn" },
	{ "next", 0, 0, pairs_text, "next_pairs" },
	{ "left", 0, 0, left_text, "left" },
};

#define NR_COLUMNS	(sizeof(columns) / sizeof(*columns))

static bool is_in(const struct column *c, const struct block *b, int width)
{
	return c->hits && (c->hits & b->bit || width >= WIDE);
}

static void print_heads(FILE *out, const struct block *b, int width)
{
	size_t i;

	fputc('\n', out);
	width_say(out, width, "%s", b->title);
	fprintf(out, "  %-*s%-*s", TABLE_NAME_WIDTH, "transport", WHO_WIDTH,
		"who");
	for (i = 0; i < NR_COLUMNS; i++)
		if (is_in(&columns[i], b, width))
			fprintf(out, "%*s", columns[i].width, columns[i].head);
	fputc('\n', out);
}

static void print_row(FILE *out, const struct block *b, const json_t *r,
		      const char *name, int width)
{
	char text[UNITS_TEXT_MAX];
	const struct column *c;
	size_t i;

	fprintf(out, "  %-*s%-*s", TABLE_NAME_WIDTH, name, WHO_WIDTH,
		doc_text(r, "who"));
	for (i = 0; i < NR_COLUMNS; i++) {
		c = &columns[i];
		if (!is_in(c, b, width))
			continue;
		c->text(r, c->key, text);
		fprintf(out, "%*.*s", c->width, c->width - 1, text);
	}
	fputc('\n', out);
}

static bool is_shown(const json_t *r, const struct block *b)
{
	return !strcmp(doc_text(r, "hit"), b->hit) &&
	       doc_number(r, "hits") > 0;
}

/* The name of a transport in the first of its rows. */
static void print_block(FILE *out, const json_t *doc, const struct block *b,
			int width)
{
	const char *name, *last = "";
	const json_t *r;
	size_t i;

	json_array_foreach(doc_part(doc, "results"), i, r) {
		if (!is_shown(r, b))
			continue;
		if (!*last)
			print_heads(out, b, width);
		name = doc_text(r, "transport");
		print_row(out, b, r, strcmp(name, last) ? name : "", width);
		last = name;
	}
}

static const char *row_text(const json_t *r, char text[WHY_MAX])
{
	size_t i;

	for (i = 0; i + 1 < NR_BLOCKS; i++)
		if (!strcmp(blocks[i].hit, doc_text(r, "hit")))
			break;
	snprintf(text, WHY_MAX, "%s, %s %s", doc_text(r, "transport"),
		 doc_text(r, "who"), blocks[i].markdown);
	return text;
}

static void print_exceptions(FILE *out, const json_t *r, int width)
{
	const json_t *pairs = doc_part(r, "next_pairs");
	const char *error = doc_text(r, "error");
	char what[WHY_MAX];

	row_text(r, what);
	if (doc_number(r, "failed") > 0)
		width_say(out, width, "FAILED: %s: %s", what, error);
	if (doc_number(r, "crashed") > 0)
		width_say(out, width, "CRASHED: %s: %.0f times, by a signal that nobody sent",
			  what, doc_number(r, "crashed"));
	if (doc_number(pairs, "began") < doc_number(pairs, "tried"))
		width_say(out, width, "NO NEXT PAIR: %s: %.0f of %.0f could use the channel's name",
			  what, doc_number(pairs, "began"),
			  doc_number(pairs, "tried"));
	if (left_of(r))
		width_say(out, width, "LEFT BEHIND: %s: %u objects, such as %s",
			  what, left_of(r),
			  doc_text(doc_part(r, "left"), "first"));
}

/* What is as it should be is said once. */
static void print_foot(FILE *out, const json_t *doc, int width)
{
	const json_t *results = doc_part(doc, "results"), *r, *u;
	double tried = 0, began = 0, left = 0;
	size_t i;

	fputc('\n', out);
	json_array_foreach(results, i, r) {
		print_exceptions(out, r, width);
		left += left_of(r);
		if (!json_is_object(doc_part(r, "next_pairs")))
			continue;
		tried += doc_number(doc_part(r, "next_pairs"), "tried");
		began += doc_number(doc_part(r, "next_pairs"), "began");
	}
	width_say(out, width, "after a kill, the next pair could use a channel of the same name %.0f of %.0f times; %.0f objects were left behind",
		  began, tried, left);
	json_array_foreach(results, i, r)
		if (*doc_text(r, "broken") && doc_first_of(results, r) == r)
			width_say(out, width, "BROKEN: %s: %s",
				  doc_text(r, "transport"),
				  doc_text(r, "broken"));
	json_array_foreach(doc_part(doc, "unavailable"), i, u)
		width_say(out, width, "unavailable: %s", doc_text(u, "reason"));
	if (json_is_false(doc_part(doc, "complete")))
		fputs("INTERRUPTED: this is what was complete\n", out);
}

static void print_head(FILE *out, const json_t *doc, int width)
{
	const json_t *env = doc_part(doc, "environment");
	const json_t *settings = doc_part(doc, "settings");
	char text[WHY_MAX];

	width_say(out, width, "%s", doc_run_text(doc, text));
	width_say(out, width, "%s %s %s, %s", doc_text(env, "system"),
		  doc_text(env, "kernel"), doc_text(env, "machine"),
		  doc_text(env, "cpu"));
	width_say(out, width, "%.0f hits a row, at random instants (--seed %.0f); on: the others went on; told: an error of their own call said so; hung: they moved nothing for %.0f ms",
		  doc_number(settings, "kills"), doc_number(settings, "seed"),
		  doc_number(settings, "limit_ms"));
}

void survive_print(FILE *out, const json_t *doc, int width)
{
	size_t i;

	print_head(out, doc, width);
	for (i = 0; i < NR_BLOCKS; i++)
		print_block(out, doc, &blocks[i], width);
	print_foot(out, doc, width);
}

static void markdown_row(FILE *out, const json_t *r, const struct block *b)
{
	char text[UNITS_TEXT_MAX];
	size_t i;

	fprintf(out, "| %s | %s %s |", doc_text(r, "transport"),
		doc_text(r, "who"), b->markdown);
	for (i = 0; i < NR_COLUMNS; i++) {
		columns[i].text(r, columns[i].key, text);
		fprintf(out, " %s |", text);
	}
	fputc('\n', out);
}

int survive_markdown(const json_t *doc, FILE *out)
{
	const json_t *r;
	size_t b, i;

	fputs("| transport | who |", out);
	for (i = 0; i < NR_COLUMNS; i++)
		fprintf(out, " %s |", columns[i].head);
	fputs("\n|---|---|", out);
	for (i = 0; i < NR_COLUMNS; i++)
		fputs("--:|", out);
	fputc('\n', out);
	for (b = 0; b < NR_BLOCKS; b++)
		json_array_foreach(doc_part(doc, "results"), i, r)
			if (is_shown(r, &blocks[b]))
				markdown_row(out, r, &blocks[b]);
	return ferror(out) ? -EIO : 0;
}
