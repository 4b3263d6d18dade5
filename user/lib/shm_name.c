// SPDX-License-Identifier: MIT
/* Names of shm: rings: given, looked up, and taken from rings that nobody has. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shm.h"

#define SHM_DIR		"/dev/shm"
#define UNLINK_TRIES	100
#define UNLINK_NAP_NS	100000

int shm_name_check(const char *name)
{
	if (name[0] != '/' || !name[1] || strchr(name + 1, '/') ||
	    !strcmp(name, "/.") || !strcmp(name, "/.."))
		return shmring_fail(EINVAL, "shm:%s: no such name can be: a slash and then others, as in shm:/frames",
				    name);
	if (strlen(name) > NAME_MAX)
		return shmring_fail(ENAMETOOLONG, "shm:%s: the name is too long",
				    name);
	return 0;
}

/* Without blocking: what has the name may be a FIFO. -1 and errno. */
int shm_name_open(const char *name, int flags)
{
	return shmring_fd_above(shm_open(name, flags | O_NONBLOCK, 0));
}

/* Has @name still the file behind @fd? */
static bool same_file(const char *name, int fd)
{
	char path[sizeof(SHM_DIR) + NAME_MAX + 1];
	struct stat a, b;

	snprintf(path, sizeof(path), SHM_DIR "%s", name);
	return !lstat(path, &a) && !fstat(fd, &b) && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

/* One at a time, or the second could remove a name that is new. */
static bool lock_unlink(int fd)
{
	const struct timespec nap = { .tv_nsec = UNLINK_NAP_NS };
	int tries;

	for (tries = 0; tries < UNLINK_TRIES; tries++) {
		if (!shm_lock(fd, F_WRLCK, SHM_LOCK_UNLINK, 1))
			return true;
		nanosleep(&nap, NULL);
	}
	return false;
}

/* Has anybody ever attached? Then the creator's hand on it no longer counts. */
static bool was_used(int fd)
{
	struct shmring_info_page info;

	return pread(fd, &info, sizeof(info), 0) == sizeof(info) &&
	       (info.state[0] != SHMRING_STATE_NEVER ||
		info.state[1] != SHMRING_STATE_NEVER);
}

/*
 * Take @name from the ephemeral ring behind @fd, if nobody has it. @by_last: by
 * one of its endpoints, which leaves. Whoever attaches meanwhile finds the ring
 * locked for reading and comes again, and then without a name.
 */
bool shm_name_unlink_if_left(const char *name, int fd, bool by_last)
{
	off_t hands = by_last || was_used(fd) ? SHM_LOCK_CREATOR :
						SHM_LOCK_CREATOR + 1;
	bool left = false;

	if (!lock_unlink(fd))
		return false;
	if (!shm_lock(fd, F_RDLCK, 0, hands)) {
		left = same_file(name, fd) && !shm_unlink(name);
		shm_lock(fd, F_UNLCK, 0, hands);
	}
	shm_lock(fd, F_UNLCK, SHM_LOCK_UNLINK, 1);
	return left;
}

/* An ephemeral ring whose endpoints or creator were killed is nobody's. */
void shm_name_remove_leftover(const char *name)
{
	int fd = shm_name_open(name, O_RDWR);
	struct shmring_geometry g;
	uint32_t flags;

	if (fd < 0)
		return;
	if (!shm_file_check(fd, name, &g, &flags) &&
	    flags & SHMRING_CREATE_EPHEMERAL)
		shm_name_unlink_if_left(name, fd, false);
	close(fd);
}

/* Name the finished file: nobody ever sees it half made. */
int shm_name_give(int fd, const char *name)
{
	char from[32], to[sizeof(SHM_DIR) + NAME_MAX + 1];

	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	snprintf(to, sizeof(to), SHM_DIR "%s", name);
	if (!linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW))
		return 0;
	if (errno != EEXIST)
		return -errno;
	shm_name_remove_leftover(name);
	return linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW) ?
	       -errno : 0;
}
