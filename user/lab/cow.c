// SPDX-License-Identifier: MIT
/*
 * fork() and copy-on-write.
 *
 * The region is in eighths. The child writes the first two, the parent the
 * fifth while it is still shared, then the child all:
 *
 *	| child | child |       |       | parent |       |       |       |
 *	| child | child | child | child | child  | child | child | child |
 */
#include <errno.h>
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

#define EIGHTHS		8
#define MAX_REPEAT	100
#define GRAIN		(2UL << 20)	/* a huge page, so eighths are whole */

enum {
	NOT_COPIED, READ_IS_FREE, CHILD_PAYS, PARENT_PAYS, COUNTED_TWICE,
	LEFT_ALONE, PRIVATE, GIVEN_BACK,
};

static const char *const claims[] = {
	[NOT_COPIED] = "fork copies page tables, not pages",
	[READ_IS_FREE] = "reading after fork costs no fault and no page",
	[CHILD_PAYS] = "the child's first write to a page costs one minor fault and one page",
	[PARENT_PAYS] = "the parent's first write to a page costs one minor fault and one page",
	[COUNTED_TWICE] = "RSS counts shared pages twice, PSS does not",
	[LEFT_ALONE] = "only pages that were written leave their shared frames",
	[PRIVATE] = "neither side sees what the other writes",
	[GIVEN_BACK] = "what the child leaves is the parent's alone, uncopied",
	NULL
};

enum who { PARENT, CHILD, NOBODY };
enum op { NOTHING, READ, WRITE, COMPARE };

/* What is done to a part of the region, and what came of it. */
struct order {
	enum op op;
	size_t from;	/* eighths */
	size_t eighths;
	unsigned char value;
	struct faults faults;
	double ns;
	bool same;
};

struct step {
	const char *name;
	enum who who;
	struct order order;
};

enum { BEFORE, FORKED, READ_ALL, QUARTER, EIGHTH, ALL, EXITED, NR_STEPS };

static const struct step steps[NR_STEPS] = {
	[BEFORE] = { "before fork", PARENT, { WRITE, 0, 8, .value = 1 } },
	[FORKED] = { "after fork", PARENT, { NOTHING, 0, 0, .value = 0 } },
	[READ_ALL] = { "child reads all", CHILD, { READ, 0, 8, .value = 0 } },
	[QUARTER] = { "child writes 1/4", CHILD, { WRITE, 0, 2, .value = 2 } },
	[EIGHTH] = { "parent writes 1/8", PARENT, { WRITE, 4, 1, .value = 3 } },
	[ALL] = { "child writes all", CHILD, { WRITE, 0, 8, .value = 4 } },
	[EXITED] = { "child exited", NOBODY, { NOTHING, 0, 0, .value = 0 } },
};

/* What one side looks like after a step. */
struct side {
	struct mem_use process;
	struct mem_use region;
	uint64_t vsz;
	uint64_t page_tables;
};

struct seen {
	struct order did;
	struct side sides[2];
	bool child;		/* it is there */
	uint64_t free;
	uint64_t page_tables;	/* of the system */
	size_t same_frames;
};

/*
 * struct cow - all steps, with pages of one kind
 * @ns: what each step took, each time; the rest is of the last time
 */
struct cow {
	struct lab *lab;
	double ns[NR_STEPS][MAX_REPEAT];
	size_t pages;
	bool frames;	/* may be looked at */
	bool isolated;
	struct peer child;
	struct seen seen[NR_STEPS];
};

/* Where the child finds it, too. */
static unsigned char *region;
static size_t region_pages;

static void perform(void *message)
{
	struct order *o = message;
	unsigned char *at = region +
			    region_pages / EIGHTHS * o->from * mem_page();
	size_t pages = region_pages / EIGHTHS * o->eighths;
	struct faults before;
	uint64_t begun;

	now_ns();	/* the first call has a fault of its own */
	before = faults_begin();
	begun = now_ns();
	if (o->op == WRITE)
		mem_write(at, pages, o->value);
	else if (o->op == READ)
		mem_read(at, pages);
	else if (o->op == COMPARE)
		o->same = mem_holds(at, pages, o->value);
	o->ns = (double)(now_ns() - begun);
	o->faults = faults_since(before);
}

static void look_at(struct cow *c, struct side *s, pid_t pid)
{
	s->process = mem_of_process(c->lab, pid);
	s->region = mem_of_mapping(c->lab, pid, region);
	s->vsz = mem_status(pid, "VmSize");
	s->page_tables = mem_status(pid, "VmPTE");
}

static void look(struct cow *c, struct seen *s)
{
	look_at(c, &s->sides[PARENT], getpid());
	s->child = c->child.pid;
	s->free = mem_info("MemFree");
	s->page_tables = mem_info("PageTables");
	if (!s->child)
		return;
	look_at(c, &s->sides[CHILD], c->child.pid);
	if (c->frames)
		s->same_frames = pagemap_same(c->lab, getpid(), c->child.pid,
					      region, c->pages);
}

static void fork_child(struct cow *c, struct order *o)
{
	struct faults before = faults_begin();
	uint64_t begun = now_ns();

	peer_start(c->lab, &c->child, perform, sizeof(struct order));
	o->ns = (double)(now_ns() - begun);
	o->faults = faults_since(before);
}

static bool child_sees(struct cow *c, size_t from, size_t eighths,
		       unsigned char value)
{
	struct order o = { COMPARE, from, eighths, .value = value };

	peer_ask(c->lab, &c->child, &o, sizeof(o));
	return o.same;
}

static bool parent_sees(size_t from, size_t eighths, unsigned char value)
{
	struct order o = { COMPARE, from, eighths, .value = value };

	perform(&o);
	return o.same;
}

/* After each step, what neither may have seen of the other. */
static void compare(struct cow *c, int step)
{
	bool same = true;

	if (step == QUARTER)
		same = parent_sees(0, 8, 1);
	else if (step == EIGHTH)
		same = child_sees(c, 0, 2, 2) && child_sees(c, 2, 6, 1);
	else if (step == ALL)
		same = parent_sees(0, 4, 1) && parent_sees(4, 1, 3) &&
		       parent_sees(5, 3, 1) && child_sees(c, 0, 8, 4);
	c->isolated &= same;
}

static void take_step(struct cow *c, int i)
{
	struct seen *s = &c->seen[i];

	lab_doing(c->lab, "cow, %s: %s", c->lab->variant, steps[i].name);
	s->did = steps[i].order;
	if (i == FORKED) {
		fork_child(c, &s->did);
	} else if (i == EXITED) {
		peer_end(c->lab, &c->child);
		c->child.pid = 0;
	} else if (steps[i].who == PARENT) {
		perform(&s->did);
	} else {
		peer_ask(c->lab, &c->child, &s->did, sizeof(s->did));
	}
	look(c, s);
	compare(c, i);
}

static const struct column memory_columns[] = {
	{ "MiB after", "step" }, { "who", "who" }, { "VSZ", "vsz_bytes" },
	{ "RSS", "rss_bytes" }, { "PSS", "pss_bytes" },
	{ "shared clean", "shared_clean_bytes" }, { "dirty", "shared_dirty_bytes" },
	{ "private clean", "private_clean_bytes" },
	{ "dirty", "private_dirty_bytes" }, { "huge", "huge_bytes" },
	{ "page tables", "page_tables_bytes" },
};

static void memory_row(struct table *t, int step, const char *who,
		       const struct side *s)
{
	table_text(t, "%s", steps[step].name);
	table_text(t, "%s", who);
	table_mib(t, s->vsz);
	table_mib(t, s->process.rss);
	table_mib(t, s->process.pss);
	table_mib(t, s->process.shared_clean);
	table_mib(t, s->process.shared_dirty);
	table_mib(t, s->process.private_clean);
	table_mib(t, s->process.private_dirty);
	table_mib(t, s->process.huge);
	table_mib(t, s->page_tables);
}

static const struct column event_columns[] = {
	{ "step", "step" }, { "took", "ns" }, { "per page", "ns_per_page" },
	{ "minor faults", "minor_faults" }, { "major", "major_faults" },
	{ "frames still shared", "same_frames" }, { "free MiB", "free_bytes" },
	{ "all page tables MiB", "system_page_tables_bytes" },
};

static void event_row(struct table *t, const struct cow *c, int step)
{
	const struct seen *s = &c->seen[step];
	size_t pages = c->pages / EIGHTHS * s->did.eighths;

	table_text(t, "%s", steps[step].name);
	if (steps[step].who != NOBODY)
		table_time(t, s->did.ns);
	else
		table_none(t);
	if (pages)
		table_time(t, s->did.ns / (double)pages);
	else
		table_none(t);
	table_count(t, s->did.faults.minor);
	table_count(t, s->did.faults.major);
	if (s->child && c->frames)
		table_count(t, s->same_frames);
	else
		table_none(t);
	table_mib(t, s->free);
	table_mib(t, s->page_tables);
}

static void show(struct cow *c, const char *suffix)
{
	struct table t;
	char name[32];
	int i;

	snprintf(name, sizeof(name), "memory_%s", suffix);
	table_begin(&t, c->lab, name, memory_columns,
		    ARRAY_SIZE(memory_columns));
	for (i = 0; i < NR_STEPS; i++) {
		memory_row(&t, i, "parent", &c->seen[i].sides[PARENT]);
		if (c->seen[i].child)
			memory_row(&t, i, "child", &c->seen[i].sides[CHILD]);
	}
	table_end(&t);
	snprintf(name, sizeof(name), "events_%s", suffix);
	table_begin(&t, c->lab, name, event_columns, ARRAY_SIZE(event_columns));
	for (i = 0; i < NR_STEPS; i++)
		event_row(&t, c, i);
	table_end(&t);
}

static uint64_t shared_of(const struct mem_use *u)
{
	return u->shared_clean + u->shared_dirty;
}

static uint64_t private_of(const struct mem_use *u)
{
	return u->private_clean + u->private_dirty;
}

/*
 * One fault each. The kernel itself may add some to a window this long, when it
 * moves a page while the page is used.
 */
static bool one_each(uint64_t faults, uint64_t pages)
{
	return faults >= pages && faults <= pages + pages / 64 + 8;
}

static void judge_fork(struct cow *c)
{
	const struct side *p = &c->seen[FORKED].sides[PARENT];
	const struct side *k = &c->seen[FORKED].sides[CHILD];
	const struct seen *read = &c->seen[READ_ALL];
	uint64_t bytes = c->pages * mem_page();
	/* What their entries need, whatever else the child maps. */
	uint64_t tables = c->pages * sizeof(void *);

	claim(c->lab, NOT_COPIED, shared_of(&p->region) == bytes &&
	      shared_of(&k->region) == bytes && k->page_tables >= tables,
	      "%llu of %llu KiB shared, the child's page tables have %llu KiB",
	      (unsigned long long)(shared_of(&k->region) >> 10),
	      (unsigned long long)(bytes >> 10),
	      (unsigned long long)(k->page_tables >> 10));
	claim(c->lab, READ_IS_FREE, read->did.faults.minor <= 8 &&
	      !private_of(&read->sides[CHILD].region),
	      "%zu pages read, %llu faults, %llu KiB became private", c->pages,
	      (unsigned long long)read->did.faults.minor,
	      (unsigned long long)private_of(&read->sides[CHILD].region) >> 10);
	claim(c->lab, COUNTED_TWICE, p->region.rss + k->region.rss == 2 * bytes &&
	      p->region.pss + k->region.pss <= bytes + bytes / 64 &&
	      p->region.pss + k->region.pss >= bytes - bytes / 64,
	      "of %llu KiB in both, RSS says %llu and PSS %llu KiB",
	      (unsigned long long)(bytes >> 10),
	      (unsigned long long)((p->region.rss + k->region.rss) >> 10),
	      (unsigned long long)((p->region.pss + k->region.pss) >> 10));
}

/* What a step took from the shared pages: each is counted in both regions. */
static uint64_t unshared(const struct cow *c, int step)
{
	return shared_of(&c->seen[step - 1].sides[PARENT].region) -
	       shared_of(&c->seen[step].sides[PARENT].region);
}

static void judge_write(struct cow *c, int id, int step)
{
	const struct seen *s = &c->seen[step];
	uint64_t pages = c->pages / EIGHTHS * s->did.eighths;

	claim(c->lab, id, one_each(s->did.faults.minor, pages) &&
	      unshared(c, step) == pages * mem_page(),
	      "%llu pages written, %llu minor faults, %llu pages no longer shared",
	      (unsigned long long)pages,
	      (unsigned long long)s->did.faults.minor,
	      (unsigned long long)(unshared(c, step) / mem_page()));
}

static void judge_frames(struct cow *c)
{
	const char *why;
	size_t pages = c->pages;
	const struct seen *s = c->seen;

	if (!pagemap_shows_frames(&why)) {
		claim_skip(c->lab, LEFT_ALONE, "%s", why);
		return;
	}
	claim(c->lab, LEFT_ALONE, s[READ_ALL].same_frames == pages &&
	      s[QUARTER].same_frames == pages / 8 * 6 &&
	      s[EIGHTH].same_frames == pages / 8 * 5 && !s[ALL].same_frames,
	      "%zu frames shared, after a quarter %zu, after an eighth %zu, after all %zu",
	      s[READ_ALL].same_frames, s[QUARTER].same_frames,
	      s[EIGHTH].same_frames, s[ALL].same_frames);
}

static void judge(struct cow *c)
{
	const struct side *last = &c->seen[EXITED].sides[PARENT];
	uint64_t bytes = c->pages * mem_page();

	judge_fork(c);
	judge_write(c, CHILD_PAYS, QUARTER);
	judge_write(c, PARENT_PAYS, EIGHTH);
	judge_frames(c);
	claim(c->lab, PRIVATE, c->isolated, "%s", c->isolated ?
	      "every page read back on both sides after every write" :
	      "a page changed that only the other side had written");
	claim(c->lab, GIVEN_BACK, private_of(&last->region) == bytes &&
	      last->region.rss == bytes,
	      "%llu of %llu KiB private after its exit",
	      (unsigned long long)private_of(&last->region) >> 10,
	      (unsigned long long)bytes >> 10);
}

static void skip_all(struct lab *lab, const char *why)
{
	int id;

	for (id = 0; claims[id]; id++)
		claim_skip(lab, id, "%s", why);
}

static bool huge_possible(const char **why)
{
	char mode[64] = "";
	FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re");

	*why = "this kernel has no transparent huge pages";
	if (!f)
		return false;
	if (fgets(mode, sizeof(mode), f) && strstr(mode, "[never]"))
		*why = "transparent huge pages are off: echo madvise >/sys/kernel/mm/transparent_hugepage/enabled";
	else
		*why = NULL;
	fclose(f);
	return !*why;
}

/* All steps once; @n: how often before. */
static void once(struct cow *c, bool huge, uint64_t n)
{
	size_t bytes = c->pages * mem_page();
	int i;

	c->isolated = true;
	region = mem_region(c->lab, bytes);
	region_pages = c->pages;
	madvise(region, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	for (i = 0; i < NR_STEPS; i++) {
		take_step(c, i);
		c->ns[i][n] = c->seen[i].did.ns;
		/* Those that were made stay; khugepaged shall make no more. */
		madvise(region, bytes, MADV_NOHUGEPAGE);
	}
	munmap(region, bytes);
	judge(c);
}

static void pass(struct lab *lab, struct cow *c, bool huge)
{
	size_t bytes = lab->value[PARAM_SIZE] / GRAIN * GRAIN;
	uint64_t n, repeat = lab->value[PARAM_REPEAT];
	const char *why;
	int i;

	lab->variant = huge ? "huge pages on" : "huge pages off";
	if (huge && !huge_possible(&why)) {
		skip_all(lab, why);
		return;
	}
	c->lab = lab;
	c->pages = bytes / mem_page();
	c->frames = pagemap_shows_frames(&why);
	for (n = 0; n < repeat; n++)
		once(c, huge, n);
	for (i = 0; i < NR_STEPS; i++)
		c->seen[i].did.ns = stats_of(c->ns[i], repeat).median;
	show(c, huge ? "huge" : "small");
}

static void plot_data(FILE *plot, const struct cow *c, const char *name)
{
	const struct mem_use *u;
	int i, who;

	fprintf(plot, "$%s << END\n", name);
	for (i = 0; i < NR_STEPS; i++)
		for (who = PARENT; who <= CHILD; who++) {
			u = &c->seen[i].sides[who].region;
			if (who == PARENT || c->seen[i].child)
				fprintf(plot, "%f %f %f %f\n",
					i + (who == PARENT ? -0.19 : 0.19),
					(double)shared_of(u) / (1 << 20),
					(double)u->rss / (1 << 20),
					(double)u->pss / (1 << 20));
		}
	fprintf(plot, "END\n");
}

static void draw_panel(FILE *plot, const char *name, const char *title)
{
	fprintf(plot, "set title \"%s\"\n"
		"plot $%s u 1:3 w boxes lc rgb '#d95f02' t 'private', "
		"'' u 1:2 w boxes lc rgb '#a6cee3' t 'shared', "
		"'' u 1:4 w points pt 7 ps 0.6 lc rgb 'black' t 'PSS'\n",
		title, name);
}

/* Left of each pair is the parent, right the child. */
static void draw(struct lab *lab, const struct cow *small,
		 const struct cow *huge)
{
	int i, rows = huge->pages ? 2 : 1;
	FILE *plot = plot_begin(lab, 1100, rows * 420);

	if (!plot)
		return;
	plot_data(plot, small, "small");
	if (huge->pages)
		plot_data(plot, huge, "huge");
	fprintf(plot, "set boxwidth 0.36\nset xrange [-0.6:%d.6]\n"
		"set yrange [0:*]\nset ylabel 'MiB of the region'\n"
		"set key outside right top\nset bmargin 4\nset xtics (", NR_STEPS - 1);
	for (i = 0; i < NR_STEPS; i++) {
		fputs(i ? ", " : "", plot);
		plot_name(plot, steps[i].name);
		fprintf(plot, " %d", i);
	}
	fputs(")\n", plot);
	plot_panel(plot, 0, rows, 0, 1);
	draw_panel(plot, "small", "Left bar: parent, right bar: child. Small pages");
	if (huge->pages) {
		plot_panel(plot, 1, rows, 0, 1);
		draw_panel(plot, "huge", "The same with transparent huge pages");
	}
	plot_end(lab, plot);
}

static void run(struct lab *lab)
{
	static struct cow small, huge;
	uint64_t bytes = lab->value[PARAM_SIZE];

	/* Everything twice in the end, and page tables for it. */
	mem_need(lab, 2 * bytes + bytes / 64);
	pass(lab, &small, false);
	pass(lab, &huge, true);
	draw(lab, &small, &huge);
}

const struct experiment cow = {
	.name = "cow",
	.what = "what fork() copies, and when",
	.about =
	"A process writes to a region of memory and forks. The child reads all of it,\n"
	"writes a quarter, the parent writes an eighth, the child writes all and exits.\n"
	"After each step both are looked at: what they use, what they share (RSS counts\n"
	"it in full, PSS divides it by the number of sharers), and, as root, which page\n"
	"frames are still the same. First with small pages, then with huge ones.\n",
	.claims = claims,
	.params = {
		[PARAM_SIZE] = { "bytes of the region, in steps of 2M",
				 100 << 20, GRAIN, 1ULL << 40 },
		[PARAM_REPEAT] = { "times, all of it; of times the median is shown",
				   1, 1, MAX_REPEAT },
	},
	.run = run,
};
