// SPDX-License-Identifier: MIT
/* What a finished plan says. */
#include "results.h"

#include <string.h>

#include "limit.h"

/* A cell that failed once has no number, whatever it had before. */
bool results_of(const struct cell *c, struct stats *s)
{
	if (c->state != CELL_OK || !c->nr)
		return false;
	*s = stats_of(c->samples, c->nr);
	return true;
}

const struct cell *results_peer(const struct plan *plan, const struct cell *c,
				const char *transport)
{
	const struct cell *peer;
	struct stats s;
	size_t i;

	for (i = 0; i < plan->nr; i++) {
		peer = &plan->cells[i];
		if (peer->test == c->test && peer->size == c->size &&
		    peer->batch == c->batch && peer->shown &&
		    !strcmp(peer->transport->name, transport) &&
		    results_of(peer, &s))
			return peer;
	}
	return NULL;
}

const char *results_distance(const struct plan *plan, const struct options *o)
{
	struct stats s;

	if (o->cpus[0] == o->cpus[1])
		return "same";
	if (plan->two_flag < 0 ||
	    !results_of(&plan->cells[plan->two_flag], &s))
		return "unknown";
	if (s.median > LIMIT_BUSY_NS)
		return "busy";
	if (s.min < LIMIT_NEAR_NS && s.max >= 2 * LIMIT_NEAR_NS)
		return "moved";
	return s.median < LIMIT_NEAR_NS ? "near" : "far";
}

bool results_failed(const struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->nr; i++)
		if (plan->cells[i].state == CELL_FAILED)
			return true;
	return false;
}
