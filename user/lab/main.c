// SPDX-License-Identifier: MIT
/* shmring-lab: the command line. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../common/cli.h"
#include "../common/gnuplot.h"
#include "../common/nearest.h"
#include "../common/outfile.h"
#include "../common/progress.h"
#include "../common/units.h"
#include "../common/width.h"
#include "keeper.h"
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
	{ "plot", KEY_PLOT, "FILE", 0,
	  "Draw it: .svg or .png; with all, a folder for one .svg each", 0 },
	{ "no-progress", KEY_NO_PROGRESS, NULL, 0, "No progress bar", 0 },
	CLI_HELP,
	{ 0 }
};

/*
 * struct command - what the parser fills
 * @given: parameters as typed, or NULL
 * @files_in: where files are made: @dir, or what the environment says
 */
struct command {
	const char *name;
	const char *given[PARAM_NR];
	const char *dir;
	const char *files_in;
	const char *program;
	const char *json;
	const char *plot;
	bool device;
	bool has_options;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct command *c = state->input;

	/* The parser's own keys are 0, or larger. */
	c->has_options |= key > 0 && key <= KEY_NO_PROGRESS;
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
	       "Exit status: 0; 1 when a claim does not hold, or something could not be written; 2 when what was asked for is wrong or not possible here.",
};

static const char *value_text(int param, uint64_t v, char text[UNITS_TEXT_MAX])
{
	if (param == PARAM_SIZE)
		return units_bytes(v, text);
	snprintf(text, UNITS_TEXT_MAX, "%llu", (unsigned long long)v);
	return text;
}

static void print_params(const struct experiment *e, int width)
{
	char name[32], what[256], number[UNITS_TEXT_MAX];
	const struct param *p;
	int i;

	for (i = 0; i < PARAM_NR; i++) {
		p = &e->params[i];
		if (!p->is)
			continue;
		value_text(i, p->usual, number);
		snprintf(name, sizeof(name), "    --%-8s ", param_names[i]);
		snprintf(what, sizeof(what), "%s; %s", p->is, number);
		fputs(name, stdout);
		width_print(stdout, width, (int)strlen(name),
			    (int)strlen(name), what);
	}
}

static void list(void)
{
	const struct experiment *const *e;
	int width = width_of(stdout);

	for (e = experiments; *e; e++) {
		width_say(stdout, width, "%s%s: %s", (*e)->name,
			  (*e)->device ? " --device" : "", (*e)->what);
		print_params(*e, width);
	}
}

static const struct experiment *find(const struct command *c)
{
	struct nearest near = { .typed = c->name, .len = strlen(c->name) };
	const struct experiment *const *e;
	char text[NEAREST_TEXT_MAX];
	bool known = false;

	for (e = experiments; *e; e++) {
		nearest_try(&near, (*e)->name);
		if (strcmp((*e)->name, c->name))
			continue;
		if ((*e)->device == c->device)
			return *e;
		known = true;
	}
	if (known)
		refuse("--device: %s has no such variant; cow has", c->name);
	nearest_try(&near, "all");
	nearest_try(&near, "list");
	refuse("'%s': no such experiment%s: see shmring-lab list", c->name,
	       nearest_text(&near, text));
}

static uint64_t parse_param(const struct param *p, int i, const char *given)
{
	char from[UNITS_TEXT_MAX], to[UNITS_TEXT_MAX];
	uint64_t v;

	if (!units_parse_size(given, strlen(given), &v) || v < p->from ||
	    v > p->to)
		refuse("--%s %s: %s: not a number from %s to %s",
		       param_names[i], given, p->is,
		       value_text(i, p->from, from), value_text(i, p->to, to));
	return v;
}

static void set_params(uint64_t value[PARAM_NR], const struct command *c,
		       const struct experiment *e)
{
	const struct param *p;
	int i;

	for (i = 0; i < PARAM_NR; i++) {
		p = &e->params[i];
		if (c->given[i] && !p->is)
			refuse("--%s: means nothing to %s: see shmring-lab list",
			       param_names[i], e->name);
		value[i] = c->given[i] ? parse_param(p, i, c->given[i]) :
					 p->usual;
	}
	if (c->program && strcmp(e->name, "demand"))
		refuse("--program: only demand executes one");
	if (c->dir && !e->files)
		refuse("--dir: means nothing to %s, which makes no files",
		       e->name);
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

/* Nothing that is made is left by a run that is refused or interrupted. */
static struct outfile json, plot;
static pid_t owner;

static void drop_files(void)
{
	if (getpid() != owner)
		return;
	outfile_close(&json, -EINTR);
	outfile_close(&plot, -EINTR);
}

static void must_open(struct outfile *o, const char *option, const char *path)
{
	int err = outfile_open(o, path);

	if (err)
		refuse("%s %s: cannot write it: %s", option, path,
		       strerror(-err));
}

static bool must_close(struct outfile *o, const char *option, const char *path,
		       int err)
{
	err = outfile_close(o, err);
	if (err)
		fprintf(stderr, "shmring-lab: %s %s: cannot write it: %s\n",
			option, path, strerror(-err));
	return !err;
}

static void plot_path(char path[4096], const struct command *c,
		      const struct experiment *e)
{
	if (strcmp(c->name, "all"))
		snprintf(path, 4096, "%s", c->plot);
	else
		snprintf(path, 4096, "%s/%s%s.svg", c->plot, e->name,
			 e->device ? "-device" : "");
}

/* One that drew nothing, or not all, leaves no picture. */
static void close_plot(struct report *report, const char *path, enum run_end end)
{
	bool drawn = lseek(fileno(plot.file), 0, SEEK_CUR) != 0;

	if (drawn && end == RUN_DONE)
		report->unwritten |= !must_close(&plot, "--plot", path, 0);
	else
		outfile_close(&plot, -EINTR);
}

static enum run_end run_one(const struct command *c, struct report *report,
			    const struct experiment *e, FILE *out)
{
	struct run run = {
		.lab = { .experiment = e, .out = out, .plot_fd = -1 },
		.files_in = c->files_in,
	};
	char path[4096] = "";
	enum run_end end;

	set_params(run.lab.value, c, e);
	run.lab.program = c->program;
	if (c->plot) {
		plot_path(path, c, e);
		must_open(&plot, "--plot", path);
		run.lab.plot_fd = fileno(plot.file);
		run.lab.plot_png = outfile_ends_in(path, ".png");
	}
	end = keeper_run(&run);
	if (c->plot)
		close_plot(report, path, end);
	report_add(report, &run, end, out);
	return end;
}

static size_t count_experiments(const struct command *c)
{
	size_t n = 0;

	if (strcmp(c->name, "all"))
		return 1;
	while (experiments[n])
		n++;
	return n;
}

/* Until one is not to be followed by another. */
static enum run_end run_each(const struct command *c, struct report *report,
			     FILE *out)
{
	const struct experiment *const *e;
	enum run_end end;

	if (strcmp(c->name, "all"))
		return run_one(c, report, find(c), out);
	for (e = experiments; *e; e++) {
		end = run_one(c, report, *e, out);
		if (end == RUN_INTERRUPTED || end == RUN_UNREAD)
			return end;
		fputc('\n', out);
	}
	return RUN_DONE;
}

/* As one that was never told to tidy up: who started it sees why it ended. */
static void end_unread(void)
{
	drop_files();
	signal(SIGPIPE, SIG_DFL);
	kill(getpid(), SIGPIPE);
}

static int run_all(const struct command *c, struct report *report, FILE *out)
{
	enum run_end end;

	/* What is printed meanwhile would go through the bar. */
	if (isatty(fileno(out)))
		progress_hide();
	if (!keeper_begin(count_experiments(c)))
		refuse("no memory");
	end = run_each(c, report, out);
	keeper_end();
	if (end == RUN_UNREAD)
		end_unread();
	if (end == RUN_INTERRUPTED) {
		fprintf(stderr, "shmring-lab: interrupted; its processes are ended, its files removed\n");
		return EXIT_INTERRUPTED;
	}
	report_summary(report, out);
	if (end == RUN_REFUSED)
		return EXIT_USAGE;
	return report->broken ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void check_plot(const struct command *c)
{
	struct stat st;

	if (!strcmp(c->name, "all")) {
		if (stat(c->plot, &st) || !S_ISDIR(st.st_mode))
			refuse("--plot %s: with all it is a folder, and there is none of this name",
			       c->plot);
	} else if (!outfile_ends_in(c->plot, ".svg") &&
		   !outfile_ends_in(c->plot, ".png")) {
		refuse("--plot %s: not FILE.svg or FILE.png", c->plot);
	}
	if (!gnuplot_exists())
		refuse("--plot %s: needs gnuplot, which is not here: apt-get install gnuplot-nox",
		       c->plot);
}

/* Everything that does not need a run to be seen wrong. */
static void check(struct command *c)
{
	uint64_t value[PARAM_NR];

	if (!c->name)
		refuse("which experiment? shmring-lab list names them; all runs all of them");
	if (!strcmp(c->name, "all"))
		check_all(c);
	else
		set_params(value, c, find(c));
	if (c->plot)
		check_plot(c);
	if (c->plot && c->json && !strcmp(c->plot, c->json))
		refuse("--plot %s: --json has the same file", c->plot);
	c->files_in = c->dir ? c->dir : getenv("TMPDIR");
	if (!c->files_in || !*c->files_in)
		c->files_in = "/tmp";
}

static bool write_json(const struct command *c, const struct report *report,
		       int status)
{
	int err = status == EXIT_INTERRUPTED ? -EINTR : 0;

	if (json.file) {
		if (err)
			return outfile_close(&json, err), true;
		return must_close(&json, "--json", c->json,
				  report_json(report, json.file));
	}
	/* What cannot be written there is said when it is closed. */
	if (c->json && !err)
		report_json(report, stdout);
	return true;
}

static int run(const struct command *c)
{
	bool to_stdout = c->json && (!strcmp(c->json, "-") ||
				     !strcmp(c->json, "/dev/stdout"));
	struct report report;
	int status;

	if (!report_begin(&report))
		refuse("no memory");
	owner = getpid();
	atexit(drop_files);
	if (c->json && !to_stdout)
		must_open(&json, "--json", c->json);
	status = run_all(c, &report, to_stdout ? stderr : stdout);
	report.unwritten |= !write_json(c, &report, status);
	report_end(&report);
	return report.unwritten && !status ? EXIT_FAILURE : status;
}

int main(int argc, char **argv)
{
	struct command c = { .name = NULL };

	cli_open_std();
	cli_parse(&argp, argc, argv, &c);
	if (c.name && !strcmp(c.name, "list")) {
		if (c.has_options)
			refuse("list: takes no options");
		list();
		return cli_close_stdout(EXIT_SUCCESS);
	}
	check(&c);
	return cli_close_stdout(run(&c));
}
