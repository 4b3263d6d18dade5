// SPDX-License-Identifier: MIT
/* Snapshots of what a process could leave behind. */
#include "leftover.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "transports/tmpdir.h"

#define LINE_MAX_LEN	512

const char *const leftover_kinds[LEFT_KINDS] = {
	[LEFT_FILES] = "files",
	[LEFT_QUEUES] = "queues",
	[LEFT_SEGMENTS] = "segments",
	[LEFT_SEMAPHORES] = "semaphores",
	[LEFT_MESSAGES] = "message_queues",
	[LEFT_RINGS] = "rings",
	[LEFT_PROCESSES] = "processes",
	[LEFT_DESCRIPTORS] = "descriptors",
};

/* "KIND BYTES NAME": what was added is a line that was not there. */
static void note(FILE *out, enum leftover_kind kind, uint64_t bytes,
		 const char *name)
{
	fprintf(out, "%d %llu %s\n", kind, (unsigned long long)bytes, name);
}

/*
 * Other programs make files there, too: ours have this process's number in
 * their names, which every transport sees to.
 */
static void note_files(FILE *out, enum leftover_kind kind, const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	struct stat st;
	char pid[16];

	if (!d)
		return;
	snprintf(pid, sizeof(pid), "-%d-", (int)getpid());
	while ((e = readdir(d)))
		if (strstr(e->d_name, pid) &&
		    !fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			note(out, kind, (uint64_t)st.st_size, e->d_name);
	closedir(d);
}

/* This user's lines of a table: @format has the id, the bytes, the user. */
static void note_sysv(FILE *out, enum leftover_kind kind, const char *path,
		      const char *format)
{
	char line[LINE_MAX_LEN], name[16];
	FILE *f = fopen(path, "re");
	unsigned long long bytes;
	unsigned int id, uid;

	if (!f)
		return;
	/* The line of heads has no numbers. */
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, format, &id, &bytes, &uid) != 3 ||
		    uid != geteuid())
			continue;
		snprintf(name, sizeof(name), "id %u", id);
		note(out, kind, kind == LEFT_SEGMENTS ? bytes : 0, name);
	}
	fclose(f);
}

/* The first word of each line. */
static void note_words(FILE *out, enum leftover_kind kind, const char *path)
{
	char line[LINE_MAX_LEN];
	FILE *f = fopen(path, "re");

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, " \t\n")] = 0;
		note(out, kind, 0, line);
	}
	fclose(f);
}

static void note_descriptors(FILE *out)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && atoi(e->d_name) != dirfd(d))
			note(out, LEFT_DESCRIPTORS, 0, e->d_name);
	closedir(d);
}

static void note_children(FILE *out)
{
	FILE *f = fopen("/proc/thread-self/children", "re");
	char name[16];

	if (!f)
		return;
	while (fscanf(f, "%15s", name) == 1)
		note(out, LEFT_PROCESSES, 0, name);
	fclose(f);
}

bool snapshot_take(struct snapshot *s)
{
	FILE *out = open_memstream(&s->text, &s->size);

	if (!out)
		return false;
	fputc('\n', out);
	note_files(out, LEFT_FILES, "/dev/shm");
	if (strcmp(tmpdir(), "/dev/shm"))
		note_files(out, LEFT_FILES, tmpdir());
	note_files(out, LEFT_QUEUES, "/dev/mqueue");
	note_sysv(out, LEFT_SEGMENTS, "/proc/sysvipc/shm",
		  "%*d %u %*o %llu %*d %*d %*d %u");
	note_sysv(out, LEFT_SEMAPHORES, "/proc/sysvipc/sem",
		  "%*d %u %*o %llu %u");
	note_sysv(out, LEFT_MESSAGES, "/proc/sysvipc/msg",
		  "%*d %u %*o %llu %*u %*d %*d %u");
	note_words(out, LEFT_RINGS, "/proc/shmring");
	note_descriptors(out);
	note_children(out);
	if (!fclose(out))
		return true;
	snapshot_free(s);
	return false;
}

void snapshot_free(struct snapshot *s)
{
	free(s->text);
	s->text = NULL;
}

static void add_line(struct leftover *l, int kinds, const char *line,
		     size_t len)
{
	unsigned long long bytes;
	int kind, at;

	if (sscanf(line, "%d %llu %n", &kind, &bytes, &at) != 2 ||
	    kind >= kinds)
		return;
	l->nr[kind]++;
	l->bytes += bytes;
	if (!l->first[0])
		snprintf(l->first, sizeof(l->first), "%.*s", (int)len - at,
			 line + at);
}

/* Is the line of @len bytes, which a newline precedes and follows, in @text? */
static bool has_line(const char *text, const char *line, size_t len)
{
	const char *at = text;

	while ((at = strchr(at, '\n')) && at[1])
		if (!strncmp(++at, line, len) && at[len] == '\n')
			return true;
	return false;
}

struct leftover snapshot_added(const struct snapshot *now,
			       const struct snapshot *then, int kinds)
{
	const char *line = now->text + 1, *end;
	struct leftover l = { .bytes = 0 };

	for (; (end = strchr(line, '\n')); line = end + 1)
		if (!has_line(then->text, line, (size_t)(end - line)))
			add_line(&l, kinds, line, (size_t)(end - line));
	return l;
}

void leftover_add(struct leftover *to, const struct leftover *more)
{
	int i;

	for (i = 0; i < LEFT_KINDS; i++)
		to->nr[i] += more->nr[i];
	to->bytes += more->bytes;
	if (!to->first[0])
		memcpy(to->first, more->first, sizeof(to->first));
}

bool leftover_is_nothing(const struct leftover *l)
{
	int i;

	for (i = 0; i < LEFT_KINDS; i++)
		if (l->nr[i])
			return false;
	return true;
}
