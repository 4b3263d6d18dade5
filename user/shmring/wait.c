// SPDX-License-Identifier: MIT
/* shmring wait: until something is so. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../common/clock.h"
#include "args.h"
#include "cmd.h"
#include "interrupt.h"
#include "kernel.h"
#include "list.h"
#include "memory.h"

#define LOOK_NS		20000000	/* nobody tells of all of it */

static bool has(const struct ring_info *r, enum side_index side)
{
	return r->side[side].state == SHMRING_STATE_ATTACHED;
}

static bool exists(const struct ring_info *r)
{
	return r;
}

static bool gone(const struct ring_info *r)
{
	return !r;
}

static bool producer(const struct ring_info *r)
{
	return r && has(r, SIDE_PRODUCER);
}

static bool consumer(const struct ring_info *r)
{
	return r && has(r, SIDE_CONSUMER);
}

static bool attached(const struct ring_info *r)
{
	return producer(r) && consumer(r);
}

static bool left(const struct ring_info *r)
{
	return r && !producer(r) && !consumer(r);
}

static bool ready(const struct ring_info *r)
{
	return r && r->used;
}

static bool empty(const struct ring_info *r)
{
	return r && !r->used;
}

#define WORDS	"exists, producer, consumer, attached, left, ready, empty or gone"

static const struct condition {
	const char *word;
	bool (*holds)(const struct ring_info *r);	/* NULL: no such ring */
} conditions[] = {
	{ "exists", exists },
	{ "producer", producer },
	{ "consumer", consumer },
	{ "attached", attached },
	{ "left", left },
	{ "ready", ready },
	{ "empty", empty },
	{ "gone", gone },
};

static const struct condition *find(const char *word)
{
	const size_t nr = sizeof(conditions) / sizeof(*conditions);
	size_t i;

	for (i = 0; i < nr; i++)
		if (!strcmp(word, conditions[i].word))
			return &conditions[i];
	refuse("'%s': " WORDS, word);
}

/* 0 and the ring, -ENOENT, or another error, which is said. */
static int look(struct kernel *k, const char *address, struct ring_info *r)
{
	int err = k ? kernel_get(k, args_dev_name(address), r) :
		      memory_ring(address, r);

	if (err && err != -ENOENT)
		fail("%s", k ? kernel_errmsg() : shmring_errmsg());
	return err;
}

/* 1: it holds, 0: not yet */
static int look_for(const struct condition *c, struct kernel *k,
		    const char *address)
{
	struct ring_info r = { 0 };
	int err = look(k, address, &r), holds;

	if (err && err != -ENOENT)
		return err;
	holds = c->holds(err ? NULL : &r);
	ring_info_free(&r);
	return holds;
}

static int wait_for(const struct condition *c, struct kernel *k,
		    const char *address, int64_t timeout_ns)
{
	const struct timespec nap = { .tv_nsec = LOOK_NS };
	int64_t start = (int64_t)now_ns();
	int now;

	while (!(now = look_for(c, k, address))) {
		if (interrupted())
			return EXIT_SIGNAL + interrupted();
		if (timeout_ns >= 0 && (int64_t)now_ns() - start >= timeout_ns) {
			fail("%s: not so in %g s: %s", address,
			     (double)timeout_ns / NS_PER_S, c->word);
			return EXIT_TIMEOUT;
		}
		nanosleep(&nap, NULL);
	}
	return now < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int cmd_wait(int argc, char **argv)
{
	static char *timeout;
	const struct poptOption table[] = {
		{ "timeout", 't', POPT_ARG_STRING, &timeout, 0,
		  "Give up after so long: exit status 124", "SECONDS" },
		POPT_AUTOHELP
		POPT_TABLEEND
	};
	const struct condition *c;
	const char *args[ARGS_MAX];
	char address[ADDRESS_MAX];
	struct kernel *k = NULL;
	int64_t timeout_ns;
	int status;

	args_parse(argc, argv, table,
		   "NAME exists|producer|consumer|attached|left|ready|empty|gone",
		   2, 2, args);
	args_address(args[0], address);
	c = find(args[1]);
	timeout_ns = timeout ? args_ns("--timeout", timeout) : -1;
	interrupt_catch();
	if (args_dev_name(address)) {
		k = ask_whom();
		if (!k)
			return EXIT_FAILURE;
	}
	status = wait_for(c, k, address, timeout_ns);
	if (k)
		kernel_close(k);
	return status;
}
