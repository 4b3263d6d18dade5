// SPDX-License-Identifier: MIT
/* Children that never outlive the experiment, and crews of them. */
#include "proc.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../common/cpus.h"

/* Looks before a waiting side lets others have its CPU. */
#define SPINS	100

pid_t proc_fork(struct lab *lab)
{
	pid_t parent = getpid(), pid;

	/* What is buffered would be written twice. */
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		lab_die(lab, "cannot fork: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* The parent may have died before that was said. */
		if (getppid() != parent)
			_exit(1);
	}
	return pid;
}

void proc_reap(struct lab *lab, pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			lab_die(lab, "cannot wait for a child: %s",
				strerror(errno));
	if (WIFSIGNALED(status))
		lab_die(lab, "a child was killed by signal %d (%s)",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status))
		lab_die(lab, "a child failed, with status %d",
			WEXITSTATUS(status));
}

void *proc_shared(struct lab *lab, size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		lab_die(lab, "cannot map %zu bytes of shared memory: %s", bytes,
			strerror(errno));
	return p;
}

unsigned int proc_cpus(void)
{
	unsigned int n = 0;
	cpu_set_t set;

	if (!sched_getaffinity(0, sizeof(set), &set))
		n = (unsigned int)CPU_COUNT(&set);
	return n ? n : 1;
}

unsigned int proc_cpu(unsigned int i)
{
	unsigned int cpu, left = i % proc_cpus();

	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (cpus_allowed(cpu) && !left--)
			return cpu;
	return 0;
}

void proc_relax(unsigned int *spins)
{
	if (!(++*spins % SPINS))
		sched_yield();
#if defined(__x86_64__) || defined(__i386__)
	else
		__builtin_ia32_pause();
#endif
}

static void __attribute__((noreturn))
peer_main(int fd, void (*serve)(void *message), size_t size)
{
	char message[size] __attribute__((aligned(16)));

	while (recv(fd, message, size, 0) == (ssize_t)size) {
		serve(message);
		if (send(fd, message, size, MSG_NOSIGNAL) != (ssize_t)size)
			break;
	}
	_exit(0);
}

void peer_start(struct lab *lab, struct peer *peer,
		void (*serve)(void *message), size_t size)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		lab_die(lab, "cannot make a socket pair: %s", strerror(errno));
	peer->pid = proc_fork(lab);
	if (!peer->pid) {
		close(fds[0]);
		peer_main(fds[1], serve, size);
	}
	close(fds[1]);
	peer->fd = fds[0];
}

void peer_ask(struct lab *lab, struct peer *peer, void *message, size_t size)
{
	if (send(peer->fd, message, size, MSG_NOSIGNAL) != (ssize_t)size ||
	    recv(peer->fd, message, size, 0) != (ssize_t)size)
		lab_die(lab, "the child is gone");
}

void peer_end(struct lab *lab, struct peer *peer)
{
	close(peer->fd);
	proc_reap(lab, peer->pid);
}

/* struct muster - what the workers of a crew share */
struct muster {
	pthread_barrier_t begin;
	struct {
		uint64_t begun;
		uint64_t ended;
	} times[];
};

struct worker {
	const struct crew *crew;
	struct muster *muster;
	pthread_t thread;
	pid_t pid;
	unsigned int me;
	unsigned int cpu;
};

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	cpus_pin(w->cpu);
	pthread_barrier_wait(&w->muster->begin);
	w->muster->times[w->me].begun = now_ns();
	w->crew->work(w->crew->arg, w->me);
	w->muster->times[w->me].ended = now_ns();
	return NULL;
}

static void worker_start(struct lab *lab, struct worker *w)
{
	int err;

	if (w->crew->processes) {
		w->pid = proc_fork(lab);
		if (!w->pid) {
			worker_main(w);
			_exit(0);
		}
		return;
	}
	err = pthread_create(&w->thread, NULL, worker_main, w);
	if (err)
		lab_die(lab, "cannot create a thread: %s", strerror(err));
}

static double elapsed(const struct muster *m, unsigned int nr)
{
	uint64_t begun = m->times[0].begun, ended = m->times[0].ended;
	unsigned int i;

	for (i = 1; i < nr; i++) {
		if (m->times[i].begun < begun)
			begun = m->times[i].begun;
		if (m->times[i].ended > ended)
			ended = m->times[i].ended;
	}
	return (double)(ended - begun);
}

double crew_run(struct lab *lab, const struct crew *crew)
{
	struct worker *workers = calloc(crew->nr, sizeof(*workers));
	size_t bytes = sizeof(struct muster) +
		       crew->nr * sizeof(((struct muster *)0)->times[0]);
	struct muster *m = proc_shared(lab, bytes);
	pthread_barrierattr_t attr;
	unsigned int i;
	double ns;

	if (!workers)
		lab_die(lab, "no memory for %u workers", crew->nr);
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&m->begin, &attr, crew->nr);
	for (i = 0; i < crew->nr; i++) {
		workers[i].crew = crew;
		workers[i].muster = m;
		workers[i].me = i;
		/* Asked for here: a pinned worker sees one CPU alone. */
		workers[i].cpu = proc_cpu(i);
		worker_start(lab, &workers[i]);
	}
	for (i = 0; i < crew->nr; i++)
		if (crew->processes)
			proc_reap(lab, workers[i].pid);
		else
			pthread_join(workers[i].thread, NULL);
	ns = elapsed(m, crew->nr);
	pthread_barrier_destroy(&m->begin);
	munmap(m, bytes);
	free(workers);
	return ns;
}
