// SPDX-License-Identifier: MIT
/* Every way to exclude each other that `mutex` compares. */
#include "locks.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <unistd.h>

#include "proc.h"

#define PATH_SPACE	4200

static int open_lock(const struct locks *l, const char *name, int flags)
{
	char path[PATH_SPACE];

	snprintf(path, sizeof(path), "%s/%s", l->dir, name);
	return open(path, flags | O_CLOEXEC, 0600);
}

static void unlink_lock(const struct locks *l, const char *name)
{
	char path[PATH_SPACE];

	snprintf(path, sizeof(path), "%s/%s", l->dir, name);
	unlink(path);
}

static int no_open(const struct locks *l)
{
	(void)l;
	return -1;
}

/* 0, or what went wrong. */
static int result(int rc)
{
	return rc ? -errno : 0;
}

/*
 * None at all
 */
static int none_take(const struct locks *l, int fd)
{
	(void)l;
	(void)fd;
	return 0;
}

static void none_leave(const struct locks *l, int fd)
{
	(void)l;
	(void)fd;
}

/*
 * A file whose being there means "taken". Looked for first and made then, which
 * is the mistake; or made only if it is not there, in one step.
 */
#define TESTED	"tested.lock"
#define EXCL	"excl.lock"

static int tested_try(const struct locks *l, int fd)
{
	char path[PATH_SPACE];

	(void)fd;
	snprintf(path, sizeof(path), "%s/" TESTED, l->dir);
	if (!access(path, F_OK))
		return -EBUSY;
	/* What happens now and then by chance is to happen often. */
	sched_yield();
	fd = open(path, O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int excl_try(const struct locks *l, int fd)
{
	fd = open_lock(l, EXCL, O_CREAT | O_EXCL);
	if (fd < 0)
		return errno == EEXIST ? -EBUSY : -errno;
	close(fd);
	return 0;
}

/* A file cannot be waited for but by looking again. */
static int take_by_trying(int (*try)(const struct locks *l, int fd),
			  const struct locks *l)
{
	int rc;

	while ((rc = try(l, -1)) == -EBUSY)
		sched_yield();
	return rc;
}

static int tested_take(const struct locks *l, int fd)
{
	(void)fd;
	return take_by_trying(tested_try, l);
}

static int excl_take(const struct locks *l, int fd)
{
	(void)fd;
	return take_by_trying(excl_try, l);
}

static void tested_leave(const struct locks *l, int fd)
{
	(void)fd;
	unlink_lock(l, TESTED);
}

static void excl_leave(const struct locks *l, int fd)
{
	(void)fd;
	unlink_lock(l, EXCL);
}

/*
 * Locks on a file
 */
static int file_open(const struct locks *l)
{
	return open_lock(l, "lock", O_RDWR | O_CREAT);
}

/* The calls that wait are interrupted by no signal here. */
static int flock_take(const struct locks *l, int fd)
{
	(void)l;
	return result(flock(fd, LOCK_EX));
}

static int flock_try(const struct locks *l, int fd)
{
	int rc = result(flock(fd, LOCK_EX | LOCK_NB));

	(void)l;
	return rc == -EWOULDBLOCK ? -EBUSY : rc;
}

static void flock_leave(const struct locks *l, int fd)
{
	(void)l;
	flock(fd, LOCK_UN);
}

static int record_lock(int fd, int command, short type)
{
	struct flock what = { .l_type = type, .l_whence = SEEK_SET,
			      .l_len = 1 };
	int rc = result(fcntl(fd, command, &what));

	return rc == -EAGAIN || rc == -EACCES ? -EBUSY : rc;
}

static int fcntl_take(const struct locks *l, int fd)
{
	(void)l;
	return record_lock(fd, F_SETLKW, F_WRLCK);
}

static int fcntl_try(const struct locks *l, int fd)
{
	(void)l;
	return record_lock(fd, F_SETLK, F_WRLCK);
}

static void fcntl_leave(const struct locks *l, int fd)
{
	(void)l;
	record_lock(fd, F_SETLK, F_UNLCK);
}

static int ofd_take(const struct locks *l, int fd)
{
	(void)l;
	return record_lock(fd, F_OFD_SETLKW, F_WRLCK);
}

static int ofd_try(const struct locks *l, int fd)
{
	(void)l;
	return record_lock(fd, F_OFD_SETLK, F_WRLCK);
}

static void ofd_leave(const struct locks *l, int fd)
{
	(void)l;
	record_lock(fd, F_OFD_SETLK, F_UNLCK);
}

/*
 * Semaphores
 */
static int sysv(const struct locks *l, short by, short flags)
{
	struct sembuf op = { .sem_op = by, .sem_flg = flags };
	int rc = result(semop(l->sem_id, &op, 1));

	return rc == -EAGAIN ? -EBUSY : rc;
}

static int sysv_take(const struct locks *l, int fd)
{
	(void)fd;
	return sysv(l, -1, 0);
}

static int sysv_try(const struct locks *l, int fd)
{
	(void)fd;
	return sysv(l, -1, IPC_NOWAIT);
}

static void sysv_leave(const struct locks *l, int fd)
{
	(void)fd;
	sysv(l, 1, 0);
}

static int undo_take(const struct locks *l, int fd)
{
	(void)fd;
	return sysv(l, -1, SEM_UNDO);
}

static int undo_try(const struct locks *l, int fd)
{
	(void)fd;
	return sysv(l, -1, SEM_UNDO | IPC_NOWAIT);
}

static void undo_leave(const struct locks *l, int fd)
{
	(void)fd;
	sysv(l, 1, SEM_UNDO);
}

static int sem_take(const struct locks *l, int fd)
{
	(void)fd;
	return result(sem_wait(&l->shared->sem));
}

static int sem_try(const struct locks *l, int fd)
{
	int rc = result(sem_trywait(&l->shared->sem));

	(void)fd;
	return rc == -EAGAIN ? -EBUSY : rc;
}

static void sem_leave(const struct locks *l, int fd)
{
	(void)fd;
	sem_post(&l->shared->sem);
}

/*
 * Mutexes
 */
static int plain_take(const struct locks *l, int fd)
{
	(void)fd;
	return -pthread_mutex_lock(&l->shared->plain);
}

static int plain_try(const struct locks *l, int fd)
{
	(void)fd;
	return -pthread_mutex_trylock(&l->shared->plain);
}

static void plain_leave(const struct locks *l, int fd)
{
	(void)fd;
	pthread_mutex_unlock(&l->shared->plain);
}

/* It is this process's now, and what it protects is for it to repair. */
static int recovered(const struct locks *l, int err)
{
	if (err == EOWNERDEAD)
		pthread_mutex_consistent(&l->shared->robust);
	return -err;
}

static int robust_take(const struct locks *l, int fd)
{
	(void)fd;
	return recovered(l, pthread_mutex_lock(&l->shared->robust));
}

static int robust_try(const struct locks *l, int fd)
{
	(void)fd;
	return recovered(l, pthread_mutex_trylock(&l->shared->robust));
}

static void robust_leave(const struct locks *l, int fd)
{
	(void)fd;
	pthread_mutex_unlock(&l->shared->robust);
}

const struct lock locks[] = {
	{ "unlocked", no_open, none_take, none_take, none_leave, false, FREED },
	{ "lock file, tested, then made", no_open, tested_take, tested_try,
	  tested_leave, false, STUCK },
	{ "lock file, O_EXCL", no_open, excl_take, excl_try, excl_leave, true,
	  STUCK },
	{ "flock", file_open, flock_take, flock_try, flock_leave, true, FREED },
	{ "fcntl", file_open, fcntl_take, fcntl_try, fcntl_leave, true, FREED },
	{ "OFD lock", file_open, ofd_take, ofd_try, ofd_leave, true, FREED },
	{ "System V semaphore", no_open, sysv_take, sysv_try, sysv_leave, true,
	  STUCK },
	{ "System V, SEM_UNDO", no_open, undo_take, undo_try, undo_leave, true,
	  FREED },
	{ "POSIX semaphore", no_open, sem_take, sem_try, sem_leave, true,
	  STUCK },
	{ "mutex, process-shared", no_open, plain_take, plain_try, plain_leave,
	  true, STUCK },
	{ "mutex, robust", no_open, robust_take, robust_try, robust_leave, true,
	  OWNER_DEAD },
};

const size_t nr_locks = ARRAY_SIZE(locks);

static void make_mutex(struct lab *lab, pthread_mutex_t *mutex, int robust)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, robust);
	if (pthread_mutex_init(mutex, &attr))
		lab_die(lab, "cannot make a process-shared mutex");
	pthread_mutexattr_destroy(&attr);
}

void locks_make(struct lab *lab, struct locks *l)
{
	l->dir = lab->dir;
	l->shared = proc_shared(lab, sizeof(*l->shared));
	if (sem_init(&l->shared->sem, 1, 1))
		lab_die(lab, "cannot make a semaphore: %s", strerror(errno));
	make_mutex(lab, &l->shared->plain, PTHREAD_MUTEX_STALLED);
	make_mutex(lab, &l->shared->robust, PTHREAD_MUTEX_ROBUST);
	l->sem_id = semget(IPC_PRIVATE, 1, 0600);
	if (l->sem_id < 0)
		lab_die(lab, "cannot make a System V semaphore: %s",
			strerror(errno));
	lab->note->sem_id = l->sem_id;
	locks_reset(l);
}

void locks_reset(struct locks *l)
{
	semctl(l->sem_id, 0, SETVAL, 1);
	unlink_lock(l, TESTED);
	unlink_lock(l, EXCL);
}

void locks_drop(struct lab *lab, struct locks *l)
{
	semctl(l->sem_id, 0, IPC_RMID);
	lab->note->sem_id = -1;
	munmap(l->shared, sizeof(*l->shared));
}
