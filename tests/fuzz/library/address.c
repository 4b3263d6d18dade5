// SPDX-License-Identifier: MIT
/*
 * What shmring_open(), shmring_stat() and shmring_unlink() make of an address
 * and of options that somebody else typed.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "input.h"
#include "shmring.h"

#define MOST_BYTES	(1U << 20)
#define OURS		"shm:/shmring-fuzz-"

/* Those that the header lists, and those of the calls that it names. */
static bool is_known(int err)
{
	switch (err) {
	case EINVAL: case ENOENT: case ENODEV: case EEXIST: case EBUSY:
	case EPROTO: case EOPNOTSUPP: case EBADMSG:
	case ENXIO: case ENOSPC: case ENOMEM: case EFBIG: case EPERM:
	case EACCES: case ENAMETOOLONG: case EBADF: case ELOOP: case EISDIR:
	case ENOTDIR:
		return true;
	}
	return false;
}

static void check_error(const char *address, int err)
{
	PROMISE(is_known(err), "'%s' gave errno %d", address, err);
	PROMISE(*shmring_errmsg(), "'%s' gave errno %d and no message", address,
		err);
}

/* Names that others on this host may have are not ours to make or remove. */
static bool is_ours(const char *address)
{
	return !strncmp(address, OURS, strlen(OURS)) ||
	       !strncmp(address, "memfd:", strlen("memfd:"));
}

static void try_open(const char *address, struct input *in)
{
	struct shmring_opts o = SHMRING_OPTS_INIT;
	uint32_t role = (uint32_t)take(in, 1) % 4;
	struct shmring *r;

	if (take(in, 1) & 1) {
		o.flags = (uint32_t)take(in, 1);
		o.record_size = (uint32_t)take(in, 4);
		o.ring_bytes = take(in, 4);
		o.node = (int8_t)take(in, 1);
		o.uid = (int8_t)take(in, 1);
		o.high_water = (uint32_t)take(in, 1);
		o.handback_shift = (uint32_t)take(in, 1);
	}
	/* Sizes that cannot be had are tried; those in between cost too much. */
	if (o.ring_bytes > MOST_BYTES && o.ring_bytes < 1U << 31)
		o.ring_bytes = MOST_BYTES;
	if (o.ring_bytes == 1U << 31)
		o.ring_bytes = 1ULL << 62;
	if (!is_ours(address))
		o.flags &= ~(uint32_t)SHMRING_OPEN_CREATE;
	r = shmring_open(address, role, &o);
	if (!r) {
		check_error(address, errno);
		return;
	}
	PROMISE(role <= SHMRING_ROLE_CONSUMER, "role %u", role);
	shmring_close(r);
}

/* A beginning that says something, and any bytes behind it. */
static void take_address(struct input *in, char *address, size_t room)
{
	static const char *const starts[] = {
		"", "dev:", "shm:", "shm:/", OURS, OURS, "memfd:", "memfd:",
	};
	size_t n = (size_t)snprintf(address, room, "%s",
				    starts[take(in, 1) % 8]);
	size_t len = take(in, 2) % (room - n);

	if (len > in->left)
		len = in->left;
	memcpy(address + n, in->at, len);
	address[n + len] = '\0';
	in->at += len;
	in->left -= len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct shmring_stat st = SHMRING_STAT_INIT;
	char address[512];
	int err;

	take_address(&in, address, sizeof(address));

	try_open(address, &in);
	err = shmring_stat(address, &st);
	if (err)
		check_error(address, -err);
	if (!is_ours(address))
		return 0;
	err = shmring_unlink(address);
	if (err)
		check_error(address, -err);
	return 0;
}
