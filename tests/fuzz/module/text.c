// SPDX-License-Identifier: MIT
/* Programs as text: see program.h. */
#include <stdlib.h>
#include <string.h>

#include "program.h"

#define START	"program\n"

static void print_value(FILE *to, uint64_t v)
{
	if (v + 1024 < 2048)
		fprintf(to, "%lld", (long long)v);
	else
		fprintf(to, "0x%llx", (unsigned long long)v);
}

void fuzz_print(FILE *to, const struct fuzz_program *p)
{
	const struct fuzz_call *call;
	unsigned int i, j;

	fputs(START, to);
	for (i = 0; i < p->n; i++) {
		call = fuzz_call(p->step[i].call);
		fputs(call->name, to);
		for (j = 0; j < FUZZ_ARGS && call->args[j].name; j++) {
			fprintf(to, " %s=", call->args[j].name);
			print_value(to, p->step[i].arg[j]);
		}
		fputc('\n', to);
	}
	fputc('\n', to);
}

static bool find_call(const char *name, uint64_t *call)
{
	for (*call = 0; *call < fuzz_calls(); (*call)++)
		if (!strcmp(fuzz_call(*call)->name, name))
			return true;
	return false;
}

static bool parse_arg(const struct fuzz_call *call, char *word,
		      struct fuzz_step *step)
{
	char *value = strchr(word, '='), *end;
	unsigned int j;

	if (!value)
		return false;
	*value++ = '\0';
	for (j = 0; j < FUZZ_ARGS && call->args[j].name; j++) {
		if (strcmp(call->args[j].name, word))
			continue;
		step->arg[j] = strtoull(value, &end, 0);
		return *value && !*end;
	}
	return false;
}

/* An argument that is not said is 0. */
static bool parse_step(char *line, struct fuzz_step *step)
{
	char *save, *word = strtok_r(line, " \n", &save);

	memset(step, 0, sizeof(*step));
	if (!word || !find_call(word, &step->call))
		return false;
	while ((word = strtok_r(NULL, " \n", &save)))
		if (!parse_arg(fuzz_call(step->call), word, step))
			return false;
	return true;
}

int fuzz_parse(FILE *from, const char *path, struct fuzz_program *p)
{
	char line[1024], copy[1024];

	do {
		if (!fgets(line, sizeof(line), from))
			return 0;
	} while (strcmp(line, START));

	p->n = 0;
	while (fgets(line, sizeof(line), from) && line[0] != '\n') {
		if (line[0] == '#')
			continue;
		strcpy(copy, line);
		if (p->n < FUZZ_CALLS && parse_step(copy, &p->step[p->n])) {
			p->n++;
			continue;
		}
		fprintf(stderr, "fuzz: %s: no such call, argument or number, or more than %d calls: %s",
			path, FUZZ_CALLS, line);
		return -1;
	}
	return 1;
}
