// SPDX-License-Identifier: MIT
/* shmring top: rates, fill, stalls and wake-ups, again and again. */
#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "args.h"
#include "cmd.h"
#include "interrupt.h"
#include "json.h"
#include "kernel.h"
#include "list.h"
#include "text.h"
#include "top_table.h"

#define NS_PER_S	1000000000LL
#define NS_PER_MS	1000000LL
#define KEYS		"sort by r)ate f)ill s)talls w)akeups n)ame, q)uit"

/*
 * struct top - two looks at all rings
 * @screen: a terminal has the table; else it is printed, frame by frame
 */
struct top {
	struct kernel *k;
	struct rings before;
	struct rings now;
	int64_t before_ns;
	int64_t now_ns;
	int64_t interval_ns;
	uint64_t frames;
	enum top_sort sort;
	int signals;
	bool json;
	bool screen;
};

static int64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int look(struct top *t)
{
	struct rings all;

	if (kernel_dump(t->k, &all))
		return -1;
	rings_free(&t->before);
	t->before = t->now;
	t->before_ns = t->now_ns;
	t->now = all;
	t->now_ns = clock_ns();
	return 0;
}

static void summary(const struct top *t, char line[TOP_LINE_MAX])
{
	time_t now = time(NULL);
	char when[16] = "";
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(when, sizeof(when), "%H:%M:%S", &tm);
	snprintf(line, TOP_LINE_MAX, "shmring top %s  %zu ring%s, by %s%s%s",
		 when, t->now.nr, t->now.nr == 1 ? "" : "s",
		 top_sort_name(t->sort), t->now.torn ? ", some missing" : "",
		 kernel_by_sysfs(t->k) ? ", told by sysfs" : "");
}

static int print_frame(const struct top *t, const struct top_table *table)
{
	char line[TOP_LINE_MAX];
	size_t i;

	if (t->json)
		return json_line(json_pack("{s:f, s:o}", "seconds",
			(double)(t->now_ns - t->before_ns) / NS_PER_S,
			"rings", top_json(table)));
	summary(t, line);
	puts(line);
	top_head(line, TOP_MIN_WIDTH);
	puts(line);
	for (i = 0; i < table->nr; i++) {
		top_line(&table->row[i], line, TOP_MIN_WIDTH);
		puts(line);
	}
	putchar('\n');
	return fflush(stdout);
}

static attr_t attr_of(const struct top_row *row)
{
	if (!has_colors())
		return A_NORMAL;
	if (row->ring->level == SHMRING_LEVEL_ABOVE)
		return (attr_t)COLOR_PAIR(COLOUR_RED);
	return row->bytes > 0 ? (attr_t)COLOR_PAIR(COLOUR_GREEN) : A_NORMAL;
}

static void draw_frame(const struct top *t, const struct top_table *table)
{
	char line[TOP_LINE_MAX];
	int row, rows = LINES - 3;

	erase();
	summary(t, line);
	mvaddnstr(0, 0, line, COLS);
	top_head(line, COLS);
	attron(A_REVERSE);
	mvprintw(1, 0, "%-*.*s", COLS, COLS, line);
	attroff(A_REVERSE);
	for (row = 0; row < rows && (size_t)row < table->nr; row++) {
		attr_t attr = attr_of(&table->row[row]);

		top_line(&table->row[row], line, COLS);
		attron(attr);
		mvaddnstr(row + 2, 0, line, COLS);
		attroff(attr);
	}
	mvaddnstr(LINES - 1, 0, KEYS, COLS);
	if ((size_t)rows < table->nr)
		printw(" (%zu more)", table->nr - (size_t)rows);
	refresh();
}

static int show(struct top *t)
{
	double seconds = (double)(t->now_ns - t->before_ns) / NS_PER_S;
	struct top_table table;
	int err = 0;

	if (top_table(&table, &t->before, &t->now, seconds, t->sort))
		return -1;
	if (t->screen)
		draw_frame(t, &table);
	else
		err = print_frame(t, &table);
	free(table.row);
	return err;
}

/* False when it is time to go. */
static bool handle_key(struct top *t, int key)
{
	enum top_sort sort = top_sort_by_key(key);

	if (key == 'q')
		return false;
	if (sort != TOP_SORTS)
		t->sort = sort;
	return true;
}

/* Until the next frame is due; false when it is time to go. */
static bool pause_top(struct top *t)
{
	int64_t end = t->now_ns + t->interval_ns, left;
	int n;
	struct pollfd fds[] = {
		{ .fd = t->signals, .events = POLLIN },
		{ .fd = STDOUT_FILENO },
		{ .fd = t->screen ? STDIN_FILENO : -1, .events = POLLIN },
	};

	while ((left = end - clock_ns()) > 0) {
		n = poll(fds, 3, (int)((left + NS_PER_MS - 1) / NS_PER_MS));
		if (n > 0 && (fds[0].revents || fds[1].revents & POLLERR ||
			      fds[2].revents & (POLLHUP | POLLERR)))
			return false;
		if (!n || !t->screen)
			continue;
		/* A key, or a signal: of another size, which is a key too. */
		if (!handle_key(t, getch()) || show(t))
			return false;
	}
	return true;
}

static bool run(struct top *t)
{
	if (look(t))
		return false;
	/* No rates yet, but no empty screen either. */
	if (t->screen)
		show(t);
	while (t->frames-- && pause_top(t))
		if (look(t) || show(t))
			return false;
	return true;
}

static void screen_begin(void)
{
	initscr();
	cbreak();
	noecho();
	curs_set(0);
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	if (!colour_wanted() || start_color() == ERR)
		return;
	use_default_colors();
	init_pair(COLOUR_GREEN, COLOR_GREEN, -1);
	init_pair(COLOUR_RED, COLOR_RED, -1);
}

static int top(struct top *t)
{
	bool ok;

	interrupt_catch();
	t->signals = interrupt_fd();
	if (t->signals < 0)
		return fail("cannot catch signals: %s", strerror(errno));
	t->k = ask_whom();
	if (!t->k)
		return EXIT_FAILURE;
	t->screen = !t->json && isatty(STDOUT_FILENO) && isatty(STDIN_FILENO);
	if (t->screen)
		screen_begin();
	ok = run(t);
	if (t->screen)
		endwin();
	if (!ok && *kernel_errmsg())
		fail("%s", kernel_errmsg());
	rings_free(&t->before);
	rings_free(&t->now);
	kernel_close(t->k);
	close(t->signals);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

int cmd_top(int argc, char **argv)
{
	static char *interval, *count, *sort;
	int json = 0;
	const struct poptOption table[] = {
		{ "interval", 'i', POPT_ARG_STRING, &interval, 0,
		  "Between frames; 1", "SECONDS" },
		{ "count", 'n', POPT_ARG_STRING, &count, 0,
		  "End after so many frames", "N" },
		{ "sort", 's', POPT_ARG_STRING, &sort, 0,
		  "rate, fill, stalls, wakeups or name; rate", "WORD" },
		ARGS_JSON(&json),
		POPT_AUTOHELP
		POPT_TABLEEND
	};
	const char *args[ARGS_MAX];
	struct top t = { .interval_ns = NS_PER_S, .frames = UINT64_MAX };

	args_parse(argc, argv, table, "[OPTION...]", 0, 0, args);
	t.json = json;
	if (interval)
		t.interval_ns = args_ns("--interval", interval);
	if (t.interval_ns < 100 * NS_PER_MS)
		refuse("--interval %s: at least 0.1", interval);
	if (count)
		t.frames = args_size("--count", count, 1, UINT64_MAX);
	if (sort)
		t.sort = top_sort_by_name(sort);
	if (t.sort == TOP_SORTS)
		refuse("--sort %s: rate, fill, stalls, wakeups or name", sort);
	return top(&t);
}
