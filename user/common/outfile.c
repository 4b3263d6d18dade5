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

/*
 * Not a link that ends nowhere, or, as /dev/stdout can, at a file that has no
 * name any more: it is the link that would be replaced.
 */
static bool is_replaced(const char *path, const struct stat *st)
{
	struct stat link;
	char *real;

	if (st->st_mode && !S_ISREG(st->st_mode))
		return false;
	if (lstat(path, &link) || !S_ISLNK(link.st_mode))
		return true;
	real = realpath(path, NULL);
	free(real);
	return real != NULL;
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
	if (!is_replaced(path, &st))
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
		return st->st_mode & 0777;
	mask = umask(0);
	umask(mask);
	return 0666 & ~mask;
}

static int open_beside(struct outfile *o, const struct stat *st)
{
	const char *slash = strrchr(o->path, '/');
	int fd, folder = slash ? (int)(slash + 1 - o->path) : 0;

	/* No longer than other names, so that what can be checked is enough. */
	if (asprintf(&o->beside, "%.*s.XXXXXX", folder, o->path) < 0) {
		o->beside = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(o->beside, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	o->file = fdopen(fd, "w");
	if (!o->file) {
		unlink(o->beside);
		close(fd);
		return -ENOMEM;
	}
	/* Only root may give it away; others have a file of their own then. */
	if (st->st_mode && fchown(fd, st->st_uid, st->st_gid) < 0)
		errno = 0;
	return fchmod(fd, mode_of(st)) ? -errno : 0;
}

int outfile_open(struct outfile *o, const char *path)
{
	struct stat st;
	int err = look(path, &st);

	*o = (struct outfile){ .file = NULL };
	if (err)
		return err;
	if (!is_replaced(path, &st)) {
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

/* A mount point keeps its file: what cannot be replaced is written over. */
static int copy_over(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), err = 0;
	int out = in < 0 ? -1 : open(to, O_WRONLY | O_TRUNC | O_CLOEXEC);
	char block[65536];
	ssize_t got = 0;

	while (in >= 0 && out >= 0 && !err &&
	       (got = read(in, block, sizeof(block))) > 0)
		if (write(out, block, (size_t)got) != got)
			err = errno ? -errno : -EIO;
	if (in < 0 || out < 0 || got < 0)
		err = -errno;
	if (out >= 0 && close(out) && !err)
		err = -errno;
	if (in >= 0)
		close(in);
	return err;
}

int outfile_close(struct outfile *o, int err)
{
	bool made = o->beside && o->file;

	if (o->file && ferror(o->file) && !err)
		err = -EIO;
	errno = 0;
	if (o->file && fclose(o->file) && (!err || err == -EIO))
		err = errno ? -errno : -EIO;
	if (made && (err || rename(o->beside, o->path))) {
		if (!err)
			err = errno == EBUSY ? copy_over(o->beside, o->path) :
					       -errno;
		unlink(o->beside);
	}
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
