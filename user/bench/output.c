// SPDX-License-Identifier: MIT
/* What becomes of a document. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../common/cli.h"
#include "csv.h"
#include "doc.h"
#include "gnuplot.h"
#include "html.h"
#include "plot.h"
#include "table.h"

static bool is_stdout(const char *path)
{
	return path && !strcmp(path, "-");
}

/* Makes it, if need be, and leaves what is in it. */
static void check_file(const char *option, const char *path)
{
	int fd;

	if (!path || is_stdout(path))
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		refuse("%s %s: cannot write it: %s", option, path,
			       strerror(errno));
	close(fd);
}

void output_check(const struct command *c)
{
	if (is_stdout(c->report))
		refuse("--report -: a page goes to a file");
	if (is_stdout(c->json) && is_stdout(c->csv))
		refuse("--json - --csv -: one of them needs a file");
	check_file("--json", c->json);
	check_file("--csv", c->csv);
	check_file("--plot", c->plot);
	check_file("--report", c->report);
	if ((c->plot || c->report) && !gnuplot_exists())
		refuse("%s: gnuplot is not installed: apt-get install gnuplot-nox",
			       c->plot ? "--plot" : "--report");
}

static int write_csv(const json_t *doc, const char *path)
{
	FILE *f = is_stdout(path) ? stdout : fopen(path, "we");
	int err = 0;

	if (!f)
		return -errno;
	errno = 0;
	csv_print(f, doc);
	if (ferror(f))
		err = errno ? -errno : -EIO;
	if ((f == stdout ? fflush(f) : fclose(f)) && !err)
		err = -errno;
	return err;
}

static bool say(const char *option, const char *path, int err)
{
	if (err)
		fprintf(stderr, "shmring-bench: %s %s: cannot write it: %s\n",
			option, path, strerror(-err));
	return !err;
}

bool output_all(const json_t *doc, const struct command *c)
{
	bool taken = is_stdout(c->json) || is_stdout(c->csv), ok = true;

	table_print(taken ? stderr : stdout, doc, c->verbose);
	if (c->json)
		ok &= say("--json", c->json, doc_write(doc, c->json));
	if (c->csv)
		ok &= say("--csv", c->csv, write_csv(doc, c->csv));
	if (c->plot)
		ok &= say("--plot", c->plot, plot_write(doc, c->plot));
	if (c->report)
		ok &= say("--report", c->report, html_write(doc, c->report));
	return ok;
}
