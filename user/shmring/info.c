// SPDX-License-Identifier: MIT
/* What the command knows of rings. */
#include "info.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_words[] = { "never", "attached", "gone" };
static const char *const level_words[] = { "below", "above" };
static const char *const role_words[] = { "none", "producer", "consumer" };
static const char *const flag_words[] = {
	"ephemeral", "strict", "anonymous"
};

#define NR(words)	(sizeof(words) / sizeof(*(words)))

#define FIELD(set, SET, id, member, kind)				\
	{ .name = #member, .attr = SHMRING_A_##SET##_##id,		\
	  .type = FIELD_##kind, .offset = offsetof(struct set, member) }
#define WORDS(set, SET, id, member, w, are_bits)			\
	{ .name = #member, .attr = SHMRING_A_##SET##_##id,		\
	  .type = FIELD_U32, .offset = offsetof(struct set, member),	\
	  .words = w, .nr_words = NR(w), .bits = are_bits }
#define SIDE(id, word, index)						\
	{ .name = word, .attr = SHMRING_A_RING_##id,			\
	  .type = FIELD_SIDE, .offset = offsetof(struct ring_info, side[index]) }

const struct field ring_fields[] = {
	FIELD(ring_info, RING, NAME, name, NAME),
	FIELD(ring_info, RING, ID, id, U64),
	FIELD(ring_info, RING, SIZE, size, U64),
	FIELD(ring_info, RING, RECORD_SIZE, record_size, U32),
	WORDS(ring_info, RING, FLAGS, flags, flag_words, true),
	FIELD(ring_info, RING, NODE, node, S32),
	{ .name = "mode", .attr = SHMRING_A_RING_MODE, .type = FIELD_U32,
	  .offset = offsetof(struct ring_info, mode), .octal = true },
	FIELD(ring_info, RING, UID, uid, U32),
	FIELD(ring_info, RING, GID, gid, U32),
	FIELD(ring_info, RING, CREATED, created, U64),
	FIELD(ring_info, RING, HEAD, head, U64),
	FIELD(ring_info, RING, TAIL, tail, U64),
	FIELD(ring_info, RING, USED, used, U64),
	FIELD(ring_info, RING, HIGH_WATER, high_water, U32),
	WORDS(ring_info, RING, LEVEL, level, level_words, false),
	SIDE(PRODUCER, "producer", SIDE_PRODUCER),
	SIDE(CONSUMER, "consumer", SIDE_CONSUMER),
	{ 0 }
};

const struct field side_fields[] = {
	WORDS(side_info, ENDPOINT, STATE, state, state_words, false),
	FIELD(side_info, ENDPOINT, PID, pid, U32),
	FIELD(side_info, ENDPOINT, WAITS, waits, U64),
	FIELD(side_info, ENDPOINT, WAKEUPS, wakeups, U64),
	FIELD(side_info, ENDPOINT, KICKS, kicks, U64),
	FIELD(side_info, ENDPOINT, EVENTFD_SIGNALS, eventfd_signals, U64),
	FIELD(side_info, ENDPOINT, DEATHS, deaths, U64),
	FIELD(side_info, ENDPOINT, STALLS, stalls, U64),
	FIELD(side_info, ENDPOINT, MESSAGES, messages, U64),
	{ 0 }
};

const struct field event_fields[] = {
	FIELD(event_info, EVENT, NAME, name, NAME),
	FIELD(event_info, EVENT, ID, id, U64),
	WORDS(event_info, EVENT, ROLE, role, role_words, false),
	FIELD(event_info, EVENT, PID, pid, U32),
	FIELD(event_info, EVENT, KILLED, killed, FLAG),
	FIELD(event_info, EVENT, SIZE, size, U64),
	FIELD(event_info, EVENT, USED, used, U64),
	FIELD(event_info, EVENT, HIGH_WATER, high_water, U32),
	WORDS(event_info, EVENT, LEVEL, level, level_words, false),
	{ 0 }
};

void ring_info_free(struct ring_info *r)
{
	free(r->numa);
	r->numa = NULL;
	r->nr_numa = 0;
}

void rings_free(struct rings *all)
{
	size_t i;

	for (i = 0; i < all->nr; i++)
		ring_info_free(&all->ring[i]);
	free(all->ring);
	*all = (struct rings) { 0 };
}

/* Grows by doubling: full when the number is a power of two. */
struct ring_info *rings_add(struct rings *all)
{
	size_t nr = all->nr;
	struct ring_info *more;

	if (!(nr & (nr - 1))) {
		more = reallocarray(all->ring, nr ? 2 * nr : 1, sizeof(*more));
		if (!more)
			return NULL;
		all->ring = more;
	}
	all->nr++;
	return memset(&all->ring[nr], 0, sizeof(*all->ring));
}

int rings_append(struct rings *all, struct ring_info *r)
{
	struct ring_info *to = rings_add(all);

	if (!to) {
		ring_info_free(r);
		return -ENOMEM;
	}
	*to = *r;
	return 0;
}

void ring_info_set_owner(struct ring_info *r, const struct stat *st)
{
	r->mode = st->st_mode & 0777;
	r->uid = st->st_uid;
	r->gid = st->st_gid;
	r->has |= HAS(SHMRING_A_RING_MODE) | HAS(SHMRING_A_RING_UID) |
		  HAS(SHMRING_A_RING_GID);
}

static int by_name(const void *a, const void *b)
{
	const struct ring_info *x = a, *y = b;

	return strcmp(x->name, y->name);
}

void rings_sort(struct rings *all)
{
	if (all->nr)
		qsort(all->ring, all->nr, sizeof(*all->ring), by_name);
}

int64_t field_number(const struct field *f, const void *info)
{
	const void *at = field_at(f, info);

	switch (f->type) {
	case FIELD_U32:
		return *(const uint32_t *)at;
	case FIELD_S32:
		return *(const int32_t *)at;
	case FIELD_U64:
		return (int64_t)*(const uint64_t *)at;
	case FIELD_FLAG:
		return *(const bool *)at;
	default:
		return 0;
	}
}

static const char *word(const char *const *words, size_t nr, uint32_t value)
{
	return value < nr ? words[value] : "?";
}

const char *field_word(const struct field *f, uint32_t value)
{
	return word(f->words, f->nr_words, value);
}

const char *state_word(uint32_t state)
{
	return word(state_words, NR(state_words), state);
}

const char *level_word(uint32_t level)
{
	return word(level_words, NR(level_words), level);
}

const char *role_word(uint32_t role)
{
	return word(role_words, NR(role_words), role);
}

const char *flag_word(size_t bit)
{
	return bit < NR(flag_words) ? flag_words[bit] : NULL;
}

void ring_info_count(struct ring_info *r)
{
	const uint64_t pos[SIDES] = { r->head, r->tail };
	int i;

	for (i = 0; i < SIDES; i++) {
		if (r->record_size)
			r->side[i].messages = pos[i] / r->record_size;
		if (r->record_size || r->side[i].messages)
			r->side[i].has |= HAS(SHMRING_A_ENDPOINT_MESSAGES);
		else
			r->side[i].has &= ~HAS(SHMRING_A_ENDPOINT_MESSAGES);
	}
}

unsigned int fill_percent(uint64_t used, uint64_t size)
{
	return size ? (unsigned int)((double)used / (double)size * 100) : 0;
}
