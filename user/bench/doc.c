// SPDX-License-Identifier: MIT
/* Reading the document: files, and its parts. */
#include "doc.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/plain.h"
#include "../common/units.h"

int doc_write(const json_t *doc, FILE *out)
{
	errno = 0;
	if (json_dumpf(doc, out, JSON_INDENT(2) | JSON_REAL_PRECISION(DOC_DIGITS)) ||
	    fputc('\n', out) == EOF)
		return errno ? -errno : -EIO;
	return 0;
}

static const struct test *find_test(const char *name)
{
	int i;

	for (i = 0; i < TEST_COUNT; i++)
		if (!strcmp(tests[i].name, name))
			return &tests[i];
	return NULL;
}

/* Nothing else is a name, and gnuplot executes some of what is not. */
bool doc_is_name(const char *text)
{
	return *text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

/* What groups are made of. Where a key is missing nothing is like anything. */
static bool has_shape(const json_t *r)
{
	return doc_number(r, "size") >= 1 && doc_number(r, "size") < 1e18 &&
	       doc_number(r, "batch") >= 1 && doc_number(r, "producers") >= 1 &&
	       json_object_get(r, "offered_per_s");
}

/* What the rest of this program relies on. */
static bool is_ours(const json_t *doc)
{
	const json_t *results = json_object_get(doc, "results");
	const json_t *r;
	size_t i;

	if (strcmp(doc_text(doc, "schema"), DOC_SCHEMA) ||
	    !json_is_array(results) ||
	    !json_is_object(json_object_get(doc, "environment")))
		return false;
	json_array_foreach(results, i, r)
		if (!find_test(doc_text(r, "test")) ||
		    !doc_is_name(doc_text(r, "transport")) || !has_shape(r))
			return false;
	return true;
}

/* A file may come from anybody, and what it says is printed. */
static bool make_doc_plain(json_t *v)
{
	bool made = true;
	const char *key;
	json_t *item;
	char *text;
	size_t i;

	if (json_is_string(v) && !is_plain(json_string_value(v))) {
		text = strdup(json_string_value(v));
		if (text)
			make_plain(text);
		made = text && !json_string_set(v, text);
		free(text);
	}
	json_object_foreach(v, key, item)
		made = make_doc_plain(item) && made;
	json_array_foreach(v, i, item)
		made = make_doc_plain(item) && made;
	return made;
}

/* NULL, and why not. */
static json_t *load(FILE *f, char why[WHY_MAX])
{
	json_error_t error;
	json_t *doc;

	errno = 0;
	doc = json_loadf(f, 0, &error);
	if (doc && make_doc_plain(doc))
		return doc;
	/* To the library a string without memory is one that is wrong. */
	if (doc || errno == ENOMEM) {
		snprintf(why, WHY_MAX, "out of memory");
	} else {
		snprintf(why, WHY_MAX, "not JSON: line %d: %s", error.line,
			 error.text);
		make_plain(why);
	}
	json_decref(doc);
	return NULL;
}

json_t *doc_load(const char *path, char why[WHY_MAX])
{
	json_t *doc;
	FILE *f = fopen(path, "re");

	if (!f) {
		snprintf(why, WHY_MAX, "cannot read it: %s", strerror(errno));
		return NULL;
	}
	doc = load(f, why);
	fclose(f);
	return doc;
}

json_t *doc_checked(json_t *doc, char why[WHY_MAX])
{
	if (is_ours(doc))
		return doc;
	snprintf(why, WHY_MAX,
		 "not a file of results in the schema %s, as --json writes it",
		 DOC_SCHEMA);
	json_decref(doc);
	return NULL;
}

json_t *doc_read(const char *path, char why[WHY_MAX])
{
	json_t *doc = doc_load(path, why);

	return doc ? doc_checked(doc, why) : NULL;
}

/* A copy with an empty list of results. */
static json_t *without_results(const json_t *doc)
{
	json_t *part = json_copy((json_t *)doc);

	json_object_set_new(part, "results", json_array());
	return part;
}

static void add_result(json_t *part, const json_t *result)
{
	json_array_append(json_object_get(part, "results"), (json_t *)result);
}

json_t *doc_of_test(const json_t *doc, enum test_id id)
{
	json_t *part = without_results(doc);
	const json_t *r;
	size_t i;

	json_array_foreach(doc_part(doc, "results"), i, r)
		if (doc_test(r) == &tests[id])
			add_result(part, r);
	if (id != TEST_TOPOLOGY)
		json_object_set_new(part, "topology", json_array());
	return part;
}

static bool is_one_of(const char *name, const struct transport *const *chosen,
		      size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (!strcmp(chosen[i]->name, name))
			return true;
	return !nr;
}

json_t *doc_of_transports(const json_t *doc,
			  const struct transport *const *chosen, size_t nr)
{
	json_t *part = without_results(doc), *unavailable = json_array();
	const json_t *r;
	size_t i;

	json_array_foreach(doc_part(doc, "results"), i, r)
		if (is_one_of(doc_text(r, "transport"), chosen, nr))
			add_result(part, r);
	json_array_foreach(doc_part(doc, "unavailable"), i, r)
		if (is_one_of(doc_text(r, "transport"), chosen, nr))
			json_array_append(unavailable, (json_t *)r);
	json_object_set_new(part, "unavailable", unavailable);
	return part;
}

const json_t *doc_part(const json_t *o, const char *key)
{
	return json_object_get(o, key);
}

double doc_number(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

const char *doc_text(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

bool doc_is_measured(const json_t *result)
{
	return !isnan(doc_number(result, "median"));
}

bool doc_is_wide(const json_t *result)
{
	return doc_number(result, "high") - doc_number(result, "low") >
	       doc_number(result, "median") * DOC_WIDE_PERCENT / 100;
}

bool doc_is_overloaded(const json_t *result)
{
	return doc_number(result, "achieved_per_s") <
	       0.95 * doc_number(result, "offered_per_s");
}

const char *doc_value_text(const json_t *result, double v,
			   char text[UNITS_TEXT_MAX])
{
	return doc_test(result)->is_time ? units_time(v, text) :
					   units_rate(v, text);
}

const struct test *doc_test(const json_t *result)
{
	const struct test *test = find_test(doc_text(result, "test"));

	assert(test);	/* is_ours() */
	return test;
}

bool doc_same_group(const json_t *a, const json_t *b)
{
	static const char *const keys[] = {
		"test", "size", "batch", "producers", "offered_per_s"
	};
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!json_equal(doc_part(a, keys[i]), doc_part(b, keys[i])))
			return false;
	return true;
}

size_t doc_group_end(const json_t *results, size_t from)
{
	const json_t *first = json_array_get(results, from);

	do {
		from++;
	} while (from < json_array_size(results) &&
		 doc_same_group(first, json_array_get(results, from)));
	return from;
}

const json_t *doc_first_of(const json_t *results, const json_t *result)
{
	const json_t *r;
	size_t i;

	json_array_foreach(results, i, r)
		if (!strcmp(doc_text(r, "transport"),
			    doc_text(result, "transport")))
			return r;
	return NULL;
}

const char *doc_group_text(const json_t *result, char text[WHY_MAX])
{
	const struct test *test = doc_test(result);
	char bytes[UNITS_TEXT_MAX], rate[UNITS_TEXT_MAX], more[64] = "";

	if (test->batched)
		snprintf(more, sizeof(more), ", %.0f per publish",
			 doc_number(result, "batch"));
	else if (test->many)
		snprintf(more, sizeof(more), ", %.0f producers",
			 doc_number(result, "producers"));
	else if (test->paced)
		snprintf(more, sizeof(more), ", offered %s",
			 units_rate(doc_number(result, "offered_per_s"), rate));
	snprintf(text, WHY_MAX, "%s, %s%s", test->name,
		 units_bytes((uint64_t)doc_number(result, "size"), bytes),
		 more);
	return text;
}

const json_t *doc_find(const json_t *doc, const json_t *like,
		       const char *transport)
{
	const json_t *r;
	size_t i;

	json_array_foreach(doc_part(doc, "results"), i, r)
		if (!strcmp(doc_text(r, "transport"), transport) &&
		    doc_same_group(r, like))
			return r;
	return NULL;
}

const char *doc_run_text(const json_t *doc, char text[WHY_MAX])
{
	const json_t *run = doc_part(doc, "run");
	const char *label = doc_text(run, "label");

	text[0] = 0;
	if (run)
		snprintf(text, WHY_MAX, "%s, %s, shmring-bench %s%s%s",
			 doc_text(run, "date"), doc_text(run, "host"),
			 doc_text(run, "version"), *label ? ", " : "", label);
	return text;
}

double doc_times_as_fast(const json_t *result, double v, double base)
{
	return doc_test(result)->is_time ? base / v : v / base;
}
