// SPDX-License-Identifier: MIT
/* shmring-lab: the command line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/cli.h"
#include "../common/progress.h"
#include "../common/units.h"
#include "keeper.h"
#include "plot.h"
#include "report.h"

enum {
	KEY_SIZE = 's',
	KEY_COUNT = 'c',
	KEY_REPEAT = 'n',
	KEY_WORKERS = 'w',
	KEY_DIR = 'd',
	KEY_PROGRAM = 'x',
	KEY_JSON = 'j',
	KEY_PLOT = 'p',
	KEY_DEVICE = 0x100,
	KEY_NO_PROGRESS,
};

static const struct argp_option options[] = {
	{ "size", KEY_SIZE, "BYTES", 0, "How much memory; K, M, G allowed", 0 },
	{ "count", KEY_COUNT, "N", 0, "How many operations", 0 },
	{ "repeat", KEY_REPEAT, "N", 0, "Measurements of each time shown", 0 },
	{ "workers", KEY_WORKERS, "N", 0, "How many threads or processes", 0 },
	{ "device", KEY_DEVICE, NULL, 0,
	  "cow: with the ring memory of the module", 0 },
	{ "dir", KEY_DIR, "DIR", 0,
	  "Where files are made, and removed; $TMPDIR or /tmp", 0 },
	{ "program", KEY_PROGRAM, "FILE", 0,
	  "demand: what is executed, with --version", 0 },
	{ "json", KEY_JSON, "FILE", 0,
	  "Write what was seen there, too; with -, to standard output, and the text to standard error", 0 },
	{ "plot", KEY_PLOT, "FILE.svg", 0,
	  "Draw it; with all, a folder for one picture each", 0 },
	{ "no-progress", KEY_NO_PROGRESS, NULL, 0, "No progress bar", 0 },
	CLI_HELP,
	{ 0 }
};

/*
 * struct command - what the parser fills
 * @given: parameters as typed, or NULL
 */
struct command {
	const char *name;
	const char *given[PARAM_NR];
	const char *dir;
	const char *program;
	const char *json;
	const char *plot;
	bool device;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct command *c = state->input;

	switch (key) {
	case KEY_SIZE:
		c->given[PARAM_SIZE] = arg;
		return 0;
	case KEY_COUNT:
		c->given[PARAM_COUNT] = arg;
		return 0;
	case KEY_REPEAT:
		c->given[PARAM_REPEAT] = arg;
		return 0;
	case KEY_WORKERS:
		c->given[PARAM_WORKERS] = arg;
		return 0;
	case KEY_DEVICE:
		c->device = true;
		return 0;
	case KEY_DIR:
		c->dir = arg;
		return 0;
	case KEY_PROGRAM:
		c->program = arg;
		return 0;
	case KEY_JSON:
		c->json = arg;
		return 0;
	case KEY_PLOT:
		c->plot = arg;
		return 0;
	case KEY_NO_PROGRESS:
		progress_hide();
		return 0;
	case ARGP_KEY_ARG:
		if (c->name)
			refuse("'%s': one experiment at a time, or all", arg);
		c->name = arg;
		return 0;
	default:
		return cli_key(key, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "EXPERIMENT|all|list",
	.doc = "Show what the kernel does underneath, and check what is claimed.\v"
	       "Each experiment says what it is about to do, shows what was seen, and gives a verdict on every claim: holds, does not hold here, or not checked here and why. "
	       "`list` names them, and what --size, --count, --repeat and --workers mean to each. "
	       "SIGUSR1 prints the progress.\n\n"
	       "Exit status: 0; 1 when a claim does not hold; 2 when what was asked for is wrong or not possible here.",
};

static void list(void)
{
	const struct experiment *const *e;
	char number[UNITS_TEXT_MAX];
	const struct param *p;
	int i;

	for (e = experiments; *e; e++) {
		printf("%s%s: %s\n", (*e)->name,
		       (*e)->device ? " --device" : "", (*e)->what);
		for (i = 0; i < PARAM_NR; i++) {
			p = &(*e)->params[i];
			snprintf(number, sizeof(number), "%llu",
				 (unsigned long long)p->usual);
			if (p->is)
				printf("    --%-8s %s; %s\n", param_names[i],
				       p->is, i == PARAM_SIZE ?
				       units_bytes(p->usual, number) : number);
		}
	}
}

static const struct experiment *find(const struct command *c)
{
	const struct experiment *const *e;
	bool known = false;

	for (e = experiments; *e; e++) {
		if (strcmp((*e)->name, c->name))
			continue;
		if ((*e)->device == c->device)
			return *e;
		known = true;
	}
	if (known)
		refuse("--device: %s has no such variant; cow has", c->name);
	refuse("'%s': no such experiment: see shmring-lab list", c->name);
}

static void set_params(struct lab *lab, const struct command *c)
{
	const struct experiment *e = lab->experiment;
	const struct param *p;
	uint64_t *v;
	int i;

	for (i = 0; i < PARAM_NR; i++) {
		p = &e->params[i];
		v = &lab->value[i];
		*v = p->usual;
		if (!c->given[i])
			continue;
		if (!p->is)
			refuse("--%s: means nothing to %s: see shmring-lab list",
			       param_names[i], e->name);
		if (!units_parse_size(c->given[i], strlen(c->given[i]), v) ||
		    *v < p->from || *v > p->to)
			refuse("--%s %s: %s: not a number from %llu to %llu",
			       param_names[i], c->given[i], p->is,
			       (unsigned long long)p->from,
			       (unsigned long long)p->to);
	}
	if (c->program && strcmp(e->name, "demand"))
		refuse("--program: only demand executes one");
	lab->program = c->program;
}

/* With `all` only what concerns each of them. */
static void check_all(const struct command *c)
{
	int i;

	for (i = 0; i < PARAM_NR; i++)
		if (c->given[i])
			refuse("--%s: differs from experiment to experiment: name one instead of all",
			       param_names[i]);
	if (c->device || c->program)
		refuse("%s: name the experiment instead of all", c->device ?
		       "--device" : "--program");
}

static void must_open(struct output *o, const char *option, const char *path)
{
	int err = output_open(o, path);

	if (err)
		refuse("%s %s: cannot write it: %s", option, path,
		       strerror(-err));
}

static void open_plot(struct output *o, const struct command *c,
		      const struct experiment *e)
{
	char path[4096];

	o->fd = -1;
	if (!c->plot)
		return;
	snprintf(path, sizeof(path), "%s", c->plot);
	if (!strcmp(c->name, "all"))
		snprintf(path, sizeof(path), "%s/%s%s.svg", c->plot, e->name,
			 e->device ? "-device" : "");
	must_open(o, "--plot", path);
}

static enum run_end run_one(const struct command *c, struct report *report,
			    const struct experiment *e, FILE *out)
{
	struct run run = {
		.lab = { .experiment = e, .out = out },
		.files_in = c->dir,
	};
	struct output plot;
	enum run_end end;

	set_params(&run.lab, c);
	open_plot(&plot, c, e);
	run.lab.plot_fd = plot.fd;
	end = keeper_run(&run);
	output_close(&plot, plot.fd >= 0 && lseek(plot.fd, 0, SEEK_CUR) > 0);
	report_add(report, &run, end, out);
	return end;
}

static int run_all(const struct command *c, struct report *report, FILE *out)
{
	const struct experiment *const *e;
	bool all = !strcmp(c->name, "all");
	enum run_end end = RUN_DONE;
	size_t n = 0;

	for (e = experiments; *e; e++)
		n++;
	/* What is printed meanwhile would go through the bar. */
	if (isatty(fileno(out)))
		progress_hide();
	if (!keeper_begin(all ? n : 1))
		refuse("no memory");
	if (!all)
		end = run_one(c, report, find(c), out);
	for (e = experiments; all && *e && end != RUN_INTERRUPTED; e++) {
		end = run_one(c, report, *e, out);
		fputc('\n', out);
	}
	keeper_end();
	if (end == RUN_INTERRUPTED) {
		fprintf(stderr, "shmring-lab: interrupted; its processes are ended, its files removed\n");
		return EXIT_INTERRUPTED;
	}
	report_summary(report, out);
	if (end == RUN_REFUSED && !all)
		return EXIT_USAGE;
	return report->broken ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void check(struct command *c)
{
	if (!c->name)
		refuse("which experiment? shmring-lab list names them; all runs all of them");
	if (!strcmp(c->name, "all"))
		check_all(c);
	else
		find(c);
	if (c->plot && !plot_possible())
		refuse("--plot %s: needs gnuplot, which is not here: apt-get install gnuplot-nox",
		       c->plot);
	if (!c->dir)
		c->dir = getenv("TMPDIR");
	if (!c->dir || !*c->dir)
		c->dir = "/tmp";
}

static struct output json = { .fd = -1 };
static pid_t owner;

/* What was refused or interrupted leaves no empty file. Not in a child. */
static void drop_json(void)
{
	if (getpid() == owner)
		output_close(&json, false);
}

static void open_json(const struct command *c)
{
	owner = getpid();
	atexit(drop_json);
	must_open(&json, "--json", c->json);
}

static int run(const struct command *c)
{
	bool to_stdout = c->json && !strcmp(c->json, "-");
	struct report report;
	int status, err = 0;

	if (!report_begin(&report))
		refuse("no memory");
	if (c->json && !to_stdout)
		open_json(c);
	status = run_all(c, &report, to_stdout ? stderr : stdout);
	if (c->json && status != EXIT_INTERRUPTED) {
		/* A pipe has nothing that could be cut off. */
		if (!to_stdout && ftruncate(json.fd, 0) && errno != EINVAL)
			err = -errno;
		else
			err = report_json(&report, to_stdout ? STDOUT_FILENO :
						   json.fd);
	}
	if (err)
		fprintf(stderr, "shmring-lab: --json %s: cannot write it: %s\n",
			c->json, strerror(-err));
	output_close(&json, status != EXIT_INTERRUPTED);
	report_end(&report);
	return err && !status ? EXIT_FAILURE : status;
}

int main(int argc, char **argv)
{
	struct command c = { .name = NULL };

	cli_open_std();
	cli_parse(&argp, argc, argv, &c);
	if (c.name && !strcmp(c.name, "list")) {
		list();
		return 0;
	}
	check(&c);
	return run(&c);
}
