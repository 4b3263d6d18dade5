// SPDX-License-Identifier: MIT
/*
 * Schema shmring-bench/1: an object with
 *	schema		"shmring-bench/1"
 *	environment	kernel, machine, cpu, cpus, distance, two_flag_ns,
 *			ring_bytes, duration_ms
 *	results		an object each: test, transport, size, batch, unit,
 *			median, min, max, repeats, verified; and where there is
 *			no number: these three null, verified false, error
 *	unavailable	an object each: transport, reason
 */
#include "json.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/utsname.h>

#include "cpus.h"
#include "results.h"

static json_t *result(const struct cell *c)
{
	struct stats s;
	json_t *o = json_pack("{s:s, s:s, s:i, s:i, s:s}",
			      "test", tests[c->test].name,
			      "transport", c->transport->name,
			      "size", (int)c->size,
			      "batch", (int)c->batch,
			      "unit", tests[c->test].unit);
	bool ok = results_of(c, &s);

	if (!o)
		return NULL;
	json_object_set_new(o, "median", ok ? json_real(s.median) : json_null());
	json_object_set_new(o, "min", ok ? json_real(s.min) : json_null());
	json_object_set_new(o, "max", ok ? json_real(s.max) : json_null());
	json_object_set_new(o, "repeats", json_integer((json_int_t)c->nr));
	json_object_set_new(o, "verified", json_boolean(ok));
	if (!ok)
		json_object_set_new(o, "error", json_string(c->why[0] ? c->why :
						"stopped before"));
	return o;
}

static json_t *environment(const struct plan *plan, const struct options *o)
{
	bool ok = false;
	char model[256];
	struct utsname u;
	struct stats s;

	uname(&u);
	if (plan->two_flag >= 0)
		ok = results_of(&plan->cells[plan->two_flag], &s);
	return json_pack("{s:s, s:s, s:s, s:[i, i], s:s, s:o, s:I, s:I}",
			 "kernel", u.release,
			 "machine", u.machine,
			 "cpu", cpus_model(model, sizeof(model)),
			 "cpus", (int)o->cpus[0], (int)o->cpus[1],
			 "distance", results_distance(plan, o),
			 "two_flag_ns", ok ? json_real(s.median) : json_null(),
			 "ring_bytes", (json_int_t)o->ring_bytes,
			 "duration_ms", (json_int_t)o->duration_ms);
}

static json_t *all_results(const struct plan *plan)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < plan->nr; i++)
		if (plan->cells[i].shown)
			json_array_append_new(array, result(&plan->cells[i]));
	return array;
}

static json_t *all_unavailable(const struct plan *plan)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < plan->nr_unavailable; i++)
		json_array_append_new(array, json_pack("{s:s, s:s}",
			"transport", plan->unavailable[i].transport->name,
			"reason", plan->unavailable[i].why));
	return array;
}

int json_write(const struct plan *plan, const struct options *o)
{
	bool to_stdout = !strcmp(o->json, "-");
	FILE *f = to_stdout ? stdout : fopen(o->json, "we");
	json_t *root;
	int err = 0;

	if (!f)
		return -errno;
	root = json_pack("{s:s, s:o, s:o, s:o}",
			 "schema", "shmring-bench/1",
			 "environment", environment(plan, o),
			 "results", all_results(plan),
			 "unavailable", all_unavailable(plan));
	errno = 0;
	if (!root)
		err = -ENOMEM;
	else if (json_dumpf(root, f, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) ||
		 fputc('\n', f) == EOF)
		err = errno ? -errno : -EIO;
	json_decref(root);
	if ((to_stdout ? fflush(f) : fclose(f)) && !err)
		err = -errno;
	return err;
}
