/* SPDX-License-Identifier: MIT */
/* Where a file of results comes from. */
#ifndef COMMON_PROVENANCE_H
#define COMMON_PROVENANCE_H

#include <jansson.h>

/*
 * date (UTC), host, program, version, command (as it could be typed again), and
 * label, which is @label or null
 */
json_t *provenance(const char *label);

/* A text that may be in any character set, as JSON. */
json_t *provenance_text(const char *text);

/* How much there is in this host, or null. */
json_t *provenance_memory(void);

#endif /* COMMON_PROVENANCE_H */
