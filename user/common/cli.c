// SPDX-License-Identifier: MIT
/* What the command lines of all programs have in common. */
#include "cli.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nearest.h"

const char cli_version[] = VERSION;

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

#define OPTIONS_MAX	64	/* of one program */

/* The options of a program, as getopt_long() takes them. */
struct grammar {
	char letters[3 * OPTIONS_MAX + 3];
	struct option words[OPTIONS_MAX + 1];
};

static void make_grammar(struct grammar *g, const struct argp_option *o)
{
	struct option *word = g->words;
	char *letter = g->letters;

	/* In order, without its messages, and what is missing told apart. */
	letter = stpcpy(letter, "-:");
	for (; o->name || o->key || o->doc; o++) {
		assert(word < g->words + OPTIONS_MAX);
		if (o->key > ' ' && o->key < 0x7f) {
			*letter++ = (char)o->key;
			letter = stpcpy(letter, o->arg ? ":" : "");
		}
		if (o->name)
			*word++ = (struct option){
				.name = o->name, .has_arg = !!o->arg,
				.val = o->key,
			};
	}
	*word = (struct option){ 0 };
}

static void __attribute__((noreturn))
refuse_word(const char *typed, const struct argp_option *o)
{
	struct nearest near = { .typed = typed + 2,
				.len = strcspn(typed + 2, "=") };
	char text[NEAREST_TEXT_MAX];

	for (; o->name || o->key || o->doc; o++) {
		if (!o->name)
			continue;
		if (strlen(o->name) == near.len &&
		    !strncmp(o->name, near.typed, near.len))
			refuse("%s: %s: see --help", typed,
			       near.typed[near.len] ?
			       "it takes no value" : "its value is missing");
		nearest_try(&near, o->name);
	}
	refuse("%s: no such option%s: see --help", typed,
	       nearest_text(&near, text));
}

/*
 * What is wrong with the first option that is: argp says only that something is.
 * Of letters behind one hyphen it names the one that it is about.
 */
static void __attribute__((noreturn)) refuse_option(struct argp_state *state)
{
	const struct argp_option *o = state->root_argp->options;
	struct grammar g;
	const char *typed;
	int at, c;

	make_grammar(&g, o);
	optind = 0;
	do {
		/* Until the last letter of a word is read, it is the next one. */
		at = optind ? optind : 1;
		c = getopt_long(state->argc, state->argv, g.letters, g.words,
				NULL);
	} while (c != '?' && c != ':' && c != -1);
	typed = state->argv[at < state->argc ? at : state->argc - 1];
	if (!strncmp(typed, "--", 2))
		refuse_word(typed, o);
	if (c == ':')
		refuse("-%c: its value is missing: see --help", optopt);
	if (optopt > '-' && optopt < 0x7f)
		refuse("-%c: no such option: see --help", optopt);
	refuse("%s: no such option: see --help", typed);
}

error_t cli_key(int key, struct argp_state *state)
{
	switch (key) {
	case 'h':
	case '?':
		argp_help(state->root_argp, stdout,
			  ARGP_HELP_STD_HELP & ~ARGP_HELP_EXIT_OK, state->name);
		exit(cli_close_stdout(EXIT_SUCCESS));
	case 'V':
		printf("%s %s\n", program_invocation_short_name, cli_version);
		exit(cli_close_stdout(EXIT_SUCCESS));
	case ARGP_KEY_ERROR:
		refuse_option(state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool is_plain(const char *word)
{
	return *word && !word[strspn(word,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_")];
}

/* Quoted as a shell wants it. */
static void print_word(FILE *out, const char *word)
{
	if (is_plain(word)) {
		fputs(word, out);
		return;
	}
	fputc('\'', out);
	for (; *word; word++)
		if (*word == '\'')
			fputs("'\\''", out);
		else
			fputc(*word, out);
	fputc('\'', out);
}

static char *make_line(int argc, char **argv)
{
	char *line = NULL;
	size_t size;
	FILE *f = open_memstream(&line, &size);
	int i;

	if (!f)
		return NULL;
	fputs(program_invocation_short_name, f);
	for (i = 1; i < argc; i++) {
		fputc(' ', f);
		print_word(f, argv[i]);
	}
	fclose(f);
	return line;
}

/* As it was typed: the parser puts options first. */
static char *command_line;

const char *cli_command_line(void)
{
	return command_line ? command_line : "";
}

/*
 * Its own errors are two lines and do not say what is possible. Without them it
 * prints no help either, so that is cli_key()'s.
 */
void cli_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	command_line = make_line(argc, argv);
	argp_parse(argp, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP, NULL, input);
}

int cli_close_stdout(int status)
{
	bool failed = ferror(stdout);

	errno = 0;
	if ((!fclose(stdout) && !failed) || status)
		return status;
	fprintf(stderr, "%s: cannot write to standard output: %s\n",
		program_invocation_short_name, strerror(errno ? errno : EIO));
	return EXIT_FAILURE;
}
