// SPDX-License-Identifier: MIT
/* shmring-bench: the command line. */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpus.h"
#include "json.h"
#include "plan.h"
#include "report.h"
#include "results.h"
#include "run.h"
#include "units.h"

#define EXIT_USAGE		2
#define EXIT_INTERRUPTED	130

#define MIN_RING_BYTES		4096
#define MAX_RING_BYTES		(1ULL << 30)
#define MAX_SIZE		(1ULL << 30)
#define MAX_BATCH		(1ULL << 20)
#define MAX_REPEAT		10000
#define MAX_DURATION_MS		60000

/* A test by name takes its time, the comparison of everything must not. */
#define TEST_REPEAT		9
#define TEST_DURATION_MS	150
#define COMPARISON_REPEAT	5
#define COMPARISON_DURATION_MS	60

enum {
	KEY_TRANSPORT = 't',
	KEY_SIZE = 's',
	KEY_BATCH = 'b',
	KEY_RING_SIZE = 'r',
	KEY_REPEAT = 'n',
	KEY_DURATION = 'd',
	KEY_CPUS = 'c',
	KEY_JSON = 'j',
	KEY_QUIET = 'q',
	KEY_HELP = '?',
	KEY_NO_PROGRESS = 0x100,
};

static const struct argp_option options[] = {
	{ "transport", KEY_TRANSPORT, "NAME,...", 0,
	  "Mechanisms to measure; all that this host has", 0 },
	{ "size", KEY_SIZE, "BYTES,...", 0, "Message sizes; 8,64", 0 },
	{ "batch", KEY_BATCH, "N,...", 0,
	  "throughput: messages per publish; 1,64", 0 },
	{ "ring-size", KEY_RING_SIZE, "BYTES", 0,
	  "What a ring or pipe holds, a power of two; 64K", 0 },
	{ "repeat", KEY_REPEAT, "N", 0,
	  "Measurements of each result; 9, in the comparison 5", 0 },
	{ "duration", KEY_DURATION, "MS", 0,
	  "Milliseconds of each measurement; 150, in the comparison 60", 0 },
	{ "cpus", KEY_CPUS, "A,B", 0,
	  "CPUs of the producer and of the consumer; the first two", 0 },
	{ "json", KEY_JSON, "FILE", 0,
	  "Write the results there, too; with -, to standard output, and the table to standard error", 0 },
	{ "no-progress", KEY_NO_PROGRESS, NULL, 0, "No progress bar", 0 },
	{ "quiet", KEY_QUIET, NULL, OPTION_ALIAS, NULL, 0 },
	{ "help", KEY_HELP, NULL, 0, "Print this", -1 },
	{ 0 }
};

/* An argument that cannot be: one line, and out. */
static void __attribute__((format(printf, 1, 2), noreturn))
refuse(const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "shmring-bench: ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EXIT_USAGE);
}

static size_t parse_list(const char *option, const char *arg, uint64_t from,
			 uint64_t to, uint64_t *values)
{
	const char *bad;
	size_t len, n = units_parse_list(arg, from, to, values, PLAN_LIST_MAX,
					 &bad, &len);

	if (!n)
		refuse("%s %s: '%.*s' is not a number from %llu to %llu, K and M allowed (at most %d of them)",
		       option, arg, (int)len, bad, (unsigned long long)from,
		       (unsigned long long)to, PLAN_LIST_MAX);
	return n;
}

static uint64_t parse_one(const char *option, const char *arg, uint64_t from,
			  uint64_t to)
{
	uint64_t v;

	if (!units_parse_size(arg, strlen(arg), &v) || v < from || v > to)
		refuse("%s %s: not a number from %llu to %llu", option, arg,
		       (unsigned long long)from, (unsigned long long)to);
	return v;
}

static void parse_ring_size(struct options *o, const char *arg)
{
	o->ring_bytes = parse_one("--ring-size", arg, MIN_RING_BYTES,
				  MAX_RING_BYTES);
	if (o->ring_bytes & (o->ring_bytes - 1))
		refuse("--ring-size %s: not a power of two: 64K or 128K, for example",
		       arg);
}

static bool is_chosen(const struct options *o, const struct transport *t)
{
	size_t i;

	for (i = 0; i < o->nr_chosen; i++)
		if (o->chosen[i] == t)
			return true;
	return false;
}

static void parse_transports(struct options *o, const char *arg)
{
	const struct transport *t;
	size_t len;

	o->nr_chosen = 0;
	for (;; arg += len + 1) {
		len = strcspn(arg, ",");
		t = transport_find(arg, len);
		if (!t)
			refuse("--transport %.*s: no such transport: %s",
			       (int)len, arg, transport_names());
		if (!is_chosen(o, t))
			o->chosen[o->nr_chosen++] = t;
		if (!arg[len])
			return;
	}
}

static void parse_cpus(struct options *o, const char *arg)
{
	uint64_t cpus[PLAN_LIST_MAX];
	char possible[256];
	const char *bad;
	size_t i, len, n;

	cpus_list(possible, sizeof(possible));
	n = units_parse_list(arg, 0, UINT_MAX, cpus, PLAN_LIST_MAX, &bad, &len);
	if (!n || n > 2)
		refuse("--cpus %s: not one or two CPUs A,B: possible are %s",
		       arg, possible);
	for (i = 0; i < n; i++)
		if (!cpus_allowed((unsigned int)cpus[i]))
			refuse("--cpus %s: CPU %llu does not exist or is not allowed: possible are %s",
			       arg, (unsigned long long)cpus[i], possible);
	o->cpus[0] = (unsigned int)cpus[0];
	o->cpus[1] = (unsigned int)cpus[n - 1];
}

static bool parse_command(struct options *o, const char *arg, bool *list)
{
	int i;

	*list = !strcmp(arg, "list");
	if (*list)
		return true;
	for (i = 0; i < TEST_COUNT; i++)
		if (!strcmp(arg, tests[i].name)) {
			o->test = (enum test_id)i;
			return true;
		}
	return false;
}

/* What the parser fills. */
struct command {
	struct options options;
	bool list;
	bool help;
	bool named;	/* a test or "list" was given */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct command *c = state->input;
	struct options *o = &c->options;

	switch (key) {
	case KEY_TRANSPORT:
		parse_transports(o, arg);
		return 0;
	case KEY_SIZE:
		o->nr_sizes = parse_list("--size", arg, 1, MAX_SIZE, o->sizes);
		return 0;
	case KEY_BATCH:
		o->nr_batches = parse_list("--batch", arg, 1, MAX_BATCH,
					   o->batches);
		return 0;
	case KEY_RING_SIZE:
		parse_ring_size(o, arg);
		return 0;
	case KEY_REPEAT:
		o->repeat = parse_one("--repeat", arg, 1, MAX_REPEAT);
		return 0;
	case KEY_DURATION:
		o->duration_ms = parse_one("--duration", arg, 1,
					   MAX_DURATION_MS);
		return 0;
	case KEY_CPUS:
		parse_cpus(o, arg);
		return 0;
	case KEY_JSON:
		o->json = arg;
		return 0;
	case KEY_NO_PROGRESS:
	case KEY_QUIET:
		o->quiet = true;
		return 0;
	case KEY_HELP:
		c->help = true;
		return 0;
	case ARGP_KEY_ARG:
		if (c->named || !parse_command(o, arg, &c->list))
			refuse("'%s': one of throughput, latency, wakeup, list, or nothing for a comparison of all",
			       arg);
		c->named = true;
		return 0;
	case ARGP_KEY_ERROR:
		refuse("%s: no such option, or its value is missing or not wanted: see --help",
		       state->argv[state->next - 1]);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[throughput|latency|wakeup|list]",
	.doc = "Measure what moves messages between two processes of one host.\v"
	       "Without a test: a short comparison of everything available. "
	       "Each process is pinned to a CPU, repeats are interleaved, every byte of every message is verified; "
	       "a result that is not is an error and no number. "
	       "In SIZES, K and M are powers of 1024. SIGUSR1 prints the progress.\n\n"
	       "Exit status: 0; 1 when a measurement failed; 2 for a wrong argument or when nothing asked for is possible here.",
};

static void complete(struct command *c)
{
	struct options *o = &c->options;
	const struct transport *const *t;
	size_t i;

	if (!o->nr_chosen)
		for (t = transports; *t; t++)
			o->chosen[o->nr_chosen++] = *t;
	if (!o->repeat)
		o->repeat = o->test == TEST_COUNT ? COMPARISON_REPEAT :
						    TEST_REPEAT;
	if (!o->duration_ms)
		o->duration_ms = o->test == TEST_COUNT ?
				 COMPARISON_DURATION_MS : TEST_DURATION_MS;
	for (i = 0; o->test != TEST_COUNT && tests[o->test].round_trip &&
		    i < o->nr_batches; i++)
		if (o->batches[i] != 1)
			refuse("--batch %llu: %s sends one message at a time: --batch 1",
			       (unsigned long long)o->batches[i],
			       tests[o->test].name);
}

/* Nothing asked for can be measured here: the first reason says why. */
static void refuse_plan(const struct plan *plan)
{
	if (plan->nr_unavailable)
		refuse("%s", plan->unavailable[0].why);
	refuse("%s", plan->cells[0].why);
}

static int report(const struct plan *plan, const struct options *o)
{
	bool json_only = o->json && !strcmp(o->json, "-");
	int err;

	report_table(json_only ? stderr : stdout, plan, o);
	if (!o->json)
		return 0;
	err = json_write(plan, o);
	if (err)
		fprintf(stderr, "shmring-bench: --json %s: cannot write it: %s\n",
			o->json, strerror(-err));
	return err;
}

int main(int argc, char **argv)
{
	struct command c = {
		.options = { .test = TEST_COUNT, .ring_bytes = 65536 },
	};
	struct plan plan;
	bool finished;
	int status;

	if (!cpus_default(c.options.cpus))
		refuse("cannot tell which CPUs are allowed: %s",
		       strerror(errno));
	/*
	 * Its own errors are two lines and do not say what is possible. Without
	 * them it prints no help either, so that is asked for below.
	 */
	argp_parse(&argp, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP, NULL, &c);
	if (c.help) {
		argp_help(&argp, stdout, ARGP_HELP_STD_HELP & ~ARGP_HELP_EXIT_OK,
			  argv[0]);
		return 0;
	}
	if (c.list) {
		report_list(stdout);
		return 0;
	}
	complete(&c);
	if (plan_make(&plan, &c.options))
		refuse("no memory for the results: smaller --repeat");
	if (!plan_has_work(&plan))
		refuse_plan(&plan);
	finished = run_plan(&plan, &c.options);
	status = report(&plan, &c.options) || results_failed(&plan);
	plan_free(&plan);
	return finished ? status : EXIT_INTERRUPTED;
}
