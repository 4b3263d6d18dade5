/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * shmring: rings of shared memory between processes of one host.
 *
 * A ring has lanes, each with a buffer that one producer fills, and one consumer
 * that empties them all. By default it has one lane. It is created through
 * /dev/shmring/ctl. A named ring is opened as /dev/shmring/NAME; an anonymous one
 * is reached by its descriptor alone.
 *
 *	ring = open("/dev/shmring/NAME", O_RDWR);
 *	fd = ioctl(ring, SHMRING_IOC_ATTACH, &attach);	become a producer or the consumer
 *	ioctl(fd, SHMRING_IOC_INFO, &info);		where is what
 *	mmap(... fd, info.producer_offset) ...		and go, no system calls
 *
 * Memory, in the order of the offsets that INFO reports:
 *
 *	            producer  others  consumer
 *	info pages    r         r       r	struct shmring_info_page
 *	page of a
 *	 lane         rw        -       r	struct shmring_ctl_page: cursor[0] is head
 *	cursor pages  r         r       rw	struct shmring_ctl_page: a tail for each lane
 *	data of a
 *	 lane         rw        -       r	the records, and
 *	 again        rw        -       r	the same pages: no record ever wraps
 *
 * Every word that is shared has one writer. Protocol:
 *
 *	producer                          consumer
 *	  if (space by LOAD.acq tail) (A)   LOAD.acq head              (C)
 *	    STORE record                    LOAD record
 *	    STORE.rel head            (B)   STORE.rel tail             (D)
 *
 * A pairs with D: the space is used again only after its records were read.
 * B pairs with C: the records are read only after they were written.
 *
 * Sleeping: each producer has a bell in its lane, and the consumer has one in the
 * info page. It is odd while somebody of that side sleeps. Who is about to sleep
 * makes it odd, makes the CPUs of the other side execute a full memory barrier, and
 * looks again. The other side, after each publish or release, loads the bell (a
 * compiler barrier between the two is enough, since the sleeper paid for the fence)
 * and, if it is odd, calls SHMRING_IOC_KICK, which wakes all who sleep and makes it
 * even: one kick per sleep. SHMRING_IOC_WAIT and poll() make it odd by themselves.
 */
#ifndef _UAPI_LINUX_SHMRING_H
#define _UAPI_LINUX_SHMRING_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define SHMRING_CTL_PATH	"/dev/shmring/ctl"
#define SHMRING_DEV_DIR		"/dev/shmring/"

/*
 * A name: 1 to 31 of [A-Za-z0-9._-], not starting with '.' or '-', not "ctl".
 */
#define SHMRING_NAME_MAX	32	/* bytes, with the terminating NUL */

#define SHMRING_MAGIC		0x474e4952524d4853ULL	/* "SHMRRING", little-endian */
#define SHMRING_VERSION		5	/* of the layout below */

/* Offsets in a ring are free-running 64-bit byte counts, never wrapped. */

/* enum shmring_role: what an endpoint is. */
enum shmring_role {
	SHMRING_ROLE_NONE = 0,		/* not attached */
	SHMRING_ROLE_PRODUCER = 1,
	SHMRING_ROLE_CONSUMER = 2,
};

/*
 * struct shmring_record - header of a record in a ring with record_size 0
 * @len: bytes of payload that follow, without padding
 * @tag: the user's
 *
 * A record starts at a multiple of 8 and is padded to a multiple of 8. Rings
 * with another record_size have no headers and no padding.
 */
struct shmring_record {
	__u32 len;
	__u32 tag;
};

#define SHMRING_RECORD_ALIGN	8

/* State of a side, in shmring_info_page.state[]. */
#define SHMRING_STATE_NEVER	0	/* nobody had the role yet */
#define SHMRING_STATE_ATTACHED	1	/* somebody has it */
#define SHMRING_STATE_GONE	2	/* all that had it left or died */

/*
 * struct shmring_bell - on a line pair of its own, since CPUs prefetch lines in
 *	pairs
 * @value: odd while somebody sleeps, or is about to. The kernel alone writes it,
 *	0 or 1. Where there is no module, it is a futex on which the side sleeps:
 *	it only counts up, by 1 by who makes it odd or kicks, and by 2 by who
 *	comes or goes
 */
struct shmring_bell {
	__u32 value;
	__u8 pad[124];
};

#define SHMRING_LANES_MAX	64	/* lanes of a ring */
#define SHMRING_LANE_ENDS	64	/* that a lane keeps */

/*
 * struct shmring_lane - what the kernel says of a lane: the producers that came
 *	and went
 * @generation: how many have left
 * @end: where they left off. Number n, counted from 1, is in
 *	end[n % SHMRING_LANE_ENDS], as long as @generation - n is less than
 *	SHMRING_LANE_ENDS - 1. Its successor goes on there
 * @bell: of the producer
 *
 * An end is the head that a producer has left, or the nearest that can be true.
 * One that lied may have shown a head beyond its end, and its successor writes
 * there again. So a consumer that finds another @generation goes to the end of the
 * producer that it has looked at, if it is beyond, or more than a ring behind; then
 * it sets @generation in its own cursor. Until it does, a producer takes such a tail
 * for that end. The end and the head are put right before @generation moves. No
 * record goes across an end. Where an end is not kept any more, the first one that
 * is stands for it: then who lied can have cost records of its successors.
 */
struct shmring_lane {
	__u32 generation;
	__u32 pad0;
	__u64 end[SHMRING_LANE_ENDS];
	__u8 pad1[120];
	struct shmring_bell bell;
};

/*
 * struct shmring_info_page - read-only for all, written by the kernel
 * @magic: SHMRING_MAGIC
 * @version: SHMRING_VERSION
 * @record_size: bytes of each record, or 0 for records of any length
 * @ring_bytes: bytes of each lane's data area (mapped twice), a power of two
 * @flags: SHMRING_CREATE_* that the ring was made with
 * @node: NUMA node asked for, or SHMRING_NODE_ANY
 * @features: SHMRING_FEATURE_*; who does not know one of them must not attach
 * @max_producers, @max_consumers: as in struct shmring_create
 * @epoch: moves whenever a state does: with the first endpoint of a role that
 *	attaches, and the last that detaches
 * @state: SHMRING_STATE_* of the producers [0] and the consumer [1]
 * @bell: of the consumer
 * @lane: max_producers of them
 *
 * The words that change lie on line pairs of their own.
 */
struct shmring_info_page {
	__u64 magic;
	__u32 version;
	__u32 record_size;
	__u64 ring_bytes;
	__u32 flags;
	__s32 node;
	__u64 features;
	__u32 max_producers;
	__u32 max_consumers;
	__u8 pad0[80];
	__u32 epoch;
	__u32 state[2];
	__u8 pad1[116];
	struct shmring_bell bell;
	struct shmring_lane lane[];
};

/* Features of a ring's layout that change how it is used: none yet. */
#define SHMRING_FEATURES	0ULL

/*
 * struct shmring_cursor - how far one is in one lane, on a line pair of its own
 * @pos: head for a producer, tail for a consumer: bytes published or released
 *	since the ring was created
 * @generation: the consumer's: that of the lane when it last looked at head. The
 *	kernel sets it at ATTACH
 */
struct shmring_cursor {
	__u64 pos;
	__u32 generation;
	__u8 pad[116];
};

/*
 * struct shmring_ctl_page - the page that one side alone writes
 * @want: poll() and the eventfd report ready when at least this many bytes are
 *	there (consumer) or free (producer). 0 means one record. More than the
 *	ring holds counts as the whole ring. The kernel clears it at ATTACH.
 * @poll_flags: SHMRING_POLL_*. The kernel clears it at ATTACH.
 * @poll_epoch: for SHMRING_POLL_PEER
 * @life: says whether this side lives where there is no module (a robust
 *	futex); unused by the device.
 * @stalls: the side's own counter of having found the ring full or empty
 * @messages: the side's own counter of records, where it keeps one
 * @cursor: the producer's one, and the consumer's for each lane
 *
 * The kernel believes none of it.
 */
struct shmring_ctl_page {
	__u32 want;
	__u32 poll_flags;
	__u32 poll_epoch;
	__u8 pad0[116];
	__u32 life;
	__u8 pad1[124];
	__u64 stalls;
	__u64 messages;
	__u8 pad2[112];
	struct shmring_cursor cursor[];
};

/*
 * Instead of for records, poll() waits for the peer: the consumer gets EPOLLIN
 * and the producer EPOLLOUT when the other role is attached, or when the epoch
 * of the info page is no longer poll_epoch; nobody gets EPOLLHUP.
 */
#define SHMRING_POLL_PEER	0x1

/* shmring_create.flags */
#define SHMRING_CREATE_EPHEMERAL	0x1	/* destroy with the last endpoint */
#define SHMRING_CREATE_STRICT		0x2	/* every page on the node, or ENOMEM */
#define SHMRING_CREATE_ANONYMOUS	0x4	/* no name and no node */
#define SHMRING_CREATE_FLAGS		(SHMRING_CREATE_EPHEMERAL | \
					 SHMRING_CREATE_STRICT | \
					 SHMRING_CREATE_ANONYMOUS)

/* shmring_create.node, besides a node's number */
#define SHMRING_NODE_ANY	(-1)	/* by the memory policy of the caller */
#define SHMRING_NODE_LOCAL	(-2)	/* the node of the calling CPU */

#define SHMRING_ID_CREATOR	((__u32)-1)	/* shmring_create.uid and .gid */
#define SHMRING_MODE_DEFAULT	((__u32)-1)	/* shmring_create.mode */

/* shmring_attach.index, shmring_evict.index: of the lane or cursor */
#define SHMRING_INDEX_ANY	((__u32)-1)	/* whichever is free */

/*
 * Every struct below starts with its own size in bytes, as the caller knows it.
 * A shorter one from an older program is filled up with zeros, a longer one
 * from a newer program is accepted while the unknown part is all zeros. The
 * *_SIZE_VER0 are the sizes of the structs' first versions and never change.
 * Errors common to all ioctls:
 *	EFAULT	the argument is not readable, or not writable for results
 *	EINVAL	size below that of the struct's first version
 *	E2BIG	unknown tail bytes that are not zero, or size above one page
 *	ENOTTY	no such ioctl
 *	EINTR	a fatal signal came while it waited for another process
 */

/*
 * struct shmring_create - SHMRING_IOC_CREATE on /dev/shmring/ctl
 * @size: sizeof(struct shmring_create)
 * @flags: SHMRING_CREATE_*
 * @ring_bytes: size of each lane's data area: a power of two, at least one page
 * @record_size: bytes of each record, or 0 for records of any length
 * @node: NUMA node, SHMRING_NODE_ANY or SHMRING_NODE_LOCAL
 * @mode: permission bits of the device node; 0 and SHMRING_MODE_DEFAULT mean 0600
 * @uid: owner of the device node, or SHMRING_ID_CREATOR
 * @gid: group of the device node, or SHMRING_ID_CREATOR
 * @high_water: per cent of the ring, from which on a Netlink event says that it
 *	fills up (shmring.yaml: level-ntf); 0 for none
 * @max_producers: how many lanes, up to SHMRING_LANES_MAX; 0 means one
 * @max_consumers: 0 or 1
 * @name: the ring's name, NUL-terminated; empty for SHMRING_CREATE_ANONYMOUS
 *
 * Returns a descriptor of the ring, open for reading and writing and
 * close-on-exec. When it returns, /dev/shmring/NAME exists (where devtmpfs
 * makes the nodes; else udev is about to). A named ring stays when the
 * descriptor is closed; but an ephemeral ring goes with the last copy of it
 * when nobody has attached by then, so that none stays behind a creator that
 * died. An anonymous ring goes with its last descriptor and mapping.
 *	EINVAL	flags unknown; ring_bytes zero, no power of two or below a page;
 *		record_size above ring_bytes; mode with other bits than 0777;
 *		high_water above 100; STRICT with SHMRING_NODE_ANY; node below
 *		-2; an id that does not map into the user namespace; more than
 *		SHMRING_LANES_MAX producers, or more than one consumer
 *	EINVAL	the name is empty, has other characters, starts with '.' or '-',
 *		or is "ctl"; or ANONYMOUS with a name
 *	ENAMETOOLONG	no NUL within SHMRING_NAME_MAX bytes
 *	EEXIST	a ring of that name exists
 *	ENXIO	the node does not exist, is offline or has no memory; or with
 *		STRICT, it is outside of the caller's cpuset
 *	EPERM	uid or gid of somebody else, without CAP_CHOWN
 *	EFBIG	ring_bytes above the module's max_ring_bytes
 *	ENOSPC	the module's max_rings or max_total_bytes would be exceeded, or
 *		all device numbers are in use
 *	ENOMEM	no memory, or not enough on the node with STRICT
 *	EMFILE, ENFILE	no descriptor is free
 */
struct shmring_create {
	__u32 size;
	__u32 flags;
	__u64 ring_bytes;
	__u32 record_size;
	__s32 node;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__u32 high_water;
	__u32 max_producers;
	__u32 max_consumers;
	char name[SHMRING_NAME_MAX];
};

#define SHMRING_CREATE_SIZE_VER0	80

/*
 * struct shmring_destroy - SHMRING_IOC_DESTROY on /dev/shmring/ctl
 * @size: sizeof(struct shmring_destroy)
 * @flags: 0
 * @id: the ring's id, as INFO and Netlink tell it, or 0
 * @name: the ring's name, NUL-terminated; empty with an id
 *
 * The name goes at once; endpoints go on until they close. Nobody attaches any
 * more. An anonymous ring has no name to lose: its endpoints are evicted.
 *	EINVAL	flags not zero, a name that no ring can have, or both an id and
 *		a name
 *	ENAMETOOLONG	no NUL within SHMRING_NAME_MAX bytes
 *	ENOENT	no such ring
 *	EPERM	the ring is somebody else's, without CAP_SYS_ADMIN
 */
struct shmring_destroy {
	__u32 size;
	__u32 flags;
	__u64 id;
	char name[SHMRING_NAME_MAX];
};

#define SHMRING_DESTROY_SIZE_VER0	48

/*
 * struct shmring_evict - SHMRING_IOC_EVICT on /dev/shmring/ctl
 * @size: sizeof(struct shmring_evict)
 * @flags: 0
 * @id, @name: the ring, as for DESTROY
 * @role: SHMRING_ROLE_PRODUCER or SHMRING_ROLE_CONSUMER
 * @index: of the lane; 0 for the consumer; or SHMRING_INDEX_ANY for all that have
 *	the role
 *
 * Ends the role of whoever has it. When it returns, that endpoint's mappings
 * are gone (its process gets SIGBUS where it touches them, and ENOTCONN from
 * each call), its peer is told that it left, and the role is free.
 *	EINVAL	flags not zero, no such role or index, or the ring as for DESTROY
 *	ENAMETOOLONG, ENOENT, EPERM	as for DESTROY
 *	ENOTCONN	nobody has the role
 */
struct shmring_evict {
	__u32 size;
	__u32 flags;
	__u64 id;
	__u32 role;
	__u32 index;
	char name[SHMRING_NAME_MAX];
};

#define SHMRING_EVICT_SIZE_VER0		56

/*
 * struct shmring_attach - SHMRING_IOC_ATTACH on a ring
 * @size: sizeof(struct shmring_attach)
 * @role: SHMRING_ROLE_PRODUCER or SHMRING_ROLE_CONSUMER
 * @flags: 0
 * @index: of the lane; 0 for the consumer; or SHMRING_INDEX_ANY for whichever is
 *	free: the lane that this process had last, or the one that was left longest
 *	ago
 *
 * Returns the endpoint, a new descriptor that is open for reading and writing
 * and close-on-exec. It may be passed to another process before it is mapped:
 * shared mappings belong to the process that maps first. Those of regions that
 * the role may write are not inherited by fork(), and the role ends with the
 * last of them, when it is evicted, or, if it was never mapped, with the last
 * descriptor. Then every mapping of the endpoint is revoked: accesses get
 * SIGBUS, calls ENOTCONN. Death is told when the process's memory goes, so not
 * while a debugger or a reader of /proc/PID/mem holds it.
 *	EINVAL	no such role or index, or flags not zero
 *	EISCONN	this descriptor is an endpoint
 *	EACCES	the ring is not open for writing (producer) or reading (consumer)
 *	EBUSY	somebody else has the role, or that lane, or others have all lanes
 *	ENOENT	the ring was destroyed
 *	EMFILE, ENFILE, ENOMEM	as open(2)
 */
struct shmring_attach {
	__u32 size;
	__u32 role;
	__u32 flags;
	__u32 index;
};

#define SHMRING_ATTACH_SIZE_VER0	16

/*
 * struct shmring_info - SHMRING_IOC_INFO on a ring or an endpoint
 * @size: in: bytes the caller has room for; out: bytes written, which is the
 *	smaller of that and what the module knows
 * @flags: SHMRING_CREATE_* the ring was made with
 * @id: no other ring has had it since the module was loaded
 * @ring_bytes: bytes of each lane's data area
 * @record_size: bytes of each record, or 0
 * @node: NUMA node asked for, or SHMRING_NODE_ANY
 * @role: role of this endpoint, or of a ring by its read() or write(); or
 *	SHMRING_ROLE_NONE
 * @index: lane or cursor of this endpoint
 * @max_producers, @max_consumers: as made
 * @page_size: bytes of a page: the length of each lane's page. The info pages go
 *	up to @producer_offset, and the cursor pages are @consumer_stride long
 * @data_align: bytes; the start of each lane's data is a multiple of it
 * @features: as in the info page
 * @info_offset: mmap offset of struct shmring_info_page
 * @producer_offset: mmap offset of the first lane's struct shmring_ctl_page
 * @consumer_offset: mmap offset of the consumer's struct shmring_ctl_page
 * @data_offset: mmap offset of the first lane's data
 * @data_bytes: length of each lane's data region: 2 * ring_bytes
 * @producer_stride, @consumer_stride, @data_stride: from one lane's or
 *	cursor's region to the next one's
 * @name: the ring's name; "anon:ID" of an anonymous one
 */
struct shmring_info {
	__u32 size;
	__u32 flags;
	__u64 id;
	__u64 ring_bytes;
	__u32 record_size;
	__s32 node;
	__u32 role;
	__u32 index;
	__u32 max_producers;
	__u32 max_consumers;
	__u32 page_size;
	__u32 data_align;
	__u64 features;
	__u64 info_offset;
	__u64 producer_offset;
	__u64 consumer_offset;
	__u64 data_offset;
	__u64 data_bytes;
	__u64 producer_stride;
	__u64 consumer_stride;
	__u64 data_stride;
	char name[SHMRING_NAME_MAX];
};

#define SHMRING_INFO_SIZE_VER0		160

/*
 * open() of a ring or of ctl gives what open(2) lists, ENOMEM among it; and
 * ENXIO when the ring of the node was destroyed.
 *
 * mmap() of an endpoint: offset and length lie within one region, on page
 * boundaries. MAP_PRIVATE gives copies of what was written, by the same table.
 * Ring memory is neither swapped nor dumped into a core, counts in no RSS, and
 * cannot be pinned: O_DIRECT, registered buffers and process_vm_writev() get
 * EFAULT. Debuggers read and write shared mappings as the process can. A mapping
 * is filled at its first fault; MAP_POPULATE does nothing. An mmap() that fails,
 * or that replaces the last mapping by which a role is kept, ends the role.
 *	ENOTCONN	a ring and no endpoint, or the role has ended
 *	EPERM	MAP_SHARED, and another process has mapped the endpoint
 *	EINVAL	outside of the regions, or across two
 *	EACCES	a right that the table above does not give, or PROT_EXEC; also
 *		mprotect() to such a right later
 *	ENOMEM	no memory for the mapping, or too many mappings
 */

/* shmring_wait.flags */
#define SHMRING_WAIT_PEER	0x1	/* until the other role is attached */
#define SHMRING_WAIT_ABSTIME	0x2	/* timeout_ns is on CLOCK_MONOTONIC */
#define SHMRING_WAIT_FLAGS	(SHMRING_WAIT_PEER | SHMRING_WAIT_ABSTIME)

/* shmring_wait.events, as results */
#define SHMRING_EVENT_READY	0x1	/* what was waited for is true */
#define SHMRING_EVENT_HUP	0x2	/* the peer was attached and is gone */

#define SHMRING_WAIT_FOREVER	((__s64)-1)

/*
 * struct shmring_wait - SHMRING_IOC_WAIT and SHMRING_IOC_KICK_WAIT on an endpoint
 * @size: sizeof(struct shmring_wait)
 * @flags: SHMRING_WAIT_*
 * @want: sleep until this many bytes are there (consumer, in all lanes together) or
 *	free (producer); 0 means one record. With SHMRING_WAIT_PEER: the epoch of the
 *	info page at which the peer was missing; 0 means now
 * @timeout_ns: nanoseconds from now or, with SHMRING_WAIT_ABSTIME, on
 *	CLOCK_MONOTONIC; or SHMRING_WAIT_FOREVER. A relative 0 does not sleep but
 *	arms: if EAGAIN comes back, the other side's next publish or release
 *	kicks, and signals the eventfd. A signal leaves what remains of a
 *	relative time here.
 * @kick_fd: KICK_WAIT: whose peer to kick, a descriptor of any endpoint, or -1
 *	for this one. WAIT: 0.
 * @events: out: SHMRING_EVENT_*
 *
 * Returns 0 with @events when READY or HUP; HUP alone means that the peer is
 * gone and what was waited for did not happen. With SHMRING_WAIT_PEER there is
 * no HUP alone; READY and HUP mean that a peer came and left again meanwhile.
 *
 * What stops the process without a handler (SIGSTOP, a cgroup's freezer, a
 * debugger) does not end the wait. A handler ends one that has a time limit,
 * as it ends poll(2), with EINTR; one without is restarted if the handler was
 * installed with SA_RESTART, as a read(2) is.
 *
 * KICK_WAIT is one half of a call and reply in one system call: it arms this
 * ring, kicks the peer on the other, and sleeps here; once more where it is
 * restarted.
 *	EINVAL	unknown flags; want above ring_bytes, or for WAIT_PEER above
 *		2^32 - 1; timeout_ns below -1; WAIT with a kick_fd that is not 0
 *	ENOTCONN	no endpoint, or its role has ended, here or on kick_fd
 *	EBADF	kick_fd is no descriptor of a ring or endpoint
 *	EBADMSG	of the consumer: the producer's position contradicts its own. To
 *		the producer, a consumer that does so stands still
 *	EAGAIN	timeout_ns is 0 and it is not ready: armed
 *	ETIMEDOUT	the time is up
 *	EINTR	interrupted by a signal handler
 */
struct shmring_wait {
	__u32 size;
	__u32 flags;
	__u64 want;
	__s64 timeout_ns;
	__s32 kick_fd;
	__u32 events;
};

#define SHMRING_WAIT_SIZE_VER0		32

/*
 * struct shmring_eventfd - SHMRING_IOC_EVENTFD on an endpoint
 * @size: sizeof(struct shmring_eventfd)
 * @fd: an eventfd, or -1 to unregister
 *
 * The eventfd of this side is signalled whenever the other side kicks, and when
 * the peer attaches or goes. A kick comes once for each time that this side was
 * armed: by a WAIT with timeout_ns 0 that said EAGAIN, by another WAIT, by poll.
 * So: drain the ring, arm, and if that said EAGAIN sleep on the eventfd.
 *	ENOTCONN	no endpoint, or its role has ended
 *	EBADF	fd is not open
 *	EINVAL	fd is no eventfd
 *	EBUSY	this side has an eventfd already
 *	ENOENT	fd is -1 and none is registered
 */
struct shmring_eventfd {
	__u32 size;
	__s32 fd;
};

#define SHMRING_EVENTFD_SIZE_VER0	8

/*
 * SHMRING_IOC_KICK on an endpoint. Wakes the other side: its WAIT, poll, epoll,
 * blocking read or write, and its eventfd. The argument of a consumer is the number
 * of the lane whose producer it wakes, or SHMRING_INDEX_ANY for those that armed;
 * where there is one lane, and of a producer, it means nothing. KICK_WAIT of a
 * consumer of several lanes wakes those that armed.
 *	EINVAL	no such lane
 *	ENOTCONN	no endpoint, or its role has ended
 *
 * poll() of an endpoint: the consumer gets EPOLLIN, the producer EPOLLOUT by
 * @want of its own page; both EPOLLHUP when the peer was attached and is gone
 * (and the producer EPOLLERR with it, as a pipe gives it), the consumer EPOLLERR
 * when the producer's position contradicts its own, EPOLLERR and EPOLLHUP when
 * the own role has ended. poll() of a ring before its first read() or write(): EPOLLERR.
 *
 * read() takes one record, of the lanes in turn, and write() puts one, readv() and
 * writev() too. On a
 * ring, the first of them attaches; that role belongs to the open file, and ends
 * with its last descriptor. A write() of no bytes does nothing, and read()
 * passes over records of no bytes, since it returns 0 for the end alone: when
 * the ring is empty and its producer is gone.
 *	EBUSY	somebody else has the role
 *	EISCONN	this open file has the other role
 *	ENOENT	the ring was destroyed
 *	ENOTCONN	the role has ended
 *	EMSGSIZE	read: the buffer is shorter than the record, which stays, and
 *		the next call begins with the next lane;
 *		write: not record_size bytes, or more than the ring can hold
 *	EAGAIN	O_NONBLOCK, and it is empty or full
 *	EINTR	interrupted by a signal handler
 *	EPIPE	write: full, and the consumer is gone
 *	EBADMSG	read: the producer's position or the record's header makes no
 *		sense. What can be there is dropped, up to where the next producer
 *		began. While the position stays behind, each call says so; of several
 *		lanes, only the first call does, and the others are still read
 *	EFAULT	the buffer is not accessible; no record moved
 */
#define SHMRING_IOC_TYPE	0xB9

#define SHMRING_IOC_CREATE	_IO(SHMRING_IOC_TYPE, 0x00)
#define SHMRING_IOC_DESTROY	_IO(SHMRING_IOC_TYPE, 0x01)
#define SHMRING_IOC_EVICT	_IO(SHMRING_IOC_TYPE, 0x02)
#define SHMRING_IOC_ATTACH	_IO(SHMRING_IOC_TYPE, 0x10)
#define SHMRING_IOC_INFO	_IO(SHMRING_IOC_TYPE, 0x11)
#define SHMRING_IOC_WAIT	_IO(SHMRING_IOC_TYPE, 0x12)
#define SHMRING_IOC_KICK	_IO(SHMRING_IOC_TYPE, 0x13)
#define SHMRING_IOC_KICK_WAIT	_IO(SHMRING_IOC_TYPE, 0x14)
#define SHMRING_IOC_EVENTFD	_IO(SHMRING_IOC_TYPE, 0x15)

#endif /* _UAPI_LINUX_SHMRING_H */
