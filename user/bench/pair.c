// SPDX-License-Identifier: MIT
/* One measurement: channels, processes, and what is to be said of their end. */
#include "pair.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "../common/clock.h"
#include "../common/cpus.h"
#include "rounds.h"
#include "watch.h"

/* Without a result for so long, something hangs: that is a failure. */
#define HANG_S	10

void pair_block_signals(void)
{
	watch_block_signals();
}

/* The name of a process, for messages. */
static void who_text(const struct pair *p, unsigned int who, char text[32])
{
	if (p->test->round_trip)
		snprintf(text, 32, "the %s", who == LEADER ? "caller" :
							     "answerer");
	else if (who == LEADER)
		snprintf(text, 32, "the consumer");
	else if (p->cell->shape.producers == 1)
		snprintf(text, 32, "the producer");
	else
		snprintf(text, 32, "producer %u", who);
}

static void complain(struct pair *p, int rc)
{
	struct channel *ch = p->there.bad_seq || p->there.why[0] ? &p->there :
								   &p->back;
	char *said = p->ctl->party[p->me].said;

	if (rc == -EILSEQ)
		snprintf(said, WHY_MAX,
			 "message %llu is not what was sent: lost, repeated or damaged",
			 (unsigned long long)ch->bad_seq);
	else
		snprintf(said, WHY_MAX, "%s", ch->why[0] ? ch->why :
						   strerror(-rc));
}

static int join(struct channel *ch, enum side side)
{
	return ch->transport->join ? ch->transport->join(ch, side) : 0;
}

static int join_all(struct pair *p)
{
	bool sends = p->test->round_trip == (p->me == LEADER);
	int rc = join(&p->there, sends ? SIDE_PRODUCER : SIDE_CONSUMER);

	if (rc || !p->test->round_trip)
		return rc;
	return join(&p->back, sends ? SIDE_CONSUMER : SIDE_PRODUCER);
}

/* The producer and the one that calls are on the first CPU. */
static unsigned int cpu_of(const struct pair *p)
{
	const unsigned int *cpus = p->cell->cpus;

	if (p->cell->shape.producers > 1 && p->me != LEADER)
		return cpus_beside(cpus[1], cpus[0], p->me - 1);
	return cpus[p->test->round_trip == (p->me != LEADER)];
}

static int child(struct pair *p, bool traced)
{
	int rc;

	/* A peer that is gone is an error, not the end. */
	signal(SIGPIPE, SIG_IGN);
	rc = cpus_pin(cpu_of(p));
	if (!rc && traced)
		trace_me(&p->ctl->party[p->me].traced);
	if (!rc)
		rc = join_all(p);
	if (!rc)
		rc = rounds_run(p);
	if (rc)
		complain(p, rc);
	return rc;
}

static pid_t start(struct pair *p, unsigned int who, bool traced)
{
	pid_t pid = watch_fork();

	if (pid)
		return pid;
	p->me = who;
	_exit(child(p, traced) ? 1 : 0);
}

/* All are gone: what was it? A death that nobody ordered comes first. */
static enum pair_end judge(const struct pair *p, const struct watch *w,
			   char why[WHY_MAX])
{
	const char *said;
	char who[32];
	unsigned int i;

	for (i = 0; i < w->nr; i++)
		if (watch_was_killed(w, i)) {
			who_text(p, i, who);
			snprintf(why, WHY_MAX, "%s was killed by signal %d (%s)",
				 who, WTERMSIG(w->status[i]),
				 strsignal(WTERMSIG(w->status[i])));
			return PAIR_FAILED;
		}
	for (i = 0; i < w->nr; i++)
		if (WIFEXITED(w->status[i]) && WEXITSTATUS(w->status[i])) {
			who_text(p, i, who);
			said = p->ctl->party[i].said;
			snprintf(why, WHY_MAX, "%s: %.160s", who,
				 said[0] ? said : "it exited");
			return PAIR_FAILED;
		}
	return PAIR_OK;
}

static enum pair_end run(struct pair *p, bool traced, char why[WHY_MAX])
{
	struct watch w = { .nr = 0 };
	unsigned int who, nr = 1 + p->cell->shape.producers;
	enum pair_end end;
	int err = 0;
	pid_t pid;

	for (who = 0; who < nr; who++) {
		pid = start(p, who, traced);
		if (pid < 0) {
			err = errno;
			watch_kill(&w);
			break;
		}
		watch_add(&w, pid, &p->ctl->party[who].traced);
	}
	end = watch_run(&w, HANG_S + p->goal_ns / NS_PER_S * 10, why);
	if (end != PAIR_OK)
		return end;
	if (err) {
		snprintf(why, WHY_MAX, "cannot fork: %s", strerror(err));
		return PAIR_FAILED;
	}
	return judge(p, &w, why);
}

static int open_channels(struct pair *p)
{
	int rc;

	if (!p->test->round_trip)
		return channel_open(&p->there, p->cell, NULL);
	rc = channel_open(&p->there, p->cell, &p->back);
	return rc ? rc : channel_open(&p->back, p->cell, &p->there);
}

static void close_channels(struct pair *p)
{
	p->cell->transport->close(&p->there);
	/* Where the first could not be opened, there is no second. */
	if (p->back.transport)
		p->cell->transport->close(&p->back);
}

static struct control *control_new(unsigned int parties)
{
	struct control *ctl = mmap(NULL, sizeof(*ctl), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t attr;

	if (ctl == MAP_FAILED)
		return NULL;
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&ctl->meet, &attr, parties);
	pthread_barrierattr_destroy(&attr);
	return ctl;
}

/* What the processes left in the control goes to the cell. */
static void collect(struct cell *c, const struct control *ctl)
{
	unsigned int i;

	c->samples[c->nr++] = ctl->result;
	c->messages += ctl->messages;
	c->achieved = ctl->achieved;
	for (i = 0; i <= c->shape.producers; i++)
		usage_add(&c->used, &ctl->party[i].used);
	if (c->hist)
		hist_merge(c->hist, &ctl->hist);
}

static void collect_calls(struct cell *c, const struct control *ctl)
{
	uint64_t calls = 0, sleeps = 0;
	unsigned int i;

	for (i = 0; i <= c->shape.producers; i++) {
		if (ctl->party[i].traced.impossible)
			return;
		calls += ctl->party[i].traced.calls;
		sleeps += ctl->party[i].used.voluntary_switches;
	}
	/* Being traced is a switch at both ends of a call. */
	sleeps -= sleeps < 2 * calls ? sleeps : 2 * calls;
	c->syscalls = (double)calls / (double)ctl->messages;
	c->traced_sleeps = (double)sleeps / (double)ctl->messages;
}

static enum pair_end measure(struct cell *c, uint64_t duration_ms, bool traced,
			     char why[WHY_MAX])
{
	struct pair p = {
		.cell = c,
		.test = &tests[c->shape.test],
		.loops = c->shape.test == TEST_WAKEUP ? c->transport->asleep :
							c->transport->loops,
		.goal_ns = duration_ms * NS_PER_MS,
		.ctl = control_new(1 + c->shape.producers),
	};
	enum pair_end end = PAIR_FAILED;
	const char *said;
	int rc;

	if (!p.ctl) {
		snprintf(why, WHY_MAX, "no shared memory: %s", strerror(errno));
		return PAIR_FAILED;
	}
	rc = open_channels(&p);
	if (rc) {
		said = p.there.why[0] ? p.there.why : p.back.why;
		snprintf(why, WHY_MAX, "%s", said[0] ? said : strerror(-rc));
	} else {
		end = run(&p, traced, why);
	}
	if (end == PAIR_OK)
		(traced ? collect_calls : collect)(c, p.ctl);
	close_channels(&p);
	munmap(p.ctl, sizeof(*p.ctl));
	return end;
}

enum pair_end pair_measure(struct cell *c, uint64_t duration_ms,
			   char why[WHY_MAX])
{
	return measure(c, duration_ms, false, why);
}

enum pair_end pair_count(struct cell *c, uint64_t duration_ms,
			 char why[WHY_MAX])
{
	return measure(c, duration_ms, true, why);
}
