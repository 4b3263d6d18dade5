// SPDX-License-Identifier: MIT
/*
 * Schema shmring-lab/1: an object with
 *	schema		"shmring-lab/1"
 *	run		date (UTC), host, program, version, command, label (null)
 *	environment	kernel, machine, cpu, cpus, memory_bytes
 *	experiments	an object each: experiment, device, parameters, notes,
 *			tables (by name, arrays of rows), claims (claim,
 *			variant, verdict, numbers), and error where it ended
 *			before its end
 */
#include "report.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "../common/cpus.h"
#include "../common/provenance.h"

bool report_begin(struct report *r)
{
	*r = (struct report){ .records = json_array() };
	return r->records;
}

static void count_verdicts(struct report *r, const json_t *record)
{
	const char *verdict;
	json_t *claim;
	size_t i;

	json_array_foreach(json_object_get(record, "claims"), i, claim) {
		verdict = json_string_value(json_object_get(claim, "verdict"));
		if (!verdict || !strncmp(verdict, "does not", 8))
			r->broken++;
		else if (!strncmp(verdict, "not", 3))
			r->skipped++;
		else
			r->holds++;
	}
}

/* It could not give its verdicts itself, so here is one for all of them. */
static void add_without_record(struct report *r, struct run *run,
			       enum run_end end, FILE *out)
{
	const struct experiment *e = run->lab.experiment;
	const char *verdict = end == RUN_REFUSED ? "not checked here" :
						   "does not hold here";

	fprintf(stderr, "shmring-lab: %s: %s\n", e->name, run->why);
	fprintf(out, "%s: %s%s: %s\n", verdict, e->name,
		e->device ? " --device" : "", run->why);
	if (end == RUN_REFUSED)
		r->skipped++;
	else
		r->broken++;
	run->record = json_pack("{s:s, s:b, s:s}", "experiment", e->name,
				"device", e->device, "error", run->why);
}

void report_add(struct report *r, struct run *run, enum run_end end, FILE *out)
{
	if (end == RUN_INTERRUPTED || end == RUN_UNREAD)
		return;
	if (run->record)
		count_verdicts(r, run->record);
	else
		add_without_record(r, run, end, out);
	json_array_append_new(r->records, run->record);
	run->record = NULL;
}

void report_summary(const struct report *r, FILE *out)
{
	fprintf(out, "\n%u hold, %u do not hold here, %u not checked here\n",
		r->holds, r->broken, r->skipped);
}

int report_json(const struct report *r, FILE *out)
{
	char model[256];
	struct utsname u;
	json_t *root;
	int err = 0;

	uname(&u);
	root = json_pack("{s:s, s:o, s:{s:s, s:s, s:s, s:s, s:o}, s:O}",
			 "schema", "shmring-lab/1", "run", provenance(NULL),
			 "environment",
			 "kernel", u.release, "machine", u.machine,
			 "cpu", cpus_model(model, sizeof(model)),
			 "cpus", cpus_list((char[256]){ 0 }, 256),
			 "memory_bytes", provenance_memory(),
			 "experiments", r->records);
	errno = 0;
	if (!root || json_dumpf(root, out, JSON_INDENT(2) |
				JSON_REAL_PRECISION(6)) ||
	    fputc('\n', out) == EOF)
		err = errno ? -errno : -EIO;
	json_decref(root);
	return err;
}

void report_end(struct report *r)
{
	json_decref(r->records);
}
