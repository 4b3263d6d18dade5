// SPDX-License-Identifier: MIT
/* The bar is drawn between measurements only, so that it disturbs none. */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH	20

static struct {
	size_t steps;
	size_t done;	/* with the one under way */
	bool bar;
	time_t begun;
	const char *what;
} progress;

static time_t now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* By what the finished steps took; unknown before the first. */
static long seconds_left(void)
{
	size_t finished = progress.done ? progress.done - 1 : 0;
	long spent = (long)(now_s() - progress.begun);

	if (!finished)
		return -1;
	return spent * (long)(progress.steps - finished) / (long)finished;
}

static void print_state(const char *end)
{
	long left = seconds_left();

	fprintf(stderr, "%zu of %zu: %s", progress.done, progress.steps,
		progress.what ? progress.what : "starting");
	if (left >= 0)
		fprintf(stderr, "; %ld s left", left);
	fputs(end, stderr);
	fflush(stderr);
}

static void erase(void)
{
	if (progress.bar)
		fputs("\r\033[K", stderr);
}

static void draw(void)
{
	size_t i, full = BAR_WIDTH * (progress.done - 1) / progress.steps;

	erase();
	fputc('[', stderr);
	for (i = 0; i < BAR_WIDTH; i++)
		fputc(i < full ? '#' : '.', stderr);
	fputs("] ", stderr);
	print_state("");
}

void progress_begin(size_t steps, bool bar)
{
	progress.steps = steps;
	progress.done = 0;
	progress.bar = bar && isatty(STDERR_FILENO);
	progress.begun = now_s();
	progress.what = NULL;
}

void progress_step(const char *what)
{
	progress.what = what;
	progress.done++;
	if (progress.bar)
		draw();
}

void progress_say(void)
{
	erase();
	print_state("\n");
}

void progress_end(void)
{
	erase();
	fflush(stderr);
}
