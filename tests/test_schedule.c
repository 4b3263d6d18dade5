// SPDX-License-Identifier: MIT
/*
 * Invariant 1, by force: two processes are stopped by ptrace wherever they
 * touch what both share, and led through the schedules in which a wakeup could
 * be lost. For each point of the one that publishes and each point of the one
 * that goes to sleep:
 *
 *	the sleeper goes to its point, the publisher goes to its point,
 *	the sleeper goes on until it sleeps or is done, the publisher finishes
 *
 * and the same with the publisher first. Then the sleeper is awake, or the
 * wakeup is lost: nobody is left who could wake it, so no time limit is needed.
 *
 * A point is right behind a load or store of a shared word, by the CPU's debug
 * registers, or the begin or end of a system call. (Some hypervisors keep those
 * registers from their guests: there the test has nothing to stop at, and is
 * skipped; the emulator has them.) What is between two points
 * nobody else can tell apart. A stop drains the CPU's store buffer, so whether
 * the sleeper fences cannot show in what happens; that it asks for the fence at
 * the right place can. What the device does within a system call is one step
 * here. The models in tests/spin have all of that.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include "common.h"

#ifdef __x86_64__

#define SIZE		4096
#define RECORD		8
#define BATCH		2	/* records per act: one is not enough to go on */
#define WATCHES		3	/* debug registers */
#define STOP_SYSCALL	(SIGTRAP | 0x80)
#define FAR		100000	/* points: more than there are */

/* struct shared - what the children and the test tell each other */
struct shared {
	int quiet;		/* publish, but wake nobody */
	const void *watch[WATCHES];	/* by who starts: words it touches */
};

/* struct actor - a child that stands at a point */
struct actor {
	struct ring *ring;
	struct shmring_opts o;
	struct shared *shared;
	uint32_t role;
	int polls;
	void (*act)(struct actor *a, struct shmring *r);
	pid_t pid;
	enum { STOPPED, ASLEEP, DONE } state;
	int in_syscall;
	unsigned int touches;	/* of watched words that it stopped at */
};

/*
 * The children
 */

/* An act is what stands between two marks. */
extern const char mark_insn[];

__attribute__((noinline)) static void mark(void)
{
	__asm__ volatile("mark_insn: int3" ::: "memory");
}

static void child_failed(const char *what)
{
	fprintf(stderr, "# %s: %s\n", what, strerror(errno));
	_exit(1);
}

static void show(struct actor *a, struct shmring *r)
{
	if (a->shared->quiet)
		shmring_publish_quiet(r);
	else
		shmring_publish(r);
}

static void put(struct actor *a, struct shmring *r)
{
	uint64_t *to = shmring_reserve(r, RECORD);

	if (!to)
		child_failed("no room");
	*to = r->pos;
	shmring_stage(r, RECORD, 0);
	show(a, r);
}

/* With a handback_shift of 0 each release shows: so does this, quiet or not. */
static void get(struct actor *a, struct shmring *r)
{
	const uint64_t *from = shmring_peek(r, NULL, NULL);

	if (!from || *from != r->pos)
		child_failed("not the record");
	r->pos += RECORD;
	show(a, r);
}

static void move(struct actor *a, struct shmring *r)
{
	int i;

	for (i = 0; i < BATCH; i++) {
		if (a->role == PRODUCER)
			put(a, r);
		else
			get(a, r);
	}
}

static void wait_by_poll(struct shmring *r)
{
	struct pollfd p = { .fd = shmring_fd(r) };
	int armed = shmring_arm(r, BATCH * RECORD);

	p.events = r->role == PRODUCER ? POLLOUT : POLLIN;
	if (armed < 0 || (!armed && poll(&p, 1, -1) != 1))
		child_failed("poll");
}

static void wait_and_move(struct actor *a, struct shmring *r)
{
	if (a->polls)
		wait_by_poll(r);
	else if (shmring_wait(r, BATCH * RECORD, -1))
		child_failed("wait");
	move(a, r);
}

/* Where they are mapped here. */
static void tell_watches(struct shared *s, const struct shmring *r, int sleeps)
{
	s->watch[0] = &r->peer->pos;
	/* The sleeper's bell */
	s->watch[1] = sleeps == (r->role == CONSUMER) ? &r->info->bell :
							&r->lane->bell;
	s->watch[2] = sleeps ? (const void *)&r->info->epoch : &r->self->pos;
}

static int run_actor(void *arg)
{
	struct actor *a = arg;
	struct shmring *r = ring_join(a->ring, a->role, &a->o);

	CHILD_CHECK(r);
	if (a->act == wait_and_move) {
		/* A producer waits for room, so there is none. */
		while (a->role == PRODUCER && shmring_reserve(r, RECORD))
			put(a, r);
		/* The first sleep is not like the others. */
		CHILD_CHECK(shmring_wait(r, BATCH * RECORD, 1) == -ETIMEDOUT);
	}
	tell_watches(a->shared, r, a->act == wait_and_move);
	CHILD_CHECK(!ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	for (;;) {
		mark();
		a->act(a, r);
	}
}

/*
 * Stepping them
 */
static uintptr_t reg(const struct actor *a, size_t offset)
{
	errno = 0;
	uintptr_t value = (uintptr_t)ptrace(PTRACE_PEEKUSER, a->pid,
					    (void *)offset, NULL);

	assert_int_equal(errno, 0);
	return value;
}

#define REG(a, name)	reg(a, offsetof(struct user_regs_struct, name))

static void set_rip(const struct actor *a, uintptr_t rip)
{
	assert_int_equal(ptrace(PTRACE_POKEUSER, a->pid,
				(void *)offsetof(struct user_regs_struct, rip),
				(void *)rip), 0);
}

static const char *proc(const struct actor *a, const char *file, char *text,
			size_t size)
{
	char path[32];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)a->pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	n = read(fd, text, size - 1);
	close(fd);
	assert_true(n > 0);
	text[n] = 0;
	return text;
}

/*
 * Off its CPU, and 'S' in its stat. The letter alone does not do: futex_waitv(2)
 * has it while it compares the words, and can lose its CPU there. Who was woken
 * is 'R' before the waker goes on.
 */
static int sleeps(const struct actor *a)
{
	const char *state;
	char text[512];

	if (!strncmp(proc(a, "syscall", text, sizeof(text)), "running", 7))
		return 0;
	state = strrchr(proc(a, "stat", text, sizeof(text)), ')');
	assert_non_null(state);
	return state[2] == 'S';
}

/* It stopped; at the mark it is done, and put back to before it. */
static void stopped(struct actor *a, int status)
{
	uintptr_t rip = REG(a, rip);

	if (!WIFSTOPPED(status) || (WSTOPSIG(status) != SIGTRAP &&
				    WSTOPSIG(status) != STOP_SYSCALL))
		fail_msg("a child ended or got a signal: status %#x", status);
	if (WSTOPSIG(status) == STOP_SYSCALL)
		a->in_syscall = !a->in_syscall;
	a->state = STOPPED;
	/* The children are copies of this process: its code is theirs. */
	if (rip == (uintptr_t)mark_insn + 1) {
		set_rip(a, rip - 1);
		a->state = DONE;
	} else if (WSTOPSIG(status) == SIGTRAP) {
		a->touches++;
	}
}

/* Until it stops or sleeps. */
static void settle(struct actor *a)
{
	int status;
	pid_t pid;

	for (;;) {
		pid = waitpid(a->pid, &status, a->in_syscall ? WNOHANG : 0);
		if (pid == a->pid) {
			stopped(a, status);
			return;
		}
		assert_int_equal(pid, 0);
		if (sleeps(a)) {
			a->state = ASLEEP;
			return;
		}
		sched_yield();
	}
}

/* To the next point. */
static void advance(struct actor *a)
{
	assert_int_equal(ptrace(PTRACE_SYSCALL, a->pid, NULL, NULL), 0);
	settle(a);
}

/* As many points as there are up to @points. Returns how many there were. */
static unsigned int advance_by(struct actor *a, unsigned int points)
{
	unsigned int n;

	for (n = 0; n < points && a->state == STOPPED; n++)
		advance(a);
	return n;
}

/* To the end of its act, or until it sleeps. */
static void finish(struct actor *a)
{
	if (a->state == ASLEEP)
		settle(a);
	while (a->state == STOPPED)
		advance(a);
}

/* From before the mark to behind it. */
static void begin(struct actor *a)
{
	assert_int_equal(a->state, DONE);
	set_rip(a, REG(a, rip) + 1);
	a->state = STOPPED;
}

/*
 * Schedules
 */

/* struct play - two actors and how many points their acts have */
struct play {
	struct ring ring;
	struct shared *shared;
	struct actor sleeper;
	struct actor publisher;
	const void *sleeper_bell;	/* where it has it mapped */
	unsigned int sleeper_points;
	unsigned int publisher_points;
};

static void set_debug(const struct actor *a, unsigned int n, uintptr_t value)
{
	if (ptrace(PTRACE_POKEUSER, a->pid,
		   (void *)(offsetof(struct user, u_debugreg) +
			    n * sizeof(value)), (void *)value))
		fail_msg("debug register %u: %s", n, strerror(errno));
}

/* Stop behind each load and store of four bytes at its words. */
static void set_watches(const struct actor *a)
{
	uintptr_t control = 0;
	unsigned int n;

	for (n = 0; n < WATCHES; n++) {
		set_debug(a, n, (uintptr_t)a->shared->watch[n]);
		control |= 1UL << (2 * n) | 0xfUL << (16 + 4 * n);
	}
	set_debug(a, 7, control);
}

static void start(struct actor *a)
{
	int status;

	a->pid = spawn(run_actor, a);
	assert_int_equal(waitpid(a->pid, &status, 0), a->pid);
	stopped(a, status);
	assert_int_equal(a->state, DONE);
	assert_int_equal(ptrace(PTRACE_SETOPTIONS, a->pid, NULL,
				(void *)PTRACE_O_TRACESYSGOOD), 0);
	set_watches(a);
}

static void stop(struct actor *a)
{
	kill(a->pid, SIGKILL);
	waitpid(a->pid, NULL, 0);
}

static int awake(struct play *p)
{
	finish(&p->sleeper);
	return p->sleeper.state == DONE;
}

/* Both act, @sleeper and @publisher points of them in a certain order. */
static int perform(struct play *p, unsigned int sleeper, unsigned int publisher,
		   int publisher_first)
{
	begin(&p->sleeper);
	begin(&p->publisher);
	if (publisher_first) {
		advance_by(&p->publisher, publisher);
		advance_by(&p->sleeper, sleeper);
	} else {
		advance_by(&p->sleeper, sleeper);
		advance_by(&p->publisher, publisher);
		finish(&p->sleeper);
	}
	finish(&p->publisher);
	return awake(p);
}

static void close_play(struct play *p)
{
	stop(&p->sleeper);
	stop(&p->publisher);
	munmap(p->shared, sizeof(*p->shared));
	ring_drop(&p->ring);
}

static void open_play(struct play *p, uint32_t sleeper, int polls)
{
	struct shmring_opts o = ring_opts(SIZE, RECORD);

	memset(p, 0, sizeof(*p));
	o.spin_ns = 0;
	o.handback_shift = 0;
	ring_make(&p->ring, &o);
	p->shared = mmap(NULL, sizeof(*p->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(p->shared, MAP_FAILED);
	p->sleeper = (struct actor) {
		.ring = &p->ring, .o = o, .shared = p->shared,
		.role = sleeper, .polls = polls, .act = wait_and_move,
	};
	p->publisher = (struct actor) {
		.ring = &p->ring, .o = o, .shared = p->shared,
		.role = PRODUCER + CONSUMER - sleeper, .act = move,
	};
	start(&p->sleeper);
	p->sleeper_bell = p->shared->watch[1];
	start(&p->publisher);
	/* Alone to sleep, then woken: the longest way of each. */
	begin(&p->sleeper);
	p->sleeper_points = advance_by(&p->sleeper, FAR);
	assert_int_equal(p->sleeper.state, ASLEEP);
	begin(&p->publisher);
	p->publisher_points = advance_by(&p->publisher, FAR);
	assert_true(awake(p));
	/* Each has stopped at some, or the CPU does not stop at any. */
	if (!p->sleeper.touches && !p->publisher.touches) {
		close_play(p);
		skip();
	}
}

/* Every pair of points, in both orders. */
static void walk(uint32_t sleeper, int polls)
{
	unsigned int s, q = 0;
	int first = 0, fine = 1;
	struct play p;

	open_play(&p, sleeper, polls);
	fprintf(stderr, "# points: sleeper %u, publisher %u\n",
		p.sleeper_points, p.publisher_points);
	for (s = 0; fine && s <= p.sleeper_points; s++)
		for (q = 0; fine && q <= p.publisher_points; q++)
			for (first = 0; fine && first < 2; first++)
				fine = perform(&p, s, q, first);
	close_play(&p);
	if (!fine)
		fail_msg("lost wakeup: sleeper stopped at point %u, publisher at %u, %s first",
			 s - 1, q - 1, first == 2 ? "publisher" : "sleeper");
}

static void test_consumer_sleeps(void **state)
{
	(void)state;
	walk(CONSUMER, 0);
}

static void test_producer_sleeps(void **state)
{
	(void)state;
	walk(PRODUCER, 0);
}

/* Without the module a thread sleeps for poll(), and is not stepped. */
static void test_consumer_polls(void **state)
{
	(void)state;
	if (!backend_is("dev"))
		skip();
	walk(CONSUMER, 1);
}

static void test_producer_polls(void **state)
{
	(void)state;
	if (!backend_is("dev"))
		skip();
	walk(PRODUCER, 1);
}

/* What is published without a kick when the sleeper is at point @s: is it seen? */
static int seen_unkicked(struct play *p, unsigned int s)
{
	int seen;

	p->shared->quiet = 1;
	begin(&p->sleeper);
	begin(&p->publisher);
	advance_by(&p->sleeper, s);
	finish(&p->publisher);
	finish(&p->sleeper);
	seen = p->sleeper.state == DONE;
	p->shared->quiet = 0;
	return seen;
}

static uint32_t word(const struct actor *a, const void *at)
{
	return (uint32_t)ptrace(PTRACE_PEEKDATA, a->pid, at, NULL);
}

/*
 * The fence is asked for after the bell was made odd, and before the last
 * look: when it is over, what is published silently is still seen.
 */
static void test_fence_in_place(void **state)
{
	unsigned int n, armed = 0, fenced = 0;
	uint32_t before;
	struct play p;

	(void)state;
	if (backend_is("dev"))
		skip();
	open_play(&p, CONSUMER, 0);
	begin(&p.sleeper);
	before = word(&p.sleeper, p.sleeper_bell);
	assert_false(before & 1);
	for (n = 1; advance(&p.sleeper), p.sleeper.state == STOPPED; n++) {
		if (!armed && word(&p.sleeper, p.sleeper_bell) != before)
			armed = n;
		if (p.sleeper.in_syscall &&
		    REG(&p.sleeper, orig_rax) == SYS_membarrier)
			fenced = n;
	}
	assert_int_equal(p.sleeper.state, ASLEEP);
	begin(&p.publisher);
	finish(&p.publisher);
	assert_true(awake(&p));
	fprintf(stderr, "# armed at point %u, fenced at %u, asleep at %u\n",
		armed, fenced, n);
	/* An emulator may not stop at the atomic that makes it odd. */
	assert_true(armed && fenced >= armed);
	/* The one behind it is its end. */
	assert_true(seen_unkicked(&p, fenced + 1));
	close_play(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_consumer_sleeps),
		cmocka_unit_test(test_producer_sleeps),
		cmocka_unit_test(test_consumer_polls),
		cmocka_unit_test(test_producer_polls),
		cmocka_unit_test(test_fence_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void test_none(void **state)
{
	(void)state;
	skip();		/* the instructions are those of x86-64 */
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_none) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
