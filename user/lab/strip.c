// SPDX-License-Identifier: MIT
/* Strips: which pages of a range are in memory, one after the other. */
#include "strip.h"

#include <stdlib.h>
#include <string.h>

#include "plot.h"

#define CHARACTERS	64
#define CELLS		1024	/* of the picture, at most */
#define WIDTH		1400	/* of it; the strips have three quarters */

struct strip *strip_add(struct lab *lab, struct strips *all, const char *name,
			size_t pages)
{
	struct strip *s = &all->strip[all->nr];

	if (all->nr == STRIPS_MAX)
		lab_die(lab, "more than %d strips", STRIPS_MAX);
	s->name = name;
	s->pages = pages;
	s->state = calloc(pages ? pages : 1, 1);
	if (!s->state)
		lab_die(lab, "no memory for a strip of %zu pages", pages);
	all->nr++;
	return s;
}

static size_t count_range(const struct strip *s, size_t from, size_t to,
			  enum strip_state at_least)
{
	size_t i, n = 0;

	for (i = from; i < to; i++)
		n += s->state[i] >= at_least;
	return n;
}

size_t strip_count(const struct strip *s, enum strip_state at_least)
{
	return count_range(s, 0, s->pages, at_least);
}

/* The pages that cell @i of @cells stands for: at least one. */
static void cell_range(const struct strip *s, size_t i, size_t cells,
		       size_t *from, size_t *to)
{
	*from = i * s->pages / cells;
	*to = (i + 1) * s->pages / cells;
	if (*to == *from)
		*to += *from < s->pages;
}

/* ' ' none, '.' some in memory, '-' all in memory, '+' some mapped, '#' all. */
static char character(const struct strip *s, size_t i)
{
	size_t from, to, cached, mapped;

	cell_range(s, i, CHARACTERS, &from, &to);
	cached = count_range(s, from, to, STRIP_CACHED);
	mapped = count_range(s, from, to, STRIP_MAPPED);
	if (mapped)
		return mapped == to - from ? '#' : '+';
	if (cached)
		return cached == to - from ? '-' : '.';
	return ' ';
}

void strips_print(struct lab *lab, const struct strips *all)
{
	char line[CHARACTERS + 1];
	size_t i, k;

	fprintf(lab->out, "\n  from the first page to the last: # mapped, + some of them, - in memory, . some\n");
	for (i = 0; i < all->nr; i++) {
		for (k = 0; k < CHARACTERS; k++)
			line[k] = character(&all->strip[i], k);
		line[k] = 0;
		fprintf(lab->out, "  |%s| %s\n", line, all->strip[i].name);
	}
	fputc('\n', lab->out);
}

/* A rectangle for each run of cells that look alike. */
static void plot_strip(FILE *plot, const struct strip *s, double y)
{
	size_t cells = s->pages < CELLS ? s->pages : CELLS, from, to, i, k;
	unsigned char *look = calloc(cells + 1, 1);

	if (!look)
		return;
	for (i = 0; i < cells; i++) {
		cell_range(s, i, cells, &from, &to);
		look[i] = count_range(s, from, to, STRIP_MAPPED) ? STRIP_MAPPED :
			  count_range(s, from, to, STRIP_CACHED) ? STRIP_CACHED :
								   STRIP_ABSENT;
	}
	for (i = 0; i < cells; i = k) {
		for (k = i; k < cells && look[k] == look[i]; k++)
			;
		fprintf(plot, "%f %f %f %d\n", (double)i / (double)cells,
			(double)(k < i + 2 && cells == CELLS ? i + 2 : k) /
			(double)cells, y, look[i]);
	}
	free(look);
}

void strips_plot(struct lab *lab, const struct strips *all)
{
	FILE *plot = plot_begin(lab, WIDTH, 90 + 30 * (int)all->nr);
	size_t i;

	if (!plot)
		return;
	fprintf(plot, "$strips << END\n");
	for (i = 0; i < all->nr; i++)
		plot_strip(plot, &all->strip[i], -(double)i);
	fprintf(plot, "END\nset xrange [0:1]\nset yrange [%f:0.6]\nset ytics (",
		-(double)all->nr + 0.4);
	for (i = 0; i < all->nr; i++)
		fprintf(plot, "%s\"%s\" %f", i ? ", " : "",
			all->strip[i].name, -(double)i);
	fprintf(plot, ") scale 0\nunset grid\nset border 0\n"
		"set xtics ('first page' 0, 'last page' 1) scale 0\n"
		"set lmargin at screen 0.31\nset rmargin at screen 0.96\n"
		"set key outside top center horizontal\n"
		"names = '\"not there\" \"in memory\" \"in memory and mapped\"'\n"
		"plot for [s=0:2] $strips using "
		"($4==s?($1+$2)/2:NaN):3:1:2:($3-0.36):($3+0.36) with boxxyerror "
		"lc rgb word('#ececec #a6cee3 #1f78b4', s+1) t word(names, s+1)\n");
	plot_end(lab, plot);
}

void strips_free(struct strips *all)
{
	while (all->nr)
		free(all->strip[--all->nr].state);
}
