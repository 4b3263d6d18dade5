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
};

/*
 * struct command - what the user typed, checked and complete
 * @files: of show and compare
 * @threshold: of compare, in percent
 * @verbose: the table of all that is known
 * @json, @csv, @plot, @report: where to write these; NULL: do not
 */
struct command {
	enum command_id id;
	struct options options;
	const char *files[2];
	unsigned int nr_files;
	double threshold;
	bool verbose;
	const char *json;
	const char *csv;
	const char *plot;
	const char *report;
};

/* Does not return where there is an error, or help was asked for. */
void options_parse(struct command *c, int argc, char **argv);

#endif /* BENCH_OPTIONS_H */
