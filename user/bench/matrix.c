// SPDX-License-Identifier: MIT
/* The round trips of all pairs of CPUs. */
#include "matrix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "../common/stats.h"
#include "topology.h"
#include "../common/units.h"

#define WIDTH	9

static unsigned int cpu_of(const json_t *pair, size_t end)
{
	return (unsigned int)json_integer_value(
		json_array_get(doc_part(pair, "cpus"), end));
}

static size_t index_of(const struct matrix *m, unsigned int cpu)
{
	size_t i;

	for (i = 0; i < m->nr && m->cpus[i] != cpu; i++)
		;
	return i;
}

/* The pairs come in the order of their CPUs, so a new one is the largest. */
static void add_cpu(struct matrix *m, unsigned int cpu)
{
	if (index_of(m, cpu) == m->nr)
		m->cpus[m->nr++] = cpu;
}

static void fill(struct matrix *m, const json_t *pairs)
{
	size_t i, a, b;
	const json_t *p;

	for (i = 0; i < m->nr * m->nr; i++) {
		m->ns[i] = NAN;
		m->relation[i] = "";
	}
	json_array_foreach(pairs, i, p) {
		a = index_of(m, cpu_of(p, 0));
		b = index_of(m, cpu_of(p, 1));
		m->ns[a * m->nr + b] = doc_number(p, "median");
		m->ns[b * m->nr + a] = doc_number(p, "median");
		m->relation[a * m->nr + b] = doc_text(p, "relation");
		m->relation[b * m->nr + a] = doc_text(p, "relation");
	}
}

bool matrix_make(struct matrix *m, const json_t *doc)
{
	const json_t *pairs = doc_part(doc, "topology"), *p;
	size_t i, n = json_array_size(pairs);

	*m = (struct matrix){ .nr = 0 };
	if (!n)
		return false;
	m->cpus = calloc(2 * n, sizeof(*m->cpus));
	if (!m->cpus)
		return false;
	json_array_foreach(pairs, i, p) {
		add_cpu(m, cpu_of(p, 0));
		add_cpu(m, cpu_of(p, 1));
	}
	m->ns = calloc(m->nr * m->nr, sizeof(*m->ns));
	m->relation = calloc(m->nr * m->nr, sizeof(*m->relation));
	if (!m->nr || !m->ns || !m->relation) {
		matrix_free(m);
		return false;
	}
	fill(m, pairs);
	return true;
}

void matrix_free(struct matrix *m)
{
	free(m->cpus);
	free(m->ns);
	free(m->relation);
	*m = (struct matrix){ .nr = 0 };
}

static void print_rows(FILE *out, const struct matrix *m, size_t from, size_t to)
{
	char text[UNITS_TEXT_MAX];
	size_t a, b;

	fprintf(out, "%*s", WIDTH, "CPU");
	for (b = from; b < to; b++)
		fprintf(out, "%*u", WIDTH, m->cpus[b]);
	for (a = 0; a < m->nr; a++) {
		fprintf(out, "\n%*u", WIDTH, m->cpus[a]);
		for (b = from; b < to; b++)
			fprintf(out, "%*s", WIDTH,
				isnan(m->ns[a * m->nr + b]) ? "-" :
				units_time(m->ns[a * m->nr + b], text));
	}
	fputc('\n', out);
}

/* How many pairs are so related, and how far they typically are. */
static void print_relation(FILE *out, const struct matrix *m,
			   const char *relation, double *found)
{
	char text[UNITS_TEXT_MAX];
	size_t a, b, n = 0;

	for (a = 0; a < m->nr; a++)
		for (b = a + 1; b < m->nr; b++)
			if (!strcmp(m->relation[a * m->nr + b], relation) &&
			    !isnan(m->ns[a * m->nr + b]))
				found[n++] = m->ns[a * m->nr + b];
	if (n)
		fprintf(out, "  %-14s%zu pair%s, median %s\n", relation, n,
			n > 1 ? "s" : "",
			units_time(stats_of(found, n).median, text));
}

void matrix_print(FILE *out, const json_t *doc, int width)
{
	size_t columns = (size_t)(width / WIDTH - 1), from;
	struct matrix m;
	double *found;
	int r;

	if (!matrix_make(&m, doc))
		return;
	fputs("\ntopology: bare two-flag round trips between CPUs\n", out);
	for (from = 0; from < m.nr; from += columns)
		print_rows(out, &m, from, from + columns < m.nr ?
			   from + columns : m.nr);
	found = calloc(m.nr * m.nr, sizeof(*found));
	for (r = 0; found && r <= RELATION_UNKNOWN; r++)
		print_relation(out, &m, relation_text[r], found);
	free(found);
	matrix_free(&m);
}
