// SPDX-License-Identifier: MIT
/* The bar is drawn between measurements only, so that it disturbs none. */
#include "progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"

#define BAR_WIDTH	20
#define LINE_MAX_WIDTH	256

static struct {
	uint64_t steps;
	uint64_t done;	/* with the one under way */
	uint64_t end_ns;	/* 0: nobody knows */
	bool hidden;
	bool bar;
	const char *what;
} progress;

#define LEFT_MAX	32

static const char *left_text(char text[LEFT_MAX])
{
	uint64_t now = now_ns();
	unsigned long long left = progress.end_ns > now ?
				  (progress.end_ns - now) / NS_PER_S : 0;

	text[0] = 0;
	if (progress.end_ns)
		snprintf(text, LEFT_MAX, ", %llu:%02llu left", left / 60,
			 left % 60);
	return text;
}

static void state_text(char text[LINE_MAX_WIDTH])
{
	char left[LEFT_MAX];

	snprintf(text, LINE_MAX_WIDTH, "%llu of %llu%s: %s",
		 (unsigned long long)progress.done,
		 (unsigned long long)progress.steps, left_text(left),
		 progress.what ? progress.what : "starting");
}

static void erase(void)
{
	if (progress.bar)
		fputs("\r\033[K", stderr);
}

/* A line that wraps could not be erased. */
static int width(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) || w.ws_col < 2)
		return 79;
	return w.ws_col - 1;
}

static void draw(void)
{
	uint64_t i, full = BAR_WIDTH * (progress.done - 1) / progress.steps;
	char text[LINE_MAX_WIDTH], line[LINE_MAX_WIDTH + BAR_WIDTH + 4];

	for (i = 0; i < BAR_WIDTH; i++)
		line[i + 1] = i < full ? '#' : '.';
	state_text(text);
	line[0] = '[';
	snprintf(line + BAR_WIDTH + 1, sizeof(line) - BAR_WIDTH - 1, "] %s",
		 text);
	erase();
	fprintf(stderr, "%.*s", width(), line);
	fflush(stderr);
}

void progress_hide(void)
{
	progress.hidden = true;
}

void progress_begin(uint64_t steps)
{
	progress.steps = steps;
	progress.done = 0;
	progress.bar = !progress.hidden && isatty(STDERR_FILENO);
	progress.what = NULL;
}

void progress_step(const char *what, uint64_t left_s)
{
	progress.what = what;
	progress.end_ns = left_s == PROGRESS_UNKNOWN ? 0 :
			  now_ns() + left_s * NS_PER_S;
	progress.done++;
	if (progress.bar)
		draw();
}

void progress_say(void)
{
	char text[LINE_MAX_WIDTH];

	state_text(text);
	erase();
	fprintf(stderr, "%s\n", text);
}

void progress_end(void)
{
	erase();
	fflush(stderr);
}
