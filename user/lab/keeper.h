/* SPDX-License-Identifier: MIT */
/* The process that stays while experiments come and go. */
#ifndef LAB_KEEPER_H
#define LAB_KEEPER_H

#include "lab.h"

/*
 * struct run - one experiment to be kept
 * @lab: what the experiment gets, but for what keeper_run() fills in
 * @files_in: where its folder goes
 * @dir: that folder, or empty
 * @why: why it was refused or failed, where the keeper knows better
 * @record: what it saw, or NULL
 */
struct run {
	struct lab lab;
	const char *files_in;
	char dir[4096];
	char why[LAB_TEXT_MAX];
	json_t *record;
};

enum run_end {
	RUN_DONE,
	RUN_FAILED,
	RUN_REFUSED,
	RUN_INTERRUPTED,
	RUN_UNREAD,	/* nobody reads what it prints */
};

/*
 * Once, before the first: signals that end a run are waited for from here on.
 * False without memory.
 */
bool keeper_begin(size_t runs);
void keeper_end(void);

/* Run it; afterwards none of its processes, files and semaphores is left. */
enum run_end keeper_run(struct run *run);

#endif /* LAB_KEEPER_H */
