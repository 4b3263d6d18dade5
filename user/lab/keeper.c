// SPDX-License-Identifier: MIT
/*
 * The keeper waits for an experiment, and tidies up after it however it ended:
 * by itself, by a signal, by a crash. An experiment and its children are a process
 * group, so a signal from the terminal reaches the keeper alone; orphans become
 * children of the keeper, who ends and reaps them.
 */
#include "keeper.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../common/progress.h"

static sigset_t waited_for, original;
static struct lab_note *note;

bool keeper_begin(size_t runs)
{
	static const int signals[] = {
		SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1,
	};
	size_t i;

	note = mmap(NULL, sizeof(*note), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (note == MAP_FAILED)
		return false;
	sigemptyset(&waited_for);
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&waited_for, signals[i]);
	sigprocmask(SIG_BLOCK, &waited_for, &original);
	/* A reader who goes away must not end who tidies up. */
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	progress_begin(runs);
	return true;
}

void keeper_end(void)
{
	progress_end();
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void start(struct run *run)
{
	/* SIGUSR1 asks the keeper, also when sent to all of us. */
	signal(SIGUSR1, SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	setpgid(0, 0);
	sigprocmask(SIG_SETMASK, &original, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	exit(lab_run(&run->lab));
}

/* What it saw is there, unless memory was short. */
static enum run_end done(struct run *run)
{
	snprintf(run->why, sizeof(run->why), "what it saw could not be kept");
	return RUN_DONE;
}

static enum run_end judge(struct run *run, const siginfo_t *info)
{
	if (info->si_code != CLD_EXITED && info->si_status == SIGPIPE)
		return RUN_UNREAD;
	if (info->si_code != CLD_EXITED)
		snprintf(run->why, sizeof(run->why),
			 "it was killed by signal %d (%s)", info->si_status,
			 strsignal(info->si_status));
	else if (info->si_status == LAB_DONE)
		return done(run);
	else if (info->si_status == LAB_REFUSED)
		return RUN_REFUSED;
	else
		snprintf(run->why, sizeof(run->why),
			 "it ended before its verdicts");
	return RUN_FAILED;
}

/* Until it ended, or is to be ended. It is not reaped: its group keeps its id. */
static enum run_end watch(struct run *run, pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	for (;;) {
		switch (sigwaitinfo(&waited_for, NULL)) {
		case SIGCHLD:
			waitid(P_PID, (id_t)pid, &info,
			       WEXITED | WNOHANG | WNOWAIT);
			if (info.si_pid == pid)
				return judge(run, &info);
			break;
		case SIGUSR1:
			progress_say();
			break;
		case SIGINT:
		case SIGTERM:
		case SIGHUP:
		case SIGQUIT:
			return RUN_INTERRUPTED;
		}
	}
}

static enum run_end fork_and_watch(struct run *run)
{
	enum run_end end = RUN_FAILED;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		snprintf(run->why, sizeof(run->why), "cannot fork: %s",
			 strerror(errno));
		return end;
	}
	if (!pid)
		start(run);
	/* Here as well: the group is there before it is killed. */
	setpgid(pid, pid);
	end = watch(run, pid);
	kill(-pid, SIGKILL);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	return end;
}

/* Makes the experiment's folder, if it needs one. */
static bool make_dir(struct run *run)
{
	if (!run->lab.experiment->files)
		return true;
	if (snprintf(run->dir, sizeof(run->dir), "%s/shmring-lab.XXXXXX",
		     run->files_in) >= (int)sizeof(run->dir))
		errno = ENAMETOOLONG;
	else if (mkdtemp(run->dir))
		return true;
	snprintf(run->why, sizeof(run->why),
		 "cannot make files in %s: %s; choose another place with --dir",
		 run->files_in, strerror(errno));
	return false;
}

static void read_record(struct run *run)
{
	lseek(run->lab.record_fd, 0, SEEK_SET);
	run->record = json_loadfd(run->lab.record_fd, 0, NULL);
	close(run->lab.record_fd);
}

enum run_end keeper_run(struct run *run)
{
	struct lab *lab = &run->lab;
	enum run_end end;

	if (!make_dir(run))
		return RUN_REFUSED;
	lab->dir = run->dir;
	lab->record_fd = memfd_create("record", MFD_CLOEXEC);
	if (lab->record_fd < 0) {
		snprintf(run->why, sizeof(run->why), "no memory");
		return RUN_FAILED;
	}
	snprintf(note->doing, sizeof(note->doing), "%s", lab->experiment->name);
	note->sem_id = -1;
	lab->note = note;
	progress_step(note->doing, PROGRESS_UNKNOWN);
	end = fork_and_watch(run);
	if (note->sem_id >= 0)
		semctl(note->sem_id, 0, IPC_RMID);
	if (*run->dir)
		nftw(run->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	read_record(run);
	return end;
}
