/* SPDX-License-Identifier: MIT */
/* The honest side of a ring whose other side is hostile. */
#ifndef FUZZ_VICTIM_H
#define FUZZ_VICTIM_H

#include "input.h"
#include "shmring.h"

#define PAGE		4096
#define RING		4096
#define FILE_BYTES	(3 * PAGE + RING)

/*
 * struct victim - the honest side
 * @file: all of the ring's memory, as the hostile side sees it
 * @flipped: another thread changes words, so nothing follows from what they are
 */
struct victim {
	struct shmring *any;
	struct shmring *r;
	char address[32];
	uint32_t role;
	uint32_t spin_ns;
	unsigned char *file;
	bool flipped;
};

/* victim.c: attach, with the data between two walls; and detach */
void enter(struct victim *v);
void leave(struct victim *v);

unsigned char *own_page(struct victim *v);
unsigned char *peers_page(struct victim *v);
uint64_t *own_pos(struct victim *v);
uint64_t *peers_pos(struct victim *v);

/* What is held against each call. */
bool is_honest(struct victim *v);
void check_open_error(int err);
void check_error(struct victim *v, int err);
void check_handle(struct victim *v);
void touch(struct victim *v, const unsigned char *p, uint64_t len);

/* flip.c: another thread stores two values at @word in turn, until NULL */
void set_flip(uint64_t *word, uint64_t a, uint64_t b);

/* signals.c: a handler runs each millisecond, from the first call on */
void start_signals(void);

#endif /* FUZZ_VICTIM_H */
