// SPDX-License-Identifier: MIT
/* shmring recv: a ring to standard output. */
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
static void write_json(const void *data, size_t len, uint32_t tag)
{
	bool hex;
	json_t *text = json_data(data, len, &hex);
	json_t *o = json_pack("{s:I, s:I, s:o}", "length", (json_int_t)len,
			      "tag", (json_int_t)tag,
			      hex ? "hex" : "text", text);

	if (!o || json_dumpf(o, stdout, JSON_COMPACT))
		errno = errno ? errno : ENOMEM;
	json_decref(o);
	putchar('\n');
}

static void write_record(const struct stream *s, const void *data, size_t len)
{
	uint32_t prefix = htole32((uint32_t)len);

	if (s->framing == FRAMING_RAW)
		fwrite(&prefix, sizeof(prefix), 1, stdout);
	fwrite(data, 1, len, stdout);
	if (s->framing == FRAMING_LINES)
		putchar('\n');
}

/* Nobody reads any more: no reason to complain, but to end. */
static int write_failed(void)
{
	if (errno != EPIPE)
		fail("cannot write to standard output: %s", strerror(errno));
	return -ECANCELED;
}

/* Until there is a record: what was written so far is to be seen. */
static int wait_for_record(struct stream *s)
{
	if (fflush(stdout))
		return write_failed();
	/* Whose records came is known, though it may have left before. */
	s->met |= s->done > 0;
	return stream_wait(s, 0);
}

static int recv_all(struct stream *s, bool json)
{
	const void *data;
	uint32_t tag;
	size_t len;
	int err;

	while (s->done < s->count && !interrupted()) {
		data = shmring_peek(s->r, &len, &tag);
		if (data) {
			if (json)
				write_json(data, len, tag);
			else
				write_record(s, data, len);
			if (ferror(stdout))
				return write_failed();
			shmring_release(s->r, len);
			s->done++;
			continue;
		}
		err = errno == EAGAIN ? wait_for_record(s) : -errno;
		if (err)
			return err == -EPIPE ? 0 : err;
	}
	return fflush(stdout) ? write_failed() : 0;
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
