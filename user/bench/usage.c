// SPDX-License-Identifier: MIT
/* What a process has used. */
#include "usage.h"

#include <sys/resource.h>

static uint64_t to_ns(struct timeval tv)
{
	return (uint64_t)tv.tv_sec * 1000000000u + (uint64_t)tv.tv_usec * 1000u;
}

struct usage usage_of(int who)
{
	struct rusage r;

	getrusage(who, &r);
	return (struct usage){
		.cpu_ns = to_ns(r.ru_utime) + to_ns(r.ru_stime),
		.voluntary_switches = (uint64_t)r.ru_nvcsw,
		.involuntary_switches = (uint64_t)r.ru_nivcsw,
		.minor_faults = (uint64_t)r.ru_minflt,
		.major_faults = (uint64_t)r.ru_majflt,
	};
}

struct usage usage_since(struct usage now, struct usage then)
{
	now.cpu_ns -= then.cpu_ns;
	now.voluntary_switches -= then.voluntary_switches;
	now.involuntary_switches -= then.involuntary_switches;
	now.minor_faults -= then.minor_faults;
	now.major_faults -= then.major_faults;
	return now;
}

void usage_add(struct usage *to, const struct usage *more)
{
	to->cpu_ns += more->cpu_ns;
	to->voluntary_switches += more->voluntary_switches;
	to->involuntary_switches += more->involuntary_switches;
	to->minor_faults += more->minor_faults;
	to->major_faults += more->major_faults;
}
