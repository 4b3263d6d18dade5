// SPDX-License-Identifier: MIT
/* What the dead had noted, against what the ring says. */
#include "storm.h"

static uint64_t position(const struct shmring_stat *now, unsigned int role)
{
	return role == PRODUCER ? now->head : now->tail;
}

/* Records that the dead consumer had looked at, and that come again. */
static uint64_t again(const struct storm *st, uint64_t tail)
{
	uint64_t from, to;

	layout_seq(&st->layout, tail, &from);
	layout_seq(&st->layout, st->shared->ledger[CONSUMER].seen, &to);
	return to > from ? to - from : 0;
}

/*
 * The ring says one of three positions. A lower one takes back what was done:
 * published records are lost, or released ones come again. A higher one shows
 * what was not published, or drops what nobody released.
 */
static bool check_position(struct storm *st, unsigned int role, uint64_t pos)
{
	const struct ledger *l = &st->shared->ledger[role];
	bool producer = role == PRODUCER;
	uint64_t seq;

	if (pos < l->done)
		return fail(st, producer ? NOT_LOST : NOT_AGAIN,
			    "the ring says %#llx, and it was at %#llx",
			    (unsigned long long)pos,
			    (unsigned long long)l->done);
	if ((pos != l->done && pos != l->pos && pos != l->intent) ||
	    !layout_seq(&st->layout, pos, &seq))
		return fail(st, producer ? NOT_INVENTED : NOT_LOST,
			    "the ring says %#llx, and it can have been at %#llx, %#llx or %#llx",
			    (unsigned long long)pos,
			    (unsigned long long)l->done,
			    (unsigned long long)l->pos,
			    (unsigned long long)l->intent);
	return true;
}

/* The holder of @role is dead. Its successor begins where it ended. */
bool check_dead(struct storm *st, unsigned int role)
{
	struct shmring_stat now = SHMRING_STAT_INIT;
	uint64_t pos;

	if (!ring_look(st, &now))
		return fail(st, GOES_ON, "the ring cannot be looked at");
	if (now.state[role] == SHMRING_STATE_ATTACHED)
		return fail(st, TOLD, "the dead still has its role");
	pos = position(&now, role);
	if (!check_position(st, role, pos))
		return false;
	if (role == CONSUMER)
		st->again += again(st, pos);
	st->life[role].from = pos;
	return true;
}

/* Both have left, the consumer when there was nothing more. */
bool check_end(struct storm *st)
{
	const struct ledger *l = st->shared->ledger;
	struct shmring_stat now = SHMRING_STAT_INIT;

	if (!ring_look(st, &now))
		return fail(st, GOES_ON, "the ring cannot be looked at");
	if (now.head != l[PRODUCER].pos)
		return fail(st, NOT_LOST, "at the end the head is %#llx, and %#llx were published",
			    (unsigned long long)now.head,
			    (unsigned long long)l[PRODUCER].pos);
	if (now.tail != now.head || l[CONSUMER].pos != now.head)
		return fail(st, NOT_LOST, "at the end the head is %#llx, the tail %#llx, and %#llx were taken",
			    (unsigned long long)now.head,
			    (unsigned long long)now.tail,
			    (unsigned long long)l[CONSUMER].pos);
	return true;
}
