// SPDX-License-Identifier: MIT
/* The command line. */
#include "options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/cli.h"
#include "../common/clock.h"
#include "../common/cpus.h"
#include "../common/nearest.h"
#include "../common/outfile.h"
#include "../common/plain.h"
#include "../common/progress.h"
#include "../common/units.h"
#include "survive.h"

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
	KEY_LABEL,
	KEY_CSV,
	KEY_MARKDOWN,
	KEY_PLOT,
	KEY_REPORT,
	KEY_THRESHOLD,
	KEY_KILLS,
	KEY_SEED,
	KEY_LIMIT,
};

#define MEASURE		(1u << COMMAND_MEASURE)
#define SHOW		(1u << COMMAND_SHOW)
#define COMPARE		(1u << COMMAND_COMPARE)
#define SURVIVE		(1u << COMMAND_SURVIVE)

/* The comparison has all tests, so it takes what any of them takes. */
#define ALL_TESTS	((2u << TEST_COUNT) - 1)
#define ONE_TEST(id)	(1u << (id) | 1u << TEST_COUNT)
#define MESSAGES	(ALL_TESTS & ~(1u << TEST_TOPOLOGY))

/* What means something to some commands alone, or, of measuring, to some tests. */
static const struct scope {
	int key;
	const char *name;
	unsigned int commands;
	unsigned int tests;
} scopes[] = {
	{ KEY_TRANSPORT, "transport", MEASURE | SHOW | COMPARE | SURVIVE,
	  MESSAGES },
	{ KEY_SIZE, "size", MEASURE | SURVIVE, MESSAGES },
	{ KEY_BATCH, "batch", MEASURE, ONE_TEST(TEST_THROUGHPUT) },
	{ KEY_PRODUCERS, "producers", MEASURE, ONE_TEST(TEST_FAN_IN) },
	{ KEY_RATE, "rate", MEASURE, ONE_TEST(TEST_ONEWAY) },
	{ KEY_RING_SIZE, "ring-size", MEASURE | SURVIVE, MESSAGES },
	{ KEY_CPUS, "cpus", MEASURE | SURVIVE, MESSAGES },
	{ KEY_QUICK, "quick", MEASURE, ALL_TESTS },
	{ KEY_BUDGET, "budget", MEASURE, ALL_TESTS },
	{ KEY_REPEAT, "repeat", MEASURE, ALL_TESTS },
	{ KEY_DURATION, "duration", MEASURE, ALL_TESTS },
	{ KEY_LABEL, "label", MEASURE | SURVIVE, ALL_TESTS },
	{ KEY_VERBOSE, "verbose", MEASURE | SHOW, ALL_TESTS },
	{ KEY_CSV, "csv", MEASURE | SHOW | SURVIVE, MESSAGES },
	{ KEY_MARKDOWN, "markdown", COMPARE | SURVIVE, ALL_TESTS },
	{ KEY_PLOT, "plot", MEASURE | SHOW | SURVIVE, ALL_TESTS },
	{ KEY_REPORT, "report", MEASURE | SHOW, ALL_TESTS },
	{ KEY_THRESHOLD, "threshold", COMPARE, ALL_TESTS },
	{ KEY_KILLS, "kills", SURVIVE, ALL_TESTS },
	{ KEY_SEED, "seed", SURVIVE, ALL_TESTS },
	{ KEY_LIMIT, "limit", SURVIVE, ALL_TESTS },
	{ KEY_QUIET, "quiet", MEASURE | SURVIVE, ALL_TESTS },
	{ KEY_NO_PROGRESS, "no-progress", MEASURE | SURVIVE, ALL_TESTS },
};

#define NR_SCOPES	(sizeof(scopes) / sizeof(*scopes))

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "What to measure:", 1 },
	{ "transport", KEY_TRANSPORT, "NAME,...", 0,
	  "Mechanisms, or groups of them; -NAME: not this one; all that this host has", 1 },
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
	{ "kills", KEY_KILLS, "N", 0, "survive: hits of each row; 5", 2 },
	{ "seed", KEY_SEED, "N", 0,
	  "survive: what the instants of the hits come from; another each time", 2 },
	{ "limit", KEY_LIMIT, "MS", 0,
	  "survive: who moves nothing for so long hangs; 200", 2 },
	{ NULL, 0, NULL, 0, "Output:", 3 },
	{ "label", KEY_LABEL, "TEXT", 0,
	  "What to call this run, in files and pictures", 3 },
	{ "verbose", KEY_VERBOSE, NULL, 0,
	  "Not only medians: intervals, percentiles, ratios, CPU time, system calls", 3 },
	{ "json", KEY_JSON, "FILE", 0,
	  "Write the results there, too; with -, to standard output, and the table to standard error", 3 },
	{ "csv", KEY_CSV, "FILE", 0, "The same for spreadsheets", 3 },
	{ "markdown", KEY_MARKDOWN, "FILE", 0,
	  "compare, survive: the same as a table for a web page", 3 },
	{ "plot", KEY_PLOT, "FILE", 0,
	  "The same as a picture, .svg or .png; beside it FILE-TEST for each test", 3 },
	{ "report", KEY_REPORT, "FILE", 0,
	  "The same as a page with pictures and tables: .html", 3 },
	{ "threshold", KEY_THRESHOLD, "PERCENT", 0,
	  "compare: a change for the worse beyond it is a regression; 5", 3 },
	{ "no-progress", KEY_NO_PROGRESS, NULL, 0, "No progress bar", 3 },
	{ "quiet", KEY_QUIET, NULL, OPTION_ALIAS, NULL, 3 },
	CLI_HELP,
	{ 0 }
};

/* "1 to 1048576", or in bytes "1 B to 1 MiB" */
static const char *range_text(bool bytes, uint64_t from, uint64_t to)
{
	char a[UNITS_TEXT_MAX], b[UNITS_TEXT_MAX];
	static char text[2 * UNITS_TEXT_MAX + 8];

	if (bytes)
		snprintf(text, sizeof(text), "%s to %s", units_bytes(from, a),
			 units_bytes(to, b));
	else
		snprintf(text, sizeof(text), "%llu to %llu",
			 (unsigned long long)from, (unsigned long long)to);
	return text;
}

static size_t parse_list(const char *option, const char *arg, bool bytes,
			 uint64_t to, uint64_t *values)
{
	const char *bad;
	size_t len, n = units_parse_list(arg, 1, to, values, PLAN_LIST_MAX,
					 &bad, &len);

	if (!n)
		refuse("%s %s: '%.*s' is not a number from %s (at most %d of them)",
		       option, arg, (int)len, bad, range_text(bytes, 1, to),
		       PLAN_LIST_MAX);
	return n;
}

static uint64_t parse_one(const char *option, const char *arg, bool bytes,
			  uint64_t from, uint64_t to)
{
	uint64_t v;

	if (!units_parse_size(arg, strlen(arg), &v) || v < from || v > to)
		refuse("%s %s: not a number from %s", option, arg,
		       range_text(bytes, from, to));
	return v;
}

static void parse_ring_size(struct options *o, const char *arg)
{
	uint64_t v = parse_one("--ring-size", arg, true, MIN_RING_BYTES,
			       MAX_RING_BYTES), below = MIN_RING_BYTES;
	char a[UNITS_TEXT_MAX], b[UNITS_TEXT_MAX];

	while (2 * below <= v)
		below *= 2;
	if (v != below)
		refuse("--ring-size %s: not a power of two: %s or %s", arg,
		       units_bytes(below, a), units_bytes(2 * below, b));
	o->ring_bytes = v;
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

static const char *parse_label(const char *arg)
{
	if (!is_plain(arg))
		refuse("--label: control characters, which a terminal obeys");
	return arg;
}

static const char *parse_plot(const char *arg)
{
	if (!outfile_ends_in(arg, ".svg") && !outfile_ends_in(arg, ".png"))
		refuse("--plot %s: not FILE.svg or FILE.png", arg);
	return arg;
}

static void choose(struct options *o, const struct transport *t)
{
	size_t i;

	for (i = 0; i < o->nr_chosen; i++)
		if (o->chosen[i] == t)
			return;
	o->chosen[o->nr_chosen++] = t;
}

static void choose_not(struct options *o, const struct transport *t)
{
	size_t i, n = 0;

	for (i = 0; i < o->nr_chosen; i++)
		if (o->chosen[i] != t)
			o->chosen[n++] = o->chosen[i];
	o->nr_chosen = n;
}

static void choose_all(struct options *o)
{
	const struct transport *const *t;

	for (t = transports; *t; t++)
		choose(o, *t);
}

static void __attribute__((noreturn))
refuse_transport(const char *name, size_t len)
{
	struct nearest near = { .typed = name, .len = len };
	const struct transport *const *t;
	char text[NEAREST_TEXT_MAX];

	for (t = transports; *t; t++) {
		nearest_try(&near, (*t)->name);
		nearest_try(&near, (*t)->group);
	}
	if (near.word)
		refuse("--transport %.*s: no such transport%s", (int)len, name,
		       nearest_text(&near, text));
	refuse("--transport %.*s: no such transport or group: %s", (int)len,
	       name, transport_names());
}

/* A transport, or each of a group. */
static void parse_transport(const char *name, size_t len, struct options *o,
			    void (*chosen)(struct options *o,
					   const struct transport *t))
{
	const struct transport *const *t;
	bool known = false;

	for (t = transports; *t; t++)
		if (transport_is(*t, name, len)) {
			chosen(o, *t);
			known = true;
		}
	if (!known)
		refuse_transport(name, len);
}

/* From left to right; a list that begins with what is not wanted is of all. */
static void parse_transports(struct options *o, const char *arg)
{
	const char *item;
	size_t len;

	o->nr_chosen = 0;
	if (*arg == '-')
		choose_all(o);
	for (item = arg;; item += len + 1) {
		len = strcspn(item, ",");
		if (*item == '-')
			parse_transport(item + 1, len - 1, o, choose_not);
		else
			parse_transport(item, len, o, choose);
		if (!item[len])
			break;
	}
	if (!o->nr_chosen)
		refuse("--transport %s: nothing is left", arg);
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

/*
 * struct parsing - as the parser goes
 * @named: the command or the test was given
 * @given: of the scopes
 */
struct parsing {
	struct command *command;
	bool named;
	bool given[NR_SCOPES];
};

static const char *const command_names[] = {
	[COMMAND_LIST] = "list",
	[COMMAND_SHOW] = "show",
	[COMMAND_COMPARE] = "compare",
	[COMMAND_SURVIVE] = "survive",
};

static void parse_name(struct parsing *p, const char *arg)
{
	struct nearest near = { .typed = arg, .len = strlen(arg) };
	char text[NEAREST_TEXT_MAX];
	int i;

	p->named = true;
	for (i = COMMAND_LIST; i <= COMMAND_SURVIVE; i++) {
		if (!strcmp(arg, command_names[i])) {
			p->command->id = (enum command_id)i;
			return;
		}
		nearest_try(&near, command_names[i]);
	}
	for (i = 0; i < TEST_COUNT; i++) {
		if (!strcmp(arg, tests[i].name)) {
			p->command->options.test = (enum test_id)i;
			return;
		}
		nearest_try(&near, tests[i].name);
	}
	refuse("%s: no such test or command%s", arg, near.word ?
	       nearest_text(&near, text) :
	       ": throughput, latency, wakeup, oneway, fan-in, topology, survive, list, show, compare");
}

static unsigned int most_files(const struct command *c)
{
	return c->id == COMMAND_COMPARE ? FILES_MAX : c->id == COMMAND_SHOW;
}

static unsigned int least_files(const struct command *c)
{
	return c->id == COMMAND_COMPARE ? 2 : c->id == COMMAND_SHOW;
}

static void parse_argument(struct parsing *p, const char *arg)
{
	struct command *c = p->command;

	if (!p->named)
		parse_name(p, arg);
	else if (c->nr_files == most_files(c))
		refuse("%s: one argument too many: see --help", arg);
	else
		c->files[c->nr_files++] = arg;
}

static void note_option(struct parsing *p, int key)
{
	size_t i;

	for (i = 0; i < NR_SCOPES; i++)
		if (scopes[i].key == key)
			p->given[i] = true;
}

/* Options come before or after what they belong to: all are checked at the end. */
static void check_scopes(const struct parsing *p)
{
	const struct command *c = p->command;
	enum test_id test = c->options.test;
	size_t i;

	for (i = 0; i < NR_SCOPES; i++) {
		if (!p->given[i])
			continue;
		if (!(scopes[i].commands & 1u << c->id))
			refuse("--%s: means nothing to %s: see --help",
			       scopes[i].name, c->id == COMMAND_MEASURE ?
			       "a measurement" : command_names[c->id]);
		if (c->id == COMMAND_MEASURE && !(scopes[i].tests & 1u << test))
			refuse("--%s: means nothing to %s: see --help",
			       scopes[i].name, tests[test].name);
	}
}

static error_t parse_surviving(int key, char *arg, struct argp_state *state,
			       struct options *o)
{
	switch (key) {
	case KEY_KILLS:
		o->kills = parse_one("--kills", arg, false, 1,
				     SURVIVE_KILLS_MAX);
		return 0;
	case KEY_SEED:
		o->seed = parse_one("--seed", arg, false, 0, UINT32_MAX);
		return 0;
	case KEY_LIMIT:
		o->limit_ms = parse_one("--limit", arg, false, 1,
					SURVIVE_LIMIT_MS_MAX);
		return 0;
	default:
		return cli_key(key, state);
	}
}

static error_t parse_measuring(int key, char *arg, struct argp_state *state,
			       struct options *o)
{
	switch (key) {
	case KEY_TRANSPORT:
		parse_transports(o, arg);
		return 0;
	case KEY_SIZE:
		o->nr_sizes = parse_list("--size", arg, true, MAX_SIZE,
					 o->sizes);
		return 0;
	case KEY_BATCH:
		o->nr_batches = parse_list("--batch", arg, false, MAX_BATCH,
					   o->batches);
		return 0;
	case KEY_PRODUCERS:
		o->producers = parse_one("--producers", arg, false, 1,
					 PRODUCERS_MAX);
		return 0;
	case KEY_RATE:
		o->rate = parse_one("--rate", arg, false, 1, MAX_RATE);
		return 0;
	case KEY_RING_SIZE:
		parse_ring_size(o, arg);
		return 0;
	case KEY_REPEAT:
		o->repeat = parse_one("--repeat", arg, false, 1, MAX_REPEAT);
		return 0;
	case KEY_DURATION:
		o->duration_ms = parse_one("--duration", arg, false, 1,
					   MAX_DURATION_MS);
		return 0;
	case KEY_BUDGET:
		o->budget_s = parse_one("--budget", arg, false, 1,
					MAX_BUDGET_S);
		return 0;
	case KEY_QUICK:
		o->quick = true;
		return 0;
	case KEY_CPUS:
		parse_cpus(o, arg);
		return 0;
	default:
		return parse_surviving(key, arg, state, o);
	}
}

static const char **output_of(struct command *c, int key)
{
	switch (key) {
	case KEY_JSON:
		return &c->json;
	case KEY_CSV:
		return &c->csv;
	case KEY_MARKDOWN:
		return &c->markdown;
	case KEY_REPORT:
		return &c->report;
	default:
		return NULL;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct parsing *p = state->input;
	struct command *c = p->command;
	const char **output = output_of(c, key);

	note_option(p, key);
	if (output) {
		*output = arg;
		return 0;
	}
	switch (key) {
	case KEY_VERBOSE:
		c->verbose = true;
		return 0;
	case KEY_LABEL:
		c->label = parse_label(arg);
		return 0;
	case KEY_PLOT:
		c->plot = parse_plot(arg);
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
		    "survive\nlist\nshow FILE\ncompare BEFORE AFTER...",
	.doc = "Measure what moves messages between processes of one host.\v"
	       "Without a test: a comparison of everything available. "
	       "Each process is pinned to a CPU, repeats are interleaved, every byte of every message is verified; "
	       "a result that is not is an error and no number. "
	       "survive kills, stops and replaces processes at random instants and says what becomes of the others; "
	       "list names tests and transports, show prints a file that --json wrote, and draws it, "
	       "compare says what has changed from the first to each other, and whether that is more than noise. "
	       "Sizes are bytes, 64K, 64KiB or 1M, powers of 1024. SIGUSR1 prints the progress, SIGINT what is complete.\n\n"
	       "Exit status: 0; 1 when a measurement failed, compare found a regression, or something could not be written; "
	       "2 for a wrong argument or file, or when nothing asked for is possible here; 130 when interrupted.",
};

static void complete_measuring(struct options *o)
{
	bool all = o->test == TEST_COUNT;

	if (!o->repeat)
		o->repeat = o->quick ? QUICK_REPEAT :
			    all ? COMPARISON_REPEAT : DEFAULT_REPEAT;
	if (!o->budget_s)
		o->budget_s = o->quick ? QUICK_BUDGET_S : DEFAULT_BUDGET_S;
}

void options_parse(struct command *c, int argc, char **argv)
{
	struct parsing p = { .command = c };

	*c = (struct command){
		.options = {
			.test = TEST_COUNT,
			.producers = DEFAULT_PRODUCERS,
			.rate = DEFAULT_RATE,
			.kills = SURVIVE_KILLS,
			.seed = (uint32_t)now_ns(),
			.limit_ms = SURVIVE_LIMIT_MS,
		},
		.threshold = DEFAULT_THRESHOLD,
	};
	if (!cpus_default(c->options.cpus))
		refuse("cannot tell which CPUs are allowed: %s",
		       strerror(errno));
	cli_parse(&argp, argc, argv, &p);
	if (c->nr_files < least_files(c))
		refuse("%s: files are missing: see --help",
		       command_names[c->id]);
	check_scopes(&p);
	if (!c->options.nr_chosen && (c->id == COMMAND_MEASURE ||
				      c->id == COMMAND_SURVIVE))
		choose_all(&c->options);
	c->survival = c->id == COMMAND_SURVIVE;
	if (c->id == COMMAND_MEASURE)
		complete_measuring(&c->options);
}
