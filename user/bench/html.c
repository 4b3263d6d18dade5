// SPDX-License-Identifier: MIT
/* A page of a document: the machine, the pictures, all numbers. */
#include "html.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "plot.h"
#include "table.h"
#include "../common/units.h"

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<title>shmring-bench</title>\n<style>\n"
	"body { font: 15px/1.5 sans-serif; color: #222; max-width: 1200px; margin: 2em auto; padding: 0 1em; }\n"
	"h1 { font-size: 26px; margin-bottom: 0; }\n"
	"h2 { font-size: 20px; margin: 2em 0 .5em; border-bottom: 1px solid #ccc; }\n"
	"table { border-collapse: collapse; }\n"
	"th { text-align: left; vertical-align: top; font-weight: normal; color: #666; padding: 1px 1.5em 1px 0; white-space: nowrap; }\n"
	"td { padding: 1px 0; }\n"
	"pre { font: 12px/1.35 monospace; overflow-x: auto; background: #f6f6f6; padding: 1em; }\n"
	"svg { width: 100%; height: auto; display: block; }\n"
	".noisy { background: #fff3cd; border: 1px solid #e0c060; padding: .5em 1em; margin: 1em 0; }\n"
	"</style>\n</head>\n<body>\n";

#define TABLE_WIDTH	132

/* Text that must not be taken for markup. */
static void print_text(FILE *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		default:
			fputc(*text, out);
		}
}

static void print_row(FILE *out, const char *name, const char *value)
{
	fputs("<tr><th>", out);
	print_text(out, name);
	fputs("</th><td>", out);
	print_text(out, value);
	fputs("</td></tr>\n", out);
}

static void print_caches(FILE *out, const json_t *env)
{
	char name[64], value[256];
	const json_t *cache;
	size_t i;

	json_array_foreach(doc_part(env, "caches"), i, cache) {
		snprintf(name, sizeof(name), "cache, level %s",
			 doc_text(cache, "level"));
		snprintf(value, sizeof(value), "%s %s, shared by CPUs %s",
			 doc_text(cache, "size"), doc_text(cache, "type"),
			 doc_text(cache, "shared_cpu_list"));
		print_row(out, name, value);
	}
}

/* Each key of an object, after a prefix. */
static void print_object(FILE *out, const char *prefix, const json_t *object)
{
	const char *key;
	json_t *value;
	char name[128];

	/* The macro wants what it does not write to. */
	json_object_foreach((json_t *)object, key, value) {
		snprintf(name, sizeof(name), "%s %s", prefix, key);
		print_row(out, name, json_string_value(value) ?
				     json_string_value(value) : "unknown");
	}
}

static void print_percent(FILE *out, const char *name, double v)
{
	char text[UNITS_TEXT_MAX];

	snprintf(text, sizeof(text), "%.1f %%", v);
	if (!isnan(v))
		print_row(out, name, text);
}

static void print_run(FILE *out, const json_t *run)
{
	static const char *const keys[] = {
		"label", "date", "host", "version", "command"
	};
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (*doc_text(run, keys[i]))
			print_row(out, keys[i], doc_text(run, keys[i]));
}

static void print_memory(FILE *out, double bytes)
{
	char text[UNITS_TEXT_MAX];

	snprintf(text, sizeof(text), "%.1f GiB", bytes / (1 << 30));
	if (!isnan(bytes))
		print_row(out, "memory", text);
}

static void print_environment(FILE *out, const json_t *doc)
{
	static const char *const keys[][2] = {
		{ "kernel", "kernel" }, { "machine", "machine" },
		{ "CPU", "cpu" }, { "hypervisor", "hypervisor" },
		{ "relation of the two CPUs", "relation" },
		{ "by the time it takes they are", "distance" },
		{ "frequency governor", "governor" },
		{ "clock source", "clock_source" },
	};
	const json_t *env = doc_part(doc, "environment");
	char text[UNITS_TEXT_MAX];
	const char *value;
	size_t i;

	fputs("<h2>Environment</h2>\n<table>\n", out);
	print_run(out, doc_part(doc, "run"));
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		value = doc_text(env, keys[i][1]);
		print_row(out, keys[i][0], value[0] ? value : "none, or unknown");
	}
	print_memory(out, doc_number(env, "memory_bytes"));
	if (!isnan(doc_number(env, "clock_ns")))
		print_row(out, "reading the clock takes",
			  units_time(doc_number(env, "clock_ns"), text));
	print_percent(out, "time taken by the hypervisor",
		      doc_number(env, "steal_percent"));
	print_percent(out, "time taken by other programs",
		      doc_number(env, "foreign_percent"));
	print_caches(out, env);
	print_object(out, "CPUs of node", doc_part(env, "nodes"));
	print_object(out, "mitigation:", doc_part(env, "mitigations"));
	fputs("</table>\n", out);
}

static void print_noise(FILE *out, const json_t *doc)
{
	const json_t *noisy = doc_part(doc_part(doc, "environment"), "noisy");
	const json_t *reason;
	size_t i;

	if (!json_array_size(noisy))
		return;
	fputs("<div class=\"noisy\"><b>A noisy run.</b>", out);
	json_array_foreach(noisy, i, reason) {
		fputs("<br>", out);
		print_text(out, json_string_value(reason) ?
				json_string_value(reason) : "");
	}
	fputs("</div>\n", out);
}

/* From the element on: what is before it is for files of their own. */
static int copy_svg(FILE *out, FILE *svg)
{
	bool inside = false;
	char *line = NULL;
	size_t size = 0;

	rewind(svg);
	while (getline(&line, &size, svg) >= 0) {
		inside |= !strncmp(line, "<svg", 4);
		if (inside)
			fputs(line, out);
	}
	free(line);
	return inside ? 0 : -EIO;
}

static int print_plot(FILE *out, const struct plot *p, const json_t *doc)
{
	FILE *svg = tmpfile();
	int err;

	if (!svg)
		return -errno;
	fputs("<h2>", out);
	print_text(out, p->title);
	fputs("</h2>\n", out);
	err = plot_part(p, doc, svg);
	if (!err)
		err = copy_svg(out, svg);
	fclose(svg);
	return err;
}

static int print_plots(FILE *out, const json_t *doc)
{
	const struct plot *const *p;
	int err = 0;

	for (p = plots; *p && !err; p++)
		if ((*p)->height(doc))
			err = print_plot(out, *p, doc);
	return err;
}

/* The same as on the terminal with --verbose. */
static int print_table(FILE *out, const json_t *doc)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return -errno;
	table_print(f, doc, true, TABLE_WIDTH);
	if (fclose(f)) {
		free(text);
		return -errno;
	}
	fputs("<h2>All numbers</h2>\n<pre>", out);
	print_text(out, text);
	fputs("</pre>\n", out);
	free(text);
	return 0;
}

int html_write(const json_t *doc, FILE *out)
{
	int err;

	fputs(head, out);
	fputs("<h1>shmring-bench</h1>\n<p>What moves messages between processes of one host, every byte verified.</p>\n",
	      out);
	print_noise(out, doc);
	err = print_plots(out, doc);
	print_environment(out, doc);
	if (!err)
		err = print_table(out, doc);
	fputs("</body>\n</html>\n", out);
	return err;
}
