/* SPDX-License-Identifier: MIT */
/*
 * What the command knows of rings.
 *
 * Tables of fields say, for each attribute of the Netlink family (the words are
 * those of shmring.yaml), where its value is kept and how it is shown. Parsing,
 * JSON and dump all go by them.
 */
#ifndef INFO_H
#define INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <linux/shmring_netlink.h>

#include "shmring.h"

#define INFO_NAME_MAX	280	/* "shm:/" and NAME_MAX bytes */

enum side_index {
	SIDE_PRODUCER,
	SIDE_CONSUMER,
	SIDES,
};

/*
 * struct side_info - attributes of the set "endpoint"
 *
 * What is not known is 0. Where a count is known of both sides together alone, the
 * producer has it, and neither has the bit.
 */
struct side_info {
	uint32_t has;		/* a bit for each attribute that is known */
	uint32_t state;
	uint32_t pid;
	uint64_t waits;
	uint64_t wakeups;
	uint64_t kicks;
	uint64_t eventfd_signals;
	uint64_t deaths;
	uint64_t stalls;
	uint64_t messages;
};

struct numa_info {
	uint32_t node;
	uint64_t pages;
};

/* struct ring_info - attributes of the set "ring" */
struct ring_info {
	uint32_t has;		/* a bit for each attribute that is known */
	char name[INFO_NAME_MAX];
	uint64_t id;
	uint64_t size;
	uint32_t record_size;
	uint32_t flags;
	int32_t node;
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	uint64_t created;
	uint64_t head;
	uint64_t tail;
	uint64_t used;
	uint32_t high_water;
	uint32_t level;
	struct side_info side[SIDES];
	struct numa_info *numa;
	size_t nr_numa;
};

/* struct event_info - attributes of the set "event" */
struct event_info {
	uint32_t has;
	char name[SHMRING_NAME_MAX];
	uint64_t id;
	uint32_t role;
	uint32_t pid;
	bool killed;
	uint64_t size;
	uint64_t used;
	uint32_t high_water;
	uint32_t level;
};

/* struct rings - all rings, as a dump gave them */
struct rings {
	struct ring_info *ring;
	size_t nr;
	bool torn;		/* rings came or went meanwhile, each time */
};

void ring_info_free(struct ring_info *r);
void rings_free(struct rings *all);

/* Room for one more, zeroed, or NULL. */
struct ring_info *rings_add(struct rings *all);

/* Append @r, which becomes the list's; -ENOMEM frees it. */
int rings_append(struct rings *all, struct ring_info *r);

/* Mode and owner, from those of the ring's file. */
void ring_info_set_owner(struct ring_info *r, const struct stat *st);

/* By name, as people look for them. */
void rings_sort(struct rings *all);

enum field_type {
	FIELD_U32,
	FIELD_S32,
	FIELD_U64,
	FIELD_NAME,
	FIELD_FLAG,
	FIELD_SIDE,		/* a nest: struct side_info */
};

/*
 * struct field - one attribute
 * @name: in JSON and in the header of dump
 * @attr: its number
 * @offset: of the member in its struct
 * @words: of an enum, by value, or NULL
 * @nr_words: how many
 * @bits: the words are those of bits
 * @octal: as chmod(1) has it
 */
struct field {
	const char *name;
	uint16_t attr;
	enum field_type type;
	size_t offset;
	const char *const *words;
	size_t nr_words;
	bool bits;
	bool octal;
};

/* A table ends with a field without a name. */
extern const struct field ring_fields[];
extern const struct field side_fields[];
extern const struct field event_fields[];

#define HAS(attr)	(1U << (attr))

static inline const void *field_at(const struct field *f, const void *info)
{
	return (const char *)info + f->offset;
}

/* The number behind a field that is one. */
int64_t field_number(const struct field *f, const void *info);

/* The word for a value, "?" for one that this version does not know. */
const char *field_word(const struct field *f, uint32_t value);

/* "attached", for people and for scripts. */
const char *state_word(uint32_t state);
const char *level_word(uint32_t level);
const char *role_word(uint32_t role);

/* "ephemeral": that bit of a ring's flags, NULL behind the last one */
const char *flag_word(size_t bit);

/*
 * Records that the sides moved: where they are fixed the positions tell; else a
 * side may count them, and one that says 0 counts none.
 */
void ring_info_count(struct ring_info *r);

/* Per cent of the ring. */
unsigned int fill_percent(uint64_t used, uint64_t size);

#endif /* INFO_H */
