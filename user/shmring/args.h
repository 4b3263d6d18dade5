/* SPDX-License-Identifier: MIT */
/* Command lines, and what is said when something is wrong. */
#ifndef ARGS_H
#define ARGS_H

#include <popt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/cli.h"
#include "info.h"

#define ARGS_MAX	3
#define ADDRESS_MAX	INFO_NAME_MAX

#define ARGS_JSON(var) \
	{ "json", 'j', POPT_ARG_NONE, var, 0, "JSON instead of text", NULL }

#define ARGS_MAX_USED(var) \
	{ "max-used", 'u', POPT_ARG_STRING, var, 0, \
	  "How full a ring may be; more is reported", "PERCENT" }

/*
 * Parse the options of @table (which says where values go) and from @min to
 * @max other arguments into @args. @usage names these. Help and mistakes end
 * the program.
 */
size_t args_parse(int argc, char **argv, const struct poptOption *table,
		  const char *usage, size_t min, size_t max,
		  const char *args[ARGS_MAX]);

/* The same where any number of arguments may stand: a list that ends with NULL. */
const char **args_list(int argc, char **argv, const struct poptOption *table,
		       const char *usage);

/* The value of an option, or the end of the program. */
uint64_t args_size(const char *option, const char *text, uint64_t from,
		   uint64_t to);
int64_t args_ns(const char *option, const char *text);

/* 0 where it is not given */
uint32_t args_percent(const char *option, const char *text);

/*
 * "NAME" and "/dev/shmring/NAME" are "dev:NAME"; other addresses stay. Ends the
 * program when there can be no such ring.
 */
void args_address(const char *arg, char address[ADDRESS_MAX]);

/*
 * What the kernel calls the ring: the name behind "dev:", or all of "anon:ID".
 * NULL: it knows nothing of the ring.
 */
const char *args_dev_name(const char *address);

/* "anon:ID", a ring without a name, or "id:ID", any of the module's. */
bool args_ring_id(const char *address, uint64_t *id);

/* One line to standard error; returns the exit status. */
__attribute__((format(printf, 1, 2)))
int fail(const char *fmt, ...);

/* The same of what the library says, which failed with errno @err. */
int fail_library(int err);

#endif /* ARGS_H */
