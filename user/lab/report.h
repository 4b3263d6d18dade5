/* SPDX-License-Identifier: MIT */
/* What all experiments together came to. */
#ifndef LAB_REPORT_H
#define LAB_REPORT_H

#include "keeper.h"

/* struct report - verdicts so far, and the records of all experiments */
struct report {
	json_t *records;
	unsigned int holds;
	unsigned int broken;
	unsigned int skipped;
	bool unwritten;	/* a picture, or what was seen */
};

bool report_begin(struct report *r);

/*
 * Take @run's record; one that ended without its verdicts counts as one that
 * does not hold, one that was refused as one that was not checked.
 */
void report_add(struct report *r, struct run *run, enum run_end end, FILE *out);

/* The last line. */
void report_summary(const struct report *r, FILE *out);

/* 0 or a negative errno. */
int report_json(const struct report *r, FILE *out);

void report_end(struct report *r);

#endif /* LAB_REPORT_H */
