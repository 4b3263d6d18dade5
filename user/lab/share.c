// SPDX-License-Identifier: MIT
/* What a child shares with its parent, and counting together. */
#include <errno.h>
#include <semaphore.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../common/stats.h"
#include "experiments.h"
#include "mem.h"
#include "pagemap.h"
#include "plot.h"
#include "proc.h"
#include "table.h"

#define BEFORE	1000
#define AFTER	2000

#define MAX_REPEAT	100

enum {
	VARIABLE_STAYS, PRIVATE_STAYS, SHARED_CHANGES, MEMFD_CHANGES,
	ADDRESS_LIES, HALF_EACH, EXACT, LOG_AGREES,
};

static const char *const claims[] = {
	[VARIABLE_STAYS] = "a variable that the child sets stays 1000 in the parent",
	[PRIVATE_STAYS] = "a private mapping that the child writes stays 1000 in the parent",
	[SHARED_CHANGES] = "a shared mapping that the child writes becomes 2000 in the parent",
	[MEMFD_CHANGES] = "so does a memfd that each of them maps for itself",
	[ADDRESS_LIES] = "one address is two frames where private, and one where shared",
	[HALF_EACH] = "of a shared mapping that both touched, RSS counts all for each, PSS half",
	[EXACT] = "with a process-shared semaphore the counter is exact",
	[LOG_AGREES] = "each entry of the log follows from the one before it",
	NULL
};

enum place { VARIABLE, PRIVATE, SHARED, MEMFD, NR_PLACES };

static const char *const place_names[NR_PLACES] = {
	"variable", "MAP_PRIVATE", "MAP_SHARED", "memfd, mapped by each",
};

/*
 * struct place_seen - one of them
 * @word: where it is in this process
 * @child, @parent: what each reads after the child has written
 * @frames: of parent and child, 0 where hidden
 */
struct place_seen {
	int *word;
	int child;
	int parent;
	uint64_t frames[2];
};

static int variable = BEFORE;
static int memfd;

static int *map(struct lab *lab, int flags, int fd)
{
	int *p = mmap(NULL, mem_page(), PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		lab_die(lab, "cannot map a page: %s", strerror(errno));
	return p;
}

static void make_places(struct lab *lab, struct place_seen *places)
{
	int i;

	memfd = memfd_create("share", MFD_CLOEXEC);
	if (memfd < 0 || ftruncate(memfd, (off_t)mem_page()) < 0)
		lab_die(lab, "cannot make a memfd: %s", strerror(errno));
	places[VARIABLE].word = &variable;
	places[PRIVATE].word = map(lab, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	places[SHARED].word = map(lab, MAP_SHARED | MAP_ANONYMOUS, -1);
	places[MEMFD].word = map(lab, MAP_SHARED, memfd);
	for (i = 0; i < NR_PLACES; i++)
		*places[i].word = BEFORE;
}

struct order {
	struct place_seen places[NR_PLACES];
	void *memory;
	size_t pages;
};

static void child_writes(void *message)
{
	struct order *o = message;
	struct place_seen *p;

	o->places[MEMFD].word = mmap(NULL, mem_page(), PROT_READ | PROT_WRITE,
				     MAP_SHARED, memfd, 0);
	if (o->places[MEMFD].word == MAP_FAILED)
		_exit(1);
	for (p = o->places; p < o->places + NR_PLACES; p++) {
		*p->word = AFTER;
		p->child = *p->word;
	}
	mem_write(o->memory, o->pages, 1);
}

static const struct column place_columns[] = {
	{ "1000, then the child sets 2000", "place" },
	{ "child reads", "child" }, { "parent reads", "parent" },
	{ "parent's address", "address" }, { "parent's frame", "parent_frame" },
	{ "child's frame", "child_frame" },
};

static void show_places(struct lab *lab, const struct place_seen *places)
{
	struct table t;
	int i, who;

	table_begin(&t, lab, "places", place_columns,
		    ARRAY_SIZE(place_columns));
	for (i = 0; i < NR_PLACES; i++) {
		table_text(&t, "%s", place_names[i]);
		table_count(&t, (uint64_t)places[i].child);
		table_count(&t, (uint64_t)places[i].parent);
		table_text(&t, "%p", (void *)places[i].word);
		for (who = 0; who < 2; who++)
			if (places[i].frames[who])
				table_text(&t, "%#llx", (unsigned long long)
					   places[i].frames[who]);
			else
				table_none(&t);
	}
	table_end(&t);
}

static void judge_places(struct lab *lab, const struct place_seen *p)
{
	static const struct {
		int id;
		enum place place;
		int expected;
	} verdicts[] = {
		{ VARIABLE_STAYS, VARIABLE, BEFORE },
		{ PRIVATE_STAYS, PRIVATE, BEFORE },
		{ SHARED_CHANGES, SHARED, AFTER },
		{ MEMFD_CHANGES, MEMFD, AFTER },
	};
	const char *why;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(verdicts); i++)
		claim(lab, verdicts[i].id, p[verdicts[i].place].child == AFTER &&
		      p[verdicts[i].place].parent == verdicts[i].expected,
		      "child %d, parent %d", p[verdicts[i].place].child,
		      p[verdicts[i].place].parent);
	if (!pagemap_shows_frames(&why)) {
		claim_skip(lab, ADDRESS_LIES, "%s", why);
		return;
	}
	claim(lab, ADDRESS_LIES, p[VARIABLE].frames[0] != p[VARIABLE].frames[1] &&
	      p[PRIVATE].frames[0] != p[PRIVATE].frames[1] &&
	      p[SHARED].frames[0] && p[SHARED].frames[0] == p[SHARED].frames[1],
	      "private at %p: %#llx and %#llx; shared at %p: %#llx and %#llx",
	      (void *)p[PRIVATE].word,
	      (unsigned long long)p[PRIVATE].frames[0],
	      (unsigned long long)p[PRIVATE].frames[1], (void *)p[SHARED].word,
	      (unsigned long long)p[SHARED].frames[0],
	      (unsigned long long)p[SHARED].frames[1]);
}

static const struct column size_columns[] = {
	{ "MiB", "who" }, { "VSZ", "vsz_bytes" }, { "RSS", "rss_bytes" },
	{ "PSS", "pss_bytes" }, { "of the mapping: RSS", "mapping_rss_bytes" },
	{ "PSS", "mapping_pss_bytes" },
};

/* struct sizes - of a process, and of the mapping that it shares */
struct sizes {
	uint64_t vsz;
	struct mem_use all;
	struct mem_use mapping;
};

static void show_sizes(struct lab *lab, const struct sizes s[2])
{
	static const char *const names[] = { "parent", "child" };
	struct table t;
	int i;

	table_begin(&t, lab, "sizes", size_columns, ARRAY_SIZE(size_columns));
	for (i = 0; i < 2; i++) {
		table_text(&t, "%s", names[i]);
		table_mib(&t, s[i].vsz);
		table_mib(&t, s[i].all.rss);
		table_mib(&t, s[i].all.pss);
		table_mib(&t, s[i].mapping.rss);
		table_mib(&t, s[i].mapping.pss);
	}
	table_end(&t);
}

static double mib(uint64_t bytes)
{
	return (double)bytes / (1 << 20);
}

static void draw_sizes(struct lab *lab, const struct sizes s[2])
{
	FILE *plot = plot_begin(lab, 820, 420);

	if (!plot)
		return;
	fprintf(plot, "$sizes << END\nVSZ %f %f\nRSS %f %f\nPSS %f %f\n"
		"\"mapping,\\nRSS\" %f %f\n\"mapping,\\nPSS\" %f %f\nEND\n",
		mib(s[0].vsz), mib(s[1].vsz), mib(s[0].all.rss),
		mib(s[1].all.rss), mib(s[0].all.pss), mib(s[1].all.pss),
		mib(s[0].mapping.rss), mib(s[1].mapping.rss),
		mib(s[0].mapping.pss), mib(s[1].mapping.pss));
	fprintf(plot, "set style data histograms\nset style histogram cluster gap 1\n"
		"set yrange [0:*]\nset ylabel 'MiB'\nset key outside right top\nset bmargin 4\n"
		"set title 'Two processes that share a mapping and have touched all of it'\n"
		"plot $sizes u 2:xticlabels(1) lc rgb '#1f78b4' t 'parent', "
		"'' u 3 lc rgb '#d95f02' t 'child'\n");
	plot_end(lab, plot);
}

static void compare_sizes(struct lab *lab, pid_t child, const void *memory,
			  size_t bytes)
{
	const pid_t pids[] = { getpid(), child };
	const struct mem_use *a, *b;
	struct sizes s[2];
	int i;

	for (i = 0; i < 2; i++) {
		s[i].vsz = mem_status(pids[i], "VmSize");
		s[i].all = mem_of_process(lab, pids[i]);
		s[i].mapping = mem_of_mapping(lab, pids[i], memory);
	}
	show_sizes(lab, s);
	a = &s[0].mapping;
	b = &s[1].mapping;
	claim(lab, HALF_EACH, a->rss == bytes && b->rss == bytes &&
	      a->pss == bytes / 2 && b->pss == bytes / 2,
	      "of %zu KiB: RSS %llu and %llu, PSS %llu and %llu KiB",
	      bytes >> 10, (unsigned long long)a->rss >> 10,
	      (unsigned long long)b->rss >> 10,
	      (unsigned long long)a->pss >> 10,
	      (unsigned long long)b->pss >> 10);
	draw_sizes(lab, s);
}

static void share_values(struct lab *lab)
{
	size_t bytes = lab->value[PARAM_SIZE] / mem_page() * mem_page();
	struct order o = { .pages = bytes / mem_page() }, answer;
	struct peer child;
	const char *why;
	int i;

	o.memory = proc_shared(lab, bytes);
	make_places(lab, o.places);
	mem_write(o.memory, o.pages, 1);
	answer = o;
	peer_start(lab, &child, child_writes, sizeof(answer));
	peer_ask(lab, &child, &answer, sizeof(answer));
	for (i = 0; i < NR_PLACES; i++) {
		o.places[i].child = answer.places[i].child;
		o.places[i].parent = *o.places[i].word;
		if (!pagemap_shows_frames(&why))
			continue;
		o.places[i].frames[0] = pagemap_frame(lab, getpid(),
						      o.places[i].word);
		o.places[i].frames[1] = pagemap_frame(lab, child.pid,
						      answer.places[i].word);
	}
	show_places(lab, o.places);
	judge_places(lab, o.places);
	compare_sizes(lab, child.pid, o.memory, bytes);
	peer_end(lab, &child);
	munmap(o.memory, bytes);
	close(memfd);
}

/*
 * struct counter - what both add to
 * @lock: protects @value and @log
 * @log: @value after each addition
 */
struct counter {
	sem_t lock;
	uint64_t times;
	uint64_t value;
	uint64_t nr;
	uint64_t log[];
};

/* The first worker is called parent, and adds 2; the second adds 1. */
static void add(void *arg, unsigned int me)
{
	struct counter *c = arg;
	uint64_t i;

	for (i = 0; i < c->times; i++) {
		while (sem_wait(&c->lock) && errno == EINTR)
			;
		c->value += me ? 1 : 2;
		c->log[c->nr++] = c->value;
		sem_post(&c->lock);
	}
}

/* Entries that are neither 1 nor 2 more than the one before. */
static uint64_t misfits(const struct counter *c, uint64_t *twos)
{
	uint64_t i, step, last = 0, bad = 0;

	*twos = 0;
	for (i = 0; i < c->nr; i++) {
		step = c->log[i] - last;
		bad += step != 1 && step != 2;
		*twos += step == 2;
		last = c->log[i];
	}
	return bad;
}

static void count_together(struct lab *lab)
{
	uint64_t times = lab->value[PARAM_COUNT], bad, twos, n;
	uint64_t repeat = lab->value[PARAM_REPEAT];
	size_t bytes = sizeof(struct counter) + 2 * times * sizeof(uint64_t);
	struct counter *c = proc_shared(lab, bytes);
	struct crew crew = { .processes = true, .nr = 2, .work = add,
			     .arg = c };
	double ns[MAX_REPEAT];

	c->times = times;
	if (sem_init(&c->lock, 1, 1))
		lab_die(lab, "cannot make a semaphore: %s", strerror(errno));
	for (n = 0; n < repeat; n++) {
		c->value = c->nr = 0;
		ns[n] = crew_run(lab, &crew) / (double)(2 * times);
		bad = misfits(c, &twos);
		claim(lab, EXACT, c->value == 3 * times, "%llu of %llu",
		      (unsigned long long)c->value,
		      (unsigned long long)(3 * times));
		claim(lab, LOG_AGREES, !bad && c->nr == 2 * times &&
		      twos == times,
		      "%llu entries, %llu of them by 2, %llu misfits",
		      (unsigned long long)c->nr, (unsigned long long)twos,
		      (unsigned long long)bad);
	}
	lab_say(lab, "Two processes, %llu times each: %.0f ns per addition.",
		(unsigned long long)times, stats_of(ns, repeat).median);
	sem_destroy(&c->lock);
	munmap(c, bytes);
}

static void run(struct lab *lab)
{
	mem_need(lab, lab->value[PARAM_SIZE] +
		 16 * lab->value[PARAM_COUNT]);
	share_values(lab);
	count_together(lab);
}

const struct experiment share = {
	.name = "share",
	.what = "what parent and child share, and a counter that both add to",
	.about =
	"A word is 1000 in four places: a variable, a private mapping, a shared mapping,\n"
	"a memfd that each process maps for itself. A child sets each to 2000; the parent\n"
	"looks. Then two processes add to one shared counter, one 2 and the other 1, under\n"
	"a process-shared semaphore, and log each value.\n",
	.claims = claims,
	.params = {
		[PARAM_SIZE] = { "bytes that both touch", 16 << 20, 4096,
				 1ULL << 40 },
		[PARAM_COUNT] = { "additions of each process", 20000, 1,
				  1 << 26 },
		[PARAM_REPEAT] = { "measurements of the time of an addition", 1,
				   1, MAX_REPEAT },
	},
	.run = run,
};
