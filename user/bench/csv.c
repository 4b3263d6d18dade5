// SPDX-License-Identifier: MIT
/* The results for spreadsheets. */
#include "csv.h"

#include <errno.h>
#include <string.h>

#include "doc.h"

/* Keys of a result; those after a dot are keys of a part of it. */
static const char *const keys[] = {
	"test", "transport", "size", "batch", "producers", "offered_per_s",
	"capacity", "unit", "state", "median", "low", "high", "min", "max",
	"bytes_per_s", "of_two_flag", "of_copy", "achieved_per_s",
	"percentiles.p50", "percentiles.p90", "percentiles.p99",
	"percentiles.p99_9", "percentiles.p99_99", "percentiles.max",
	"percentiles.count", "per_message.cpu_ns", "per_message.syscalls",
	"per_message.voluntary_switches", "per_message.involuntary_switches",
	"per_message.minor_faults", "per_message.major_faults", "error",
};

/* The same in each line: where it comes from. */
static const char *const run_keys[] = {
	"run.date", "run.host", "run.version", "run.label", "run.command",
	"environment.kernel", "environment.cpu", "environment.memory_bytes",
};

#define NR_RUN_KEYS	(sizeof(run_keys) / sizeof(*run_keys))

static const json_t *find(const json_t *result, const char *key)
{
	const char *dot = strchr(key, '.');
	char part[32];

	if (!dot)
		return doc_part(result, key);
	snprintf(part, sizeof(part), "%.*s", (int)(dot - key), key);
	return doc_part(doc_part(result, part), dot + 1);
}

static void print_text(FILE *out, const char *text)
{
	if (!strpbrk(text, ",\"\n\r")) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void print_value(FILE *out, const json_t *v)
{
	if (json_is_string(v))
		print_text(out, json_string_value(v));
	else if (json_is_integer(v))
		fprintf(out, "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v))
		fprintf(out, "%.6g", json_real_value(v));
}

static char end(size_t run_key)
{
	return run_key + 1 < NR_RUN_KEYS ? ',' : '\n';
}

int csv_write_keys(const json_t *doc, FILE *out, const char *const *keys,
		   size_t nr)
{
	const json_t *result;
	size_t i, k;

	for (k = 0; k < nr; k++)
		fprintf(out, "%s,", keys[k]);
	for (k = 0; k < NR_RUN_KEYS; k++)
		fprintf(out, "%s%c", run_keys[k], end(k));
	json_array_foreach(doc_part(doc, "results"), i, result) {
		for (k = 0; k < nr; k++) {
			print_value(out, find(result, keys[k]));
			fputc(',', out);
		}
		for (k = 0; k < NR_RUN_KEYS; k++) {
			print_value(out, find(doc, run_keys[k]));
			fputc(end(k), out);
		}
	}
	return ferror(out) ? -EIO : 0;
}

int csv_write(const json_t *doc, FILE *out)
{
	return csv_write_keys(doc, out, keys, sizeof(keys) / sizeof(*keys));
}
