// SPDX-License-Identifier: MIT
/* The list of transports. */
#include "transport.h"

#include <stdio.h>
#include <string.h>

#define TRANSPORT(symbol)	extern const struct transport symbol;
#include "transports/list.h"
#undef TRANSPORT

#define TRANSPORT(symbol)	&symbol,
const struct transport *const transports[] = {
#include "transports/list.h"
	NULL
};
#undef TRANSPORT

static bool is_word(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(word, text, len);
}

bool transport_is(const struct transport *t, const char *name, size_t len)
{
	return is_word(name, len, t->name) || is_word(name, len, t->group);
}

/* Is @t the first of its group? */
static bool begins_group(const struct transport *t)
{
	const struct transport *const *other;

	for (other = transports; strcmp((*other)->group, t->group); other++)
		;
	return *other == t;
}

const char *transport_names(void)
{
	static char *names;
	const struct transport *const *t;
	size_t size;
	FILE *f = names ? NULL : open_memstream(&names, &size);

	for (t = transports; f && *t; t++)
		fprintf(f, "%s%s", t == transports ? "" : ", ", (*t)->name);
	for (t = transports; f && *t; t++)
		if (begins_group(*t))
			fprintf(f, ", %s", (*t)->group);
	if (f)
		fclose(f);
	return names ? names : "";
}

bool transport_available(const struct transport *t, char why[WHY_MAX])
{
	return !t->probe || t->probe(why);
}

bool transport_fits(const struct transport *t, const struct channel *ch,
		    char why[WHY_MAX])
{
	return !t->fits || t->fits(ch, why);
}
