// SPDX-License-Identifier: MIT
/* Which library this is: the Makefile says it. */
#include "shmring.h"

const char *shmring_version(void)
{
	return VERSION;
}
