/* SPDX-License-Identifier: MIT */
/* The two sides of a ring, for a process that has me: which of them it is. */
#define P	0
#define C	1

#ifndef RECORDS
#define RECORDS	2
#endif
#ifndef SLOTS
#define SLOTS	1
#endif
#ifndef HANDBACK
#define HANDBACK 1
#endif

#define you	(1 - me)
/* How far pos may go: limit of struct shmring. */
#define limit_by(v)	((v + ((me == P) -> room : 0)) & 255)
#ifdef CALL
#define room	0
#else
#define room	SLOTS
#endif
