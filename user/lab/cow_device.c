// SPDX-License-Identifier: MIT
/*
 * Copy-on-write of ring memory: the same pages mapped shared and private by a
 * parent and its child, and all four mappings looked at after each write. What a
 * producer maps shared is its own alone, so the child inherits what its parent
 * mapped as the consumer.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "experiments.h"
#include "mem.h"
#include "pagemap.h"
#include "plot.h"
#include "proc.h"
#include "table.h"

#define MIXED	255	/* not all pages hold the same */

enum {
	SHARED_IS_SEEN, SHARED_IS_FREE, NOT_INHERITED, PRIVATE_COPIES,
	PRIVATE_FOLLOWS, FRAMES, NO_MAPPING, NO_MPROTECT, NO_STORE,
};

static const char *const claims[] = {
	[SHARED_IS_SEEN] = "what the parent writes through MAP_SHARED both see",
	[SHARED_IS_FREE] = "a child inherits the ring's pages: reading them, and writing them shared in the parent, costs no fault",
	[NOT_INHERITED] = "what its parent can write through MAP_SHARED a child does not inherit: touching it is SIGSEGV",
	[PRIVATE_COPIES] = "the first write to a page through MAP_PRIVATE costs one fault and one copy, which only its process sees",
	[PRIVATE_FOLLOWS] = "MAP_PRIVATE shows the ring up to its first write, and not after",
	[FRAMES] = "shared mappings keep the ring's frames, private ones leave them when written",
	[NO_MAPPING] = "what a producer may not write, its child cannot map for writing, shared or private",
	[NO_MPROTECT] = "what a producer may not write, its child cannot make writable with mprotect",
	[NO_STORE] = "a store to what a producer may not write is SIGSEGV in its child's child",
	NULL
};

enum { SHARED, PRIVATE };
enum who { PARENT, CHILD };
enum op { LOOK, READ, WRITE, TRY_MAP, TRY_MPROTECT, TRY_STORE, TRY_SHARED };

struct order {
	enum who who;
	enum op op;
	int mapping;
	unsigned char value;
	struct faults faults;
	int seen[2];	/* through each mapping */
	int err[2];	/* of attempts that must fail */
};

struct step {
	const char *name;
	enum who who;
	enum op op;
	int mapping;
	unsigned char value;
};

enum { CHILD_READS, PARENT_FIRST, CHILD_PRIVATE, PARENT_SHARED, PARENT_PRIVATE,
       NR_STEPS };

static const struct step steps[NR_STEPS] = {
	[CHILD_READS] = { "child reads both", CHILD, READ, SHARED, 0 },
	[PARENT_FIRST] = { "parent writes 2, shared", PARENT, WRITE, SHARED, 2 },
	[CHILD_PRIVATE] = { "child writes 3, private", CHILD, WRITE, PRIVATE, 3 },
	[PARENT_SHARED] = { "parent writes 4, shared", PARENT, WRITE, SHARED, 4 },
	[PARENT_PRIVATE] = { "parent writes 5, private", PARENT, WRITE, PRIVATE, 5 },
};

struct seen {
	struct faults faults;
	int seen[2][2];		/* who, through which */
	size_t same[2];		/* frames that are the same in both */
};

/* At the same addresses in the child, but for what is the parent's alone. */
static struct ring ring, consumer;
static unsigned char *maps[2][2];	/* who, through which */
static void *foreign;		/* the consumer's page */
static size_t pages;

static int seen_through(const unsigned char *map)
{
	return mem_holds(map, pages, *map) ? *map : MIXED;
}

static int try_map(int prot, int flags)
{
	void *p = mmap(NULL, ring.info.page_size, prot, flags, ring.fd,
		       (off_t)ring.info.consumer_offset);

	if (p == MAP_FAILED)
		return errno;
	munmap(p, ring.info.page_size);
	return 0;
}

/* In a process that is to die of it: its signal, or 0. */
static int try_store(volatile void *to)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		*(volatile char *)to = 1;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void touch(struct order *o)
{
	struct faults before = faults_begin();

	if (o->op == WRITE) {
		mem_write(maps[o->who][o->mapping], pages, o->value);
	} else {
		mem_read(maps[o->who][SHARED], pages);
		mem_read(maps[o->who][PRIVATE], pages);
	}
	o->faults = faults_since(before);
}

static void perform(void *message)
{
	struct order *o = message;

	switch (o->op) {
	case LOOK:
		o->seen[SHARED] = seen_through(maps[o->who][SHARED]);
		o->seen[PRIVATE] = seen_through(maps[o->who][PRIVATE]);
		break;
	case READ:
	case WRITE:
		touch(o);
		break;
	case TRY_MAP:
		o->err[SHARED] = try_map(PROT_WRITE, MAP_SHARED);
		o->err[PRIVATE] = try_map(PROT_WRITE, MAP_PRIVATE);
		break;
	case TRY_MPROTECT:
		o->err[0] = mprotect(foreign, ring.info.page_size,
				     PROT_READ | PROT_WRITE) ? errno : 0;
		break;
	case TRY_STORE:
		o->err[0] = try_store(foreign);
		break;
	case TRY_SHARED:
		o->err[0] = try_store(maps[PARENT][SHARED]);
		break;
	}
}

static void ask(struct lab *lab, struct peer *child, enum who who,
		struct order *o)
{
	o->who = who;
	if (who == PARENT)
		perform(o);
	else
		peer_ask(lab, child, o, sizeof(*o));
}

static void take_step(struct lab *lab, struct peer *child, int i,
		      struct seen *s, bool frames)
{
	struct order o = { .op = steps[i].op, .mapping = steps[i].mapping,
			   .value = steps[i].value };
	int who;

	ask(lab, child, steps[i].who, &o);
	s->faults = o.faults;
	for (who = PARENT; who <= CHILD; who++) {
		o.op = LOOK;
		ask(lab, child, who, &o);
		memcpy(s->seen[who], o.seen, sizeof(o.seen));
	}
	for (i = SHARED; frames && i <= PRIVATE; i++)
		s->same[i] = pagemap_same(lab, getpid(), child->pid,
					  maps[CHILD][i], pages);
}

static const struct column columns[] = {
	{ "step", "step" }, { "faults", "minor_faults" },
	{ "parent shared", "parent_shared" },
	{ "parent private", "parent_private" },
	{ "child shared", "child_shared" }, { "child private", "child_private" },
	{ "same frames, shared", "same_frames_shared" },
	{ "private", "same_frames_private" },
};

static void show(struct lab *lab, const struct seen *seen, bool frames)
{
	struct table t;
	int i, m, who;

	table_begin(&t, lab, "seen", columns, ARRAY_SIZE(columns));
	for (i = 0; i < NR_STEPS; i++) {
		table_text(&t, "%s", steps[i].name);
		table_count(&t, seen[i].faults.minor);
		for (who = PARENT; who <= CHILD; who++)
			for (m = SHARED; m <= PRIVATE; m++)
				table_count(&t, (uint64_t)seen[i].seen[who][m]);
		for (m = SHARED; m <= PRIVATE; m++)
			if (frames)
				table_count(&t, seen[i].same[m]);
			else
				table_none(&t);
	}
	table_end(&t);
}

static bool sees(const struct seen *s, int parent_shared, int parent_private,
		 int child_shared, int child_private)
{
	return s->seen[PARENT][SHARED] == parent_shared &&
	       s->seen[PARENT][PRIVATE] == parent_private &&
	       s->seen[CHILD][SHARED] == child_shared &&
	       s->seen[CHILD][PRIVATE] == child_private;
}

static void judge_memory(struct lab *lab, const struct seen *s)
{
	uint64_t copies[] = { s[CHILD_PRIVATE].faults.minor,
			      s[PARENT_PRIVATE].faults.minor };

	claim(lab, SHARED_IS_SEEN, s[PARENT_FIRST].seen[PARENT][SHARED] == 2 &&
	      s[PARENT_FIRST].seen[CHILD][SHARED] == 2 &&
	      s[PARENT_SHARED].seen[CHILD][SHARED] == 4,
	      "the child saw %d of 2 and %d of 4",
	      s[PARENT_FIRST].seen[CHILD][SHARED],
	      s[PARENT_SHARED].seen[CHILD][SHARED]);
	claim(lab, SHARED_IS_FREE, !s[CHILD_READS].faults.minor &&
	      !s[PARENT_FIRST].faults.minor &&
	      !s[PARENT_SHARED].faults.minor,
	      "%zu pages: %llu faults reading, %llu and %llu writing", pages,
	      (unsigned long long)s[CHILD_READS].faults.minor,
	      (unsigned long long)s[PARENT_FIRST].faults.minor,
	      (unsigned long long)s[PARENT_SHARED].faults.minor);
	claim(lab, PRIVATE_COPIES, copies[0] == pages && copies[1] == pages &&
	      sees(&s[CHILD_PRIVATE], 2, 2, 2, 3) &&
	      sees(&s[PARENT_PRIVATE], 4, 5, 4, 3),
	      "%zu pages: %llu faults in the child, %llu in the parent", pages,
	      (unsigned long long)copies[0], (unsigned long long)copies[1]);
	claim(lab, PRIVATE_FOLLOWS, sees(&s[PARENT_FIRST], 2, 2, 2, 2) &&
	      sees(&s[PARENT_SHARED], 4, 4, 4, 3),
	      "at 4 in the ring, the parent's unwritten mapping showed %d and the child's written one %d",
	      s[PARENT_SHARED].seen[PARENT][PRIVATE],
	      s[PARENT_SHARED].seen[CHILD][PRIVATE]);
}

static void judge_frames(struct lab *lab, const struct seen *s)
{
	const char *why;

	if (!pagemap_shows_frames(&why)) {
		claim_skip(lab, FRAMES, "%s", why);
		return;
	}
	claim(lab, FRAMES, s[PARENT_PRIVATE].same[SHARED] == pages &&
	      s[PARENT_FIRST].same[PRIVATE] == pages &&
	      !s[CHILD_PRIVATE].same[PRIVATE],
	      "of %zu: shared %zu at the end; private %zu before and %zu after the child's write",
	      pages, s[PARENT_PRIVATE].same[SHARED],
	      s[PARENT_FIRST].same[PRIVATE], s[CHILD_PRIVATE].same[PRIVATE]);
}

static void judge_rights(struct lab *lab, struct peer *child)
{
	struct order o = { .op = TRY_MAP };

	peer_ask(lab, child, &o, sizeof(o));
	/* Shared mappings are of one process, which is a reason of its own. */
	claim(lab, NO_MAPPING, (o.err[SHARED] == EACCES ||
	      o.err[SHARED] == EPERM) && o.err[PRIVATE] == EACCES, "shared: %s; private: %s",
	      strerror(o.err[SHARED]), strerror(o.err[PRIVATE]));
	o.op = TRY_MPROTECT;
	peer_ask(lab, child, &o, sizeof(o));
	claim(lab, NO_MPROTECT, o.err[0] == EACCES, "%s", strerror(o.err[0]));
	o.op = TRY_SHARED;
	peer_ask(lab, child, &o, sizeof(o));
	claim(lab, NOT_INHERITED, o.err[0] == SIGSEGV, "%s", o.err[0] ?
	      strsignal(o.err[0]) : "it was stored");
	o.op = TRY_STORE;
	peer_ask(lab, child, &o, sizeof(o));
	claim(lab, NO_STORE, o.err[0] == SIGSEGV, "%s", o.err[0] ?
	      strsignal(o.err[0]) : "it was stored");
}

/* What each mapping showed after each step, in a colour for each value. */
static void draw(struct lab *lab, const struct seen *seen)
{
	FILE *plot = plot_begin(lab, 800, 420);
	int i, who, m;

	if (!plot)
		return;
	fprintf(plot, "$seen << END\n");
	for (i = 0; i < NR_STEPS; i++)
		for (who = PARENT; who <= CHILD; who++)
			for (m = SHARED; m <= PRIVATE; m++)
				fprintf(plot, "%d %d %d\n", 2 * who + m, i,
					seen[i].seen[who][m]);
	fprintf(plot, "END\nset xrange [-0.5:3.5]\nset yrange [%d.5:-0.5]\n"
		"set xtics (\"parent,\\nshared\" 0, \"parent,\\nprivate\" 1, \"child,\\nshared\" 2, \"child,\\nprivate\" 3) scale 0\n"
		"unset grid\nset bmargin 4\nunset colorbox\nset cbrange [1:5]\n"
		"set palette defined (1 '#f7f7f7', 2 '#c7e3f2', 3 '#fdbf6f', 4 '#74add1', 5 '#d95f02')\n"
		"set title 'What each mapping of the ring shows'\nset ytics scale 0 (",
		NR_STEPS - 1);
	for (i = 0; i < NR_STEPS; i++)
		fprintf(plot, "%s'%s' %d", i ? ", " : "", steps[i].name, i);
	fprintf(plot, ")\nplot $seen u 1:2:3 w image pixels notitle, "
		"'' u 1:2:(sprintf('%%d', $3)) w labels font ',18' notitle\n");
	plot_end(lab, plot);
}

static void run(struct lab *lab)
{
	struct seen seen[NR_STEPS] = { 0 };
	struct peer child;
	const char *why;
	bool frames = pagemap_shows_frames(&why);
	int i;

	if (!device_here(&why))
		lab_refuse(lab, "%s", why);
	device_ring(lab, &ring, lab->value[PARAM_SIZE], SHMRING_NODE_ANY);
	pages = ring.info.ring_bytes / mem_page();
	device_consumer(lab, &ring, &consumer);
	maps[PARENT][SHARED] = device_map(lab, &ring, PROT_READ | PROT_WRITE,
					  MAP_SHARED);
	maps[PARENT][PRIVATE] = device_map(lab, &ring, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE);
	maps[CHILD][SHARED] = device_map(lab, &consumer, PROT_READ, MAP_SHARED);
	maps[CHILD][PRIVATE] = maps[PARENT][PRIVATE];
	foreign = mmap(NULL, ring.info.page_size, PROT_READ, MAP_SHARED,
		       ring.fd, (off_t)ring.info.consumer_offset);
	if (foreign == MAP_FAILED)
		lab_die(lab, "cannot map the consumer's page: %s",
			strerror(errno));
	mem_write(maps[PARENT][SHARED], pages, 1);
	for (i = SHARED; i <= PRIVATE; i++)
		mem_read(maps[CHILD][i], pages);
	peer_start(lab, &child, perform, sizeof(struct order));
	for (i = 0; i < NR_STEPS; i++)
		take_step(lab, &child, i, &seen[i], frames);
	show(lab, seen, frames);
	judge_memory(lab, seen);
	judge_frames(lab, seen);
	judge_rights(lab, &child);
	peer_end(lab, &child);
	draw(lab, seen);
}

const struct experiment cow_device = {
	.name = "cow",
	.device = true,
	.what = "ring memory across fork(), mapped shared and private",
	.about =
	"A producer maps its ring's data twice, MAP_SHARED and MAP_PRIVATE, fills it\n"
	"with 1 and forks. Its child inherits the second, and what was mapped as the\n"
	"consumer. Both write where they can, in turn, and after each write all four\n"
	"mappings are looked at. Then the child tries to write where it may not.\n",
	.claims = claims,
	.params = {
		[PARAM_SIZE] = { "bytes of the ring, a power of two", 64 << 10,
				 4096, 256 << 20 },
	},
	.run = run,
};
