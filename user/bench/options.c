// SPDX-License-Identifier: MIT
/* The command line. */
#include "options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/cli.h"
#include "../common/cpus.h"
#include "../common/progress.h"
#include "../common/units.h"

#define MIN_RING_BYTES		4096
#define MAX_RING_BYTES		(1ULL << 30)
#define MAX_SIZE		(1ULL << 30)
#define MAX_BATCH		(1ULL << 20)
#define MAX_REPEAT		10000
#define MAX_DURATION_MS		60000
#define MAX_BUDGET_S		86400
#define MAX_RATE		1000000000

/* The comparison has many results, and all of them the same time. */
#define DEFAULT_REPEAT		9
#define COMPARISON_REPEAT	7
#define QUICK_REPEAT		3

/* A run of 3 minutes, or 20 s, with what comes before and after it. */
#define DEFAULT_BUDGET_S	170
#define QUICK_BUDGET_S		17

#define DEFAULT_THRESHOLD	5

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
	KEY_VERBOSE = 'v',
	KEY_NO_PROGRESS = 0x100,
	KEY_PRODUCERS,
	KEY_RATE,
	KEY_QUICK,
	KEY_BUDGET,
	KEY_CSV,
	KEY_PLOT,
	KEY_REPORT,
	KEY_THRESHOLD,
};

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "What to measure:", 1 },
	{ "transport", KEY_TRANSPORT, "NAME,...", 0,
	  "Mechanisms to measure; all that this host has", 1 },
	{ "size", KEY_SIZE, "BYTES,...", 0,
	  "Message sizes; throughput 8 to 1M, others 8,64 or 64", 1 },
	{ "batch", KEY_BATCH, "N,...", 0,
	  "throughput: messages per publish; 1,64", 1 },
	{ "producers", KEY_PRODUCERS, "N", 0, "fan-in: how many; 2", 1 },
	{ "rate", KEY_RATE, "N", 0,
	  "oneway: messages per second that are offered; 10000", 1 },
	{ "ring-size", KEY_RING_SIZE, "BYTES", 0,
	  "What a ring or pipe holds, a power of two; two messages, and no less than 64K", 1 },
	{ "cpus", KEY_CPUS, "A,B", 0,
	  "CPUs of the producer and of the consumer; the first two", 1 },
	{ NULL, 0, NULL, 0, "How long:", 2 },
	{ "quick", KEY_QUICK, NULL, 0,
	  "Fewer results and repeats: at most 20 s", 2 },
	{ "budget", KEY_BUDGET, "SECONDS", 0,
	  "At most so long for everything; 170", 2 },
	{ "repeat", KEY_REPEAT, "N", 0,
	  "Measurements of each result; 9, in the comparison 7", 2 },
	{ "duration", KEY_DURATION, "MS", 0,
	  "Milliseconds of each measurement, whatever that sums up to; what the budget allows", 2 },
	{ NULL, 0, NULL, 0, "Output:", 3 },
	{ "verbose", KEY_VERBOSE, NULL, 0,
	  "Not only medians: intervals, percentiles, ratios, CPU time, system calls", 3 },
	{ "json", KEY_JSON, "FILE", 0,
	  "Write the results there, too; with -, to standard output, and the table to standard error", 3 },
	{ "csv", KEY_CSV, "FILE", 0, "The same for spreadsheets", 3 },
	{ "plot", KEY_PLOT, "FILE", 0, "The same as a picture: .svg or .png", 3 },
	{ "report", KEY_REPORT, "FILE", 0,
	  "The same as a page with pictures and tables: .html", 3 },
	{ "threshold", KEY_THRESHOLD, "PERCENT", 0,
	  "compare: a change for the worse beyond it is a regression; 5", 3 },
	{ "no-progress", KEY_NO_PROGRESS, NULL, 0, "No progress bar", 3 },
	{ "quiet", KEY_QUIET, NULL, OPTION_ALIAS, NULL, 3 },
	CLI_HELP,
	{ 0 }
};

static size_t parse_list(const char *option, const char *arg, uint64_t from,
			 uint64_t to, uint64_t *values)
{
	const char *bad;
	size_t len, n = units_parse_list(arg, from, to, values, PLAN_LIST_MAX,
					 &bad, &len);

	if (!n)
		refuse("%s %s: '%.*s' is not a number from %llu to %llu, K and M allowed (at most %d of them)",
		       option, arg, (int)len, bad,
		       (unsigned long long)from, (unsigned long long)to,
		       PLAN_LIST_MAX);
	return n;
}

static uint64_t parse_one(const char *option, const char *arg, uint64_t from,
			  uint64_t to)
{
	uint64_t v;

	if (!units_parse_size(arg, strlen(arg), &v) || v < from || v > to)
		refuse("%s %s: not a number from %llu to %llu", option,
		       arg, (unsigned long long)from,
		       (unsigned long long)to);
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

static void parse_threshold(struct command *c, const char *arg)
{
	char *end;

	errno = 0;
	c->threshold = strtod(arg, &end);
	if (end == arg || *end || errno || !(c->threshold >= 0) ||
	    c->threshold > 1e6)
		refuse("--threshold %s: not a percentage, such as 5",
		       arg);
}

static bool ends_in(const char *file, const char *end)
{
	size_t len = strlen(file), end_len = strlen(end);

	return len > end_len && !strcmp(file + len - end_len, end);
}

static const char *parse_plot(const char *arg)
{
	if (!ends_in(arg, ".svg") && !ends_in(arg, ".png"))
		refuse("--plot %s: not FILE.svg or FILE.png", arg);
	return arg;
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
			       arg, (unsigned long long)cpus[i],
			       possible);
	o->cpus[0] = (unsigned int)cpus[0];
	o->cpus[1] = (unsigned int)cpus[n - 1];
}

/* As the parser goes: @named when the command or the test was given. */
struct parsing {
	struct command *command;
	bool named;
};

static void parse_name(struct parsing *p, const char *arg)
{
	static const char *const names[] = {
		[COMMAND_LIST] = "list",
		[COMMAND_SHOW] = "show",
		[COMMAND_COMPARE] = "compare",
	};
	int i;

	p->named = true;
	for (i = COMMAND_LIST; i <= COMMAND_COMPARE; i++)
		if (!strcmp(arg, names[i])) {
			p->command->id = (enum command_id)i;
			return;
		}
	for (i = 0; i < TEST_COUNT; i++)
		if (!strcmp(arg, tests[i].name)) {
			p->command->options.test = (enum test_id)i;
			return;
		}
	refuse("%s: no such test or command: throughput, latency, wakeup, oneway, fan-in, topology, list, show, compare",
	       arg);
}

static unsigned int files_wanted(const struct command *c)
{
	return c->id == COMMAND_COMPARE ? 2 : c->id == COMMAND_SHOW ? 1 : 0;
}

static void parse_argument(struct parsing *p, const char *arg)
{
	struct command *c = p->command;

	if (!p->named)
		parse_name(p, arg);
	else if (c->nr_files == files_wanted(c))
		refuse("%s: one argument too many: see --help", arg);
	else
		c->files[c->nr_files++] = arg;
}

static error_t parse_measuring(int key, char *arg, struct argp_state *state,
			       struct options *o)
{
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
	case KEY_PRODUCERS:
		o->producers = parse_one("--producers", arg, 1, PRODUCERS_MAX);
		return 0;
	case KEY_RATE:
		o->rate = parse_one("--rate", arg, 1, MAX_RATE);
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
	case KEY_BUDGET:
		o->budget_s = parse_one("--budget", arg, 1, MAX_BUDGET_S);
		return 0;
	case KEY_QUICK:
		o->quick = true;
		return 0;
	case KEY_CPUS:
		parse_cpus(o, arg);
		return 0;
	default:
		return cli_key(key, state);
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct parsing *p = state->input;
	struct command *c = p->command;

	switch (key) {
	case KEY_VERBOSE:
		c->verbose = true;
		return 0;
	case KEY_JSON:
		c->json = arg;
		return 0;
	case KEY_CSV:
		c->csv = arg;
		return 0;
	case KEY_PLOT:
		c->plot = parse_plot(arg);
		return 0;
	case KEY_REPORT:
		c->report = arg;
		return 0;
	case KEY_THRESHOLD:
		parse_threshold(c, arg);
		return 0;
	case KEY_QUIET:
	case KEY_NO_PROGRESS:
		progress_hide();
		return 0;
	case ARGP_KEY_ARG:
		parse_argument(p, arg);
		return 0;
	default:
		return parse_measuring(key, arg, state, &c->options);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[throughput|latency|wakeup|oneway|fan-in|topology]\n"
		    "list\nshow FILE\ncompare BEFORE AFTER",
	.doc = "Measure what moves messages between processes of one host.\v"
	       "Without a test: a comparison of everything available. "
	       "Each process is pinned to a CPU, repeats are interleaved, every byte of every message is verified; "
	       "a result that is not is an error and no number. "
	       "list names tests and transports, show prints a file that --json wrote, and draws it, "
	       "compare says what has changed between two, and whether that is more than noise. "
	       "In SIZES, K and M are powers of 1024. SIGUSR1 prints the progress, SIGINT what is complete.\n\n"
	       "Exit status: 0; 1 when a measurement failed, or compare found a regression; "
	       "2 for a wrong argument or file, or when nothing asked for is possible here; 130 when interrupted.",
};

static void complete_measuring(struct options *o)
{
	bool all = o->test == TEST_COUNT;
	const struct transport *const *t;
	size_t i;

	if (!o->nr_chosen)
		for (t = transports; *t && o->nr_chosen < PLAN_LIST_MAX; t++)
			o->chosen[o->nr_chosen++] = *t;
	if (!o->repeat)
		o->repeat = o->quick ? QUICK_REPEAT :
			    all ? COMPARISON_REPEAT : DEFAULT_REPEAT;
	if (!o->budget_s)
		o->budget_s = o->quick ? QUICK_BUDGET_S : DEFAULT_BUDGET_S;
	for (i = 0; !all && !tests[o->test].batched && i < o->nr_batches; i++)
		if (o->batches[i] != 1)
			refuse("--batch %llu: %s sends one message at a time: --batch 1",
			       (unsigned long long)o->batches[i],
			       tests[o->test].name);
}

void options_parse(struct command *c, int argc, char **argv)
{
	struct parsing p = { .command = c };

	*c = (struct command){
		.options = {
			.test = TEST_COUNT,
			.producers = DEFAULT_PRODUCERS,
			.rate = DEFAULT_RATE,
		},
		.threshold = DEFAULT_THRESHOLD,
	};
	if (!cpus_default(c->options.cpus))
		refuse("cannot tell which CPUs are allowed: %s",
		       strerror(errno));
	cli_parse(&argp, argc, argv, &p);
	if (c->nr_files < files_wanted(c))
		refuse("%s: files are missing: see --help", c->id ==
		       COMMAND_COMPARE ? "compare" : "show");
	if (c->id == COMMAND_MEASURE)
		complete_measuring(&c->options);
}
