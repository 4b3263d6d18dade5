// SPDX-License-Identifier: MIT
/* A ring of message slots whose sides count by two eventfds. */
/* No copy and two system calls per publish, fewer where a side is behind. */
/* man 2 eventfd */
#include <sys/eventfd.h>

#include "slots.h"

/*
 * struct eventfd - as each process sees it
 * @fd: what each side waits for: free slots, filled slots
 * @ready: slots that were read from @fd and not yet taken
 * @owed: emptied slots of which the producer was not told yet
 */
struct eventfd {
	struct slots slots;
	int fd[2];
	uint64_t ready;
	uint64_t owed;
};

static ALWAYS_INLINE int eventfd_take(struct channel *ch, enum side side,
				      uint32_t most)
{
	struct eventfd *e = ch->state;
	uint32_t run;

	if (!e->ready && bench_unlikely(eventfd_read(e->fd[side], &e->ready)))
		return -errno;
	run = e->ready < most ? (uint32_t)e->ready : most;
	e->ready -= run;
	return (int)run;
}

/* Messages are told of at once, free slots by the quarter of a ring. */
static ALWAYS_INLINE int eventfd_give(struct channel *ch, enum side side,
				      uint32_t n)
{
	struct eventfd *e = ch->state;

	e->owed += n;
	if (side == SIDE_CONSUMER && e->owed <= e->slots.nr / 4)
		return 0;
	if (bench_unlikely(eventfd_write(e->fd[other_side(side)], e->owed)))
		return -errno;
	e->owed = 0;
	return 0;
}

DEFINE_SLOTS_LOOPS(eventfd);

static int eventfd_open(struct channel *ch)
{
	struct eventfd *e = slots_new(ch, sizeof(*e), ch->size);

	if (!e)
		return -ENOMEM;
	e->fd[SIDE_CONSUMER] = eventfd(0, EFD_CLOEXEC);
	e->fd[SIDE_PRODUCER] = eventfd(e->slots.nr, EFD_CLOEXEC);
	if (e->fd[SIDE_CONSUMER] < 0 || e->fd[SIDE_PRODUCER] < 0)
		return -errno;
	return slots_map(&e->slots, -1);
}

static void eventfd_close(struct channel *ch)
{
	struct eventfd *e = ch->state;

	if (e) {
		close(e->fd[SIDE_CONSUMER]);
		close(e->fd[SIDE_PRODUCER]);
	}
	slots_close(ch);
}

const struct transport transport_eventfd = {
	.name = "eventfd",
	.group = "wakers",
	.what = "ring in shared memory, counted by two eventfds",
	.loops = &eventfd_loops,
	.asleep = &eventfd_loops,
	.batches = true,
	.fits = fits_half,
	.open = eventfd_open,
	.close = eventfd_close,
};
