// SPDX-License-Identifier: MIT
/* shmring send: standard input into a ring. */
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "interrupt.h"
#include "stream.h"

/* Room for @len bytes, waiting for it; NULL and *@err. */
static void *room(struct stream *s, size_t len, int *err)
{
	void *to;

	while (!(to = shmring_reserve(s->r, len))) {
		*err = -errno;
		if (*err == -EAGAIN)
			*err = stream_wait(s, len);
		if (*err)
			return NULL;
	}
	return to;
}

static int explain(const struct stream *s, size_t len, int err)
{
	if (err == -EMSGSIZE && s->r->record_size)
		fail("record %llu has %zu bytes, and those of %s have %u",
		     (unsigned long long)s->done + 1, len, s->address,
		     s->r->record_size);
	else if (err == -EMSGSIZE)
		fail("record %llu of %zu bytes is more than %s holds: make it with a larger --size",
		     (unsigned long long)s->done + 1, len, s->address);
	else if (err == -EPIPE)
		fail("%s is full and its consumer is gone, after %llu records: --follow waits for another",
		     s->address, (unsigned long long)s->done);
	else
		return err;
	return -ECANCELED;
}

static void commit(struct stream *s, size_t len)
{
	shmring_commit(s->r, len, 0);
	s->done++;
}

static int read_failed(const char *what)
{
	if (interrupted())
		return -EINTR;
	if (ferror(stdin))
		fail("cannot read standard input: %s", strerror(errno));
	else
		fail("standard input ends within %s", what);
	return -ECANCELED;
}

/* From standard input right into the ring. 1: a record, 0: there is none. */
static int send_record(struct stream *s, size_t len)
{
	int err = 0;
	void *to = room(s, len, &err);
	size_t got;

	if (!to)
		return explain(s, len, err);
	got = fread(to, 1, len, stdin);
	if (!got && len && feof(stdin) && s->framing == FRAMING_RECORDS)
		return 0;
	if (got < len)
		return read_failed("a record");
	commit(s, len);
	return 1;
}

static int send_raw(struct stream *s)
{
	uint32_t len;
	size_t got = fread(&len, 1, sizeof(len), stdin);

	if (!got && feof(stdin))
		return 0;
	if (got < sizeof(len))
		return read_failed("a length");
	return send_record(s, le32toh(len));
}

static int too_long(const struct stream *s)
{
	fail("record %llu has more than the %zu bytes that a record of %s can have%s",
	     (unsigned long long)s->done + 1, stream_record_max(s), s->address,
	     s->r->record_size ? "" : ": make the ring with a larger --size");
	return -ECANCELED;
}

/* struct line - of standard input, without its newline */
struct line {
	char *text;
	size_t len;
	size_t room;
};

static bool append(struct line *l, char c)
{
	char *more;

	if (l->len == l->room) {
		l->room = l->room ? 2 * l->room : BUFSIZ;
		more = realloc(l->text, l->room);
		if (!more)
			return false;
		l->text = more;
	}
	l->text[l->len++] = c;
	return true;
}

/* 1: a line, 0: there is none. No more of it is read than a record can have. */
static int read_line(struct stream *s, struct line *l)
{
	size_t max = stream_record_max(s);
	int c;

	for (l->len = 0; (c = getc_unlocked(stdin)) != EOF && c != '\n';) {
		if (l->len == max)
			return too_long(s);
		if (!append(l, (char)c))
			return -ENOMEM;
	}
	if (ferror(stdin))
		return read_failed("a line");
	return c == '\n' || l->len;
}

static int send_line(struct stream *s, struct line *l)
{
	int err = read_line(s, l);
	void *to;

	if (err <= 0)
		return err;
	to = room(s, l->len, &err);
	if (!to)
		return explain(s, l->len, err);
	if (l->len)
		memcpy(to, l->text, l->len);
	commit(s, l->len);
	return 1;
}

static int send_all(struct stream *s)
{
	struct line line = { 0 };
	int more = 1;

	while (more > 0 && s->done < s->count && !interrupted())
		switch (s->framing) {
		case FRAMING_LINES:
			more = send_line(s, &line);
			break;
		case FRAMING_RAW:
			more = send_raw(s);
			break;
		case FRAMING_RECORDS:
			more = send_record(s, s->r->record_size);
			break;
		}
	free(line.text);
	return more < 0 ? more : 0;
}

int cmd_send(int argc, char **argv)
{
	static struct stream s;
	const struct poptOption table[] = {
		STREAM_OPTIONS(&s, "When the consumer goes, wait for another"),
		POPT_AUTOHELP
		POPT_TABLEEND
	};
	int status = stream_open(&s, argc, argv, table, SHMRING_ROLE_PRODUCER);

	return status ? status : stream_close(&s, send_all(&s));
}
