// SPDX-License-Identifier: MIT
/* The consumer: each way in which a record gets out of a ring. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "storm.h"

/* Did @generation hold the role when it came to @pos? */
static bool is_of(const struct side *s, uint32_t generation, uint64_t pos)
{
	const uint64_t *start = s->orders->start;

	return generation < GENERATIONS - 1 && get(&start[generation]) <= pos &&
	       pos < get(&start[generation + 1]);
}

/* Record @seq, which lies at @from: as it was put, by who published it? */
static void examine(struct side *s, uint64_t seq, const void *from, size_t len,
		    uint32_t tag)
{
	const struct layout *l = &s->storm->layout;
	uint64_t pos = layout_pos(l, seq);
	uint32_t generation;

	if (len != layout_len(l, seq))
		side_broken(s, WHOLE, "record %llu at %#llx: %zu bytes, and not %u",
			    (unsigned long long)seq, (unsigned long long)pos,
			    len, layout_len(l, seq));
	generation = record_generation(from, len, tag);
	if (!record_matches(from, len, seq, generation))
		side_broken(s, WHOLE, "record %llu at %#llx: its bytes are others",
			    (unsigned long long)seq, (unsigned long long)pos);
	if (tag && tag != generation)
		side_broken(s, WHOLE, "record %llu at %#llx: the tag is %u, its producer %u",
			    (unsigned long long)seq, (unsigned long long)pos,
			    tag, generation);
	if (generation && !is_of(s, generation, pos))
		side_broken(s, NOT_INVENTED, "record %llu at %#llx: of producer %u, which did not publish it",
			    (unsigned long long)seq, (unsigned long long)pos,
			    generation);
	s->ledger->seen = layout_pos(l, seq + 1);
}

/* The ring was found empty, by which all that was held is handed back. */
static size_t found_empty(struct side *s, const char *call)
{
	if (errno != EAGAIN)
		side_broken(s, WHOLE, "%s: %s", call, strerror(errno));
	side_settle(s, 0);
	return 0;
}

size_t take_one(struct side *s)
{
	const void *from;
	uint32_t tag;
	size_t len;

	from = shmring_peek(s->r, &len, &tag);
	if (!from)
		return found_empty(s, "peek");
	examine(s, s->seq, from, len, tag);
	side_announce(s, 1);
	shmring_release(s->r, len);
	side_settle(s, 1);
	return 1;
}

/* Of fixed records alone; not all that are seen are released. */
size_t take_run(struct side *s)
{
	size_t i, n = side_batch(s);
	uint32_t len = s->r->record_size;
	const unsigned char *from = shmring_peek_n(s->r, &n);

	if (!from || !n)
		return found_empty(s, "peek_n");
	for (i = 0; i < n; i++)
		examine(s, s->seq + i, from + i * len, len, 0);
	n = 1 + rnd(&s->rnd) % n;
	side_announce(s, n);
	shmring_release_n(s->r, n);
	side_settle(s, n);
	return n;
}

/* Recv waits by itself, or does not. */
size_t take_copy(struct side *s)
{
	uint32_t tag = 0;
	ssize_t len;

	side_announce(s, 1);
	len = shmring_recv(s->r, s->buf, sizeof(s->buf), &tag,
			   rnd(&s->rnd) & 1 ? -1 : 0);
	if (len >= 0)
		examine(s, s->seq, s->buf, (size_t)len, tag);
	side_settle(s, len >= 0);
	if (len == -EPIPE)
		side_miss_peer(s);
	else if (len < 0 && len != -EAGAIN)
		side_broken(s, WHOLE, "recv: %s", strerror((int)-len));
	return len >= 0;
}

size_t take_raw(struct side *s)
{
	ssize_t n;

	side_announce(s, 1);
	side_phase(s, TRANSFERRING);
	n = read(s->fd, s->buf, sizeof(s->buf));
	if (n < 0)
		side_broken(s, WHOLE, "read: %s", strerror(errno));
	if (n)
		examine(s, s->seq, s->buf, (size_t)n, 0);
	side_settle(s, n > 0);
	__atomic_store_n(&s->ledger->attached, 1, __ATOMIC_RELEASE);
	if (!n)
		side_miss_peer(s);
	return n > 0;
}

static move_fn *choose(struct side *s)
{
	static move_fn *const moves[] = { take_one, take_copy, take_run };

	if (s->storm->path)
		return take_one;
	return moves[rnd(&s->rnd) % (s->r->record_size ? 3 : 2)];
}

void consume(struct side *s)
{
	side_open(s);
	while (!s->ended) {
		if (s->storm->path)
			side_gate(s);
		if (!choose(s)(s))
			side_wait(s);
	}
	side_close(s);
}

void consume_raw(struct side *s)
{
	side_open_raw(s);
	while (!s->ended)
		take_raw(s);
	side_close(s);
}
