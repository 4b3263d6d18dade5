// SPDX-License-Identifier: MIT
/*
 * Measurements of transports that are right and of some that are not, each
 * being a pipe: one that loses messages, one that repeats them, one whose
 * process dies. None of these may have a number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../user/bench/transports/pipe.h"
#include "../user/common/cpus.h"
#include "../user/bench/pair.h"
#include "../user/bench/plan.h"
#include "bench_refuse.h"

/*
 * What is wrong is so with the first message, since a host that is busy enough
 * sends one to warm up, and one to measure.
 */
#define SICK_SEQ	0
#define LOST_SEQ	1	/* mostly others of its round follow it */
#define DURATION_MS	20
#define HANG_GUARD_S	300	/* a hang fails instead of lasting */

DEFINE_EACH_LOOPS(stream);

static int lose(struct channel *ch, uint64_t seq, size_t n, size_t size)
{
	return seq == LOST_SEQ ? 0 : stream_put(ch, seq, n, size);
}

static int repeat(struct channel *ch, uint64_t seq, size_t n, size_t size)
{
	int rc = stream_put(ch, seq, n, size);

	return rc || seq != SICK_SEQ ? rc : stream_put(ch, seq, n, size);
}

static int die(struct channel *ch, uint64_t seq, size_t n, size_t size)
{
	if (seq == SICK_SEQ)
		raise(SIGKILL);
	return stream_put(ch, seq, n, size);
}

DEFINE_LOOPS(losing, lose, stream_get);
DEFINE_LOOPS(repeating, repeat, stream_get);
DEFINE_LOOPS(dying, die, stream_get);
DEFINE_LOOPS(refusing, refuse, stream_get);

/* Of several producers, it is the second that is sick. */
static int lose_second(struct channel *ch, uint64_t seq, size_t n, size_t size)
{
	return seq == sources_first(1) + LOST_SEQ ? 0 :
						    stream_put(ch, seq, n, size);
}

DEFINE_LOOPS(losing_second, lose_second, stream_get);

static int open_pipe(struct channel *ch)
{
	return pipe_open(ch, ch->size);
}

static int open_fails(struct channel *ch)
{
	snprintf(ch->why, sizeof(ch->why), "no more of these");
	return -EMFILE;
}

#define PIPE(loops_, open_) {						\
	.name = "test",							\
	.what = "a pipe",						\
	.loops = &(loops_),						\
	.asleep = &(loops_),						\
	.many = true,							\
	.open = open_,							\
	.join = ends_join,						\
	.close = ends_close,						\
}

static const struct transport good = PIPE(stream_loops, open_pipe);
static const struct transport loses = PIPE(losing, open_pipe);
static const struct transport repeats = PIPE(repeating, open_pipe);
static const struct transport dies = PIPE(dying, open_pipe);
static const struct transport refuses = PIPE(refusing, open_pipe);
static const struct transport loses_second = PIPE(losing_second, open_pipe);
static const struct transport never_opens = PIPE(stream_loops, open_fails);

/* What the engine would link from transport.c. */
const struct transport *const transports[] = { &good, NULL };

static struct cell cell;
static double samples[8];
static struct hist hist;
static char why[WHY_MAX];

static enum pair_end measure(const struct transport *t, enum test_id test,
			     unsigned int producers)
{
	memset(&hist, 0, sizeof(hist));
	memset(why, 0, sizeof(why));
	cell = (struct cell){
		.shape = {
			.test = test, .size = 64, .batch = 1,
			.producers = producers, .rate = 5000,
		},
		.transport = t,
		.capacity = 65536,
		.samples = samples,
		.hist = &hist,
		.syscalls = -1,
	};
	assert_true(cpus_default(cell.cpus));
	return pair_measure(&cell, DURATION_MS, why);
}

static void what_is_right_has_a_number(void **state)
{
	int test;

	(void)state;
	for (test = 0; test <= TEST_FAN_IN; test++) {
		assert_int_equal(measure(&good, test, 1), PAIR_OK);
		assert_int_equal(cell.nr, 1);
		assert_true(samples[0] > 0);
		assert_true(cell.messages > 0);
		assert_true(cell.used.cpu_ns > 0);
		assert_true(!hist.total == !tests[test].clocked);
	}
}

static void several_producers(void **state)
{
	(void)state;
	assert_int_equal(measure(&good, TEST_FAN_IN, 5), PAIR_OK);
	assert_int_equal(cell.messages % 5, 0);
}

static void assert_failed(const struct transport *t, unsigned int producers)
{
	assert_int_equal(measure(t, producers > 1 ? TEST_FAN_IN :
						    TEST_THROUGHPUT, producers),
			 PAIR_FAILED);
	assert_int_equal(cell.nr, 0);
}

static void assert_refused(const struct transport *t, const char *reason)
{
	assert_failed(t, 1);
	if (!strstr(why, reason))
		fail_msg("'%s' is not about '%s'", why, reason);
}

/* By the next message of its producer; if none follows, it is waited for. */
static void assert_lost(const struct transport *t, unsigned int producers)
{
	assert_failed(t, producers);
	if (!strstr(why, "is not what was sent") && !strstr(why, "it hangs"))
		fail_msg("'%s' is not about a lost message", why);
}

static void a_lost_message_is_noticed(void **state)
{
	(void)state;
	assert_lost(&loses, 1);
	assert_lost(&loses_second, 3);
}

static void a_repeated_message_is_noticed(void **state)
{
	(void)state;
	assert_refused(&repeats, "message 1 is not what was sent");
}

static void a_death_is_noticed(void **state)
{
	(void)state;
	assert_refused(&dies, "the producer was killed by signal 9");
}

static void an_error_has_its_text(void **state)
{
	(void)state;
	assert_refused(&refuses, "the producer: No space left on device");
	assert_refused(&never_opens, "no more of these");
}

static void system_calls_are_counted(void **state)
{
	(void)state;
	measure(&good, TEST_LATENCY, 1);
	assert_int_equal(pair_count(&cell, DURATION_MS, why), PAIR_OK);
	/* One write and one read. */
	assert_true(cell.syscalls == 2);
}

static void nobody_is_left(void **state)
{
	(void)state;
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	assert_int_equal(errno, ECHILD);
}

static int block_signals(void **state)
{
	(void)state;
	alarm(HANG_GUARD_S);
	pair_block_signals();
	return 0;
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(what_is_right_has_a_number),
		cmocka_unit_test(several_producers),
		cmocka_unit_test(a_lost_message_is_noticed),
		cmocka_unit_test(a_repeated_message_is_noticed),
		cmocka_unit_test(a_death_is_noticed),
		cmocka_unit_test(an_error_has_its_text),
		cmocka_unit_test(system_calls_are_counted),
		cmocka_unit_test(nobody_is_left),
	};

	return cmocka_run_group_tests(all, block_signals, NULL);
}
