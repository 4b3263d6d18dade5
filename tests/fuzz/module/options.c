// SPDX-License-Identifier: MIT
/* The options of fuzz. */
#include <argp.h>
#include <stdlib.h>

#include "options.h"

enum {
	KEY_CALLS = 256, KEY_SECONDS, KEY_WORKERS, KEY_SEED, KEY_SAVE,
	KEY_REPLAY, KEY_MODULE, KEY_SHOW, KEY_GIVEN, KEY_UNCOVERED,
};

static const struct argp_option known[] = {
	{ "calls", KEY_CALLS, "N", 0, "End after N calls", 0 },
	{ "seconds", KEY_SECONDS, "S", 0, "End after S seconds (60, without --calls)", 0 },
	{ "workers", KEY_WORKERS, "N", 0, "Processes at once, 1 to 8 (3)", 0 },
	{ "seed", KEY_SEED, "N", 0, "Where the random numbers begin", 0 },
	{ "module", KEY_MODULE, "FILE", 0, "The module, to be loaded again and again (build/kmod-RELEASE/shmring.ko)", 0 },
	{ "save", KEY_SAVE, NULL, 0, "Print each program that reached something new", 0 },
	{ "replay", KEY_REPLAY, "TIMES", OPTION_ARG_OPTIONAL, "Run the programs in the files alone", 0 },
	{ "show", KEY_SHOW, "NAME", 0, "Print the program that a worker of this name ran", 0 },
	{ "given", KEY_GIVEN, "N", 0, "With --show: how many programs its run was given (all that are here)", 0 },
	{ "uncovered", KEY_UNCOVERED, NULL, 0, "Print what was not reached", 0 },
	{ 0 },
};

static uint64_t number(struct argp_state *state, const char *what,
		       const char *arg, uint64_t least, uint64_t most)
{
	char *end;
	uint64_t n = strtoull(arg, &end, 0);

	if (*arg < '0' || *arg > '9' || *end || n < least || n > most)
		argp_failure(state, 2, 0, "%s wants a number from %llu to %llu, not '%s'",
			     what, (unsigned long long)least,
			     (unsigned long long)most, arg);
	return n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	struct fuzz_shared *s = o->shared;

	switch (key) {
	case KEY_CALLS:
		s->limit = number(state, "--calls", arg, 1, UINT64_MAX);
		break;
	case KEY_SECONDS:
		o->seconds = (long)number(state, "--seconds", arg, 1, 1000000);
		break;
	case KEY_WORKERS:
		s->workers = (unsigned int)number(state, "--workers", arg, 1,
						  FUZZ_WORKERS);
		break;
	case KEY_SEED:
		s->seed = number(state, "--seed", arg, 0, UINT64_MAX);
		break;
	case KEY_REPLAY:
		s->replay = arg ? (unsigned int)number(state, "--replay", arg,
						       1, 1000000) : 1;
		break;
	case KEY_MODULE:
		o->module = arg;
		break;
	case KEY_SHOW:
		o->show = arg;
		break;
	case KEY_GIVEN:
		o->given = (long)number(state, "--given", arg, 0, FUZZ_CORPUS);
		break;
	case KEY_SAVE:
		o->save = true;
		break;
	case KEY_UNCOVERED:
		o->uncovered = true;
		break;
	case ARGP_KEY_ARGS:
		o->files = state->argv + state->next;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void fuzz_parse_options(struct options *o, int argc, char **argv)
{
	static const struct argp argp = {
		known, parse, "[FILE|FOLDER]...",
		"Random system calls on the module shmring, from several processes at once.",
		NULL, NULL, NULL,
	};
	struct fuzz_shared *shared = o->shared;

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, o);
	if (!o->seconds && !shared->limit && !shared->replay)
		o->seconds = 60;
}
