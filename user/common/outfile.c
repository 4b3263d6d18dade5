// SPDX-License-Identifier: MIT
/* Files that replace others when they are complete. */
#include "outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* 0 when @path is a file, or nothing yet: what can be replaced. */
static int look(const char *path, struct stat *st)
{
	st->st_mode = 0;
	if (!*path)
		return -ENOENT;
	if (stat(path, st))
		return errno == ENOENT ? 0 : -errno;
	return S_ISDIR(st->st_mode) ? -EISDIR : 0;
}

static bool is_replaced(const struct stat *st)
{
	return !st->st_mode || S_ISREG(st->st_mode);
}

/* The folder of @path, in which a file has to be made. */
static int check_folder(const char *path)
{
	char *copy = strdup(path);
	int err = 0;

	if (!copy)
		return -ENOMEM;
	if (path[strlen(path) - 1] == '/')
		err = -EISDIR;
	else if (faccessat(AT_FDCWD, dirname(copy), W_OK | X_OK, AT_EACCESS))
		err = -errno;
	free(copy);
	return err;
}

/* What a link leads to is replaced, and the link stays. */
static char *follow(const char *path)
{
	char *real = realpath(path, NULL);

	return real ? real : strdup(path);
}

int outfile_check(const char *path)
{
	struct stat st;
	int err = look(path, &st);
	char *real;

	if (err)
		return err;
	if (st.st_mode && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS))
		return -errno;
	if (!is_replaced(&st))
		return 0;
	real = follow(path);
	if (!real)
		return -ENOMEM;
	err = check_folder(real);
	free(real);
	return err;
}

/* As the old one, or as a new file is. */
static mode_t mode_of(const struct stat *st)
{
	mode_t mask;

	if (st->st_mode)
		return st->st_mode & 07777;
	mask = umask(0);
	umask(mask);
	return 0666 & ~mask;
}

static int open_beside(struct outfile *o, const struct stat *st)
{
	int fd;

	if (asprintf(&o->beside, "%s.XXXXXX", o->path) < 0) {
		o->beside = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(o->beside, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	o->file = fdopen(fd, "w");
	if (!o->file)
		close(fd);
	return !o->file || fchmod(fd, mode_of(st)) ? -errno : 0;
}

int outfile_open(struct outfile *o, const char *path)
{
	struct stat st;
	int err = look(path, &st);

	*o = (struct outfile){ .file = NULL };
	if (err)
		return err;
	if (!is_replaced(&st)) {
		o->file = fopen(path, "we");
		return o->file ? 0 : -errno;
	}
	err = outfile_check(path);
	if (err)
		return err;
	o->path = follow(path);
	err = o->path ? open_beside(o, &st) : -ENOMEM;
	return err ? outfile_close(o, err) : 0;
}

int outfile_close(struct outfile *o, int err)
{
	bool made = o->beside && o->file;

	if (o->file && ferror(o->file) && !err)
		err = -EIO;
	errno = 0;
	if (o->file && fclose(o->file) && (!err || err == -EIO))
		err = errno ? -errno : -EIO;
	if (made && !err && rename(o->beside, o->path))
		err = -errno;
	if (made && err)
		unlink(o->beside);
	free(o->beside);
	free(o->path);
	*o = (struct outfile){ .file = NULL };
	return err;
}

bool outfile_ends_in(const char *path, const char *end)
{
	size_t len = strlen(path), end_len = strlen(end);

	return len > end_len && !strcasecmp(path + len - end_len, end);
}
