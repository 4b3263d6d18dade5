// SPDX-License-Identifier: MIT
/* Running gnuplot: the script is its input, the picture its output. */
#include "gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plain.h"

extern char **environ;

bool gnuplot_exists(void)
{
	const char *path = getenv("PATH");
	char file[4096];
	size_t len;

	for (; path && *path; path += len + (path[len] == ':')) {
		len = strcspn(path, ":");
		snprintf(file, sizeof(file), "%.*s/gnuplot", (int)len, path);
		if (!access(file, X_OK))
			return true;
	}
	return false;
}

/* In single quotes, only these mean something, and twice they do not. */
void gnuplot_text(FILE *script, const char *text)
{
	fputc('\'', script);
	while (*text) {
		if (*text == '\'')
			fputc('\'', script);
		fputc(plain_next(&text), script);
	}
	fputc('\'', script);
}

void gnuplot_shorten(char *to, const char *text, size_t most)
{
	size_t len = strlen(text);
	bool whole = len <= most;

	if (!whole)
		for (len = most; len && (text[len] & 0xC0) == 0x80; len--)
			;
	sprintf(to, "%.*s%s", (int)len, text, whole ? "" : " ...");
}

/* The measuring has blocked signals, which a child would inherit. */
static int spawn(pid_t *pid, const posix_spawn_file_actions_t *files)
{
	char *const argv[] = { "gnuplot", NULL };
	posix_spawnattr_t attr;
	sigset_t none;
	int err;

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	err = posix_spawnp(pid, argv[0], files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	return -err;
}

/* Until the other end is closed. */
static int copy_from(int fd, FILE *out)
{
	char block[65536];
	int err = 0;
	ssize_t got;

	while ((got = read(fd, block, sizeof(block))) > 0 ||
	       (got < 0 && errno == EINTR))
		if (got > 0 && !err &&
		    fwrite(block, 1, (size_t)got, out) != (size_t)got)
			err = errno ? -errno : -EIO;
	return got < 0 ? -errno : err;
}

/* It does not say when it cannot write, so what it writes goes through here. */
int gnuplot_run(FILE *script, FILE *out)
{
	posix_spawn_file_actions_t files;
	int status, err, ends[2];
	pid_t pid;

	if (fflush(script) || lseek(fileno(script), 0, SEEK_SET) < 0 ||
	    pipe2(ends, O_CLOEXEC))
		return -errno;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, fileno(script), STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
	err = spawn(&pid, &files);
	posix_spawn_file_actions_destroy(&files);
	close(ends[1]);
	if (err) {
		close(ends[0]);
		return err;
	}
	err = copy_from(ends[0], out);
	close(ends[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return err ? err : status ? -EIO : 0;
}
