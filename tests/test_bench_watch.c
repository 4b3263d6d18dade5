// SPDX-License-Identifier: MIT
/* Who of those that are waited for died by whom, and that nobody stays. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../user/bench/watch.h"

#define HANG_GUARD_S	300	/* a hang fails instead of lasting */

/* The first fails as soon as it may, the other waits for ever. */
enum { FAILING, IDLE };

static struct watch w;
static struct traced untraced;
static char why[WHY_MAX];
static int go[2], never[2];

/* One that ends with @status when nobody can write to @fd any more. */
static void add(int status, int fd)
{
	pid_t pid = fork();
	char c;

	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		watch_restore_signals();
		close(go[1]);
		close(never[1]);
		_exit(read(fd, &c, 1) ? 2 : status);
	}
	watch_add(&w, pid, &untraced);
}

static int begin(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	if (pipe(go) || pipe(never))
		return -1;
	add(1, go[0]);
	add(0, never[0]);
	return 0;
}

static void let_fail(void)
{
	close(go[1]);
	go[1] = -1;
}

static int end(void **state)
{
	(void)state;
	if (go[1] >= 0)
		close(go[1]);
	close(go[0]);
	close(never[0]);
	close(never[1]);
	return waitpid(-1, NULL, WNOHANG | __WALL) != -1 || errno != ECHILD;
}

static void wait_for_death(unsigned int who)
{
	siginfo_t info;

	assert_int_equal(waitid(P_PID, (id_t)w.pid[who], &info,
				WEXITED | WNOWAIT), 0);
}

/* It was dead before its partner failed, which is heard of first. */
static void a_killed_one_is_not_taken_for_an_ended_one(void **state)
{
	(void)state;
	assert_int_equal(kill(w.pid[IDLE], SIGKILL), 0);
	wait_for_death(IDLE);
	let_fail();
	wait_for_death(FAILING);
	assert_int_equal(watch_run(&w, HANG_GUARD_S, why), PAIR_OK);
	assert_true(watch_was_killed(&w, IDLE));
	assert_false(watch_was_killed(&w, FAILING));
}

static void the_partner_of_one_that_fails_is_ended(void **state)
{
	(void)state;
	let_fail();
	assert_int_equal(watch_run(&w, HANG_GUARD_S, why), PAIR_OK);
	assert_int_equal(WEXITSTATUS(w.status[FAILING]), 1);
	assert_true(WIFSIGNALED(w.status[IDLE]));
	assert_false(watch_was_killed(&w, IDLE));
}

static void what_hangs_is_killed(void **state)
{
	(void)state;
	assert_int_equal(watch_run(&w, 0, why), PAIR_FAILED);
	assert_string_equal(why, "no result within 0 s: it hangs");
}

static void an_interrupt_ends_all(void **state)
{
	(void)state;
	assert_int_equal(raise(SIGINT), 0);
	assert_int_equal(watch_run(&w, HANG_GUARD_S, why), PAIR_INTERRUPTED);
}

/* Started by somebody whose children do not die by SIGTERM. */
static int block_signals(void **state)
{
	sigset_t set;

	(void)state;
	alarm(HANG_GUARD_S);
	signal(SIGTERM, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	watch_block_signals();
	return 0;
}

#define EACH(test)	cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest all[] = {
		EACH(a_killed_one_is_not_taken_for_an_ended_one),
		EACH(the_partner_of_one_that_fails_is_ended),
		EACH(what_hangs_is_killed),
		EACH(an_interrupt_ends_all),
	};

	return cmocka_run_group_tests(all, block_signals, NULL);
}
