/* SPDX-License-Identifier: MIT */
/*
 * Slots with a word in front of the message, which says whose turn it is: who
 * looks for the next message gets it together with that word.
 */
#ifndef BENCH_CELLS_H
#define BENCH_CELLS_H

#include "slots.h"

struct cell_slot {
	_Alignas(8) uint32_t word;
	_Alignas(8) unsigned char data[];
};

static ALWAYS_INLINE size_t cell_bytes(size_t size)
{
	return sizeof(struct cell_slot) + (size + 7) / 8 * 8;
}

static ALWAYS_INLINE struct cell_slot *cell_at(const struct slots *s,
					       uint32_t pos, size_t size)
{
	return (struct cell_slot *)slots_at(s, pos, cell_bytes(size));
}

#endif /* BENCH_CELLS_H */
