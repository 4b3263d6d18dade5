// SPDX-License-Identifier: MIT
/* shmring: make rings, look at them, and move records through them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/cli.h"
#include "../common/nearest.h"
#include "args.h"
#include "cmd.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *does;
} commands[] = {
	{ "create", cmd_create, "make a ring" },
	{ "apply", cmd_apply, "make the rings that /etc/shmring.d describes" },
	{ "destroy", cmd_destroy, "take rings' names away; their users may finish" },
	{ "evict", cmd_evict, "end a role, whoever has it" },
	{ "set", cmd_set, "change a ring's high-water mark" },
	{ "list", cmd_list, "all rings, a line each" },
	{ "show", cmd_show, "everything about one ring" },
	{ "dump", cmd_dump, "all rings, tab-separated, for scripts" },
	{ "send", cmd_send, "standard input into a ring" },
	{ "recv", cmd_recv, "a ring to standard output" },
	{ "peek", cmd_peek, "the same, but all of it stays there" },
	{ "wait", cmd_wait, "until a ring, a side or a record is there, or gone" },
	{ "monitor", cmd_monitor, "what happens to rings, as it happens" },
	{ "top", cmd_top, "rates, fill, stalls and wake-ups, again and again" },
	{ "metrics", cmd_metrics, "OpenMetrics text, printed or served" },
	{ "doctor", cmd_doctor, "what is wrong on this host, and what to type" },
};

static void usage(FILE *to)
{
	size_t i;

	fprintf(to, "usage: shmring COMMAND [NAME] [OPTION...]\n\n");
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].does);
	fprintf(to, "\n"
		"NAME is a ring of the kernel module, dev:NAME or /dev/shmring/NAME at length;\n"
		"anon:ID, one that has no name; or shm:/NAME, a ring in POSIX shared memory.\n"
		"id:ID is one of the module for destroy and evict. 'shmring COMMAND --help' tells more, --version which.\n");
}

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

static void __attribute__((noreturn)) refuse_command(const char *name)
{
	struct nearest near = { .typed = name, .len = strlen(name) };
	char text[NEAREST_TEXT_MAX];
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		nearest_try(&near, commands[i].name);
	refuse("'%s': no such command%s: see shmring --help", name,
	       nearest_text(&near, text));
}

int main(int argc, char **argv)
{
	const struct command *c;
	char title[32];

	cli_open_std();
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help")) {
		usage(stdout);
		return cli_close_stdout(EXIT_SUCCESS);
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("shmring %s\n", cli_version);
		return cli_close_stdout(EXIT_SUCCESS);
	}
	c = find(argv[1]);
	if (!c)
		refuse_command(argv[1]);
	/* The name in what popt prints. */
	snprintf(title, sizeof(title), "shmring %s", c->name);
	argv[1] = title;
	return cli_close_stdout(c->run(argc - 1, argv + 1));
}
