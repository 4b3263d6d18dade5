/* SPDX-License-Identifier: MIT */
/*
 * Publish and release: records of one or two slots through a ring of SLOTS, by
 * the inline calls of user/lib/shmring.h. A slot is a word of memory that holds
 * the record's number, and in its first slot the length: so whatever is torn,
 * lost, made up, repeated or out of order is seen by the next assert. Positions
 * wrap at 256 (in the code at 2^64), which they do in each run.
 *
 * Modelled: private copies of the other side's position, several records
 * staged and published together, space handed back a part of the ring at a
 * time, the check of the peer's position (EBADMSG), and a third party that
 * reads both positions (shmring_ready() for a poll by another thread).
 * Not modelled: sleeping (device.pml, futex.pml), which is here a wait until
 * the peer's position is another one, so that a wait for what never comes is
 * an invalid end state; the record's bytes within a slot.
 *
 * Lines that begin with "@" name the code that stands for what follows;
 * tests/spin/quotes looks whether the code still has it.
 *
 * Pieces to be removed: NO_A, NO_B, NO_C, NO_D, NO_FLUSH, NO_ORDER
 */
#ifndef SLOTS
#define SLOTS		2
#endif
#ifndef HANDBACK
#define HANDBACK	2
#endif
#ifndef RECORDS
#define RECORDS		4
#endif
#define START		254

#define CPUS	2
#define HEAD	0
#define TAIL	1
#define DATA	2
#define WORDS	(DATA + SLOTS)
#include "memory.pml"

#define P	0
#define C	1

#define bytes(to, from)		(((to) - (from)) & 255)
#define slot(pos)		(DATA + (pos) % SLOTS)
#define first_of(seq, size)	((seq) * 4 + (size))
#define second_of(seq)		((seq) * 4)

/* @ user/lib/look.c is_plausible: return now - seen <= r->shown + shmring_ring_bytes(r) - seen && */
#define honest(new)	(bytes(new, limit) <= bytes(shown + SLOTS, limit))

inline write_record()
{
	/* @ user/lib/shmring.h shmring_stage: rec->len = (uint32_t)len; */
	store(P, slot(pos), first_of(seq, size));
	if
	:: size == 2 -> store(P, slot(pos + 1), second_of(seq))
	:: else
	fi
}

/* shmring_show(), of all that is staged */
inline publish()
{
	shown = pos;
	/* @ user/lib/shmring.h shmring_show_quiet: __atomic_store_n(&r->self->pos, r->pos, __ATOMIC_RELEASE); */
#ifdef NO_B
	store(P, HEAD, pos)
#else
	store_rel(P, HEAD, pos)
#endif
}

/*
 * shmring_reserve() until there is room for size slots.
 *
 * Without (A) the record may be written before tail was read. That takes a
 * guess that tail will say yes, so it is done in such runs alone where it does;
 * C11 allows them, a CPU that keeps control dependencies does not.
 */
inline reserve()
{
	written = false;
	do
	:: bytes(limit, pos) >= size -> break
	:: else ->
#ifdef NO_A
		if
		:: !written -> write_record(); written = true
		:: skip
		fi;
#endif
		/* @ user/lib/backend.h shmring_tail (A): uint64_t tail = __atomic_load_n(&consumer->pos, __ATOMIC_ACQUIRE); */
		load(P, TAIL, v);	/* (A) */
		assert(honest(v + SLOTS));
		limit = v + SLOTS;
		if
		:: bytes(limit, pos) >= size -> break
		:: else ->
			/* shmring_wait() */
			if
			:: pos != shown -> publish()
			:: else
			fi;
			mem[TAIL] != v
		fi
	od
}

proctype producer()
{
	byte pos = START, limit = START, shown = START;
	byte seq = 1, size, v;
	bit written;

	do
	:: seq <= RECORDS ->
		if
		:: size = 1
		:: size = 2
		fi;
		reserve();
		if
		:: !written -> write_record()
		:: else
		fi;
		pos = pos + size;
		seq++;
		if
		:: publish()
		:: seq <= RECORDS	/* staged: publish it with the next */
		fi
	:: else -> break
	od
}

/* shmring_show(), of the consumer */
inline hand_back()
{
	shown = pos;
	store_rel(C, TAIL, pos)	/* (D) */
}

/* Without (C), the data may be read before head was. */
inline read_slot(at)
{
#ifdef NO_C
	if
	:: v = early[(at) % SLOTS]
	:: load(C, slot(at), v)
	fi
#else
	load(C, slot(at), v)
#endif
}

inline check_second()
{
	if
	:: size == 2 -> read_slot(pos + 1); assert(v == second_of(seq))
	:: else
	fi
}

/* shmring_peek() until there is a record */
inline peek_record()
{
	do
	:: limit != pos -> break
	:: else ->
#ifdef NO_C
		d_step {
			early[0] = mem[DATA];
			early[1] = mem[DATA + 1];
#if SLOTS > 2
			early[2] = mem[DATA + 2];
			early[3] = mem[DATA + 3];
#endif
		};
#endif
		/* @ user/lib/look.c read_head (C): *head = __atomic_load_n(&r->peer->pos, __ATOMIC_ACQUIRE); */
		load(C, HEAD, v);	/* (C) */
		assert(honest(v));
		limit = v;
		if
		:: limit != pos -> break
		:: else ->
#ifndef NO_FLUSH
			/* shmring_refill(): */
			/* @ user/lib/ring.c shmring_refill: if (r->role == SHMRING_ROLE_CONSUMER) */
			if
			:: pos != shown -> hand_back()
			:: else
			fi;
#endif
			mem[HEAD] != v
		fi
	od
}

proctype consumer()
{
	byte pos = START, limit = START, shown = START;
	byte seq = 1, size, v, old;
#ifdef NO_C
	byte early[SLOTS];
#endif

	do
	:: seq <= RECORDS ->
		peek_record();
		read_slot(pos);
		size = v & 3;
		assert(v == first_of(seq, size) && size > 0);
		/* @ user/lib/shmring.h shmring_record_at: return avail < shmring_footprint(r, n) || n > SHMRING_RECORD_MAX ? */
		assert(bytes(limit, pos) >= size);
#ifdef NO_D
		/* The rest may be read after its space was handed back. */
		old = pos;
		pos = pos + size;
		if
		:: bytes(pos, shown) >= HANDBACK && size == 2 ->
			hand_back();
			pos = old;
			check_second();
			pos = pos + size
		:: pos = old;
			check_second();
			pos = pos + size
		fi;
#else
		check_second();
		pos = pos + size;
#endif
		seq++;
		/* @ user/lib/shmring.h shmring_release: if (shmring_unlikely(r->pos - r->shown >= r->handback)) */
		if
		:: bytes(pos, shown) >= HANDBACK -> hand_back()
		:: else
		fi
	:: else -> break
	od
}

/*
 * shmring_ready() of kmod/notify.c, by a thread that is neither: it never says
 * that the positions of honest sides contradict each other.
 */
proctype onlooker()
{
	byte head, tail;

#ifdef NO_ORDER
	head = mem[HEAD];
	tail = mem[TAIL];
#else
	/* @ kmod/notify.c shmring_lane_used: tail = shmring_tail(lane); */
	tail = mem[TAIL];
	/* @ kmod/notify.c shmring_lane_used: head = smp_load_acquire(&lane->head->pos); */
	head = mem[HEAD];
#endif
	/* @ kmod/notify.c shmring_lane_used: if (shmring_is_plausible(lane->ring, head, tail)) */
	if
	:: bytes(head, tail) > SLOTS ->
		/* @ kmod/notify.c shmring_lane_used: if (shmring_tail(lane) == tail) */
		assert(mem[TAIL] != tail)
	:: else
	fi
}

init
{
	atomic {
		mem[HEAD] = START;
		mem[TAIL] = START;
		run memory(P);
		run memory(C);
		run producer();
		run consumer();
		run onlooker()
	}
}
