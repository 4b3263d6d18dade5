// SPDX-License-Identifier: MIT
/* The producer: each way in which a record gets into a ring. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "storm.h"

static uint32_t generation(const struct side *s)
{
	return s->storm->life[PRODUCER].generation;
}

static uint32_t length(const struct side *s, uint64_t seq)
{
	return layout_len(&s->storm->layout, seq);
}

/* Room for record @seq, filled, or NULL. */
static void *fill(struct side *s, uint64_t seq)
{
	uint32_t len = length(s, seq);
	void *to = shmring_reserve(s->r, len);

	if (to)
		record_fill(to, len, seq, generation(s));
	else if (errno != EAGAIN)
		side_broken(s, GOES_ON, "reserve: %s", strerror(errno));
	return to;
}

size_t put_one(struct side *s)
{
	if (!fill(s, s->seq))
		return 0;
	side_announce(s, 1);
	shmring_commit(s->r, length(s, s->seq), generation(s));
	side_settle(s, 1);
	return 1;
}

/* Staged one by one, published at once. */
size_t put_batch(struct side *s)
{
	size_t n, most = side_batch(s);

	for (n = 0; n < most && fill(s, s->seq + n); n++)
		shmring_stage(s->r, length(s, s->seq + n), generation(s));
	if (!n)
		return 0;
	side_announce(s, n);
	shmring_publish(s->r);
	side_settle(s, n);
	return n;
}

/* Of fixed records alone. */
size_t put_run(struct side *s)
{
	size_t i, n = side_batch(s);
	uint32_t len = s->r->record_size;
	unsigned char *to = shmring_reserve_n(s->r, &n);

	if (!to && errno != EAGAIN)
		side_broken(s, GOES_ON, "reserve_n: %s", strerror(errno));
	if (!to)
		return 0;
	for (i = 0; i < n; i++)
		record_fill(to + i * len, len, s->seq + i, generation(s));
	side_announce(s, n);
	shmring_commit_n(s->r, n);
	side_settle(s, n);
	return n;
}

/* Send waits by itself, or does not. */
size_t put_copy(struct side *s)
{
	uint32_t len = length(s, s->seq);
	int err;

	record_fill(s->buf, len, s->seq, generation(s));
	side_announce(s, 1);
	err = shmring_send(s->r, s->buf, len, generation(s),
			   rnd(&s->rnd) & 1 ? -1 : 0);
	side_settle(s, !err);
	if (err == -EPIPE)
		side_miss_peer(s);
	else if (err && err != -EAGAIN)
		side_broken(s, GOES_ON, "send: %s", strerror(-err));
	return !err;
}

size_t put_raw(struct side *s)
{
	uint32_t len = length(s, s->seq);
	ssize_t n;

	record_fill(s->buf, len, s->seq, generation(s));
	side_announce(s, 1);
	side_phase(s, TRANSFERRING);
	n = write(s->fd, s->buf, len);
	side_settle(s, n >= 0);
	if (n < 0 && errno != EPIPE)
		side_broken(s, GOES_ON, "write: %s", strerror(errno));
	if (n >= 0 && n != len)
		side_broken(s, WHOLE, "write took %zd bytes of %u", n, len);
	__atomic_store_n(&s->ledger->attached, 1, __ATOMIC_RELEASE);
	if (n < 0)
		side_miss_peer(s);
	return n >= 0;
}

static move_fn *choose(struct side *s)
{
	static move_fn *const any_length[] = { put_one, put_batch, put_copy };
	static move_fn *const fixed[] = { put_one, put_batch, put_copy, put_run };

	if (s->storm->path)
		return put_one;
	return s->r->record_size ? fixed[rnd(&s->rnd) % 4] :
				   any_length[rnd(&s->rnd) % 3];
}

void produce(struct side *s)
{
	side_open(s);
	while (!side_stopped(s)) {
		if (s->storm->path)
			side_gate(s);
		if (!choose(s)(s))
			side_wait(s);
	}
	side_close(s);
}

void produce_raw(struct side *s)
{
	side_open_raw(s);
	while (!side_stopped(s))
		put_raw(s);
	side_close(s);
}
