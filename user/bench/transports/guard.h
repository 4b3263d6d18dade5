/* SPDX-License-Identifier: MIT */
/*
 * System V semaphores and message queues cannot be removed while they are in
 * use, and outlive their users. So a process of its own makes the object, waits
 * until this process is gone, and removes it: it is in another process group
 * and session, so that what kills all of this program leaves it alive, and it
 * is there before the object, so that there is no moment without it.
 */
#ifndef BENCH_GUARD_H
#define BENCH_GUARD_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../transport.h"

/* struct guard_ops - @make returns the object's id or a negative errno */
struct guard_ops {
	int (*make)(const struct channel *ch);
	void (*remove)(int id);
};

/* struct guard - @pid is 0 where there is none, @id negative without object */
struct guard {
	pid_t pid;
	int id;
};

/* The process: SIGTERM comes when the parent dies, and from nobody else. */
static inline void guard_run(const struct guard_ops *ops,
			     const struct channel *ch, pid_t parent, int fd)
{
	sigset_t all, death;
	int sig, id;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	sigemptyset(&death);
	sigaddset(&death, SIGTERM);
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	id = ops->make(ch);
	if (write(fd, &id, sizeof(id)) == sizeof(id))
		while (id >= 0 && getppid() == parent)
			sigwait(&death, &sig);
	if (id >= 0)
		ops->remove(id);
	_exit(0);
}

/* 0 or a negative errno. */
static inline int guard_start(struct guard *g, const struct guard_ops *ops,
			      const struct channel *ch)
{
	pid_t parent = getpid();
	int fd[2], rc = 0;

	if (pipe2(fd, O_CLOEXEC))
		return -errno;
	g->id = -1;
	g->pid = fork();
	if (!g->pid) {
		close(fd[0]);
		guard_run(ops, ch, parent, fd[1]);
	}
	if (g->pid < 0) {
		rc = -errno;
		g->pid = 0;
	}
	close(fd[1]);
	if (!rc && read(fd[0], &g->id, sizeof(g->id)) != sizeof(g->id))
		rc = -ECHILD;
	close(fd[0]);
	return rc ? rc : g->id < 0 ? g->id : 0;
}

static inline void guard_stop(struct guard *g, const struct guard_ops *ops)
{
	if (!g->pid)
		return;
	if (g->id >= 0)
		ops->remove(g->id);
	kill(g->pid, SIGKILL);
	waitpid(g->pid, NULL, 0);
	g->pid = 0;
}

#endif /* BENCH_GUARD_H */
