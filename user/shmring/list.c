// SPDX-License-Identifier: MIT
/* shmring list: all rings, a line each. */
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "args.h"
#include "cmd.h"
#include "family.h"
#include "json.h"
#include "kernel.h"
#include "list.h"
#include "memory.h"
#include "sysfs.h"
#include "text.h"

enum {
	COL_NAME,
	COL_SIZE,
	COL_RECORD,
	COL_NODE,
	COL_USED,
	COL_HIGH,
	COL_PRODUCER,
	COL_CONSUMER,
	COL_DEATHS,
	COLS,
};

static const struct column {
	const char *head;
	int flags;
} columns[COLS] = {
	[COL_NAME] = { "NAME", 0 },
	[COL_SIZE] = { "SIZE", SCOLS_FL_RIGHT },
	[COL_RECORD] = { "RECORD", SCOLS_FL_RIGHT },
	[COL_NODE] = { "NODE", SCOLS_FL_RIGHT },
	[COL_USED] = { "USED", SCOLS_FL_RIGHT },
	[COL_HIGH] = { "HIGH", SCOLS_FL_RIGHT },
	[COL_PRODUCER] = { "PRODUCER", 0 },
	[COL_CONSUMER] = { "CONSUMER", 0 },
	[COL_DEATHS] = { "DEATHS", SCOLS_FL_RIGHT },
};

static const char *fill_colour(const struct ring_info *r)
{
	return r->level == SHMRING_LEVEL_ABOVE ? "red" : NULL;
}

static const char *side_colour(const struct side_info *s)
{
	return s->state == SHMRING_STATE_ATTACHED ? "green" :
	       s->state == SHMRING_STATE_GONE ? "yellow" : NULL;
}

static void add_line(struct libscols_table *table, const struct ring_info *r)
{
	const struct side_info *p = &r->side[SIDE_PRODUCER];
	const struct side_info *c = &r->side[SIDE_CONSUMER];
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char text[TEXT_MAX];

	if (!line)
		return;
	scols_line_set_data(line, COL_NAME, r->name);
	scols_line_set_data(line, COL_SIZE, units_bytes(r->size, text));
	scols_line_set_data(line, COL_RECORD, text_record(r->record_size, text));
	scols_line_set_data(line, COL_NODE, text_node(r->node, text));
	scols_line_set_data(line, COL_USED, text_fill(r->used, r->size, text));
	snprintf(text, sizeof(text), r->high_water ? "%u %%" : "-",
		 r->high_water);
	scols_line_set_data(line, COL_HIGH, text);
	scols_line_set_data(line, COL_PRODUCER, text_side(p, text));
	scols_line_set_data(line, COL_CONSUMER, text_side(c, text));
	/* Without the module nobody counts them. */
	snprintf(text, sizeof(text), r->has & HAS(SHMRING_A_RING_ID) ? "%llu" :
		 "-", (unsigned long long)(p->deaths + c->deaths));
	scols_line_set_data(line, COL_DEATHS, text);
	scols_cell_set_color(scols_line_get_cell(line, COL_USED),
			     fill_colour(r));
	scols_cell_set_color(scols_line_get_cell(line, COL_PRODUCER),
			     side_colour(p));
	scols_cell_set_color(scols_line_get_cell(line, COL_CONSUMER),
			     side_colour(c));
}

int list_print(const struct rings *all, FILE *to)
{
	struct libscols_table *table = scols_new_table();
	size_t i;
	int err;

	if (!table)
		return fail("no memory for a table");
	scols_table_set_stream(table, to);
	scols_table_enable_colors(table, colour_wanted());
	for (i = 0; i < COLS; i++)
		scols_table_new_column(table, columns[i].head, 0,
				       columns[i].flags);
	for (i = 0; i < all->nr; i++)
		add_line(table, &all->ring[i]);
	err = scols_print_table(table);
	scols_unref_table(table);
	return err ? fail("cannot write the table") : EXIT_SUCCESS;
}

struct kernel *ask_whom(void)
{
	struct kernel *k = kernel_open();

	if (!k)
		fail("%s", kernel_errmsg());
	else if (kernel_by_sysfs(k))
		fail("told by /sys/class/shmring, which knows less, since the module's Netlink family " FAMILY_ELSEWHERE);
	return k;
}

int all_rings(struct rings *all)
{
	struct kernel *k = ask_whom();
	int err;

	if (!k)
		return EXIT_FAILURE;
	err = kernel_dump(k, all);
	kernel_close(k);
	if (err)
		return fail("%s", kernel_errmsg());
	if (all->torn)
		fail("rings came or went meanwhile, each time it was asked: some may be missing");
	return 0;
}

/* Those of the module and those that need none; the latter alone will do. */
static int every_ring(struct rings *all)
{
	int status;

	*all = (struct rings) { 0 };
	if (access(SYSFS_MODULE, F_OK) && !memory_rings(all) && all->nr)
		return EXIT_SUCCESS;
	status = all_rings(all);
	if (!status && memory_rings(all))
		status = fail("no memory");
	return status;
}

int cmd_list(int argc, char **argv)
{
	int json = 0, status;
	const struct poptOption table[] = {
		ARGS_JSON(&json),
		POPT_AUTOHELP
		POPT_TABLEEND
	};
	const char *args[ARGS_MAX];
	struct rings all;

	if (args_parse(argc, argv, table, "[OPTION...]", 0, 1, args))
		refuse("%s: list shows all rings; shmring show %s shows one",
		       args[0], args[0]);
	status = every_ring(&all);
	if (status)
		return status;
	status = json ? json_document(json_rings(&all)) :
			list_print(&all, stdout);
	rings_free(&all);
	return status;
}
