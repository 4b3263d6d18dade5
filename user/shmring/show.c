// SPDX-License-Identifier: MIT
/* shmring show: everything about one ring. */
#include "show.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "json.h"
#include "kernel.h"
#include "list.h"
#include "memory.h"
#include "sysfs.h"
#include "text.h"

static void print_counts(const char *of, const struct side_info *s, FILE *to)
{
	fprintf(to, "  %swaits %" PRIu64 ", wakeups %" PRIu64
		", kicks %" PRIu64 ", eventfd signals %" PRIu64
		", deaths %" PRIu64 "\n", of, s->waits, s->wakeups, s->kicks,
		s->eventfd_signals, s->deaths);
}

static void print_side(const struct side_info *s, const char *role, FILE *to)
{
	char comm[FILE_LINE_MAX];

	fprintf(to, "  %s: %s%s%s", role,
		colour(s->state == SHMRING_STATE_ATTACHED ? COLOUR_GREEN :
		       s->state == SHMRING_STATE_GONE ? COLOUR_YELLOW :
		       COLOUR_NONE),
		state_word(s->state), colour(COLOUR_NONE));
	if (s->pid)
		fprintf(to, ", pid %u (%s)", s->pid, comm_of(s->pid, comm));
	fputc('\n', to);
	if (s->has & HAS(SHMRING_A_ENDPOINT_WAITS))
		print_counts("  ", s, to);
	if (s->has & HAS(SHMRING_A_ENDPOINT_MESSAGES))
		fprintf(to, "    messages %" PRIu64 "\n", s->messages);
	fprintf(to, "    by its own count: stalls %" PRIu64 "\n", s->stalls);
}

static void print_owner(const struct ring_info *r, FILE *to)
{
	struct passwd *user = getpwuid(r->uid);
	struct group *group = getgrgid(r->gid);

	/* Without a node there is nothing that a mode could be of. */
	if (r->flags & SHMRING_CREATE_ANONYMOUS)
		fprintf(to, "  owner: ");
	else
		fprintf(to, "  mode: %04o, owner ", r->mode);
	if (user)
		fprintf(to, "%s", user->pw_name);
	else
		fprintf(to, "%u", r->uid);
	if (group)
		fprintf(to, ", group %s\n", group->gr_name);
	else
		fprintf(to, ", group %u\n", r->gid);
}

static void print_flags(const struct ring_info *r, FILE *to)
{
	const char *before = "";
	size_t bit;

	fprintf(to, "  flags: %s", r->flags ? "" : "none");
	for (bit = 0; flag_word(bit); bit++) {
		if (!(r->flags & 1U << bit))
			continue;
		fprintf(to, "%s%s", before, flag_word(bit));
		before = ", ";
	}
	fputc('\n', to);
}

static void print_node(const struct ring_info *r, FILE *to)
{
	char text[TEXT_MAX];
	size_t i;

	fprintf(to, "  node: %s", text_node(r->node, text));
	for (i = 0; i < r->nr_numa; i++)
		fprintf(to, "%s%" PRIu64 " pages on %u", i ? ", " : "; ",
			r->numa[i].pages, r->numa[i].node);
	fputc('\n', to);
}

void show_print(const struct ring_info *r, const char *address, FILE *to)
{
	const struct side_info *p = &r->side[SIDE_PRODUCER];
	char text[TEXT_MAX];

	fprintf(to, "%s%s%s\n", colour(COLOUR_BOLD), address,
		colour(COLOUR_NONE));
	if (r->has & HAS(SHMRING_A_RING_ID))
		fprintf(to, "  id: %" PRIu64 "\n", r->id);
	fprintf(to, "  size: %s\n", units_bytes(r->size, text));
	fprintf(to, "  records: %s%s\n", text_record(r->record_size, text),
		r->record_size ? " each" : " length");
	print_flags(r, to);
	print_node(r, to);
	if (r->has & HAS(SHMRING_A_RING_MODE))
		print_owner(r, to);
	if (r->has & HAS(SHMRING_A_RING_CREATED))
		fprintf(to, "  created: %s\n", text_time(r->created, text));
	fprintf(to, "  used: %s, head %" PRIu64 ", tail %" PRIu64 "\n",
		text_fill(r->used, r->size, text), r->head, r->tail);
	if (r->high_water && r->has & HAS(SHMRING_A_RING_LEVEL))
		fprintf(to, "  high water: %u %% (%s)\n", r->high_water,
			level_word(r->level));
	else if (r->high_water)
		fprintf(to, "  high water: %u %%\n", r->high_water);
	print_side(p, "producer", to);
	print_side(&r->side[SIDE_CONSUMER], "consumer", to);
	if (r->has & HAS(SHMRING_A_RING_ID) &&
	    !(p->has & HAS(SHMRING_A_ENDPOINT_WAITS)))
		print_counts("both: ", p, to);
}

static int ask_kernel(const char *name, struct ring_info *r)
{
	struct kernel *k = ask_whom();
	int err;

	if (!k)
		return EXIT_FAILURE;
	err = kernel_get(k, name, r);
	kernel_close(k);
	return err ? fail("%s%s", kernel_errmsg(), err == -ENOENT ?
			  ": see shmring list" : "") : 0;
}

static int ask_memory(const char *address, struct ring_info *r)
{
	int err = memory_ring(address, r);

	return err ? fail_library(-err) : 0;
}

/* For whoever watches: the exit status tells. */
static int judge(const struct ring_info *r, const char *address, uint32_t most)
{
	uint32_t used = fill_percent(r->used, r->size);

	if (!most || used <= most)
		return EXIT_SUCCESS;
	fail("%s: %u %% is used, which is more than %u %%", address, used, most);
	return EXIT_BEYOND;
}

int cmd_show(int argc, char **argv)
{
	static char *max_used;
	int json = 0, status;
	const struct poptOption table[] = {
		ARGS_MAX_USED(&max_used),
		ARGS_JSON(&json),
		POPT_AUTOHELP
		POPT_TABLEEND
	};
	const char *args[ARGS_MAX], *name;
	char address[ADDRESS_MAX];
	struct ring_info r = { 0 };
	uint32_t most;
	json_t *j;

	args_parse(argc, argv, table, "NAME [OPTION...]", 1, 1, args);
	args_address(args[0], address);
	most = args_percent("--max-used", max_used);
	name = args_dev_name(address);
	status = name ? ask_kernel(name, &r) : ask_memory(address, &r);
	if (status)
		return status;
	if (json) {
		j = json_ring(&r);
		json_object_set_new(j, "address", json_string(address));
		status = json_document(j);
	} else {
		show_print(&r, address, stdout);
	}
	if (!status)
		status = judge(&r, address, most);
	ring_info_free(&r);
	return status;
}
