// SPDX-License-Identifier: MIT
/* shmring destroy: take a ring's name away, or end one that has none. */
#include <stdlib.h>

#include "args.h"
#include "cmd.h"
#include "ctl.h"

int cmd_destroy(int argc, char **argv)
{
	const struct poptOption table[] = {
		POPT_AUTOHELP
		POPT_TABLEEND
	};
	const char *args[ARGS_MAX];
	char address[ADDRESS_MAX];
	uint64_t id;

	args_parse(argc, argv, table, "NAME", 1, 1, args);
	args_address(args[0], address);
	if (args_ring_id(address, &id))
		return ctl_destroy(address);
	if (shmring_unlink(address))
		return fail("%s", shmring_errmsg());
	return EXIT_SUCCESS;
}
