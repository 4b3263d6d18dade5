// SPDX-License-Identifier: MIT
/*
 * Processes killed, stopped and replaced over transports of which it is known
 * what comes of it, each being a pipe: one that tells of a death, one that does
 * not, one that loses, repeats or damages messages, one that leaves something
 * behind.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../user/bench/transports/pipe.h"
#include "../user/bench/transports/tmpdir.h"
#include "../user/common/cpus.h"
#include "../user/bench/trial.h"
#include "../user/bench/watch.h"
#include "bench_refuse.h"

#define HANG_GUARD_S	300	/* a hang fails instead of lasting */
#define LIMIT_NS	500000000u
#define STOP_NS		20000000u
#define AFTER_NS	1000000u
#define SICK_SEQ	1	/* the second message is the wrong one */

DEFINE_EACH_LOOPS(stream);

static bool is_sick(uint64_t seq)
{
	return seq == sources_first(0) + SICK_SEQ;
}

static int lose(struct channel *ch, uint64_t seq, size_t n, size_t size)
{
	return is_sick(seq) ? 0 : stream_put(ch, seq, n, size);
}

static int repeat(struct channel *ch, uint64_t seq, size_t n, size_t size)
{
	int rc = stream_put(ch, seq, n, size);

	return rc || !is_sick(seq) ? rc : stream_put(ch, seq, n, size);
}

static int tear(struct channel *ch, uint64_t seq, size_t n, size_t size)
{
	struct stream *s = ch->state;

	if (!is_sick(seq))
		return stream_put(ch, seq, n, size);
	memset(s->buf, 0, size);
	return stream_send(ch, size);
}

/* It cannot go on without its peer, and does not say so. */
static int crash(struct channel *ch, uint64_t seq, size_t n, size_t size)
{
	int rc = stream_get(ch, seq, n, size);

	if (rc)
		raise(SIGUSR2);
	return rc;
}

/* It does not wait: where there is nothing, the call fails. */
static int be_impatient(struct channel *ch, uint64_t seq, size_t n, size_t size)
{
	struct stream *s = ch->state;

	fcntl(s->ends.fd[SIDE_CONSUMER], F_SETFL, O_NONBLOCK);
	return stream_get(ch, seq, n, size);
}

/* The first call fails: nobody is hit before all have moved a message. */
static int stumble(struct channel *ch, uint64_t seq, size_t n, size_t size)
{
	static bool stumbled;

	if (seq != sources_first(0) || stumbled)
		return stream_put(ch, seq, n, size);
	stumbled = true;
	return -EAGAIN;
}

DEFINE_LOOPS(losing, lose, stream_get);
DEFINE_LOOPS(repeating, repeat, stream_get);
DEFINE_LOOPS(tearing, tear, stream_get);
DEFINE_LOOPS(crashing, stream_put, crash);
DEFINE_LOOPS(impatient_loops, stream_put, be_impatient);
DEFINE_LOOPS(stumbling, stumble, stream_get);
DEFINE_LOOPS(refusing, refuse, stream_get);

static int open_pipe(struct channel *ch)
{
	return pipe_open(ch, ch->size);
}

/* A file of its name, which stays, and may be there once. */
static int open_littering(struct channel *ch)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/shmring-bench-%d-%u", tmpdir(),
		 (int)getpid(), ch->id);
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, "left", 4) != 4)
		return -EIO;
	close(fd);
	return open_pipe(ch);
}

/* Not one of those that it has is closed. */
static void close_leaking(struct channel *ch)
{
	free(ch->state);
	ch->state = NULL;
}

/* Whoever comes second has nothing to do there; by side, in shared memory. */
static int *there;

static int join_once(struct channel *ch, enum side side)
{
	if (__atomic_exchange_n(&there[side], 1, __ATOMIC_RELAXED))
		return -EBUSY;
	return ends_join(ch, side);
}

#define PIPE(loops_, open_, join_, close_) {				\
	.name = "test",							\
	.what = "a pipe",						\
	.loops = &(loops_),						\
	.many = true,							\
	.open = open_,							\
	.join = join_,							\
	.close = close_,						\
}

static const struct transport telling =
	PIPE(stream_loops, open_pipe, ends_join, ends_close);
/* Each process keeps both ends open: no end of file. */
static const struct transport deaf =
	PIPE(stream_loops, open_pipe, NULL, ends_close);
static const struct transport loses =
	PIPE(losing, open_pipe, ends_join, ends_close);
static const struct transport repeats =
	PIPE(repeating, open_pipe, ends_join, ends_close);
static const struct transport tears =
	PIPE(tearing, open_pipe, ends_join, ends_close);
static const struct transport crashes =
	PIPE(crashing, open_pipe, ends_join, ends_close);
static const struct transport impatient =
	PIPE(impatient_loops, open_pipe, ends_join, ends_close);
static const struct transport stumbles =
	PIPE(stumbling, open_pipe, NULL, ends_close);
static const struct transport refuses =
	PIPE(refusing, open_pipe, ends_join, ends_close);
static const struct transport litters =
	PIPE(stream_loops, open_littering, ends_join, ends_close);
static const struct transport leaks =
	PIPE(stream_loops, open_pipe, ends_join, close_leaking);
static const struct transport takes_no_other =
	PIPE(stream_loops, open_pipe, join_once, ends_close);

/* What the engine would link from transport.c. */
const struct transport *const transports[] = { &telling, NULL };

static struct fate fate;

static enum trial_end hit(const struct transport *t, enum hit how,
			  enum victim victim)
{
	struct cell cell = {
		.shape = { .size = 64, .batch = 1, .producers = 1 },
		.transport = t,
		.capacity = 65536,
	};
	const struct channel name = {
		.transport = t,
		.size = 64,
		.batch = 1,
		.capacity = 65536,
		.id = 7,
	};
	const struct trial trial = {
		.cell = &cell,
		.name = &name,
		.hit = how,
		.victim = victim,
		.after_ns = AFTER_NS,
		.which = 1,
		.limit_ns = LIMIT_NS,
		.stop_ns = STOP_NS,
	};

	there[SIDE_PRODUCER] = 0;
	there[SIDE_CONSUMER] = 0;
	assert_true(cpus_default(cell.cpus));
	return trial_run(&trial, &fate);
}

static void assert_no_fault(void)
{
	assert_int_equal(fate.repeated, 0);
	assert_int_equal(fate.torn, 0);
	assert_true(leftover_is_nothing(&fate.left));
}

static void a_death_is_told(void **state)
{
	(void)state;
	assert_int_equal(hit(&telling, HIT_KILL, VICTIM_PRODUCER), TRIAL_OK);
	assert_int_equal(fate.outcome, OUTCOME_TOLD);
	assert_int_equal(fate.error, -EPIPE);
	assert_true(fate.told_ns > 0);
	/* All that was sent has been received. */
	assert_int_equal(fate.lost, 0);
	assert_true(fate.sent > 0);
	assert_true(fate.next_pair);
	assert_no_fault();
	assert_int_equal(hit(&telling, HIT_KILL, VICTIM_CONSUMER), TRIAL_OK);
	assert_int_equal(fate.outcome, OUTCOME_TOLD);
	assert_int_equal(fate.error, -EPIPE);
	assert_no_fault();
}

static void one_of_two_is_not_missed(void **state)
{
	(void)state;
	assert_int_equal(hit(&telling, HIT_KILL, VICTIM_ONE_OF_TWO), TRIAL_OK);
	assert_int_equal(fate.outcome, OUTCOME_WENT_ON);
	assert_int_equal(fate.told_ns, 0);
	assert_int_equal(fate.lost, 0);
	assert_true(fate.held_ns[SIDE_PRODUCER] > 0);
	assert_true(fate.held_ns[SIDE_CONSUMER] > 0);
	assert_no_fault();
}

static void who_is_not_told_hangs(void **state)
{
	(void)state;
	assert_int_equal(hit(&deaf, HIT_KILL, VICTIM_PRODUCER), TRIAL_OK);
	assert_int_equal(fate.outcome, OUTCOME_HUNG);
	assert_int_equal(fate.told_ns, 0);
	assert_int_equal(fate.lost, 0);
	assert_int_equal(hit(&deaf, HIT_KILL, VICTIM_CONSUMER), TRIAL_OK);
	assert_int_equal(fate.outcome, OUTCOME_HUNG);
	/* A pipe that is full when its producer hangs. */
	assert_true(fate.lost > 0);
	assert_true(fate.next_pair);
	assert_no_fault();
}

static void who_was_stopped_goes_on(void **state)
{
	int victim;

	(void)state;
	for (victim = 0; victim < VICTIMS; victim++) {
		assert_int_equal(hit(&telling, HIT_STOP, victim), TRIAL_OK);
		assert_int_equal(fate.outcome, OUTCOME_WENT_ON);
		assert_int_equal(fate.lost, 0);
		/* The victim itself is not one of those that are held up. */
		assert_int_equal(!fate.held_ns[SIDE_PRODUCER],
				 victim == VICTIM_PRODUCER);
		assert_int_equal(!fate.held_ns[SIDE_CONSUMER],
				 victim == VICTIM_CONSUMER);
		assert_no_fault();
	}
}

static void another_takes_over(void **state)
{
	int victim;

	(void)state;
	for (victim = 0; victim < VICTIMS; victim++) {
		assert_int_equal(hit(&deaf, HIT_REPLACE, victim), TRIAL_OK);
		assert_int_equal(fate.outcome, OUTCOME_WENT_ON);
		assert_no_fault();
	}
}

/* An error is no end for those who wait for somebody else to take over. */
static void who_is_told_waits_for_another(void **state)
{
	(void)state;
	assert_int_equal(hit(&impatient, HIT_REPLACE, VICTIM_PRODUCER),
			 TRIAL_OK);
	assert_int_equal(fate.outcome, OUTCOME_WENT_ON);
	assert_int_equal(fate.lost, 0);
	assert_no_fault();
}

static void what_was_before_the_hit_is_no_news(void **state)
{
	(void)state;
	assert_int_equal(hit(&stumbles, HIT_REPLACE, VICTIM_CONSUMER),
			 TRIAL_OK);
	assert_int_equal(fate.outcome, OUTCOME_WENT_ON);
	assert_int_equal(fate.told_ns, 0);
}

static void who_cannot_take_over_says_why(void **state)
{
	(void)state;
	assert_int_equal(hit(&takes_no_other, HIT_REPLACE, VICTIM_CONSUMER),
			 TRIAL_OK);
	assert_int_equal(fate.outcome, OUTCOME_HUNG);
	assert_string_equal(fate.why, "Device or resource busy");
}

static void messages_are_counted(void **state)
{
	(void)state;
	assert_int_equal(hit(&loses, HIT_STOP, VICTIM_CONSUMER), TRIAL_OK);
	assert_int_equal(fate.lost, 1);
	assert_int_equal(hit(&repeats, HIT_STOP, VICTIM_CONSUMER), TRIAL_OK);
	assert_int_equal(fate.repeated, 1);
	assert_int_equal(hit(&tears, HIT_STOP, VICTIM_CONSUMER), TRIAL_OK);
	assert_int_equal(fate.torn, 1);
	/* What it should have been never came. */
	assert_int_equal(fate.lost, 1);
	assert_int_equal(fate.repeated, 0);
}

static void a_crash_is_no_news(void **state)
{
	(void)state;
	assert_int_equal(hit(&crashes, HIT_KILL, VICTIM_PRODUCER), TRIAL_OK);
	assert_int_equal(fate.outcome, OUTCOME_CRASHED);
	assert_int_equal(fate.told_ns, 0);
}

static void what_is_left_is_found(void **state)
{
	char path[4096];

	(void)state;
	assert_int_equal(hit(&litters, HIT_KILL, VICTIM_PRODUCER), TRIAL_OK);
	assert_int_equal(fate.left.nr[LEFT_FILES], 1);
	assert_int_equal(fate.left.bytes, 4);
	assert_int_equal(fate.left.nr[LEFT_DESCRIPTORS], 0);
	/* Whose name is taken. */
	assert_false(fate.next_pair);
	snprintf(path, sizeof(path), "%s/%s", tmpdir(), fate.left.first);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(hit(&leaks, HIT_STOP, VICTIM_PRODUCER), TRIAL_OK);
	assert_int_equal(fate.left.nr[LEFT_DESCRIPTORS], 2);
	assert_int_equal(fate.left.nr[LEFT_FILES], 0);
}

static void what_does_not_begin_is_not_hit(void **state)
{
	(void)state;
	assert_int_equal(hit(&refuses, HIT_KILL, VICTIM_PRODUCER),
			 TRIAL_FAILED);
	assert_string_equal(fate.why, "the producer: No space left on device");
	assert_true(leftover_is_nothing(&fate.left));
}

static void an_interrupt_ends_all(void **state)
{
	(void)state;
	assert_int_equal(raise(SIGINT), 0);
	assert_int_equal(hit(&telling, HIT_KILL, VICTIM_PRODUCER),
			 TRIAL_INTERRUPTED);
}

static int nobody_is_left(void **state)
{
	(void)state;
	return waitpid(-1, NULL, WNOHANG | __WALL) != -1 || errno != ECHILD;
}

static int begin(void **state)
{
	(void)state;
	alarm(HANG_GUARD_S);
	there = mmap(NULL, 2 * sizeof(*there), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	watch_block_signals();
	return there == MAP_FAILED;
}

#define EACH(test)	cmocka_unit_test_teardown(test, nobody_is_left)

int main(void)
{
	const struct CMUnitTest all[] = {
		EACH(a_death_is_told),
		EACH(one_of_two_is_not_missed),
		EACH(who_is_not_told_hangs),
		EACH(who_was_stopped_goes_on),
		EACH(another_takes_over),
		EACH(who_is_told_waits_for_another),
		EACH(what_was_before_the_hit_is_no_news),
		EACH(who_cannot_take_over_says_why),
		EACH(messages_are_counted),
		EACH(a_crash_is_no_news),
		EACH(what_is_left_is_found),
		EACH(what_does_not_begin_is_not_hit),
		EACH(an_interrupt_ends_all),
	};

	return cmocka_run_group_tests(all, begin, NULL);
}
