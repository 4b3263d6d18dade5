// SPDX-License-Identifier: MIT
/*
 * Runs a program and takes back all that it did: its descriptors, mappings,
 * children and rights. What other processes see, rings and their memory, stays.
 */
#include <fcntl.h>
#include <linux/close_range.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"
#include "shared.h"

#define WINDOW	(FUZZ_SLOTS * FUZZ_MAP_BYTES)

struct fuzz_slot *fuzz_slot(struct fuzz_run *run, uint64_t slot)
{
	return &run->slot[slot % FUZZ_SLOTS];
}

/* -1 where there is none. */
int fuzz_fd(const struct fuzz_run *run, uint64_t slot)
{
	return run->slot[slot % FUZZ_SLOTS].fd;
}

unsigned char *fuzz_map_at(const struct fuzz_run *run, uint64_t slot)
{
	return run->window + slot % FUZZ_SLOTS * FUZZ_MAP_BYTES;
}

/* Who had the slot keeps the descriptor to the program's end. */
long fuzz_keep(struct fuzz_run *run, uint64_t slot, enum fuzz_type type, int fd)
{
	if (fd < 0)
		return -errno;
	*fuzz_slot(run, slot) = (struct fuzz_slot){ .fd = fd, .type = type };
	return 0;
}

/* Address space alone; at @at what was there goes. */
static unsigned char *reserve(unsigned char *at)
{
	return mmap(at, WINDOW, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
		    (at ? MAP_FIXED : 0), -1, 0);
}

static void empty_slots(struct fuzz_run *run)
{
	unsigned int i;

	for (i = 0; i < FUZZ_SLOTS; i++)
		run->slot[i] = (struct fuzz_slot){ .fd = -1 };
}

bool fuzz_run_init(struct fuzz_run *run, struct fuzz_shared *shared,
		   struct fuzz_worker *worker)
{
	memset(run, 0, sizeof(*run));
	run->shared = shared;
	run->worker = worker;
	run->first_fd = dup(STDERR_FILENO);
	if (run->first_fd < 0)
		return false;
	close(run->first_fd);
	empty_slots(run);
	run->window = reserve(NULL);
	return run->window != MAP_FAILED && fuzz_memory_init() &&
	       fuzz_thread_init(run);
}

/* Whether each slot that the call uses holds what it should. */
static bool is_sane(struct fuzz_run *run, const struct fuzz_call *call,
		    const uint64_t *arg)
{
	unsigned int j;

	for (j = 0; j < FUZZ_ARGS && call->args[j].name; j++)
		if (call->args[j].kind == KIND_USE &&
		    fuzz_slot(run, arg[j])->type != call->args[j].type)
			return false;
	return true;
}

static void check_errno(struct fuzz_run *run, const struct fuzz_call *call,
			long err)
{
	const int *known;

	/* The process's own limit, which a loop can reach. */
	if (err == EMFILE)
		return;
	for (known = call->errnos; *known; known++)
		if (err == *known)
			return;
	fuzz_broken(run->shared, "%s: errno %ld (%s), which is not documented for it",
		    call->name, err, strerror((int)err));
}

void fuzz_run_steps(struct fuzz_run *run, unsigned int from, unsigned int n)
{
	const struct fuzz_program *p = run->program;
	const struct fuzz_call *call;
	bool sane;
	long ret;

	for (; n && from < p->n; from++, n--) {
		call = fuzz_call(p->step[from].call);
		sane = call->errnos && is_sane(run, call, p->step[from].arg);
		ret = call->run(run, p->step[from].arg);
		atomic_fetch_add(&run->worker->calls, 1);
		if (ret < 0 && sane && !run->raced)
			check_errno(run, call, -ret);
	}
}

static void end_children(struct fuzz_run *run)
{
	while (run->children) {
		pid_t pid = run->child[--run->children];

		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
}

/* This thread alone; new credentials are made only where they are needed. */
void fuzz_be_root(void)
{
	if (syscall(SYS_geteuid))
		syscall(SYS_setresuid, -1, 0, -1);
}

static void clean_up(struct fuzz_run *run)
{
	fuzz_thread_finish(run);
	end_children(run);
	if (run->mapped)
		reserve(run->window);
	run->mapped = false;
	close_range((unsigned int)run->first_fd, ~0U, 0);
	fuzz_be_root();
	empty_slots(run);
}

void fuzz_run_program(struct fuzz_run *run, const struct fuzz_program *p)
{
	run->program = p;
	run->raced = false;
	for (run->at = 0; run->at < p->n; run->at++) {
		atomic_store(&run->worker->at, run->at);
		fuzz_run_steps(run, run->at, 1);
	}
	clean_up(run);
}
