// SPDX-License-Identifier: MIT
/* shmring monitor: what happens to rings, as it happens. */
#include "monitor.h"

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
#include "list.h"
#include "text.h"

#define BUFFER_BYTES	(1 << 20)	/* thousands of events */
#define BUFFER_MAX	(1 << 30)
#define NS_PER_S	1e9

/*
 * struct monitor - two sockets, so that answers and events do not mix
 * @names: of the rings to tell of, NULL behind the last one; none: all
 * @kinds: the events to tell of, a bit for each command of the family
 */
struct monitor {
	struct kernel *events;
	struct kernel *questions;
	const char **names;
	uint32_t kinds;
	uint64_t count;
	bool json;
};

static double print_time(bool json)
{
	struct timespec t;
	struct tm tm;
	char text[16];

	clock_gettime(CLOCK_REALTIME, &t);
	if (!json && localtime_r(&t.tv_sec, &tm) &&
	    strftime(text, sizeof(text), "%H:%M:%S", &tm))
		printf("%s.%06ld ", text, t.tv_nsec / 1000);
	return (double)t.tv_sec + (double)t.tv_nsec / NS_PER_S;
}

static void print_ring(const struct ring_info *r, FILE *to)
{
	char size[UNITS_TEXT_MAX], record[TEXT_MAX], node[TEXT_MAX];

	fprintf(to, "%s, records %s, node %s", units_bytes(r->size, size),
		text_record(r->record_size, record), text_node(r->node, node));
}

void monitor_event(const struct event *e, FILE *to)
{
	const struct event_info *at = &e->at;
	char text[TEXT_MAX];

	fprintf(to, "%-15s %s ", event_word(e->cmd),
		e->ring.has ? e->ring.name : at->name);
	switch (e->cmd) {
	case SHMRING_CMD_RING_ADD_NTF:
		print_ring(&e->ring, to);
		break;
	case SHMRING_CMD_RING_DEL_NTF:
		fprintf(to, "after %llu bytes, %s left",
			(unsigned long long)e->ring.head,
			text_bytes(e->ring.used, text));
		break;
	case SHMRING_CMD_LEVEL_NTF:
		fprintf(to, "%s %u %%: %s", level_word(at->level),
			at->high_water, text_fill(at->used, at->size, text));
		break;
	default:
		fprintf(to, "%s pid %u%s", role_word(at->role), at->pid,
			at->killed ? ", killed" : "");
	}
}

static bool wanted(const struct monitor *m, const struct event *e)
{
	const char *name = e->ring.has ? e->ring.name : e->at.name;
	const char **n;

	if (!(m->kinds & 1U << e->cmd))
		return false;
	for (n = m->names; *n && strcmp(*n, name); n++)
		;
	return *n || !*m->names;
}

static void tell(const struct event *e, void *arg)
{
	struct monitor *m = arg;
	double now;

	if (!m->count || !wanted(m, e))
		return;
	m->count--;
	now = print_time(m->json);
	if (m->json) {
		json_line(json_event(e, now));
		return;
	}
	monitor_event(e, stdout);
	putchar('\n');
}

/* Events are gone: what there is now is the next best thing. */
static int start_over(struct monitor *m)
{
	struct rings all;
	double now = print_time(m->json);
	int err;

	if (kernel_dump(m->questions, &all))
		return fail("%s", kernel_errmsg());
	if (m->json) {
		err = json_line(json_pack("{s:s, s:f, s:o}", "event", "lost",
					  "time", now, "rings",
					  json_rings(&all)));
	} else {
		printf("events were lost, since they were not read in time; there are %zu rings now:\n",
		       all.nr);
		err = list_print(&all, stdout);
	}
	rings_free(&all);
	return err;
}

static int watch(struct monitor *m, int signals)
{
	struct pollfd fds[] = {
		{ .fd = kernel_fd(m->events), .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
		/* For its POLLERR: nobody reads any more. */
		{ .fd = STDOUT_FILENO },
	};
	int err;

	while (m->count) {
		if (fflush(stdout))
			return EXIT_FAILURE;
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return fail("cannot wait: poll: %s", strerror(errno));
		if (fds[1].revents)
			return EXIT_SUCCESS;
		if (fds[2].revents & POLLERR)
			return EXIT_FAILURE;
		err = kernel_events(m->events, tell, m);
		if (err && err != -ENOBUFS)
			return fail("%s", kernel_errmsg());
		if (err && start_over(m))
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

static int monitor(struct monitor *m, size_t buffer)
{
	int signals, status;

	interrupt_catch();
	signals = interrupt_fd();
	if (signals < 0)
		return fail("cannot catch signals: %s", strerror(errno));
	m->events = kernel_open();
	m->questions = m->events ? kernel_open() : NULL;
	if (!m->questions || kernel_listen(m->events, buffer))
		status = fail("%s", kernel_errmsg());
	else
		status = watch(m, signals);
	if (m->questions)
		kernel_close(m->questions);
	if (m->events)
		kernel_close(m->events);
	close(signals);
	return status;
}

/* "ring-add,level" */
static uint32_t parse_kinds(const char *text)
{
	uint32_t kinds = 0;
	size_t len;
	uint8_t cmd;

	for (;; text += len + 1) {
		len = strcspn(text, ",");
		for (cmd = 0; cmd <= SHMRING_CMD_MAX; cmd++)
			if (strlen(event_word(cmd)) == len &&
			    !strncmp(text, event_word(cmd), len))
				break;
		if (cmd > SHMRING_CMD_MAX || *text == '?')
			refuse("--event %.*s: ring-add, ring-del, endpoint-attach, endpoint-detach or level",
			       (int)len, text);
		kinds |= 1U << cmd;
		if (!text[len])
			return kinds;
	}
}

/* What the module calls them. */
static void parse_names(const char **args)
{
	static char address[ADDRESS_MAX];
	const char *name;

	for (; *args; args++) {
		args_address(*args, address);
		name = args_dev_name(address);
		if (!name)
			refuse("%s: the module tells of its own rings alone",
			       address);
		*args = strdup(name);
		if (!*args)
			refuse("no memory for the names");
	}
}

int cmd_monitor(int argc, char **argv)
{
	static char *buffer, *count, *kinds;
	int json = 0;
	const struct poptOption table[] = {
		{ "event", 'e', POPT_ARG_STRING, &kinds, 0,
		  "Only these: ring-add, ring-del, endpoint-attach, endpoint-detach, level",
		  "WORD,..." },
		{ "count", 'n', POPT_ARG_STRING, &count, 0,
		  "End after so many events", "N" },
		{ "buffer", 'b', POPT_ARG_STRING, &buffer, 0,
		  "Of events that are not read yet; 1M", "BYTES" },
		ARGS_JSON(&json),
		POPT_AUTOHELP
		POPT_TABLEEND
	};
	struct monitor m = { .count = UINT64_MAX, .kinds = UINT32_MAX };

	m.names = args_list(argc, argv, table, "[NAME...] [OPTION...]");
	m.json = json;
	parse_names(m.names);
	if (kinds)
		m.kinds = parse_kinds(kinds);
	if (count)
		m.count = args_size("--count", count, 1, UINT64_MAX);
	return monitor(&m, buffer ? args_size("--buffer", buffer, 1, BUFFER_MAX) :
		       BUFFER_BYTES);
}
