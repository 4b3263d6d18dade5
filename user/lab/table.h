/* SPDX-License-Identifier: MIT */
/* A table of what was seen: printed for people, recorded for programs. */
#ifndef LAB_TABLE_H
#define LAB_TABLE_H

#include "lab.h"

/*
 * struct column - @head is what people read, @key what programs read; times are
 * recorded in nanoseconds and sizes in bytes, and their keys say so
 */
struct column {
	const char *head;
	const char *key;
};

/* struct table - cells are added row by row, from left to right */
struct table {
	struct lab *lab;
	const char *name;
	const struct column *columns;
	size_t nr_columns;
	char **cells;
	size_t nr_cells;
	json_t *rows;
};

/* @name is for programs: one word. */
void table_begin(struct table *t, struct lab *lab, const char *name,
		 const struct column *columns, size_t nr_columns);

void table_text(struct table *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void table_count(struct table *t, uint64_t n);
void table_mib(struct table *t, uint64_t bytes);
void table_time(struct table *t, double ns);
void table_ratio(struct table *t, double ratio);
void table_none(struct table *t);

/* Print it, and keep it in the record. */
void table_end(struct table *t);

#endif /* LAB_TABLE_H */
