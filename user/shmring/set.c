// SPDX-License-Identifier: MIT
/* shmring set: change what can be changed of a ring. */
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "kernel.h"

int cmd_set(int argc, char **argv)
{
	const struct poptOption table[] = {
		POPT_AUTOHELP
		POPT_TABLEEND
	};
	const char *args[ARGS_MAX], *name;
	char address[ADDRESS_MAX];
	struct kernel *k;
	uint32_t percent;
	int err;

	args_parse(argc, argv, table, "NAME high-water PERCENT", 3, 3, args);
	args_address(args[0], address);
	if (strcmp(args[1], "high-water"))
		refuse("%s: only high-water can be set", args[1]);
	percent = (uint32_t)args_size("high-water", args[2], 0, 100);
	name = args_dev_name(address);
	if (!name)
		return fail("%s: a high-water mark takes the module: use dev:NAME",
			    address);
	k = kernel_open();
	if (!k)
		return fail("%s", kernel_errmsg());
	err = kernel_set_high_water(k, name, percent);
	kernel_close(k);
	return err ? fail("%s", kernel_errmsg()) : EXIT_SUCCESS;
}
