// SPDX-License-Identifier: MIT
/* What a ring is made with, as people type it. */
#include "values.h"

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWNER_MAX	64
#define MODE_BITS	0777

const char *value_mode(const char *text, uint32_t *mode)
{
	char *end;
	unsigned long bits = strtoul(text, &end, 8);

	if (*text < '0' || *text > '7' || *end || bits > MODE_BITS || !bits)
		return "not permission bits, such as 0660";
	*mode = (uint32_t)bits;
	return NULL;
}

/* A number below @end, if @text is one. */
static bool parse_number(const char *text, unsigned long end,
			 unsigned long *number)
{
	char *rest;

	*number = strtoul(text, &rest, 10);
	return *text >= '0' && *text <= '9' && !*rest && *number < end;
}

const char *value_node(const char *text, int32_t *node)
{
	unsigned long number;

	if (!strcmp(text, "any"))
		*node = SHMRING_NODE_ANY;
	else if (!strcmp(text, "local"))
		*node = SHMRING_NODE_LOCAL;
	else if (parse_number(text, INT32_MAX, &number))
		*node = (int32_t)number;
	else
		return "a node's number, any or local";
	return NULL;
}

const char *value_owner(const char *text, struct shmring_opts *o)
{
	const char *colon = strchr(text, ':');
	char user[OWNER_MAX];
	unsigned long id;
	struct passwd *pw;
	struct group *gr;

	snprintf(user, sizeof(user), "%.*s",
		 (int)(colon ? colon - text : (ptrdiff_t)strlen(text)), text);
	if (!*user && !(colon && colon[1]))
		return "USER, USER:GROUP or :GROUP";
	/* The last number means "the creator's". */
	if (parse_number(user, SHMRING_ID_CREATOR, &id)) {
		o->uid = (uint32_t)id;
	} else if (*user) {
		pw = getpwnam(user);
		if (!pw)
			return "no such user";
		o->uid = pw->pw_uid;
	}
	if (!colon || !colon[1])
		return NULL;
	if (parse_number(colon + 1, SHMRING_ID_CREATOR, &id)) {
		o->gid = (uint32_t)id;
		return NULL;
	}
	gr = getgrnam(colon + 1);
	if (!gr)
		return "no such group";
	o->gid = gr->gr_gid;
	return NULL;
}
