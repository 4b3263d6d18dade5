// SPDX-License-Identifier: MIT
/* Rings as sysfs has them. */
#include "sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLASS_DIR	"/sys/class/shmring"
#define NS_PER_S	1000000000ULL
#define DIR_MAX		(PATH_MAX - FILE_LINE_MAX)	/* room for a file in it */

bool file_line(const char *path, char line[FILE_LINE_MAX])
{
	FILE *f = fopen(path, "re");
	bool ok;

	if (!f)
		return false;
	ok = fgets(line, FILE_LINE_MAX, f);
	fclose(f);
	if (ok)
		line[strcspn(line, "\n")] = '\0';
	return ok;
}

const char *comm_of(uint32_t pid, char comm[FILE_LINE_MAX])
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	return file_line(path, comm) ? comm : "?";
}

static bool number(const char *dir, const char *file, int64_t *n)
{
	char path[PATH_MAX], line[FILE_LINE_MAX], *end;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	if (!file_line(path, line))
		return false;
	/* An unsigned one may be the largest there is. */
	*n = *line == '-' ? strtoll(line, &end, 0) :
			    (int64_t)strtoull(line, &end, 0);
	return end != line && !*end;
}

static void set_number(const struct field *f, void *info, int64_t n)
{
	void *at = (char *)info + f->offset;

	if (f->type == FIELD_U64)
		*(uint64_t *)at = (uint64_t)n;
	else
		*(uint32_t *)at = (uint32_t)n;
}

/* Each file that is called as a field is. */
static void read_numbers(const char *dir, const struct field *f, void *info,
			 uint32_t *has)
{
	int64_t n;

	for (; f->name; f++)
		if (f->type != FIELD_SIDE && f->type != FIELD_NAME &&
		    number(dir, f->name, &n)) {
			set_number(f, info, n);
			*has |= HAS(f->attr);
		}
}

static void read_side(const char *dir, const char *role, const char *stalls,
		      struct side_info *s)
{
	char path[PATH_MAX], word[FILE_LINE_MAX];
	int64_t n;

	snprintf(path, sizeof(path), "%s/%s", dir, role);
	for (s->state = SHMRING_STATE_GONE; s->state; s->state--)
		if (file_line(path, word) && !strcmp(word, state_word(s->state)))
			break;
	s->has = HAS(SHMRING_A_ENDPOINT_STATE);
	snprintf(path, sizeof(path), "%s_pid", role);
	if (number(dir, path, &n)) {
		s->pid = (uint32_t)n;
		s->has |= HAS(SHMRING_A_ENDPOINT_PID);
	}
	if (number(dir, stalls, &n)) {
		s->stalls = (uint64_t)n;
		s->has |= HAS(SHMRING_A_ENDPOINT_STALLS);
	}
}

static void read_sides(const char *dir, struct ring_info *r)
{
	struct side_info *p = &r->side[SIDE_PRODUCER];
	uint32_t both = 0;
	int64_t deaths;

	read_numbers(dir, side_fields, p, &both);
	if (number(dir, "peer_deaths", &deaths))
		p->deaths = (uint64_t)deaths;
	read_side(dir, "producer", "stalls_full", p);
	read_side(dir, "consumer", "stalls_empty", &r->side[SIDE_CONSUMER]);
	r->has |= HAS(SHMRING_A_RING_PRODUCER) | HAS(SHMRING_A_RING_CONSUMER);
}

/* "0:16 1:3" */
static void read_numa(const char *dir, struct ring_info *r)
{
	char path[PATH_MAX], line[FILE_LINE_MAX], *at = line;
	struct numa_info here, *more;
	int len;

	snprintf(path, sizeof(path), "%s/numa_pages", dir);
	if (!file_line(path, line))
		return;
	while (sscanf(at, " %" SCNu32 ":%" SCNu64 "%n", &here.node, &here.pages, &len) == 2) {
		more = reallocarray(r->numa, r->nr_numa + 1, sizeof(*more));
		if (!more)
			return;
		r->numa = more;
		r->numa[r->nr_numa++] = here;
		at += len;
	}
}

/* Of its node, if it has one and it is here. */
static void read_owner(const char *root, struct ring_info *r)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s" SHMRING_DEV_DIR "%s", root, r->name);
	if (!stat(path, &st) && S_ISCHR(st.st_mode))
		ring_info_set_owner(r, &st);
}

int sysfs_ring(const char *root, const char *name, struct ring_info *r)
{
	char dir[DIR_MAX];

	*r = (struct ring_info) { 0 };
	if (strlen(name) >= sizeof(r->name) || strchr(name, '/'))
		return -ENOENT;
	strcpy(r->name, name);
	snprintf(dir, sizeof(dir), "%s" CLASS_DIR "/%s", root, name);
	read_numbers(dir, ring_fields, r, &r->has);
	/* It is not there, or went meanwhile. */
	if (!(r->has & HAS(SHMRING_A_RING_SIZE)))
		return -ENOENT;
	r->has |= HAS(SHMRING_A_RING_NAME);
	r->created *= NS_PER_S;
	read_sides(dir, r);
	read_numa(dir, r);
	read_owner(root, r);
	ring_info_count(r);
	return 0;
}

int sysfs_rings(const char *root, struct rings *all)
{
	char path[PATH_MAX];
	const struct dirent *e;
	struct ring_info one;
	int err = 0;
	DIR *dir;

	*all = (struct rings) { 0 };
	snprintf(path, sizeof(path), "%s" CLASS_DIR, root);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (!err && (e = readdir(dir))) {
		if (*e->d_name != '.' && !sysfs_ring(root, e->d_name, &one))
			err = rings_append(all, &one);
	}
	closedir(dir);
	if (err)
		rings_free(all);
	rings_sort(all);
	return err;
}

bool sysfs_limits(const char *root, struct limits *l)
{
	const struct {
		const char *file;
		uint64_t *to;
	} parameters[] = {
		{ "max_rings", &l->rings },
		{ "max_ring_bytes", &l->ring_bytes },
		{ "max_total_bytes", &l->bytes },
	};
	char dir[DIR_MAX];
	int64_t n;
	size_t i;

	snprintf(dir, sizeof(dir), "%s" SYSFS_MODULE "/parameters", root);
	for (i = 0; i < sizeof(parameters) / sizeof(*parameters); i++) {
		if (!number(dir, parameters[i].file, &n))
			return false;
		*parameters[i].to = (uint64_t)n;
	}
	return true;
}
