// SPDX-License-Identifier: MIT
/* A comparison for people: lines on a terminal, a table for a web page. */
#include "compare.h"

#include <errno.h>
#include <string.h>

#include "doc.h"
#include "table.h"
#include "../common/plain.h"
#include "../common/units.h"

static const json_t *part_at(const json_t *o, const char *key, size_t i)
{
	return json_array_get(doc_part(o, key), i);
}

static bool is_verdict(const json_t *run, const char *verdict)
{
	return !strcmp(doc_text(run, "verdict"), verdict);
}

static const char *median_text(const json_t *result, const json_t *run,
			       char text[UNITS_TEXT_MAX])
{
	return doc_value_text(result, doc_number(run, "median"), text);
}

static void print_change(FILE *out, const json_t *result, const json_t *a,
			 const json_t *b)
{
	static const char *const verdicts[][2] = {
		{ "same", "within the noise" },
		{ "faster", "faster" },
		{ "slower", "slower, within the threshold" },
		{ "regression", "REGRESSION" },
	};
	char from[UNITS_TEXT_MAX], to[UNITS_TEXT_MAX];
	size_t i;

	for (i = 0; !is_verdict(b, verdicts[i][0]); i++)
		;
	fprintf(out, "%10s%10s%+10.1f %%  %s\n", median_text(result, a, from),
		median_text(result, b, to), doc_number(b, "change_percent"),
		verdicts[i][1]);
}

/* One of the two has no number. */
static void print_missing(FILE *out, const json_t *result, const json_t *a,
			  const json_t *b)
{
	const char *why = doc_text(b, "error");
	char text[UNITS_TEXT_MAX];

	if (is_verdict(b, "regression"))
		fprintf(out, "REGRESSION: was %s, now FAILED: %s\n",
			median_text(result, a, text), why);
	else if (is_verdict(b, "new"))
		fprintf(out, "new: %s\n", median_text(result, b, text));
	else if (is_verdict(b, "lost"))
		fprintf(out, "was %s, now not measured%s%s\n",
			median_text(result, a, text), why[0] ? ": " : "", why);
	else
		fputs("not measured\n", out);
}

static void print_result(FILE *out, const json_t *result, size_t file)
{
	const json_t *a = part_at(result, "runs", 0);
	const json_t *b = part_at(result, "runs", file);

	fprintf(out, "  %-*s", TABLE_NAME_WIDTH, doc_text(result, "transport"));
	if (doc_is_measured(a) && doc_is_measured(b))
		print_change(out, result, a, b);
	else
		print_missing(out, result, a, b);
}

static void print_differences(FILE *out, const json_t *comparison, size_t file)
{
	const json_t *d;
	size_t i;

	json_array_foreach(doc_part(comparison, "differences"), i, d) {
		if (json_integer_value(doc_part(d, "file")) != (json_int_t)file)
			continue;
		fprintf(out, "not the same %s", doc_text(d, "key"));
		if (json_is_string(doc_part(d, "before")) ||
		    json_is_string(doc_part(d, "after")))
			fprintf(out, ": '%s', then '%s'", doc_text(d, "before"),
				doc_text(d, "after"));
		fputc('\n', out);
	}
	if (json_is_true(doc_part(part_at(comparison, "files", 0), "noisy")))
		fputs("NOISY: the first\n", out);
	if (json_is_true(doc_part(part_at(comparison, "files", file), "noisy")))
		fputs("NOISY: the second\n", out);
}

/* What a file is called: its label, or its name without the folder. */
static const char *file_text(const json_t *file)
{
	const char *path = doc_text(file, "path"), *slash = strrchr(path, '/');
	const char *label = doc_text(doc_part(file, "run"), "label");

	return *label ? label : slash ? slash + 1 : path;
}

static void print_file(FILE *out, const json_t *comparison, size_t file)
{
	const json_t *r, *last = NULL;
	char text[WHY_MAX];
	size_t i;

	fprintf(out, "%s, then %s\n",
		file_text(part_at(comparison, "files", 0)),
		file_text(part_at(comparison, "files", file)));
	print_differences(out, comparison, file);
	json_array_foreach(doc_part(comparison, "results"), i, r) {
		if (!last || !doc_same_group(r, last))
			fprintf(out, "\n%s\n", doc_group_text(r, text));
		print_result(out, r, file);
		last = r;
	}
	fputc('\n', out);
}

void compare_print(FILE *out, const json_t *comparison)
{
	size_t i, regressions = compare_regressions(comparison);

	for (i = 1; i < json_array_size(doc_part(comparison, "files")); i++)
		print_file(out, comparison, i);
	fprintf(out, "%zu regression%s beyond %g %% and the noise\n",
		regressions, regressions == 1 ? "" : "s",
		doc_number(comparison, "threshold_percent"));
}

/* What ends a cell, or begins something else, means itself. */
static void print_escaped(FILE *out, const char *text)
{
	while (*text) {
		if (strchr("\\|`*_<>[]", *text))
			fputc('\\', out);
		fputc(plain_next(&text), out);
	}
}

static void print_cell(FILE *out, const json_t *result, const json_t *run)
{
	char text[UNITS_TEXT_MAX];

	if (!doc_is_measured(run)) {
		fprintf(out, " %s |", is_verdict(run, "regression") ?
			"**failed**" : "-");
		return;
	}
	fprintf(out, " %s", median_text(result, run, text));
	if (is_verdict(run, "regression"))
		fprintf(out, " (**%+.1f %%**)", doc_number(run, "change_percent"));
	else if (is_verdict(run, "same"))
		fputs(" (=)", out);
	else if (is_verdict(run, "faster") || is_verdict(run, "slower"))
		fprintf(out, " (%+.1f %%)", doc_number(run, "change_percent"));
	fputs(" |", out);
}

int compare_markdown(const json_t *comparison, FILE *out)
{
	const json_t *file, *r, *run;
	char text[WHY_MAX];
	size_t i, k;

	fputs("| | |", out);
	json_array_foreach(doc_part(comparison, "files"), i, file) {
		fputc(' ', out);
		print_escaped(out, file_text(file));
		fputs(" |", out);
	}
	fputs("\n|---|---|", out);
	for (i = 0; i < json_array_size(doc_part(comparison, "files")); i++)
		fputs("--:|", out);
	fputc('\n', out);
	json_array_foreach(doc_part(comparison, "results"), i, r) {
		fprintf(out, "| %s | %s |", doc_group_text(r, text),
			doc_text(r, "transport"));
		json_array_foreach(doc_part(r, "runs"), k, run)
			print_cell(out, r, run);
		fputc('\n', out);
	}
	fprintf(out, "\n%zu of these are slower by more than %g %% and the noise (in bold); =: within the noise.\n",
		compare_regressions(comparison),
		doc_number(comparison, "threshold_percent"));
	return ferror(out) ? -EIO : 0;
}
