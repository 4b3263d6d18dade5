// SPDX-License-Identifier: MIT
/* The processes of a trial: started, waited for, ended. */
#include "cast.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/cpus.h"
#include "watch.h"

/* So often the harness looks at what the processes have written. */
#define LOOK_NS	NS_PER_MS

static unsigned int cpu_of(const struct cast *c, enum side side,
			   unsigned int source)
{
	const unsigned int *cpus = c->cell->cpus;

	if (side == SIDE_CONSUMER)
		return cpus[1];
	return c->nr_producers < 2 ? cpus[0] :
				     cpus_beside(cpus[1], cpus[0], source % 2);
}

int cast_start(struct cast *c, unsigned int me, enum side side,
	       unsigned int source)
{
	struct part p = {
		.ch = c->ch,
		.stage = c->stage,
		.me = me,
		.side = side,
		.source = source,
		.cpu = cpu_of(c, side, source),
		.goes_on = c->goes_on,
	};
	pid_t pid = watch_fork();

	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(mover_run(&p) ? 1 : 0);
	c->pid[me] = pid;
	return 0;
}

static void note_open(struct cast *c)
{
	int fd;

	for (fd = 0; fd < CAST_FDS; fd++)
		c->open_before[fd] = fcntl(fd, F_GETFD) >= 0;
}

int cast_let_go(struct cast *c)
{
	int fd, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -1;
	for (fd = 0; fd < CAST_FDS; fd++)
		if (fd != null && !c->open_before[fd] &&
		    fcntl(fd, F_GETFD) >= 0)
			dup3(null, fd, O_CLOEXEC);
	return close(null);
}

static int make_stage(struct cast *c)
{
	c->stage = mmap(NULL, sizeof(*c->stage), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c->stage == MAP_FAILED) {
		c->stage = NULL;
		return -errno;
	}
	sources_begin(&c->stage->sources);
	c->stage->sources.counts = true;
	return 0;
}

int cast_open(struct cast *c, const struct cell *cell,
	      const struct channel *name, unsigned int nr_producers,
	      bool goes_on)
{
	unsigned int i;
	int rc;

	*c = (struct cast){
		.cell = cell,
		.ch = *name,
		.nr_producers = nr_producers,
		.goes_on = goes_on,
	};
	c->ch.producers = nr_producers;
	note_open(c);
	rc = make_stage(c);
	if (!rc)
		rc = c->ch.transport->open(&c->ch);
	if (!rc)
		rc = cast_start(c, MOVER_CONSUMER, SIDE_CONSUMER, 0);
	for (i = 0; !rc && i < nr_producers; i++)
		rc = cast_start(c, MOVER_PRODUCER + i, SIDE_PRODUCER, i);
	return rc;
}

void cast_close(struct cast *c)
{
	cast_end(c);
	c->ch.transport->close(&c->ch);
	if (c->stage)
		munmap(c->stage, sizeof(*c->stage));
	c->stage = NULL;
}

static void reap(struct cast *c)
{
	unsigned int i;

	for (i = 0; i < MOVERS; i++)
		if (c->pid[i] &&
		    waitpid(c->pid[i], &c->status[i], WNOHANG) == c->pid[i])
			c->pid[i] = 0;
}

void cast_wait(struct cast *c, uint64_t deadline)
{
	uint64_t look = now_ns() + LOOK_NS;

	if (watch_signal(deadline < look ? deadline : look) == SIGINT)
		c->interrupted = true;
	reap(c);
}

/* The first word of a file of @me's in /proc. */
static bool first_word(const struct cast *c, unsigned int me, const char *name,
		       const char *format, void *to)
{
	char path[64];
	bool read;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)c->pid[me], name);
	f = fopen(path, "re");
	read = f && fscanf(f, format, to) == 1;
	if (f)
		fclose(f);
	return read;
}

uint64_t cast_run_ns(const struct cast *c, unsigned int me)
{
	unsigned long long ns;

	return first_word(c, me, "schedstat", "%llu", &ns) ? ns : UINT64_MAX;
}

bool cast_is_asleep(const struct cast *c, unsigned int me)
{
	char state;

	return first_word(c, me, "stat", "%*d (%*[^)]) %c", &state) &&
	       state != 'R';
}

void cast_end(struct cast *c)
{
	unsigned int i;

	reap(c);
	for (i = 0; i < MOVERS; i++)
		if (c->pid[i])
			kill(c->pid[i], SIGKILL);
	for (i = 0; i < MOVERS; i++) {
		if (c->pid[i])
			while (waitpid(c->pid[i], &c->status[i], 0) < 0 &&
			       errno == EINTR)
				;
		c->pid[i] = 0;
	}
}
