/* SPDX-License-Identifier: MIT */
/* Strips: which pages of a range are in memory, one after the other. */
#ifndef LAB_STRIP_H
#define LAB_STRIP_H

#include "lab.h"

enum strip_state {
	STRIP_ABSENT,
	STRIP_CACHED,	/* in memory, but no page table leads to it */
	STRIP_MAPPED,
};

/* struct strip - @state of each page is an enum strip_state */
struct strip {
	const char *name;
	size_t pages;
	unsigned char *state;
};

#define STRIPS_MAX	24

struct strips {
	struct strip strip[STRIPS_MAX];
	size_t nr;
};

/* All absent, to be filled in. */
struct strip *strip_add(struct lab *lab, struct strips *all, const char *name,
			size_t pages);

size_t strip_count(const struct strip *s, enum strip_state at_least);

/* In characters: a picture of each on the terminal. */
void strips_print(struct lab *lab, const struct strips *all);

void strips_plot(struct lab *lab, const struct strips *all);

void strips_free(struct strips *all);

#endif /* LAB_STRIP_H */
