// SPDX-License-Identifier: MIT
/* shmring recv and peek: a ring to standard output, taken or looked at. */
#include <endian.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "interrupt.h"
#include "stream.h"

#define HEX_DIGITS	2	/* of a byte */
#define PARTS		8	/* of the ring: so much is written, then released */

/* struct record - its bytes lie in the ring */
struct record {
	const void *data;
	size_t len;
	uint32_t tag;
};

/* JSON has no bytes: what is no UTF-8 goes as hexadecimal digits. */
static json_t *json_data(const unsigned char *data, size_t len, bool *hex)
{
	json_t *text = json_stringn((const char *)data, len);
	char *digits;
	size_t i;

	*hex = !text;
	if (text)
		return text;
	digits = malloc(HEX_DIGITS * len + 1);
	if (!digits)
		return NULL;
	for (i = 0; i < len; i++)
		sprintf(digits + HEX_DIGITS * i, "%02x", data[i]);
	text = json_string(digits);
	free(digits);
	return text;
}

/* {"length": 5, "tag": 0, "text": "hello"} */
static bool write_json(const struct record *rec)
{
	bool hex, ok;
	json_t *text = json_data(rec->data, rec->len, &hex);
	json_t *o = json_pack("{s:I, s:I, s:o}",
			      "length", (json_int_t)rec->len,
			      "tag", (json_int_t)rec->tag,
			      hex ? "hex" : "text", text);

	errno = ENOMEM;
	ok = o && !json_dumpf(o, stdout, JSON_COMPACT);
	json_decref(o);
	return ok && putchar('\n') != EOF;
}

static bool write_record(const struct stream *s, const struct record *rec)
{
	uint32_t prefix = htole32((uint32_t)rec->len);

	if (s->framing == FRAMING_RAW)
		fwrite(&prefix, sizeof(prefix), 1, stdout);
	fwrite(rec->data, 1, rec->len, stdout);
	if (s->framing == FRAMING_LINES)
		putchar('\n');
	return !ferror(stdout);
}

/* Nobody reads any more: no reason to complain, but to end. */
static int write_failed(void)
{
	if (interrupted())
		return -EINTR;
	if (errno != EPIPE)
		fail("cannot write to standard output: %s", strerror(errno));
	return -ECANCELED;
}

/* Write the @n records that are there from @at on, up to @end bytes of the ring. */
static int write_some(struct stream *s, bool json, uint64_t *at, uint64_t end,
		      uint64_t *n)
{
	struct record rec;

	for (*n = 0; *n < s->count - s->done && *at < end; ++*n) {
		rec.data = shmring_peek_at(s->r, at, &rec.len, &rec.tag);
		if (!rec.data)
			return -errno;
		if (!(json ? write_json(&rec) : write_record(s, &rec)))
			return write_failed();
	}
	return 0;
}

/*
 * Only what was written is released, so whatever ends this process, or fails to
 * be written, the next consumer gets it.
 */
static int recv_some(struct stream *s, bool json)
{
	uint64_t at = 0, n;
	size_t len;
	int err;

	if (!shmring_peek(s->r, NULL, NULL))
		return -errno;
	err = write_some(s, json, &at, shmring_size(s->r) / PARTS, &n);
	/* What came before the end, or before a broken record, is good. */
	if (n && (err == -EAGAIN || err == -EBADMSG))
		err = 0;
	if (err == -ESTALE)
		err = -EBADMSG;
	if (!err && fflush(stdout))
		err = write_failed();
	if (err)
		return err;
	s->done += n;
	while (n--) {
		if (!shmring_peek(s->r, &len, NULL))
			return -errno;
		shmring_release(s->r, len);
	}
	shmring_flush(s->r);
	return 0;
}

static int recv_all(struct stream *s, bool json)
{
	int err = 0;

	while (!err && s->done < s->count && !interrupted()) {
		err = recv_some(s, json);
		if (err == -EAGAIN) {
			/* Whose records came is known, though it may have left. */
			s->met |= s->done > 0;
			err = stream_wait(s, 0);
			if (err == -EPIPE)
				return 0;
		}
	}
	return err;
}

int cmd_recv(int argc, char **argv)
{
	static struct stream s;
	int json = 0, status;
	const struct poptOption table[] = {
		STREAM_OPTIONS(&s, "When the producer goes, wait for another"),
		ARGS_JSON(&json),
		POPT_AUTOHELP
		POPT_TABLEEND
	};

	status = stream_open(&s, argc, argv, table, SHMRING_ROLE_CONSUMER);
	return status ? status : stream_close(&s, recv_all(&s, json));
}

/* What was there at the start; behind a broken record there may be good ones. */
static int peek(struct stream *s, bool json)
{
	uint64_t end = (uint64_t)shmring_used(s->r), at = 0, n;
	bool broken = false;
	int err;

	do {
		err = write_some(s, json, &at, end, &n);
		s->done += n;
		broken |= err == -EBADMSG || err == -ESTALE;
	} while (err == -EBADMSG);
	if (err == -EAGAIN || err == -ESTALE)
		err = 0;
	if (!err && fflush(stdout))
		err = write_failed();
	return err || !broken ? err : -EBADMSG;
}

int cmd_peek(int argc, char **argv)
{
	static struct stream s;
	int json = 0, status;
	const struct poptOption table[] = {
		STREAM_FRAMING(&s),
		ARGS_JSON(&json),
		POPT_AUTOHELP
		POPT_TABLEEND
	};

	status = stream_open(&s, argc, argv, table, SHMRING_ROLE_CONSUMER);
	return status ? status : stream_close(&s, peek(&s, json));
}
