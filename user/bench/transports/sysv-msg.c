// SPDX-License-Identifier: MIT
/* A System V message queue, blocking, all messages of one type. */
/* Two copies (in and out of the kernel) and two system calls per message. */
/* man 2 msgget, msgop */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/msg.h>

#include "each.h"
#include "fits.h"
#include "guard.h"

#define SYSV_MSG_TYPE	1

/* @type and @text are what msgsnd() and msgrcv() want. */
struct sysv_msg {
	struct guard queue;
	long type;
	unsigned char text[];
};

static ALWAYS_INLINE unsigned char *sysv_msg_buf(struct channel *ch)
{
	struct sysv_msg *m = ch->state;

	return m->text;
}

static ALWAYS_INLINE int sysv_msg_send(struct channel *ch, size_t size)
{
	struct sysv_msg *m = ch->state;

	while (bench_unlikely(msgsnd(m->queue.id, &m->type, size, 0)))
		if (errno != EINTR) /* a stop and a continuation */
			return -errno;
	return 0;
}

static ALWAYS_INLINE ssize_t sysv_msg_recv(struct channel *ch, size_t size)
{
	struct sysv_msg *m = ch->state;
	ssize_t len;

	do
		len = msgrcv(m->queue.id, &m->type, size, SYSV_MSG_TYPE, 0);
	while (bench_unlikely(len < 0 && errno == EINTR));
	return len < 0 ? -errno : len;
}

DEFINE_EACH_LOOPS(sysv_msg);

static int sysv_msg_make(const struct channel *ch)
{
	int id = msgget(IPC_PRIVATE, 0600);

	(void)ch;
	return id < 0 ? -errno : id;
}

static void sysv_msg_remove(int id)
{
	msgctl(id, IPC_RMID, NULL);
}

static const struct guard_ops sysv_queue = { sysv_msg_make, sysv_msg_remove };

static int sysv_msg_open(struct channel *ch)
{
	struct sysv_msg *m = calloc(1, sizeof(*m) + ch->size);
	int rc;

	if (!m)
		return -ENOMEM;
	ch->state = m;
	m->type = SYSV_MSG_TYPE;
	rc = guard_start(&m->queue, &sysv_queue, ch);
	if (rc)
		snprintf(ch->why, sizeof(ch->why),
			 "sysv-msg: no queue: %s: ipcs -lq and -q say what is possible and who has them",
			 strerror(-rc));
	return rc;
}

static void sysv_msg_close(struct channel *ch)
{
	struct sysv_msg *m = ch->state;

	if (m)
		guard_stop(&m->queue, &sysv_queue);
	free(m);
	ch->state = NULL;
}

static bool sysv_msg_fits(const struct channel *ch, char why[WHY_MAX])
{
	return fits_limit(ch, sysctl_number("/proc/sys/kernel/msgmax"),
			  "a message: sysctl kernel.msgmax", why) &&
	       fits_limit(ch, sysctl_number("/proc/sys/kernel/msgmnb"),
			  "a queue: sysctl kernel.msgmnb", why);
}

const struct transport transport_sysv_msg = {
	.name = "sysv-msg",
	.group = "queues",
	.what = "System V message queue, one msgsnd and one msgrcv per message",
	.loops = &sysv_msg_loops,
	.asleep = &sysv_msg_loops,
	.many = true,
	.fits = sysv_msg_fits,
	.open = sysv_msg_open,
	.close = sysv_msg_close,
};
