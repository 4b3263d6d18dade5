// SPDX-License-Identifier: MIT
/* Increments of a counter in a file, and what becomes of a dead holder's lock. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../common/stats.h"
#include "experiments.h"
#include "locks.h"
#include "plot.h"
#include "proc.h"
#include "table.h"

#define MAX_LOCKS	16
#define MAX_REPEAT	100

/* Rounds after which a counter without a lock must have lost an update. */
#define MAX_ROUNDS	200

/* How long a stuck lock is waited for, before it is called stuck. */
#define GIVE_UP_NS	100000000

enum {
	UNLOCKED_LOSES, TESTED_LOSES, EXACT, FREED_BY_DEATH, STUCK_FOR_EVER,
	SAYS_OWNER_DEAD,
};

static const char *const claims[] = {
	[UNLOCKED_LOSES] = "without a lock updates are lost",
	[TESTED_LOSES] = "a lock file that is tested for and then made loses updates",
	[EXACT] = "no real lock loses an update",
	[FREED_BY_DEATH] = "flock, fcntl and OFD locks and SEM_UNDO are freed when their holder is killed",
	[STUCK_FOR_EVER] = "lock files, semaphores and plain mutexes stay taken when their holder is killed",
	[SAYS_OWNER_DEAD] = "a robust mutex goes to the next one, who is told EOWNERDEAD",
	NULL
};

/* struct job - @file is the counter's; @failed: what a worker met, an errno */
struct job {
	const struct lock *lock;
	const struct locks *locks;
	const char *file;
	uint64_t count;
	int *failed;
};

/*
 * struct outcome - of one lock
 * @lost: updates, in all rounds; @rounds: how many those were
 * @after_death: what a try said once the holder was gone
 * @still_stuck: and it did not come free while it was waited for
 */
struct outcome {
	double samples[MAX_REPEAT];
	size_t nr;
	struct stats stats;
	uint64_t lost;
	uint64_t rounds;
	int after_death;
	bool still_stuck;
};

/* One update, by three calls between which anything may happen. */
static int increment_file(int fd, bool yield)
{
	uint64_t value;

	if (pread(fd, &value, sizeof(value), 0) != sizeof(value))
		return -EIO;
	/* Without a lock, so that one CPU shows it too. */
	if (yield)
		sched_yield();
	value++;
	return pwrite(fd, &value, sizeof(value), 0) == sizeof(value) ? 0 : -EIO;
}

static void work(void *arg, unsigned int me)
{
	struct job *j = arg;
	int counter = open(j->file, O_RDWR | O_CLOEXEC);
	int fd = j->lock->open(j->locks), err = 0;
	uint64_t i;

	(void)me;
	for (i = 0; !err && i < j->count; i++) {
		err = j->lock->take(j->locks, fd);
		if (err)
			break;
		err = increment_file(counter, !j->lock->excludes);
		j->lock->leave(j->locks, fd);
	}
	if (err)
		__atomic_store_n(j->failed, -err, __ATOMIC_RELAXED);
	close(fd);
	close(counter);
}

static uint64_t read_counter(struct lab *lab, const char *path, bool reset)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	uint64_t value = 0;

	if (fd < 0 || (reset && pwrite(fd, &value, sizeof(value), 0) < 0) ||
	    pread(fd, &value, sizeof(value), 0) != sizeof(value))
		lab_die(lab, "cannot use %s: %s", path, strerror(errno));
	close(fd);
	return value;
}

/* All workers, once; how many updates were lost. */
static uint64_t round_of(struct lab *lab, struct job *j, struct outcome *o)
{
	uint64_t workers = lab->value[PARAM_WORKERS];
	struct crew crew = { true, (unsigned int)workers, work, j };
	double ns;

	read_counter(lab, j->file, true);
	ns = crew_run(lab, &crew);
	if (*j->failed)
		lab_die(lab, "%s: %s", j->lock->name, strerror(*j->failed));
	if (o->nr < lab->value[PARAM_REPEAT])
		o->samples[o->nr++] = ns / (double)(workers * j->count);
	o->rounds++;
	return workers * j->count - read_counter(lab, j->file, false);
}

static void count(struct lab *lab, struct job *j, struct outcome *o)
{
	lab_doing(lab, "mutex: %s", j->lock->name);
	o->lost += round_of(lab, j, o);
}

/* A lost update is a matter of chance: as often as it takes, within bounds. */
static void count_until_lost(struct lab *lab, struct job *j, struct outcome *o)
{
	while (!o->lost && o->rounds < MAX_ROUNDS)
		count(lab, j, o);
}

/* Take the lock, say so, and hold it. */
static void __attribute__((noreturn))
hold(const struct job *j, int say)
{
	int fd = j->lock->open(j->locks);

	if (j->lock->take(j->locks, fd) || write(say, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* What a process finds that tries the lock after its holder was killed. */
static void try_it(const struct job *j, struct outcome *shared)
{
	uint64_t begun = now_ns();
	int fd = j->lock->open(j->locks);

	shared->after_death = j->lock->try(j->locks, fd);
	shared->still_stuck = shared->after_death == -EBUSY;
	while (shared->still_stuck && now_ns() - begun < GIVE_UP_NS) {
		sched_yield();
		shared->still_stuck = j->lock->try(j->locks, fd) == -EBUSY;
	}
	if (!shared->still_stuck)
		j->lock->leave(j->locks, fd);
	_exit(0);
}

static void kill_holder(struct lab *lab, const struct job *j)
{
	int ends[2], status;
	pid_t pid;
	char c;

	if (pipe2(ends, O_CLOEXEC))
		lab_die(lab, "cannot make a pipe: %s", strerror(errno));
	pid = proc_fork(lab);
	if (!pid) {
		close(ends[0]);
		hold(j, ends[1]);
	}
	close(ends[1]);
	if (read(ends[0], &c, 1) != 1)
		lab_die(lab, "%s cannot be taken", j->lock->name);
	close(ends[0]);
	kill(pid, SIGKILL);
	/* Once it is reaped the kernel has let go of all that it had. */
	waitpid(pid, &status, 0);
}

static void after_death(struct lab *lab, struct job *j, struct outcome *o)
{
	struct outcome *shared = proc_shared(lab, sizeof(*shared));
	pid_t pid;

	lab_doing(lab, "mutex: %s, its holder killed", j->lock->name);
	kill_holder(lab, j);
	pid = proc_fork(lab);
	if (!pid)
		try_it(j, shared);
	proc_reap(lab, pid);
	o->after_death = shared->after_death;
	o->still_stuck = shared->still_stuck;
	munmap(shared, sizeof(*shared));
}

static const char *death_text(const struct lock *l, const struct outcome *o)
{
	if (!l->excludes && l->survives == FREED)
		return "-";
	if (o->after_death == -EOWNERDEAD)
		return "EOWNERDEAD, then its own";
	if (o->still_stuck)
		return "still taken after 100 ms";
	return o->after_death ? strerror(-o->after_death) : "free";
}

static const struct column columns[] = {
	{ "counter in a file", "lock" }, { "per increment", "ns" },
	{ "least", "ns_min" }, { "most", "ns_max" },
	{ "lost updates", "lost" }, { "of", "increments" },
	{ "holder killed", "after_death" },
};

static void show(struct lab *lab, const struct outcome *all)
{
	struct table t;
	size_t i;

	table_begin(&t, lab, "locks", columns, ARRAY_SIZE(columns));
	for (i = 0; i < nr_locks; i++) {
		table_text(&t, "%s", locks[i].name);
		table_time(&t, all[i].stats.median);
		table_time(&t, all[i].stats.min);
		table_time(&t, all[i].stats.max);
		table_count(&t, all[i].lost);
		table_count(&t, all[i].rounds * lab->value[PARAM_COUNT] *
			    lab->value[PARAM_WORKERS]);
		table_text(&t, "%s", death_text(&locks[i], &all[i]));
	}
	table_end(&t);
}

static void judge_losses(struct lab *lab, const struct outcome *all)
{
	static const int ids[] = { UNLOCKED_LOSES, TESTED_LOSES };
	uint64_t lost = 0;
	size_t i;

	/* The first two of the table are those that do not exclude. */
	for (i = 0; i < 2; i++)
		if (lab->value[PARAM_WORKERS] == 1)
			claim_skip(lab, ids[i], "one worker has nobody to lose to");
		else
			claim(lab, ids[i], all[i].lost,
			      "%llu updates lost within %llu rounds",
			      (unsigned long long)all[i].lost,
			      (unsigned long long)all[i].rounds);
	for (; i < nr_locks; i++)
		lost += all[i].lost;
	claim(lab, EXACT, !lost, "%zu locks, %llu updates lost", nr_locks - 2,
	      (unsigned long long)lost);
}

static void judge_deaths(struct lab *lab, const struct outcome *all)
{
	static const struct {
		int id;
		int survives;
	} kinds[] = {
		{ FREED_BY_DEATH, FREED },
		{ STUCK_FOR_EVER, STUCK },
		{ SAYS_OWNER_DEAD, OWNER_DEAD },
	};
	size_t i, k, as_claimed, nr;
	char bad[160];

	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		as_claimed = nr = 0;
		*bad = 0;
		/* All but the first, which is no lock. */
		for (i = 1; i < nr_locks; i++) {
			const struct outcome *o = &all[i];
			int is = o->after_death == -EOWNERDEAD ? OWNER_DEAD :
				 o->still_stuck ? STUCK : FREED;

			if ((int)locks[i].survives != kinds[k].survives)
				continue;
			nr++;
			as_claimed += is == kinds[k].survives;
			if (is != kinds[k].survives)
				snprintf(bad, sizeof(bad), "; not so: %s: %s",
					 locks[i].name,
					 death_text(&locks[i], o));
		}
		claim(lab, kinds[k].id, as_claimed == nr, "%zu of %zu%s",
		      as_claimed, nr, bad);
	}
}

static void draw(struct lab *lab, const struct outcome *all)
{
	struct dot dots[MAX_LOCKS];
	size_t i;

	for (i = 0; i < nr_locks; i++)
		dots[i] = (struct dot){ locks[i].name, all[i].stats,
					all[i].lost };
	plot_dots(lab, dots, nr_locks, "per increment of a counter in a file",
		  "exact", "lost updates");
}

static void run(struct lab *lab)
{
	static struct outcome all[MAX_LOCKS];
	struct locks l;
	struct job job = { .locks = &l, .count = lab->value[PARAM_COUNT] };
	char path[4200];
	uint64_t n;
	size_t i;

	snprintf(path, sizeof(path), "%s/counter", lab->dir);
	job.file = path;
	job.failed = proc_shared(lab, sizeof(*job.failed));
	locks_make(lab, &l);
	for (n = 0; n < lab->value[PARAM_REPEAT]; n++)
		for (i = 0; i < nr_locks; i++) {
			job.lock = &locks[i];
			count(lab, &job, &all[i]);
			locks_reset(&l);
		}
	for (i = 0; i < nr_locks; i++) {
		job.lock = &locks[i];
		if (!job.lock->excludes && lab->value[PARAM_WORKERS] > 1)
			count_until_lost(lab, &job, &all[i]);
		if (i)
			after_death(lab, &job, &all[i]);
		locks_reset(&l);
		all[i].stats = stats_of(all[i].samples, all[i].nr);
	}
	locks_drop(lab, &l);
	show(lab, all);
	judge_losses(lab, all);
	judge_deaths(lab, all);
	draw(lab, all);
}

const struct experiment mutex = {
	.name = "mutex",
	.what = "a counter in a file under every lock there is, and holders that die",
	.about =
	"Processes increment a counter in a file: read it, add one, write it back. Under\n"
	"each kind of lock: what it costs, and how many updates were lost. Those that do\n"
	"not exclude each other yield at the worst moment, and go on until an update is\n"
	"lost, at most 200 rounds. Then each lock's holder is killed with SIGKILL, and\n"
	"another process tries to take it.\n",
	.claims = claims,
	.params = {
		[PARAM_COUNT] = { "increments of each process", 1000, 1,
				  1 << 24 },
		[PARAM_REPEAT] = { "measurements of each time", 3, 1,
				   MAX_REPEAT },
		[PARAM_WORKERS] = { "processes", 2, 1, 64 },
	},
	.files = true,
	.run = run,
};
