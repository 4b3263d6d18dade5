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

const struct transport *transport_find(const char *name, size_t len)
{
	const struct transport *const *t;

	for (t = transports; *t; t++)
		if (strlen((*t)->name) == len && !memcmp((*t)->name, name, len))
			return *t;
	return NULL;
}

const char *transport_names(void)
{
	static char names[1024];
	const struct transport *const *t;
	size_t used = 0;

	for (t = transports; *t && used < sizeof(names); t++)
		used += (size_t)snprintf(names + used, sizeof(names) - used,
					 "%s%s", used ? ", " : "", (*t)->name);
	return names;
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
