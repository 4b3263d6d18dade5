// SPDX-License-Identifier: MIT
/* Counters of their own on lines that are not. */
#include <stdlib.h>
#include <string.h>

#include "../common/stats.h"
#include "experiments.h"
#include "plot.h"
#include "proc.h"
#include "table.h"

enum { EXACT };

static const char *const claims[] = {
	[EXACT] = "counters that share a line lose no update: it costs time alone",
	NULL
};

static const size_t strides[] = { 8, 16, 32, 64, 128, 256 };

enum { NR_STRIDES = ARRAY_SIZE(strides), MAX_REPEAT = 100 };

static const struct series {
	const char *name;
	bool processes;
	bool atomic;
} series[] = {
	{ "threads, plain", false, false },
	{ "threads, atomic", false, true },
	{ "processes, plain", true, false },
	{ "processes, atomic", true, true },
};

enum { NR_SERIES = ARRAY_SIZE(series) };

/* struct job - what the workers of one measurement need */
struct job {
	unsigned char *counters;
	size_t stride;
	uint64_t count;
	bool atomic;
};

static uint64_t *counter(const struct job *j, unsigned int i)
{
	return (uint64_t *)(void *)(j->counters + i * j->stride);
}

/*
 * Nobody else touches the worker's counter, so relaxed is enough, and a plain
 * load and store are. Volatile: each is to happen.
 */
static void increment(void *arg, unsigned int me)
{
	const struct job *j = arg;
	uint64_t *mine = counter(j, me), i;

	if (j->atomic)
		for (i = 0; i < j->count; i++)
			__atomic_fetch_add(mine, 1, __ATOMIC_RELAXED);
	else
		for (i = 0; i < j->count; i++)
			*(volatile uint64_t *)mine = *(volatile uint64_t *)mine + 1;
}

/* struct results - nanoseconds per increment of each worker */
struct results {
	double samples[NR_SERIES][NR_STRIDES][MAX_REPEAT];
	struct stats stats[NR_SERIES][NR_STRIDES];
	uint64_t wrong;
};

static double measure(struct lab *lab, const struct series *s, struct job *j,
		      struct results *r)
{
	unsigned int i, nr = (unsigned int)lab->value[PARAM_WORKERS];
	struct crew crew = { s->processes, nr, increment, j };
	double ns;

	memset(j->counters, 0, nr * j->stride);
	j->atomic = s->atomic;
	ns = crew_run(lab, &crew);
	for (i = 0; i < nr; i++)
		r->wrong += *counter(j, i) != j->count;
	return ns / (double)j->count;
}

/* Repeats are interleaved: what changes with time hits all of them alike. */
static void measure_all(struct lab *lab, struct results *r)
{
	uint64_t n, repeat = lab->value[PARAM_REPEAT];
	struct job job = {
		.counters = proc_shared(lab, lab->value[PARAM_WORKERS] *
					strides[NR_STRIDES - 1]),
		.count = lab->value[PARAM_COUNT],
	};
	size_t s, k;

	for (n = 0; n < repeat; n++)
		for (s = 0; s < NR_SERIES; s++)
			for (k = 0; k < NR_STRIDES; k++) {
				lab_doing(lab, "false-sharing, repeat %llu: %s, %zu bytes apart",
					  (unsigned long long)n + 1,
					  series[s].name, strides[k]);
				job.stride = strides[k];
				r->samples[s][k][n] = measure(lab, &series[s],
							      &job, r);
			}
	for (s = 0; s < NR_SERIES; s++)
		for (k = 0; k < NR_STRIDES; k++)
			r->stats[s][k] = stats_of(r->samples[s][k], repeat);
}

static const struct column columns[] = {
	{ "counters apart", "series" }, { "8 B", "ns_at_8" },
	{ "16 B", "ns_at_16" }, { "32 B", "ns_at_32" },
	{ "64 B", "ns_at_64" }, { "128 B", "ns_at_128" },
	{ "256 B", "ns_at_256" }, { "8 B in 256 B", "ratio_8_to_256" },
	{ "64 B in 256 B", "ratio_64_to_256" },
};

static void show(struct lab *lab, const struct results *r)
{
	struct table t;
	size_t s, k;

	table_begin(&t, lab, "increment", columns, ARRAY_SIZE(columns));
	for (s = 0; s < NR_SERIES; s++) {
		table_text(&t, "%s", series[s].name);
		for (k = 0; k < NR_STRIDES; k++)
			table_time(&t, r->stats[s][k].median);
		table_ratio(&t, r->stats[s][0].median /
			    r->stats[s][NR_STRIDES - 1].median);
		table_ratio(&t, r->stats[s][3].median /
			    r->stats[s][NR_STRIDES - 1].median);
	}
	table_end(&t);
}

static void draw(struct lab *lab, const struct results *r)
{
	FILE *plot = plot_begin(lab, 900, 480);
	size_t s, k;

	if (!plot)
		return;
	for (s = 0; s < NR_SERIES; s++) {
		fprintf(plot, "$series%zu << END\n", s);
		for (k = 0; k < NR_STRIDES; k++)
			fprintf(plot, "%zu %f %f %f\n", strides[k],
				r->stats[s][k].median, r->stats[s][k].min,
				r->stats[s][k].max);
		fprintf(plot, "END\n");
	}
	fprintf(plot, "set logscale x 2\nset logscale y\nset xrange [7:290]\n"
		"set xtics (8, 16, 32, 64, 128, 256)\n"
		"set xlabel 'bytes from one counter to the next'\n"
		"set ylabel 'ns per increment: median, least to most'\n"
		"set key outside right top\n"
		"set title 'What a shared line costs: %llu workers, each with a counter of its own'\n"
		"set arrow from 64, graph 0 to 64, graph 1 nohead dt 2 lc rgb '#808080'\n"
		"set label 'a line' at 64, graph 0.97 offset 0.7,0 textcolor rgb '#606060'\n"
		"plot ", (unsigned long long)lab->value[PARAM_WORKERS]);
	for (s = 0; s < NR_SERIES; s++)
		fprintf(plot, "%s$series%zu u ($1*%f):2:3:4 w yerrorlines lw 2 pt %d ps 0.7 lc rgb '%s' t '%s'",
			s ? ", " : "", s, 0.97 + 0.02 * (double)s,
			series[s].processes ? 5 : 7,
			plot_colours[s], series[s].name);
	fputc('\n', plot);
	plot_end(lab, plot);
}

static void run(struct lab *lab)
{
	struct results *r = calloc(1, sizeof(*r));

	if (!r)
		lab_die(lab, "no memory for the results");
	if (proc_cpus() == 1)
		lab_say(lab, "One CPU: its workers take turns, so no line moves between caches.");
	measure_all(lab, r);
	show(lab, r);
	claim(lab, EXACT, !r->wrong, "%llu counters were wrong, of %llu",
	      (unsigned long long)r->wrong,
	      (unsigned long long)(lab->value[PARAM_REPEAT] * NR_SERIES *
				   NR_STRIDES * lab->value[PARAM_WORKERS]));
	draw(lab, r);
	free(r);
}

const struct experiment false_sharing = {
	.name = "false-sharing",
	.what = "counters of their own on a line that is not",
	.about =
	"Each worker increments a counter that nobody else touches. The counters lie 8 to\n"
	"256 bytes apart, so at first several share a cache line (64 bytes), and at 64\n"
	"each has a line but the neighbour is the other of a pair that CPUs fetch together.\n"
	"Times are those of one increment of one worker.\n",
	.claims = claims,
	.params = {
		[PARAM_COUNT] = { "increments of each worker", 2000000, 1,
				  1ULL << 32 },
		[PARAM_REPEAT] = { "measurements of each time", 9, 1,
				   MAX_REPEAT },
		[PARAM_WORKERS] = { "threads or processes", 2, 1, 256 },
	},
	.run = run,
};
