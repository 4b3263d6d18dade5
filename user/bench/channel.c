// SPDX-License-Identifier: MIT
/* The channels of a cell. */
#include "channel.h"

void channel_init(struct channel *ch, const struct cell *c,
		  struct channel *partner)
{
	static unsigned int next_id;

	*ch = (struct channel){
		.transport = c->transport,
		.size = c->shape.size,
		.batch = c->shape.batch,
		.capacity = c->capacity,
		.id = next_id++,
		.producers = c->shape.producers,
		.sleeps = c->shape.test == TEST_WAKEUP,
		.partner = partner,
	};
}

int channel_open(struct channel *ch, const struct cell *c,
		 struct channel *partner)
{
	channel_init(ch, c, partner);
	return ch->transport->open(ch);
}
