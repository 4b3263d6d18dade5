/* SPDX-License-Identifier: MIT */
/* What the command lines of all programs have in common. */
#ifndef COMMON_CLI_H
#define COMMON_CLI_H

#include <argp.h>
#include <stdarg.h>

#define EXIT_USAGE		2
#define EXIT_INTERRUPTED	130	/* as a shell says it of SIGINT */

extern const char cli_version[];

/* First in main(): descriptors 0 to 2 are open, if only on /dev/null. */
void cli_open_std(void);

/* One line to standard error, that begins with the program's name. */
void cli_say(const char *fmt, va_list args);

/* Something that cannot be: one line, and out with EXIT_USAGE. */
void refuse(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

/* The last of the options: cli_key() knows them. */
#define CLI_HELP							\
	{ "help", 'h', NULL, 0, "Print this", -1 },			\
	{ NULL, '?', NULL, OPTION_ALIAS | OPTION_HIDDEN, NULL, -1 },	\
	{ "version", 'V', NULL, 0, "Print which version this is", -1 }

/* For the default of a parser: help, and options that there are not. */
error_t cli_key(int key, struct argp_state *state);

/* Does not return where there is an error, or help was asked for. */
void cli_parse(const struct argp *argp, int argc, char **argv, void *input);

/* What cli_parse() was given, as it could be typed again. */
const char *cli_command_line(void);

/*
 * The end of main(): what was printed may still fail to be written. Returns
 * @status, or EXIT_FAILURE if it was EXIT_SUCCESS; then it says why. (Who failed
 * has said so.)
 */
int cli_close_stdout(int status);

#endif /* COMMON_CLI_H */
