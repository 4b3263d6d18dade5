// SPDX-License-Identifier: MIT
/*
 * fuzz - random system calls on the module from several processes at once
 *
 * Programs of a few calls each (program.h) are made at random and changed at
 * random; those that reach code of the module that none reached before, as KCOV
 * tells, are kept to be changed further. Prints TAP.
 *
 * Everything follows from the seed and the programs that were kept, which --save
 * prints as they come. A worker's name says which program it runs: so what the
 * kernel complains of can be made again, even when nothing else was printed:
 *
 *	fuzz --seed SEED --show NAME FILES-AND-LOG
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/shmring.h>

#include "options.h"
#include "watch.h"

/* "1-2f-3": worker, index, and how much had been kept. */
static int show(struct fuzz_shared *shared, const char *name)
{
	unsigned int worker, corpus;
	struct fuzz_program p;
	unsigned long long index;
	int end = 0;

	if (sscanf(name, "%u-%llx-%x%n", &worker, &index, &corpus, &end) != 3 ||
	    name[end] || corpus > atomic_load(&shared->corpus_n)) {
		fprintf(stderr, "fuzz: --show wants a worker's name, such as 1-2f-3, and files with all the programs that its run was given and kept, not '%s'\n",
			name);
		return 2;
	}
	fuzz_make_program(shared, worker, index, corpus, &p);
	fuzz_print(stdout, &p);
	return 0;
}

static bool open_all(struct fuzz_shared *shared, const char *module)
{
	char built[sizeof(struct utsname)];
	struct utsname u;

	if (!module) {
		uname(&u);
		snprintf(built, sizeof(built), "build/kmod-%s/shmring.ko",
			 u.release);
		module = built;
	}
	shared->module_fd = open(module, O_RDONLY | O_CLOEXEC);
	if (shared->module_fd < 0) {
		fprintf(stderr, "fuzz: cannot open the module %s: %s; give --module\n",
			module, strerror(errno));
		return false;
	}
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, shared->post) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, shared->news)) {
		perror("fuzz: socketpair");
		return false;
	}
	return true;
}

/* A kernel without the calls of 32-bit programs kills who makes them. */
static bool has_compat(void)
{
	pid_t pid = fork();
	int status = -1;

	if (!pid) {
		fuzz_compat_ioctl(-1, 0, 0);
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

static void report(struct fuzz_shared *shared, bool clean, bool uncovered)
{
	bool broken = atomic_load(&shared->broken);
	unsigned int covered, total;
	uint64_t calls, programs;

	fuzz_count(shared, &calls, &programs);
	total = fuzz_cover_total(shared->module_fd, shared->seen, &covered,
				 uncovered);
	printf("%sok 1 %s%s%llu calls, %llu programs, %u kept, %u of %u places of the module reached, seed %#llx\n",
	       broken ? "not " : "", broken ? shared->why : "",
	       broken ? "; " : "",
	       (unsigned long long)calls,
	       (unsigned long long)programs,
	       atomic_load(&shared->corpus_n) - shared->loaded, covered, total,
	       (unsigned long long)shared->seed);
	printf("%sok 2 nothing is left: no ring, no reference, the module comes and goes\n1..2\n",
	       clean ? "" : "not ");
}

static struct fuzz_shared *make_shared(void)
{
	struct fuzz_shared *shared;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (shared == MAP_FAILED) {
		perror("fuzz: mmap");
		exit(1);
	}
	shared->seed = (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid();
	shared->workers = 3;
	shared->text_len = FUZZ_TEXT;
	return shared;
}

static int fuzz(struct fuzz_shared *shared, const struct options *o)
{
	bool clean;

	if (access(SHMRING_CTL_PATH, F_OK) || geteuid()) {
		printf("1..0 # SKIP no " SHMRING_CTL_PATH " here, or not root\n");
		return 0;
	}
	if (!open_all(shared, o->module))
		return 2;
	shared->has_compat = has_compat();
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# fuzz: --seed %#llx --workers %u, %u programs given\n",
	       (unsigned long long)shared->seed, shared->workers,
	       shared->loaded);
	if (!fuzz_begin(shared)) {
		printf("not ok 1 the module can be loaded with small limits\n1..1\n");
		return 1;
	}
	fuzz_watch(shared, o->seconds, o->save);
	/* A kernel that complained may hold locks that we would wait for. */
	clean = !atomic_load(&shared->broken) && fuzz_finish(shared);
	report(shared, clean, o->uncovered);
	return !clean || atomic_load(&shared->broken);
}

int main(int argc, char **argv)
{
	struct options o = { .shared = make_shared(), .given = -1 };

	fuzz_parse_options(&o, argc, argv);
	if (!fuzz_load(o.shared, o.files))
		return 2;
	if (!o.show)
		return fuzz(o.shared, &o);
	if (o.given >= 0)
		o.shared->loaded = (unsigned int)o.given;
	return show(o.shared, o.show);
}
