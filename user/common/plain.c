// SPDX-License-Identifier: MIT
/* Text without the characters that a terminal takes for commands. */
#include "plain.h"

#include <stdint.h>
#include <string.h>

#define C1_LEAD	0xc2	/* U+0080 to U+009f in UTF-8: this, and 0x80 to 0x9f */

/* The next control character of @text; NULL when there is none. */
static char *next_control(const char *text)
{
	const unsigned char *c;

	for (c = (const unsigned char *)text; *c; c++)
		if (*c < ' ' || *c == 0x7f ||
		    (*c == C1_LEAD && c[1] >= 0x80 && c[1] <= 0x9f))
			return (char *)(uintptr_t)c;
	return NULL;
}

bool is_plain(const char *text)
{
	return !next_control(text);
}

void make_plain(char *text)
{
	while ((text = next_control(text))) {
		if ((unsigned char)*text == C1_LEAD)
			memmove(text, text + 1, strlen(text));
		*text = '?';
	}
}
