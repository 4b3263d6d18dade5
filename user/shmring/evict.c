// SPDX-License-Identifier: MIT
/* shmring evict: end the role of whoever has it. */
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "ctl.h"
#include "info.h"

static uint32_t parse_role(const char *text)
{
	uint32_t role;

	for (role = SHMRING_ROLE_PRODUCER; role <= SHMRING_ROLE_CONSUMER; role++)
		if (!strcmp(text, role_word(role)))
			return role;
	refuse("'%s': producer or consumer", text);
}

int cmd_evict(int argc, char **argv)
{
	const struct poptOption table[] = {
		POPT_AUTOHELP
		POPT_TABLEEND
	};
	const char *args[ARGS_MAX];
	char address[ADDRESS_MAX];
	uint32_t role;
	uint64_t id;

	args_parse(argc, argv, table, "NAME producer|consumer", 2, 2, args);
	args_address(args[0], address);
	role = parse_role(args[1]);
	if (!args_ring_id(address, &id) && !args_dev_name(address))
		return fail("%s: eviction takes the module: end the process instead",
			    address);
	return ctl_evict(address, role);
}
