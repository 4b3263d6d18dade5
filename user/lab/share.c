// SPDX-License-Identifier: MIT
/* What a child shares with its parent, and counting together. */
#include <errno.h>
#include <semaphore.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "experiments.h"
#include "mem.h"
#include "pagemap.h"
#include "proc.h"
#include "table.h"

#define BEFORE	1000
#define AFTER	2000

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

static void show_sizes(struct lab *lab, pid_t child, const void *memory,
		       size_t bytes)
{
	const pid_t pids[] = { getpid(), child };
	static const char *const names[] = { "parent", "child" };
	struct mem_use all, of[2];
	struct table t;
	int i;

	table_begin(&t, lab, "sizes", size_columns, ARRAY_SIZE(size_columns));
	for (i = 0; i < 2; i++) {
		all = mem_of_process(lab, pids[i]);
		of[i] = mem_of_mapping(lab, pids[i], memory);
		table_text(&t, "%s", names[i]);
		table_mib(&t, mem_status(pids[i], "VmSize"));
		table_mib(&t, all.rss);
		table_mib(&t, all.pss);
		table_mib(&t, of[i].rss);
		table_mib(&t, of[i].pss);
	}
	table_end(&t);
	claim(lab, HALF_EACH, of[0].rss == bytes && of[1].rss == bytes &&
	      of[0].pss == bytes / 2 && of[1].pss == bytes / 2,
	      "of %zu KiB: RSS %llu and %llu, PSS %llu and %llu KiB",
	      bytes >> 10, (unsigned long long)of[0].rss >> 10,
	      (unsigned long long)of[1].rss >> 10,
	      (unsigned long long)of[0].pss >> 10,
	      (unsigned long long)of[1].pss >> 10);
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
	show_sizes(lab, child.pid, o.memory, bytes);
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
	uint64_t times = lab->value[PARAM_COUNT], bad, twos;
	size_t bytes = sizeof(struct counter) + 2 * times * sizeof(uint64_t);
	struct counter *c = proc_shared(lab, bytes);
	struct crew crew = { .processes = true, .nr = 2, .work = add,
			     .arg = c };
	double ns;

	c->times = times;
	if (sem_init(&c->lock, 1, 1))
		lab_die(lab, "cannot make a semaphore: %s", strerror(errno));
	ns = crew_run(lab, &crew);
	bad = misfits(c, &twos);
	lab_say(lab, "Two processes, %llu times each: %.0f ns per addition.",
		(unsigned long long)times, ns / (double)(2 * times));
	claim(lab, EXACT, c->value == 3 * times, "%llu of %llu",
	      (unsigned long long)c->value, (unsigned long long)(3 * times));
	claim(lab, LOG_AGREES, !bad && c->nr == 2 * times && twos == times,
	      "%llu entries, %llu of them by 2, %llu misfits",
	      (unsigned long long)c->nr, (unsigned long long)twos,
	      (unsigned long long)bad);
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
	},
	.run = run,
};
