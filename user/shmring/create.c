// SPDX-License-Identifier: MIT
/* shmring create: make a ring, and run a command that uses it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "args.h"
#include "cmd.h"
#include "values.h"

#define ANONYMOUS	"dev:"

/* The end of the program if a value cannot be, and @why says why. */
static void check(const char *option, const char *text, const char *why)
{
	if (why)
		refuse("%s %s: %s", option, text, why);
}

struct texts {
	char *size, *record_size, *node, *mode, *owner, *high_water;
	char *producers;
};

static void parse_values(const struct texts *t, struct shmring_opts *o)
{
	if (t->size)
		o->ring_bytes = args_size("--size", t->size, 1, UINT64_MAX);
	if (t->record_size)
		o->record_size = (uint32_t)args_size("--record-size",
						     t->record_size, 0,
						     UINT32_MAX);
	if (t->node)
		check("--node", t->node, value_node(t->node, &o->node));
	if (t->mode)
		check("--mode", t->mode, value_mode(t->mode, &o->mode));
	if (t->owner)
		check("--owner", t->owner, value_owner(t->owner, o));
	if (t->high_water)
		o->high_water = (uint32_t)args_size("--high-water",
						    t->high_water, 0, 100);
	if (t->producers)
		o->max_producers = (uint32_t)args_size("--producers",
						       t->producers, 1,
						       SHMRING_LANES_MAX);
}

/* The command behind "--", cut off from the arguments; NULL: there is none. */
static char **cut_command(int *argc, char **argv)
{
	int i;

	for (i = 1; i < *argc && strcmp(argv[i], "--"); i++)
		;
	if (i == *argc)
		return NULL;
	if (i + 1 == *argc)
		refuse("the command behind -- is missing");
	*argc = i;
	argv[i] = NULL;
	return argv + i + 1;
}

/* A copy of the ring's descriptor for the command, which reads where it is. */
static int pass_on(const struct shmring *r)
{
	int fd = fcntl(shmring_ring_fd(r), F_DUPFD, STDERR_FILENO + 1);
	char number[16];

	snprintf(number, sizeof(number), "%d", fd);
	return fd < 0 ? -1 : setenv("SHMRING_FD", number, 1);
}

/* As a shell would: what it ends with is what we end with. */
static int run_command(char **command)
{
	int status, err;
	pid_t pid;

	err = posix_spawnp(&pid, command[0], NULL, NULL, command, environ);
	if (err)
		return fail("cannot run %s: %s", command[0], strerror(err));
	/* ^C is for the command; what it leaves is ours to take away. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   EXIT_SIGNAL + WTERMSIG(status);
}

/* One that was there may be another than the one that was asked for. */
static int check_like(const struct shmring *r, const char *address,
		      const struct shmring_opts *o, const struct texts *t)
{
	if (t->size && shmring_size(r) != o->ring_bytes)
		return fail("%s is there, but has %llu bytes and not %llu",
			    address, (unsigned long long)shmring_size(r),
			    (unsigned long long)o->ring_bytes);
	if (t->record_size && shmring_record_size(r) != o->record_size)
		return fail("%s is there, but has records of %u bytes and not %u (0: of any length)",
			    address, shmring_record_size(r), o->record_size);
	return EXIT_SUCCESS;
}

int cmd_create(int argc, char **argv)
{
	/* The strings are popt's, which frees none of them. */
	static struct texts t;
	int strict = 0, ephemeral = 0, if_missing = 0;
	const struct poptOption table[] = {
		{ "size", 's', POPT_ARG_STRING, &t.size, 0,
		  "Of the data, a power of two; 64K", "BYTES" },
		{ "record-size", 'r', POPT_ARG_STRING, &t.record_size, 0,
		  "Of each record; 0: records of any length", "BYTES" },
		{ "node", 'n', POPT_ARG_STRING, &t.node, 0,
		  "NUMA node, any or local; any", "NODE" },
		{ "strict", 0, POPT_ARG_NONE, &strict, 0,
		  "Every page on the node, or no ring", NULL },
		{ "mode", 'm', POPT_ARG_STRING, &t.mode, 0,
		  "Permissions; 0600", "MODE" },
		{ "owner", 'o', POPT_ARG_STRING, &t.owner, 0,
		  "Whose it is; the creator's", "USER[:GROUP]" },
		{ "ephemeral", 'e', POPT_ARG_NONE, &ephemeral, 0,
		  "It goes with COMMAND and its last user", NULL },
		{ "if-missing", 'i', POPT_ARG_NONE, &if_missing, 0,
		  "Be content with a ring that is there", NULL },
		{ "producers", 'p', POPT_ARG_STRING, &t.producers, 0,
		  "Producers at once, each with --size bytes; 1", "COUNT" },
		{ "high-water", 'w', POPT_ARG_STRING, &t.high_water, 0,
		  "From how full on listeners are told; 0: never", "PERCENT" },
		POPT_AUTOHELP
		POPT_TABLEEND
	};
	struct shmring_opts o = SHMRING_OPTS_INIT;
	const char *args[ARGS_MAX];
	char address[ADDRESS_MAX];
	char **command = cut_command(&argc, argv);
	struct shmring *r;
	int status;

	args_parse(argc, argv, table, "NAME [OPTION...] [-- COMMAND...]", 1, 1,
		   args);
	args_address(args[0], address);
	parse_values(&t, &o);
	if ((ephemeral || !strcmp(address, ANONYMOUS)) && !command)
		refuse("the ring would go as this ends, before anybody uses it: shmring create %s%s -- COMMAND",
		       args[0], ephemeral ? " --ephemeral" : "");
	o.flags = SHMRING_OPEN_CREATE | (if_missing ? 0 : SHMRING_OPEN_EXCL) |
		  (strict ? SHMRING_OPEN_STRICT : 0) |
		  (ephemeral ? SHMRING_OPEN_EPHEMERAL : 0);
	r = shmring_open(address, SHMRING_ROLE_NONE, &o);
	if (!r && errno == EEXIST)
		return fail("%s exists: shmring destroy %s takes its name away; --if-missing is content with it",
			    address, args[0]);
	if (!r)
		return fail_library(errno);
	status = check_like(r, address, &o, &t);
	if (!status && !strcmp(address, ANONYMOUS) && pass_on(r))
		status = fail("cannot pass the ring on: %s", strerror(errno));
	if (!status && command)
		status = run_command(command);
	shmring_close(r);
	return status;
}
