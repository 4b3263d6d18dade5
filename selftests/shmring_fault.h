/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A call that is made again and again, each time with the next of its faults.
 *
 * The kernel counts by itself (Documentation/fault-injection: fail-nth): a
 * number written to that file is the fault to inject into this task, and 0 read
 * from it says that it was. get_user() and put_user() are not counted; abi.c
 * has bad addresses for them.
 */
#ifndef SHMRING_FAULT_H
#define SHMRING_FAULT_H

#include "shmring_nl.h"
#include "shmring_test.h"

#define DEBUGFS		"/sys/kernel/debug/"

/*
 * struct world - what the calls work on
 * @path: the ring's node, or another file
 * @fd: an endpoint, or whatever the call made
 * @peer: the ring's other endpoint
 * @ctl: /dev/shmring/ctl
 * @other: an epoll, an eventfd, a socket
 * @prot, @flags, @offset, @addr: of mmap()
 * @create: of CREATE
 * @listener: is told of events
 * @request: a Netlink message
 */
struct world {
	char name[SHMRING_NAME_MAX];
	char path[512];
	int fd;
	int peer;
	int ctl;
	int other;
	int prot;
	int flags;
	__u64 offset;
	unsigned char *addr;
	struct shmring_create create;
	struct nl_client listener;
	struct nl_msg *request;
};

/*
 * struct call - one that is made with each of its faults in turn
 * @prepare: before each, without faults
 * @run: the call; nothing else in it may allocate or copy
 * @check: whether one that worked did all that it should
 * @undo: after one that worked
 * @works: what @run gives when it works
 * @errors: what it may give when a fault was injected
 * @least: faults that it must have, or the test tests nothing
 * @news: the event that a listener gets, or is told to have missed
 */
struct call {
	void (*prepare)(struct world *w);
	int (*run)(struct world *w);
	bool (*check)(struct world *w);
	void (*undo)(struct world *w);
	int works;
	const int *errors;
	unsigned int least;
	int news;
};

/* Why there can be no faults here, or NULL: then there can be from now on. */
const char *faults_unusable(void);

/*
 * From now on those alone that have an address from @start to @end on the stack;
 * 0 or -errno, where the kernel has no FAULT_INJECTION_STACKTRACE_FILTER.
 */
int faults_of(unsigned long start, unsigned long end);

/* The @nth fault from here on will be injected into this thread; 0 for none. */
void arm(unsigned int nth);

/* How many more it would have taken; 0 if it hit. None will any more. */
unsigned int disarm(void);

/* Each fault of the call once; whether all that is promised was kept. */
bool fail_each(struct world *w, const struct call *call, const char *what);

/* A file's new content. */

/* What calls may give when a fault was injected. */
extern const int no_error[], bad_copy[], no_memory[];

/* Names of a ring that is not there yet, ctl and a listener. */
bool world_open(struct world *w);
void world_close(struct world *w);

/* Of @fd. */
int run_close(struct world *w);

/* Lines of a file that have @text; none if there is no such file. */
int lines_with(const char *path, const char *text);

/*
 * Whether nothing is there of rings that are gone, with none that anybody knows
 * of: names, nodes, mappings, minors. Says what is.
 */
bool nothing_left(void);

#endif /* SHMRING_FAULT_H */
