// SPDX-License-Identifier: MIT
/* The command line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../user/common/cli.h"
#include "storm.h"

#define N_KINDS		4

static const struct kind kinds[N_KINDS] = {
	{ "fixed8", 8 },
	{ "fixed24", 24 },	/* does not divide the ring */
	{ "fixed64", 64 },
	{ "variable", 0 },
};

static void parse_kind(struct plan *plan, const char *name)
{
	unsigned int i;

	for (i = 0; i < N_KINDS; i++)
		if (!strcmp(kinds[i].name, name))
			break;
	if (i == N_KINDS)
		refuse("--records %s: fixed8, fixed24, fixed64, variable, or some with commas",
		       name);
	if (plan->n_kinds == N_KINDS)
		refuse("--records: each kind once");
	plan->kinds[plan->n_kinds++] = &kinds[i];
}

static void parse_kinds(struct plan *plan, char *list)
{
	char *name, *rest;

	plan->n_kinds = 0;
	for (name = strtok_r(list, ",", &rest); name;
	     name = strtok_r(NULL, ",", &rest))
		parse_kind(plan, name);
	if (!plan->n_kinds)
		refuse("--records: fixed8, fixed24, fixed64, variable, or some with commas");
}

static uint64_t number(const char *option, const char *text, uint64_t least,
		       uint64_t most)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 0);
	if (*text < '0' || *text > '9' || *end || errno || n < least || n > most)
		refuse("--%s %s: a number from %llu to %llu", option, text,
		       (unsigned long long)least, (unsigned long long)most);
	return n;
}

static void parse_backend(struct plan *plan, const char *name)
{
	if (strcmp(name, "dev") && strcmp(name, "memfd") && strcmp(name, "shm"))
		refuse("--backend %s: dev, memfd or shm", name);
	plan->backend = name;
}

static void parse_step(struct plan *plan, const char *name)
{
	if (!step_is_known(name))
		refuse("--step %s: publish, release, wait, attach, close, watch or all",
		       name);
	plan->step = name;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct plan *plan = state->input;

	switch (key) {
	case 'b':
		parse_backend(plan, arg);
		return 0;
	case 'k':
		plan->kills = number("kills", arg, 1, GENERATIONS / 2);
		return 0;
	case 's':
		plan->seed = number("seed", arg, 0, UINT64_MAX);
		return 0;
	case 'r':
		parse_kinds(plan, arg);
		return 0;
	case 't':
		parse_step(plan, arg);
		return 0;
	case 'e':
		plan->every = (unsigned int)number("every", arg, 1, 100000);
		return 0;
	case 'a':
		plan->at = (long)number("at", arg, 0, 10000000);
		return 0;
	case 'h':
		plan->hang_s = (unsigned int)number("hang", arg, 1, 100000);
		return 0;
	default:
		return cli_key(key, state);
	}
}

static const struct argp_option options[] = {
	{ "backend", 'b', "KIND", 0, "dev, memfd (default) or shm", 0 },
	{ "kills", 'k', "N", 0, "Kill so often, over all kinds of records (3000)", 0 },
	{ "seed", 's', "S", 0, "Make the choices of an earlier run", 0 },
	{ "records", 'r', "KINDS", 0, "fixed8, fixed24, fixed64, variable (all)", 0 },
	{ "step", 't', "PATH", 0, "Kill at each instruction of publish, release, wait, attach, close, watch or all", 0 },
	{ "every", 'e', "N", 0, "With --step: at each N-th alone", 0 },
	{ "at", 'a', "K", 0, "With --step: at the K-th alone", 0 },
	{ "hang", 'h', "SECONDS", 0, "What takes longer hangs (60)", 0 },
	CLI_HELP,
	{ 0 }
};

static const struct argp argp = {
	options, parse, NULL,
	"Kills the two sides of a ring, and checks that nothing is lost.",
	NULL, NULL, NULL
};

static void run_kind(const struct plan *plan, const struct kind *kind)
{
	static struct storm st;

	if (plan->step) {
		storm_step(plan, kind);
		return;
	}
	if (storm_begin(&st, plan, kind, "random"))
		storm_random(&st, plan->kills / plan->n_kinds);
	storm_end(&st);
}

int main(int argc, char **argv)
{
	struct plan plan = {
		.backend = "memfd",
		.kinds = { &kinds[0], &kinds[1], &kinds[2], &kinds[3] },
		.n_kinds = N_KINDS,
		.kills = 3000,
		.seed = (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid(),
		.every = 1,
		.at = -1,
		.hang_s = 60,
	};
	unsigned int i;

	cli_parse(&argp, argc, argv, &plan);
	if (!strcmp(plan.backend, "dev") && access(SHMRING_CTL_PATH, F_OK)) {
		tap_skip("storm over dev", "the module is not loaded");
		tap_plan();
		return 0;
	}
	printf("# --seed %#llx\n", (unsigned long long)plan.seed);
	for (i = 0; i < plan.n_kinds; i++)
		run_kind(&plan, plan.kinds[i]);
	tap_plan();
	return tap_failed();
}
