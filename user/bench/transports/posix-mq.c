// SPDX-License-Identifier: MIT
/* A POSIX message queue, blocking, all messages of one priority. */
/* Two copies (in and out of the kernel) and two system calls per message. */
/* man 7 mq_overview */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "each.h"
#include "fits.h"

#define MQ_PER_MESSAGE	128	/* what RLIMIT_MSGQUEUE counts besides bytes */

struct posix_mq {
	mqd_t queue;
	unsigned char buf[];
};

static ALWAYS_INLINE unsigned char *posix_mq_buf(struct channel *ch)
{
	struct posix_mq *m = ch->state;

	return m->buf;
}

static ALWAYS_INLINE int posix_mq_send(struct channel *ch, size_t size)
{
	struct posix_mq *m = ch->state;

	return mq_send(m->queue, (char *)m->buf, size, 0) ? -errno : 0;
}

static ALWAYS_INLINE ssize_t posix_mq_recv(struct channel *ch, size_t size)
{
	struct posix_mq *m = ch->state;
	ssize_t len = mq_receive(m->queue, (char *)m->buf, size, NULL);

	return len < 0 ? -errno : len;
}

DEFINE_EACH_LOOPS(posix_mq);

/* As many messages as --ring-size, or the queue, holds. */
static uint64_t posix_mq_depth(const struct channel *ch)
{
	uint64_t want = ch->capacity / ch->size;
	uint64_t max = sysctl_number("/proc/sys/fs/mqueue/msg_max");

	if (want > max)
		want = max;
	return want ? want : 1;
}

static bool posix_mq_probe(char why[WHY_MAX])
{
	if (sysctl_number("/proc/sys/fs/mqueue/msg_max") != UINT64_MAX)
		return true;
	snprintf(why, WHY_MAX,
		 "posix-mq: this kernel was built without message queues");
	return false;
}

/* Both processes inherit the descriptor: the name goes before they start. */
static int posix_mq_open(struct channel *ch)
{
	struct posix_mq *m = calloc(1, sizeof(*m) + ch->size);
	struct mq_attr attr = {
		.mq_maxmsg = (long)posix_mq_depth(ch),
		.mq_msgsize = (long)ch->size,
	};
	char name[64];
	int rc;

	if (!m)
		return -ENOMEM;
	ch->state = m;
	snprintf(name, sizeof(name), "/shmring-bench-%d-%u", (int)getpid(),
		 ch->id);
	/* Of a process that had this number and was killed within this call. */
	mq_unlink(name);
	m->queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600,
			   &attr);
	rc = m->queue < 0 ? -errno : 0;
	mq_unlink(name);
	if (rc)
		snprintf(ch->why, sizeof(ch->why),
			 "posix-mq: no queue of %ld messages: %s: %s",
			 attr.mq_maxmsg, strerror(-rc), rc == -EMFILE ?
			 "ulimit -q unlimited" :
			 "sysctl fs.mqueue says what is possible");
	return rc;
}

static void posix_mq_close(struct channel *ch)
{
	struct posix_mq *m = ch->state;

	if (m && m->queue >= 0)
		mq_close(m->queue);
	free(m);
	ch->state = NULL;
}

static bool posix_mq_fits(const struct channel *ch, char why[WHY_MAX])
{
	struct rlimit lim = { .rlim_cur = RLIM_INFINITY };
	uint64_t each = UINT64_MAX;

	getrlimit(RLIMIT_MSGQUEUE, &lim);
	if (lim.rlim_cur != RLIM_INFINITY)
		each = lim.rlim_cur / posix_mq_depth(ch);
	return fits_limit(ch, sysctl_number("/proc/sys/fs/mqueue/msgsize_max"),
			  "a message: sysctl fs.mqueue.msgsize_max", why) &&
	       fits_limit(ch, each > MQ_PER_MESSAGE ? each - MQ_PER_MESSAGE : 0,
			  "this user's limit: ulimit -q unlimited", why);
}

const struct transport transport_posix_mq = {
	.name = "posix-mq",
	.group = "queues",
	.what = "POSIX message queue, one mq_send and one mq_receive per message",
	.loops = &posix_mq_loops,
	.asleep = &posix_mq_loops,
	.many = true,
	.probe = posix_mq_probe,
	.fits = posix_mq_fits,
	.open = posix_mq_open,
	.close = posix_mq_close,
};
