// SPDX-License-Identifier: MIT
/* What was meant by a word that is mistyped: the one with the fewest changes. */
#include "nearest.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX	32	/* longer ones are not compared */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Characters to add, drop, replace, or swap with their neighbour, row by row:
 * row[i] is about the first characters of @a, and the first i of @b.
 */
static size_t distance(const char *a, size_t len, const char *b)
{
	size_t rows[3][WORD_MAX + 1], *old = rows[0], *last = rows[1];
	size_t *row = rows[2], *free_row, i, k, to = strlen(b);

	for (i = 0; i <= to; i++)
		last[i] = i;
	for (k = 1; k <= len; k++) {
		row[0] = k;
		for (i = 1; i <= to; i++) {
			row[i] = least(least(row[i - 1], last[i]) + 1,
				       last[i - 1] + (a[k - 1] != b[i - 1]));
			if (k > 1 && i > 1 && a[k - 1] == b[i - 2] &&
			    a[k - 2] == b[i - 1])
				row[i] = least(row[i], old[i - 2] + 1);
		}
		free_row = old;
		old = last;
		last = row;
		row = free_row;
	}
	return last[to];
}

/* A third of it may be wrong. */
void nearest_try(struct nearest *n, const char *word)
{
	size_t far = n->word ? n->distance : (n->len + 2) / 3 + 1, d;

	if (!n->len || n->len > WORD_MAX || strlen(word) > WORD_MAX)
		return;
	/* The beginning of a word means it. */
	d = n->len > 2 && !strncmp(n->typed, word, n->len) ? 0 :
	    distance(n->typed, n->len, word);
	if (d >= far || d >= n->len)
		return;
	n->word = word;
	n->distance = d;
}

const char *nearest_text(const struct nearest *n, char text[NEAREST_TEXT_MAX])
{
	text[0] = 0;
	if (n->word)
		snprintf(text, NEAREST_TEXT_MAX, ", did you mean '%s'?",
			 n->word);
	return text;
}
