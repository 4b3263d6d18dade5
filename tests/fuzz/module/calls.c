// SPDX-License-Identifier: MIT
/* The table of calls, put together. */
#include "calls.h"

static const struct fuzz_call *const parts[] = {
	fuzz_ring_calls,
	fuzz_file_calls,
	fuzz_map_calls,
	fuzz_netlink_calls,
	fuzz_system_calls,
	fuzz_process_calls,
};

/* The rows in a row; a number says more than a part and a row in it. */
static const struct fuzz_call *rows[128];
static size_t n_rows;

__attribute__((constructor))
static void collect(void)
{
	const struct fuzz_call *call;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		for (call = parts[i]; call->name; call++)
			rows[n_rows++] = call;
}

const struct fuzz_call *fuzz_call(uint64_t i)
{
	return rows[i];
}

size_t fuzz_calls(void)
{
	return n_rows;
}
