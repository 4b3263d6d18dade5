/* SPDX-License-Identifier: MIT */
/*
 * What a message holds, and the check that it arrived.
 *
 * All messages of a run are one stream of 64-bit words: word w is (w + 1) * K,
 * and message seq of n words holds words seq * n to seq * n + n - 1. So each
 * word says which message it belongs to and where in it, messages that lie back
 * to back are one loop that compilers vectorise, and the stale word of an
 * earlier lap of a ring never passes for a new one. A size that is no multiple
 * of 8 ends in the high bytes of its last word, which differ most.
 */
#ifndef BENCH_PAYLOAD_H
#define BENCH_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ALWAYS_INLINE inline __attribute__((always_inline))

#define PAYLOAD_K	0x9e3779b97f4a7c15ULL	/* odd: all words differ */

#define PAYLOAD_K_INVERSE	0xf1de83e19937733dULL

_Static_assert(PAYLOAD_K * PAYLOAD_K_INVERSE == 1, "modulo 2^64");

/* A word at any address: messages of odd sizes lie at odd places. */
typedef uint64_t __attribute__((may_alias, aligned(1))) payload_word;

static ALWAYS_INLINE uint64_t payload_at(uint64_t w)
{
	return (w + 1) * PAYLOAD_K;
}

/* Fill @n messages of @size bytes that lie back to back, the first being @seq. */
static ALWAYS_INLINE void payload_fill(void *buf, uint64_t seq, size_t n,
				       size_t size)
{
	size_t words = size / 8, rest = size % 8;
	unsigned char *to = buf;
	payload_word *p = buf;
	uint64_t v, tail;
	size_t i, m;

	if (!rest) {
		v = payload_at(seq * words);
		for (i = 0; i < n * words; i++, v += PAYLOAD_K)
			p[i] = v;
		return;
	}
	for (m = 0; m < n; m++, to += size) {
		p = (payload_word *)to;
		v = payload_at((seq + m) * (words + 1));
		for (i = 0; i < words; i++, v += PAYLOAD_K)
			p[i] = v;
		tail = v >> (64 - 8 * rest);
		memcpy(to + 8 * words, &tail, rest);
	}
}

/* Are these the @n messages that payload_fill() made? Looks at every byte. */
static ALWAYS_INLINE bool payload_ok(const void *buf, uint64_t seq, size_t n,
				     size_t size)
{
	size_t words = size / 8, rest = size % 8;
	const unsigned char *from = buf;
	const payload_word *p = buf;
	uint64_t v, tail, bad = 0;
	size_t i, m;

	if (!rest) {
		v = payload_at(seq * words);
		for (i = 0; i < n * words; i++, v += PAYLOAD_K)
			bad |= p[i] ^ v;
		return !bad;
	}
	for (m = 0; m < n; m++, from += size) {
		p = (const payload_word *)from;
		v = payload_at((seq + m) * (words + 1));
		for (i = 0; i < words; i++, v += PAYLOAD_K)
			bad |= p[i] ^ v;
		tail = 0;
		memcpy(&tail, from + 8 * words, rest);
		bad |= tail ^ (v >> (64 - 8 * rest));
	}
	return !bad;
}

/* A message must have such a size to say by itself which one it is. */
#define PAYLOAD_SEQ_MIN	8
#define PAYLOAD_SEQ_MAX	(1u << 20)

/* Which message is this, if any? Those below 2^47 are told apart. */
static inline bool payload_seq(const void *buf, size_t size, uint64_t *seq)
{
	size_t words = (size + 7) / 8;
	uint64_t w = *(const payload_word *)buf * PAYLOAD_K_INVERSE - 1;

	*seq = w / words;
	return !(w % words) && payload_ok(buf, *seq, 1, size);
}

#endif /* BENCH_PAYLOAD_H */
