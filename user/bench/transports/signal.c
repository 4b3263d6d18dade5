// SPDX-License-Identifier: MIT
/* Queued real-time signals: the message is the value that a signal carries. */
/* Two copies (in and out of the kernel) and four system calls per message. */
/* man 7 signal, man 3 sigqueue */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "each.h"
#include "fits.h"
#include "receiver.h"

/*
 * struct signals - as each process sees it
 * @shared: the receiver, in shared memory
 * @receiver: the same, as the sender knows it
 * @buf: a value
 */
struct signals {
	uint32_t *shared;
	pid_t receiver;
	sigset_t set;
	unsigned char buf[];
};

static ALWAYS_INLINE unsigned char *signal_buf(struct channel *ch)
{
	struct signals *s = ch->state;

	return s->buf;
}

/* A full queue is EAGAIN: there is no way to sleep until it is not. */
static ALWAYS_INLINE int signal_send(struct channel *ch, size_t size)
{
	struct signals *s = ch->state;
	union sigval value;

	(void)size;
	memcpy(&value, s->buf, sizeof(value));
	while (bench_unlikely(sigqueue(s->receiver, SIGRTMIN, value))) {
		if (errno != EAGAIN)
			return -errno;
		sched_yield();
	}
	return 0;
}

static ALWAYS_INLINE ssize_t signal_recv(struct channel *ch, size_t size)
{
	struct signals *s = ch->state;
	siginfo_t info;

	while (bench_unlikely(sigwaitinfo(&s->set, &info) < 0))
		if (errno != EINTR) /* a stop and a continuation */
			return -errno;
	memcpy(s->buf, &info.si_value, sizeof(info.si_value));
	return (ssize_t)size;
}

DEFINE_EACH_LOOPS(signal);

static int signal_open(struct channel *ch)
{
	struct signals *s = calloc(1, sizeof(*s) + sizeof(union sigval));

	if (!s)
		return -ENOMEM;
	ch->state = s;
	sigemptyset(&s->set);
	sigaddset(&s->set, SIGRTMIN);
	s->shared = receiver_new();
	return s->shared ? 0 : -errno;
}

/* Blocked before the sender knows whom to send it: it would kill. */
static int signal_join(struct channel *ch, enum side side)
{
	struct signals *s = ch->state;

	if (side == SIDE_CONSUMER && sigprocmask(SIG_BLOCK, &s->set, NULL))
		return -errno;
	return receiver_join(s->shared, side, &s->receiver);
}

static void signal_close(struct channel *ch)
{
	struct signals *s = ch->state;

	if (s)
		receiver_free(s->shared);
	free(s);
	ch->state = NULL;
}

static bool signal_fits(const struct channel *ch, char why[WHY_MAX])
{
	return fits_limit(ch, sizeof(union sigval), "a signal's value", why);
}

const struct transport transport_signal = {
	.name = "signal",
	.group = "queues",
	.what = "real-time signals, one sigqueue and one sigwaitinfo per message",
	.loops = &signal_loops,
	.asleep = &signal_loops,
	.many = true,
	.fits = signal_fits,
	.open = signal_open,
	.join = signal_join,
	.close = signal_close,
};
