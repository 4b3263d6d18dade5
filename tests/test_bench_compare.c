// SPDX-License-Identifier: MIT
/* What counts as a change between two runs, and what as a regression. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../user/bench/compare.h"
#include "../user/bench/doc.h"
#include "../user/common/gnuplot.h"

static json_t *result(const char *test, double low, double median, double high)
{
	return json_pack("{s:s, s:s, s:i, s:i, s:i, s:n, s:s, s:f, s:f, s:f, s:n}",
			 "test", test, "transport", "pipe", "size", 8,
			 "batch", 1, "producers", 1, "offered_per_s",
			 "state", "measured", "median", median, "low", low,
			 "high", high, "error");
}

static json_t *failed(void)
{
	return json_pack("{s:s, s:s, s:i, s:i, s:i, s:n, s:s, s:n, s:s}",
			 "test", "latency", "transport", "pipe", "size", 8,
			 "batch", 1, "producers", 1, "offered_per_s",
			 "state", "failed", "median", "error", "it broke");
}

/* Takes @r, which may be NULL for none. */
static json_t *doc(json_t *r)
{
	json_t *d = json_pack("{s:s, s:{}, s:[]}", "schema", DOC_SCHEMA,
			      "environment", "results");

	if (r)
		json_array_append_new(json_object_get(d, "results"), r);
	return d;
}

static int print(const json_t *comparison, FILE *out)
{
	compare_print(out, comparison);
	return 0;
}

static void assert_says(int (*write)(const json_t *comparison, FILE *out),
			const json_t *comparison, const char *wanted)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_int_equal(write(comparison, f), 0);
	fclose(f);
	if (!strstr(text, wanted))
		fail_msg("no '%s' in: %s", wanted, text);
	free(text);
}

/* How many regressions, and that the text says @wanted. */
static size_t compare(json_t *a, json_t *b, double threshold,
		      const char *wanted)
{
	json_t *docs[] = { doc(a), doc(b) }, *found;
	const char *const paths[] = { "a.json", "b.json" };
	size_t n;

	found = compare_make(docs, paths, 2, threshold);
	assert_non_null(found);
	n = compare_regressions(found);
	assert_says(print, found, wanted);
	json_decref(found);
	json_decref(docs[0]);
	json_decref(docs[1]);
	return n;
}

static void intervals_that_meet_are_noise(void **state)
{
	(void)state;
	assert_int_equal(compare(result("latency", 90, 100, 150),
				 result("latency", 149, 200, 220), 5,
				 "-50.0 %  within the noise"), 0);
}

/* Whose interval is a point. */
static void one_sample_says_nothing_of_noise(void **state)
{
	json_t *a = result("latency", 100, 100, 100);

	(void)state;
	json_object_set_new(a, "samples", json_pack("[f]", 100.0));
	assert_int_equal(compare(a, result("latency", 199, 200, 201), 5,
				 "-50.0 %  within the noise"), 0);
}

static void beyond_noise_and_threshold_is_a_regression(void **state)
{
	(void)state;
	assert_int_equal(compare(result("latency", 99, 100, 101),
				 result("latency", 109, 110, 111), 5,
				 "-9.1 %  REGRESSION"), 1);
	assert_int_equal(compare(result("latency", 99, 100, 101),
				 result("latency", 109, 110, 111), 10,
				 "slower, within the threshold"), 0);
	assert_int_equal(compare(result("latency", 109, 110, 111),
				 result("latency", 99, 100, 101), 5,
				 "+10.0 %  faster"), 0);
}

static void a_rate_is_better_when_it_is_more(void **state)
{
	(void)state;
	assert_int_equal(compare(result("throughput", 99, 100, 101),
				 result("throughput", 49, 50, 51), 5,
				 "-50.0 %  REGRESSION"), 1);
	assert_int_equal(compare(result("throughput", 49, 50, 51),
				 result("throughput", 99, 100, 101), 5,
				 "+100.0 %  faster"), 0);
}

static void what_failed_since_is_a_regression(void **state)
{
	(void)state;
	assert_int_equal(compare(result("latency", 99, 100, 101), failed(), 5,
				 "now FAILED: it broke"), 1);
	assert_int_equal(compare(failed(), result("latency", 99, 100, 101), 5,
				 "new: 100 ns"), 0);
}

static void what_is_in_one_alone_is_said(void **state)
{
	(void)state;
	assert_int_equal(compare(result("latency", 99, 100, 101), NULL, 5,
				 "was 100 ns, now not measured"), 0);
	assert_int_equal(compare(NULL, result("latency", 99, 100, 101), 5,
				 "new: 100 ns"), 0);
}

/* Each with the first; what changes back is no regression. */
static void several_are_compared_with_the_first(void **state)
{
	static const char *const paths[] = { "x/1.json", "x/2.json", "x/3|.json" };
	json_t *docs[] = {
		doc(result("latency", 99, 100, 101)),
		doc(result("latency", 199, 200, 201)),
		doc(result("latency", 98, 100, 102)),
	};
	json_t *c = compare_make(docs, paths, 3, 5);
	size_t i;

	(void)state;
	assert_int_equal(compare_regressions(c), 1);
	assert_says(print, c, "1.json, then 3|.json");
	assert_says(compare_markdown, c, "| 1.json | 2.json | 3\\|.json |");
	assert_says(compare_markdown, c,
		    "| latency, 8 B | pipe | 100 ns | 200 ns (**-50.0 %**) | 100 ns (=) |");
	json_decref(c);
	for (i = 0; i < 3; i++)
		json_decref(docs[i]);
}

/* What is drawn, and what is a table on a page. */
static void control_characters_are_question_marks(void **state)
{
	static const char *const paths[] = { "1.json", "a\033[m\nb\302\233|c\303\251\177" };
	json_t *docs[] = { doc(NULL), doc(NULL) };
	json_t *c = compare_make(docs, paths, 2, 5);
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	assert_says(compare_markdown, c, "| a?\\[m?b?\\|c\303\251? |");
	gnuplot_text(f, "it's a\033[m\nb\302\233|c\303\251\177");
	fclose(f);
	assert_string_equal(text, "'it''s a?[m?b?|c\303\251?'");
	free(text);
	json_decref(c);
	json_decref(docs[0]);
	json_decref(docs[1]);
}

/* Whether a file with this text is taken for one of ours. */
static bool is_ours(const char *text, char why[WHY_MAX])
{
	char path[] = "/tmp/shmring-doc-XXXXXX";
	int fd = mkstemp(path);
	json_t *d;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	d = doc_read(path, why);
	unlink(path);
	json_decref(d);
	return d != NULL;
}

static void files_of_others_are_refused(void **state)
{
	static const char *const others[] = {
		"", "{", "[]", "{}", "17", "\xff\xfe", "{\"schema\": 2}",
		"{\"schema\": \"shmring-bench/1\", \"results\": [], \"environment\": {}}",
		"{\"schema\": \"shmring-bench/2\"}",
		"{\"schema\": \"shmring-bench/2\", \"results\": {}, \"environment\": {}}",
		"{\"schema\": \"shmring-bench/2\", \"results\": [1], \"environment\": {}}",
		"{\"schema\": \"shmring-bench/2\", \"results\": [{\"test\": \"?\"}], \"environment\": {}}",
	};
	char why[WHY_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
		why[0] = 0;
		assert_false(is_ours(others[i], why));
		assert_true(why[0] && !strchr(why, '\n'));
	}
	assert_true(is_ours("{\"schema\": \"shmring-bench/2\", \"results\": [], \"environment\": {}}",
			    why));
	assert_null(doc_read("/nonexistent/file", why));
	assert_string_equal(why, "cannot read it: No such file or directory");
}

static size_t allocations_left;

static void *allocate(size_t size)
{
	if (allocations_left--)
		return malloc(size);
	allocations_left = 0;
	errno = ENOMEM;
	return NULL;
}

/* Of each allocation on the way, also of those that make a text plain. */
static void no_memory_is_no_fault_of_the_file(void **state)
{
	static const char *const text =
		"{\"schema\": \"shmring-bench/2\", \"results\": [], \"environment\": {\"cpu\": \"\\u001b[2J\"}}";
	char why[WHY_MAX];
	size_t n = 0;
	bool done;

	(void)state;
	do {
		allocations_left = n++;
		json_set_alloc_funcs(allocate, free);
		done = is_ours(text, why);
		json_set_alloc_funcs(malloc, free);
		if (!done)
			assert_string_equal(why, "out of memory");
	} while (!done);
	assert_true(n > 10);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(intervals_that_meet_are_noise),
		cmocka_unit_test(one_sample_says_nothing_of_noise),
		cmocka_unit_test(beyond_noise_and_threshold_is_a_regression),
		cmocka_unit_test(a_rate_is_better_when_it_is_more),
		cmocka_unit_test(what_failed_since_is_a_regression),
		cmocka_unit_test(what_is_in_one_alone_is_said),
		cmocka_unit_test(several_are_compared_with_the_first),
		cmocka_unit_test(control_characters_are_question_marks),
		cmocka_unit_test(files_of_others_are_refused),
		cmocka_unit_test(no_memory_is_no_fault_of_the_file),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
