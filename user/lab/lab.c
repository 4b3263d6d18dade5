// SPDX-License-Identifier: MIT
/* Verdicts, and what else an experiment says. */
#include "lab.h"

#include <numaif.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const verdicts[] = {
	"does not hold here", "holds", "not checked here",
};

enum { BROKEN, HOLDS, SKIPPED };

const char *const param_names[PARAM_NR] = {
	[PARAM_SIZE] = "size",
	[PARAM_COUNT] = "count",
	[PARAM_REPEAT] = "repeat",
	[PARAM_WORKERS] = "workers",
};

/* A path may be in any character set, JSON has but one. */
static json_t *json_text(const char *text)
{
	json_t *value = json_string(text);
	char ascii[LAB_TEXT_MAX];
	size_t i;

	if (value)
		return value;
	for (i = 0; i < sizeof(ascii) - 1 && text[i]; i++)
		ascii[i] = text[i] & 0x80 ? '?' : text[i];
	ascii[i] = 0;
	return json_string(ascii);
}

static void judge(struct lab *lab, int id, int verdict, const char *numbers)
{
	const char *text = lab->experiment->claims[id];
	const char *variant = lab->variant ? lab->variant : "";

	lab->judged[id]++;
	json_array_append_new(json_object_get(lab->record, "claims"),
			      json_pack("{s:s, s:s, s:s, s:o}",
					"claim", text, "variant", variant,
					"verdict", verdicts[verdict],
					"numbers", json_text(numbers)));
}

/* All of them at the end, below the tables. */
static void print_verdicts(const struct lab *lab)
{
	const char *text, *variant, *verdict, *numbers;
	json_t *claim;
	size_t i;

	json_array_foreach(json_object_get(lab->record, "claims"), i, claim) {
		json_unpack(claim, "{s:s, s:s, s:s, s:s}", "claim", &text,
			    "variant", &variant, "verdict", &verdict,
			    "numbers", &numbers);
		fprintf(lab->out, "%s: %s%s%s: %s\n", verdict, text,
			*variant ? ", " : "", variant, numbers);
	}
	fflush(lab->out);
}

void claim(struct lab *lab, int id, bool holds, const char *numbers, ...)
{
	char text[LAB_TEXT_MAX];
	va_list args;

	va_start(args, numbers);
	vsnprintf(text, sizeof(text), numbers, args);
	va_end(args);
	judge(lab, id, holds ? HOLDS : BROKEN, text);
}

void claim_skip(struct lab *lab, int id, const char *why, ...)
{
	char text[LAB_TEXT_MAX];
	va_list args;

	va_start(args, why);
	vsnprintf(text, sizeof(text), why, args);
	va_end(args);
	judge(lab, id, SKIPPED, text);
}

void lab_say(struct lab *lab, const char *fmt, ...)
{
	char text[LAB_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fprintf(lab->out, "%s\n", text);
	fflush(lab->out);
	json_array_append_new(json_object_get(lab->record, "notes"),
			      json_text(text));
}

void lab_doing(struct lab *lab, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(lab->note->doing, sizeof(lab->note->doing), fmt, args);
	va_end(args);
}

/* Every claim that is still open gets @verdict. */
static void judge_rest(struct lab *lab, int verdict, const char *why)
{
	int id;

	lab->variant = NULL;
	for (id = 0; lab->experiment->claims[id]; id++)
		if (!lab->judged[id])
			judge(lab, id, verdict, why);
}

static void finish(struct lab *lab)
{
	print_verdicts(lab);
	if (json_dumpfd(lab->record, lab->record_fd, 0) < 0)
		fprintf(stderr, "shmring-lab: %s: cannot keep what was seen\n",
			lab->experiment->name);
}

static void __attribute__((noreturn))
end(struct lab *lab, enum lab_end how, const char *fmt, va_list args)
{
	char text[LAB_TEXT_MAX];

	vsnprintf(text, sizeof(text), fmt, args);
	fprintf(stderr, "shmring-lab: %s: %s\n", lab->experiment->name, text);
	/* A child of the experiment: its parent sees the status. */
	if (getpid() != lab->pid)
		_exit(how);
	judge_rest(lab, how == LAB_REFUSED ? SKIPPED : BROKEN, text);
	finish(lab);
	fflush(NULL);
	_exit(how);
}

void lab_die(struct lab *lab, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	end(lab, LAB_FAILED, fmt, args);
}

void lab_refuse(struct lab *lab, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	end(lab, LAB_REFUSED, fmt, args);
}

static json_t *new_record(const struct lab *lab)
{
	const struct experiment *e = lab->experiment;
	json_t *params = json_object();
	int i;

	for (i = 0; i < PARAM_NR; i++)
		if (e->params[i].is)
			json_object_set_new(params, param_names[i],
				json_integer((json_int_t)lab->value[i]));
	return json_pack("{s:s, s:b, s:o, s:[], s:{}, s:[]}",
			 "experiment", e->name, "device", e->device,
			 "parameters", params, "notes", "tables", "claims");
}

static size_t nr_claims(const struct experiment *e)
{
	size_t n = 0;

	while (e->claims[n])
		n++;
	return n;
}

enum lab_end lab_run(struct lab *lab)
{
	const struct experiment *e = lab->experiment;

	lab->pid = getpid();
	lab->record = new_record(lab);
	lab->judged = calloc(nr_claims(e), sizeof(*lab->judged));
	if (!lab->record || !lab->judged)
		return LAB_FAILED;
	/*
	 * Local memory, as it is without this, but with a policy of its own the
	 * kernel takes no page away now and then to see who faults it back.
	 */
	set_mempolicy(MPOL_LOCAL, NULL, 0);
	fprintf(lab->out, "== %s%s: %s\n\n%s\n", e->name,
		e->device ? " --device" : "", e->what, e->about);
	fflush(lab->out);
	e->run(lab);
	judge_rest(lab, BROKEN, "nothing checked it");
	finish(lab);
	json_decref(lab->record);
	free(lab->judged);
	return LAB_DONE;
}
