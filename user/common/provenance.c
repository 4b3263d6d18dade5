// SPDX-License-Identifier: MIT
/* Where a file of results comes from. */
#include "provenance.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

json_t *provenance_text(const char *text)
{
	json_t *value = json_string(text);
	char *ascii, *c;

	if (value)
		return value;
	ascii = strdup(text);
	for (c = ascii; c && *c; c++)
		if (*c & 0x80)
			*c = '?';
	value = ascii ? json_string(ascii) : NULL;
	free(ascii);
	return value ? value : json_null();
}

json_t *provenance_memory(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

	return pages < 0 ? json_null() : json_integer((json_int_t)pages * size);
}

json_t *provenance(const char *label)
{
	char date[32], host[256] = "";
	time_t now = time(NULL);
	struct tm utc;

	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	gethostname(host, sizeof(host) - 1);
	return json_pack("{s:s, s:o, s:s, s:s, s:o, s:o}",
			 "date", date, "host", provenance_text(host),
			 "program", program_invocation_short_name,
			 "version", cli_version,
			 "command", provenance_text(cli_command_line()),
			 "label", label ? provenance_text(label) : json_null());
}
