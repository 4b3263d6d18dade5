/* SPDX-License-Identifier: MIT */
/* Over the records of a ring, which stay in it. */
#ifndef WALK_H
#define WALK_H

#include "shmring.h"

/*
 * struct walk - from the oldest record to the newest that was there at the start
 * @at: where the next one's bytes lie
 * @left: bytes of the ring, with headers, from there on
 */
struct walk {
	const struct shmring *r;
	const unsigned char *at;
	uint64_t left;
};

/* struct record - its bytes lie in the ring */
struct record {
	const void *data;
	size_t len;
	uint32_t tag;
};

/* For a consumer that has handed back all that it released. As shmring_peek(). */
int walk_begin(struct walk *w, struct shmring *r);

/* 1: a record; 0: there is none; -EBADMSG: its header makes no sense. */
int walk_next(struct walk *w, struct record *rec);

#endif /* WALK_H */
