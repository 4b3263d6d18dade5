/* SPDX-License-Identifier: MIT */
/*
 * What top shows: two looks at all rings, and what happened between them. No
 * terminal here.
 */
#ifndef TOP_TABLE_H
#define TOP_TABLE_H

#include <jansson.h>

#include "info.h"

enum top_sort {
	TOP_BY_RATE,
	TOP_BY_FILL,
	TOP_BY_STALLS,
	TOP_BY_WAKEUPS,
	TOP_BY_NAME,
	TOP_SORTS,
};

#define TOP_LINE_MAX	512
#define TOP_MIN_WIDTH	80

/* struct top_row - a ring and how much of what it did in a second */
struct top_row {
	const struct ring_info *ring;
	double bytes;
	double records;		/* negative: nobody counts them */
	double stalls;
	double wakeups;
};

struct top_table {
	struct top_row *row;
	size_t nr;
};

/* "rate", and back, TOP_SORTS if there is none */
const char *top_sort_name(enum top_sort sort);
enum top_sort top_sort_by_name(const char *name);
enum top_sort top_sort_by_key(int key);

/*
 * Rings of @now, with rates from @before, where they were there, @seconds ago.
 * The rows point into @now. 0 or -ENOMEM; free(t->row).
 */
int top_table(struct top_table *t, const struct rings *before,
	      const struct rings *now, double seconds, enum top_sort sort);

/* The head, and a row, in a line of @width columns (at least TOP_MIN_WIDTH). */
void top_head(char line[TOP_LINE_MAX], int width);
void top_line(const struct top_row *row, char line[TOP_LINE_MAX], int width);

json_t *top_json(const struct top_table *t);

#endif /* TOP_TABLE_H */
