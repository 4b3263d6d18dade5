/* SPDX-License-Identifier: MIT */
/* What is there after a process is gone that was not there before. */
#ifndef BENCH_LEFTOVER_H
#define BENCH_LEFTOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEFTOVER_NAME_MAX	64

/* What is looked for; leftover_kinds names them. */
enum leftover_kind {
	LEFT_FILES,		/* in $TMPDIR and /dev/shm */
	LEFT_QUEUES,		/* POSIX, where they are mounted */
	LEFT_SEGMENTS,		/* System V, as the next two */
	LEFT_SEMAPHORES,
	LEFT_MESSAGES,
	LEFT_RINGS,		/* of the module */
	LEFT_PROCESSES,		/* children of this one */
	LEFT_DESCRIPTORS,	/* its own */
	LEFT_KINDS,
};

extern const char *const leftover_kinds[LEFT_KINDS];

/*
 * struct leftover - how many of each; of two, what was added
 * @bytes: of files and segments
 * @first: the name of one of them, or ""
 */
struct leftover {
	unsigned int nr[LEFT_KINDS];
	uint64_t bytes;
	char first[LEFTOVER_NAME_MAX];
};

/* struct snapshot - names of all that is there, a line each, in no order */
struct snapshot {
	char *text;
	size_t size;
};

/* False without memory. */
bool snapshot_take(struct snapshot *s);
void snapshot_free(struct snapshot *s);

/* What @now has and @then had not, of the first @kinds. */
struct leftover snapshot_added(const struct snapshot *now,
			       const struct snapshot *then, int kinds);

void leftover_add(struct leftover *to, const struct leftover *more);
bool leftover_is_nothing(const struct leftover *l);

#endif /* BENCH_LEFTOVER_H */
