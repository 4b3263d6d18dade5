/* SPDX-License-Identifier: MIT */
/* The same in JSON. Keys are the names of sysfs and of the fields. */
#ifndef CMD_JSON_H
#define CMD_JSON_H

#include <jansson.h>

#include "kernel.h"

/* An object with what is known of it. */
json_t *json_ring(const struct ring_info *r);
json_t *json_rings(const struct rings *all);

/* { "event": "ring-add", "time": ..., "ring": {...} } or with the event's fields */
json_t *json_event(const struct event *e, double time);

/* Print and free it; indented for a document, else on one line. */
int json_document(json_t *j);
int json_line(json_t *j);

#endif /* CMD_JSON_H */
