// SPDX-License-Identifier: MIT
/* Memory of each node, used from each node. */
#include <errno.h>
#include <numa.h>
#include <numaif.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../common/stats.h"
#include "device.h"
#include "experiments.h"
#include "mem.h"
#include "pagemap.h"
#include "plot.h"
#include "proc.h"
#include "table.h"

#define MAX_NODES	64
#define MAX_REPEAT	100
#define LINE		64
#define RING_BYTES	(1 << 20)

/* Loads of the chain, each of which must wait for the one before it. */
#define CHAIN_LOADS	100000

enum { BOUND, FIRST_TOUCH, MOVED, RING_BOUND };

static const char *const claims[] = {
	[BOUND] = "memory that is bound to a node lies there, every page",
	[FIRST_TOUCH] = "memory that is not bound lies on the node of the CPU that touched it first",
	[MOVED] = "pages that are moved arrive, with their content",
	[RING_BOUND] = "ring memory that is bound to a node lies there, every page",
	NULL
};

/* struct nodes - those with memory, and those with CPUs that may be used */
struct nodes {
	int memory[MAX_NODES];
	int nr_memory;
	int cpus[MAX_NODES];
	int nr_cpus;
};

/* struct pair - memory of one node, used from another */
struct pair {
	int cpus;
	int memory;
	double bandwidth[MAX_REPEAT];	/* bytes per nanosecond */
	double latency[MAX_REPEAT];
	struct stats fast;
	struct stats far;
};

static void find_nodes(struct lab *lab, struct nodes *n)
{
	struct bitmask *cpus = numa_allocate_cpumask();
	unsigned int i;
	int node;

	for (node = 0; node <= numa_max_node() && node < MAX_NODES; node++) {
		if (numa_bitmask_isbitset(numa_all_nodes_ptr,
					  (unsigned int)node))
			n->memory[n->nr_memory++] = node;
		if (numa_node_to_cpus(node, cpus))
			continue;
		for (i = 0; i < cpus->size; i++)
			if (numa_bitmask_isbitset(cpus, i) &&
			    numa_bitmask_isbitset(numa_all_cpus_ptr, i))
				break;
		if (i < cpus->size)
			n->cpus[n->nr_cpus++] = node;
	}
	numa_free_cpumask(cpus);
	if (!n->nr_memory || !n->nr_cpus)
		lab_die(lab, "no node has memory and CPUs for this process");
}

/*
 * How many pages of the @bytes from @p lie on @node, by move_pages, which knows
 * memory of this process and no mappings of a device.
 */
static size_t pages_on(struct lab *lab, unsigned char *p, size_t bytes,
		       int node)
{
	size_t i, pages = bytes / mem_page(), count = 0;
	void **at = calloc(pages, sizeof(*at));
	int *where = calloc(pages, sizeof(*where));

	if (!at || !where)
		lab_die(lab, "no memory for %zu pages", pages);
	for (i = 0; i < pages; i++)
		at[i] = p + i * mem_page();
	if (move_pages(0, pages, at, NULL, where, 0))
		lab_die(lab, "move_pages: %s", strerror(errno));
	for (i = 0; i < pages; i++)
		count += where[i] == node;
	free(at);
	free(where);
	return count;
}

static unsigned char *bound(struct lab *lab, size_t bytes, int node)
{
	unsigned char *p = numa_alloc_onnode(bytes, node);

	if (!p)
		lab_die(lab, "no %zu bytes on node %d", bytes, node);
	mem_write(p, bytes / mem_page(), 1);
	return p;
}

static void run_on(struct lab *lab, int node)
{
	if (numa_run_on_node(node))
		lab_die(lab, "cannot run on node %d: %s", node,
			strerror(errno));
}

static double read_all(const unsigned char *p, size_t bytes)
{
	const volatile uint64_t *words = (const volatile uint64_t *)(const void *)p;
	uint64_t begun = now_ns();
	size_t i;

	for (i = 0; i < bytes / sizeof(*words); i += LINE / sizeof(*words))
		(void)words[i];
	return (double)bytes / (double)(now_ns() - begun);
}

/*
 * Each line holds the address of the next, in an order that no prefetcher
 * guesses: a full-period generator over the lines, whose number is a power of 2.
 */
static void make_chain(unsigned char *p, size_t bytes)
{
	size_t lines = bytes / LINE, i, at = 0, next;

	for (i = 0; i < lines; i++) {
		next = (at * 1103515245 + 12345) & (lines - 1);
		*(void **)(void *)(p + at * LINE) = p + next * LINE;
		at = next;
	}
}

static double follow_chain(unsigned char *p)
{
	void *volatile *at = (void *volatile *)(void *)p;
	uint64_t begun = now_ns();
	int i;

	for (i = 0; i < CHAIN_LOADS; i++)
		at = (void *volatile *)*at;
	return (double)(now_ns() - begun) / CHAIN_LOADS;
}

static void measure(struct lab *lab, struct pair *p, unsigned char *memory,
		    uint64_t n)
{
	size_t bytes = lab->value[PARAM_SIZE];

	lab_doing(lab, "numa: node %d uses memory of node %d", p->cpus,
		  p->memory);
	run_on(lab, p->cpus);
	make_chain(memory, bytes);
	p->latency[n] = follow_chain(memory);
	p->bandwidth[n] = read_all(memory, bytes);
}

/* Memory of node after node, used from each in turn. */
static size_t measure_all(struct lab *lab, const struct nodes *nodes,
			  struct pair *pairs, size_t *misplaced)
{
	size_t nr = 0, bytes = lab->value[PARAM_SIZE], pages, first;
	uint64_t n, repeat = lab->value[PARAM_REPEAT];
	unsigned char *memory;
	int c, m;

	for (m = 0; m < nodes->nr_memory; m++) {
		memory = bound(lab, bytes, nodes->memory[m]);
		first = nr;
		for (c = 0; c < nodes->nr_cpus; c++) {
			pairs[nr].cpus = nodes->cpus[c];
			pairs[nr++].memory = nodes->memory[m];
		}
		for (n = 0; n < repeat; n++)
			for (c = 0; c < nodes->nr_cpus; c++)
				measure(lab, &pairs[first + (size_t)c], memory,
					n);
		pages = pages_on(lab, memory, bytes, nodes->memory[m]);
		*misplaced += bytes / mem_page() - pages;
		numa_free(memory, bytes);
		for (; first < nr; first++) {
			pairs[first].fast = stats_of(pairs[first].bandwidth,
						     repeat);
			pairs[first].far = stats_of(pairs[first].latency,
						    repeat);
		}
	}
	return nr;
}

static const struct column columns[] = {
	{ "CPU of node", "cpu_node" }, { "memory of node", "memory_node" },
	{ "distance", "distance" }, { "GB/s", "bytes_per_ns" },
	{ "least", "bytes_per_ns_min" }, { "most", "bytes_per_ns_max" },
	{ "latency", "latency_ns" }, { "least", "latency_ns_min" },
	{ "most", "latency_ns_max" },
};

static void show(struct lab *lab, const struct pair *pairs, size_t nr)
{
	struct table t;
	size_t i;

	table_begin(&t, lab, "pairs", columns, ARRAY_SIZE(columns));
	for (i = 0; i < nr; i++) {
		table_count(&t, (uint64_t)pairs[i].cpus);
		table_count(&t, (uint64_t)pairs[i].memory);
		table_count(&t, (uint64_t)numa_distance(pairs[i].cpus,
							pairs[i].memory));
		table_ratio(&t, pairs[i].fast.median);
		table_ratio(&t, pairs[i].fast.min);
		table_ratio(&t, pairs[i].fast.max);
		table_time(&t, pairs[i].far.median);
		table_time(&t, pairs[i].far.min);
		table_time(&t, pairs[i].far.max);
	}
	table_end(&t);
}

static void judge_first_touch(struct lab *lab, const struct nodes *nodes)
{
	size_t bytes = 1 << 20, there = 0, all = 0;
	unsigned char *p;
	int c;

	for (c = 0; c < nodes->nr_cpus; c++) {
		run_on(lab, nodes->cpus[c]);
		p = mem_region(lab, bytes);
		mem_write(p, bytes / mem_page(), 1);
		there += pages_on(lab, p, bytes, nodes->cpus[c]);
		all += bytes / mem_page();
		munmap(p, bytes);
	}
	claim(lab, FIRST_TOUCH, there == all, "%zu of %zu pages, of %d nodes",
	      there, all, nodes->nr_cpus);
}

/* From the first node to the second. */
static void judge_moved(struct lab *lab, const struct nodes *nodes)
{
	size_t i, bytes = 1 << 20, pages = bytes / mem_page(), there;
	unsigned char *p = bound(lab, bytes, nodes->memory[0]);
	void **at = calloc(pages, sizeof(*at));
	int *to = calloc(pages, sizeof(*to));
	int *status = calloc(pages, sizeof(*status));
	bool same;

	if (!at || !to || !status)
		lab_die(lab, "no memory for %zu pages", pages);
	for (i = 0; i < pages; i++) {
		at[i] = p + i * mem_page();
		p[i * mem_page()] = (unsigned char)i;
		to[i] = nodes->memory[1];
	}
	if (move_pages(0, pages, at, to, status, MPOL_MF_MOVE) < 0)
		lab_die(lab, "move_pages: %s", strerror(errno));
	there = pages_on(lab, p, bytes, nodes->memory[1]);
	for (i = 0, same = true; i < pages; i++)
		same &= p[i * mem_page()] == (unsigned char)i;
	claim(lab, MOVED, there == pages && same,
	      "%zu of %zu pages arrived, content %s", there, pages,
	      same ? "kept" : "changed");
	free(at);
	free(to);
	free(status);
	numa_free(p, bytes);
}

static void judge_ring(struct lab *lab, const struct nodes *nodes)
{
	size_t there = 0, all = 0;
	struct ring ring;
	const char *why;
	void *p;
	int m;

	if (!device_here(&why) || !pagemap_tells_nodes(&why)) {
		claim_skip(lab, RING_BOUND, "%s", why);
		return;
	}
	for (m = 0; m < nodes->nr_memory; m++) {
		device_ring(lab, &ring, RING_BYTES, nodes->memory[m]);
		p = device_map(lab, &ring, PROT_READ, MAP_SHARED);
		mem_read(p, RING_BYTES / mem_page());
		there += pagemap_on_node(lab, p, RING_BYTES / mem_page(),
					 nodes->memory[m]);
		all += RING_BYTES / mem_page();
		munmap(p, RING_BYTES);
		close(ring.fd);
		close(ring.ring_fd);
	}
	claim(lab, RING_BOUND, there == all, "%zu of %zu pages, of %d nodes",
	      there, all, nodes->nr_memory);
}

static void judge(struct lab *lab, const struct nodes *nodes, size_t misplaced)
{
	claim(lab, BOUND, !misplaced, "%zu of %zu pages elsewhere, of %d nodes",
	      misplaced, lab->value[PARAM_SIZE] / mem_page() *
	      (size_t)nodes->nr_memory, nodes->nr_memory);
	if (nodes->nr_memory == 1) {
		claim_skip(lab, FIRST_TOUCH, "one node: it can lie nowhere else");
		claim_skip(lab, MOVED, "one node: there is nowhere to move to");
	} else {
		judge_first_touch(lab, nodes);
		judge_moved(lab, nodes);
	}
	judge_ring(lab, nodes);
}

static void draw(struct lab *lab, const struct pair *pairs, size_t nr)
{
	/* Four nodes fit; more take more. */
	int wider = nr > 16 ? 40 * (int)(nr - 16) : 0;
	FILE *plot = plot_begin(lab, 800 + wider, 440);
	size_t i;

	if (!plot)
		return;
	fprintf(plot, "$pairs << END\n");
	for (i = 0; i < nr; i++)
		fprintf(plot, "\"%d\\n%d\" %f %f\n", pairs[i].cpus,
			pairs[i].memory, pairs[i].fast.median,
			pairs[i].far.median);
	fprintf(plot, "END\nset boxwidth 0.6\nunset key\nset xrange [-1:%zu]\n"
		"set yrange [0:*]\nset bmargin 6\n"
		"set xlabel \"node of the CPU,\\nnode of the memory\" offset 0,-1\n", nr);
	plot_panel(plot, 0, 1, 0, 2);
	fputs("set ylabel 'GB/s'\nset title 'Reading in order'\n"
	      "plot $pairs u 0:2:xticlabels(1) w boxes lc rgb '#1f78b4'\n", plot);
	plot_panel(plot, 0, 1, 1, 2);
	fputs("set ylabel 'ns'\nset title 'A load that waits for the last'\n"
	      "plot $pairs u 0:3:xticlabels(1) w boxes lc rgb '#d95f02'\n", plot);
	plot_end(lab, plot);
}

static void run(struct lab *lab)
{
	struct nodes nodes = { .nr_memory = 0 };
	size_t nr, misplaced = 0;
	struct pair *pairs;
	int i;

	if (numa_available() < 0)
		lab_refuse(lab, "this kernel knows no NUMA nodes");
	if (lab->value[PARAM_SIZE] & (lab->value[PARAM_SIZE] - 1))
		lab_refuse(lab, "--size: not a power of two: 32M or 64M, for example");
	mem_need(lab, lab->value[PARAM_SIZE]);
	/* On that node or not at all, not just preferably. */
	numa_set_bind_policy(1);
	find_nodes(lab, &nodes);
	pairs = calloc((size_t)(nodes.nr_memory * nodes.nr_cpus),
		       sizeof(*pairs));
	if (!pairs)
		lab_die(lab, "no memory for the results");
	if (nodes.nr_memory == 1)
		lab_say(lab, "This host has one node: there is nothing to compare. scripts/vm --nodes 2 has two.");
	for (i = 0; i < nodes.nr_memory; i++)
		mem_need_on(lab, lab->value[PARAM_SIZE], nodes.memory[i]);
	nr = measure_all(lab, &nodes, pairs, &misplaced);
	show(lab, pairs, nr);
	judge(lab, &nodes, misplaced);
	draw(lab, pairs, nr);
	free(pairs);
}

const struct experiment numa = {
	.name = "numa",
	.what = "memory of each node, used from each node",
	.about =
	"Memory is bound to each node in turn, and used by a CPU of each: read in order,\n"
	"for the bandwidth, and along a chain of addresses, for the latency. Then the\n"
	"kernel is asked page by page where it lies, and so for memory that nobody bound,\n"
	"memory that was moved, and rings on each node.\n",
	.claims = claims,
	.params = {
		[PARAM_SIZE] = { "bytes on each node, a power of two", 64 << 20,
				 1 << 20, 1ULL << 40 },
		[PARAM_REPEAT] = { "measurements of each number", 5, 1,
				   MAX_REPEAT },
	},
	.run = run,
};
