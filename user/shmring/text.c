// SPDX-License-Identifier: MIT
/* The words and numbers that people read. */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S	1000000000ULL

bool colour_wanted(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && term &&
	       strcmp(term, "dumb");
}

const char *colour(enum colour c)
{
	static const char *const sequences[] = {
		[COLOUR_NONE] = "\033[0m",
		[COLOUR_BOLD] = "\033[1m",
		[COLOUR_GREEN] = "\033[32m",
		[COLOUR_YELLOW] = "\033[33m",
		[COLOUR_RED] = "\033[31m",
	};

	return colour_wanted() ? sequences[c] : "";
}

const char *text_bytes(uint64_t bytes, char text[TEXT_MAX])
{
	static const char *const units[] = {
		"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"
	};
	double v = (double)bytes;
	int digits, i = 0;

	/* 1023.5 would be shown as 1024. */
	for (; v >= 1023.5; i++)
		v /= 1024;
	digits = !i || v >= 99.95 ? 0 : v < 9.995 ? 2 : 1;
	snprintf(text, TEXT_MAX, "%.*f %s", digits, v, units[i]);
	return text;
}

const char *text_record(uint32_t record_size, char text[TEXT_MAX])
{
	char bytes[UNITS_TEXT_MAX];

	snprintf(text, TEXT_MAX, "%s", record_size ?
		 units_bytes(record_size, bytes) : "any");
	return text;
}

const char *text_node(int32_t node, char text[TEXT_MAX])
{
	if (node == SHMRING_NODE_ANY)
		return "any";
	if (node == SHMRING_NODE_LOCAL)
		return "local";
	snprintf(text, TEXT_MAX, "%d", node);
	return text;
}

const char *text_fill(uint64_t used, uint64_t size, char text[TEXT_MAX])
{
	char bytes[TEXT_MAX];

	snprintf(text, TEXT_MAX, "%.*s (%u %%)", 16, text_bytes(used, bytes),
		 fill_percent(used, size));
	return text;
}

const char *text_side(const struct side_info *s, char text[TEXT_MAX])
{
	if (s->state == SHMRING_STATE_NEVER)
		return "-";
	if (s->state != SHMRING_STATE_ATTACHED || !s->pid)
		return state_word(s->state);
	snprintf(text, TEXT_MAX, "pid %u", s->pid);
	return text;
}

const char *text_time(uint64_t ns, char text[TEXT_MAX])
{
	time_t t = (time_t)(ns / NS_PER_S);
	struct tm tm;

	if (!localtime_r(&t, &tm) ||
	    !strftime(text, TEXT_MAX, "%Y-%m-%d %H:%M:%S", &tm))
		return "?";
	return text;
}

const char *event_word(uint8_t cmd)
{
	switch (cmd) {
	case SHMRING_CMD_RING_ADD_NTF:
		return "ring-add";
	case SHMRING_CMD_RING_DEL_NTF:
		return "ring-del";
	case SHMRING_CMD_ENDPOINT_ATTACH_NTF:
		return "endpoint-attach";
	case SHMRING_CMD_ENDPOINT_DETACH_NTF:
		return "endpoint-detach";
	case SHMRING_CMD_LEVEL_NTF:
		return "level";
	default:
		return "?";
	}
}
