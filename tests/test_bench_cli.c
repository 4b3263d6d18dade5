// SPDX-License-Identifier: MIT
/*
 * shmring-bench as its users meet it: what it refuses, what it writes, and what
 * it leaves behind where things go wrong. It lies beside the folder of this
 * test.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <jansson.h>

#define HANG_GUARD_S	900	/* a hang fails instead of lasting */
#define ARGS_MAX	32
#define OUTPUT_MAX	(1 << 20)
#define WIDE		"200"

/* Short measurements of everything there is. */
#define BRIEF		"-n", "2", "-d", "3"

static char bench[4096], dir[] = "/tmp/shmring-cli-XXXXXX";
static char output[OUTPUT_MAX];

/* What a child does to itself before it becomes shmring-bench. */
typedef void prepare_fn(void);

struct run {
	pid_t pid;
	int out;
	size_t used;
};

static struct run start(prepare_fn *prepare, const char *const *args)
{
	char *argv[ARGS_MAX + 2] = { bench };
	struct run r = { 0 };
	int fd[2], i;

	for (i = 0; i < ARGS_MAX && args[i]; i++)
		argv[i + 1] = (char *)args[i];
	assert_int_equal(pipe(fd), 0);
	r.pid = fork();
	assert_true(r.pid >= 0);
	if (!r.pid) {
		/* A test that fails, or is killed, leaves nobody behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fd[1], STDOUT_FILENO);
		dup2(fd[1], STDERR_FILENO);
		close(fd[0]);
		close(fd[1]);
		if (prepare)
			prepare();
		execv(bench, argv);
		_exit(127);
	}
	close(fd[1]);
	r.out = fd[0];
	return r;
}

/* More of its output; false at the end. */
static bool read_more(struct run *r)
{
	ssize_t n;

	assert_true(r->used < OUTPUT_MAX - 1);
	n = read(r->out, output + r->used, OUTPUT_MAX - 1 - r->used);
	if (n > 0)
		r->used += (size_t)n;
	output[r->used] = 0;
	return n > 0;
}

/* Its exit status. */
static int finish(struct run *r)
{
	int status;

	while (read_more(r))
		;
	close(r->out);
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	if (!WIFEXITED(status))
		fail_msg("killed by signal %d: %s", WTERMSIG(status), output);
	return WEXITSTATUS(status);
}

static int run_prepared(prepare_fn *prepare, const char *const *args)
{
	struct run r = start(prepare, args);

	return finish(&r);
}

#define ARGS(...)	((const char *const[]){ __VA_ARGS__, NULL })
#define RUN(...)	run_prepared(NULL, ARGS(__VA_ARGS__))

static void assert_says(const char *text)
{
	if (!strstr(output, text))
		fail_msg("no '%s' in: %s", text, output);
}

static void assert_is_silent_about(const char *text)
{
	if (strstr(output, text))
		fail_msg("'%s' in: %s", text, output);
}

/* A library that gives up by abort() spoils its cell; what is ours may not. */
static void assert_no_crash(void)
{
	assert_is_silent_about("signal 7 ");
	assert_is_silent_about("signal 11 ");
}

static const char *in_dir(const char *name)
{
	static char path[4][256];
	static int next;

	next = (next + 1) % 4;
	snprintf(path[next], sizeof(path[next]), "%s/%s", dir, name);
	return path[next];
}

static void wrong_arguments_are_one_line(void **state)
{
	static const struct {
		const char *args[5];
		const char *says;
	} wrong[] = {
		{ { "nonsense" }, "no such test or command: throughput" },
		{ { "lantency" }, "did you mean 'latency'?" },
		{ { "comapre" }, "did you mean 'compare'?" },
		{ { "latency", "more" }, "one argument too many" },
		{ { "-t", "pigeon" }, "no such transport or group: dev" },
		{ { "-t", "piep" }, "did you mean 'pipe'?" },
		{ { "-t", "rings,-soket" }, "did you mean 'sockets'?" },
		{ { "-t", "pipe,-pipes" }, "nothing is left" },
		{ { "--size", "0" }, "'0' is not a number from 1 B to 1 GiB" },
		{ { "--size", "1T" }, "'1T' is not a number from 1 B to 1 GiB" },
		{ { "--size", "8,x" }, "'x' is not a number" },
		{ { "--producers", "65" }, "not a number from 1 to 64" },
		{ { "--rate", "0" }, "not a number from 1" },
		{ { "--ring-size", "5000" }, "two: 4 KiB or 8 KiB" },
		{ { "--cpus", "100000" }, "possible are" },
		{ { "--plot", "x.gif" }, "not FILE.svg or FILE.png" },
		{ { "--threshold", "-1" }, "not a percentage" },
		{ { "--threshold", "nan" }, "not a percentage" },
		{ { "latency", "-b", "2" }, "--batch: means nothing to latency" },
		{ { "latency", "--rate", "5" }, "--rate: means nothing to latency" },
		{ { "topology", "-t", "pipe" }, "means nothing to topology" },
		{ { "--threshold", "5" }, "means nothing to a measurement" },
		{ { "list", "-t", "pipe" }, "--transport: means nothing to list" },
		{ { "list", "-q" }, "--quiet: means nothing to list" },
		{ { "show", "x", "--no-progress" }, "--no-progress: means nothing to show" },
		{ { "topology", "--csv", "x" }, "--csv: means nothing to topology" },
		{ { "--label", "\033[2J" }, "--label: control characters" },
		{ { "show", "x", "-s", "8" }, "--size: means nothing to show" },
		{ { "compare", "--csv", "x", "a", "b" }, "--csv: means nothing to" },
		{ { "--json", "/nonexistent/x" }, "cannot write it: No such file" },
		{ { "--report", "-" }, "a page goes to a file" },
		{ { "compare", "x" }, "files are missing" },
		{ { "show", "/dev/null" }, "not JSON" },
		{ { "show", "/etc" }, "shmring-bench: /etc: " },
		{ { "--bogus" }, "no such option" },
		{ { "--zzz=3" }, "shmring-bench: --zzz=3: no such option" },
		{ { "-Zv" }, "shmring-bench: -Z: no such option" },
		{ { "-vZ" }, "shmring-bench: -Z: no such option" },
		{ { "-v", "-qZv", "-Y" }, "shmring-bench: -Z: no such option" },
		{ { "-t", "pipe", "-Zv", "list" }, "shmring-bench: -Z: no" },
		{ { "list", "-v", "--zzz" }, "shmring-bench: --zzz: no" },
		{ { "-v\303\251" }, "-v\303\251: no such option" },
		{ { "-vn" }, "shmring-bench: -n: its value is missing" },
		{ { "--transprot", "x" }, "did you mean 'transport'?" },
		{ { "--json" }, "its value is missing" },
		{ { "--quick=5" }, "it takes no value" },
		{ { "-n" }, "-n: its value is missing: see --help" },
		{ { "fan-in", "-t", "memfd" }, "takes one producer" },
		{ { "survive", "-b", "2" }, "--batch: means nothing to survive" },
		{ { "survive", "--kills", "0" }, "not a number from 1 to 10000" },
		{ { "survive", "--seed", "x" }, "not a number from 0" },
		{ { "survive", "-t", "pipe", "-s", "5" }, "another --size" },
		{ { "surviev" }, "did you mean 'survive'?" },
		{ { "latency", "--kills", "2" }, "nothing to a measurement" },
		{ { "wakeup", "-t", "ck-ring" }, "has no way to sleep" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		if (run_prepared(NULL, wrong[i].args) != 2)
			fail_msg("'%s' is accepted: %s", wrong[i].args[0],
				 output);
		assert_says(wrong[i].says);
		assert_ptr_equal(strchr(output, '\n'),
				 output + strlen(output) - 1);
	}
}

static void list_names_tests_and_transports(void **state)
{
	(void)state;
	assert_int_equal(RUN("list"), 0);
	assert_says("throughput");
	assert_says("topology");
	assert_says("survive");
	assert_says("memfd");
	assert_says("sockets:\n  unix-stream");
	assert_int_equal(RUN("list", "--json", "-"), 0);
	assert_says("\"group\": \"rings\"");
	assert_int_equal(RUN("-h"), 0);
	assert_says("--version");
	assert_int_equal(RUN("--version"), 0);
	assert_int_equal(strncmp(output, "shmring-bench 0.", 16), 0);
}

static void sizes_are_read_as_they_are_printed(void **state)
{
	(void)state;
	assert_int_equal(RUN("latency", "-t", "pipe", "-s", "64 B", "-r",
			     "64KiB", BRIEF), 0);
	assert_says("64 B");
}

static void groups_and_exclusions_choose_transports(void **state)
{
	(void)state;
	assert_int_equal(RUN("latency", "-t", "pipes,-fifo", "-s", "8", BRIEF,
			     "--json", in_dir("g.json")), 0);
	assert_says("  pipe ");
	assert_says("  vmsplice ");
	assert_is_silent_about("fifo");
	assert_int_equal(RUN("show", in_dir("g.json"), "-t", "pipe"), 0);
	assert_says("  pipe ");
	assert_is_silent_about("vmsplice");
	/* A list that begins with an exclusion is of all others. */
	assert_int_equal(RUN("show", in_dir("g.json"), "-t", "-pipe"), 0);
	assert_says("  vmsplice ");
	assert_is_silent_about("  pipe ");
}

static void a_size_that_does_not_fit_is_a_cell_that_says_so(void **state)
{
	(void)state;
	assert_int_equal(RUN("throughput", "-t", "memfd,pipe,ck-ring", "-s",
			     "5,1M", "-r", "64K", BRIEF), 0);
	assert_says("ck-ring: 5 bytes: its slots are powers of two");
	assert_says("memfd: 1048576 bytes: more than half of the ring");
	assert_says("5 B *64");
}

/* The schema is checked by a validator that knows nothing of this program. */
static void the_json_is_as_the_schema_says(void **state)
{
	static const char *const script =
		"import json, sys\n"
		"try: import jsonschema\n"
		"except ImportError: sys.exit(77)\n"
		"schema, *files = [json.load(open(f)) for f in sys.argv[1:]]\n"
		"for f in files: jsonschema.validate(f, schema)\n";
	char command[1024];
	int status;

	(void)state;
	assert_int_equal(RUN(BRIEF, "--json", in_dir("all.json"), "--csv",
			     in_dir("all.csv")), 0);
	assert_int_equal(RUN("--quick", "-c", "0,0", "-t", "memfd,pipe", BRIEF,
			     "--json", in_dir("one.json")), 0);
	snprintf(command, sizeof(command),
		 "python3 -c '%s' user/bench/schema.json %s %s", script,
		 in_dir("all.json"), in_dir("one.json"));
	status = system(command);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static size_t size_of(const char *path)
{
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(output, 1, OUTPUT_MAX - 1, f);
	output[n] = 0;
	fclose(f);
	return n;
}

static size_t count(const char *what)
{
	const char *at = output;
	size_t n = 0;

	for (; (at = strstr(at, what)); at++)
		n++;
	return n;
}

static void a_file_is_shown_as_it_was_measured(void **state)
{
	static char first[OUTPUT_MAX];
	size_t lines;

	(void)state;
	assert_int_equal(RUN("latency", "-t", "memfd,pipe", BRIEF, "--json",
			     in_dir("l.json"), "--csv", in_dir("l.csv")), 0);
	strcpy(first, output);
	assert_int_equal(RUN("show", in_dir("l.json")), 0);
	assert_string_equal(output, first);
	assert_int_equal(RUN("show", in_dir("l.json"), "--csv", "-"), 0);
	size_of(in_dir("l.csv"));
	lines = count("\n");
	assert_int_equal(lines, 5);	/* a head; two sizes of two */
	assert_int_equal(count("latency,"), lines - 1);
}

static bool exists(const char *name)
{
	return !access(in_dir(name), F_OK);
}

static void a_file_says_where_it_comes_from(void **state)
{
	(void)state;
	assert_int_equal(RUN("latency", "-t", "pipe", "-s", "8", BRIEF,
			     "--label", "the 1st run", "--json",
			     in_dir("w.json"), "--csv", in_dir("w.csv")), 0);
	assert_says("shmring-bench 0.");
	assert_says("the 1st run");
	size_of(in_dir("w.json"));
	assert_says("\"label\": \"the 1st run\"");
	assert_says("\"command\": \"shmring-bench latency -t pipe -s 8 ");
	assert_says("--label 'the 1st run'");
	assert_says("\"memory_bytes\": ");
	size_of(in_dir("w.csv"));
	assert_says(",the 1st run,");
}

static void no_line_is_longer_than_the_terminal(void **state)
{
	static const char *const flags[] = { "-v", NULL };
	char *line, *end;
	size_t i;

	(void)state;
	assert_int_equal(RUN("-t", "pipes,rings,zmq-ipc", BRIEF, "--json",
			     in_dir("wide.json")), 0);
	unsetenv("COLUMNS");
	for (i = 0; i < 2; i++) {
		assert_int_equal(RUN("show", in_dir("wide.json"), flags[i]), 0);
		for (line = output; (end = strchr(line, '\n')); line = end + 1)
			if (end - line > 80)
				fail_msg("too long: %.*s", (int)(end - line),
					 line);
	}
	setenv("COLUMNS", WIDE, 1);
	assert_int_equal(RUN("show", in_dir("wide.json")), 0);
	assert_says("8 B *64");
	line = strstr(output, "8 B *64");
	while (line > output && line[-1] != '\n')
		line--;
	assert_true(strcspn(line, "\n") > 80);
}

static void point_stdout_at_full(void)
{
	dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO);
}

static void close_stdout(void)
{
	close(STDOUT_FILENO);
}

static void what_cannot_be_written_fails(void **state)
{
	const char *const commands[][3] = {
		{ "list" }, { "--help" }, { "--version" },
		{ "show", in_dir("f.json") },
	};
	size_t i;

	(void)state;
	assert_int_equal(RUN("latency", "-t", "pipe", "-s", "8", BRIEF,
			     "--json", in_dir("f.json")), 0);
	for (i = 0; i < 4; i++) {
		assert_int_equal(run_prepared(NULL, commands[i]), 0);
		assert_int_equal(run_prepared(point_stdout_at_full,
					      commands[i]), 1);
		assert_says("cannot write to standard output: No space");
		assert_int_equal(run_prepared(close_stdout, commands[i]), 1);
		assert_says("cannot write to standard output: Bad file");
	}
	assert_int_equal(run_prepared(point_stdout_at_full,
				      ARGS("show", in_dir("f.json"), "--json",
					   "-")), 1);
	assert_int_equal(RUN("show", in_dir("f.json"), "--csv", "/dev/full"), 1);
	assert_says("--csv /dev/full: cannot write it: No space left");
	if (system("command -v gnuplot >/dev/null"))
		return;
	/* Which says nothing of it. */
	assert_int_equal(symlink("/dev/full", in_dir("full.svg")), 0);
	assert_int_equal(RUN("show", in_dir("f.json"), "--plot",
			     in_dir("full.svg")), 1);
	assert_says("full.svg: cannot write it: No space left");
}

static void what_a_link_leads_to_is_written(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(RUN("latency", "-t", "pipe", "-s", "8", BRIEF,
			     "--json", in_dir("l.json")), 0);
	assert_int_equal(symlink("new.json", in_dir("link.json")), 0);
	assert_int_equal(RUN("show", in_dir("l.json"), "--json",
			     in_dir("link.json")), 0);
	assert_int_equal(lstat(in_dir("link.json"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_true(size_of(in_dir("new.json")) > 1000);
}

static void one_file_is_not_two(void **state)
{
	(void)state;
	assert_int_equal(RUN("latency", "-t", "pipe", "-s", "8", BRIEF,
			     "--json", in_dir("same"), "--csv", in_dir("same")),
			 2);
	assert_says("has the same file");
	assert_false(exists("same"));
}

/* As @from, but for the text at the @key of the first in the @list. */
static void forge(const char *from, const char *list, const char *key,
		  const char *text, const char *to)
{
	json_t *doc = json_load_file(from, 0, NULL), *first;

	first = json_array_get(json_object_get(doc, list), 0);
	assert_non_null(first);
	json_object_set_new(first, key, json_string(text));
	assert_int_equal(json_dump_file(doc, to, 0), 0);
	json_decref(doc);
}

/* What draws pictures executes what is in backquotes, and any line of its own. */
static void a_file_of_a_stranger_executes_nothing(void **state)
{
	char text[256];

	(void)state;
	if (system("command -v gnuplot >/dev/null"))
		skip();
	assert_int_equal(RUN("latency", "-t", "pipe", "-s", "8", BRIEF,
			     "--json", in_dir("r.json")), 0);
	snprintf(text, sizeof(text), "pipe\nEOD\nsystem('touch %s')\n$x << EOD",
		 in_dir("owned"));
	forge(in_dir("r.json"), "results", "transport", text, in_dir("x.json"));
	assert_int_equal(RUN("show", in_dir("x.json"), "--plot",
			     in_dir("x.svg")), 2);
	assert_false(exists("owned"));
	if (RUN("topology", BRIEF, "--json", in_dir("t.json"))) {
		assert_says("may use one CPU only");
		return;
	}
	snprintf(text, sizeof(text), "`touch %s`", in_dir("owned"));
	forge(in_dir("t.json"), "topology", "relation", text, in_dir("x.json"));
	assert_int_equal(RUN("show", in_dir("x.json"), "--plot",
			     in_dir("x.svg")), 0);
	assert_false(exists("owned"));
}

static void a_terminal_obeys_no_file(void **state)
{
	(void)state;
	assert_int_equal(RUN("latency", "-t", "pipe", "-s", "8", BRIEF,
			     "--json", in_dir("e.json")), 0);
	forge(in_dir("e.json"), "results", "state", "failed", in_dir("e.json"));
	forge(in_dir("e.json"), "results", "error", "broken\033[2J\302\233m!",
	      in_dir("e.json"));
	assert_int_equal(RUN("show", in_dir("e.json")), 0);
	assert_says("broken?[2J?m!");
}

/* As on a full disk: an error when it comes to writing, and no signal. */
static void have_no_space(void)
{
	const struct rlimit l = { 10, 10 };

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &l);
}

static int count_files(const char *path);

static void the_old_file_stays_until_the_new_one_is_complete(void **state)
{
	static const char *const options[] = { "--json", "--csv" };
	int files;
	FILE *f;
	size_t i;

	(void)state;
	assert_int_equal(RUN("latency", "-t", "pipe", "-s", "8", BRIEF,
			     "--json", in_dir("from.json")), 0);
	for (i = 0; i < 2; i++) {
		f = fopen(in_dir("old"), "w");
		assert_true(f && fputs("old", f) >= 0 && !fclose(f));
		assert_int_equal(chmod(in_dir("old"), 0640), 0);
		files = count_files(dir);
		assert_int_equal(run_prepared(have_no_space,
					      ARGS("show", in_dir("from.json"),
						   options[i], in_dir("old"))),
				 1);
		assert_says("cannot write it: File too large");
		assert_int_equal(size_of(in_dir("old")), 3);
		assert_int_equal(count_files(dir), files);
		assert_int_equal(RUN("show", in_dir("from.json"), options[i],
				     in_dir("old")), 0);
		assert_true(size_of(in_dir("old")) > 3);
		assert_int_equal(count_files(dir), files);
	}
}

static void a_refused_run_leaves_no_file(void **state)
{
	(void)state;
	assert_int_equal(RUN("wakeup", "-t", "ck-ring", "--json",
			     in_dir("no.json"), "--csv", in_dir("no.csv")), 2);
	assert_false(exists("no.json") || exists("no.csv"));
	assert_int_equal(RUN("wakeup", "-t", "pipe", "-s", "8", BRIEF, "--json",
			     in_dir("no.json")), 0);
	assert_true(exists("no.json"));
}

static void have_no_reader(void)
{
	int fd[2];

	if (pipe(fd))
		_exit(127);
	close(fd[0]);
	dup2(fd[1], STDOUT_FILENO);
}

/* What was measured is kept, and nobody is told. */
static void a_reader_that_goes_away_costs_no_file(void **state)
{
	struct run r;
	int status;

	(void)state;
	r = start(have_no_reader, ARGS("latency", "-v", BRIEF, "--json",
				       in_dir("kept.json")));
	while (read_more(&r))
		;
	close(r.out);
	assert_int_equal(waitpid(r.pid, &status, 0), r.pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	assert_int_equal(r.used, 0);
	assert_true(size_of(in_dir("kept.json")) > 1000);

	/* Nor where one of the files was for the reader. */
	r = start(have_no_reader, ARGS("show", in_dir("kept.json"), "--json",
				       "-", "--csv", in_dir("kept.csv")));
	while (read_more(&r))
		;
	close(r.out);
	assert_int_equal(waitpid(r.pid, &status, 0), r.pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	assert_true(size_of(in_dir("kept.csv")) > 100);
}

static void pictures_and_pages_are_drawn(void **state)
{
	(void)state;
	if (system("command -v gnuplot >/dev/null"))
		skip();
	assert_int_equal(RUN(BRIEF, "--json", in_dir("p.json"), "--plot",
			     in_dir("p.svg"), "--report", in_dir("p.html")), 0);
	assert_is_silent_about("warning");
	assert_int_equal(RUN("show", in_dir("p.json"), "--plot",
			     in_dir("p.png")), 0);
	assert_true(size_of(in_dir("p.png")) > 10000);
	assert_memory_equal(output, "\x89PNG", 4);
	assert_true(size_of(in_dir("p.svg")) > 10000);
	assert_says("memfd");
	assert_says("shmring-bench -n 2 -d 3 --json");
	assert_true(size_of(in_dir("p-latency.svg")) > 10000);
	assert_true(size_of(in_dir("p-throughput.png")) > 10000);
	assert_memory_equal(output, "\x89PNG", 4);
	assert_true(size_of(in_dir("p.html")) > 10000);
	assert_says("<th>command</th>");
	assert_true(count("<svg") >= 3);
	assert_int_equal(count("<svg"), count("</svg>"));
	assert_says("</html>");
	/* It needs no other file. */
	assert_int_equal(count("src="), 0);
	assert_is_silent_about("<link");
}

static void the_summary_has_less_than_all(void **state)
{
	(void)state;
	assert_int_equal(RUN("throughput", "-t", "memfd,pipe,fifo", "-s", "8",
			     "-b", "1,4", BRIEF, "--json", in_dir("s.json")),
			 0);
	assert_says("8 B *4");
	assert_is_silent_about("95 % interval");
	/* Who has no batches is known of each transport. */
	assert_says("published by itself: pipe, fifo\n");
	assert_int_equal(RUN("show", "-v", in_dir("s.json")), 0);
	assert_says("throughput, 8 B, 4 per publish");
	assert_says("95 % interval");
	assert_says("published by itself: pipe, fifo\n");
	assert_int_equal(RUN("throughput", "-t", "memfd", "-s", "8", BRIEF), 0);
	assert_is_silent_about("published by itself");
	/* That no message would arrive in time is worth more than a time. */
	assert_int_equal(RUN("oneway", "-t", "pipe", "--rate", "1000000000",
			     BRIEF), 0);
	assert_says("overload");
}

static void a_run_is_no_regression_of_itself(void **state)
{
	(void)state;
	assert_int_equal(RUN("latency", "-t", "memfd,pipe", BRIEF, "--json",
			     in_dir("c.json")), 0);
	assert_int_equal(RUN("compare", in_dir("c.json"), in_dir("c.json"),
			     "--threshold", "0"), 0);
	assert_says("0 regressions");
	assert_int_equal(RUN("compare", in_dir("c.json"), "/etc/hostname"), 2);
	assert_int_equal(RUN("compare", in_dir("c.json"), in_dir("c.json"), "-t",
			     "fifo"), 2);
	assert_says("none of these files has a result to be compared");
	assert_int_equal(RUN("compare", in_dir("c.json"), in_dir("c.json"),
			     in_dir("c.json"), "-t", "pipe", "--json", "-"), 0);
	assert_says("shmring-bench-compare/1");
	assert_is_silent_about("\"transport\": \"memfd\"");
}

/* The first child of @parent, or 0. */
static pid_t child_of(pid_t parent)
{
	char path[64];
	FILE *f;
	int pid = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent,
		 (int)parent);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%d", &pid) != 1)
		pid = 0;
	fclose(f);
	return pid;
}

/*
 * Ask with SIGUSR1 until it says that it measures @what. It has blocked the
 * signal when it has children: before, that would be its end. How often that
 * is depends on the machine: an answer is forgotten for the next one.
 */
static void wait_until(struct run *r, const char *what)
{
	while (!child_of(r->pid))
		assert_int_equal(waitpid(r->pid, NULL, WNOHANG), 0);
	do {
		r->used = 0;
		assert_int_equal(kill(r->pid, SIGUSR1), 0);
		assert_true(read_more(r));
	} while (!strstr(output, what));
}

static void kill_child(struct run *r)
{
	pid_t child;

	while (!(child = child_of(r->pid)))
		sched_yield();
	assert_int_equal(kill(child, SIGKILL), 0);
}

static void the_run_goes_on_without_who_was_killed(void **state)
{
	struct run r;

	(void)state;
	r = start(NULL, ARGS("oneway", "-c", "0,0", "-t", "memfd,pipe", "-n",
			     "1", "-d", "400"));
	wait_until(&r, "left: oneway, memfd");
	kill_child(&r);
	assert_int_equal(finish(&r), 1);
	assert_says("FAILED: oneway, 64 B, offered 10.0 k/s, memfd: the ");
	assert_says("was killed by signal 9");
	assert_int_equal(count("FAILED: "), 1);
	assert_says("  pipe  ");
}

static void an_interrupt_prints_what_is_complete(void **state)
{
	struct run r;

	(void)state;
	r = start(NULL, ARGS("oneway", "-c", "0,0", "-t", "memfd,pipe", "-n",
			     "1", "-d", "300", "-v", "--json", in_dir("i.json")));
	wait_until(&r, "left: oneway, pipe");
	assert_int_equal(kill(r.pid, SIGINT), 0);
	assert_int_equal(finish(&r), 130);
	assert_says("INTERRUPTED");
	assert_says("not measured: stopped before");
	size_of(in_dir("i.json"));
	assert_says("\"complete\": false");
	assert_int_equal(count("\"state\": \"measured\""), 1);
}

/* The row of @hit and @who in a document of survive. */
static const json_t *row_of(const json_t *doc, const char *hit,
			    const char *who)
{
	const json_t *results = json_object_get(doc, "results"), *r;
	size_t i;

	json_array_foreach(results, i, r)
		if (!strcmp(json_string_value(json_object_get(r, "hit")), hit) &&
		    !strcmp(json_string_value(json_object_get(r, "who")), who))
			return r;
	fail_msg("no row of %s, %s", hit, who);
	return NULL;
}

static json_int_t number_of(const json_t *row, const char *key)
{
	const json_t *v = json_object_get(row, key);

	assert_true(json_is_integer(v));
	return json_integer_value(v);
}

static void it_is_seen_who_survives(void **state)
{
	const json_t *row;
	json_t *doc;

	(void)state;
	assert_int_equal(RUN("survive", "-t", "pipe", "--kills", "2", "--seed",
			     "5", "--json", in_dir("v.json"), "--csv",
			     in_dir("v.csv"), "--markdown", in_dir("v.md")), 0);
	assert_says("(--seed 5)");
	assert_says("the next pair could use a channel of the same name 6 of 6 times; 0 objects were left behind");
	doc = json_load_file(in_dir("v.json"), 0, NULL);
	row = row_of(doc, "kill", "producer");
	assert_int_equal(number_of(row, "told"), 2);
	assert_string_equal(json_string_value(json_array_get(
			    json_object_get(row, "errors"), 0)), "EPIPE");
	assert_int_equal(number_of(row, "lost"), 0);
	row = row_of(doc, "kill", "one of two");
	assert_int_equal(number_of(row, "went_on"), 2);
	row = row_of(doc, "replace", "one of two");
	assert_int_equal(number_of(row, "went_on"), 2);
	json_decref(doc);
	size_of(in_dir("v.csv"));
	assert_int_equal(count("\n"), 10);
	assert_int_equal(count("\npipe,"), 9);
	size_of(in_dir("v.md"));
	assert_int_equal(count("\n| pipe |"), 9);
}

static void assert_unharmed(const json_t *row)
{
	const char *name = json_string_value(json_object_get(row, "transport"));

	if (number_of(row, "went_on") != number_of(row, "hits") ||
	    number_of(row, "lost") || number_of(row, "repeated") ||
	    number_of(row, "torn"))
		fail_msg("%s is not what it was before the stop: %s", name,
			 output);
}

/* By chance: a system call is interrupted while it waits. */
static void a_stop_costs_no_message(void **state)
{
	static const char *const runs[][2] = {
		{ "-mpmc-textbook", "1" }, { "io-uring", "40" },
	};
	const json_t *row;
	json_t *doc;
	size_t i, k;
	int status;

	(void)state;
	for (i = 0; i < 2; i++) {
		status = RUN("survive", "-t", runs[i][0], "--kills",
			     runs[i][1], "--json", in_dir("stop.json"));
		/* A kernel without it. */
		if (i && status == 2)
			continue;
		assert_int_equal(status, 0);
		assert_says(" 0 objects were left behind");
		doc = json_load_file(in_dir("stop.json"), 0, NULL);
		json_array_foreach(json_object_get(doc, "results"), k, row)
			if (!strcmp(json_string_value(
				    json_object_get(row, "hit")), "stop"))
				assert_unharmed(row);
		json_decref(doc);
	}
}

static void what_survived_is_shown(void **state)
{
	static char first[OUTPUT_MAX];

	(void)state;
	assert_int_equal(RUN("survive", "-t", "pipe", "--kills", "1", "--json",
			     in_dir("sv.json")), 0);
	strcpy(first, output);
	assert_int_equal(RUN("show", in_dir("sv.json")), 0);
	assert_string_equal(output, first);
	assert_int_equal(RUN("compare", in_dir("sv.json"), in_dir("sv.json")),
			 2);
	assert_int_equal(RUN("show", in_dir("sv.json"), "--report",
			     in_dir("sv.html")), 2);
	forge(in_dir("sv.json"), "results", "transport", "a\nb",
	      in_dir("x.json"));
	assert_int_equal(RUN("show", in_dir("x.json")), 2);
	if (system("command -v gnuplot >/dev/null"))
		return;
	assert_int_equal(RUN("show", in_dir("sv.json"), "--plot",
			     in_dir("sv.svg")), 0);
	assert_is_silent_about("warning");
	assert_true(size_of(in_dir("sv.svg")) > 5000);
	assert_says(">pipe<");
}

/* Far too many hits: what was complete before the signal. */
static void an_interrupted_survival_has_some_of_it(void **state)
{
	struct run r;

	(void)state;
	r = start(NULL, ARGS("survive", "-t", "pipe", "--kills", "10000",
			     "--json", in_dir("iv.json")));
	wait_until(&r, "left: survive, pipe");
	assert_int_equal(kill(r.pid, SIGINT), 0);
	assert_int_equal(finish(&r), 130);
	assert_says("INTERRUPTED");
	size_of(in_dir("iv.json"));
	assert_says("\"complete\": false");
}

static void use_one_cpu(void)
{
	cpu_set_t set;
	int cpu = 0;

	sched_getaffinity(0, sizeof(set), &set);
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void one_cpu_is_enough(void **state)
{
	(void)state;
	assert_int_equal(run_prepared(use_one_cpu,
				      ARGS("latency", "-t", "memfd,pipe",
					   BRIEF)), 0);
	assert_says("one CPU for both");
	assert_int_equal(run_prepared(use_one_cpu, ARGS("topology")), 2);
	assert_says("may use one CPU only");
}

static void limit(int resource, rlim_t value)
{
	const struct rlimit l = { value, value };

	setrlimit(resource, &l);
}

static void have_few_files(void)
{
	limit(RLIMIT_NOFILE, 6);
}

static void lock_no_memory(void)
{
	limit(RLIMIT_MEMLOCK, 0);
	limit(RLIMIT_MSGQUEUE, 0);
	limit(RLIMIT_SIGPENDING, 0);
}

/* Cells may say that it does not go, and the run goes on. */
static void limits_are_errors_and_no_crash(void **state)
{
	prepare_fn *const limits[] = { have_few_files, lock_no_memory };
	int status;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		status = run_prepared(limits[i],
				      ARGS("throughput", "-s", "64", "-b", "1",
					   "-v", BRIEF));
		/* Some need more files; root may lock what it likes. */
		assert_in_range(status, limits[i] == have_few_files, 1);
		assert_no_crash();
		assert_says("throughput, 64 B");
	}
}

/* IPC objects, queues and /dev/shm of its own, the last almost full. */
static void live_alone(void)
{
	if (unshare(CLONE_NEWIPC | CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", "/dev/shm", "tmpfs", 0, "size=4k"))
		_exit(77);
}

static void a_full_dev_shm_is_an_error_and_no_crash(void **state)
{
	int status;

	(void)state;
	status = run_prepared(live_alone, ARGS("latency", "-s", "64", "-v",
					 BRIEF));
	if (status == 77)
		skip();
	assert_in_range(status, 0, 1);
	assert_no_crash();
	assert_says("latency, 64 B");
}

/* How many objects the files in /proc/sysvipc list, without their heads. */
static int count_sysv(void)
{
	static const char *const files[] = {
		"/proc/sysvipc/msg", "/proc/sysvipc/sem", "/proc/sysvipc/shm"
	};
	char line[512];
	int n = 0;
	size_t i;
	FILE *f;

	for (i = 0; i < 3; i++) {
		f = fopen(files[i], "r");
		for (; f && fgets(line, sizeof(line), f); n++)
			;
		if (f) {
			fclose(f);
			n--;
		}
	}
	return n;
}

static int count_files(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

/*
 * A world in which every object is one of this run: kill a process of each
 * measurement of each transport, and count what is left of all of them.
 */
static int kill_them_all(void)
{
	struct run r;
	pid_t child;

	if (unshare(CLONE_NEWIPC | CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", "/dev/shm", "tmpfs", 0, "size=64m") ||
	    chdir(dir) || mkdir("mq", 0700) || mkdir("tmp", 0700) ||
	    mount("mqueue", "mq", "mqueue", 0, NULL))
		return 77;
	setenv("TMPDIR", in_dir("tmp"), 1);
	/*
	 * The leak checker's own process would be killed as well, and the
	 * checker waits for it for ever, without looking whether it lives.
	 */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	r = start(NULL, ARGS("throughput", "-s", "64", "-b", "1", BRIEF));
	while (!waitpid(r.pid, NULL, WNOHANG)) {
		child = child_of(r.pid);
		if (child)
			kill(child, SIGKILL);
	}
	while (read_more(&r))
		;
	if (!strstr(output, "was killed by signal 9")) {
		fprintf(stderr, "nothing was killed: %s\n", output);
		return 1;
	}
	return count_sysv() || count_files("/dev/shm") ||
	       count_files("tmp") || count_files("mq") ? 2 : 0;
}

static void nothing_is_left_of_those_killed(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(kill_them_all());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int find_bench(void **state)
{
	ssize_t n = readlink("/proc/self/exe", bench, sizeof(bench) - 32);

	(void)state;
	alarm(HANG_GUARD_S);
	assert_true(n > 0);
	bench[n] = 0;
	*strrchr(bench, '/') = 0;
	strcpy(strrchr(bench, '/'), "/shmring-bench");
	assert_int_equal(access(bench, X_OK), 0);
	assert_non_null(mkdtemp(dir));
	/* What is looked for is on one line. */
	setenv("COLUMNS", WIDE, 1);
	return 0;
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_arguments_are_one_line),
		cmocka_unit_test(list_names_tests_and_transports),
		cmocka_unit_test(sizes_are_read_as_they_are_printed),
		cmocka_unit_test(groups_and_exclusions_choose_transports),
		cmocka_unit_test(a_file_says_where_it_comes_from),
		cmocka_unit_test(no_line_is_longer_than_the_terminal),
		cmocka_unit_test(what_cannot_be_written_fails),
		cmocka_unit_test(what_a_link_leads_to_is_written),
		cmocka_unit_test(one_file_is_not_two),
		cmocka_unit_test(a_file_of_a_stranger_executes_nothing),
		cmocka_unit_test(a_terminal_obeys_no_file),
		cmocka_unit_test(the_old_file_stays_until_the_new_one_is_complete),
		cmocka_unit_test(a_refused_run_leaves_no_file),
		cmocka_unit_test(a_reader_that_goes_away_costs_no_file),
		cmocka_unit_test(a_size_that_does_not_fit_is_a_cell_that_says_so),
		cmocka_unit_test(the_json_is_as_the_schema_says),
		cmocka_unit_test(a_file_is_shown_as_it_was_measured),
		cmocka_unit_test(pictures_and_pages_are_drawn),
		cmocka_unit_test(the_summary_has_less_than_all),
		cmocka_unit_test(a_run_is_no_regression_of_itself),
		cmocka_unit_test(the_run_goes_on_without_who_was_killed),
		cmocka_unit_test(an_interrupt_prints_what_is_complete),
		cmocka_unit_test(it_is_seen_who_survives),
		cmocka_unit_test(a_stop_costs_no_message),
		cmocka_unit_test(what_survived_is_shown),
		cmocka_unit_test(an_interrupted_survival_has_some_of_it),
		cmocka_unit_test(one_cpu_is_enough),
		cmocka_unit_test(limits_are_errors_and_no_crash),
		cmocka_unit_test(a_full_dev_shm_is_an_error_and_no_crash),
		cmocka_unit_test(nothing_is_left_of_those_killed),
	};

	return cmocka_run_group_tests(tests, find_bench, remove_dir);
}
