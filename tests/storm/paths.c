// SPDX-License-Identifier: MIT
/* The paths on which a side is killed at each instruction. */
#include <signal.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "step.h"

static void open_ring(struct side *s)
{
	side_open(s);
	s->rnd = 0;
}

/* The other side rests, so the ring stays as it is made here. */
static void fill_ring(struct side *s)
{
	open_ring(s);
	while (put_one(s))
		;
}

static void empty_ring(struct side *s)
{
	open_ring(s);
	while (take_one(s))
		;
}

static void nothing(struct side *s)
{
	(void)s;
}

/* The first publish kicks a sleeper, and others find it awake. */
static void publish(struct side *s)
{
	put_one(s);
	put_one(s);
	put_batch(s);
	if (s->r->record_size)
		put_run(s);
	put_copy(s);
}

/* Some releases hand back, and some do not. */
static void release(struct side *s)
{
	take_one(s);
	take_one(s);
	take_one(s);
	if (s->r->record_size)
		take_run(s);
	take_copy(s);
	shmring_flush(s->r);
}

static void wait_for_data(struct side *s)
{
	side_wait_by(s, false, -1);
	take_one(s);
	side_wait_by(s, true, -1);
	take_one(s);
}

static void wait_for_space(struct side *s)
{
	side_wait_by(s, false, -1);
	put_one(s);
	side_wait_by(s, true, -1);
	put_one(s);
}

/* It says that it leaves, and a successor can come. */
static void leave_ring(struct side *s)
{
	shmring_close(s->r);
}

static void write_records(struct side *s)
{
	side_open_raw(s);
	put_raw(s);
	put_raw(s);
}

static void read_records(struct side *s)
{
	side_open_raw(s);
	take_raw(s);
	take_raw(s);
}

/* A producer that stays has filled the ring, a consumer has emptied it. */
const struct path paths[] = {
	{ "publish", "publish", PRODUCER, true, false, false,
	  open_ring, publish },
	{ "write", "publish", PRODUCER, true, false, true,
	  nothing, write_records },
	{ "release", "release", CONSUMER, true, false, false,
	  open_ring, release },
	{ "read", "release", CONSUMER, true, false, true,
	  nothing, read_records },
	{ "wait for data", "wait", CONSUMER, true, true, false,
	  empty_ring, wait_for_data },
	{ "wait for space", "wait", PRODUCER, true, true, false,
	  fill_ring, wait_for_space },
	{ "attach as producer", "attach", PRODUCER, false, false, false,
	  nothing, side_open },
	{ "attach as consumer", "attach", CONSUMER, false, false, false,
	  nothing, side_open },
	{ "close as producer", "close", PRODUCER, false, false, false,
	  open_ring, leave_ring },
	{ "close as consumer", "close", CONSUMER, false, false, false,
	  open_ring, leave_ring },
};

const unsigned int n_paths = sizeof(paths) / sizeof(paths[0]);

/* Two places to stop at. They differ, or the compiler makes them one. */
__attribute__((noinline)) void path_begin(void)
{
	__asm__ volatile("# begin" ::: "memory");
}

__attribute__((noinline)) void path_end(void)
{
	__asm__ volatile("# end" ::: "memory");
}

/* In the walker, which is killed on the way. */
void path_run(struct side *s)
{
	const struct path *path = s->storm->path;

	path->prepare(s);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	path_begin();
	path->walk(s);
	path_end();
	/* It went another way than the one that was stepped through. */
	raise(SIGSTOP);
}
