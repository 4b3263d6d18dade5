// SPDX-License-Identifier: MIT
/*
 * Ways to increment one counter from several threads, with atomic instructions
 * and with locks made of them.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "../common/stats.h"
#include "experiments.h"
#include "plot.h"
#include "proc.h"
#include "table.h"

#define MAX_WORKERS	64
#define MAX_COUNTS	8	/* 1, 2, 4, ... workers */
#define MAX_REPEAT	100

/* Within this time chance must have shown what it can do. */
#define CHANCE_NS	10000000000u

/* A thread that only loads and stores is made to pause between, that often. */
#define PAUSE_EACH	1024

/* With more threads than CPUs a lock waits for a thread that does not run. */
#define CROWDED		20

#define LINE		128	/* two, since CPUs fetch them in pairs */

enum { PLAIN_LOSES, ATOMIC_EXACT, LOCKS_EXACT, PETERSON_EXACT, NO_FENCE };

static const char *const claims[] = {
	[PLAIN_LOSES] = "a plain load and store loses updates",
	[ATOMIC_EXACT] = "compare-and-swap, exchange and fetch-add lose none",
	[LOCKS_EXACT] = "test-and-set, ticket and MCS locks lose none",
	[PETERSON_EXACT] = "Peterson's algorithm with its fence never lets two in",
	[NO_FENCE] = "Peterson's algorithm without its fence lets two in",
	NULL
};

struct mcs_node {
	struct mcs_node *next;
	uint32_t waits;
} __attribute__((aligned(LINE)));

/*
 * struct place - what the threads fight for, each word on a line of its own
 * @value: the counter; @violations: those who found another one inside
 */
struct place {
	uint64_t value __attribute__((aligned(LINE)));
	uint32_t lock __attribute__((aligned(LINE)));
	uint32_t ticket __attribute__((aligned(LINE)));
	uint32_t serving __attribute__((aligned(LINE)));
	struct mcs_node *tail __attribute__((aligned(LINE)));
	struct {
		uint32_t wants __attribute__((aligned(LINE)));
	} side[2];
	uint32_t turn __attribute__((aligned(LINE)));
	uint32_t inside __attribute__((aligned(LINE)));
	uint64_t violations __attribute__((aligned(LINE)));
	struct mcs_node nodes[MAX_WORKERS];
};

/* Two instructions: between them the value can change. */
static inline void add_plain(struct place *p)
{
	uint64_t v = __atomic_load_n(&p->value, __ATOMIC_RELAXED);

	__atomic_store_n(&p->value, v + 1, __ATOMIC_RELAXED);
}

static inline void plain(struct place *p, unsigned int me, uint64_t i)
{
	uint64_t v = __atomic_load_n(&p->value, __ATOMIC_RELAXED);

	(void)me;
	/* So that it shows on one CPU, too. */
	if (!(i % PAUSE_EACH))
		sched_yield();
	__atomic_store_n(&p->value, v + 1, __ATOMIC_RELAXED);
}

static inline void fetch_add(struct place *p, unsigned int me, uint64_t i)
{
	(void)me;
	(void)i;
	__atomic_fetch_add(&p->value, 1, __ATOMIC_RELAXED);
}

static inline void compare_swap(struct place *p, unsigned int me, uint64_t i)
{
	uint64_t v = __atomic_load_n(&p->value, __ATOMIC_RELAXED);

	(void)me;
	(void)i;
	while (!__atomic_compare_exchange_n(&p->value, &v, v + 1, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

/* Whoever takes the value out is alone with it. */
#define TAKEN	UINT64_MAX

static inline void exchange(struct place *p, unsigned int me, uint64_t i)
{
	unsigned int spins = 0;
	uint64_t v;

	(void)me;
	(void)i;
	/* The acquire pairs with the release that puts it back. */
	while ((v = __atomic_exchange_n(&p->value, TAKEN,
					__ATOMIC_ACQUIRE)) == TAKEN)
		proc_relax(&spins);
	__atomic_store_n(&p->value, v + 1, __ATOMIC_RELEASE);
}

/* The lock protects the counter; acquire pairs with the clear's release. */
static inline void test_and_set(struct place *p, unsigned int me, uint64_t i)
{
	unsigned int spins = 0;

	(void)me;
	(void)i;
	while (__atomic_test_and_set(&p->lock, __ATOMIC_ACQUIRE))
		proc_relax(&spins);
	add_plain(p);
	__atomic_clear(&p->lock, __ATOMIC_RELEASE);
}

/* First come, first served; acquire pairs with the release of the last one. */
static inline void ticket(struct place *p, unsigned int me, uint64_t i)
{
	uint32_t mine = __atomic_fetch_add(&p->ticket, 1, __ATOMIC_RELAXED);
	unsigned int spins = 0;

	(void)me;
	(void)i;
	while (__atomic_load_n(&p->serving, __ATOMIC_ACQUIRE) != mine)
		proc_relax(&spins);
	add_plain(p);
	__atomic_store_n(&p->serving, mine + 1, __ATOMIC_RELEASE);
}

/* A queue in which each waits at a line of its own. */
static inline void mcs(struct place *p, unsigned int me, uint64_t i)
{
	struct mcs_node *mine = &p->nodes[me], *before, *next = mine;
	unsigned int spins = 0;

	(void)i;
	mine->next = NULL;
	__atomic_store_n(&mine->waits, 1, __ATOMIC_RELAXED);
	/* Release: the node is filled. Acquire: the last one's work is seen. */
	before = __atomic_exchange_n(&p->tail, mine, __ATOMIC_ACQ_REL);
	if (before) {
		/* Pairs with the acquire of before's load of next. */
		__atomic_store_n(&before->next, mine, __ATOMIC_RELEASE);
		/* Pairs with the release of who hands over. */
		while (__atomic_load_n(&mine->waits, __ATOMIC_ACQUIRE))
			proc_relax(&spins);
	}
	add_plain(p);
	/* Nobody behind: the queue is empty again, and the work published. */
	if (__atomic_compare_exchange_n(&p->tail, &next, NULL, false,
					__ATOMIC_RELEASE, __ATOMIC_RELAXED))
		return;
	while (!(next = __atomic_load_n(&mine->next, __ATOMIC_ACQUIRE)))
		proc_relax(&spins);
	__atomic_store_n(&next->waits, 0, __ATOMIC_RELEASE);
}

/*
 * Peterson's algorithm stores that it wants in and loads whether the other
 * does: the load must not overtake the stores, and on x86 nothing but a full
 * fence prevents that. It pairs with the same fence of the other side.
 */
static inline void peterson_enter(struct place *p, unsigned int me, bool fence)
{
	unsigned int other = !me, spins = 0;

	__atomic_store_n(&p->side[me].wants, 1, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	/* Release: it is not seen before the wish. */
	__atomic_store_n(&p->turn, other, __ATOMIC_RELEASE);
	if (fence)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	/* Acquire pairs with the release of whoever leaves. */
	while (__atomic_load_n(&p->side[other].wants, __ATOMIC_ACQUIRE) &&
	       __atomic_load_n(&p->turn, __ATOMIC_ACQUIRE) == other)
		proc_relax(&spins);
}

/* Whoever finds another one inside has seen a violation. */
static inline void peterson(struct place *p, unsigned int me, bool fence)
{
	peterson_enter(p, me, fence);
	if (__atomic_fetch_add(&p->inside, 1, __ATOMIC_RELAXED))
		__atomic_fetch_add(&p->violations, 1, __ATOMIC_RELAXED);
	add_plain(p);
	__atomic_fetch_sub(&p->inside, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&p->side[me].wants, 0, __ATOMIC_RELEASE);
}

static inline void peterson_fence(struct place *p, unsigned int me, uint64_t i)
{
	(void)i;
	peterson(p, me, true);
}

static inline void peterson_none(struct place *p, unsigned int me, uint64_t i)
{
	(void)i;
	peterson(p, me, false);
}

struct job {
	struct place *place;
	uint64_t count;
};

#define DEFINE_WORK(way)						\
static void way##_work(void *arg, unsigned int me)			\
{									\
	const struct job *j = arg;					\
	uint64_t i;							\
									\
	for (i = 0; i < j->count; i++)					\
		way(j->place, me, i);					\
}

DEFINE_WORK(plain)
DEFINE_WORK(fetch_add)
DEFINE_WORK(compare_swap)
DEFINE_WORK(exchange)
DEFINE_WORK(test_and_set)
DEFINE_WORK(ticket)
DEFINE_WORK(mcs)
DEFINE_WORK(peterson_fence)
DEFINE_WORK(peterson_none)

/* struct way - @claim: the one it is part of; @pairs: for two threads only */
static const struct way {
	const char *name;
	void (*work)(void *arg, unsigned int me);
	int claim;
	bool pairs;
} ways[] = {
	{ "plain load and store", plain_work, PLAIN_LOSES, false },
	{ "fetch-add", fetch_add_work, ATOMIC_EXACT, false },
	{ "compare-and-swap", compare_swap_work, ATOMIC_EXACT, false },
	{ "exchange", exchange_work, ATOMIC_EXACT, false },
	{ "test-and-set lock", test_and_set_work, LOCKS_EXACT, false },
	{ "ticket lock", ticket_work, LOCKS_EXACT, false },
	{ "MCS lock", mcs_work, LOCKS_EXACT, false },
	{ "Peterson, fence", peterson_fence_work, PETERSON_EXACT, true },
	{ "Peterson, no fence", peterson_none_work, NO_FENCE, true },
};

enum { NR_WAYS = ARRAY_SIZE(ways) };

/* struct cell - one way with one number of workers */
struct cell {
	const struct way *way;
	unsigned int workers;
	uint64_t count;		/* of each */
	double samples[MAX_REPEAT];
	size_t nr;
	struct stats stats;
	uint64_t lost;
	uint64_t violations;
	uint64_t rounds;
};

struct cells {
	struct cell cell[NR_WAYS * MAX_COUNTS];
	size_t nr;
	struct place place;
};

static void measure(struct lab *lab, struct cells *all, struct cell *c)
{
	struct job job = { &all->place, c->count };
	struct crew crew = { false, c->workers, c->way->work, &job };
	double ns;

	lab_doing(lab, "atomics: %s, %u threads", c->way->name, c->workers);
	memset(&all->place, 0, sizeof(all->place));
	ns = crew_run(lab, &crew);
	if (c->nr < lab->value[PARAM_REPEAT])
		c->samples[c->nr++] = ns / (double)(c->workers * c->count);
	c->lost += c->workers * c->count - all->place.value;
	c->violations += all->place.violations;
	c->rounds++;
}

static void plan(struct lab *lab, struct cells *all)
{
	uint64_t n, count = lab->value[PARAM_COUNT];
	size_t w;

	for (w = 0; w < NR_WAYS; w++)
		for (n = 1; n <= lab->value[PARAM_WORKERS]; n *= 2) {
			if (ways[w].pairs && n != 2)
				continue;
			all->cell[all->nr++] = (struct cell){
				.way = &ways[w],
				.workers = (unsigned int)n,
				.count = n <= proc_cpus() ? count :
					 count / CROWDED + 1,
			};
		}
}

/* Why the lack of a fence cannot be seen here, or NULL. */
static const char *fenced(void)
{
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
	return "the thread sanitizer's own instructions are fences";
#endif
#endif
	return proc_cpus() > 1 ? NULL : "one CPU sees its own stores in order";
}

/* Chance decides whether these go wrong. */
static bool may_go_on(const struct cell *c)
{
	if (c->workers < 2)
		return false;
	if (c->way->claim == PLAIN_LOSES)
		return !c->lost;
	return c->way->claim == NO_FENCE && !c->violations && !fenced();
}

static void measure_until_wrong(struct lab *lab, struct cells *all,
				struct cell *c)
{
	uint64_t begun = now_ns();

	while (may_go_on(c) && now_ns() - begun < CHANCE_NS)
		measure(lab, all, c);
}

static const struct column columns[] = {
	{ "one counter", "way" }, { "threads", "threads" },
	{ "per increment", "ns" }, { "least", "ns_min" },
	{ "most", "ns_max" }, { "lost updates", "lost" },
	{ "of", "increments" }, { "two inside", "violations" },
};

static void show(struct lab *lab, const struct cells *all)
{
	const struct cell *c;
	struct table t;

	table_begin(&t, lab, "increments", columns, ARRAY_SIZE(columns));
	for (c = all->cell; c < all->cell + all->nr; c++) {
		table_text(&t, "%s", c->way->name);
		table_count(&t, c->workers);
		table_time(&t, c->stats.median);
		table_time(&t, c->stats.min);
		table_time(&t, c->stats.max);
		table_count(&t, c->lost);
		table_count(&t, c->rounds * c->workers * c->count);
		if (c->way->pairs)
			table_count(&t, c->violations);
		else
			table_none(&t);
	}
	table_end(&t);
}

/* Over all cells of a claim. */
static struct cell sum(const struct cells *all, int id)
{
	struct cell s = { .lost = 0 };
	const struct cell *c;

	for (c = all->cell; c < all->cell + all->nr; c++)
		if (c->way->claim == id && c->workers > 1) {
			s.lost += c->lost;
			s.violations += c->violations;
			s.count += c->rounds * c->workers * c->count;
		}
	return s;
}

static void judge(struct lab *lab, const struct cells *all)
{
	struct cell s;
	bool holds;
	int id;

	for (id = 0; claims[id]; id++) {
		s = sum(all, id);
		if (!s.count) {
			claim_skip(lab, id, "needs two threads");
			continue;
		}
		if (id == NO_FENCE && fenced()) {
			claim_skip(lab, id, "%s", fenced());
			continue;
		}
		if (id == PLAIN_LOSES)
			holds = s.lost;
		else if (id == NO_FENCE)
			holds = s.violations;
		else
			holds = !s.lost && !s.violations;
		claim(lab, id, holds, "%llu of %llu updates lost, two inside %llu times",
		      (unsigned long long)s.lost, (unsigned long long)s.count,
		      (unsigned long long)s.violations);
	}
}

/* A line where there are as many threads as CPUs. Its name is inside of the axes. */
static void draw_cpus(FILE *plot, unsigned int cpus, uint64_t most)
{
	bool room = cpus * 2 <= most;

	if (cpus > most)
		return;
	fprintf(plot, "set arrow from %u, graph 0 to %u, graph 1 nohead dt 2 lc rgb '#808080'\n"
		"set label 'as many CPUs' at %u, graph 0.97 %s offset %s,0 textcolor rgb '#606060'\n",
		cpus, cpus, cpus, room ? "left" : "right", room ? "0.7" : "-0.7");
}

static void draw(struct lab *lab, const struct cells *all)
{
	FILE *plot = plot_begin(lab, 900, 520);
	const struct cell *c;
	size_t w;

	if (!plot)
		return;
	for (w = 0; w < NR_WAYS; w++) {
		fprintf(plot, "$way%zu << END\n", w);
		for (c = all->cell; c < all->cell + all->nr; c++)
			if (c->way == &ways[w])
				fprintf(plot, "%u %f %f %f\n", c->workers,
					c->stats.median, c->stats.min,
					c->stats.max);
		fprintf(plot, "END\n");
	}
	fprintf(plot, "set logscale x 2\nset logscale y\nset xlabel 'threads'\n"
		"set ylabel 'ns per increment'\nset offsets graph 0.05, graph 0.05, graph 0.08, 0\n"
		"set key outside right\n");
	draw_cpus(plot, proc_cpus(), lab->value[PARAM_WORKERS]);
	fputs("plot ", plot);
	for (w = 0; w < NR_WAYS; w++)
		fprintf(plot, "%s$way%zu u 1:2 w linespoints lw 2 pt %zu lc rgb '%s' t '%s'",
			w ? ", " : "", w, w + 4, plot_colours[w], ways[w].name);
	fputc('\n', plot);
	plot_end(lab, plot);
}

static void run(struct lab *lab)
{
	struct cells *all = aligned_alloc(LINE, sizeof(*all));
	struct cell *c;
	uint64_t n;

	if (!all)
		lab_die(lab, "no memory for the results");
	memset(all, 0, sizeof(*all));
	plan(lab, all);
	for (n = 0; n < lab->value[PARAM_REPEAT]; n++)
		for (c = all->cell; c < all->cell + all->nr; c++)
			measure(lab, all, c);
	for (c = all->cell; c < all->cell + all->nr; c++) {
		measure_until_wrong(lab, all, c);
		c->stats = stats_of(c->samples, c->nr);
	}
	show(lab, all);
	judge(lab, all);
	draw(lab, all);
	free(all);
}

const struct experiment atomics = {
	.name = "atomics",
	.what = "one counter, by atomic instructions and by locks made of them",
	.about =
	"Threads increment one counter: by a load and a store, by atomic instructions, and\n"
	"under locks made of them. Peterson's algorithm needs no atomic instruction but a\n"
	"fence; without it both can be inside at once. What loses only by chance is\n"
	"repeated until it did, for at most 10 s; the load and store pause between now\n"
	"and then, so that one CPU is enough. With more threads than CPUs a twentieth of\n"
	"the increments is made.\n",
	.claims = claims,
	.params = {
		[PARAM_COUNT] = { "increments of each thread", 100000, 1,
				  1ULL << 32 },
		[PARAM_REPEAT] = { "measurements of each time", 3, 1,
				   MAX_REPEAT },
		[PARAM_WORKERS] = { "the most threads: 1, 2, 4 up to it", 4, 1,
				    MAX_WORKERS },
	},
	.run = run,
};
