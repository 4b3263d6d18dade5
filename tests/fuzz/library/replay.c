// SPDX-License-Identifier: MIT
/*
 * Runs a fuzzer's target on files, without the fuzzer: any compiler will do.
 *
 * usage: fuzz-TARGET-replay FILE|FOLDER...		prints TAP
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include "input.h"

#define HANG_S	60	/* for each file */
#define MOST	65536

static unsigned int count, failed;
/* Made before, since little may be called when it is needed. */
static char last_words[PATH_MAX + 64];

static void on_end(int sig)
{
	const char number[] = { (char)('0' + sig / 10), (char)('0' + sig % 10), '\n' };

	if (write(STDOUT_FILENO, last_words, strlen(last_words)) < 0 ||
	    write(STDOUT_FILENO, number, sizeof(number)) < 0)
		_exit(2);
	_exit(1);
}

/* A sanitizer says more about a bad access than we could. */
static void tell_ends(void)
{
	static const int ends[] = {
		SIGABRT, SIGALRM,
#ifndef __SANITIZE_ADDRESS__
		SIGSEGV, SIGBUS,
#endif
	};
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		signal(ends[i], on_end);
}

static void replay(const char *path)
{
	static uint8_t bytes[MOST];
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f) {
		failed++;
		printf("# %s\nnot ok %u - %s\n", strerror(errno), ++count, path);
		return;
	}
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	snprintf(last_words, sizeof(last_words),
		 "not ok %u - %s: died of signal ", count + 1, path);
	alarm(HANG_S);
	LLVMFuzzerTestOneInput(bytes, n);
	printf("ok %u - %s\n", ++count, path);
	fflush(stdout);
}

static void replay_all(const char *path)
{
	struct dirent **entry;
	int i, n = scandir(path, &entry, NULL, alphasort);
	char file[PATH_MAX];

	if (n < 0) {
		replay(path);
		return;
	}
	for (i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, entry[i]->d_name);
		if (entry[i]->d_name[0] != '.')
			replay(file);
		free(entry[i]);
	}
	free(entry);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "%s: no files to replay; give some, or a folder\n",
			argv[0]);
		return 2;
	}
	tell_ends();
	while (*++argv)
		replay_all(*argv);
	printf("1..%u\n", count);
	return failed || !count;
}
