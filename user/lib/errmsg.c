// SPDX-License-Identifier: MIT
/* One line about this thread's last failure: what, why, what to do. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend.h"

static __thread char message[512];

int shmring_fail(int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	return -err;
}

const char *shmring_errmsg(void)
{
	return message;
}

void shmring_misused(const char *call, const char *rule)
{
	fprintf(stderr, "%s: used wrongly: it takes %s\n", call, rule);
	abort();
}
