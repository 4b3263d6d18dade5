// SPDX-License-Identifier: MIT
/* Command lines, and what is said when something is wrong. */
#include "args.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/units.h"
#include "cmd.h"

#define NS_PER_S	1000000000LL
#define MAX_SECONDS	1e9
#define ANONYMOUS	"anon:"
#define NAME_CHARACTERS	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

int fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	cli_say(fmt, args);
	va_end(args);
	return EXIT_FAILURE;
}

/* Lives as long as the strings that it hands out: to the end. */
static poptContext context;

static bool takes_value(const struct poptOption *o)
{
	return (o->argInfo & POPT_ARG_MASK) != POPT_ARG_NONE;
}

static const struct poptOption *find_letter(const struct poptOption *table,
					    char letter)
{
	const struct poptOption *o;

	for (o = table; o->longName || o->shortName || o->arg; o++)
		if (o->shortName == letter)
			return o;
	return NULL;
}

/*
 * Of letters behind one hyphen the one that is wrong: the first that is unknown,
 * or takes a value. The library names all of them.
 */
static const char *wrong_option(const char *typed,
				const struct poptOption *table, char text[3])
{
	const struct poptOption *o;
	const char *letter;

	if (typed[0] != '-' || typed[1] == '-')
		return typed;
	for (letter = typed + 1; *letter > '-' && *letter < 0x7f; letter++) {
		o = find_letter(table, *letter);
		if (o && !takes_value(o) && letter[1] != '=')
			continue;
		text[0] = '-';
		text[1] = *letter;
		text[2] = '\0';
		return text;
	}
	return typed;
}

static void parse_options(int argc, char **argv, const struct poptOption *table,
			  const char *usage)
{
	char text[3];
	int err;

	context = poptGetContext("shmring", argc, (const char **)argv, table, 0);
	if (!context)
		refuse("no memory for the arguments");
	poptSetOtherOptionHelp(context, usage);
	err = poptGetNextOpt(context);
	if (err < -1)
		refuse("%s: %s: see %s --help",
		       wrong_option(poptBadOption(context, 0), table, text),
		       poptStrerror(err), argv[0]);
}

size_t args_parse(int argc, char **argv, const struct poptOption *table,
		  const char *usage, size_t min, size_t max,
		  const char *args[ARGS_MAX])
{
	const char *arg;
	size_t n = 0;

	parse_options(argc, argv, table, usage);
	while ((arg = poptGetArg(context))) {
		if (n == max)
			refuse("'%s': one argument too many: %s %s", arg,
			       argv[0], usage);
		args[n++] = arg;
	}
	if (n < min)
		refuse("an argument is missing: %s %s", argv[0], usage);
	return n;
}

const char **args_list(int argc, char **argv, const struct poptOption *table,
		       const char *usage)
{
	static const char *none[] = { NULL };
	const char **list;

	parse_options(argc, argv, table, usage);
	list = poptGetArgs(context);
	return list ? list : none;
}

uint64_t args_size(const char *option, const char *text, uint64_t from,
		   uint64_t to)
{
	uint64_t v;

	if (!units_parse_size(text, strlen(text), &v) || v < from || v > to)
		refuse("%s %s: not a number from %llu to %llu (K, M, G and T allowed)",
		       option, text, (unsigned long long)from,
		       (unsigned long long)to);
	return v;
}

int64_t args_ns(const char *option, const char *text)
{
	char *end;
	double s = strtod(text, &end);

	if (end == text || *end || !isfinite(s) || s < 0 || s > MAX_SECONDS)
		refuse("%s %s: not a number of seconds, such as 2 or 0.5",
		       option, text);
	return (int64_t)(s * NS_PER_S);
}

uint32_t args_percent(const char *option, const char *text)
{
	return text ? (uint32_t)args_size(option, text, 0, 100) : 0;
}

/* As the module wants it; behind "@" stands a descriptor. */
static void check_dev_name(const char *name)
{
	if (strlen(name) >= SHMRING_NAME_MAX)
		refuse("%s: the name is too long: at most %d bytes", name,
		       SHMRING_NAME_MAX - 1);
	if (*name == '@')
		return;
	if (*name == '.' || *name == '-' || !strcmp(name, "ctl") ||
	    name[strspn(name, NAME_CHARACTERS)])
		refuse("%s: no such name can be: of A-Za-z0-9._-, beginning with neither . nor -, and not ctl",
		       name);
}

static bool has_scheme(const char *arg)
{
	static const char *const schemes[] = { "dev:", "shm:", "anon:", "id:" };
	size_t i;

	for (i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (!strncmp(arg, schemes[i], strlen(schemes[i])))
			return true;
	return false;
}

void args_address(const char *arg, char address[ADDRESS_MAX])
{
	bool path = !strncmp(arg, SHMRING_DEV_DIR, strlen(SHMRING_DEV_DIR));
	const char *name = path ? arg + strlen(SHMRING_DEV_DIR) : arg;
	bool bare = path || !strchr(arg, ':');

	if (!*name)
		refuse("an empty name: 1 to %d of A-Za-z0-9._-",
		       SHMRING_NAME_MAX - 1);
	if (!strncmp(name, "memfd:", 6))
		refuse("%s: its memory goes from process to process by descriptor, not by a name: use shm:/NAME",
		       arg);
	if (!bare && !has_scheme(arg))
		refuse("%s: no such kind of ring: NAME, anon:ID or shm:/NAME",
		       arg);
	if (snprintf(address, ADDRESS_MAX, "%s%s", bare ? "dev:" : "", name) >=
	    ADDRESS_MAX)
		refuse("%.32s...: the name is too long", arg);
	if (!strncmp(address, "dev:", 4))
		check_dev_name(address + 4);
}

int fail_library(int err)
{
	fail("%s", shmring_errmsg());
	return err == EINVAL || err == ENAMETOOLONG ? EXIT_USAGE : EXIT_FAILURE;
}

const char *args_dev_name(const char *address)
{
	if (!strncmp(address, ANONYMOUS, strlen(ANONYMOUS)))
		return address;
	return strncmp(address, "dev:", 4) ? NULL : address + 4;
}

bool args_ring_id(const char *address, uint64_t *id)
{
	const char *text;
	char *end;

	if (!strncmp(address, ANONYMOUS, strlen(ANONYMOUS)))
		text = address + strlen(ANONYMOUS);
	else if (!strncmp(address, "id:", 3))
		text = address + 3;
	else
		return false;
	*id = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || !*id || *id == UINT64_MAX)
		refuse("%s: an id is a number above 0, as shmring show has it",
		       address);
	return true;
}
