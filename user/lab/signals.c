// SPDX-License-Identifier: MIT
/* Standard and real-time signals: how many arrive, in which order, how soon. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../common/cpus.h"
#include "experiments.h"
#include "plot.h"
#include "proc.h"
#include "table.h"

enum {
	COALESCES, QUEUES, IN_ORDER, LOWEST_FIRST, FULL_SAYS, FD_SAME, FD_SENDER,
};

static const char *const claims[] = {
	[COALESCES] = "a standard signal that is pending already is not delivered again",
	[QUEUES] = "a real-time signal is delivered as often as it was sent",
	[IN_ORDER] = "real-time signals arrive in order, each with its value",
	[LOWEST_FIRST] = "of several real-time signals the lowest number comes first",
	[FULL_SAYS] = "a full queue says EAGAIN to the sender and loses nothing that it took",
	[FD_SAME] = "signalfd gets the same signals in the same order as a handler",
	[FD_SENDER] = "signalfd tells who sent each",
	NULL
};

/* What one delivered signal said. */
struct delivered {
	int number;
	int value;
	pid_t from;
};

#define MAX_DELIVERED	(1 << 16)

/* Filled by the handler, which runs in this thread alone. */
static struct delivered *got;
static volatile size_t nr_got;

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (nr_got < MAX_DELIVERED)
		got[nr_got] = (struct delivered){ number,
						  info->si_value.sival_int,
						  info->si_pid };
	nr_got++;
}

static void handle(int number)
{
	struct sigaction action = { .sa_sigaction = on_signal,
				    .sa_flags = SA_SIGINFO | SA_RESTART };

	/* Not within each other: the order of arrival is the one recorded. */
	sigfillset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

static sigset_t set_of(int a, int b)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, a);
	sigaddset(&set, b);
	return set;
}

static void send_value(struct lab *lab, int number, int value)
{
	const union sigval v = { .sival_int = value };

	if (sigqueue(getpid(), number, v))
		lab_die(lab, "cannot queue a signal: %s; raise ulimit -i",
			strerror(errno));
}

/* Let in all that is pending: the handler has run when this returns. */
static size_t let_in(const sigset_t *set)
{
	nr_got = 0;
	sigprocmask(SIG_UNBLOCK, set, NULL);
	sigprocmask(SIG_BLOCK, set, NULL);
	return nr_got;
}

static const struct column count_columns[] = {
	{ "blocked, sent, then let in", "what" }, { "sent", "sent" },
	{ "delivered", "delivered" },
};

static void count_row(struct table *t, const char *what, size_t sent,
		      size_t delivered)
{
	table_text(t, "%s", what);
	table_count(t, sent);
	table_count(t, delivered);
}

static void standard(struct lab *lab, struct table *t, int n)
{
	sigset_t set = set_of(SIGUSR2, SIGUSR2);
	size_t delivered;
	int i;

	handle(SIGUSR2);
	for (i = 0; i < n; i++)
		kill(getpid(), SIGUSR2);
	delivered = let_in(&set);
	count_row(t, "SIGUSR2 by kill", (size_t)n, delivered);
	claim(lab, COALESCES, delivered == 1, "%d sent, %zu delivered", n,
	      delivered);
}

static bool counts_up(const struct delivered *d, size_t n, int number, int from)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (d[i].number != number || d[i].value != from + (int)i)
			return false;
	return true;
}

static void real_time(struct lab *lab, struct table *t, int n)
{
	sigset_t set = set_of(SIGRTMIN, SIGRTMIN);
	size_t delivered;
	int i;

	handle(SIGRTMIN);
	for (i = 0; i < n; i++)
		send_value(lab, SIGRTMIN, i);
	delivered = let_in(&set);
	count_row(t, "SIGRTMIN by sigqueue", (size_t)n, delivered);
	claim(lab, QUEUES, delivered == (size_t)n, "%d sent, %zu delivered", n,
	      delivered);
	claim(lab, IN_ORDER, delivered == (size_t)n &&
	      counts_up(got, delivered, SIGRTMIN, 0), "values 0 to %d%s", n - 1,
	      counts_up(got, delivered, SIGRTMIN, 0) ? "" : ", not in order");
}

/* The higher number is sent first each time. */
static void both(struct lab *lab, struct table *t, int n)
{
	sigset_t set = set_of(SIGRTMIN, SIGRTMIN + 1);
	siginfo_t info;
	int i, first = 0, rest = 0;

	for (i = 0; i < n; i++) {
		send_value(lab, SIGRTMIN + 1, i);
		send_value(lab, SIGRTMIN, i);
	}
	for (i = 0; i < n; i++)
		first += sigwaitinfo(&set, &info) == SIGRTMIN;
	for (i = 0; i < n; i++)
		rest += sigwaitinfo(&set, &info) == SIGRTMIN + 1;
	count_row(t, "SIGRTMIN+1 and SIGRTMIN, in turn", 2 * (size_t)n,
		  (size_t)(first + rest));
	claim(lab, LOWEST_FIRST, first == n && rest == n,
	      "%d of the first %d were SIGRTMIN, %d of the rest SIGRTMIN+1",
	      first, n, rest);
}

/* In a child, whose limit goes with it: how many went in, why no more, came out. */
static void fill_queue(size_t numbers[3])
{
	const struct rlimit few = { 16, 16 };
	sigset_t set = set_of(SIGRTMIN, SIGRTMIN);
	const union sigval v = { .sival_int = 0 };

	setrlimit(RLIMIT_SIGPENDING, &few);
	while (numbers[0] < 1000 && !sigqueue(getpid(), SIGRTMIN, v))
		numbers[0]++;
	numbers[1] = (size_t)errno;
	numbers[2] = let_in(&set);
	_exit(0);
}

static void full(struct lab *lab, struct table *t)
{
	size_t *numbers = proc_shared(lab, 3 * sizeof(*numbers));
	pid_t pid = proc_fork(lab);

	if (!pid)
		fill_queue(numbers);
	proc_reap(lab, pid);
	count_row(t, "SIGRTMIN until EAGAIN, ulimit -i 16", numbers[0],
		  numbers[2]);
	claim(lab, FULL_SAYS, numbers[1] == EAGAIN && numbers[2] == numbers[0],
	      "%zu taken, then %s; %zu delivered", numbers[0],
	      strerror((int)numbers[1]), numbers[2]);
	munmap(numbers, 3 * sizeof(*numbers));
}

static void by_descriptor(struct lab *lab, struct table *t, int n)
{
	sigset_t set = set_of(SIGRTMIN, SIGRTMIN + 1);
	int i, fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), mine = 0;
	struct signalfd_siginfo info;
	struct delivered *read_back;
	size_t delivered, by_handler;
	bool same;

	read_back = calloc((size_t)n + 1, sizeof(*read_back));
	if (fd < 0 || !read_back)
		lab_die(lab, "cannot make a signalfd: %s", strerror(errno));
	for (i = 0; i < n; i++)
		send_value(lab, SIGRTMIN + i % 2, i);
	for (delivered = 0; delivered < (size_t)n &&
	     read(fd, &info, sizeof(info)) == sizeof(info); delivered++) {
		read_back[delivered] = (struct delivered){
			(int)info.ssi_signo, info.ssi_int, (pid_t)info.ssi_pid,
		};
		mine += info.ssi_pid == (uint32_t)getpid();
	}
	handle(SIGRTMIN + 1);
	for (i = 0; i < n; i++)
		send_value(lab, SIGRTMIN + i % 2, i);
	/* A handler at a time: more signals wait while all are masked. */
	by_handler = let_in(&set);
	same = delivered == by_handler &&
	       !memcmp(read_back, got, delivered * sizeof(*got));
	count_row(t, "SIGRTMIN and SIGRTMIN+1, read from a signalfd", (size_t)n,
		  delivered);
	claim(lab, FD_SAME, same && delivered == (size_t)n,
	      "%zu by signalfd, %zu by a handler, %s", delivered, by_handler,
	      same ? "the same" : "different");
	claim(lab, FD_SENDER, mine == n, "%d of %d from this process", mine, n);
	free(read_back);
	close(fd);
}

/*
 * Latency: to a child and back, in nanoseconds of a round trip
 */
enum way { HANDLER, WAITINFO, SIGNALFD, NR_WAYS };

static const char *const way_names[NR_WAYS] = {
	"handler", "sigwaitinfo", "signalfd",
};

/* The parent's and the child's, chosen before either is pinned. */
static unsigned int cpus[2];

/* struct side - of a child and its parent, which do the same */
struct side {
	enum way way;
	sigset_t set;
	sigset_t while_waiting;
	int fd;
};

static void side_begin(struct lab *lab, struct side *s, enum way way)
{
	s->way = way;
	s->set = set_of(SIGRTMIN, SIGRTMIN);
	s->fd = -1;
	sigprocmask(SIG_BLOCK, &s->set, &s->while_waiting);
	sigdelset(&s->while_waiting, SIGRTMIN);
	handle(SIGRTMIN);
	if (way == SIGNALFD)
		s->fd = signalfd(-1, &s->set, SFD_CLOEXEC);
	if (way == SIGNALFD && s->fd < 0)
		lab_die(lab, "cannot make a signalfd: %s", strerror(errno));
}

/* The next signal, by the way that is being measured. */
static void side_wait(const struct side *s)
{
	struct signalfd_siginfo info;

	if (s->way == HANDLER)
		sigsuspend(&s->while_waiting);
	else if (s->way == WAITINFO)
		sigwaitinfo(&s->set, NULL);
	else if (read(s->fd, &info, sizeof(info)) != sizeof(info))
		_exit(1);
}

static void answer(struct lab *lab, enum way way, uint64_t trips)
{
	const union sigval v = { .sival_int = 0 };
	struct side s;

	side_begin(lab, &s, way);
	cpus_pin(cpus[1]);
	nr_got = 0;
	/* Ready. */
	sigqueue(getppid(), SIGRTMIN, v);
	while (trips--) {
		side_wait(&s);
		sigqueue(getppid(), SIGRTMIN, v);
	}
	_exit(0);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void latency(struct lab *lab, enum way way, double *ns, uint64_t trips)
{
	const union sigval v = { .sival_int = 0 };
	uint64_t i, begun;
	struct side s;
	pid_t pid;

	lab_doing(lab, "signal: latency of a %s", way_names[way]);
	side_begin(lab, &s, way);
	nr_got = 0;
	pid = proc_fork(lab);
	if (!pid)
		answer(lab, way, trips);
	cpus_pin(cpus[0]);
	side_wait(&s);
	for (i = 0; i < trips; i++) {
		begun = now_ns();
		sigqueue(pid, SIGRTMIN, v);
		side_wait(&s);
		ns[i] = (double)(now_ns() - begun);
		nr_got = 0;
	}
	proc_reap(lab, pid);
	if (s.fd >= 0)
		close(s.fd);
	qsort(ns, trips, sizeof(*ns), by_value);
}

static const struct column latency_columns[] = {
	{ "there and back by", "way" }, { "least", "ns_min" },
	{ "median", "ns_median" }, { "90%", "ns_p90" }, { "99%", "ns_p99" },
	{ "most", "ns_max" },
};

static void show_latency(struct lab *lab, double *const ns[NR_WAYS],
			 uint64_t trips)
{
	struct table t;
	int way;

	table_begin(&t, lab, "latency", latency_columns,
		    ARRAY_SIZE(latency_columns));
	for (way = 0; way < NR_WAYS; way++) {
		table_text(&t, "%s", way_names[way]);
		table_time(&t, ns[way][0]);
		table_time(&t, ns[way][trips / 2]);
		table_time(&t, ns[way][trips * 9 / 10]);
		table_time(&t, ns[way][trips * 99 / 100]);
		table_time(&t, ns[way][trips - 1]);
	}
	table_end(&t);
}

/* Each hundredth of the round trips. */
static void draw(struct lab *lab, double *const ns[NR_WAYS], uint64_t trips)
{
	FILE *plot = plot_begin(lab, 800, 480);
	int way, percent;

	if (!plot)
		return;
	for (way = 0; way < NR_WAYS; way++) {
		fprintf(plot, "$way%d << END\n", way);
		for (percent = 0; percent <= 100; percent++)
			fprintf(plot, "%f %d\n", ns[way][(trips - 1) *
				(uint64_t)percent / 100] / 1000, percent);
		fprintf(plot, "END\n");
	}
	fprintf(plot, "set logscale x\nset xlabel 'microseconds, there and back'\n"
		"set ylabel '%% of the round trips that took no longer'\n"
		"set key bottom right\nset rmargin 5\nset title 'Delivery of a signal to another process'\n"
		"plot ");
	for (way = 0; way < NR_WAYS; way++)
		fprintf(plot, "%s$way%d u 1:2 w lines lw 2 lc rgb '%s' t '%s'",
			way ? ", " : "", way,
			way == HANDLER ? "#d95f02" : way == WAITINFO ?
			"#1b9e77" : "#1f78b4", way_names[way]);
	fputc('\n', plot);
	plot_end(lab, plot);
}

static void deliver(struct lab *lab)
{
	int n = (int)lab->value[PARAM_COUNT];
	struct table t;

	table_begin(&t, lab, "delivered", count_columns,
		    ARRAY_SIZE(count_columns));
	standard(lab, &t, n);
	real_time(lab, &t, n);
	both(lab, &t, n);
	full(lab, &t);
	by_descriptor(lab, &t, n);
	table_end(&t);
}

static void run(struct lab *lab)
{
	uint64_t trips = lab->value[PARAM_REPEAT];
	double *ns[NR_WAYS];
	sigset_t set;
	int way;

	set = set_of(SIGRTMIN, SIGRTMIN + 1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	cpus[0] = proc_cpu(0);
	cpus[1] = proc_cpu(1);
	got = calloc(MAX_DELIVERED, sizeof(*got));
	if (!got)
		lab_die(lab, "no memory for the signals");
	deliver(lab);
	for (way = 0; way < NR_WAYS; way++) {
		ns[way] = calloc(trips, sizeof(*ns[way]));
		if (!ns[way])
			lab_die(lab, "no memory for %llu times",
				(unsigned long long)trips);
		latency(lab, way, ns[way], trips);
	}
	show_latency(lab, ns, trips);
	draw(lab, ns, trips);
	for (way = 0; way < NR_WAYS; way++)
		free(ns[way]);
	free(got);
}

const struct experiment signals = {
	.name = "signal",
	.what = "standard and real-time signals: how many arrive, in which order, how soon",
	.about =
	"A process blocks signals, sends them to itself, and lets them in: standard ones,\n"
	"real-time ones with values, two kinds in turn, more than the queue takes; by a\n"
	"handler and by signalfd. Then a signal goes to another process and one comes\n"
	"back, on two CPUs if there are two.\n",
	.claims = claims,
	.params = {
		[PARAM_COUNT] = { "signals of each kind", 100, 2, 10000 },
		[PARAM_REPEAT] = { "round trips", 2000, 1, 1 << 24 },
	},
	.run = run,
};
