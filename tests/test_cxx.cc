// SPDX-License-Identifier: MIT
// The public header is C++17 too.
#include <cstdio>
#include <cstring>

#include "shmring.h"

static bool move_a_record()
{
	shmring_opts opts = SHMRING_OPTS_INIT;
	char address[32];
	uint32_t tag = 0;
	size_t len = 0;
	bool ok;

	opts.ring_bytes = 4096;
	shmring *any = shmring_open("memfd:", SHMRING_ROLE_NONE, &opts);
	if (!any)
		return false;
	std::snprintf(address, sizeof(address), "memfd:%d", shmring_fd(any));
	shmring *p = shmring_open(address, SHMRING_ROLE_PRODUCER, nullptr);
	shmring *c = shmring_open(address, SHMRING_ROLE_CONSUMER, nullptr);
	if (!p || !c)
		return false;

	std::memcpy(shmring_reserve(p, 6), "record", 6);
	shmring_commit(p, 6, 42);
	const void *from = shmring_peek(c, &len, &tag);
	ok = from && len == 6 && tag == 42 && !std::memcmp(from, "record", 6);
	shmring_release(c, len);
	shmring_close(c);
	shmring_close(p);
	shmring_close(any);
	return ok;
}

int main()
{
	bool ok = move_a_record();

	std::printf("1..1\n%sok 1 - move_a_record\n", ok ? "" : "not ");
	return !ok;
}
