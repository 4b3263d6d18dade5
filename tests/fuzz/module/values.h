/* SPDX-License-Identifier: MIT */
/* To write the table's rows. */
#ifndef FUZZ_VALUES_H
#define FUZZ_VALUES_H

#include "run.h"

#define VALUES(...)	(const uint64_t[]){ __VA_ARGS__ }
#define LIST(...)	VALUES(__VA_ARGS__), \
			sizeof(VALUES(__VA_ARGS__)) / sizeof(uint64_t)

/* The first @sane of the values are those that an honest program has. */
#define ONE_OF(what, sane, ...)	\
	{ what, KIND_ONE_OF, TYPE_NONE, sane, LIST(__VA_ARGS__) }
#define ONLY(what, ...)	{ what, KIND_ONLY, TYPE_NONE, 1, LIST(__VA_ARGS__) }
#define USE(what, type)		{ what, KIND_USE, type, 0, NULL, 0 }
#define MAKE(what, type)	{ what, KIND_MAKE, type, 0, NULL, 0 }

#define ERRNOS(...)	(const int[]){ __VA_ARGS__, 0 }

#define NAME	ONE_OF("name", 5, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)

/* What each extensible struct comes with: how long it is said to be, ... */
#define SIZE(right) \
	ONE_OF("size", 1, right, 0, 1, 4, (right) - 1, (right) - 4, \
	       (right) + 1, (right) + 8, 64, 4095, 4096, 4097, 0xffffffff)
/* ... what follows the part that is known, and where it lies. */
#define TAIL	ONE_OF("tail", 1, 0, 1)
#define AT	ONE_OF("at", 2, AT_GOOD, AT_EDGE, AT_STRADDLE, AT_READONLY, \
		       AT_NONE, AT_NULL, AT_KERNEL, AT_NONCANONICAL, AT_RING, \
		       AT_RING)
/* By the entry of 32-bit programs. */
#define COMPAT	ONE_OF("compat", 1, 0, 1)

#endif /* FUZZ_VALUES_H */
