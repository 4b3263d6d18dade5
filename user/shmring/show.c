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
#include "text.h"

#define COMM_MAX	64

/* The name of a process, or "". */
static const char *comm_of(uint32_t pid, char comm[COMM_MAX])
{
	char path[32];
	FILE *f;

	comm[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return comm;
	if (!fgets(comm, COMM_MAX, f))
		comm[0] = '\0';
	fclose(f);
	comm[strcspn(comm, "\n")] = '\0';
	return comm;
}

static void print_side(const struct side_info *s, const char *role, FILE *to)
{
	char comm[COMM_MAX];

	fprintf(to, "  %s: %s%s%s", role,
		colour(s->state == SHMRING_STATE_ATTACHED ? COLOUR_GREEN :
		       s->state == SHMRING_STATE_GONE ? COLOUR_YELLOW :
		       COLOUR_NONE),
		state_word(s->state), colour(COLOUR_NONE));
	if (s->pid) {
		fprintf(to, ", pid %u", s->pid);
		if (*comm_of(s->pid, comm))
			fprintf(to, " (%s)", comm);
	}
	fputc('\n', to);
	if (s->has & HAS(SHMRING_A_ENDPOINT_WAITS))
		fprintf(to, "    waits %" PRIu64 ", wakeups %" PRIu64
			", kicks %" PRIu64 ", eventfd signals %" PRIu64
			", deaths %" PRIu64 "\n", s->waits, s->wakeups,
			s->kicks, s->eventfd_signals, s->deaths);
	fprintf(to, "    by its own count: stalls %" PRIu64, s->stalls);
	if (s->has & HAS(SHMRING_A_ENDPOINT_MESSAGES))
		fprintf(to, ", messages %" PRIu64, s->messages);
	fputc('\n', to);
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
	if (r->high_water)
		fprintf(to, "  high water: %u %% (%s)\n", r->high_water,
			level_word(r->level));
	print_side(&r->side[SIDE_PRODUCER], "producer", to);
	print_side(&r->side[SIDE_CONSUMER], "consumer", to);
}

/* What there is to know where there is no module. */
static int look_at_memory(const char *address, struct ring_info *r)
{
	struct shmring_stat st = SHMRING_STAT_INIT;
	int i;

	if (shmring_stat(address, &st))
		return fail("%s", shmring_errmsg());
	*r = (struct ring_info) {
		.has = HAS(SHMRING_A_RING_SIZE) |
		       HAS(SHMRING_A_RING_RECORD_SIZE) |
		       HAS(SHMRING_A_RING_FLAGS) | HAS(SHMRING_A_RING_NODE) |
		       HAS(SHMRING_A_RING_HEAD) | HAS(SHMRING_A_RING_TAIL) |
		       HAS(SHMRING_A_RING_USED) | HAS(SHMRING_A_RING_PRODUCER) |
		       HAS(SHMRING_A_RING_CONSUMER),
		.size = st.ring_bytes,
		.record_size = st.record_size,
		.flags = st.flags,
		.node = st.node,
		.head = st.head,
		.tail = st.tail,
		.used = st.head - st.tail,
	};
	/* Two loads, one after the other, and of what others may scribble on. */
	if (r->used > r->size)
		r->used = r->size;
	for (i = 0; i < SIDES; i++)
		r->side[i] = (struct side_info) {
			.has = HAS(SHMRING_A_ENDPOINT_STATE) |
			       HAS(SHMRING_A_ENDPOINT_STALLS),
			.state = st.state[i],
			.stalls = st.stalls[i],
		};
	return 0;
}

static int ask_kernel(const char *name, struct ring_info *r)
{
	struct kernel *k = kernel_open();
	int err;

	if (!k)
		return fail("%s", kernel_errmsg());
	err = kernel_get(k, name, r);
	kernel_close(k);
	return err ? fail("%s%s", kernel_errmsg(), err == -ENOENT ?
			  ": see shmring list" : "") : 0;
}

int cmd_show(int argc, char **argv)
{
	int json = 0, status;
	const struct poptOption table[] = {
		ARGS_JSON(&json),
		POPT_AUTOHELP
		POPT_TABLEEND
	};
	const char *args[ARGS_MAX], *name;
	char address[ADDRESS_MAX];
	struct ring_info r = { 0 };
	json_t *j;

	args_parse(argc, argv, table, "NAME [OPTION...]", 1, 1, args);
	args_address(args[0], address);
	name = args_dev_name(address);
	status = name ? ask_kernel(name, &r) : look_at_memory(address, &r);
	if (status)
		return status;
	if (json) {
		j = json_ring(&r);
		json_object_set_new(j, "address", json_string(address));
		status = json_document(j);
	} else {
		show_print(&r, address, stdout);
	}
	ring_info_free(&r);
	return status;
}
