/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_OPTIONS_H
#define FUZZ_OPTIONS_H

#include "shared.h"

/*
 * struct options - what was asked for; the rest is in what the workers share
 * @given: with @show: programs that its run was given, or -1
 */
struct options {
	const char *module;
	const char *show;
	char **files;
	long given;
	long seconds;
	bool save;
	bool uncovered;
	struct fuzz_shared *shared;
};

/* options.c: ends the program where they make no sense */
void fuzz_parse_options(struct options *o, int argc, char **argv);

/* corpus.c: the programs in files and folders; false, and why on stderr */
bool fuzz_load(struct fuzz_shared *shared, char **files);

#endif /* FUZZ_OPTIONS_H */
