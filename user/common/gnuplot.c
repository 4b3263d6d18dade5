// SPDX-License-Identifier: MIT
/* Running gnuplot: the script is its input, the picture its output. */
#include "gnuplot.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', script);
		fputc((unsigned char)*text < ' ' ? ' ' : *text, script);
	}
	fputc('\'', script);
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

int gnuplot_run(FILE *script, int out)
{
	posix_spawn_file_actions_t files;
	int status, err;
	pid_t pid;

	if (fflush(script) || lseek(fileno(script), 0, SEEK_SET) < 0)
		return -errno;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, fileno(script), STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	err = spawn(&pid, &files);
	posix_spawn_file_actions_destroy(&files);
	if (err)
		return err;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status ? -EIO : 0;
}
