// SPDX-License-Identifier: MIT
/*
 * News of the peer's death, by its word life: robust futexes without a mutex.
 *
 *	0			nobody is there, or it left
 *	thread | FUTEX_WAITERS	that thread of the peer lives
 *	FUTEX_OWNER_DIED ...	it ended; set by the kernel, which then wakes one
 *				who sleeps on the word: the other side's thread
 *
 * The word is the peer's, which may write there what it likes, and thread ids
 * of two namespaces can be alike. So it is a hint to try the lock, and whoever
 * lies is asked again and again, at intervals that grow (service.c).
 */
#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "futex.h"
#include "shm.h"

/*
 * In the thread whose end is to be told. The list itself is empty; what is
 * pending is the word, for which it need not be in any list.
 */
int shm_life_begin(struct shm *s)
{
	struct robust_list_head *head = &s->service.robust;
	uint32_t tid = (uint32_t)syscall(SYS_gettid);

	head->list.next = &head->list;
	head->futex_offset = 0;
	head->list_op_pending = (struct robust_list *)(void *)&s->ctl->life;
	if (syscall(SYS_set_robust_list, head, sizeof(*head)))
		return -errno;
	/*
	 * From here on each end is told. Release: pairs with the acquire in
	 * shm_life_of_peer().
	 */
	__atomic_store_n(&s->ctl->life, tid | FUTEX_WAITERS, __ATOMIC_RELEASE);
	futex_wake_all(&s->ctl->life);
	return 0;
}

/* By the same thread, once the state says that it has left. */
void shm_life_end(struct shm *s)
{
	__atomic_store_n(&s->ctl->life, 0, __ATOMIC_RELEASE);
	/* For the kernel, which does not look before this thread ends. */
	__atomic_store_n(&s->service.robust.list_op_pending, NULL,
			 __ATOMIC_RELAXED);
	futex_wake_all(&s->ctl->life);
}

uint32_t shm_life_of_peer(const struct shm *s)
{
	return __atomic_load_n(&s->peer_ctl->life, __ATOMIC_ACQUIRE);
}

bool shm_looks_dead(uint32_t life)
{
	return life & FUTEX_OWNER_DIED || !(life & FUTEX_TID_MASK);
}

/*
 * Say GONE for a peer that is dead. False: it has, or somebody has again, its
 * lock; as a dead process does for a moment after the kernel marked the word.
 *
 * Both of the endpoint's threads come here, and a lock belongs to their common
 * open file: one at a time, or the first would take away the other's proof.
 */
bool shm_mourn(struct shm *s)
{
	off_t byte = SHM_LOCK_ROLE(s->other);
	bool proof;

	pthread_mutex_lock(&s->lock);
	proof = !shm_lock(s->fd, F_RDLCK, byte, 1);
	if (proof && shmring_state(s->info, s->other) == SHMRING_STATE_ATTACHED)
		shm_set_state(s->info, s->other, SHMRING_STATE_GONE);
	if (proof)
		shm_lock(s->fd, F_UNLCK, byte, 1);
	pthread_mutex_unlock(&s->lock);
	return proof;
}

/* The word may be out of date, where the thread has yet to be woken. */
uint32_t shm_state_of_peer(struct shm *s)
{
	uint32_t state = shmring_state(s->info, s->other);

	if (state == SHMRING_STATE_ATTACHED &&
	    shm_looks_dead(shm_life_of_peer(s)) && shm_mourn(s))
		return SHMRING_STATE_GONE;
	return state;
}
