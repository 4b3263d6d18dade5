// SPDX-License-Identifier: MIT
/* The machine that the results are of. */
#include "env.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "../common/clock.h"
#include "../common/cpus.h"
#include "../common/provenance.h"
#include "topology.h"

#define ROOT		TOPOLOGY_ROOT
#define TEXT_MAX	512
#define CLOCK_ROUNDS	10000

static json_t *string_or_null(const char *path)
{
	char text[TEXT_MAX];

	if (!topology_read(ROOT, path, text, sizeof(text)))
		return json_null();
	return provenance_text(text);
}

/* As people call them. */
static const char *hypervisor_name(const char *id)
{
	static const char *const names[][2] = {
		{ "KVMKVMKVM", "KVM" }, { "Microsoft Hv", "Hyper-V" },
		{ "VMwareVMware", "VMware" }, { "XenVMMXenVMM", "Xen" },
		{ "TCGTCGTCGTCG", "QEMU TCG" },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(id, names[i][0]))
			return names[i][1];
	return id;
}

/* What the CPU says of who runs it; elsewhere what the kernel says. */
static json_t *hypervisor(void)
{
	char text[TEXT_MAX];
#if defined(__x86_64__) || defined(__i386__)
	unsigned int a, b, c, d, id[4] = { 0 };

	if (__get_cpuid(1, &a, &b, &c, &d) && c >> 31) {
		__cpuid(0x40000000, a, id[0], id[1], id[2]);
		return provenance_text(hypervisor_name((const char *)id));
	}
#endif
	if (topology_read("/sys/hypervisor", "type", text, sizeof(text)))
		return provenance_text(text);
	return json_null();
}

/* What reading the clock costs: the percentiles have it in them. */
static double clock_cost_ns(void)
{
	uint64_t begun = now_ns(), end = begun;
	int i;

	for (i = 0; i < CLOCK_ROUNDS; i++)
		end = now_ns();
	return (double)(end - begun) / CLOCK_ROUNDS;
}

static json_t *mitigations(void)
{
	json_t *all = json_object();
	DIR *dir = opendir(ROOT "/cpu/vulnerabilities");
	struct dirent *e;
	char path[300];

	while (dir && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "cpu/vulnerabilities/%s",
			 e->d_name);
		json_object_set_new(all, e->d_name, string_or_null(path));
	}
	if (dir)
		closedir(dir);
	return all;
}

/* Those of @cpu, and who shares each. */
static json_t *caches(unsigned int cpu)
{
	static const char *const files[] = {
		"level", "type", "size", "shared_cpu_list"
	};
	json_t *all = json_array(), *cache, *value;
	char path[128];
	size_t i, f;

	for (i = 0;; i++) {
		cache = json_object();
		for (f = 0; f < sizeof(files) / sizeof(*files); f++) {
			snprintf(path, sizeof(path),
				 "cpu/cpu%u/cache/index%zu/%s", cpu, i,
				 files[f]);
			value = string_or_null(path);
			if (json_is_string(value))
				json_object_set_new(cache, files[f], value);
		}
		if (!json_object_size(cache))
			break;
		json_array_append_new(all, cache);
	}
	json_decref(cache);
	return all;
}

static json_t *nodes(void)
{
	json_t *all = json_object(), *cpus;
	char name[32], path[64];
	int node;

	for (node = 0; node < 64; node++) {
		snprintf(name, sizeof(name), "%d", node);
		snprintf(path, sizeof(path), "node/node%d/cpulist", node);
		cpus = string_or_null(path);
		if (json_is_string(cpus))
			json_object_set_new(all, name, cpus);
	}
	return all;
}

json_t *env_json(const struct options *o)
{
	char model[256], path[128];
	struct utsname u;

	uname(&u);
	snprintf(path, sizeof(path), "cpu/cpu%u/cpufreq/scaling_governor",
		 o->cpus[0]);
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:f, s:o, s:o, s:o, s:[i, i], s:s, s:o}",
			 "system", u.sysname,
			 "kernel", u.release,
			 "machine", u.machine,
			 "cpu", cpus_model(model, sizeof(model)),
			 "hypervisor", hypervisor(),
			 "governor", string_or_null(path),
			 "clock_source",
			 string_or_null("clocksource/clocksource0/current_clocksource"),
			 "clock_ns", clock_cost_ns(),
			 "caches", caches(o->cpus[0]),
			 "nodes", nodes(),
			 "mitigations", mitigations(),
			 "cpus", (int)o->cpus[0], (int)o->cpus[1],
			 "relation",
			 relation_text[topology_relation(ROOT, o->cpus[0],
							 o->cpus[1])],
			 "memory_bytes", provenance_memory());
}
