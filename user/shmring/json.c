// SPDX-License-Identifier: MIT
/* The same in JSON. */
#include "json.h"

#include <stdio.h>

#include "args.h"
#include "text.h"

static json_t *fields(const struct field *f, const void *info, uint32_t has);

static json_t *bits(const struct field *f, uint32_t value)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < f->nr_words; i++)
		if (value & 1U << i)
			json_array_append_new(array, json_string(f->words[i]));
	return array;
}

static json_t *value(const struct field *f, const void *info)
{
	const struct side_info *side = field_at(f, info);
	int64_t n = field_number(f, info);

	if (f->type == FIELD_SIDE)
		return fields(side_fields, side, side->has);
	if (f->type == FIELD_NAME)
		return json_string(field_at(f, info));
	if (f->type == FIELD_FLAG)
		return json_boolean(n);
	if (f->octal)
		return json_sprintf("%04o", (unsigned int)n);
	if (f->bits)
		return bits(f, (uint32_t)n);
	if (f->words)
		return json_string(field_word(f, (uint32_t)n));
	return json_integer(n);
}

static json_t *fields(const struct field *f, const void *info, uint32_t has)
{
	json_t *o = json_object();

	for (; f->name; f++)
		if (has & HAS(f->attr))
			json_object_set_new(o, f->name, value(f, info));
	return o;
}

json_t *json_ring(const struct ring_info *r)
{
	json_t *o = fields(ring_fields, r, r->has);
	json_t *numa = json_array();
	size_t i;

	for (i = 0; i < r->nr_numa; i++)
		json_array_append_new(numa, json_pack("{s:i, s:I}",
			"node", (int)r->numa[i].node,
			"pages", (json_int_t)r->numa[i].pages));
	json_object_set_new(o, "numa", numa);
	return o;
}

json_t *json_rings(const struct rings *all)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < all->nr; i++)
		json_array_append_new(array, json_ring(&all->ring[i]));
	return array;
}

json_t *json_event(const struct event *e, double time)
{
	json_t *o = json_pack("{s:s, s:f}", "event", event_word(e->cmd),
			      "time", time);

	if (e->ring.has)
		json_object_set_new(o, "ring", json_ring(&e->ring));
	else
		json_object_update_new(o, fields(event_fields, &e->at,
						 e->at.has));
	return o;
}

static int print(json_t *j, size_t flags)
{
	int err = j ? json_dumpf(j, stdout, flags) : -1;

	json_decref(j);
	if (err || putchar('\n') == EOF)
		return fail("cannot write JSON to standard output");
	return 0;
}

int json_document(json_t *j)
{
	return print(j, JSON_INDENT(2));
}

int json_line(json_t *j)
{
	int err = print(j, JSON_COMPACT);

	/* Whoever reads it line by line waits for this one. */
	return err || fflush(stdout) ? EOF : 0;
}
