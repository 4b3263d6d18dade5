// SPDX-License-Identifier: MIT
/*
 * One measurement.
 *
 * The leader is the side that knows when it is over: the consumer, or the one
 * that pings. It runs rounds of more and more messages until it knows how many
 * take as long as asked, and then the round that counts; those before it were
 * the warm-up. The time of a round is from the moment at which its first
 * message is begun to the moment at which its last one has been verified.
 */
#include "pair.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cpus.h"
#include "progress.h"

/* Without a result for so long, something hangs: that is a failure. */
#define HANG_S	60

/*
 * The warm-up ends with the first round of a 1/16 of the time asked for: long
 * enough to say how many messages fill it, and a small part of the whole.
 */
#define WARM_UP_PART	16
#define WARM_UP_GROWTH	4

enum who {
	LEADER,
	FOLLOWER,
};

/*
 * struct control - what the two processes and their parent share
 * @meet: between rounds
 * @count: messages of the round, 0 to end; set by the leader before they meet
 * @begun_ns: when the follower began; the leader reads it after a message
 * @result: the leader's
 * @said: what each side died of
 */
struct control {
	pthread_barrier_t meet;
	uint64_t count;
	uint64_t begun_ns;
	double result;
	char said[2][WHY_MAX];
};

/*
 * struct pair - as each process sees it
 * @there: leader's or producer's way; @back: the answers' way, or unused
 */
struct pair {
	const struct cell *cell;
	const struct options *options;
	const struct loops *loops;
	struct channel there;
	struct channel back;
	struct control *ctl;
	uint64_t seq;
	bool round_trip;
};

static sigset_t waited_for, original;

void pair_block_signals(void)
{
	sigemptyset(&waited_for);
	sigaddset(&waited_for, SIGCHLD);
	sigaddset(&waited_for, SIGINT);
	sigaddset(&waited_for, SIGTERM);
	sigaddset(&waited_for, SIGHUP);
	sigaddset(&waited_for, SIGUSR1);
	sigprocmask(SIG_BLOCK, &waited_for, &original);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* The name of a side, for messages. */
static const char *who_text(const struct pair *p, enum who who)
{
	if (p->round_trip)
		return who == LEADER ? "the caller" : "the answerer";
	return who == LEADER ? "the consumer" : "the producer";
}

static int complain(struct pair *p, enum who who, int rc)
{
	struct channel *ch = p->there.bad_seq || p->there.why[0] ? &p->there :
								   &p->back;
	char *said = p->ctl->said[who];

	if (rc == -EILSEQ)
		snprintf(said, WHY_MAX,
			 "message %llu is not what was sent: lost, repeated or damaged",
			 (unsigned long long)ch->bad_seq);
	else
		snprintf(said, WHY_MAX, "%s", ch->why[0] ? ch->why :
						   strerror(-rc));
	return rc;
}

/*
 * The leader's round. The follower's begin is there with its first message:
 * what orders the two is the transport itself.
 */
static int lead_round(struct pair *p, uint64_t count, uint64_t *elapsed)
{
	uint64_t begun, end;
	int rc;

	p->ctl->count = count;
	pthread_barrier_wait(&p->ctl->meet);
	begun = now_ns();
	if (p->round_trip)
		rc = p->loops->ping(&p->there, &p->back, p->seq, count);
	else
		rc = p->loops->consume(&p->there, p->seq, count);
	end = now_ns();
	if (!p->round_trip)
		begun = __atomic_load_n(&p->ctl->begun_ns, __ATOMIC_RELAXED);
	*elapsed = end > begun ? end - begun : 1;
	p->seq += count;
	return rc;
}

static uint64_t fitting(uint64_t count, uint64_t elapsed, uint64_t goal,
			uint64_t batch)
{
	uint64_t n = (uint64_t)((double)count * (double)goal / (double)elapsed);

	return n < batch ? batch : n - n % batch;
}

static int lead(struct pair *p)
{
	uint64_t goal = p->options->duration_ms * 1000000;
	uint64_t batch = p->cell->batch;
	uint64_t count = batch, elapsed = 0;
	bool warm = false;
	int rc;

	rc = lead_round(p, count, &elapsed);
	while (!rc && (!warm || elapsed < goal / 2)) {
		warm = elapsed >= goal / WARM_UP_PART;
		count = warm ? fitting(count, elapsed, goal, batch) :
			       count * WARM_UP_GROWTH;
		rc = lead_round(p, count, &elapsed);
		/* One batch that takes longer than asked is a result, too. */
		if (count == batch && elapsed >= goal / 2)
			warm = true;
	}
	if (rc)
		return rc;
	p->ctl->result = p->round_trip ? (double)elapsed / (double)count :
					 (double)count * 1e9 / (double)elapsed;
	p->ctl->count = 0;
	pthread_barrier_wait(&p->ctl->meet);
	return 0;
}

static int follow(struct pair *p)
{
	uint64_t count;
	int rc = 0;

	while (!rc) {
		pthread_barrier_wait(&p->ctl->meet);
		count = p->ctl->count;
		if (!count)
			break;
		__atomic_store_n(&p->ctl->begun_ns, now_ns(), __ATOMIC_RELAXED);
		if (p->round_trip)
			rc = p->loops->pong(&p->back, &p->there, p->seq, count);
		else
			rc = p->loops->produce(&p->there, p->seq, count);
		p->seq += count;
	}
	return rc;
}

static int join(struct channel *ch, enum side side)
{
	return ch->transport->join ? ch->transport->join(ch, side) : 0;
}

static int join_all(struct pair *p, enum who who)
{
	bool sends = p->round_trip == (who == LEADER);
	int rc = join(&p->there, sends ? SIDE_PRODUCER : SIDE_CONSUMER);

	if (rc || !p->round_trip)
		return rc;
	return join(&p->back, sends ? SIDE_CONSUMER : SIDE_PRODUCER);
}

/* The producer and the one that calls are on the first CPU. */
static unsigned int cpu_of(const struct pair *p, enum who who)
{
	return p->options->cpus[p->round_trip == (who == FOLLOWER)];
}

static int child(struct pair *p, enum who who)
{
	int rc;

	/* A peer that is gone is an error, not the end. */
	signal(SIGPIPE, SIG_IGN);
	rc = cpus_pin(cpu_of(p, who));
	if (!rc)
		rc = join_all(p, who);
	if (!rc)
		rc = who == LEADER ? lead(p) : follow(p);
	return rc ? complain(p, who, rc) : 0;
}

static pid_t start(struct pair *p, enum who who)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid)
		return pid;
	/* Die with the parent, also if it died before this was said. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	sigprocmask(SIG_SETMASK, &original, NULL);
	_exit(child(p, who) ? 1 : 0);
}

/*
 * struct watch - the parent's view of the two
 * @pid: 0 when it is gone
 * @killed: by the parent
 * @status: as waitpid() gave it
 */
struct watch {
	pid_t pid[2];
	bool killed[2];
	int status[2];
};

static void kill_rest(struct watch *w)
{
	int i;

	for (i = 0; i < 2; i++)
		if (w->pid[i] > 0) {
			w->killed[i] = true;
			kill(w->pid[i], SIGKILL);
		}
}

static void reap(struct watch *w)
{
	bool bad = false;
	int i;

	for (i = 0; i < 2; i++) {
		if (w->pid[i] <= 0 ||
		    waitpid(w->pid[i], &w->status[i], WNOHANG) != w->pid[i])
			continue;
		w->pid[i] = 0;
		bad |= w->status[i] != 0;
	}
	if (bad)
		kill_rest(w);
}

/* Until both are gone. What is false about the run goes to @why. */
static enum pair_end watch(struct watch *w, uint64_t hang_s, char why[WHY_MAX])
{
	uint64_t deadline = now_ns() + hang_s * 1000000000u;
	enum pair_end end = PAIR_OK;
	struct timespec left;
	uint64_t now;

	while (w->pid[LEADER] > 0 || w->pid[FOLLOWER] > 0) {
		now = now_ns();
		now = now < deadline ? deadline - now : 0;
		left.tv_sec = (time_t)(now / 1000000000u);
		left.tv_nsec = (long)(now % 1000000000u);
		switch (sigtimedwait(&waited_for, NULL, &left)) {
		case SIGCHLD:
			reap(w);
			break;
		case SIGUSR1:
			progress_say();
			break;
		case SIGINT:
		case SIGTERM:
		case SIGHUP:
			end = PAIR_INTERRUPTED;
			kill_rest(w);
			break;
		default:
			if (errno != EAGAIN)
				break;
			snprintf(why, WHY_MAX,
				 "no result within %llu s: it hangs",
				 (unsigned long long)hang_s);
			end = PAIR_FAILED;
			kill_rest(w);
			deadline = UINT64_MAX;
		}
	}
	return end;
}

/* Both are gone: what was it? A death that nobody ordered comes first. */
static enum pair_end judge(const struct pair *p, const struct watch *w,
			   char why[WHY_MAX])
{
	int i;

	for (i = 0; i < 2; i++)
		if (WIFSIGNALED(w->status[i]) && !w->killed[i]) {
			snprintf(why, WHY_MAX, "%s was killed by signal %d (%s)",
				 who_text(p, i), WTERMSIG(w->status[i]),
				 strsignal(WTERMSIG(w->status[i])));
			return PAIR_FAILED;
		}
	for (i = 0; i < 2; i++)
		if (WIFEXITED(w->status[i]) && WEXITSTATUS(w->status[i])) {
			snprintf(why, WHY_MAX, "%s: %.160s", who_text(p, i),
				 p->ctl->said[i][0] ? p->ctl->said[i] :
						      "it exited");
			return PAIR_FAILED;
		}
	return PAIR_OK;
}

static enum pair_end run(struct pair *p, double *sample, char why[WHY_MAX])
{
	struct watch w = { .pid = { 0, 0 } };
	enum pair_end end, verdict;
	int i, err = 0;

	for (i = 0; i < 2; i++) {
		w.pid[i] = start(p, i);
		if (w.pid[i] < 0) {
			err = errno;
			kill_rest(&w);
			break;
		}
	}
	end = watch(&w, HANG_S + p->options->duration_ms / 100, why);
	if (end != PAIR_OK)
		return end;
	if (err) {
		snprintf(why, WHY_MAX, "cannot fork: %s", strerror(err));
		return PAIR_FAILED;
	}
	verdict = judge(p, &w, why);
	*sample = p->ctl->result;
	return verdict;
}

static int open_channel(struct pair *p, struct channel *ch,
			struct channel *partner)
{
	static unsigned int next_id;

	*ch = (struct channel){
		.transport = p->cell->transport,
		.size = p->cell->size,
		.batch = p->cell->batch,
		.capacity = p->options->ring_bytes,
		.id = next_id++,
		.producers = 1,
		.sleeps = p->cell->test == TEST_WAKEUP,
		.partner = partner,
	};
	return ch->transport->open(ch);
}

static int open_channels(struct pair *p)
{
	int rc;

	if (!p->round_trip)
		return open_channel(p, &p->there, NULL);
	rc = open_channel(p, &p->there, &p->back);
	return rc ? rc : open_channel(p, &p->back, &p->there);
}

static void close_channels(struct pair *p)
{
	p->cell->transport->close(&p->there);
	if (p->round_trip)
		p->cell->transport->close(&p->back);
}

static struct control *control_new(void)
{
	struct control *ctl = mmap(NULL, sizeof(*ctl), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t attr;

	if (ctl == MAP_FAILED)
		return NULL;
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&ctl->meet, &attr, 2);
	pthread_barrierattr_destroy(&attr);
	return ctl;
}

enum pair_end pair_measure(const struct cell *c, const struct options *o,
			   double *sample, char why[WHY_MAX])
{
	struct pair p = {
		.cell = c,
		.options = o,
		.loops = c->test == TEST_WAKEUP ? c->transport->asleep :
						  c->transport->loops,
		.round_trip = tests[c->test].round_trip,
		.ctl = control_new(),
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
		end = run(&p, sample, why);
	}
	close_channels(&p);
	munmap(p.ctl, sizeof(*p.ctl));
	return end;
}
