// SPDX-License-Identifier: MIT
/* Over the records of a ring, which stay in it. */
#include "walk.h"

#include <errno.h>

int walk_begin(struct walk *w, struct shmring *r)
{
	const void *first = shmring_peek(r, NULL, NULL);

	if (!first)
		return -errno;
	*w = (struct walk) {
		.r = r,
		.at = first,
		.left = (uint64_t)shmring_used(r),
	};
	/* With the load of head by shmring_used() this is (C), pairs with (B). */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	/* There was one: head has gone back. */
	return w->left ? 0 : -EBADMSG;
}

/* The header, which the producer can change at any time, is read once. */
static void read_header(const struct walk *w, struct record *rec)
{
	const struct shmring_record *header =
		(const struct shmring_record *)(const void *)w->at - 1;

	rec->len = __atomic_load_n(&header->len, __ATOMIC_RELAXED);
	rec->tag = __atomic_load_n(&header->tag, __ATOMIC_RELAXED);
}

int walk_next(struct walk *w, struct record *rec)
{
	uint64_t need;

	if (!w->left)
		return 0;
	*rec = (struct record) {
		.data = w->at,
		.len = shmring_record_size(w->r),
	};
	if (w->left < shmring_footprint(w->r, 0))
		return -EBADMSG;
	if (!rec->len)
		read_header(w, rec);
	need = shmring_footprint(w->r, rec->len);
	if (rec->len > SHMRING_RECORD_MAX || need > w->left)
		return -EBADMSG;
	w->at += need;
	w->left -= need;
	return 1;
}
