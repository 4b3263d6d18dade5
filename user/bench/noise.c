// SPDX-License-Identifier: MIT
/* Who else was there while it was measured. */
#include "noise.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../common/clock.h"

/* The columns of a "cpuN" line in /proc/stat; man 5 proc. */
struct ticks {
	unsigned long long user, nice, system, idle, iowait, irq, softirq,
			   steal;
};

static void add_cpu(struct cpu_times *t, const struct ticks *k)
{
	uint64_t tick_ns = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);

	t->busy_ns += (k->user + k->nice + k->system + k->irq + k->softirq) *
		      tick_ns;
	t->steal_ns += k->steal * tick_ns;
	t->wall_ns += now_ns();
}

struct cpu_times noise_now(const unsigned int cpus[2])
{
	struct cpu_times t = { .own = usage_of(RUSAGE_SELF) };
	struct usage children = usage_of(RUSAGE_CHILDREN);
	FILE *f = fopen("/proc/stat", "re");
	unsigned int cpu;
	char line[512];
	struct ticks k;

	usage_add(&t.own, &children);
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "cpu%u %llu %llu %llu %llu %llu %llu %llu %llu",
			   &cpu, &k.user, &k.nice, &k.system, &k.idle,
			   &k.iowait, &k.irq, &k.softirq, &k.steal) == 9 &&
		    (cpu == cpus[0] || cpu == cpus[1]))
			add_cpu(&t, &k);
	if (f)
		fclose(f);
	return t;
}

struct noise noise_since(const unsigned int cpus[2],
			 const struct cpu_times *then)
{
	struct cpu_times now = noise_now(cpus);
	double wall = (double)(now.wall_ns - then->wall_ns);
	double foreign = (double)(now.busy_ns - then->busy_ns) -
			 (double)(now.own.cpu_ns - then->own.cpu_ns);
	struct noise n = { 0, 0 };

	if (wall <= 0)
		return n;
	n.steal = 100 * (double)(now.steal_ns - then->steal_ns) / wall;
	/* The kernel's accounts are by its tick, ours are exact. */
	n.foreign = foreign > 0 ? 100 * foreign / wall : 0;
	return n;
}
