// SPDX-License-Identifier: MIT
/*
 * shmring dump: all rings, tab-separated, for scripts.
 *
 * Columns stay where they are for as long as the family's version does; new
 * ones come last.
 */
#include "dump.h"

#include <inttypes.h>
#include <stdlib.h>

#include "args.h"
#include "cmd.h"
#include "json.h"
#include "list.h"

static void header(const struct field *f, const char *prefix, FILE *to)
{
	for (; f->name; f++)
		if (f->type == FIELD_SIDE)
			header(side_fields, f->name, to);
		else
			fprintf(to, "%s%s%s\t", prefix, *prefix ? "_" : "",
				f->name);
}

void dump_header(FILE *to)
{
	header(ring_fields, "", to);
	fputs("numa\n", to);
}

/* What is not known is a hyphen. */
static void values(const struct field *f, const void *info, uint32_t has,
		   FILE *to)
{
	const struct side_info *side;
	int64_t n;

	for (; f->name; f++) {
		n = field_number(f, info);
		side = field_at(f, info);
		if (f->type == FIELD_SIDE)
			values(side_fields, side, side->has, to);
		else if (!(has & HAS(f->attr)))
			fputs("-\t", to);
		else if (f->type == FIELD_NAME)
			fprintf(to, "%s\t", (const char *)field_at(f, info));
		else if (f->words && !f->bits)
			fprintf(to, "%s\t", field_word(f, (uint32_t)n));
		else if (f->octal)
			fprintf(to, "%04" PRIo64 "\t", (uint64_t)n);
		else if (f->type == FIELD_S32)
			fprintf(to, "%" PRId64 "\t", n);
		else
			fprintf(to, "%" PRIu64 "\t", (uint64_t)n);
	}
}

void dump_ring(const struct ring_info *r, FILE *to)
{
	size_t i;

	values(ring_fields, r, r->has, to);
	for (i = 0; i < r->nr_numa; i++)
		fprintf(to, "%s%" PRIu32 ":%" PRIu64, i ? "," : "",
			r->numa[i].node, r->numa[i].pages);
	fputc('\n', to);
}

int cmd_dump(int argc, char **argv)
{
	int head = 0, json = 0, status;
	const struct poptOption table[] = {
		{ "header", 'H', POPT_ARG_NONE, &head, 0,
		  "First a line with the names of the columns", NULL },
		ARGS_JSON(&json),
		POPT_AUTOHELP
		POPT_TABLEEND
	};
	const char *args[ARGS_MAX];
	struct rings all;
	size_t i;

	args_parse(argc, argv, table, "[OPTION...]", 0, 0, args);
	status = all_rings(&all);
	if (status)
		return status;
	if (json) {
		status = json_document(json_rings(&all));
	} else {
		if (head)
			dump_header(stdout);
		for (i = 0; i < all.nr; i++)
			dump_ring(&all.ring[i], stdout);
	}
	rings_free(&all);
	return status;
}
