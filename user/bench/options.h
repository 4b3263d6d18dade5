/* SPDX-License-Identifier: MIT */
/* The command line. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include "plan.h"

enum command_id {
	COMMAND_MEASURE,
	COMMAND_LIST,
	COMMAND_SHOW,
	COMMAND_COMPARE,
	COMMAND_SURVIVE,
};

#define FILES_MAX	16

/*
 * struct command - what the user typed, checked and complete
 * @files: of show and compare
 * @threshold: of compare, in percent
 * @label: what the user calls this run, or NULL
 * @survival: the results are of who survived whom
 * @verbose: the table of all that is known
 * @json, @csv, @markdown, @plot, @report: where to write these; NULL: do not
 */
struct command {
	enum command_id id;
	struct options options;
	const char *files[FILES_MAX];
	unsigned int nr_files;
	double threshold;
	const char *label;
	bool survival;
	bool verbose;
	const char *json;
	const char *csv;
	const char *markdown;
	const char *plot;
	const char *report;
};

/* Does not return where there is an error, or help was asked for. */
void options_parse(struct command *c, int argc, char **argv);

#endif /* BENCH_OPTIONS_H */
