/* SPDX-License-Identifier: MIT */
/*
 * A transport is one way to move messages between two processes: one file in
 * transports/, one line in transports/list.h.
 */
#ifndef BENCH_TRANSPORT_H
#define BENCH_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHY_MAX	200

/* Producers of one channel at the most. */
#define PRODUCERS_MAX	64

/* The two ends of a channel. */
enum side {
	SIDE_PRODUCER,
	SIDE_CONSUMER,
};

/*
 * struct channel - one way, from one process to another
 * @transport: what it is made of
 * @size: bytes of each message
 * @batch: messages per publish
 * @capacity: bytes that it should be able to hold
 * @id: a number that no other channel of this process has had
 * @producers: how many processes will send into it
 * @sleeps: for the wakeup test: whoever finds nothing sleeps at once
 * @partner: the channel that goes the other way in a round trip, else NULL
 * @state: the transport's own, made by its open
 * @sources: in the consumer of several producers: what each sends next
 * @bad_seq: the message that was found wrong, after -EILSEQ
 * @why: what an open or join that failed has to say, besides its errno
 */
struct channel {
	const struct transport *transport;
	uint32_t size;
	uint32_t batch;
	uint64_t capacity;
	unsigned int id;
	unsigned int producers;
	bool sleeps;
	struct channel *partner;
	void *state;
	struct sources *sources;
	uint64_t bad_seq;
	char why[WHY_MAX];
};

/*
 * struct loops - move messages @first to @first + @count - 1; loops.h makes
 * them, so that no indirect call is paid per message
 * @produce: fill and send all
 * @consume: receive and verify all
 * @ping: send one on @out, receive one on @in, and so on
 * @pong: receive one on @in, send one on @out, and so on
 *
 * Return 0 or a negative errno; -EILSEQ is a message that is not what was sent.
 */
struct loops {
	int (*produce)(struct channel *ch, uint64_t first, uint64_t count);
	int (*consume)(struct channel *ch, uint64_t first, uint64_t count);
	int (*ping)(struct channel *out, struct channel *in, uint64_t first,
		    uint64_t count);
	int (*pong)(struct channel *out, struct channel *in, uint64_t first,
		    uint64_t count);
};

/*
 * struct transport - the operations of a mechanism
 * @name: as the user types it
 * @group: those that are alike, as the user types it
 * @what: one line for `list`
 * @broken: NULL, or why a result of it must never be shown: the verifier finds
 *	it wrong sooner or later, but a single run may go well by luck
 * @loops: how it is used when speed counts
 * @asleep: how it is used when both sides sleep between messages; NULL for a
 *	mechanism that has no way to sleep
 * @probe: NULL, or whether this host has the mechanism; @why gets the reason
 *	why not and what would change it
 * @batches: several messages can be published as one; else a batch is as many
 *	publishes as messages
 * @many: several processes may be producers of one channel; whether that is
 *	so for @ch->size, its fits says, which finds @ch->producers > 1 then
 * @fits: NULL, or whether it can carry @ch->size and hold @ch->capacity
 * @open: in the parent, before the processes start. 0 or a negative errno
 * @join: NULL, or in each process: take this end, one of @ch->producers
 * @close: in the parent, when the processes are gone; leaves nothing behind,
 *	also after an open that failed half-way
 */
struct transport {
	const char *name;
	const char *group;
	const char *what;
	const char *broken;
	const struct loops *loops;
	const struct loops *asleep;
	bool batches;
	bool many;
	bool (*probe)(char why[WHY_MAX]);
	bool (*fits)(const struct channel *ch, char why[WHY_MAX]);
	int (*open)(struct channel *ch);
	int (*join)(struct channel *ch, enum side side);
	void (*close)(struct channel *ch);
};

/* All of them, in the order in which tables show them; NULL at the end. */
extern const struct transport *const transports[];

/* Is it called so, or its group? */
bool transport_is(const struct transport *t, const char *name, size_t len);

/* "dev, memfd, ..., rings, pipes, ...", for messages. */
const char *transport_names(void);

bool transport_available(const struct transport *t, char why[WHY_MAX]);
bool transport_fits(const struct transport *t, const struct channel *ch,
		    char why[WHY_MAX]);

#endif /* BENCH_TRANSPORT_H */
