// SPDX-License-Identifier: MIT
/*
 * The process that watches: it makes the workers, and makes them again when they
 * die; keeps the corpus; and reads the kernel's log, so that what the workers
 * did when the kernel complained is printed while it still can be.
 */
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run.h"
#include "watch.h"

#define NAP_NS		50000000L
#define HANG_S		60
#define DEATH_S		20

#define COMPLAINT	"BUG:|WARNING:|KASAN|UBSAN|KCSAN|Oops|general protection" \
			"|possible .* deadlock|lockdep|suspicious RCU|INFO: task" \
			"|refcount_t|Bad page|unable to handle|inconsistent lock" \
			"|kobject_add|duplicate filename|sleeping function|stall"

/* A race of the kernel with itself: ours have the module in brackets. */
#define NOT_OURS	"BUG: KCSAN: [^[]*$"

/* struct watch - how far each worker was when it last got on */
struct watch {
	struct fuzz_shared *shared;
	int kmsg;
	regex_t complaint;
	regex_t not_ours;
	bool save;
	long start;
	struct {
		uint64_t mark;
		long since;
	} worker[FUZZ_WORKERS];
};

static long seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

void fuzz_count(struct fuzz_shared *shared, uint64_t *calls, uint64_t *programs)
{
	unsigned int i;

	*calls = *programs = 0;
	for (i = 0; i < shared->workers; i++) {
		*calls += atomic_load(&shared->worker[i].calls);
		*programs += atomic_load(&shared->worker[i].programs);
	}
}

void fuzz_broken(struct fuzz_shared *shared, const char *fmt, ...)
{
	va_list args;

	if (atomic_exchange(&shared->broken, true))
		return;
	va_start(args, fmt);
	vsnprintf(shared->why, sizeof(shared->why), fmt, args);
	va_end(args);
	atomic_store(&shared->stop, true);
}

static void start_worker(struct fuzz_shared *shared, unsigned int i)
{
	pid_t pid = fork();

	if (!pid)
		fuzz_work(shared, i);
	if (pid < 0)
		fuzz_broken(shared, "cannot fork: %s", strerror(errno));
	shared->worker[i].pid = pid > 0 ? pid : 0;
}

/* What the workers did last, the last of all at the end. */
static void print_log(struct fuzz_shared *shared)
{
	struct fuzz_worker *w;
	uint64_t index, last;
	unsigned int i;

	printf("# %s\n", shared->why);
	for (i = 0; i < shared->workers; i++) {
		w = &shared->worker[i];
		last = atomic_load(&w->index);
		index = last > FUZZ_LOG ? last - FUZZ_LOG : 0;
		for (; index < last; index++) {
			printf("# worker %u, %u-%llx-%x%s\n", i, i,
			       (unsigned long long)index, w->corpus,
			       index + 1 == last ? ", its last" : "");
			fuzz_print(stdout, &w->log[index % FUZZ_LOG]);
		}
		printf("# worker %u was at step %u\n", i,
		       atomic_load(&w->at) + 1);
	}
	fflush(stdout);
}

static bool is_complaint(const struct watch *w, const char *line)
{
	return !regexec(&w->complaint, line, 0, NULL, 0) &&
	       regexec(&w->not_ours, line, 0, NULL, 0);
}

static void read_kmsg(struct watch *w)
{
	char line[2048];
	ssize_t n;

	if (w->kmsg < 0)
		return;
	while ((n = read(w->kmsg, line, sizeof(line) - 1)) > 0 ||
	       (n < 0 && errno == EPIPE)) {
		if (n < 0)
			continue;
		line[n] = '\0';
		line[strcspn(line, "\n")] = '\0';
		if (is_complaint(w, line))
			fuzz_broken(w->shared, "the kernel says: %.200s",
				    strchr(line, ';') ? strchr(line, ';') + 1 :
							line);
	}
}

/* A program that reached something new. */
static void read_news(struct watch *w)
{
	struct fuzz_shared *shared = w->shared;
	unsigned int n = atomic_load(&shared->corpus_n);

	while (n < FUZZ_CORPUS &&
	       recv(shared->news[1], &shared->corpus[n],
		    sizeof(*shared->corpus), MSG_DONTWAIT) > 0) {
		if (w->save)
			fuzz_print(stdout, &shared->corpus[n]);
		atomic_store(&shared->corpus_n, ++n);
	}
}

/* Workers kill themselves at times; any other end is wrong. */
static void reap(struct watch *w)
{
	struct fuzz_shared *shared = w->shared;
	int status, sig;
	unsigned int i;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < shared->workers; i++)
			if (shared->worker[i].pid == pid)
				break;
		if (i == shared->workers)
			continue;
		shared->worker[i].pid = 0;
		sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
		if (sig != SIGKILL && sig != SIGTERM && status)
			fuzz_broken(shared, "worker %u ended with status %#x", i,
				    status);
		if (sig && !atomic_load(&shared->stop))
			start_worker(shared, i);
	}
}

static unsigned int alive(const struct fuzz_shared *shared)
{
	unsigned int i, n = 0;

	for (i = 0; i < shared->workers; i++)
		n += shared->worker[i].pid > 0;
	return n;
}

/* Where in the kernel a worker is that does not end. */
static void print_stack(pid_t pid)
{
	char path[32], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stack", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		printf("# %s", line);
	if (f)
		fclose(f);
}

static void tell_hang(struct fuzz_shared *shared, unsigned int i, const char *how)
{
	struct fuzz_worker *w = &shared->worker[i];

	fuzz_broken(shared, "worker %u %s, in step %u of program %u-%llx-%x", i,
		    how, atomic_load(&w->at) + 1, i,
		    (unsigned long long)atomic_load(&w->index) - 1, w->corpus);
	print_stack(w->pid);
}

/* Each call of a worker is interrupted after a moment, so each gets on. */
static void look_for_hang(struct watch *w)
{
	struct fuzz_shared *shared = w->shared;
	long now = seconds_now();
	struct fuzz_worker *worker;
	unsigned int i;
	uint64_t mark;

	for (i = 0; i < shared->workers; i++) {
		worker = &shared->worker[i];
		mark = atomic_load(&worker->calls) << 8 ^
		       atomic_load(&worker->at) ^ (uint64_t)worker->pid << 40;
		if (mark != w->worker[i].mark) {
			w->worker[i].mark = mark;
			w->worker[i].since = now;
		} else if (now - w->worker[i].since > HANG_S &&
			   worker->pid > 0) {
			tell_hang(shared, i, "hangs");
		}
	}
}

static void show_progress(struct watch *w)
{
	static long last;
	long now = seconds_now();
	uint64_t calls, programs;

	if (!isatty(STDERR_FILENO) || now == last)
		return;
	last = now;
	fuzz_count(w->shared, &calls, &programs);
	fprintf(stderr, "\r%ld s, %llu calls, %llu programs, %u kept ",
		now - w->start, (unsigned long long)calls,
		(unsigned long long)programs,
		atomic_load(&w->shared->corpus_n) - w->shared->loaded);
}

static void look(struct watch *w)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };

	read_kmsg(w);
	read_news(w);
	reap(w);
	look_for_hang(w);
	show_progress(w);
	nanosleep(&nap, NULL);
}

/* All must be able to end, each within its own time. */
static void stop_workers(struct watch *w)
{
	struct fuzz_shared *shared = w->shared;
	long end = seconds_now() + DEATH_S;
	unsigned int i;

	atomic_store(&shared->stop, true);
	while (alive(shared) && seconds_now() < end &&
	       !atomic_load(&shared->broken))
		look(w);
	for (i = 0; i < shared->workers; i++)
		if (shared->worker[i].pid > 0)
			kill(shared->worker[i].pid, SIGKILL);
	end = seconds_now() + DEATH_S;
	while (alive(shared) && seconds_now() < end)
		look(w);
	for (i = 0; i < shared->workers; i++)
		if (shared->worker[i].pid > 0)
			tell_hang(shared, i, "cannot be killed");
}

static bool is_over(struct watch *w, long seconds)
{
	struct fuzz_shared *shared = w->shared;
	uint64_t calls, programs;

	fuzz_count(shared, &calls, &programs);
	return atomic_load(&shared->stop) || !alive(shared) ||
	       (seconds && seconds_now() - w->start >= seconds) ||
	       (shared->limit && calls >= shared->limit);
}

void fuzz_watch(struct fuzz_shared *shared, long seconds, bool save)
{
	struct watch w = { .shared = shared, .save = save };
	unsigned int i;

	w.start = seconds_now();
	w.kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (w.kmsg >= 0)
		lseek(w.kmsg, 0, SEEK_END);
	regcomp(&w.complaint, COMPLAINT, REG_EXTENDED | REG_NOSUB);
	regcomp(&w.not_ours, NOT_OURS, REG_EXTENDED | REG_NOSUB);
	for (i = 0; i < shared->workers; i++) {
		w.worker[i].since = w.start;
		start_worker(shared, i);
	}
	while (!is_over(&w, seconds))
		look(&w);
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	/* At once: who knows how much longer the kernel goes on. */
	if (atomic_load(&shared->broken))
		print_log(shared);
	stop_workers(&w);
	regfree(&w.not_ours);
	regfree(&w.complaint);
}
