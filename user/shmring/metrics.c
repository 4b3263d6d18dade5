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
#include <unistd.h>

#include "args.h"
#include "cmd.h"
#include "json.h"
#include "list.h"
#include "sysfs.h"

/*
 * struct metric - a family of metrics: one sample a ring, or one a side, where
 *	it is known
 * @attr: of the set "ring" or "endpoint"
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
	uint16_t attr;
	size_t offset;
};

#define RING(id, member, is_wide) .attr = SHMRING_A_RING_##id, \
	.offset = offsetof(struct ring_info, member), .wide = is_wide
#define SIDE(id, member, is_wide) .of_side = true, \
	.attr = SHMRING_A_ENDPOINT_##id, \
	.offset = offsetof(struct side_info, member), .wide = is_wide

static const struct metric metrics[] = {
	{ "shmring_size_bytes", "bytes", "Size of the data area.",
	  RING(SIZE, size, true) },
	{ "shmring_used_bytes", "bytes", "Published and not handed back.",
	  RING(USED, used, true) },
	{ "shmring_record_size_bytes", "bytes",
	  "Of each record, 0 for records of any length.",
	  RING(RECORD_SIZE, record_size, false) },
	{ "shmring_high_water_percent", "percent",
	  "Mark from which on listeners are told, 0 for none.",
	  RING(HIGH_WATER, high_water, false) },
	{ "shmring_above_high_water", NULL,
	  "1 since the mark was reached, until half of it.",
	  RING(LEVEL, level, false) },
	{ "shmring_published_bytes", "bytes",
	  "Head, as the producer's page says.", .counter = true,
	  RING(HEAD, head, true) },
	{ "shmring_released_bytes", "bytes",
	  "Tail, as the consumer's page says.", .counter = true,
	  RING(TAIL, tail, true) },
	{ "shmring_attached_state", NULL,
	  "0: nobody had the role yet, 1: attached, 2: gone.",
	  SIDE(STATE, state, false) },
	{ "shmring_waits", NULL, "Times that the side went to sleep.",
	  .counter = true, SIDE(WAITS, waits, true) },
	{ "shmring_wakeups", NULL, "Times that it was woken.",
	  .counter = true, SIDE(WAKEUPS, wakeups, true) },
	{ "shmring_kicks", NULL, "Kicks that it received.",
	  .counter = true, SIDE(KICKS, kicks, true) },
	{ "shmring_eventfd_signals", NULL, "Times its eventfd was signalled.",
	  .counter = true, SIDE(EVENTFD_SIGNALS, eventfd_signals, true) },
	{ "shmring_deaths", NULL, "Holders of the role that were killed.",
	  .counter = true, SIDE(DEATHS, deaths, true) },
	{ "shmring_stalls", NULL,
	  "Times it found the ring full or empty, as the process claims.",
	  .counter = true, SIDE(STALLS, stalls, true) },
	{ "shmring_messages", NULL,
	  "Records that it moved, where they are fixed or the process counts them.",
	  .counter = true, SIDE(MESSAGES, messages, true) },
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

	if (!m->of_side && r->has & HAS(m->attr))
		fprintf(to, "%s%s{ring=\"%s\"} %" PRIu64 "\n", m->name, suffix,
			r->name, value_of(m, r));
	for (i = 0; i < SIDES && m->of_side; i++)
		if (r->side[i].has & HAS(m->attr))
			fprintf(to, "%s%s{ring=\"%s\",role=\"%s\"} %" PRIu64 "\n",
				m->name, suffix, r->name,
				role_word(SHMRING_ROLE_PRODUCER + (uint32_t)i),
				value_of(m, &r->side[i]));
}

static void print_head(const char *name, const char *type, const char *unit,
		       const char *help, FILE *to)
{
	fprintf(to, "# TYPE %s %s\n", name, type);
	if (unit)
		fprintf(to, "# UNIT %s %s\n", name, unit);
	fprintf(to, "# HELP %s %s\n", name, help);
}

static void print_one(const char *name, const char *unit, const char *help,
		      uint64_t value, FILE *to)
{
	print_head(name, "gauge", unit, help, to);
	fprintf(to, "%s %" PRIu64 "\n", name, value);
}

static void print_limits(const struct limits *l, FILE *to)
{
	print_one("shmring_limit_rings", NULL,
		  "How many rings the module allows.", l->rings, to);
	print_one("shmring_limit_ring_bytes", "bytes",
		  "How large it allows one to be.", l->ring_bytes, to);
	print_one("shmring_limit_total_bytes", "bytes",
		  "How large it allows all of them to be.", l->bytes, to);
}

static void print_memory(const struct rings *all, FILE *to)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const struct ring_info *r;
	size_t i, j;

	print_head("shmring_memory_bytes", "gauge", "bytes",
		   "Memory of the ring on a node, with what manages it.", to);
	for (i = 0; i < all->nr; i++)
		for (r = &all->ring[i], j = 0; j < r->nr_numa; j++)
			fprintf(to, "shmring_memory_bytes{ring=\"%s\",node=\"%" PRIu32 "\"} %" PRIu64 "\n",
				r->name, r->numa[j].node,
				r->numa[j].pages * page);
}

void metrics_print(const struct rings *all, const char *root, FILE *to)
{
	const struct metric *m;
	struct limits l;
	size_t i;

	print_one("shmring_rings", NULL,
		  "Rings that have a name or are anonymous.", all->nr, to);
	if (sysfs_limits(root, &l))
		print_limits(&l, to);
	print_memory(all, to);
	for (m = metrics; m < metrics + sizeof(metrics) / sizeof(*metrics); m++) {
		print_head(m->name, m->counter ? "counter" : "gauge", m->unit,
			   m->help, to);
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
		  "ADDRESS:PORT|fd:N" },
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
		metrics_print(&all, "", stdout);
	rings_free(&all);
	return status;
}
