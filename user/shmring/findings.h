/* SPDX-License-Identifier: MIT */
/* What doctor looks at. */
#ifndef FINDINGS_H
#define FINDINGS_H

#include "info.h"

enum verdict {
	VERDICT_OK,
	VERDICT_NOTE,		/* worth knowing */
	VERDICT_WARN,		/* slower or narrower than need be */
	VERDICT_FAIL,		/* rings of the module do not work */
	VERDICTS,
};

/*
 * struct finding - what one check came to
 * @what: the check
 * @text: what it saw
 * @fix: what to type, or ""
 */
struct finding {
	enum verdict verdict;
	const char *what;
	char text[256];
	char fix[256];
};

/*
 * struct host - where to look
 * @root: before /sys, /proc and /dev: "" on a live system
 * @version: of this command
 * @kernel_error: why there is no answer, or NULL
 * @by_sysfs: the answer is that of sysfs
 * @all: the rings, if there is one
 * @max_used: per cent of a ring from which on it is too full; 0: none is
 */
struct host {
	const char *root;
	const char *version;
	const char *kernel_error;
	bool by_sysfs;
	const struct rings *all;
	uint32_t max_used;
};

#define FINDINGS_MAX	16

/* All checks; how many findings they have. */
size_t findings_of(const struct host *h, struct finding f[FINDINGS_MAX]);

#endif /* FINDINGS_H */
