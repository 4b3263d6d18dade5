// SPDX-License-Identifier: MIT
/* What records are where, and what is in them. */
#include <string.h>

#include "storm.h"

#define SEQ_BITS	40	/* of the first word; the generation has the rest */
#define SEQ_BYTES	(SEQ_BITS / 8)
#define LEN_MAX		700
#define LEN_LARGEST	(RING_BYTES - sizeof(struct shmring_record))

static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

uint64_t rnd(uint64_t *state)
{
	return mix(*state += 0x9e3779b97f4a7c15ULL);
}

/*
 * Mostly short, some long, and now and then one that fills the ring. Those too
 * short for the first word hold no part of the generation. None is empty, as
 * write(2) of nothing writes nothing.
 */
static uint32_t random_length(uint64_t *state)
{
	uint64_t r = rnd(state);
	uint32_t len;

	if (!(r >> 8 & 63))
		return LEN_LARGEST;
	len = 1 + (uint32_t)(r >> 32) % (r & 3 ? 40 : LEN_MAX);
	return len > SEQ_BYTES && len < 8 ? 8 : len;
}

static void lay_out(struct layout *l)
{
	const struct shmring r = { .record_size = l->record_size };
	unsigned int i;

	for (i = 0; i < LENGTHS; i++)
		l->at[i + 1] = l->at[i] + shmring_footprint(&r, l->len[i]);
}

void layout_make(struct layout *l, uint32_t record_size, uint64_t seed)
{
	unsigned int i;

	memset(l, 0, sizeof(*l));
	l->record_size = record_size;
	for (i = 0; i < LENGTHS; i++)
		l->len[i] = record_size ? record_size : random_length(&seed);
	lay_out(l);
}

/* Each record lies like the others, so that the same code deals with it. */
void layout_make_even(struct layout *l, uint32_t record_size)
{
	unsigned int i;

	memset(l, 0, sizeof(*l));
	l->record_size = record_size;
	for (i = 0; i < LENGTHS; i++)
		l->len[i] = record_size ? record_size : 52;
	lay_out(l);
}

uint64_t layout_pos(const struct layout *l, uint64_t seq)
{
	return seq / LENGTHS * l->at[LENGTHS] + l->at[seq % LENGTHS];
}

/* False: @pos is within a record. */
bool layout_seq(const struct layout *l, uint64_t pos, uint64_t *seq)
{
	uint64_t rest = pos % l->at[LENGTHS];
	unsigned int low = 0, high = LENGTHS - 1;

	while (low < high) {
		unsigned int mid = (low + high + 1) / 2;

		if (l->at[mid] <= rest)
			low = mid;
		else
			high = mid - 1;
	}
	*seq = pos / l->at[LENGTHS] * LENGTHS + low;
	return l->at[low] == rest;
}

uint32_t layout_len(const struct layout *l, uint64_t seq)
{
	return l->len[seq % LENGTHS];
}

/* Each byte of a word depends on the first. */
static uint64_t word(uint64_t first, size_t i)
{
	return i ? (first + i) * 0x9e3779b97f4a7c15ULL : first;
}

static uint64_t first_word(uint64_t seq, uint32_t generation)
{
	return (uint64_t)generation << SEQ_BITS | seq;
}

void record_fill(void *to, size_t len, uint64_t seq, uint32_t generation)
{
	uint64_t first = first_word(seq, generation), w;
	unsigned char *p = to;
	size_t i;

	for (i = 0; i < len; i += sizeof(w)) {
		w = word(first, i);
		memcpy(p + i, &w, len - i < sizeof(w) ? len - i : sizeof(w));
	}
}

bool record_matches(const void *from, size_t len, uint64_t seq,
		    uint32_t generation)
{
	uint64_t first = first_word(seq, generation), w;
	const unsigned char *p = from;
	size_t i;

	for (i = 0; i < len; i += sizeof(w)) {
		w = word(first, i);
		if (memcmp(p + i, &w,
			   len - i < sizeof(w) ? len - i : sizeof(w)))
			return false;
	}
	return true;
}

/* Who says to have put it; 0: it does not say. */
uint32_t record_generation(const void *from, size_t len, uint32_t tag)
{
	uint64_t first;

	if (len < sizeof(first))
		return tag;
	memcpy(&first, from, sizeof(first));
	return (uint32_t)(first >> SEQ_BITS);
}
