// SPDX-License-Identifier: MIT
/* What top shows. */
#include "top_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define BAR		10	/* characters */
#define NAME_WIDTH	14	/* in TOP_MIN_WIDTH columns; it gets what is more */

static const struct {
	const char *name;
	int key;
} sorts[TOP_SORTS] = {
	[TOP_BY_RATE] = { "rate", 'r' },
	[TOP_BY_FILL] = { "fill", 'f' },
	[TOP_BY_STALLS] = { "stalls", 's' },
	[TOP_BY_WAKEUPS] = { "wakeups", 'w' },
	[TOP_BY_NAME] = { "name", 'n' },
};

const char *top_sort_name(enum top_sort sort)
{
	return sorts[sort].name;
}

enum top_sort top_sort_by_name(const char *name)
{
	int i;

	for (i = 0; i < TOP_SORTS && strcmp(name, sorts[i].name); i++)
		;
	return (enum top_sort)i;
}

enum top_sort top_sort_by_key(int key)
{
	int i;

	for (i = 0; i < TOP_SORTS && key != sorts[i].key; i++)
		;
	return (enum top_sort)i;
}

/* The same ring, not another of its name. Both are sorted by name. */
static const struct ring_info *find(const struct rings *all,
				    const struct ring_info *r)
{
	size_t from = 0, to = all->nr, middle;
	int order;

	while (from < to) {
		middle = from + (to - from) / 2;
		order = strcmp(r->name, all->ring[middle].name);
		if (!order)
			return all->ring[middle].id == r->id ?
			       &all->ring[middle] : NULL;
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return NULL;
}

/* What a process says in its page may go back; a rate does not. */
static double rate(uint64_t before, uint64_t now, double seconds)
{
	return now > before && seconds > 0 ?
	       (double)(now - before) / seconds : 0;
}

static double both_rates(const struct ring_info *before,
			 const struct ring_info *now, size_t counter,
			 double seconds)
{
	double sum = 0;
	int i;

	for (i = 0; i < SIDES; i++)
		sum += rate(*(const uint64_t *)((const char *)&before->side[i] + counter),
			    *(const uint64_t *)((const char *)&now->side[i] + counter),
			    seconds);
	return sum;
}

static struct top_row row_of(const struct ring_info *before,
			     const struct ring_info *now, double seconds)
{
	struct top_row row = { .ring = now, .records = -1 };
	const struct side_info *p = &now->side[SIDE_PRODUCER];

	if (!before)
		before = now;
	row.bytes = rate(before->head, now->head, seconds);
	if (p->has & HAS(SHMRING_A_ENDPOINT_MESSAGES))
		row.records = rate(before->side[SIDE_PRODUCER].messages,
				   p->messages, seconds);
	row.stalls = both_rates(before, now, offsetof(struct side_info, stalls),
				seconds);
	row.wakeups = both_rates(before, now,
				 offsetof(struct side_info, wakeups), seconds);
	return row;
}

static double key_of(const struct top_row *row, enum top_sort sort)
{
	switch (sort) {
	case TOP_BY_RATE:
		return row->bytes;
	case TOP_BY_FILL:
		return row->ring->size ? (double)row->ring->used /
					 (double)row->ring->size : 0;
	case TOP_BY_STALLS:
		return row->stalls;
	case TOP_BY_WAKEUPS:
		return row->wakeups;
	default:
		return 0;
	}
}

/* The most first, and by name among equals. */
static int compare(const void *a, const void *b, void *arg)
{
	const struct top_row *x = a, *y = b;
	enum top_sort sort = *(enum top_sort *)arg;
	double kx = key_of(x, sort), ky = key_of(y, sort);

	return kx > ky ? -1 : kx < ky ? 1 : strcmp(x->ring->name, y->ring->name);
}

int top_table(struct top_table *t, const struct rings *before,
	      const struct rings *now, double seconds, enum top_sort sort)
{
	size_t i;

	t->nr = now->nr;
	t->row = calloc(now->nr ? now->nr : 1, sizeof(*t->row));
	if (!t->row)
		return -ENOMEM;
	for (i = 0; i < now->nr; i++)
		t->row[i] = row_of(find(before, &now->ring[i]), &now->ring[i],
				   seconds);
	qsort_r(t->row, t->nr, sizeof(*t->row), compare, &sort);
	return 0;
}

/* "1.21 M", "-" where there is none, at most 7 columns */
static const char *per_second(double v, char text[TEXT_MAX])
{
	static const char *const units[] = { "", " k", " M", " G", " T", " P" };
	int digits, i = 0;

	if (v < 0)
		return "-";
	for (; v >= 999.5 && i < 5; i++)
		v /= 1000;
	digits = v >= 99.95 || (!i && v >= 9.95) || v == 0 ? 0 :
		 v >= 9.995 ? 1 : 2;
	snprintf(text, TEXT_MAX, "%.*f%s", digits, v, units[i]);
	return text;
}

static const char *bar(const struct ring_info *r, char text[BAR + 1])
{
	unsigned int full = (fill_percent(r->used, r->size) * BAR + 50) / 100;

	memset(text, '.', BAR);
	memset(text, '#', full < BAR ? full : BAR);
	text[BAR] = '\0';
	return text;
}

static const char *pid_or_state(const struct side_info *s, char text[TEXT_MAX])
{
	if (s->state != SHMRING_STATE_ATTACHED || !s->pid)
		return text_side(s, text);
	snprintf(text, TEXT_MAX, "%u", s->pid);
	return text;
}

static int name_width(int width)
{
	int more = width > TOP_MIN_WIDTH ? width - TOP_MIN_WIDTH : 0;
	int most = SHMRING_NAME_MAX - 1;

	return NAME_WIDTH + more < most ? NAME_WIDTH + more : most;
}

void top_head(char line[TOP_LINE_MAX], int width)
{
	int name = name_width(width);

	snprintf(line, TOP_LINE_MAX,
		 "%-*s %-*s %4s %7s %7s %7s %7s %7s %7s",
		 name, "NAME", BAR, "FILL", "%", "B/S", "REC/S",
		 "STALL/S", "WAKE/S", "PROD", "CONS");
}

void top_line(const struct top_row *row, char line[TOP_LINE_MAX], int width)
{
	const struct ring_info *r = row->ring;
	char fill[BAR + 1], bytes[TEXT_MAX], records[TEXT_MAX];
	char stalls[TEXT_MAX], wakeups[TEXT_MAX], p[TEXT_MAX], c[TEXT_MAX];
	int name = name_width(width);

	snprintf(line, TOP_LINE_MAX,
		 "%-*.*s %s %4u %7s %7s %7s %7s %7.7s %7.7s",
		 name, name, r->name, bar(r, fill),
		 fill_percent(r->used, r->size),
		 per_second(row->bytes, bytes),
		 per_second(row->records, records),
		 per_second(row->stalls, stalls),
		 per_second(row->wakeups, wakeups),
		 pid_or_state(&r->side[SIDE_PRODUCER], p),
		 pid_or_state(&r->side[SIDE_CONSUMER], c));
}

json_t *top_json(const struct top_table *t)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < t->nr; i++) {
		const struct top_row *row = &t->row[i];

		json_array_append_new(array,
			json_pack("{s:s, s:I, s:I, s:f, s:o, s:f, s:f}",
				  "name", row->ring->name,
				  "size", (json_int_t)row->ring->size,
				  "used", (json_int_t)row->ring->used,
				  "bytes_per_s", row->bytes,
				  "records_per_s", row->records < 0 ?
				  json_null() : json_real(row->records),
				  "stalls_per_s", row->stalls,
				  "wakeups_per_s", row->wakeups));
	}
	return array;
}
