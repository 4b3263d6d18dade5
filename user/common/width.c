// SPDX-License-Identifier: MIT
/* The width of a terminal, and text that keeps to it. */
#include "width.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define USUAL		80
#define NARROWEST	40

int width_of(FILE *out)
{
	const char *columns = getenv("COLUMNS");
	struct winsize w;
	int width = USUAL;

	if (!ioctl(fileno(out), TIOCGWINSZ, &w) && w.ws_col)
		width = w.ws_col;
	else if (columns && atoi(columns) > 0)
		width = atoi(columns);
	return width < NARROWEST ? NARROWEST : width;
}

void width_print(FILE *out, int width, int at, int indent, const char *text)
{
	bool begins = true;
	int len;

	for (; *text; text += len + strspn(text + len, " ")) {
		len = (int)strcspn(text, " ");
		if (!begins && at + 1 + len > width) {
			fprintf(out, "\n%*s", indent, "");
			at = indent;
			begins = true;
		}
		at += fprintf(out, "%s%.*s", begins ? "" : " ", len, text);
		begins = false;
	}
	fputc('\n', out);
}

void width_say(FILE *out, int width, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	width_print(out, width, 0, 2, text);
}
