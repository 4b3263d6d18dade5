// SPDX-License-Identifier: MIT
/* Processes, threads and contexts: making one, switching to one, having many. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "../common/cpus.h"
#include "../common/stats.h"
#include "experiments.h"
#include "mem.h"
#include "plot.h"
#include "proc.h"
#include "table.h"

#define MAX_REPEAT	100
#define STACK		(64 << 10)
#define MANY		64	/* alive at a time, to see what one needs */
#define QUIT		'q'

enum {
	FORK_COPIES, VFORK_BORROWS, CLONE_SHARES, THREAD_SHARES, CONTEXT_STAYS,
	TWO_SWITCHES,
};

static const char *const claims[] = {
	[FORK_COPIES] = "fork: a PID of its own, and a copy of the memory",
	[VFORK_BORROWS] = "vfork: the parent's memory, and the parent waits for its end",
	[CLONE_SHARES] = "clone with CLONE_VM: a PID of its own, and the parent's memory",
	[THREAD_SHARES] = "a thread: the same PID, a TID of its own, the same memory",
	[CONTEXT_STAYS] = "a switch of contexts in user space is none to the kernel",
	[TWO_SWITCHES] = "a round trip on one CPU costs at least two switches",
	NULL
};

/* struct ends - what a child reads from and writes to */
struct ends {
	int from;
	int to;
};

/* struct one - a child of some kind; @entry gets @ends */
struct one {
	struct lab *lab;
	int (*entry)(void *ends);
	struct ends *ends;
	pid_t pid;
	pthread_t thread;
	void *stack;
};

/* What a child says of itself, where its memory is the parent's. */
static struct {
	pid_t pid;
	pid_t tid;
	int written;
} self;

static int say_who(void *ends)
{
	(void)ends;
	self.pid = getpid();
	self.tid = (pid_t)syscall(SYS_gettid);
	self.written++;
	return 0;
}

static int nothing(void *ends)
{
	(void)ends;
	return 0;
}

/* Send back each byte, until told to end. */
static int echo(void *arg)
{
	const struct ends *ends = arg;
	char c;

	while (read(ends->from, &c, 1) == 1 && c != QUIT)
		if (write(ends->to, &c, 1) != 1)
			break;
	return 0;
}

static void *make_stack(struct lab *lab)
{
	void *p = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (p == MAP_FAILED)
		lab_die(lab, "cannot map a stack: %s", strerror(errno));
	return p;
}

static void must_start(struct one *o, int err)
{
	if (err)
		lab_die(o->lab, "cannot start a child: %s", strerror(err));
}

static void fork_start(struct one *o)
{
	o->pid = fork();
	if (!o->pid)
		_exit(o->entry(o->ends));
	must_start(o, o->pid < 0 ? errno : 0);
}

static void vfork_start(struct one *o)
{
	o->pid = vfork();
	if (!o->pid)
		_exit(o->entry(o->ends));
	must_start(o, o->pid < 0 ? errno : 0);
}

/* A program can be only what it is: cat for echo, true for nothing. */
static void spawn_start(struct one *o)
{
	char *argv[] = { o->entry == echo ? "cat" : "true", NULL };
	extern char **environ;
	posix_spawn_file_actions_t actions;
	int err;

	posix_spawn_file_actions_init(&actions);
	if (o->ends) {
		posix_spawn_file_actions_adddup2(&actions, o->ends->from, 0);
		posix_spawn_file_actions_adddup2(&actions, o->ends->to, 1);
	}
	err = posix_spawnp(&o->pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	must_start(o, err);
}

static void clone_start(struct one *o)
{
	o->stack = make_stack(o->lab);
	o->pid = clone(o->entry, (char *)o->stack + STACK, CLONE_VM | SIGCHLD,
		       o->ends);
	must_start(o, o->pid < 0 ? errno : 0);
}

static void *thread_main(void *arg)
{
	struct one *o = arg;

	o->entry(o->ends);
	return NULL;
}

static void thread_start(struct one *o)
{
	must_start(o, pthread_create(&o->thread, NULL, thread_main, o));
}

static void process_join(struct one *o)
{
	while (waitpid(o->pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (o->stack)
		munmap(o->stack, STACK);
	o->stack = NULL;
}

static void thread_join(struct one *o)
{
	pthread_join(o->thread, NULL);
}

enum { FORK, VFORK, SPAWN, CLONE, THREAD, CONTEXT, NR_KINDS };

/* struct kind - @waits: its parent does until it ends, so there is only one */
static const struct kind {
	const char *name;
	const char *pid;
	const char *memory;
	void (*start)(struct one *o);
	void (*join)(struct one *o);
	bool waits;
} kinds[NR_KINDS] = {
	[FORK] = { "fork", "own", "copied", fork_start, process_join, false },
	[VFORK] = { "vfork", "own", "borrowed", vfork_start, process_join,
		    true },
	[SPAWN] = { "posix_spawn of a program", "own", "new", spawn_start,
		    process_join, false },
	[CLONE] = { "clone, CLONE_VM", "own", "shared", clone_start,
		    process_join, false },
	[THREAD] = { "pthread", "same", "shared", thread_start, thread_join,
		     false },
	[CONTEXT] = { "user-level context", "same", "shared", NULL, NULL,
		      false },
};

/*
 * struct outcome - nanoseconds, and bytes of one of many
 * @switches: of the kernel, during @trips round trips
 */
struct outcome {
	double make[MAX_REPEAT];
	double turn[MAX_REPEAT];
	struct stats made;
	struct stats turned;
	uint64_t kernel_stack;
	uint64_t page_tables;
	uint64_t anonymous;
	uint64_t switches;
	uint64_t trips;
};

static double make_and_join(struct lab *lab, const struct kind *k)
{
	struct one o = { .lab = lab, .entry = nothing };
	uint64_t i, n = lab->value[PARAM_COUNT], begun;

	fflush(NULL);
	begun = now_ns();
	for (i = 0; i < n; i++) {
		k->start(&o);
		k->join(&o);
	}
	return (double)(now_ns() - begun) / (double)n;
}

/* struct pal - a child that echoes, and the pipes to and from it */
struct pal {
	struct one one;
	struct ends ends;
	int there[2];
	int back[2];
};

static void pal_start(struct lab *lab, const struct kind *k, struct pal *p)
{
	if (pipe2(p->there, O_CLOEXEC) || pipe2(p->back, O_CLOEXEC))
		lab_die(lab, "cannot make pipes: %s", strerror(errno));
	p->ends = (struct ends){ p->there[0], p->back[1] };
	p->one = (struct one){ .lab = lab, .entry = echo, .ends = &p->ends };
	k->start(&p->one);
}

/* A byte there and back. */
static void pal_trip(struct pal *p)
{
	char c = 0;

	if (write(p->there[1], &c, 1) != 1 || read(p->back[0], &c, 1) != 1)
		lab_die(p->one.lab, "a child sent no echo");
}

static void pal_end(const struct kind *k, struct pal *p)
{
	char c = QUIT;

	if (write(p->there[1], &c, 1) != 1)
		lab_die(p->one.lab, "a child is gone");
	close(p->there[1]);
	k->join(&p->one);
	close(p->there[0]);
	close(p->back[0]);
	close(p->back[1]);
}

static uint64_t switches_of(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (uint64_t)u.ru_nvcsw + (uint64_t)u.ru_nivcsw;
}

static uint64_t switches(void)
{
	return switches_of(RUSAGE_SELF) + switches_of(RUSAGE_CHILDREN);
}

/* Both on one CPU: one switch each way. */
static double ping_pong(struct lab *lab, const struct kind *k,
			struct outcome *out)
{
	uint64_t i, trips = lab->value[PARAM_COUNT], begun;
	uint64_t before = switches();
	struct pal pal;
	double ns;

	pal_start(lab, k, &pal);
	begun = now_ns();
	for (i = 0; i < trips; i++)
		pal_trip(&pal);
	ns = (double)(now_ns() - begun) / (double)(2 * trips);
	pal_end(k, &pal);
	out->switches += switches() - before;
	out->trips += trips;
	return ns;
}

/* What 64 of them are seen to take: here, or, of kernel stacks, everywhere. */
struct use {
	uint64_t kernel_stack;
	uint64_t page_tables;
	uint64_t anonymous;
};

static uint64_t private_of(struct lab *lab, pid_t pid)
{
	struct mem_use u = mem_of_process(lab, pid);

	return u.private_clean + u.private_dirty;
}

static struct use look(struct lab *lab)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);

	/* As root: what each CPU has counted by itself is added up first. */
	if (fd >= 0) {
		if (write(fd, "1", 1) < 0)
			errno = 0;
		close(fd);
	}
	return (struct use){
		.kernel_stack = mem_info("KernelStack"),
		.page_tables = mem_status(getpid(), "VmPTE"),
		.anonymous = private_of(lab, getpid()),
	};
}

static uint64_t each(uint64_t after, uint64_t before)
{
	return after > before ? (after - before) / MANY : 0;
}

/* @child: one of them that has memory of its own, or 0 */
static void compare(struct lab *lab, struct outcome *out,
		    const struct use *before, pid_t child)
{
	struct use after = look(lab);

	out->kernel_stack = each(after.kernel_stack, before->kernel_stack);
	out->page_tables = child ? mem_status(child, "VmPTE") :
			   each(after.page_tables, before->page_tables);
	out->anonymous = child ? private_of(lab, child) :
			 each(after.anonymous, before->anonymous);
}

static void have_many(struct lab *lab, const struct kind *k,
		      struct outcome *out)
{
	static struct pal many[MANY];
	struct use before = look(lab);
	int i;

	for (i = 0; i < MANY; i++) {
		pal_start(lab, k, &many[i]);
		/* Now it waits, and has all that it needs. */
		pal_trip(&many[i]);
	}
	compare(lab, out, &before, k == &kinds[CLONE] ? 0 : many[0].one.pid);
	for (i = 0; i < MANY; i++)
		pal_end(k, &many[i]);
}

/*
 * Contexts: the same three without the kernel
 */
static ucontext_t home, away;

static void context_return(void)
{
}

static void context_echo(void)
{
	for (;;)
		swapcontext(&away, &home);
}

static void context_make(ucontext_t *c, void *stack, void (*entry)(void))
{
	getcontext(c);
	c->uc_stack.ss_sp = stack;
	c->uc_stack.ss_size = STACK;
	c->uc_link = &home;
	makecontext(c, entry, 0);
}

static double context_make_and_join(struct lab *lab)
{
	uint64_t i, n = lab->value[PARAM_COUNT], begun;
	void *stack;

	begun = now_ns();
	for (i = 0; i < n; i++) {
		stack = make_stack(lab);
		context_make(&away, stack, context_return);
		swapcontext(&home, &away);
		munmap(stack, STACK);
	}
	return (double)(now_ns() - begun) / (double)n;
}

static double context_ping_pong(struct lab *lab, struct outcome *out)
{
	uint64_t i, trips = lab->value[PARAM_COUNT], begun;
	void *stack = make_stack(lab);
	struct rusage before, after;
	double ns;

	context_make(&away, stack, context_echo);
	getrusage(RUSAGE_SELF, &before);
	begun = now_ns();
	for (i = 0; i < trips; i++)
		swapcontext(&home, &away);
	ns = (double)(now_ns() - begun) / (double)(2 * trips);
	getrusage(RUSAGE_SELF, &after);
	/* Others may want the CPU: what it gave up by itself counts. */
	out->switches += (uint64_t)(after.ru_nvcsw - before.ru_nvcsw);
	out->trips += trips;
	munmap(stack, STACK);
	return ns;
}

static void context_have_many(struct lab *lab, struct outcome *out)
{
	struct use before = look(lab);
	void *stacks[MANY];
	int i;

	for (i = 0; i < MANY; i++) {
		stacks[i] = make_stack(lab);
		context_make(&away, stacks[i], context_echo);
		swapcontext(&home, &away);
	}
	compare(lab, out, &before, 0);
	for (i = 0; i < MANY; i++)
		munmap(stacks[i], STACK);
}

static void measure(struct lab *lab, int i, struct outcome *out, uint64_t n)
{
	const struct kind *k = &kinds[i];

	lab_doing(lab, "threads: %s", k->name);
	if (i == CONTEXT) {
		out->make[n] = context_make_and_join(lab);
		out->turn[n] = context_ping_pong(lab, out);
		return;
	}
	out->make[n] = make_and_join(lab, k);
	if (!k->waits)
		out->turn[n] = ping_pong(lab, k, out);
}

static const struct column columns[] = {
	{ "what", "kind" }, { "make and join", "make_ns" },
	{ "switch", "switch_ns" }, { "PID", "pid" }, { "memory", "memory" },
	{ "of one of 64, KiB: kernel stack", "kernel_stack_bytes" },
	{ "page tables", "page_table_bytes" }, { "private", "private_bytes" },
};

static void kib(struct table *t, uint64_t bytes)
{
	table_count(t, bytes >> 10);
}

static void show(struct lab *lab, const struct outcome *all)
{
	struct table t;
	int i;

	table_begin(&t, lab, "kinds", columns, ARRAY_SIZE(columns));
	for (i = 0; i < NR_KINDS; i++) {
		table_text(&t, "%s", kinds[i].name);
		table_time(&t, all[i].made.median);
		if (kinds[i].waits)
			table_none(&t);
		else
			table_time(&t, all[i].turned.median);
		table_text(&t, "%s", kinds[i].pid);
		table_text(&t, "%s", kinds[i].memory);
		if (kinds[i].waits) {
			table_none(&t);
			table_none(&t);
			table_none(&t);
			continue;
		}
		kib(&t, all[i].kernel_stack);
		kib(&t, all[i].page_tables);
		kib(&t, all[i].anonymous);
	}
	table_end(&t);
}

/* Does a child of this kind write to the parent's memory, and who is it? */
static void judge_kind(struct lab *lab, int id, int kind, bool shares,
		       bool same_pid)
{
	struct one o = { .lab = lab, .entry = say_who };
	pid_t pid = 0;
	int seen;

	self.pid = self.tid = 0;
	self.written = 0;
	fflush(NULL);
	kinds[kind].start(&o);
	/* vfork returns when the child has ended: nothing else to wait for. */
	seen = kinds[kind].waits ? self.written : 0;
	kinds[kind].join(&o);
	if (!kinds[kind].waits)
		seen = self.written;
	pid = shares ? self.pid : o.pid;
	claim(lab, id, seen == shares && (pid == getpid()) == same_pid &&
	      (!shares || self.tid != getpid()),
	      "the parent saw %d of the child's 1 write; parent %d, child %d",
	      seen, (int)getpid(), (int)(shares ? self.tid : o.pid));
}

static void judge(struct lab *lab, const struct outcome *all)
{
	judge_kind(lab, FORK_COPIES, FORK, false, false);
	judge_kind(lab, VFORK_BORROWS, VFORK, true, false);
	judge_kind(lab, CLONE_SHARES, CLONE, true, false);
	judge_kind(lab, THREAD_SHARES, THREAD, true, true);
	claim(lab, CONTEXT_STAYS, !all[CONTEXT].switches,
	      "%llu round trips, the CPU was given up %llu times",
	      (unsigned long long)all[CONTEXT].trips,
	      (unsigned long long)all[CONTEXT].switches);
	claim(lab, TWO_SWITCHES,
	      all[FORK].switches >= 2 * all[FORK].trips &&
	      all[THREAD].switches >= 2 * all[THREAD].trips,
	      "%llu round trips: %llu switches of processes, %llu of threads",
	      (unsigned long long)all[FORK].trips,
	      (unsigned long long)all[FORK].switches,
	      (unsigned long long)all[THREAD].switches);
}

static void draw(struct lab *lab, const struct outcome *all)
{
	struct dot dots[2 * NR_KINDS];
	static char names[2 * NR_KINDS][64];
	size_t n = 0;
	int i;

	for (i = 0; i < NR_KINDS; i++) {
		snprintf(names[n], sizeof(names[n]), "%s", kinds[i].name);
		dots[n] = (struct dot){ names[n], all[i].made, false };
		n++;
		if (kinds[i].waits)
			continue;
		snprintf(names[n], sizeof(names[n]), "switch");
		dots[n] = (struct dot){ names[n], all[i].turned, true };
		n++;
	}
	plot_dots(lab, dots, n, "time of one", "make and join", "switch to it");
}

static void run(struct lab *lab)
{
	static struct outcome all[NR_KINDS];
	uint64_t n, repeat = lab->value[PARAM_REPEAT];
	int i;

	/* All on one CPU, or there is nothing to switch. */
	cpus_pin(proc_cpu(0));
	for (n = 0; n < repeat; n++)
		for (i = 0; i < NR_KINDS; i++)
			measure(lab, i, &all[i], n);
	for (i = 0; i < NR_KINDS; i++) {
		if (i == CONTEXT)
			context_have_many(lab, &all[i]);
		else if (!kinds[i].waits)
			have_many(lab, &kinds[i], &all[i]);
		all[i].made = stats_of(all[i].make, repeat);
		all[i].turned = stats_of(all[i].turn, repeat);
	}
	show(lab, all);
	judge(lab, all);
	draw(lab, all);
}

const struct experiment threads = {
	.name = "threads",
	.what = "processes, threads and contexts: to make one, to switch, to have many",
	.about =
	"Children of each kind are made and waited for; a byte goes there and back through\n"
	"pipes, both on one CPU, so that each way is a switch (the context's is a call);\n"
	"and 64 of each wait at the same time, to see what one takes: private memory and\n"
	"page tables of its own or of its process, and, as counted by the kernel for the\n"
	"whole system, so that others may disturb it, kernel stacks.\n",
	.claims = claims,
	.params = {
		[PARAM_COUNT] = { "children, and round trips, of each measurement",
				  300, 1, 1 << 24 },
		[PARAM_REPEAT] = { "measurements of each time", 5, 1,
				   MAX_REPEAT },
	},
	.run = run,
};
