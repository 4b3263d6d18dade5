// SPDX-License-Identifier: MIT
/* shmring destroy: take rings' names away, or end those that have none. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "args.h"
#include "cmd.h"
#include "ctl.h"
#include "list.h"

static int destroy(const char *arg)
{
	char address[ADDRESS_MAX];
	uint64_t id;
	int err;

	args_address(arg, address);
	if (args_ring_id(address, &id))
		return ctl_destroy(address);
	err = shmring_unlink(address);
	return err ? fail_library(-err) : EXIT_SUCCESS;
}

/* Those of the module, by their ids: another ring may have the name by now. */
static int destroy_all(void)
{
	char address[ADDRESS_MAX];
	struct rings all;
	size_t i;
	int status = all_rings(&all);

	if (status)
		return status;
	for (i = 0; i < all.nr; i++) {
		snprintf(address, sizeof(address), "id:%" PRIu64,
			 all.ring[i].id);
		if (ctl_destroy(address))
			status = EXIT_FAILURE;
	}
	rings_free(&all);
	return status;
}

int cmd_destroy(int argc, char **argv)
{
	int all = 0, status = EXIT_SUCCESS, one;
	const struct poptOption table[] = {
		{ "all", 'a', POPT_ARG_NONE, &all, 0,
		  "Every ring of the module", NULL },
		POPT_AUTOHELP
		POPT_TABLEEND
	};
	const char **args = args_list(argc, argv, table, "NAME...");
	char address[ADDRESS_MAX];
	size_t i;

	if (all && *args)
		refuse("--all takes no names: %s", *args);
	if (!all && !*args)
		refuse("an argument is missing: %s NAME...", argv[0]);
	/* A name that cannot be ends it before anything is gone. */
	for (i = 0; args[i]; i++)
		args_address(args[i], address);
	if (all)
		return destroy_all();
	for (i = 0; args[i]; i++) {
		one = destroy(args[i]);
		if (one > status)
			status = one;
	}
	return status;
}
