// SPDX-License-Identifier: MIT
/* What the command lines of all programs have in common. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Keeps files that the program opens from becoming its standard streams. Each
 * placeholder is open the wrong way round, so that reads and writes still fail.
 */
void cli_open_std(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			_exit(EXIT_FAILURE);
}

void cli_say(const char *fmt, va_list args)
{
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

void refuse(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	cli_say(fmt, args);
	va_end(args);
	exit(EXIT_USAGE);
}

error_t cli_key(int key, struct argp_state *state)
{
	switch (key) {
	case '?':
		argp_help(state->root_argp, stdout,
			  ARGP_HELP_STD_HELP & ~ARGP_HELP_EXIT_OK, state->name);
		exit(EXIT_SUCCESS);
	case ARGP_KEY_ERROR:
		refuse("%s: no such option, or its value is missing or not wanted: see --help",
		       state->argv[state->next - 1]);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/*
 * Its own errors are two lines and do not say what is possible. Without them it
 * prints no help either, so that is cli_key()'s.
 */
void cli_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	argp_parse(argp, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP, NULL, input);
}
