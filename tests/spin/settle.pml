/* SPDX-License-Identifier: MIT */
/*
 * Three producers, one after the other, and a consumer that stays. LIAR says
 * which of the first two moves its head as it likes before it leaves, if any.
 * When one is gone the kernel stores where it left off, puts the head right and
 * moves the generation; the next producer goes on from there. Each record of those
 * that are honest, and come after the liar, arrives once and in order.
 *
 * The consumer looks whenever it likes, also while it has records that it has not
 * read. What it gets of a liar is anything, and not looked at. A head that cannot
 * be drops all that is there. What it hands back before it follows the lane is no
 * space of the next producer's.
 *
 * Not modelled: records that are longer than a slot, and so how far one sees
 * (horizon()); ends that are not kept any more; the end of a consumer, whose
 * successor goes on with its words; sleeping, which is a wait until a word is
 * another one.
 *
 * Pieces to be removed: NO_FOLLOW and NO_LATE (G5), NO_END_FIRST and NO_HEAD_FIRST
 * (G1), NO_SETTLE, NO_OWN_END, NO_WORD, NO_TAIL_FIRST (G4)
 */
#ifndef SLOTS
#define SLOTS		2
#endif
#ifndef RECORDS
#define RECORDS		3	/* that are counted */
#endif
#ifndef LIES
#define LIES		2
#endif
#ifndef LIAR
#define LIAR		0
#endif
#define START		254	/* it wraps */
#define OTHER		8	/* marks the records that are not */

#define CPUS	2
#define HEAD	0
#define TAIL	1
#define GEN	2
#define WORD	3	/* the consumer's generation */
#define END(n)	(4 + (n))
#define DATA	END(3)
#define WORDS	(DATA + SLOTS)
#define DEPTH	3
#include "memory.pml"

#define P	0
#define C	1

#define bytes(to, from)		(((to) - (from)) & 255)
#define before(a, b)		(bytes(a, b) > 127)
#define slot(pos)		(DATA + (pos) % SLOTS)
#define honest(new)		(bytes(new, limit) <= bytes(shown + SLOTS, limit))

/* As look_at_tail() will find it. */
#define claimed		(mem[WORD] != generation && \
			 bytes(mem[END(mem[WORD] + 1)], mem[TAIL]) > SLOTS)
#define true_tail	(claimed -> mem[END(mem[WORD] + 1)] : mem[TAIL])

inline look_at_tail()
{
#ifdef NO_WORD
	n = generation;
#else
	/* @ user/lib/backend.h shmring_tail (G3): uint32_t generation = __atomic_load_n(&consumer->generation, */
	/* @ kmod/settle.c shmring_tail (G3): generation = smp_load_acquire(&cursor->generation); */
	load(P, WORD, n);
#endif
	/* @ user/lib/backend.h shmring_tail (A): uint64_t tail = __atomic_load_n(&consumer->pos, __ATOMIC_ACQUIRE); */
	/* @ kmod/settle.c shmring_tail (A): tail = smp_load_acquire(&cursor->pos); */
	load(P, TAIL, v);
	/* @ user/lib/backend.h shmring_tail: return (behind & beyond) ? end : tail; */
	/* @ kmod/settle.c shmring_tail: return generation != now && end - tail > slot->ring->bytes ? end : tail; */
	if
	:: n != generation && bytes(mem[END(n + 1)], v) > SLOTS ->
		v = mem[END(n + 1)]
	:: else
	fi;
	n = 0
}

/* One record, once there is room. */
inline publish(value)
{
	do
	:: limit != pos -> break
	:: else ->
		look_at_tail();
		v = v + SLOTS;
		/* A consumer that fell for a lie may stand anywhere. */
		if
		:: honest(v) -> limit = v
		:: else
		fi;
		v = 0;
		if
		:: limit == pos -> limit != true_tail + SLOTS && honest(true_tail + SLOTS)
		:: else
		fi
	od;
	store(P, slot(pos), value);
	pos = pos + 1;
	shown = pos;
	store_rel(P, HEAD, pos)		/* (B) */
}

inline lie()
{
	do
	:: n < LIES ->
		n++;
		if
		:: v = start - 1
		:: v = start
		:: v = start + 1
		:: v = start + 2
		:: v = start + 3
		:: v = start + 100
		fi;
		store(P, HEAD, v)
	:: break
	od;
	n = 0;
	v = 0
}

/* shmring_settle(), of a head behind which nobody stores any more */
inline settle()
{
	fence(P);
	look_at_tail();
	limit = v + SLOTS;
	v = mem[HEAD];
#ifndef NO_SETTLE
	/* @ kmod/settle.c shmring_true_head: if (shmring_is_before(head, start)) */
	/* @ user/lib/shm_settle.c true_head: if (shmring_is_before(head, start)) */
	if
	:: before(v, start) -> v = start
	/* @ kmod/settle.c shmring_true_head: if (shmring_is_before(end, head) && !shmring_is_before(end, start)) */
	/* @ user/lib/shm_settle.c true_head: if (shmring_is_before(end, head) && !shmring_is_before(end, start)) */
	:: else ->
		if
		:: before(limit, v) && !before(limit, start) -> v = limit
		:: else
		fi
	fi;
#endif
#ifdef NO_END_FIRST
	store(P, GEN, generation + 1);
#endif
	/* @ kmod/settle.c shmring_settle_producer (G1): smp_store_release(&lane->end[generation % SHMRING_LANE_ENDS], head); */
	/* @ user/lib/shm_settle.c shm_settle (G1): __atomic_store_n(&lane->end[generation % SHMRING_LANE_ENDS], head, */
	store_rel(P, END(generation + 1), v);
#ifdef NO_HEAD_FIRST
	store_rel(P, GEN, generation + 1);
#endif
	/* @ kmod/settle.c shmring_put_right: WRITE_ONCE(cursor->pos, pos); */
	/* @ user/lib/shm_settle.c shm_settle: __atomic_store_n(&r->self->pos, head, __ATOMIC_RELAXED); */
	if
	:: v != mem[HEAD] -> store(P, HEAD, v)
	:: else
	fi;
	/* @ kmod/settle.c shmring_settle_producer (G1): smp_store_release(&lane->generation, generation); */
	/* @ user/lib/shm_settle.c shm_settle (G1): __atomic_store_n(&lane->generation, generation, __ATOMIC_RELEASE); */
	store_rel(P, GEN, generation + 1);
	/* Who attaches next takes the lock of the ring. */
	fence(P);
	generation++;
	pos = v; limit = v; shown = v; start = v;
	v = 0
}

proctype producers()
{
	byte pos = START, limit = START, shown = START, start = START;
	byte v, n, generation, sent;

	do
	:: generation < 2 ->
		do
		:: pos - start < 2 && generation >= LIAR && sent < RECORDS ->
			sent++;
			publish(sent)
		:: bytes(pos, start) < 1 && generation < LIAR ->
			publish(OTHER)
		:: break
		od;
		if
		:: generation + 1 == LIAR -> lie()
		:: else
		fi;
		settle()
	:: generation == 2 && sent < RECORDS ->
		sent++;
		publish(sent)
	:: generation == 2 && sent == RECORDS -> break
	od
}

inline hand_back()
{
	shown = pos;
	store_rel(C, TAIL, pos)		/* (D) */
}

/* follow(); g is another generation */
inline follow()
{
	/* @ user/lib/look.c follow: end = shmring_lane_end(lane, r->generation + 1, now); */
	/* @ kmod/settle.c shmring_tail: end = shmring_lane_end(lane, generation + 1, now); */
#ifdef NO_OWN_END
	load(C, END(g), v);
#else
	load(C, END(generation + 1), v);
#endif
	/* @ user/lib/look.c follow: back = end - r->pos > most - r->pos; */
	if
	:: bytes(v, pos) > bytes(shown + SLOTS, pos) -> pos = v; hand_back()
	:: else
	fi;
	/* @ user/lib/look.c follow: r->seen = end; */
	limit = v;
	generation = g;
	/* @ user/lib/look.c follow (G4): __atomic_store_n(&r->self->generation, now, __ATOMIC_RELEASE); */
	/* @ kmod/record.c shmring_follow (G4): smp_store_release(&own->generation, generation); */
#ifdef NO_TAIL_FIRST
	store(C, WORD, g)
#else
	store_rel(C, WORD, g)
#endif
}

inline look()
{
	do
	::
#ifdef NO_LATE
		load(C, GEN, g);
#endif
		/* @ user/lib/look.c read_head (C): *head = __atomic_load_n(&r->peer->pos, __ATOMIC_ACQUIRE); */
		load(C, HEAD, h);	/* (C) */
#ifdef NO_FOLLOW
		break
#else
		/* @ user/lib/look.c read_head (G5): *now = __atomic_load_n(generation, __ATOMIC_ACQUIRE); */
		/* @ kmod/record.c shmring_look (G5): } while (READ_ONCE(lane->lane->generation) != generation); */
#ifndef NO_LATE
		load(C, GEN, g);
#endif
		if
		:: g == generation -> break
		:: else -> follow()
		fi
#endif
	od;
	/* @ user/lib/look.c is_plausible: return now - seen <= r->shown + shmring_ring_bytes(r) - seen && */
	if
	:: honest(h) -> limit = h
	:: else ->
		/* @ user/lib/look.c shmring_drop: if (!shmring_is_before(shmring_aligned(r, to), r->pos)) */
		/* @ kmod/record.c shmring_look: if (shmring_is_before(head, *tail) */
#ifndef NO_FORWARD
		if
		:: before(h, pos)
		:: else ->
#endif
			pos = h; hand_back()
#ifndef NO_FORWARD
		fi;
#endif
		limit = pos
	fi;
	h = 0; g = 0; v = 0
}

proctype consumer()
{
	byte pos = START, limit = START, shown = START;
	byte generation, seen, v, g, h;

	do
	:: seen == RECORDS -> break
	:: pos != limit && seen < RECORDS ->
		/* @ user/lib/shmring.h shmring_record_at: n = __atomic_load_n(&rec->len, __ATOMIC_RELAXED); */
		load(C, slot(pos), v);
		/* What must be: each record once, and in order. */
		if
		:: generation >= LIAR && v < OTHER && !before(pos, mem[END(LIAR)]) ->
			seen++;
			assert(v == seen)
		:: else
		fi;
		v = 0;
		pos = pos + 1;
		hand_back()
	:: seen < RECORDS ->
		look();
		/* It has slept through nothing that would move it. */
		if
		:: pos == limit ->
#ifndef NO_FOLLOW
			mem[GEN] != generation ||
#endif
			(mem[HEAD] != limit && !before(mem[HEAD], limit))
		:: else
		fi
	od
}

init
{
	atomic {
		mem[HEAD] = START;
		mem[TAIL] = START;
		mem[END(0)] = START;
		run memory(P);
		run memory(C);
		run producers();
		run consumer()
	}
}
