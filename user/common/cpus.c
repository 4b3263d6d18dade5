// SPDX-License-Identifier: MIT
/* Which CPUs there are, and being on one. */
#include "cpus.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

/* Larger than any kernel's mask, so that the call never says EINVAL. */
#define MAX_CPUS	8192

union mask {
	cpu_set_t set;
	unsigned char bytes[MAX_CPUS / 8];
};

static bool get(union mask *m)
{
	memset(m, 0, sizeof(*m));
	return !sched_getaffinity(0, sizeof(*m), &m->set);
}

static bool has(const union mask *m, unsigned int cpu)
{
	return cpu < MAX_CPUS && CPU_ISSET_S(cpu, sizeof(*m), &m->set);
}

bool cpus_allowed(unsigned int cpu)
{
	union mask m;

	return get(&m) && has(&m, cpu);
}

bool cpus_default(unsigned int cpus[2])
{
	unsigned int cpu, n = 0;
	union mask m;

	if (!get(&m))
		return false;
	for (cpu = 0; cpu < MAX_CPUS && n < 2; cpu++)
		if (has(&m, cpu))
			cpus[n++] = cpu;
	if (n == 1)
		cpus[1] = cpus[0];
	return n > 0;
}

long cpus_next(long from)
{
	union mask m;

	if (!get(&m))
		return -1;
	while (from < MAX_CPUS && !has(&m, (unsigned int)from))
		from++;
	return from < MAX_CPUS ? from : -1;
}

unsigned int cpus_count(void)
{
	union mask m;

	return get(&m) ? (unsigned int)CPU_COUNT_S(sizeof(m), &m.set) : 0;
}

unsigned int cpus_beside(unsigned int taken, unsigned int first,
			 unsigned int n)
{
	unsigned int all = cpus_count();
	long cpu = first;

	if (all < 2)
		return taken;
	for (n %= all - 1; n; n--) {
		cpu = cpus_next(cpu + 1);
		if (cpu < 0)
			cpu = cpus_next(0);
		/* Not one of those that were counted. */
		if (cpu == taken)
			n++;
	}
	return (unsigned int)cpu;
}

const char *cpus_list(char *text, size_t size)
{
	unsigned int cpu, last;
	size_t used = 0;
	union mask m;

	*text = 0;
	if (!get(&m))
		return text;
	for (cpu = 0; cpu < MAX_CPUS && used < size; cpu = last + 1) {
		last = cpu;
		if (!has(&m, cpu))
			continue;
		while (has(&m, last + 1))
			last++;
		used += (size_t)snprintf(text + used, size - used, "%s%u",
					 used ? "," : "", cpu);
		if (last > cpu && used < size)
			used += (size_t)snprintf(text + used, size - used,
						 "-%u", last);
	}
	return text;
}

int cpus_pin(unsigned int cpu)
{
	union mask m;

	memset(&m, 0, sizeof(m));
	CPU_SET_S(cpu, sizeof(m), &m.set);
	return sched_setaffinity(0, sizeof(m), &m.set) ? -errno : 0;
}

const char *cpus_model(char *text, size_t size)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[256];
	char *value;

	snprintf(text, size, "unknown CPU");
	while (f && fgets(line, sizeof(line), f)) {
		value = strstr(line, ": ");
		if (strncmp(line, "model name", 10) || !value)
			continue;
		value[strcspn(value, "\n")] = 0;
		snprintf(text, size, "%s", value + 2);
		break;
	}
	if (f)
		fclose(f);
	return text;
}
