/* SPDX-License-Identifier: MIT */
/* A program under ptrace, looked at before its first instruction and at its end. */
#ifndef LAB_EXEC_H
#define LAB_EXEC_H

#include "lab.h"
#include "mem.h"
#include "strip.h"

/*
 * struct exec_seen - of the file that was executed
 * @start, @end: a page of @end's file is mapped or in memory
 * @code: executable pages of the file; @code_at_start: mapped ones of them
 * @faults: from beginning to end
 */
struct exec_seen {
	struct strip *start;
	struct strip *end;
	size_t code;
	size_t code_at_start;
	struct faults faults;
};

/* The largest of some programs that most hosts have. */
const char *exec_choose(void);

/* Run `@program --version`. False and @why, if it cannot be traced. */
bool exec_watch(struct lab *lab, const char *program, struct strips *strips,
		struct exec_seen *seen, const char **why);

#endif /* LAB_EXEC_H */
