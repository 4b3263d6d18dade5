// SPDX-License-Identifier: MIT
/*
 * shmring metrics: OpenMetrics text.
 *
 * No type but gauge and counter, so that the textfile collector of the node
 * exporter, which knows the older format, reads it too.
 */
#include "metrics.h"

#include <inttypes.h>
#include <stdlib.h>

#include "args.h"
#include "cmd.h"
#include "json.h"
#include "list.h"

/*
 * struct metric - a family of metrics: one sample a ring, or one a side
 * @of_side: @offset is in struct side_info
 * @wide: it is 64 bits there, not 32
 */
struct metric {
	const char *name;
	const char *unit;
	const char *help;
	bool counter;
	bool of_side;
	bool wide;
	size_t offset;
};

#define RING(member, is_wide) \
	.offset = offsetof(struct ring_info, member), .wide = is_wide
#define SIDE(member, is_wide) .of_side = true, \
	.offset = offsetof(struct side_info, member), .wide = is_wide

static const struct metric metrics[] = {
	{ "shmring_size_bytes", "bytes", "Size of the data area.",
	  RING(size, true) },
	{ "shmring_used_bytes", "bytes", "Published and not handed back.",
	  RING(used, true) },
	{ "shmring_record_size_bytes", "bytes",
	  "Of each record, 0 for records of any length.",
	  RING(record_size, false) },
	{ "shmring_high_water_percent", "percent",
	  "Mark from which on listeners are told, 0 for none.",
	  RING(high_water, false) },
	{ "shmring_above_high_water", NULL,
	  "1 since the mark was reached, until half of it.",
	  RING(level, false) },
	{ "shmring_published_bytes", "bytes",
	  "Head, as the producer's page says.", .counter = true,
	  RING(head, true) },
	{ "shmring_released_bytes", "bytes",
	  "Tail, as the consumer's page says.", .counter = true,
	  RING(tail, true) },
	{ "shmring_attached_state", NULL,
	  "0: nobody had the role yet, 1: attached, 2: gone.",
	  SIDE(state, false) },
	{ "shmring_waits", NULL, "Times that the side went to sleep.",
	  .counter = true, SIDE(waits, true) },
	{ "shmring_wakeups", NULL, "Times that it was woken.",
	  .counter = true, SIDE(wakeups, true) },
	{ "shmring_kicks", NULL, "Kicks that it received.",
	  .counter = true, SIDE(kicks, true) },
	{ "shmring_eventfd_signals", NULL, "Times its eventfd was signalled.",
	  .counter = true, SIDE(eventfd_signals, true) },
	{ "shmring_deaths", NULL, "Holders of the role that were killed.",
	  .counter = true, SIDE(deaths, true) },
	{ "shmring_stalls", NULL,
	  "Times it found the ring full or empty, as the process claims.",
	  .counter = true, SIDE(stalls, true) },
	{ "shmring_messages", NULL,
	  "Records that it moved, where it counts them, as the process claims.",
	  .counter = true, SIDE(messages, true) },
};

static uint64_t value_of(const struct metric *m, const void *info)
{
	const void *at = (const char *)info + m->offset;

	return m->wide ? *(const uint64_t *)at : *(const uint32_t *)at;
}

/* Names of rings need no escape: A-Za-z0-9._- */
static void print_sample(const struct metric *m, const struct ring_info *r,
			 FILE *to)
{
	const char *suffix = m->counter ? "_total" : "";
	int i;

	if (!m->of_side) {
		fprintf(to, "%s%s{ring=\"%s\"} %" PRIu64 "\n", m->name, suffix,
			r->name, value_of(m, r));
		return;
	}
	for (i = 0; i < SIDES; i++)
		fprintf(to, "%s%s{ring=\"%s\",role=\"%s\"} %" PRIu64 "\n",
			m->name, suffix, r->name,
			role_word(SHMRING_ROLE_PRODUCER + (uint32_t)i),
			value_of(m, &r->side[i]));
}

void metrics_print(const struct rings *all, FILE *to)
{
	const struct metric *m;
	size_t i;

	fprintf(to, "# TYPE shmring_rings gauge\n"
		"# HELP shmring_rings Rings that have a name or are anonymous.\n"
		"shmring_rings %zu\n", all->nr);
	for (m = metrics; m < metrics + sizeof(metrics) / sizeof(*metrics); m++) {
		fprintf(to, "# TYPE %s %s\n", m->name,
			m->counter ? "counter" : "gauge");
		if (m->unit)
			fprintf(to, "# UNIT %s %s\n", m->name, m->unit);
		fprintf(to, "# HELP %s %s\n", m->name, m->help);
		for (i = 0; i < all->nr; i++)
			print_sample(m, &all->ring[i], to);
	}
	fputs("# EOF\n", to);
}

int cmd_metrics(int argc, char **argv)
{
	static char *where;
	int json = 0, status;
	const struct poptOption table[] = {
		{ "listen", 'l', POPT_ARG_STRING, &where, 0,
		  "Serve http://ADDRESS:PORT/metrics, until a signal comes",
		  "ADDRESS:PORT" },
		ARGS_JSON(&json),
		POPT_AUTOHELP
		POPT_TABLEEND
	};
	const char *args[ARGS_MAX];
	struct rings all;

	args_parse(argc, argv, table, "[OPTION...]", 0, 0, args);
	if (where && json)
		refuse("--listen speaks OpenMetrics alone: without --json");
	if (where)
		return metrics_serve(where);
	status = all_rings(&all);
	if (status)
		return status;
	if (json)
		status = json_document(json_rings(&all));
	else
		metrics_print(&all, stdout);
	rings_free(&all);
	return status;
}
