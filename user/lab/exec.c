// SPDX-License-Identifier: MIT
/* A program under ptrace, looked at before its first instruction and at its end. */
#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pagemap.h"
#include "proc.h"

const char *exec_choose(void)
{
	static const char *const programs[] = {
		"/usr/bin/python3", "/usr/bin/git", "/usr/bin/gdb",
		"/usr/bin/perl", "/bin/bash", "/bin/busybox",
	};
	const char *largest = "/proc/self/exe";
	struct stat st;
	off_t size = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(programs); i++)
		if (!stat(programs[i], &st) && st.st_size > size) {
			largest = programs[i];
			size = st.st_size;
		}
	return largest;
}

static void __attribute__((noreturn)) become(const char *program)
{
	int null = open("/dev/null", O_RDWR);

	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	if (!ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		execl(program, program, "--version", NULL);
	_exit(127);
}

/* What the page cache holds of the file. */
static void look_at_file(struct lab *lab, int fd, struct strip *s)
{
	unsigned char *p = mmap(NULL, s->pages * mem_page(), PROT_READ,
				MAP_SHARED, fd, 0);
	size_t i;

	if (p == MAP_FAILED || mincore(p, s->pages * mem_page(), s->state))
		lab_die(lab, "cannot look at a program's pages: %s",
			strerror(errno));
	for (i = 0; i < s->pages; i++)
		s->state[i] = s->state[i] & 1 ? STRIP_CACHED : STRIP_ABSENT;
	munmap(p, s->pages * mem_page());
}

/* A line of /proc/PID/maps. */
struct area {
	uintptr_t start;
	uintptr_t end;
	uint64_t offset;
	unsigned long inode;
	char rights[5];
};

static bool read_area(FILE *maps, struct area *a)
{
	char line[4096];

	return fgets(line, sizeof(line), maps) &&
	       sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %" SCNx64 " %*s %lu",
		      &a->start, &a->end, a->rights, &a->offset,
		      &a->inode) == 5;
}

/* The pages of one area, into the places that they have in the file. */
static size_t look_at_area(struct lab *lab, pid_t pid, const struct area *a,
			   struct strip *s)
{
	size_t i, pages = (a->end - a->start) / mem_page();
	size_t first = a->offset / mem_page(), count;
	unsigned char *there = malloc(pages);

	if (!there)
		lab_die(lab, "no memory for %zu pages", pages);
	count = pagemap_present(lab, pid, (void *)a->start, pages, there);
	for (i = 0; i < pages && first + i < s->pages; i++)
		if (there[i])
			s->state[first + i] = STRIP_MAPPED;
	free(there);
	return count;
}

/* Which pages of the file are in, and how many executable ones are mapped. */
static size_t look(struct lab *lab, pid_t pid, int fd, struct strip *s,
		   size_t *code)
{
	size_t mapped = 0, count;
	struct stat st;
	struct area a;
	char path[64];
	FILE *maps;

	look_at_file(lab, fd, s);
	fstat(fd, &st);
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	if (!maps)
		lab_die(lab, "cannot read %s: %s", path, strerror(errno));
	*code = 0;
	while (read_area(maps, &a)) {
		if (a.inode != st.st_ino)
			continue;
		count = look_at_area(lab, pid, &a, s);
		if (a.rights[2] == 'x') {
			*code += (a.end - a.start) / mem_page();
			mapped += count;
		}
	}
	fclose(maps);
	return mapped;
}

/* Until it stops at its exit; false if it got away. */
static bool run_to_exit(pid_t pid)
{
	int status = 0, signal = 0;

	for (;;) {
		if (ptrace(PTRACE_CONT, pid, NULL, (void *)(intptr_t)signal) ||
		    waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			return false;
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8))
			return true;
		signal = WSTOPSIG(status);
	}
}

static void finish(pid_t pid, struct faults *faults)
{
	struct rusage u = { .ru_minflt = 0 };
	int status;

	ptrace(PTRACE_CONT, pid, NULL, NULL);
	wait4(pid, &status, 0, &u);
	faults->minor = (uint64_t)u.ru_minflt;
	faults->major = (uint64_t)u.ru_majflt;
}

bool exec_watch(struct lab *lab, const char *program, struct strips *strips,
		struct exec_seen *seen, const char **why)
{
	int status, fd = open(program, O_RDONLY | O_CLOEXEC);
	struct stat st;
	size_t pages;
	pid_t pid;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_size)
		lab_refuse(lab, "--program %s: cannot be read", program);
	pages = ((size_t)st.st_size + mem_page() - 1) / mem_page();
	pid = proc_fork(lab);
	if (!pid)
		become(program);
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) {
		*why = "the program cannot be executed or may not be traced";
		close(fd);
		return false;
	}
	ptrace(PTRACE_SETOPTIONS, pid, NULL,
	       PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
	seen->start = strip_add(lab, strips, "program, before its first instruction",
				pages);
	seen->code_at_start = look(lab, pid, fd, seen->start, &seen->code);
	seen->end = strip_add(lab, strips, "program, at its exit", pages);
	if (!run_to_exit(pid))
		lab_die(lab, "%s --version did not come to its exit", program);
	look(lab, pid, fd, seen->end, &seen->code);
	finish(pid, &seen->faults);
	close(fd);
	return true;
}
