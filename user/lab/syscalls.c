// SPDX-License-Identifier: MIT
/* What it costs to enter the kernel, and what for. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../common/cpus.h"
#include "../common/stats.h"
#include "device.h"
#include "experiments.h"
#include "mem.h"
#include "plot.h"
#include "proc.h"
#include "table.h"

#define MAX_REPEAT	100
#define VULNERABILITIES	"/sys/devices/system/cpu/vulnerabilities"

enum { VDSO_STAYS, CALL_ENTERS, FAULT_EACH, EVENTFD_ADDS, IOCTL_ARRIVES };

static const char *const claims[] = {
	[VDSO_STAYS] = "a vDSO call does not enter the kernel",
	[CALL_ENTERS] = "getppid enters the kernel",
	[FAULT_EACH] = "each untouched page costs one fault",
	[EVENTFD_ADDS] = "an eventfd adds up what was written until it is read",
	[IOCTL_ARRIVES] = "the module answers its ioctl",
	NULL
};

/*
 * struct bench - what the measured operations use
 * @memory: @pages untouched pages; @faults: what they cost last
 * @cpus: of this process, and of the one that answers on eventfds
 */
struct bench {
	struct lab *lab;
	uint64_t count;
	unsigned char *memory;
	size_t pages;
	struct faults faults;
	struct ring ring;
	bool device;
	unsigned int cpus[2];
};

static double per_call(uint64_t begun, uint64_t n)
{
	return (double)(now_ns() - begun) / (double)n;
}

static double null_call(struct bench *b)
{
	uint64_t i, begun = now_ns();

	for (i = 0; i < b->count; i++)
		syscall(SYS_getppid);
	return per_call(begun, b->count);
}

static double vdso(struct bench *b)
{
	uint64_t i, begun = now_ns();
	struct timespec ts;

	for (i = 0; i < b->count; i++)
		clock_gettime(CLOCK_MONOTONIC, &ts);
	return per_call(begun, b->count);
}

static double clock_call(struct bench *b)
{
	uint64_t i, begun = now_ns();
	struct timespec ts;

	for (i = 0; i < b->count; i++)
		syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
	return per_call(begun, b->count);
}

static double module_ioctl(struct bench *b)
{
	uint64_t i, begun = now_ns();

	for (i = 0; i < b->count; i++)
		ioctl(b->ring.fd, SHMRING_IOC_INFO, &b->ring.info);
	return per_call(begun, b->count);
}

static double fault(struct bench *b)
{
	struct faults before;
	uint64_t begun;
	double ns;

	madvise(b->memory, b->pages * mem_page(), MADV_DONTNEED);
	before = faults_begin();
	begun = now_ns();
	mem_write(b->memory, b->pages, 1);
	ns = per_call(begun, b->pages);
	b->faults = faults_since(before);
	return ns;
}

/* Answers each number on @in by one on @out, on @cpu, until it is a large one. */
static pid_t answerer(struct lab *lab, int in, int out, unsigned int cpu)
{
	pid_t pid = proc_fork(lab);
	uint64_t n = 0;

	if (pid)
		return pid;
	cpus_pin(cpu);
	while (read(in, &n, sizeof(n)) == sizeof(n) &&
	       write(out, &n, sizeof(n)) == sizeof(n))
		if (n > 1)
			break;
	_exit(0);
}

/* Nanoseconds of a round trip of two eventfds, to another process on @cpu. */
static double round_trip(struct bench *b, unsigned int cpu)
{
	uint64_t i, one = 1, last = 2, trips = b->count / 200 + 1, begun;
	int there = eventfd(0, EFD_CLOEXEC), back = eventfd(0, EFD_CLOEXEC);
	pid_t pid;
	double ns;

	if (there < 0 || back < 0)
		lab_die(b->lab, "cannot make an eventfd: %s", strerror(errno));
	pid = answerer(b->lab, there, back, cpu);
	begun = now_ns();
	for (i = 0; i <= trips; i++) {
		/* The first is to get there: it begins afterwards. */
		if (i == 1)
			begun = now_ns();
		if (write(there, &one, sizeof(one)) != sizeof(one) ||
		    read(back, &one, sizeof(one)) != sizeof(one))
			lab_die(b->lab, "eventfd: %s", strerror(errno));
	}
	ns = per_call(begun, trips);
	if (write(there, &last, sizeof(last)) != sizeof(last))
		lab_die(b->lab, "eventfd: %s", strerror(errno));
	proc_reap(b->lab, pid);
	close(there);
	close(back);
	return ns;
}

/* There and back on one CPU is two switches and four calls. */
static double context_switch(struct bench *b)
{
	return round_trip(b, b->cpus[0]) / 2;
}

static double eventfd_trip(struct bench *b)
{
	return round_trip(b, b->cpus[1]);
}

enum { VDSO, NULL_CALL, CLOCK_CALL, IOCTL, FAULT, SWITCH, EVENTFD,
       NR_OPERATIONS };

static const struct operation {
	const char *name;
	double (*measure)(struct bench *b);
} operations[NR_OPERATIONS] = {
	[VDSO] = { "vDSO clock_gettime", vdso },
	[NULL_CALL] = { "getppid", null_call },
	[CLOCK_CALL] = { "clock_gettime as a call", clock_call },
	[IOCTL] = { "ioctl INFO of the module", module_ioctl },
	[FAULT] = { "page fault, and a zeroed page", fault },
	[SWITCH] = { "switch to another process, one CPU", context_switch },
	[EVENTFD] = { "eventfd round trip, other CPU", eventfd_trip },
};

struct results {
	double samples[NR_OPERATIONS][MAX_REPEAT];
	struct stats stats[NR_OPERATIONS];
};

static const struct column columns[] = {
	{ "what", "what" }, { "median", "ns" }, { "least", "ns_min" },
	{ "most", "ns_max" }, { "in null calls", "ratio_to_getppid" },
};

static void show(struct bench *b, const struct results *r)
{
	struct table t;
	int i;

	table_begin(&t, b->lab, "costs", columns, ARRAY_SIZE(columns));
	for (i = 0; i < NR_OPERATIONS; i++) {
		if (i == IOCTL && !b->device)
			continue;
		table_text(&t, "%s", operations[i].name);
		table_time(&t, r->stats[i].median);
		table_time(&t, r->stats[i].min);
		table_time(&t, r->stats[i].max);
		table_ratio(&t, r->stats[i].median / r->stats[NULL_CALL].median);
	}
	table_end(&t);
}

static void draw(struct bench *b, const struct results *r)
{
	struct dot dots[NR_OPERATIONS];
	size_t n = 0;
	int i;

	for (i = 0; i < NR_OPERATIONS; i++)
		if (i != IOCTL || b->device)
			dots[n++] = (struct dot){ operations[i].name,
						  r->stats[i], i == VDSO };
	plot_dots(b->lab, dots, n, "time of one",
		  "through the kernel", "without");
}

/* What each costs depends on them. */
static void say_mitigations(struct lab *lab)
{
	DIR *dir = opendir(VULNERABILITIES);
	char path[512], line[256];
	struct dirent *d;
	FILE *f;

	if (!dir) {
		lab_say(lab, "Mitigations: this kernel does not name them.");
		return;
	}
	lab_say(lab, "Mitigations in force, of what this CPU is affected by:");
	while ((d = readdir(dir))) {
		snprintf(path, sizeof(path), VULNERABILITIES "/%s", d->d_name);
		f = *d->d_name == '.' ? NULL : fopen(path, "re");
		if (!f)
			continue;
		if (fgets(line, sizeof(line), f) &&
		    strncmp(line, "Not affected", 12)) {
			line[strcspn(line, "\n")] = 0;
			lab_say(lab, "  %s: %s", d->d_name, line);
		}
		fclose(f);
	}
	closedir(dir);
}

/*
 * Only read, write, exit and sigreturn survive strict seccomp: whoever makes
 * another call is killed. The coarse clock needs no clock source that user
 * space can read.
 */
static void __attribute__((noreturn)) in_prison(bool call)
{
	struct timespec ts;
	int i;

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		_exit(2);
	for (i = 0; i < 1000; i++)
		clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	if (call)
		syscall(SYS_getppid);
	/* Not exit_group, which _exit() would call. */
	syscall(SYS_exit, 0);
	__builtin_unreachable();
}

/* How it ended: 0, the signal that killed it, or -1 without seccomp. */
static int imprison(struct lab *lab, bool call)
{
	pid_t pid = proc_fork(lab);
	int status;

	if (!pid)
		in_prison(call);
	if (waitpid(pid, &status, 0) != pid)
		lab_die(lab, "cannot wait for a child: %s", strerror(errno));
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	return WEXITSTATUS(status) ? -1 : 0;
}

static void judge_entry(struct lab *lab)
{
	int without = imprison(lab, false), with = imprison(lab, true);

	if (without < 0 || with < 0) {
		claim_skip(lab, VDSO_STAYS, "this kernel has no seccomp");
		claim_skip(lab, CALL_ENTERS, "this kernel has no seccomp");
		return;
	}
	claim(lab, VDSO_STAYS, !without, "1000 calls under strict seccomp: %s",
	      without ? strsignal(without) : "it lived");
	claim(lab, CALL_ENTERS, with == SIGKILL,
	      "one call under strict seccomp: %s",
	      with ? strsignal(with) : "it lived");
}

static void judge_eventfd(struct lab *lab)
{
	uint64_t three = 3, four = 4, sum = 0;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	bool empty;

	if (fd < 0 || write(fd, &three, 8) != 8 || write(fd, &four, 8) != 8 ||
	    read(fd, &sum, 8) != 8)
		lab_die(lab, "eventfd: %s", strerror(errno));
	empty = read(fd, &three, 8) < 0 && errno == EAGAIN;
	claim(lab, EVENTFD_ADDS, sum == 7 && empty, "3 and 4 read as %llu, %s",
	      (unsigned long long)sum, empty ? "once" : "and again");
	close(fd);
}

static void judge(struct bench *b, const char *why)
{
	struct lab *lab = b->lab;

	judge_entry(lab);
	claim(lab, FAULT_EACH, b->faults.minor >= b->pages &&
	      b->faults.minor <= b->pages + b->pages / 64 + 8,
	      "%zu pages, %llu faults", b->pages,
	      (unsigned long long)b->faults.minor);
	judge_eventfd(lab);
	if (!b->device)
		claim_skip(lab, IOCTL_ARRIVES, "%s", why);
	else
		claim(lab, IOCTL_ARRIVES, b->ring.info.ring_bytes == mem_page() &&
		      b->ring.info.role == SHMRING_ROLE_PRODUCER,
		      "a ring of %llu bytes, role %u",
		      (unsigned long long)b->ring.info.ring_bytes,
		      b->ring.info.role);
}

static void measure_all(struct bench *b, struct results *r)
{
	uint64_t n, repeat = b->lab->value[PARAM_REPEAT];
	int i;

	for (n = 0; n < repeat; n++)
		for (i = 0; i < NR_OPERATIONS; i++) {
			if (i == IOCTL && !b->device)
				continue;
			lab_doing(b->lab, "syscall: %s", operations[i].name);
			r->samples[i][n] = operations[i].measure(b);
		}
	for (i = 0; i < NR_OPERATIONS; i++)
		r->stats[i] = stats_of(r->samples[i], repeat);
}

static void run(struct lab *lab)
{
	struct bench b = {
		.lab = lab,
		.count = lab->value[PARAM_COUNT],
		.pages = lab->value[PARAM_SIZE] / mem_page(),
		.cpus = { proc_cpu(0), proc_cpu(1) },
	};
	static struct results r;
	const char *why;

	mem_need(lab, lab->value[PARAM_SIZE]);
	b.memory = mem_region(lab, b.pages * mem_page());
	madvise(b.memory, b.pages * mem_page(), MADV_NOHUGEPAGE);
	b.device = device_here(&why);
	if (b.device)
		device_ring(lab, &b.ring, mem_page(), SHMRING_NODE_ANY);
	cpus_pin(b.cpus[0]);
	measure_all(&b, &r);
	say_mitigations(lab);
	if (b.cpus[0] == b.cpus[1])
		lab_say(lab, "One CPU: the round trip is on it, too.");
	show(&b, &r);
	judge(&b, why);
	draw(&b, &r);
}

const struct experiment syscalls = {
	.name = "syscall",
	.what = "what entering the kernel costs, and what for",
	.about =
	"Small operations, many times each: a call that stays in user space, one that\n"
	"enters the kernel and does nothing, an ioctl of the module, a page fault, a\n"
	"switch to another process and back, a round trip by eventfd. Who enters the\n"
	"kernel is shown by strict seccomp, which kills whoever does.\n",
	.claims = claims,
	.params = {
		[PARAM_SIZE] = { "bytes to fault in", 4 << 20, 4096,
				 1ULL << 34 },
		[PARAM_COUNT] = { "calls of each measurement; a 200th of it, round trips",
				  100000, 1, 1ULL << 32 },
		[PARAM_REPEAT] = { "measurements of each time", 9, 1,
				   MAX_REPEAT },
	},
	.run = run,
};
