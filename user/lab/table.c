// SPDX-License-Identifier: MIT
/* Rows are kept until the end, since each column is as wide as its widest. */
#include "table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../common/units.h"

#define CELL_MAX	160

void table_begin(struct table *t, struct lab *lab, const char *name,
		 const struct column *columns, size_t nr_columns)
{
	*t = (struct table){
		.lab = lab,
		.name = name,
		.columns = columns,
		.nr_columns = nr_columns,
		.rows = json_array(),
	};
}

static void add(struct table *t, const char *text, json_t *value)
{
	size_t column = t->nr_cells % t->nr_columns;
	char **cells = realloc(t->cells, (t->nr_cells + 1) * sizeof(*cells));

	if (cells)
		t->cells = cells;
	if (!cells || !(cells[t->nr_cells] = strdup(text)))
		lab_die(t->lab, "no memory for a table");
	t->nr_cells++;
	if (!column)
		json_array_append_new(t->rows, json_object());
	json_object_set_new(json_array_get(t->rows, json_array_size(t->rows) - 1),
			    t->columns[column].key, value);
}

void table_text(struct table *t, const char *fmt, ...)
{
	char text[CELL_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	add(t, text, json_string(text));
}

void table_count(struct table *t, uint64_t n)
{
	char text[CELL_MAX];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	add(t, text, json_integer((json_int_t)n));
}

void table_mib(struct table *t, uint64_t bytes)
{
	char text[CELL_MAX];

	snprintf(text, sizeof(text), "%.1f", (double)bytes / (1 << 20));
	add(t, text, json_integer((json_int_t)bytes));
}

void table_time(struct table *t, double ns)
{
	char text[UNITS_TEXT_MAX];

	add(t, units_time(ns, text), json_real(ns));
}

void table_ratio(struct table *t, double ratio)
{
	char text[CELL_MAX];

	snprintf(text, sizeof(text), "%.2f", ratio);
	add(t, text, json_real(ratio));
}

void table_none(struct table *t)
{
	add(t, "-", json_null());
}

/* Columns on a terminal: bytes that begin a character. */
static int width_of(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static int column_width(const struct table *t, size_t column)
{
	int width = width_of(t->columns[column].head), w;
	size_t i;

	for (i = column; i < t->nr_cells; i += t->nr_columns) {
		w = width_of(t->cells[i]);
		if (w > width)
			width = w;
	}
	return width;
}

/* The first column to the left, numbers to the right. */
static void print_cell(FILE *out, size_t column, int width, const char *text)
{
	int pad = width - width_of(text);

	if (!column)
		fprintf(out, "  %s%*s", text, pad, "");
	else
		fprintf(out, "  %*s%s", pad, "", text);
}

static void print(const struct table *t)
{
	FILE *out = t->lab->out;
	int *widths = calloc(t->nr_columns, sizeof(*widths));
	size_t i;

	if (!widths)
		lab_die(t->lab, "no memory for a table");
	fputc('\n', out);
	for (i = 0; i < t->nr_columns; i++) {
		widths[i] = column_width(t, i);
		print_cell(out, i, widths[i], t->columns[i].head);
	}
	fputc('\n', out);
	for (i = 0; i < t->nr_cells; i++) {
		print_cell(out, i % t->nr_columns, widths[i % t->nr_columns],
			   t->cells[i]);
		if (i % t->nr_columns == t->nr_columns - 1)
			fputc('\n', out);
	}
	fputc('\n', out);
	fflush(out);
	free(widths);
}

void table_end(struct table *t)
{
	size_t i;

	print(t);
	for (i = 0; i < t->nr_cells; i++)
		free(t->cells[i]);
	free(t->cells);
	json_object_set_new(json_object_get(t->lab->record, "tables"), t->name,
			    t->rows);
}
