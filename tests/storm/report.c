// SPDX-License-Identifier: MIT
/* TAP; progress on a terminal; and what a failure leaves to be read. */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "step.h"

#define PROGRESS_EVERY_S	1

static const char *const promise[INVARIANTS] = {
	[NOT_LOST] = "what was published is not lost",
	[NOT_INVENTED] = "nothing is visible that was not published",
	[WHOLE] = "records arrive whole and in order",
	[NOT_AGAIN] = "what was released does not come again",
	[TOLD] = "the other side is told of the death",
	[GOES_ON] = "the other side and a successor go on",
	[EVERYWHERE] = "they were killed everywhere",
};

static const char *const doing[PHASES] = {
	[STARTING] = "starting",
	[ATTACHING] = "attaching",
	[BUSY] = "filling or checking a record",
	[SHOWING] = "in publish, release, send or recv",
	[WAITING] = "in wait",
	[POLLING] = "in poll",
	[TRANSFERRING] = "in read(2) or write(2)",
	[PEERLESS] = "waiting for a peer",
	[GATED] = "resting",
};

static unsigned int lines, failures;

void tap_plan(void)
{
	printf("1..%u\n", lines);
}

bool tap_failed(void)
{
	return failures;
}

void tap_skip(const char *what, const char *why)
{
	printf("ok %u - %s # SKIP %s\n", ++lines, what, why);
}

static void print_side(const struct storm *st, unsigned int role)
{
	const struct ledger *l = &st->shared->ledger[role];
	const struct life *life = &st->life[role];

	printf("#   %s %u, pid %d, began at %#llx, seed %#llx\n",
	       role == PRODUCER ? "producer" : "consumer", life->generation,
	       (int)life->pid, (unsigned long long)life->from,
	       (unsigned long long)life->seed);
	printf("#     done %#llx, pos %#llx, intent %#llx, seen %#llx, news %llu, %sattached, %s\n",
	       (unsigned long long)l->done, (unsigned long long)l->pos,
	       (unsigned long long)l->intent, (unsigned long long)l->seen,
	       (unsigned long long)l->news, l->attached ? "" : "not ",
	       doing[get_phase(l)]);
	if (l->broken)
		printf("#     says: %s\n", l->fault);
}

static void print_again(const struct storm *st)
{
	printf("#   again: shmring-storm --backend %s --records %s --seed %#llx",
	       st->plan->backend, st->kind->name,
	       (unsigned long long)st->plan->seed);
	if (st->path)
		printf(" --step %s --at %zu # %s\n", st->path->group, st->at,
		       st->path->name);
	else
		printf(" --kills %llu\n", (unsigned long long)st->kills + 1);
}

/* What is wrong, and all that it takes to have it again. */
bool fail(struct storm *st, enum invariant inv, const char *fmt, ...)
{
	struct shmring_stat now = SHMRING_STAT_INIT;
	va_list args;

	if (st->broken)
		return false;
	st->broken = inv;
	printf("# %s: kill %llu: ", st->title, (unsigned long long)st->kills);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	print_again(st);
	if (st->ring && ring_look(st, &now))
		printf("#   the ring: head %#llx, tail %#llx, states %u and %u\n",
		       (unsigned long long)now.head,
		       (unsigned long long)now.tail, now.state[PRODUCER],
		       now.state[CONSUMER]);
	print_side(st, PRODUCER);
	print_side(st, CONSUMER);
	fflush(stdout);
	return false;
}

static void report_deaths(const struct storm *st)
{
	unsigned int i;

	printf("# %s: %llu kills, %llu records came again\n", st->title,
	       (unsigned long long)st->kills, (unsigned long long)st->again);
	for (i = 0; i < PHASES; i++)
		if (st->deaths[i])
			printf("#   %llu %s\n",
			       (unsigned long long)st->deaths[i], doing[i]);
}

/* After a promise that did not hold nothing is known of the others. */
static const char *why_skipped(const struct storm *st, enum invariant i)
{
	if (st->broken)
		return st->broken == i ? "" : " # SKIP it ended before";
	return i == EVERYWHERE && st->sample ? " # SKIP a sample" : "";
}

/* One line for each promise. */
void report_storm(const struct storm *st)
{
	enum invariant i;

	report_deaths(st);
	for (i = NOT_LOST; i < INVARIANTS; i++) {
		lines++;
		if (st->broken == i)
			failures++;
		printf("%sok %u - %s: %s%s\n", st->broken == i ? "not " : "",
		       lines, st->title, promise[i], why_skipped(st, i));
	}
	fflush(stdout);
}

void report_progress(struct storm *st, uint64_t of)
{
	time_t now = now_s();

	if (now - st->shown < PROGRESS_EVERY_S || !isatty(STDERR_FILENO))
		return;
	st->shown = now;
	fprintf(stderr, "\r\033[K%s: %llu of %llu", st->title,
		(unsigned long long)st->kills, (unsigned long long)of);
	if (now > st->began)
		fprintf(stderr, ", %llu a second",
			(unsigned long long)st->kills /
			(unsigned long long)(now - st->began));
}

void report_progress_end(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}
