// SPDX-License-Identifier: MIT
/* Two documents: what has changed. */
#include "compare.h"

#include <math.h>
#include <string.h>

#include "doc.h"
#include "table.h"
#include "../common/units.h"

enum verdict {
	SAME,		/* the intervals meet */
	BETTER,
	WORSE,		/* by less than the threshold */
	REGRESSION,
};

/* How much better, in percent; less is worse. */
static double gain(const json_t *a, const json_t *b)
{
	return 100 * (doc_times_as_fast(a, doc_number(b, "median"),
					doc_number(a, "median")) - 1);
}

static bool intervals_meet(const json_t *a, const json_t *b)
{
	return !(doc_number(a, "low") > doc_number(b, "high") ||
		 doc_number(b, "low") > doc_number(a, "high"));
}

/*
 * The loss is what is missing to the former speed, so that a rate that halves
 * and a time that doubles are the same 50 %.
 */
static enum verdict judge(const json_t *a, const json_t *b, double threshold)
{
	double change = gain(a, b);

	if (intervals_meet(a, b))
		return SAME;
	if (change >= 0)
		return BETTER;
	return -change > threshold ? REGRESSION : WORSE;
}

static const char *median_text(const json_t *r, char text[UNITS_TEXT_MAX])
{
	return doc_value_text(r, doc_number(r, "median"), text);
}

static bool print_change(FILE *out, const json_t *a, const json_t *b,
			 double threshold)
{
	static const char *const verdicts[] = {
		[SAME] = "within the noise",
		[BETTER] = "faster",
		[WORSE] = "slower, within the threshold",
		[REGRESSION] = "REGRESSION",
	};
	enum verdict verdict = judge(a, b, threshold);
	char from[UNITS_TEXT_MAX], to[UNITS_TEXT_MAX];

	fprintf(out, "  %-*s%12s%12s%+10.1f %%  %s\n",
		TABLE_NAME_WIDTH, doc_text(a, "transport"), median_text(a, from),
		median_text(b, to), gain(a, b), verdicts[verdict]);
	return verdict == REGRESSION;
}

/* One of the two has no number. What failed since is worse than any number. */
static bool print_missing(FILE *out, const json_t *a, const json_t *b)
{
	bool lost = doc_is_measured(a) && b &&
		    !strcmp(doc_text(b, "state"), "failed");
	const char *why = b ? doc_text(b, "error") : "";
	char text[UNITS_TEXT_MAX];

	fprintf(out, "  %-*s", TABLE_NAME_WIDTH,
		doc_text(a ? a : b, "transport"));
	if (lost)
		fprintf(out, "REGRESSION: was %s, now FAILED: %s\n",
			median_text(a, text), why);
	else if (b && doc_is_measured(b))
		fprintf(out, "new: %s\n", median_text(b, text));
	else if (a && doc_is_measured(a))
		fprintf(out, "was %s, now not measured%s%s\n",
			median_text(a, text), why[0] ? ": " : "", why);
	else
		fputs("not measured\n", out);
	return lost;
}

static void print_environment(FILE *out, const json_t *a, const json_t *b)
{
	static const char *const keys[] = {
		"kernel", "cpu", "hypervisor", "distance", "governor",
		"clock_source", "mitigations"
	};
	const json_t *from = doc_part(a, "environment");
	const json_t *to = doc_part(b, "environment");
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (json_equal(doc_part(from, keys[i]), doc_part(to, keys[i])))
			continue;
		if (json_is_object(doc_part(from, keys[i])))
			fprintf(out, "not the same %s\n", keys[i]);
		else
			fprintf(out, "not the same %s: '%s', then '%s'\n",
				keys[i], doc_text(from, keys[i]),
				doc_text(to, keys[i]));
	}
	if (json_array_size(doc_part(from, "noisy")))
		fputs("NOISY: the first\n", out);
	if (json_array_size(doc_part(to, "noisy")))
		fputs("NOISY: the second\n", out);
}

static void print_group(FILE *out, const json_t *r, const json_t **group)
{
	char text[WHY_MAX];

	if (!*group || !doc_same_group(r, *group))
		fprintf(out, "\n%s\n", doc_group_text(r, text));
	*group = r;
}

size_t compare_print(FILE *out, const json_t *before, const json_t *after,
		     double threshold)
{
	const json_t *a, *b, *group = NULL;
	size_t i, regressions = 0;

	print_environment(out, before, after);
	json_array_foreach(doc_part(before, "results"), i, a) {
		b = doc_find(after, a, doc_text(a, "transport"));
		print_group(out, a, &group);
		if (doc_is_measured(a) && b && doc_is_measured(b))
			regressions += print_change(out, a, b, threshold);
		else
			regressions += print_missing(out, a, b);
	}
	json_array_foreach(doc_part(after, "results"), i, b) {
		if (doc_find(before, b, doc_text(b, "transport")))
			continue;
		print_group(out, b, &group);
		print_missing(out, NULL, b);
	}
	fprintf(out, "\n%zu regression%s beyond %g %% and the noise\n",
		regressions, regressions == 1 ? "" : "s", threshold);
	return regressions;
}
