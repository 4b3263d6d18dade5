/* SPDX-License-Identifier: MIT */
/*
 * Kill storms: invariant 2 (and 3) under SIGKILL.
 *
 * A parent runs the two sides of a ring as processes, kills one or both at some
 * instant, compares the ring with what the dead had noted, and puts a successor
 * in their place. What lies where in the ring is known beforehand (record.c): a
 * position alone says which record is next, and each byte can be checked.
 *
 * Memory that all share, of which a side can write its own ledger alone:
 *
 *	ledger of the producer | ledger of the consumer | orders
 */
#ifndef STORM_H
#define STORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "shmring.h"

#define RING_BYTES	4096
#define LENGTHS		1024	/* after so many records their lengths repeat */
#define GENERATIONS	(1U << 22)
#define PAGE		4096

/* The two sides; index of a role. */
enum { PRODUCER, CONSUMER, SIDES };

/* What is promised. Each is a line of TAP. */
enum invariant {
	NONE,
	NOT_LOST,
	NOT_INVENTED,
	WHOLE,
	NOT_AGAIN,
	TOLD,
	GOES_ON,
	EVERYWHERE,
	INVARIANTS
};

/* What a side is at. SHOWING: it has announced a position, not stored it. */
enum phase {
	STARTING,
	ATTACHING,
	BUSY,
	SHOWING,
	WAITING,
	POLLING,
	TRANSFERRING,
	PEERLESS,
	GATED,
	PHASES
};

/* struct kind - of records: of @record_size bytes, or 0: of any length */
struct kind {
	const char *name;
	uint32_t record_size;
};

/*
 * struct layout - which record lies where
 * @at: positions of the first LENGTHS records and of the end of these
 */
struct layout {
	uint32_t record_size;
	uint32_t len[LENGTHS];
	uint64_t at[LENGTHS + 1];
};

/*
 * struct ledger - what one side has done, noted by itself
 * @done: the ring says at least this
 * @pos: what it has moved, which a consumer does not tell the ring at once
 * @intent: what it will have moved: stored before the call that does it. The
 *	ring says one of these three, and nothing in between.
 * @seen: the consumer has checked what lies before this
 * @news: times that it was told of the other's death
 * @epoch: of the ring when it was told last
 * @attached: it has the role
 * @broken, @fault: what it found to be wrong
 */
struct ledger {
	uint64_t done;
	uint64_t pos;
	uint64_t intent;
	uint64_t seen;
	uint64_t news;
	uint32_t phase;
	uint32_t epoch;
	uint32_t attached;
	enum invariant broken;
	char fault[160];
} __attribute__((aligned(PAGE)));

/*
 * struct orders - what the parent says
 * @stop: come to an end
 * @gate: a futex, changed with @allowed
 * @allowed: a side at or beyond this position rests, though it could go on
 * @start: where each generation of producers began, or UINT64_MAX
 */
struct orders {
	uint32_t stop;
	uint32_t gate;
	uint64_t allowed[SIDES];
	uint64_t start[GENERATIONS];
};

struct shared {
	struct ledger ledger[SIDES];
	struct orders orders;
};

/*
 * struct plan - what was asked for
 * @step: a group of paths, or NULL for random kills
 * @every: step: each n-th instruction
 * @at: step: this one alone, or -1
 * @hang_s: when nothing happens for so long, it hangs
 */
struct plan {
	const char *backend;
	const struct kind *kinds[8];
	unsigned int n_kinds;
	uint64_t kills;
	uint64_t seed;
	const char *step;
	unsigned int every;
	long at;
	unsigned int hang_s;
};

/*
 * struct life - the holder of a role
 * @from: where it begins, which its predecessor left
 */
struct life {
	pid_t pid;
	uint64_t from;
	uint32_t generation;
	uint64_t seed;
};

struct path;

/*
 * struct storm - a ring, its two sides, and what the parent knows
 * @title: what the lines of TAP begin with
 * @deaths: by what the dead was at
 * @again: records that came again, since their consumer had died
 * @broken: the invariant that did not hold, which ends the storm
 * @path: what is stepped through, or NULL. On one, sides sleep at once and
 *	move one record at a time, always in the same way
 * @at: the instruction that is next
 * @news, @epoch: of the other side's ledger, when the walk began
 * @sample: it was not to be killed everywhere
 * @began, @shown: when; and when progress was shown last
 */
struct storm {
	const struct plan *plan;
	const struct kind *kind;
	char title[64];
	char address[64];
	struct shmring *ring;
	struct layout layout;
	struct shared *shared;
	struct life life[SIDES];
	uint32_t generations;
	uint64_t rnd;
	uint64_t kills;
	uint64_t deaths[PHASES];
	uint64_t again;
	enum invariant broken;
	const struct path *path;
	size_t at;
	uint64_t news;
	uint32_t epoch;
	bool sample;
	time_t began;
	time_t shown;
};

/*
 * struct side - a holder of a role, in its process
 * @r: NULL: it is by read(2) and write(2) on @fd
 * @seq: the next record
 * @ended: the producer has left for good
 */
struct side {
	struct storm *storm;
	unsigned int role;
	const struct orders *orders;
	struct ledger *ledger;
	struct shmring *r;
	int fd;
	uint64_t seq;
	uint64_t rnd;
	bool ended;
	unsigned char buf[RING_BYTES];
};

/* record.c */
void layout_make(struct layout *l, uint32_t record_size, uint64_t seed);
void layout_make_even(struct layout *l, uint32_t record_size);
uint64_t layout_pos(const struct layout *l, uint64_t seq);
bool layout_seq(const struct layout *l, uint64_t pos, uint64_t *seq);
uint32_t layout_len(const struct layout *l, uint64_t seq);
void record_fill(void *to, size_t len, uint64_t seq, uint32_t generation);
bool record_matches(const void *from, size_t len, uint64_t seq,
		    uint32_t generation);
uint32_t record_generation(const void *from, size_t len, uint32_t tag);
uint64_t rnd(uint64_t *state);

/* side.c: in a side's process */
void side_begin(struct storm *st, unsigned int role, struct side *s);
void side_open(struct side *s);
void side_open_raw(struct side *s);
void side_close(struct side *s);
void side_wait(struct side *s);
void side_wait_by(struct side *s, bool by_poll, int64_t timeout);
void side_gate(struct side *s);
void side_miss_peer(struct side *s);
bool side_stopped(const struct side *s);
void side_phase(struct side *s, enum phase phase);
size_t side_batch(struct side *s);
void side_announce(struct side *s, uint64_t n);
void side_settle(struct side *s, uint64_t n);
void side_broken(struct side *s, enum invariant inv, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), noreturn));

/* produce.c, consume.c: moves return how many records, 0 for none */
typedef size_t move_fn(struct side *s);
void produce(struct side *s);
void consume(struct side *s);
void produce_raw(struct side *s);
void consume_raw(struct side *s);
move_fn put_one, put_batch, put_run, put_copy, put_raw;
move_fn take_one, take_run, take_copy, take_raw;

/* life.c: the parent's handling of a side */
typedef void run_fn(struct side *s);
void spawn(struct storm *st, unsigned int role, run_fn *run);
bool blame(struct storm *st, unsigned int role, int status);
bool reap(struct storm *st, unsigned int role);
bool slay(struct storm *st, unsigned int role);
void slay_all(struct storm *st);
bool leave(struct storm *st, unsigned int role);
typedef bool await_fn(struct storm *st, unsigned int role, uint64_t arg);
bool await(struct storm *st, await_fn *done, unsigned int role, uint64_t arg,
	   enum invariant inv, const char *what);
await_fn was_told, went_on;
time_t now_s(void);
void nap(void);
void guard(const struct storm *st);
void open_gate(struct storm *st, unsigned int role, uint64_t to);

/* ring.c: the ring, and what there is to see of it from outside */
bool storm_begin(struct storm *st, const struct plan *plan,
		 const struct kind *kind, const char *how);
void storm_end(struct storm *st);
bool ring_look(const struct storm *st, struct shmring_stat *now);

/* check.c: what the dead noted, and what is */
bool check_dead(struct storm *st, unsigned int role);
bool check_end(struct storm *st);

/* report.c: TAP */
void tap_plan(void);
bool tap_failed(void);
void tap_skip(const char *what, const char *why);
void report_storm(const struct storm *st);
void report_progress(struct storm *st, uint64_t of);
void report_progress_end(void);
bool fail(struct storm *st, enum invariant inv, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* random.c, step.c */
void storm_random(struct storm *st, uint64_t kills);
bool step_is_known(const char *name);
void storm_step(const struct plan *plan, const struct kind *kind);

/* watch.c: without the module */
bool watch_is_known(const char *name);
void storm_watch(const struct plan *plan, const struct kind *kind);

static inline uint64_t get(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void set(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline uint32_t get_phase(const struct ledger *l)
{
	return __atomic_load_n(&l->phase, __ATOMIC_ACQUIRE);
}

#endif /* STORM_H */
