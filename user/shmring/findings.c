// SPDX-License-Identifier: MIT
/* What doctor looks at: files below /sys, /proc and /dev. */
#include "findings.h"

#include <glob.h>
#include <limits.h>
#include <mntent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sysfs.h"
#include "text.h"

#define NEARLY_FULL	90	/* per cent of a limit */

__attribute__((format(printf, 3, 4)))
static void conclude(struct finding *f, enum verdict v, const char *fmt, ...)
{
	va_list args;

	f->verdict = v;
	va_start(args, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, args);
	va_end(args);
}

__attribute__((format(printf, 2, 3)))
static void advise(struct finding *f, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(f->fix, sizeof(f->fix), fmt, args);
	va_end(args);
}

static void path_of(const struct host *h, const char *file, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s%s", h->root, file);
}

static bool read_value(const struct host *h, const char *file,
		       char value[FILE_LINE_MAX])
{
	char path[PATH_MAX];

	path_of(h, file, path);
	return file_line(path, value);
}

static bool read_number(const struct host *h, const char *file, uint64_t *n)
{
	char value[FILE_LINE_MAX], *end;

	if (!read_value(h, file, value))
		return false;
	*n = strtoull(value, &end, 10);
	return end != value;
}

static bool exists(const struct host *h, const char *file, int mode)
{
	char path[PATH_MAX];

	path_of(h, file, path);
	return !access(path, mode);
}

static bool loaded(const struct host *h)
{
	return exists(h, SYSFS_MODULE, F_OK);
}

static void check_module(const struct host *h, struct finding *f)
{
	char version[FILE_LINE_MAX] = "0";	/* where it says none */

	if (!loaded(h)) {
		conclude(f, VERDICT_FAIL, "not loaded");
		advise(f, "modprobe shmring, or insmod shmring.ko; without it: shm:/NAME");
		return;
	}
	read_value(h, "/sys/module/shmring/version", version);
	if (!strcmp(version, h->version)) {
		conclude(f, VERDICT_OK, "loaded, %s as this command", version);
		return;
	}
	conclude(f, VERDICT_WARN, "loaded is %s, %s than this command, %s",
		 version, strverscmp(version, h->version) < 0 ? "older" : "newer",
		 h->version);
	advise(f, "install both of one version, then rmmod shmring && modprobe shmring");
}

/* "none [integrity] confidentiality": all but the first want signatures. */
static bool locked_down(const struct host *h)
{
	char value[FILE_LINE_MAX];

	return read_value(h, "/sys/kernel/security/lockdown", value) &&
	       strchr(value, '[') && !strstr(value, "[none]");
}

static void check_signatures(const struct host *h, struct finding *f)
{
	char value[FILE_LINE_MAX] = "";

	read_value(h, "/sys/module/module/parameters/sig_enforce", value);
	if (*value != 'Y' && !locked_down(h)) {
		conclude(f, VERDICT_OK, "the kernel takes modules without one");
		return;
	}
	conclude(f, loaded(h) ? VERDICT_OK : VERDICT_WARN,
		 "the kernel takes signed modules only (%s)",
		 *value == 'Y' ? "module.sig_enforce" : "lockdown");
	if (!loaded(h))
		advise(f, "mokutil --test-key /var/lib/dkms/mok.pub; enroll DKMS's key: mokutil --import /var/lib/dkms/mok.pub, and reboot");
}

static void check_netlink(const struct host *h, struct finding *f)
{
	if (!loaded(h)) {
		conclude(f, VERDICT_NOTE, "unknown without the module");
	} else if (h->kernel_error) {
		conclude(f, VERDICT_FAIL, "%s", h->kernel_error);
	} else if (h->by_sysfs) {
		conclude(f, VERDICT_WARN, "not in this network namespace: no events, no marks; %zu ring%s by sysfs",
			 h->all->nr, h->all->nr == 1 ? "" : "s");
		advise(f, "nsenter --net=/proc/1/ns/net shmring ...");
	} else {
		conclude(f, VERDICT_OK, "family shmring answers: %zu ring%s",
			 h->all->nr, h->all->nr == 1 ? "" : "s");
	}
}

static void check_rights(const struct host *h, struct finding *f)
{
	if (!loaded(h)) {
		conclude(f, VERDICT_NOTE, "unknown without the module");
	} else if (!exists(h, SHMRING_CTL_PATH, F_OK)) {
		conclude(f, VERDICT_FAIL, "the module is loaded, but there is no " SHMRING_CTL_PATH " here");
		advise(f, "in a container, pass /dev/shmring in; else mount devtmpfs on /dev");
	} else if (exists(h, SHMRING_CTL_PATH, R_OK | W_OK)) {
		conclude(f, VERDICT_OK, "may create rings");
	} else {
		conclude(f, VERDICT_NOTE, "may use rings that others let it use, but not create any");
		advise(f, "sudo shmring create NAME --owner $USER; or be in the group shmring, where its udev rule is installed");
	}
}

/* What was written to the name of a ring that was not there yet. */
static void check_entries(const struct host *h, struct finding *f)
{
	char path[PATH_MAX];
	const char *name;
	struct stat st;
	glob_t g;
	size_t i;

	conclude(f, VERDICT_OK, "nothing but rings in " SHMRING_DEV_DIR);
	path_of(h, SHMRING_DEV_DIR "*", path);
	if (glob(path, 0, NULL, &g))
		return;
	for (i = 0; i < g.gl_pathc; i++) {
		name = strrchr(g.gl_pathv[i], '/') + 1;
		if (!strcmp(name, "ctl") || lstat(g.gl_pathv[i], &st) ||
		    S_ISCHR(st.st_mode))
			continue;
		conclude(f, VERDICT_WARN, "%s is no ring, but a file that keeps one of that name away",
			 g.gl_pathv[i] + strlen(h->root));
		advise(f, "rm %s && shmring create %s",
		       g.gl_pathv[i] + strlen(h->root), name);
		break;
	}
	globfree(&g);
}

static void check_fill(const struct host *h, struct finding *f)
{
	const struct ring_info *r, *most = NULL;
	size_t i;

	for (i = 0; i < h->all->nr; i++) {
		r = &h->all->ring[i];
		if (!most || fill_percent(r->used, r->size) >
			     fill_percent(most->used, most->size))
			most = r;
	}
	if (!most) {
		conclude(f, VERDICT_OK, "no rings");
		return;
	}
	conclude(f, VERDICT_OK, "the fullest ring is %s, %u %%", most->name,
		 fill_percent(most->used, most->size));
	if (!h->max_used ||
	    fill_percent(most->used, most->size) <= h->max_used)
		return;
	f->verdict = VERDICT_WARN;
	advise(f, "shmring show %s: who consumes it?", most->name);
}

static uint64_t total_bytes(const struct rings *all)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < all->nr; i++)
		sum += all->ring[i].size;
	return sum;
}

static void check_limits(const struct host *h, struct finding *f)
{
	char used[TEXT_MAX], most[TEXT_MAX], each[TEXT_MAX];
	uint64_t total = total_bytes(h->all);
	struct limits l;

	if (!sysfs_limits(h->root, &l)) {
		conclude(f, VERDICT_NOTE, "unknown without the module");
		return;
	}
	conclude(f, VERDICT_OK, "%zu of %llu rings, %s of %s, %s each",
		 h->all->nr, (unsigned long long)l.rings,
		 text_bytes(total, used), text_bytes(l.bytes, most),
		 text_bytes(l.ring_bytes, each));
	if (fill_percent(total, l.bytes) < NEARLY_FULL &&
	    fill_percent(h->all->nr, l.rings) < NEARLY_FULL)
		return;
	f->verdict = VERDICT_WARN;
	advise(f, "shmring list, and destroy some; or raise /sys/module/shmring/parameters/max_total_bytes or max_rings");
}

/* Rings that asked for a node and have pages on another. */
static void check_numa(const struct host *h, struct finding *f)
{
	const struct ring_info *r;
	char nodes[FILE_LINE_MAX] = "0";
	size_t i, j;

	read_value(h, "/sys/devices/system/node/has_memory", nodes);
	conclude(f, VERDICT_OK, "memory on node %s", nodes);
	for (i = 0; i < h->all->nr; i++)
		for (r = &h->all->ring[i], j = 0; j < r->nr_numa; j++) {
			if (r->node < 0 ||
			    r->numa[j].node == (uint32_t)r->node)
				continue;
			conclude(f, VERDICT_WARN, "%s asked for node %d and has %llu pages on %u",
				 r->name, r->node,
				 (unsigned long long)r->numa[j].pages,
				 r->numa[j].node);
			advise(f, "free memory there (numactl -H), and create it with --strict");
			return;
		}
}

/* What makes system calls dear makes rings pay: nothing to repair. */
static void check_mitigations(const struct host *h, struct finding *f)
{
	char value[FILE_LINE_MAX];
	size_t i, mitigated = 0;
	char path[PATH_MAX];
	glob_t g;

	path_of(h, "/sys/devices/system/cpu/vulnerabilities/*", path);
	if (glob(path, 0, NULL, &g)) {
		conclude(f, VERDICT_NOTE, "unknown here");
		return;
	}
	for (i = 0; i < g.gl_pathc; i++)
		if (read_value(&(struct host){ .root = "" }, g.gl_pathv[i],
			       value) && !strncmp(value, "Mitigation", 10))
			mitigated++;
	conclude(f, mitigated ? VERDICT_NOTE : VERDICT_OK,
		 "%zu of %zu CPU vulnerabilities mitigated: %s", mitigated,
		 g.gl_pathc, mitigated ?
		 "system calls cost more; rings make none while data flows" :
		 "system calls are as cheap as they get");
	globfree(&g);
}

static void check_governor(const struct host *h, struct finding *f)
{
	char value[FILE_LINE_MAX], path[PATH_MAX];
	glob_t g;
	size_t i;

	path_of(h, "/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor",
		path);
	if (glob(path, 0, NULL, &g)) {
		conclude(f, VERDICT_NOTE, "the kernel does not scale frequencies here: the firmware or the hypervisor does, or nobody");
		return;
	}
	conclude(f, VERDICT_OK, "performance on all of %zu CPUs", g.gl_pathc);
	for (i = 0; i < g.gl_pathc; i++)
		if (read_value(&(struct host){ .root = "" }, g.gl_pathv[i],
			       value) && strcmp(value, "performance")) {
			conclude(f, VERDICT_WARN, "%s: a CPU that slept starts slowly",
				 value);
			advise(f, "cpupower frequency-set -g performance");
			break;
		}
	globfree(&g);
}

/* Rings of the module do not use them; those of shm: live in this tmpfs. */
static void check_huge_pages(const struct host *h, struct finding *f)
{
	struct mntent *m = NULL;
	char path[PATH_MAX];
	const char *huge;
	FILE *mounts;

	path_of(h, "/proc/mounts", path);
	mounts = setmntent(path, "re");
	while (mounts && (m = getmntent(mounts)) &&
	       strcmp(m->mnt_dir, "/dev/shm"))
		;
	huge = m ? hasmntopt(m, "huge") : NULL;
	if (huge && strncmp(huge, "huge=never", 10)) {
		conclude(f, VERDICT_OK, "for shm: rings: %.*s",
			 (int)strcspn(huge, ","), huge);
	} else {
		conclude(f, VERDICT_NOTE, "off for shm: rings; large ones would take fewer TLB entries with them");
		advise(f, "mount -o remount,huge=within_size /dev/shm");
	}
	if (mounts)
		endmntent(mounts);
}

/* Memory of the module is never swapped out, whatever the limit. */
static void check_locked_memory(const struct host *h, struct finding *f)
{
	struct rlimit l;
	char text[TEXT_MAX];

	(void)h;
	if (getrlimit(RLIMIT_MEMLOCK, &l))
		l.rlim_cur = 0;
	conclude(f, VERDICT_OK, "limit %s; dev: rings stay in memory whatever it is, shm: rings can be swapped out",
		 l.rlim_cur == RLIM_INFINITY ? "none" :
		 text_bytes(l.rlim_cur, text));
}

/* For the comparison with message queues in shmring-bench. */
static void check_queues(const struct host *h, struct finding *f)
{
	uint64_t msgmax = 0, mqueue = 0;

	if (!read_number(h, "/proc/sys/kernel/msgmax", &msgmax) ||
	    !read_number(h, "/proc/sys/fs/mqueue/msg_max", &mqueue)) {
		conclude(f, VERDICT_NOTE, "no message queues in this kernel or namespace: shmring-bench leaves them out");
		return;
	}
	conclude(f, VERDICT_OK, "System V: %llu bytes a message, POSIX: %llu messages a queue; rings have neither limit",
		 (unsigned long long)msgmax, (unsigned long long)mqueue);
}

static void check_cpus(const struct host *h, struct finding *f)
{
	char online[FILE_LINE_MAX] = "unknown";

	read_value(h, "/sys/devices/system/cpu/online", online);
	if (strcmp(online, "0")) {
		conclude(f, VERDICT_OK, "online: %s", online);
		return;
	}
	conclude(f, VERDICT_NOTE, "one: both sides take turns, and waiting always sleeps");
}

size_t findings_of(const struct host *h, struct finding f[FINDINGS_MAX])
{
	static const struct {
		const char *what;
		void (*check)(const struct host *h, struct finding *f);
	} checks[] = {
		{ "module", check_module },
		{ "signatures", check_signatures },
		{ "netlink", check_netlink },
		{ "rights", check_rights },
		{ "entries", check_entries },
		{ "limits", check_limits },
		{ "fill", check_fill },
		{ "NUMA", check_numa },
		{ "CPUs", check_cpus },
		{ "mitigations", check_mitigations },
		{ "governor", check_governor },
		{ "huge pages", check_huge_pages },
		{ "locked memory", check_locked_memory },
		{ "queues", check_queues },
	};
	size_t i, n = sizeof(checks) / sizeof(*checks);

	for (i = 0; i < n; i++) {
		f[i] = (struct finding) { .what = checks[i].what };
		checks[i].check(h, &f[i]);
	}
	return n;
}
