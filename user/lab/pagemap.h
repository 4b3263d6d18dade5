/* SPDX-License-Identifier: MIT */
/* Page by page, what lies behind an address: /proc/PID/pagemap. */
#ifndef LAB_PAGEMAP_H
#define LAB_PAGEMAP_H

#include "lab.h"

/* Does the kernel show frame numbers? @why it does not, otherwise. */
bool pagemap_shows_frames(const char **why);

/* Can it be read at all? Then it shows which pages are there. */
bool pagemap_readable(const char **why);

/* Pages from @at that are there; if @there is not NULL, which (0 or 1 each). */
size_t pagemap_present(struct lab *lab, pid_t pid, const void *at, size_t pages,
		       unsigned char *there);

/* Pages from @at that are the same frames in both processes. */
size_t pagemap_same(struct lab *lab, pid_t a, pid_t b, const void *at,
		    size_t pages);

/* Does the kernel also say which memory a node has? @why not, otherwise. */
bool pagemap_tells_nodes(const char **why);

/*
 * Pages from @at whose frames are memory of @node: for mappings of a device,
 * too, at which move_pages() does not look.
 */
size_t pagemap_on_node(struct lab *lab, const void *at, size_t pages, int node);

/* The frame behind @at, or 0. */
uint64_t pagemap_frame(struct lab *lab, pid_t pid, const void *at);

#endif /* LAB_PAGEMAP_H */
