/* SPDX-License-Identifier: MIT */
/*
 * The document: all that is known of a run, as schema.json describes it. The
 * table, the CSV, the pictures and comparisons are made of it alone, so they
 * are the same for a run of today and for a file of last week.
 */
#ifndef BENCH_DOC_H
#define BENCH_DOC_H

#include <jansson.h>
#include <stdio.h>

#include "noise.h"
#include "plan.h"
#include "../common/units.h"

#define DOC_SCHEMA	"shmring-bench/2"
#define DOC_LIST_SCHEMA	"shmring-bench-list/1"

/* Significant ones, of numbers; more than any measurement has. */
#define DOC_DIGITS	6

/* @complete: it was not interrupted. NULL when there is no memory. */
json_t *doc_make(const struct plan *plan, const struct options *o,
		 const struct noise *noise, bool complete, const char *label);

/* What there is to measure: tests and transports. NULL without memory. */
json_t *doc_list(void);

/* As JSON. 0 or -errno. */
int doc_write(const json_t *doc, FILE *out);

/* Any JSON, without control characters; NULL and @why it is none. */
json_t *doc_load(const char *path, char why[WHY_MAX]);

/* @doc if it is one of measurements; else it goes: NULL and @why. */
json_t *doc_checked(json_t *doc, char why[WHY_MAX]);

/* Both: one that doc_write() made. */
json_t *doc_read(const char *path, char why[WHY_MAX]);

/* May it be the name of a transport? */
bool doc_is_name(const char *text);

/*
 * A document with the results of one test, or of @nr transports, 0 being all
 * of them. NULL without memory.
 */
json_t *doc_of_test(const json_t *doc, enum test_id id);
json_t *doc_of_transports(const json_t *doc,
			  const struct transport *const *chosen, size_t nr);

/* Parts of it; of what is not there: null, NAN, "". */
const json_t *doc_part(const json_t *o, const char *key);
double doc_number(const json_t *o, const char *key);
const char *doc_text(const json_t *o, const char *key);

/* Does this result have a number? */
bool doc_is_measured(const json_t *result);

/* Is the interval so wide, in percent, that the median says little? */
#define DOC_WIDE_PERCENT	20
bool doc_is_wide(const json_t *result);

/* Messages at a fixed rate: did it come to less? */
bool doc_is_overloaded(const json_t *result);

/* @v, in the unit of @result */
const char *doc_value_text(const json_t *result, double v,
			   char text[UNITS_TEXT_MAX]);

/* The test of a result; NULL for one that this program does not know. */
const struct test *doc_test(const json_t *result);

/* Can the two be compared: the same test, size and so on? */
bool doc_same_group(const json_t *a, const json_t *b);

/* The first result after @from that begins another group, or the end. */
size_t doc_group_end(const json_t *results, size_t from);

/* The first of the same transport. */
const json_t *doc_first_of(const json_t *results, const json_t *result);

/* "throughput, 8 B, 64 per publish" */
const char *doc_group_text(const json_t *result, char text[WHY_MAX]);

/* The result of @transport in the group of @like, or NULL. */
const json_t *doc_find(const json_t *doc, const json_t *like,
		       const char *transport);

/* "2026-11-28T07:00:12Z, host, shmring-bench 1.0, label"; "" of old files */
const char *doc_run_text(const json_t *doc, char text[WHY_MAX]);

/* How many times as fast @v is as @base, whichever way the unit counts. */
double doc_times_as_fast(const json_t *result, double v, double base);

#endif /* BENCH_DOC_H */
