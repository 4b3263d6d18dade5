/* SPDX-License-Identifier: MIT */
/*
 * shm: and memfd:, rings without the module. A file of shared memory is
 *
 *	info page | producer page | consumer page | data
 *
 * and what the kernel module would do is done by the two sides:
 *
 * A role is a write lock (an OFD lock, which goes with the open file, however
 * the process ends) on the role's byte of the file, held while attached. It is
 * the truth about who has the role; nobody needs to wait for it.
 *
 * life of a side's page is a robust futex, held by a thread of that side. When
 * the process ends or calls exec(), however that comes, the kernel marks the
 * word and wakes the peer's thread, which sleeps on it (watch.c). That thread
 * then tries the lock, which is the proof, and says GONE in the dead one's name.
 *
 * state[role] of the info page changes only under a lock on the role's byte:
 * the holder of the write lock sets ATTACHED and GONE; and whoever gets a read
 * lock has the proof that the holder is dead, and sets GONE for it. Only the
 * peer does that, in one thread at a time.
 *
 * The bell of a side is a futex on which it sleeps. It is rung
 * by each kick of the peer and after each change of a state. A side killed
 * between the change and the bell is heard of by its life, upon which the
 * peer's thread rings the peer's bell in any case.
 */
#ifndef SHMRING_SHM_H
#define SHMRING_SHM_H

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>

#include "backend.h"

/*
 * Bytes of the file that stand for something when locked. A file whose first
 * three are free is in nobody's hands.
 */
#define SHM_LOCK_ROLE(role)	((off_t)shmring_side(role))
#define SHM_LOCK_CREATOR	2	/* of an ephemeral ring, until it attaches */
#define SHM_LOCK_UNLINK		3	/* one removes the name at a time */

/*
 * struct shm_goal - what is slept for: how far the peer's position has to go
 * @seen: where it was
 * @need: bytes from there
 * @least: it goes so many or none
 * @odd: bits that it never has
 * @generation: of the lane, as who sleeps knows it
 */
struct shm_goal {
	uint64_t seen;
	uint64_t need;
	uint64_t least;
	uint64_t odd;
	uint64_t ring_bytes;
	uint32_t generation;
};

/*
 * struct shm_pump - a descriptor for event loops (pump.c)
 * @fd: one end of a pipe, for the user: a consumer reads, a producer writes
 * @own: the other end
 * @ready: the pipe says that there is something to do
 * @armed: a request is there: until @goal is reached; or with @for_peer until the
 * peer is attached or the epoch is no longer @epoch
 *
 * From @ready on it is under the lock of struct shm.
 */
struct shm_pump {
	int fd;
	int own;
	bool ready;
	bool armed;
	bool for_peer;
	uint32_t epoch;
	struct shm_goal goal;
};

/*
 * struct shm_service - the thread that an endpoint has while attached (service.c)
 * @started: a futex: 0, then 1, or a negative errno
 * @seq: a futex, changed with each request and by @stop
 * @robust: what the kernel looks at when the thread ends
 */
struct shm_service {
	pthread_t thread;
	bool running;
	int started;
	uint32_t seq;
	bool stop;
	struct robust_list_head robust;
};

/*
 * struct shm - a ring or endpoint of shm: or memfd:
 * @name: of shm_open(), NULL for memfd:
 * @flags: SHMRING_CREATE_*
 * @unnamed: it was made, and shm_publish() is still to come
 * @lock: between the owner of the endpoint and its thread
 *
 * From info to fd it does not change while attached: the thread reads it.
 */
struct shm {
	struct shmring_info_page *info;
	struct shmring_ctl_page *ctl;
	const struct shmring_ctl_page *peer_ctl;
	const struct shmring_cursor *self;
	const struct shmring_cursor *peer;
	uint32_t role;
	uint32_t other;
	int fd;
	char *name;
	uint32_t flags;
	bool unnamed;
	pthread_mutex_t lock;
	struct shm_pump pump;
	struct shm_service service;
};

/* shm_name.c */
int shm_name_check(const char *name);
int shm_name_open(const char *name, int flags);
int shm_name_give(int fd, const char *name);
bool shm_name_unlink_if_left(const char *name, int fd, bool by_last);
void shm_name_remove_leftover(const char *name);

/* shm_file.c */
int shm_file_create(int fd, const char *what, const struct shmring_opts *o,
		    struct shmring_geometry *g);
int shm_file_check(int fd, const char *what, struct shmring_geometry *g,
		   uint32_t *flags);

/* shm_settle.c: put right where the last producer has left off */
void shm_settle(struct shmring *r);

/* shm_stat.c */
int shm_stat_file(int fd, const char *what, struct shmring_stat *st);

/* shm_lock.c */
bool shm_role_held(int fd, uint32_t role);
int shm_lock(int fd, short type, off_t start, off_t len);
int shm_take_role(int fd, uint32_t role);
void shm_kick_side(struct shmring_info_page *info, uint32_t role);
void shm_ring(struct shmring_info_page *info, uint32_t role);
void shm_set_state(struct shmring_info_page *info, uint32_t role, uint32_t to);

/* shm_sleep.c */
int shm_sleep_ready(void);
uint32_t shm_bell(const struct shm *s);
bool shm_is_reached(const struct shm *s, const struct shm_goal *goal);
int shm_arm_and_look(struct shm *s, const struct shm_goal *goal, uint32_t *k);
int shm_sleep_until(struct shm *s, const struct shm_goal *goal,
		    int64_t deadline);
int shm_sleep_peer(struct shm *s, uint32_t epoch, int64_t deadline);

/* watch.c: who lives */
int shm_life_begin(struct shm *s);
void shm_life_end(struct shm *s);
uint32_t shm_life_of_peer(const struct shm *s);
bool shm_looks_dead(uint32_t life);
bool shm_mourn(struct shm *s);
uint32_t shm_state_of_peer(struct shm *s);

/* pump.c */
int shm_pump_open(struct shm *s, uint32_t role);
void shm_pump_close(struct shm *s);
void shm_pump_arm(struct shm *s, const struct shm_pump *request);
bool shm_pump_is_due(const struct shm *s, const struct shm_pump *request);
void shm_pump_finish(struct shm *s, uint32_t seq);

/* service.c */
int shm_service_start(struct shm *s);
void shm_service_notify(struct shm *s);
void shm_service_stop(struct shm *s);

#endif /* SHMRING_SHM_H */
