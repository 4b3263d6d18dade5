// SPDX-License-Identifier: MIT
/* shmring apply: make the rings that files describe, a line each. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/units.h"
#include "args.h"
#include "cmd.h"
#include "kernel.h"
#include "memory.h"
#include "values.h"

#define FOLDER		"/etc/shmring.d"
#define SUFFIX		".conf"
#define BLANK		" \t\r\n"
#define PER_CENT	100

/* struct place - where a line is, for what is said of it */
struct place {
	const char *file;
	unsigned int line;
};

/* One line about @at; returns EXIT_FAILURE. */
__attribute__((format(printf, 2, 3)))
static int fail_at(const struct place *at, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return fail("%s:%u: %s", at->file, at->line, text);
}

static const char *parse_size(const char *text, struct shmring_opts *o)
{
	if (!units_parse_size(text, strlen(text), &o->ring_bytes) ||
	    !o->ring_bytes)
		return "not a size, such as 64K or 1M";
	return NULL;
}

static const char *parse_mode(const char *text, struct shmring_opts *o)
{
	return value_mode(text, &o->mode);
}

static const char *parse_record(const char *text, struct shmring_opts *o)
{
	uint64_t bytes;

	if (!units_parse_size(text, strlen(text), &bytes) || bytes > UINT32_MAX)
		return "not the size of a record, such as 64";
	o->record_size = (uint32_t)bytes;
	return NULL;
}

/* "1!": every page there, or no ring. */
static const char *parse_node(const char *text, struct shmring_opts *o)
{
	size_t len = strcspn(text, "!");
	char node[16];

	if (len >= sizeof(node) || (text[len] && text[len + 1]))
		return "not a node";
	if (text[len])
		o->flags |= SHMRING_OPEN_STRICT;
	snprintf(node, sizeof(node), "%.*s", (int)len, text);
	return value_node(node, &o->node);
}

static const char *parse_mark(const char *text, struct shmring_opts *o)
{
	uint64_t percent;

	if (!units_parse_size(text, strlen(text), &percent) ||
	    percent > PER_CENT)
		return "not a number from 0 to 100";
	o->high_water = (uint32_t)percent;
	return NULL;
}

/* What comes behind the name; "-" or nothing is what create does without. */
static const struct column {
	const char *name;
	const char *(*parse)(const char *text, struct shmring_opts *o);
} columns[] = {
	{ "size", parse_size },
	{ "mode", parse_mode },
	{ "owner", value_owner },
	{ "record size", parse_record },
	{ "node", parse_node },
	{ "high-water mark", parse_mark },
};

#define COLUMNS	(sizeof(columns) / sizeof(*columns))

static int parse_columns(const struct place *at, char **rest,
			 struct shmring_opts *o)
{
	const char *text, *why;
	size_t i;

	for (i = 0; (text = strtok_r(NULL, BLANK, rest)); i++) {
		if (i == COLUMNS)
			return fail_at(at, "'%s': one value too many", text);
		if (!strcmp(text, "-"))
			continue;
		why = columns[i].parse(text, o);
		if (why)
			return fail_at(at, "%s %s: %s", columns[i].name, text,
				       why);
	}
	return EXIT_SUCCESS;
}

/* The ring that is there, as far as it shows. */
static bool look(const char *address, struct ring_info *r)
{
	const char *name = args_dev_name(address);

	return name ? kernel_find(name, r) : !memory_ring(address, r);
}

/* Made before, and the same: nothing to do. */
static int check_existing(const struct place *at, const char *address,
			  const struct shmring_opts *o)
{
	struct ring_info r = { 0 };

	if (!look(address, &r))
		return EXIT_SUCCESS;
	ring_info_free(&r);	/* of its lists; the numbers stay */
	if (o->ring_bytes && r.size != o->ring_bytes)
		return fail_at(at, "%s is there, with %llu bytes rather than %llu: shmring destroy takes its name away",
			       address, (unsigned long long)r.size,
			       (unsigned long long)o->ring_bytes);
	if (r.record_size != o->record_size)
		return fail_at(at, "%s is there, with a record size of %u rather than %u: shmring destroy takes its name away",
			       address, r.record_size, o->record_size);
	return EXIT_SUCCESS;
}

static int make(const struct place *at, const char *address,
		const struct shmring_opts *o)
{
	struct shmring *r = shmring_open(address, SHMRING_ROLE_NONE, o);

	if (r) {
		shmring_close(r);
		return EXIT_SUCCESS;
	}
	if (errno == EEXIST)
		return check_existing(at, address, o);
	return fail_at(at, "%s", shmring_errmsg());
}

static int apply_line(const struct place *at, char *line)
{
	struct shmring_opts o = SHMRING_OPTS_INIT;
	char address[ADDRESS_MAX], *rest;
	const char *name = strtok_r(line, BLANK, &rest);
	bool shm;

	if (!name || *name == '#')
		return EXIT_SUCCESS;
	shm = !strncmp(name, "shm:", 4);
	if ((strchr(name, ':') && !shm) ||
	    snprintf(address, sizeof(address), "%s%s", shm ? "" : "dev:",
		     name) >= ADDRESS_MAX)
		return fail_at(at, "%.64s: not the name of a ring", name);
	o.flags = SHMRING_OPEN_CREATE | SHMRING_OPEN_EXCL;
	return parse_columns(at, &rest, &o) ?: make(at, address, &o);
}

/* All of a file, whatever is wrong with some of its lines. */
static int apply_file(const char *file)
{
	struct place at = { .file = file };
	int status = EXIT_SUCCESS;
	FILE *f = fopen(file, "re");
	char *line = NULL;
	size_t max = 0;

	if (!f)
		return fail("%s: %s", file, strerror(errno));
	while (getline(&line, &max, f) >= 0) {
		at.line++;
		if (apply_line(&at, line))
			status = EXIT_FAILURE;
	}
	if (ferror(f))
		status = fail("%s: %s", file, strerror(errno));
	free(line);
	fclose(f);
	return status;
}

static int is_conf(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > strlen(SUFFIX) && *entry->d_name != '.' &&
	       !strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX);
}

/* Those in a folder, by name; that there is none is no error. */
static int apply_folder(const char *folder)
{
	int status = EXIT_SUCCESS, nr, i;
	struct dirent **names;
	char *file;

	nr = scandir(folder, &names, is_conf, alphasort);
	if (nr < 0)
		return errno == ENOENT ? EXIT_SUCCESS :
		       fail("%s: %s", folder, strerror(errno));
	for (i = 0; i < nr; i++) {
		if (asprintf(&file, "%s/%s", folder, names[i]->d_name) < 0) {
			status = fail("no memory");
			break;
		}
		if (apply_file(file))
			status = EXIT_FAILURE;
		free(file);
	}
	while (nr--)
		free(names[nr]);
	free(names);
	return status;
}

int cmd_apply(int argc, char **argv)
{
	static char *root;
	const struct poptOption table[] = {
		{ "root", 0, POPT_ARG_STRING, &root, 0,
		  "Read the files of DIR" FOLDER, "DIR" },
		POPT_AUTOHELP
		POPT_TABLEEND
	};
	const char *args[ARGS_MAX];
	char folder[PATH_MAX];

	if (args_parse(argc, argv, table, "[OPTION...] [FILE]", 0, 1, args)) {
		if (root)
			refuse("--root is for the files below it: without %s",
			       args[0]);
		return apply_file(args[0]);
	}
	if (snprintf(folder, sizeof(folder), "%s" FOLDER, root ? root : "") >=
	    PATH_MAX)
		refuse("--root %.32s...: the name is too long", root);
	return apply_folder(folder);
}
