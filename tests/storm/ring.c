// SPDX-License-Identifier: MIT
/* The ring of a storm, from outside: by the library, or by sysfs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../user/common/cli.h"
#include "storm.h"

static bool ring_create(struct storm *st)
{
	const char *backend = st->plan->backend;
	struct shmring_opts o = SHMRING_OPTS_INIT;
	bool memfd = !strcmp(backend, "memfd");

	o.flags = SHMRING_OPEN_CREATE;
	o.ring_bytes = RING_BYTES;
	o.record_size = st->kind->record_size;
	if (memfd)
		strcpy(st->address, "memfd:");
	else
		snprintf(st->address, sizeof(st->address), "%s:%sstorm-%d",
			 backend, strcmp(backend, "shm") ? "" : "/",
			 (int)getpid());
	st->ring = shmring_open(st->address, SHMRING_ROLE_NONE, &o);
	if (st->ring && memfd)
		snprintf(st->address, sizeof(st->address), "memfd:%d",
			 shmring_fd(st->ring));
	return st->ring;
}

bool storm_begin(struct storm *st, const struct plan *plan,
		 const struct kind *kind, const char *how)
{
	memset(st, 0, sizeof(*st));
	st->plan = plan;
	st->kind = kind;
	st->rnd = plan->seed;
	st->began = now_s();
	snprintf(st->title, sizeof(st->title), "%s %s %s", plan->backend,
		 kind->name, how);
	st->shared = mmap(NULL, sizeof(*st->shared), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (st->shared == MAP_FAILED)
		refuse("%s: no memory", st->title);
	st->shared->orders.allowed[PRODUCER] = UINT64_MAX;
	st->shared->orders.allowed[CONSUMER] = UINT64_MAX;
	if (!ring_create(st))
		return fail(st, GOES_ON, "no ring: %s", shmring_errmsg());
	return true;
}

void storm_end(struct storm *st)
{
	slay_all(st);
	report_progress_end();
	report_storm(st);
	shmring_close(st->ring);
	if (strcmp(st->plan->backend, "memfd"))
		shmring_unlink(st->address);
	munmap(st->shared, sizeof(*st->shared));
}

static bool sysfs(const struct storm *st, const char *file, char text[32])
{
	char path[128];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/shmring/%s/%s",
		 st->address + strlen("dev:"), file);
	f = fopen(path, "re");
	if (f) {
		n = fread(text, 1, 31, f);
		fclose(f);
	}
	text[n] = 0;
	return n;
}

static uint32_t state_of(const char *text)
{
	if (!strcmp(text, "attached\n"))
		return SHMRING_STATE_ATTACHED;
	return strcmp(text, "gone\n") ? SHMRING_STATE_NEVER : SHMRING_STATE_GONE;
}

/* Positions and states, now. */
bool ring_look(const struct storm *st, struct shmring_stat *now)
{
	char head[32], tail[32], producer[32], consumer[32];

	if (strcmp(st->plan->backend, "dev"))
		return !shmring_stat(st->address, now);
	if (!sysfs(st, "tail", tail) || !sysfs(st, "head", head) ||
	    !sysfs(st, "producer", producer) ||
	    !sysfs(st, "consumer", consumer))
		return false;
	now->tail = strtoull(tail, NULL, 10);
	now->head = strtoull(head, NULL, 10);
	now->state[PRODUCER] = state_of(producer);
	now->state[CONSUMER] = state_of(consumer);
	return true;
}
