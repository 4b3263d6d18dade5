// SPDX-License-Identifier: MIT
/* The channels of a cell. */
#include "channel.h"

int channel_open(struct channel *ch, const struct cell *c,
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
	return ch->transport->open(ch);
}
