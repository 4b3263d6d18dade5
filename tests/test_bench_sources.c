// SPDX-License-Identifier: MIT
/* Messages of several producers: any order between them, none within one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../user/bench/loops.h"

#define SIZE	24

static struct sources sources;
static unsigned char buf[8 * SIZE];

static struct channel channel(unsigned int producers)
{
	sources = (struct sources){ .counts = false };
	sources_begin(&sources);
	return (struct channel){ .producers = producers, .sources = &sources };
}

static int arrives(struct channel *ch, uint64_t seq)
{
	payload_fill(buf, seq, 1, SIZE);
	return verify(ch, buf, 0, 1, SIZE);
}

static void a_message_says_which_it_is(void **state)
{
	static const size_t sizes[] = { 8, 9, 15, 16, 24, 100, 1 << 20 };
	static unsigned char large[1 << 20];
	const uint64_t seq = sources_first(PRODUCERS_MAX - 1) + 12345;
	uint64_t found;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		payload_fill(large, seq, 1, sizes[i]);
		assert_true(payload_seq(large, sizes[i], &found));
		assert_true(found == seq);
		/* In 8 bytes there is no room for more than the number. */
		large[sizes[i] - 1] ^= 1;
		assert_false(payload_seq(large, sizes[i], &found) &&
			     found == seq);
	}
}

static void producers_may_interleave(void **state)
{
	struct channel ch = channel(3);

	(void)state;
	assert_int_equal(arrives(&ch, sources_first(2)), 0);
	assert_int_equal(arrives(&ch, sources_first(0)), 0);
	assert_int_equal(arrives(&ch, sources_first(2) + 1), 0);
	assert_int_equal(arrives(&ch, sources_first(1)), 0);
	assert_int_equal(arrives(&ch, sources_first(0) + 1), 0);
}

static void a_batch_may_be_of_several(void **state)
{
	struct channel ch = channel(2);

	(void)state;
	payload_fill(buf, sources_first(1), 2, SIZE);
	payload_fill(buf + 2 * SIZE, sources_first(0), 1, SIZE);
	payload_fill(buf + 3 * SIZE, sources_first(1) + 2, 1, SIZE);
	assert_int_equal(verify(&ch, buf, 0, 4, SIZE), 0);
}

static void none_may_be_lost_or_repeated(void **state)
{
	struct channel ch = channel(2);

	(void)state;
	assert_int_equal(arrives(&ch, sources_first(1) + 1), -EILSEQ);
	ch = channel(2);
	assert_int_equal(arrives(&ch, sources_first(1)), 0);
	assert_int_equal(arrives(&ch, sources_first(1)), -EILSEQ);
}

static void a_stranger_is_refused(void **state)
{
	struct channel ch = channel(2);

	(void)state;
	assert_int_equal(arrives(&ch, sources_first(2)), -EILSEQ);
	ch = channel(2);
	assert_int_equal(arrives(&ch, 17), -EILSEQ);
}

static void a_single_producer_is_held_to_its_order(void **state)
{
	struct channel ch = { .producers = 1 };

	(void)state;
	assert_int_equal(arrives(&ch, 0), 0);
	assert_int_equal(arrives(&ch, 1), -EILSEQ);
	assert_int_equal(arrives(&ch, sources_first(0)), -EILSEQ);
}

/* As long as it counts, nothing is an error. */
static void what_is_wrong_is_counted(void **state)
{
	struct channel ch = channel(2);

	(void)state;
	sources.counts = true;
	assert_int_equal(arrives(&ch, sources_first(0)), 0);
	assert_int_equal(arrives(&ch, sources_first(1) + 3), 0);
	assert_int_equal(sources.lost, 3);
	assert_int_equal(arrives(&ch, sources_first(1) + 4), 0);
	assert_int_equal(arrives(&ch, sources_first(1) + 3), 0);
	assert_int_equal(sources.repeated, 1);
	assert_int_equal(arrives(&ch, 17), 0);
	buf[1] ^= 1;
	assert_int_equal(verify(&ch, buf, 0, 1, SIZE), 0);
	assert_int_equal(sources.torn, 2);
	assert_int_equal(sources.lost, 3);
	assert_true(sources.next[1] == sources_first(1) + 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_says_which_it_is),
		cmocka_unit_test(producers_may_interleave),
		cmocka_unit_test(a_batch_may_be_of_several),
		cmocka_unit_test(none_may_be_lost_or_repeated),
		cmocka_unit_test(a_stranger_is_refused),
		cmocka_unit_test(a_single_producer_is_held_to_its_order),
		cmocka_unit_test(what_is_wrong_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
