/* SPDX-License-Identifier: MIT */
/* Who survives whom: trials of all transports, and what came of them. */
#ifndef BENCH_SURVIVE_H
#define BENCH_SURVIVE_H

#include <jansson.h>
#include <stdio.h>

#include "trial.h"

#define SURVIVE_SCHEMA	"shmring-bench-survive/1"
#define SURVIVE_WHAT	\
	"what becomes of the others when a process is killed, stopped or replaced"

#define SURVIVE_KILLS		5
#define SURVIVE_KILLS_MAX	10000
#define SURVIVE_LIMIT_MS	200
#define SURVIVE_LIMIT_MS_MAX	60000

/* Of one row, errors that differ. */
#define ROW_ERRORS	4

/*
 * struct row - a transport, what was done to it, and to whom
 * @why: of a trial that failed before its hit, or of a successor
 * @hits, @failed: trials with a hit, and without
 * @outcomes: how many hits had each
 * @errors: what the others were told, each once; 0 at the end
 * @told: nanoseconds after the hit, @nr_told of them
 * @held_ns: the longest of all hits
 * @pairs, @next_pairs: how many tried to be the next pair, and could
 */
struct row {
	const struct cell *cell;
	enum hit hit;
	enum victim victim;
	char why[WHY_MAX];
	unsigned int hits;
	unsigned int failed;
	unsigned int outcomes[OUTCOMES];
	int errors[ROW_ERRORS];
	double *told;
	unsigned int nr_told;
	uint64_t held_ns[2];
	uint64_t sent;
	uint64_t lost;
	uint64_t repeated;
	uint64_t torn;
	unsigned int pairs;
	unsigned int next_pairs;
	struct leftover to_remove;
	struct leftover left;
};

/*
 * struct survival - @cells: of the chosen transports, those that are not
 *	possible with their .why
 */
struct survival {
	const struct options *options;
	struct cell cells[PLAN_LIST_MAX];
	struct channel names[PLAN_LIST_MAX];
	size_t nr_cells;
	struct row *rows;
	size_t nr_rows;
	bool complete;
};

/* 0 or -ENOMEM. */
int survive_plan(struct survival *s, const struct options *o);

/* False when the user stopped it; what is complete is in the rows. */
bool survive_run(struct survival *s);
void survive_free(struct survival *s);

/* As DOC_SCHEMA is for measurements; the manual page describes it. */
json_t *survive_doc(const struct survival *s, const char *label);

/* Is it one? Files may come from anybody. */
bool survive_is_ours(const json_t *doc);

/* Of such a document: no line is longer than @width. 0 or -errno. */
void survive_print(FILE *out, const json_t *doc, int width);
int survive_csv(const json_t *doc, FILE *out);
int survive_markdown(const json_t *doc, FILE *out);
int survive_svg(const json_t *doc, FILE *out);
int survive_png(const json_t *doc, FILE *out);

#endif /* BENCH_SURVIVE_H */
