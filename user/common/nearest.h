/* SPDX-License-Identifier: MIT */
/* What was meant by a word that is mistyped. */
#ifndef COMMON_NEAREST_H
#define COMMON_NEAREST_H

#include <stddef.h>

/*
 * struct nearest - the best of the words that were tried
 * @typed, @len: what the user typed
 * @word: NULL: nothing is near
 */
struct nearest {
	const char *typed;
	size_t len;
	const char *word;
	size_t distance;
};

void nearest_try(struct nearest *n, const char *word);

#define NEAREST_TEXT_MAX	64

/* ", did you mean 'latency'?", or nothing. */
const char *nearest_text(const struct nearest *n, char text[NEAREST_TEXT_MAX]);

#endif /* COMMON_NEAREST_H */
