/* SPDX-License-Identifier: MIT */
/*
 * shm: and memfd:, rings without the module. A file of shared memory is
 *
 *	info page | producer page | consumer page | data
 *
 * and what the kernel module would do is done by the two sides:
 *
 * A role is a write lock (an OFD lock, which goes with the open file, however
 * the process ends) on the role's byte of the file, held while attached.
 *
 * state[role] of the info page changes only under a lock on the role's byte:
 * the holder of the write lock sets ATTACHED and GONE; and whoever gets a read
 * lock has the proof that the holder is dead, and sets GONE for it. So no
 * further lock is needed; two that hold a read lock both want ATTACHED to
 * become GONE, and compare-and-exchange lets one of them do it and count it.
 *
 * epoch is a futex: each change of a state adds one and wakes.
 * kick of a side's page is a futex on which the other sleeps.
 */
#ifndef SHMRING_SHM_H
#define SHMRING_SHM_H

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>

#include "backend.h"

/* Bytes of the file that stand for something when locked. */
#define SHM_LOCK_ROLE(role)	((off_t)shmring_side(role))
#define SHM_LOCK_CLOSING	2	/* one closes at a time */

/*
 * struct shm_watch - a thread that waits for the peer's lock (watch.c)
 * @fd: an open file of its own, since a lock belongs to one
 * @news, @lock: arguments of the calls in which it may be cancelled
 */
struct shm_watch {
	pthread_t thread;
	bool running;
	int fd;
	struct futex_waitv news;
	struct flock lock;
};

/*
 * struct shm_pump - a thread that sleeps for an event loop (pump.c)
 * @eventfd: what it writes
 * @seq: a futex, changed with each request
 * @lock: protects @armed, @stop and @target
 * @armed: a request is there
 * @stop: end
 * @target: the request: the peer's position from which on it is ready
 */
struct shm_pump {
	pthread_t thread;
	bool running;
	int eventfd;
	uint32_t seq;
	pthread_mutex_t lock;
	bool armed;
	bool stop;
	uint64_t target;
};

/*
 * struct shm - a ring or endpoint of shm: or memfd:
 *
 * From info to fd it does not change while attached: the threads read it.
 */
struct shm {
	struct shmring_info_page *info;
	struct shmring_ctl_page *self;
	const struct shmring_ctl_page *peer;
	uint32_t role;
	uint32_t other;
	int fd;
	char *name;		/* of shm_open(), NULL for memfd: */
	uint32_t flags;		/* SHMRING_CREATE_* */
	struct shm_watch watch;
	struct shm_pump pump;
};

/* shm_file.c */
int shm_file_create(int fd, const char *what, const struct shmring_opts *o,
		    struct shmring_geometry *g);
int shm_file_check(int fd, const char *what, struct shmring_geometry *g,
		   uint32_t *flags);

/* shm_stat.c */
int shm_stat_file(int fd, const char *what, struct shmring_stat *st);

/* shm_lock.c */
bool shm_role_held(int fd, uint32_t role);
int shm_lock(int fd, int cmd, short type, off_t start, off_t len);
int shm_take_role(int fd, uint32_t role);
void shm_set_state(struct shmring_info_page *info, uint32_t role,
		   uint32_t from, uint32_t to);

/* shm_sleep.c */
int shm_sleep_ready(void);
int shm_sleep_until(struct shm *s, uint64_t target, const uint32_t *also,
		    uint32_t also_value, int64_t deadline);
int shm_sleep_peer(struct shm *s, uint32_t epoch, int64_t deadline);

/* watch.c */
int shm_watch_start(struct shm *s);
void shm_watch_stop(struct shm *s);

/* pump.c */
int shm_pump_start(struct shm *s);
void shm_pump_arm(struct shm *s, uint64_t target);
void shm_pump_stop(struct shm *s);

/* shm_thread.c: a thread that no signal of the program reaches */
int shm_thread_start(pthread_t *thread, void *(*run)(void *), struct shm *s);

#endif /* SHMRING_SHM_H */
