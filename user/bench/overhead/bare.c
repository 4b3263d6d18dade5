// SPDX-License-Identifier: MIT
/*
 * What the fastest transport does without shmring-bench: two processes, two
 * pinned CPUs, one ring, loops written out by hand with constants for all that
 * the benchmark takes from its options. The same payload, and every byte of it
 * verified. Prints messages per second.
 *
 * usage: bare BATCH MESSAGES CPU CPU		(BATCH: 1 or 64)
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <shmring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../common/clock.h"
#include "../payload.h"

#define SIZE		8
#define RING_BYTES	65536

/* Whatever goes wrong, there is no number. */
static void check(int ok)
{
	if (ok)
		return;
	fprintf(stderr, "bare: %s\n", strerror(errno));
	_exit(1);
}

static void wait_for(struct shmring *r)
{
	int rc = errno == EAGAIN ? shmring_wait(r, 0, -1) : -errno;

	check(!rc || rc == -EINTR);
}

static ALWAYS_INLINE void produce(struct shmring *r, uint64_t count, size_t n)
{
	uint64_t seq = 0, end;
	size_t run;
	void *p;

	while (seq < count)
		for (end = seq + n; seq < end; seq += run) {
			run = end - seq;
			while (!(p = shmring_reserve_n(r, &run))) {
				wait_for(r);
				run = end - seq;
			}
			payload_fill(p, seq, run, SIZE);
			shmring_commit_n(r, run);
		}
}

static ALWAYS_INLINE void consume(struct shmring *r, uint64_t seq,
				  uint64_t count, size_t n)
{
	const void *p;
	uint64_t end;
	size_t run;

	while (seq < count)
		for (end = seq + n; seq < end; seq += run) {
			run = end - seq;
			while (!(p = shmring_peek_n(r, &run))) {
				wait_for(r);
				run = end - seq;
			}
			check(payload_ok(p, seq, run, SIZE));
			shmring_release_n(r, run);
		}
}

static ALWAYS_INLINE void produce_one(struct shmring *r, uint64_t count)
{
	uint64_t seq;
	void *p;

	for (seq = 0; seq < count; seq++) {
		while (!(p = shmring_reserve(r, SIZE)))
			wait_for(r);
		payload_fill(p, seq, 1, SIZE);
		shmring_commit(r, SIZE, 0);
	}
}

static ALWAYS_INLINE void consume_one(struct shmring *r, uint64_t seq,
				      uint64_t count)
{
	const void *p;

	for (; seq < count; seq++) {
		while (!(p = shmring_peek(r, NULL, NULL)))
			wait_for(r);
		check(payload_ok(p, seq, 1, SIZE));
		shmring_release(r, SIZE);
	}
}

static void pin(const char *cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(atoi(cpu), &set);
	check(!sched_setaffinity(0, sizeof(set), &set));
}

static void produce_all(struct shmring *r, uint64_t count, int batch)
{
	check(!shmring_attach(r, SHMRING_ROLE_PRODUCER));
	if (batch == 1)
		produce_one(r, count);
	else
		produce(r, count, 64);
	_exit(0);
}

/* The messages from @seq to @count. */
static void consume_all(struct shmring *r, uint64_t seq, uint64_t count,
			int batch)
{
	if (batch == 1)
		consume_one(r, seq, count);
	else
		consume(r, seq, count, 64);
}

int main(int argc, char **argv)
{
	struct shmring_opts opts = SHMRING_OPTS_INIT;
	int batch, status;
	uint64_t count, warm, begun;
	struct shmring *r;

	if (argc != 5 || ((batch = atoi(argv[1])) != 1 && batch != 64)) {
		fputs("usage: bare 1|64 MESSAGES CPU CPU\n", stderr);
		return 2;
	}
	count = strtoull(argv[2], NULL, 10) / 64 * 64;
	opts.flags = SHMRING_OPEN_CREATE;
	opts.ring_bytes = RING_BYTES;
	opts.record_size = SIZE;
	r = shmring_open("memfd:", SHMRING_ROLE_NONE, &opts);
	check(r != NULL);
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pin(argv[3]);
		produce_all(r, count, batch);
	}
	pin(argv[4]);
	check(!shmring_attach(r, SHMRING_ROLE_CONSUMER));
	/* The first third is the warm-up. */
	warm = count / 3 / 64 * 64;
	consume_all(r, 0, warm, batch);
	begun = now_ns();
	consume_all(r, warm, count, batch);
	printf("%.0f\n", (double)(count - warm) * NS_PER_S /
			 (double)(now_ns() - begun));
	check(wait(&status) > 0 && !status);
	shmring_close(r);
	return 0;
}
