// SPDX-License-Identifier: MIT
/* Queued real-time signals: the message is the value that a signal carries. */
/* Two copies (in and out of the kernel) and two system calls per message. */
/* man 7 signal, man 3 sigqueue */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "fits.h"
#include "receiver.h"

/*
 * struct signals - as each process sees it
 * @receiver: in shared memory, then as the sender knows it
 */
struct signals {
	uint32_t *shared;
	pid_t receiver;
	sigset_t set;
};

/* A full queue is EAGAIN: there is no way to sleep until it is not. */
static ALWAYS_INLINE int signal_put(struct channel *ch, uint64_t seq, size_t n,
				    size_t size)
{
	struct signals *s = ch->state;
	uint64_t end = seq + n;
	union sigval v = { 0 };

	if (size > sizeof(v)) /* no such loop is asked for: see fits */
		return -EMSGSIZE;
	for (; seq < end; seq++) {
		payload_fill(&v, seq, 1, size);
		while (bench_unlikely(sigqueue(s->receiver, SIGRTMIN, v))) {
			if (errno != EAGAIN)
				return -errno;
			sched_yield();
		}
	}
	return 0;
}

static ALWAYS_INLINE int signal_get(struct channel *ch, uint64_t seq, size_t n,
				    size_t size)
{
	struct signals *s = ch->state;
	uint64_t end = seq + n;
	siginfo_t info;
	int rc;

	if (size > sizeof(info.si_value))
		return -EMSGSIZE;
	for (; seq < end; seq++) {
		while (bench_unlikely(sigwaitinfo(&s->set, &info) < 0))
			if (errno != EINTR) /* a stop and a continuation */
				return -errno;
		rc = verify(ch, &info.si_value, seq, 1, size);
		if (bench_unlikely(rc))
			return rc;
	}
	return 0;
}

DEFINE_LOOPS(signal_loops, signal_put, signal_get);

static int signal_open(struct channel *ch)
{
	struct signals *s = calloc(1, sizeof(*s));

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
	.what = "real-time signals, one sigqueue and one sigwaitinfo per message",
	.loops = &signal_loops,
	.asleep = &signal_loops,
	.fits = signal_fits,
	.open = signal_open,
	.join = signal_join,
	.close = signal_close,
};
