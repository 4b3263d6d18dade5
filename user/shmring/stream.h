/* SPDX-License-Identifier: MIT */
/* What send and recv share: how records look outside of a ring, and waiting. */
#ifndef STREAM_H
#define STREAM_H

#include <popt.h>

#include "args.h"

/*
 * enum framing - how a record's end shows in a stream
 * LINES: a newline, which is no part of the record
 * RAW: its length comes before it: 32 bits, little-endian
 * RECORDS: all have record_size bytes, and nothing stands between
 */
enum framing {
	FRAMING_LINES,
	FRAMING_RAW,
	FRAMING_RECORDS,
};

/* struct stream - one end of a ring and what was asked for */
struct stream {
	char address[ADDRESS_MAX];
	struct shmring *r;
	enum framing framing;
	uint64_t count;		/* records to move, UINT64_MAX for all */
	uint64_t done;
	int64_t timeout_ns;
	int follow;
	bool met;		/* the other side was there when this one came */
	uint32_t epoch;		/* when this one came */

	/* as typed */
	int lines, raw, records;
	char *count_text, *timeout_text;
};

#define STREAM_FRAMING(s)						\
	{ "lines", 'l', POPT_ARG_NONE, &(s)->lines, 0,			\
	  "A line is a record (the default, but for rings of fixed records)", NULL }, \
	{ "raw", 'w', POPT_ARG_NONE, &(s)->raw, 0,			\
	  "Before each record its length: 32 bits, little-endian", NULL }, \
	{ "records", 'r', POPT_ARG_NONE, &(s)->records, 0,		\
	  "The ring's fixed records, back to back (their default)", NULL }, \
	{ "count", 'n', POPT_ARG_STRING, &(s)->count_text, 0,		\
	  "End after so many records", "N" }

#define STREAM_OPTIONS(s, follow_help)					\
	STREAM_FRAMING(s),						\
	{ "follow", 'f', POPT_ARG_NONE, &(s)->follow, 0, follow_help, NULL }, \
	{ "timeout", 't', POPT_ARG_STRING, &(s)->timeout_text, 0,	\
	  "Give up when nothing moves for so long: exit status 124", "SECONDS" }

/* Parse, open, attach. 0, or an exit status after saying what is wrong. */
int stream_open(struct stream *s, int argc, char **argv,
		const struct poptOption *table, uint32_t role);

/*
 * Wait for @want bytes of room, or for a record. 0: look again; -EPIPE: it is
 * over, since a peer was there and left, and nobody asked to follow.
 */
int stream_wait(struct stream *s, size_t want);

/* Bytes of the longest record that the ring takes. */
size_t stream_record_max(const struct stream *s);

/* Close it, and the exit status for @err, which is said unless it is 0. */
int stream_close(struct stream *s, int err);

#endif /* STREAM_H */
