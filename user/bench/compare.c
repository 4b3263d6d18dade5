// SPDX-License-Identifier: MIT
/* Making the document of a comparison. */
#include "compare.h"

#include <math.h>
#include <string.h>

#include "doc.h"
#include "../common/provenance.h"

/* How much better, in percent; less is worse. */
static double gain(const json_t *a, const json_t *b)
{
	return 100 * (doc_times_as_fast(a, doc_number(b, "median"),
					doc_number(a, "median")) - 1);
}

/* A single sample does not show the noise. */
static bool has_interval(const json_t *r)
{
	return json_array_size(doc_part(r, "samples")) != 1;
}

static bool intervals_meet(const json_t *a, const json_t *b)
{
	return !has_interval(a) || !has_interval(b) ||
	       !(doc_number(a, "low") > doc_number(b, "high") ||
		 doc_number(b, "low") > doc_number(a, "high"));
}

/*
 * The loss is what is missing to the former speed, so that a rate that halves
 * and a time that doubles are the same 50 %. What failed since is worse than any
 * number.
 */
static const char *verdict(const json_t *a, const json_t *b, double threshold)
{
	double change;

	if (!doc_is_measured(a))
		return doc_is_measured(b) ? "new" : "none";
	if (!doc_is_measured(b))
		return strcmp(doc_text(b, "state"), "failed") ? "lost" :
								"regression";
	change = gain(a, b);
	if (intervals_meet(a, b))
		return "same";
	if (change >= 0)
		return "faster";
	return -change > threshold ? "regression" : "slower";
}

/* Copy a part, which may be missing. */
static void copy(json_t *to, const json_t *from, const char *key)
{
	const json_t *part = doc_part(from, key);

	json_object_set_new(to, key, part ? json_deep_copy(part) : json_null());
}

/* @r: what a file has of a result, or NULL; @first: what the first has */
static json_t *run(const json_t *r, const json_t *first)
{
	static const char *const keys[] = {
		"state", "median", "low", "high", "error"
	};
	json_t *o = json_object();
	double change = NAN;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		copy(o, r, keys[i]);
	if (r == first)
		return o;
	if (r && first)
		change = gain(first, r);
	json_object_set_new(o, "change_percent", isfinite(change) ?
			    json_real(change) : json_null());
	return o;
}

/* Like @like in each file; of what is not in one of them the run says nothing. */
static json_t *result(json_t *const *docs, size_t nr, const json_t *like,
		      double threshold, size_t *regressions)
{
	static const char *const keys[] = {
		"test", "transport", "size", "batch", "producers",
		"offered_per_s", "unit"
	};
	const char *name = doc_text(like, "transport"), *word;
	json_t *o = json_object(), *runs = json_array(), *this;
	const json_t *first = doc_find(docs[0], like, name), *r;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		copy(o, like, keys[i]);
	for (i = 0; i < nr; i++) {
		r = doc_find(docs[i], like, name);
		this = run(r, first);
		json_array_append_new(runs, this);
		if (!i)
			continue;
		word = verdict(first, r, threshold);
		json_object_set_new(this, "verdict", json_string(word));
		*regressions += !strcmp(word, "regression");
	}
	json_object_set_new(o, "runs", runs);
	return o;
}

/* Those of each file that are in none before it. */
static json_t *all_results(json_t *const *docs, size_t nr, double threshold,
			   size_t *regressions)
{
	json_t *all = json_array();
	size_t i, k, before;
	const json_t *r;

	for (i = 0; i < nr; i++)
		json_array_foreach(doc_part(docs[i], "results"), k, r) {
			for (before = 0; before < i; before++)
				if (doc_find(docs[before], r,
					     doc_text(r, "transport")))
					break;
			if (before == i)
				json_array_append_new(all, result(docs, nr, r,
					threshold, regressions));
		}
	return all;
}

static json_t *differences(json_t *const *docs, size_t nr)
{
	static const char *const keys[] = {
		"kernel", "cpu", "hypervisor", "distance", "governor",
		"clock_source", "mitigations", "memory_bytes"
	};
	const json_t *from = doc_part(docs[0], "environment"), *to;
	json_t *all = json_array(), *o;
	size_t i, k;

	for (i = 1; i < nr; i++) {
		to = doc_part(docs[i], "environment");
		for (k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
			/* Files from before one of them was known lack it. */
			if (!doc_part(from, keys[k]) || !doc_part(to, keys[k]) ||
			    json_equal(doc_part(from, keys[k]),
				       doc_part(to, keys[k])))
				continue;
			o = json_pack("{s:s, s:i, s:O, s:O}", "key", keys[k],
				      "file", (int)i,
				      "before", doc_part(from, keys[k]),
				      "after", doc_part(to, keys[k]));
			json_array_append_new(all, o);
		}
	}
	return all;
}

static json_t *files(json_t *const *docs, const char *const *paths, size_t nr)
{
	json_t *all = json_array(), *o;
	const json_t *env;
	size_t i;

	for (i = 0; i < nr; i++) {
		env = doc_part(docs[i], "environment");
		o = json_pack("{s:o, s:b}", "path", provenance_text(paths[i]),
			      "noisy", json_array_size(doc_part(env, "noisy")) > 0);
		copy(o, docs[i], "run");
		json_array_append_new(all, o);
	}
	return all;
}

json_t *compare_make(json_t *const *docs, const char *const *paths, size_t nr,
		     double threshold)
{
	size_t regressions = 0;
	json_t *results = all_results(docs, nr, threshold, &regressions);

	return json_pack("{s:s, s:f, s:o, s:o, s:o, s:I}",
			 "schema", COMPARE_SCHEMA,
			 "threshold_percent", threshold,
			 "files", files(docs, paths, nr),
			 "differences", differences(docs, nr),
			 "results", results,
			 "regressions", (json_int_t)regressions);
}

size_t compare_regressions(const json_t *comparison)
{
	return (size_t)json_integer_value(doc_part(comparison, "regressions"));
}
