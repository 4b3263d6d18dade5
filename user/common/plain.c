// SPDX-License-Identifier: MIT
/* Text without the characters that a terminal takes for commands. */
#include "plain.h"

#define C1_LEAD	0xc2	/* U+0080 to U+009f in UTF-8: this, and 0x80 to 0x9f */

char plain_next(const char **text)
{
	const unsigned char *c = (const unsigned char *)*text;
	bool wide = *c == C1_LEAD && c[1] >= 0x80 && c[1] <= 0x9f;

	*text += wide ? 2 : 1;
	return wide || *c < ' ' || *c == 0x7f ? '?' : (char)*c;
}

bool is_plain(const char *text)
{
	const char *at;

	do {
		at = text;
	} while (*at && plain_next(&text) == *at);
	return !*at;
}

void make_plain(char *text)
{
	const char *from = text;

	while (*from)
		*text++ = plain_next(&from);
	*text = '\0';
}
