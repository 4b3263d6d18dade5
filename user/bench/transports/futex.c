// SPDX-License-Identifier: MIT
/* Message slots in shared memory, each handed over by a futex of its own. */
/* No copy and no system call; two system calls where a side sleeps. */
/* man 2 futex */
#include "turns.h"

static int futex_open(struct channel *ch)
{
	struct slots *s = slots_new(ch, sizeof(*s), cell_bytes(ch->size));

	return s ? slots_map(s, -1) : -ENOMEM;
}

const struct transport transport_futex = {
	.name = "futex",
	.group = "wakers",
	.what = "slots in shared memory, each with a futex",
	.loops = &turns_loops,
	.asleep = &turns_loops,
	.fits = fits_half,
	.open = futex_open,
	.close = slots_close,
};
