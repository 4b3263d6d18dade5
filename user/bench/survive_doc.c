// SPDX-License-Identifier: MIT
/* The document of who survived whom. */
#include "survive.h"

#include <string.h>

#include "csv.h"
#include "doc.h"
#include "env.h"
#include "../common/provenance.h"
#include "../common/stats.h"

static const char *const hit_names[HITS] = {
	[HIT_KILL] = "kill",
	[HIT_STOP] = "stop",
	[HIT_REPLACE] = "replace",
};

static const char *const victim_names[VICTIMS] = {
	[VICTIM_PRODUCER] = "producer",
	[VICTIM_CONSUMER] = "consumer",
	[VICTIM_ONE_OF_TWO] = "one of two",
};

static json_t *time_or_null(uint64_t ns)
{
	return ns ? json_integer((json_int_t)ns) : json_null();
}

/* Some errors have no name that this library knows. */
static json_t *errors(const struct row *r)
{
	json_t *all = json_array();
	const char *name;
	int i;

	for (i = 0; i < ROW_ERRORS && r->errors[i]; i++) {
		name = strerrorname_np(-r->errors[i]);
		json_array_append_new(all, name ? json_string(name) :
				      json_sprintf("%d", -r->errors[i]));
	}
	return all;
}

static json_t *told(const struct row *r)
{
	struct stats s;

	if (!r->nr_told)
		return json_null();
	s = stats_of(r->told, r->nr_told);
	return json_pack("{s:i, s:I, s:I}", "count", (int)r->nr_told,
			 "median", (json_int_t)s.median,
			 "max", (json_int_t)s.max);
}

static json_t *leftover(const struct leftover *l)
{
	json_t *o = json_object();
	int i;

	for (i = 0; i < LEFT_KINDS; i++)
		json_object_set_new(o, leftover_kinds[i],
				    json_integer(l->nr[i]));
	json_object_set_new(o, "bytes", json_integer((json_int_t)l->bytes));
	json_object_set_new(o, "first", l->first[0] ? json_string(l->first) :
						      json_null());
	return o;
}

static const char *state_of(const struct row *r)
{
	return r->failed ? "failed" : r->hits ? "measured" : "stopped";
}

static void set_outcomes(json_t *o, const struct row *r)
{
	static const char *const keys[OUTCOMES] = {
		[OUTCOME_WENT_ON] = "went_on",
		[OUTCOME_TOLD] = "told",
		[OUTCOME_HUNG] = "hung",
		[OUTCOME_CRASHED] = "crashed",
	};
	int i;

	for (i = 0; i < OUTCOMES; i++)
		json_object_set_new(o, keys[i], json_integer(r->outcomes[i]));
	json_object_set_new(o, "errors", errors(r));
	json_object_set_new(o, "told_ns", told(r));
	json_object_set_new(o, "held_up_ns", json_pack("{s:o, s:o}",
		"producer", time_or_null(r->held_ns[SIDE_PRODUCER]),
		"consumer", time_or_null(r->held_ns[SIDE_CONSUMER])));
}

static json_t *result(const struct row *r)
{
	const struct cell *c = r->cell;
	json_t *o = json_pack("{s:s, s:s, s:s, s:i, s:I, s:s, s:i, s:i}",
			      "transport", c->transport->name,
			      "hit", hit_names[r->hit],
			      "who", victim_names[r->victim],
			      "size", (int)c->shape.size,
			      "capacity", (json_int_t)c->capacity,
			      "state", state_of(r),
			      "hits", (int)r->hits,
			      "failed", (int)r->failed);

	set_outcomes(o, r);
	json_object_update_new(o, json_pack("{s:I, s:I, s:I, s:I}",
			       "sent", (json_int_t)r->sent,
			       "lost", (json_int_t)r->lost,
			       "repeated", (json_int_t)r->repeated,
			       "torn", (json_int_t)r->torn));
	json_object_set_new(o, "next_pairs", r->pairs ?
			    json_pack("{s:i, s:i}", "tried", (int)r->pairs,
				      "began", (int)r->next_pairs) :
			    json_null());
	json_object_set_new(o, "to_remove", leftover(&r->to_remove));
	json_object_set_new(o, "left", leftover(&r->left));
	json_object_set_new(o, "broken", c->transport->broken ?
			    json_string(c->transport->broken) : json_null());
	json_object_set_new(o, "error", r->why[0] ? json_string(r->why) :
						    json_null());
	return o;
}

static void set_results(json_t *doc, const struct survival *s)
{
	json_t *results = json_array(), *unavailable = json_array();
	const struct cell *c;
	size_t i;

	for (i = 0; i < s->nr_rows; i++)
		json_array_append_new(results, result(&s->rows[i]));
	for (i = 0; i < s->nr_cells; i++) {
		c = &s->cells[i];
		if (c->state == CELL_OK)
			continue;
		json_array_append_new(unavailable, json_pack("{s:s, s:s}",
			"transport", c->transport->name, "reason", c->why));
	}
	json_object_set_new(doc, "results", results);
	json_object_set_new(doc, "unavailable", unavailable);
}

json_t *survive_doc(const struct survival *s, const char *label)
{
	const struct options *o = s->options;
	json_t *doc = json_pack("{s:s, s:b, s:o, s:o, s:{s:I, s:I, s:I, s:o}}",
				"schema", SURVIVE_SCHEMA,
				"complete", s->complete,
				"run", provenance(label),
				"environment", env_json(o),
				"settings", "kills", (json_int_t)o->kills,
				"seed", (json_int_t)o->seed,
				"limit_ms", (json_int_t)o->limit_ms,
				"ring_bytes", o->ring_bytes ?
				json_integer((json_int_t)o->ring_bytes) :
				json_null());

	if (doc)
		set_results(doc, s);
	return doc;
}

static bool is_one_of(const char *text, const char *const *names, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		if (!strcmp(text, names[i]))
			return true;
	return false;
}

bool survive_is_ours(const json_t *doc)
{
	const json_t *results = json_object_get(doc, "results"), *r;
	size_t i;

	if (strcmp(doc_text(doc, "schema"), SURVIVE_SCHEMA) ||
	    !json_is_array(results))
		return false;
	json_array_foreach(results, i, r)
		if (!doc_is_name(doc_text(r, "transport")) ||
		    !is_one_of(doc_text(r, "hit"), hit_names, HITS) ||
		    !is_one_of(doc_text(r, "who"), victim_names, VICTIMS))
			return false;
	return true;
}

/* Keys of a result, in the order of the columns. */
static const char *const columns[] = {
	"transport", "hit", "who", "size", "capacity", "state", "hits",
	"failed", "went_on", "told", "hung", "crashed", "told_ns.count",
	"told_ns.median", "told_ns.max", "held_up_ns.producer",
	"held_up_ns.consumer", "sent", "lost", "repeated", "torn",
	"next_pairs.tried", "next_pairs.began", "left.files", "left.queues",
	"left.segments", "left.semaphores", "left.message_queues",
	"left.rings", "left.processes", "left.descriptors", "left.bytes",
	"error",
};

int survive_csv(const json_t *doc, FILE *out)
{
	return csv_write_keys(doc, out, columns,
			      sizeof(columns) / sizeof(*columns));
}
