/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * shmring: rings of shared memory between two processes of one host.
 *
 * A ring is one buffer that one producer fills and one consumer empties. It is
 * created through /dev/shmring/ctl and used through /dev/shmring/NAME:
 *
 *	fd = open("/dev/shmring/NAME", O_RDWR);
 *	ioctl(fd, SHMRING_IOC_ATTACH, &attach);		become one of the two
 *	ioctl(fd, SHMRING_IOC_INFO, &info);		where is what
 *	mmap(... fd, info.producer_offset) ...		and go, no system calls
 *
 * Memory, in the order of the offsets that INFO reports:
 *
 *	            producer   consumer
 *	info page     r          r	struct shmring_info_page
 *	producer page rw         r	struct shmring_ctl_page: head
 *	consumer page r          rw	struct shmring_ctl_page: tail
 *	data          rw         r	the records,
 *	data again    rw         r	the same pages: no record ever wraps
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
 * Sleeping: a side that is about to sleep changes the wait word of its own
 * page, makes the other side's CPUs execute a full memory barrier, and looks
 * again. The other side, after each publish or release, loads that word (a
 * compiler barrier between the two is enough, since the sleeper paid for the
 * fence) and, if it differs from the value for which it kicked last, remembers
 * the value and calls SHMRING_IOC_KICK. SHMRING_IOC_WAIT and poll() change the
 * word by themselves.
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
#define SHMRING_VERSION		1	/* of the layout below */

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

/* State of a role, in shmring_info_page.state[]. */
#define SHMRING_STATE_NEVER	0	/* nobody had the role yet */
#define SHMRING_STATE_ATTACHED	1
#define SHMRING_STATE_GONE	2	/* the last one to have it left or died */

/*
 * struct shmring_info_page - read-only for both sides, written by the kernel
 * @magic: SHMRING_MAGIC
 * @version: SHMRING_VERSION
 * @record_size: bytes of each record, or 0 for records of any length
 * @ring_bytes: bytes of the data area (which is mapped twice), a power of two
 * @flags: SHMRING_CREATE_* that the ring was made with
 * @node: NUMA node asked for, or SHMRING_NODE_ANY
 * @epoch: moves whenever an endpoint attaches or detaches
 * @state: SHMRING_STATE_* of the producer [0] and the consumer [1]
 */
struct shmring_info_page {
	__u64 magic;
	__u32 version;
	__u32 record_size;
	__u64 ring_bytes;
	__u32 flags;
	__s32 node;
	__u32 epoch;
	__u32 state[2];
	__u32 reserved;
};

/*
 * struct shmring_ctl_page - the page that one side alone writes
 * @pos: head in the producer's page, tail in the consumer's: bytes published
 *	or released since the ring was created. Its line holds nothing else and
 *	the next is empty, since CPUs prefetch lines in pairs.
 * @wait: changes each time this side is about to sleep. Written by the kernel
 *	on behalf of the side (WAIT, poll), or by the library where there is no
 *	module.
 * @want: poll() and the eventfd report ready when at least this many bytes are
 *	there (consumer) or free (producer). 0 means one record. More than the
 *	ring holds counts as the whole ring.
 * @kick: counts kicks by this side where there is no module (a futex); unused
 *	by the device.
 * @stalls: the side's own counter of having found the ring full or empty
 * @messages: the side's own counter of records, where it keeps one
 *
 * The kernel believes none of it.
 */
struct shmring_ctl_page {
	__u64 pos;
	__u8 pad0[120];
	__u32 wait;
	__u32 want;
	__u8 pad1[120];
	__u32 kick;
	__u32 pad2;
	__u8 pad3[120];
	__u64 stalls;
	__u64 messages;
};

/* shmring_create.flags */
#define SHMRING_CREATE_EPHEMERAL	0x1	/* destroy with the last endpoint */
#define SHMRING_CREATE_STRICT		0x2	/* every page on the node, or ENOMEM */
#define SHMRING_CREATE_FLAGS		(SHMRING_CREATE_EPHEMERAL | SHMRING_CREATE_STRICT)

/* shmring_create.node, besides a node's number */
#define SHMRING_NODE_ANY	(-1)	/* by the memory policy of the caller */
#define SHMRING_NODE_LOCAL	(-2)	/* the node of the calling CPU */

#define SHMRING_ID_CREATOR	((__u32)-1)	/* shmring_create.uid and .gid */
#define SHMRING_MODE_DEFAULT	((__u32)-1)	/* shmring_create.mode */

/*
 * Every struct below starts with its own size in bytes, as the caller knows it.
 * A shorter one from an older program is filled up with zeros, a longer one
 * from a newer program is accepted while the unknown part is all zeros.
 * Errors common to all ioctls:
 *	EFAULT	the argument is not readable, or not writable for results
 *	EINVAL	size below that of the struct's first version
 *	E2BIG	unknown tail bytes that are not zero, or size above one page (of
 *		INFO's struct, which is a result, only size is read)
 *	ENOTTY	no such ioctl
 */

/*
 * struct shmring_create - SHMRING_IOC_CREATE on /dev/shmring/ctl
 * @size: sizeof(struct shmring_create)
 * @flags: SHMRING_CREATE_*
 * @ring_bytes: size of the data area: a power of two, at least one page
 * @record_size: bytes of each record, or 0 for records of any length
 * @node: NUMA node, SHMRING_NODE_ANY or SHMRING_NODE_LOCAL
 * @mode: permission bits of the device node; 0 and SHMRING_MODE_DEFAULT mean 0600
 * @uid: owner of the device node, or SHMRING_ID_CREATOR
 * @gid: group of the device node, or SHMRING_ID_CREATOR
 * @high_water: per cent of the ring, from which on a Netlink event says that it
 *	fills up (shmring.yaml: level-ntf); 0 for none
 * @name: the ring's name, NUL-terminated
 *
 * Returns 0. When it returns, /dev/shmring/NAME exists (where devtmpfs makes
 * the nodes; else udev is about to).
 *	EINVAL	flags unknown; ring_bytes zero, no power of two or below a page;
 *		record_size above ring_bytes; mode with other bits than 0777;
 *		high_water above 100; STRICT with SHMRING_NODE_ANY; node below
 *		-2; an id that does not map into the user namespace
 *	EINVAL	the name is empty, has other characters, starts with '.' or '-',
 *		or is "ctl"
 *	ENAMETOOLONG	no NUL within SHMRING_NAME_MAX bytes
 *	EEXIST	a ring of that name exists
 *	ENXIO	the node does not exist, is offline or has no memory
 *	EPERM	uid or gid of somebody else, without CAP_CHOWN
 *	EFBIG	ring_bytes above the module's max_ring_bytes
 *	ENOSPC	the module's max_rings or max_total_bytes would be exceeded
 *	ENOMEM	no memory, or not enough on the node with STRICT
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
	char name[SHMRING_NAME_MAX];
};

/*
 * struct shmring_destroy - SHMRING_IOC_DESTROY on /dev/shmring/ctl
 * @size: sizeof(struct shmring_destroy)
 * @flags: 0
 * @name: the ring's name, NUL-terminated
 *
 * The name goes at once; endpoints go on until they close.
 *	EINVAL	flags not zero, or a name that no ring can have
 *	ENAMETOOLONG	no NUL within SHMRING_NAME_MAX bytes
 *	ENOENT	no such ring
 *	EPERM	the ring is somebody else's, without CAP_SYS_ADMIN
 */
struct shmring_destroy {
	__u32 size;
	__u32 flags;
	char name[SHMRING_NAME_MAX];
};

/*
 * struct shmring_attach - SHMRING_IOC_ATTACH on a ring
 * @size: sizeof(struct shmring_attach)
 * @role: SHMRING_ROLE_PRODUCER or SHMRING_ROLE_CONSUMER
 *
 * The role stays with the open file until its last descriptor and mapping go.
 *	EINVAL	no such role
 *	EISCONN	this open file is attached already
 *	EACCES	the file is not open for writing (producer) or reading (consumer)
 *	EBUSY	somebody else has the role
 */
struct shmring_attach {
	__u32 size;
	__u32 role;
};

/*
 * struct shmring_info - SHMRING_IOC_INFO on a ring
 * @size: in: bytes the caller has room for; out: bytes written
 * @flags: SHMRING_CREATE_* the ring was made with
 * @ring_bytes: bytes of the data area
 * @record_size: bytes of each record, or 0
 * @node: NUMA node asked for, or SHMRING_NODE_ANY
 * @role: role of this open file
 * @page_size: bytes of a page: the length of the first three regions
 * @info_offset: mmap offset of struct shmring_info_page
 * @producer_offset: mmap offset of the producer's struct shmring_ctl_page
 * @consumer_offset: mmap offset of the consumer's struct shmring_ctl_page
 * @data_offset: mmap offset of the data
 * @data_bytes: length of the data region: 2 * ring_bytes
 * @name: the ring's name
 */
struct shmring_info {
	__u32 size;
	__u32 flags;
	__u64 ring_bytes;
	__u32 record_size;
	__s32 node;
	__u32 role;
	__u32 page_size;
	__u64 info_offset;
	__u64 producer_offset;
	__u64 consumer_offset;
	__u64 data_offset;
	__u64 data_bytes;
	char name[SHMRING_NAME_MAX];
};

/*
 * open() of a ring or of ctl gives what open(2) lists, ENOMEM among it.
 *
 * mmap() of a ring: offset and length lie within one region, on page
 * boundaries. MAP_PRIVATE gives copies of what was written, by the same table.
 *	ENOTCONN	before ATTACH
 *	EINVAL	outside of the regions, or across two
 *	EACCES	a right that the table above does not give, or PROT_EXEC; also
 *		mprotect() to such a right later, and MAP_SHARED with PROT_WRITE
 *		on a file that is not open for both reading and writing
 *	ENOMEM	no memory for the mapping, or too many mappings
 */

/* shmring_wait.flags */
#define SHMRING_WAIT_PEER	0x1	/* until the other role is attached */
#define SHMRING_WAIT_FLAGS	(SHMRING_WAIT_PEER)

/* shmring_wait.events, as results */
#define SHMRING_EVENT_READY	0x1	/* what was waited for is true */
#define SHMRING_EVENT_HUP	0x2	/* the peer was attached and is gone */

#define SHMRING_WAIT_FOREVER	((__s64)-1)

/*
 * struct shmring_wait - SHMRING_IOC_WAIT and SHMRING_IOC_KICK_WAIT on a ring
 * @size: sizeof(struct shmring_wait)
 * @flags: SHMRING_WAIT_*
 * @want: sleep until this many bytes are there (consumer) or free (producer);
 *	0 means one record. With SHMRING_WAIT_PEER: the epoch of the info page
 *	at which the peer was missing; 0 means now
 * @timeout_ns: nanoseconds from now, or SHMRING_WAIT_FOREVER. With 0 it does
 *	not sleep but arms: if EAGAIN comes back, the other side's next publish
 *	or release kicks, and signals the eventfd.
 * @kick_fd: KICK_WAIT: whose peer to kick, a descriptor of any ring on which
 *	the caller is attached, or -1 for this one. WAIT: 0.
 * @events: out: SHMRING_EVENT_*
 *
 * Returns 0 with @events when READY or HUP; HUP alone means that the peer is
 * gone and what was waited for did not happen. With SHMRING_WAIT_PEER there is
 * no HUP alone; READY and HUP mean that a peer came and left again meanwhile.
 * A caller whose @timeout_ns is relative and which is interrupted by a signal
 * gets EINTR and decides itself.
 *
 * KICK_WAIT is one half of a call and reply in one system call: it arms this
 * ring, kicks the peer on the other, and sleeps here.
 *	EINVAL	unknown flags; want above ring_bytes, or for WAIT_PEER above
 *		2^32 - 1; timeout_ns below -1; WAIT with a kick_fd that is not 0
 *	ENOTCONN	before ATTACH, here or on kick_fd
 *	EBADF	kick_fd is no descriptor of a ring
 *	EBADMSG	the positions in the control pages contradict each other
 *	EAGAIN	timeout_ns is 0 and it is not ready: armed
 *	ETIMEDOUT	it did not happen in time
 *	EINTR	a signal came
 */
struct shmring_wait {
	__u32 size;
	__u32 flags;
	__u64 want;
	__s64 timeout_ns;
	__s32 kick_fd;
	__u32 events;
};

/*
 * struct shmring_eventfd - SHMRING_IOC_EVENTFD on a ring
 * @size: sizeof(struct shmring_eventfd)
 * @fd: an eventfd, or -1 to unregister
 *
 * The eventfd of this side is signalled whenever the other side kicks, and when
 * the peer attaches or goes. A kick comes once for each time that this side was
 * armed: by a WAIT with timeout_ns 0 that said EAGAIN, by another WAIT, by poll.
 * So: drain the ring, arm, and if that said EAGAIN sleep on the eventfd.
 *	ENOTCONN	before ATTACH
 *	EBADF	fd is not open
 *	EINVAL	fd is no eventfd
 *	EBUSY	this side has an eventfd already
 *	ENOENT	fd is -1 and none is registered
 */
struct shmring_eventfd {
	__u32 size;
	__s32 fd;
};

/*
 * SHMRING_IOC_KICK: no argument. Wakes the other side: its WAIT, poll, epoll,
 * blocking read or write, and its eventfd.
 *	ENOTCONN	before ATTACH
 *
 * poll(): the consumer gets EPOLLIN, the producer EPOLLOUT by @want of its own
 * page; both EPOLLHUP when the peer was attached and is gone (and the producer
 * EPOLLERR with it, as a pipe gives it), EPOLLERR when the positions contradict
 * each other, and before ATTACH.
 *
 * read() takes one record and write() puts one, attaching on first use. A write()
 * of no bytes does nothing.
 *	EBUSY	somebody else has the role
 *	EISCONN	this open file has the other role
 *	EMSGSIZE	read: the buffer is shorter than the record, which stays;
 *		write: not record_size bytes, or more than the ring can hold
 *	EAGAIN	O_NONBLOCK, and it is empty or full
 *	EINTR	a signal came
 *	EPIPE	write: full, and the consumer is gone
 *	EBADMSG	the positions or the record's header make no sense
 *	EFAULT	the buffer is not accessible; no record moved
 * read() returns 0 when the ring is empty and its producer is gone.
 */
#define SHMRING_IOC_TYPE	0xB9

#define SHMRING_IOC_CREATE	_IO(SHMRING_IOC_TYPE, 0x00)
#define SHMRING_IOC_DESTROY	_IO(SHMRING_IOC_TYPE, 0x01)
#define SHMRING_IOC_ATTACH	_IO(SHMRING_IOC_TYPE, 0x10)
#define SHMRING_IOC_INFO	_IO(SHMRING_IOC_TYPE, 0x11)
#define SHMRING_IOC_WAIT	_IO(SHMRING_IOC_TYPE, 0x12)
#define SHMRING_IOC_KICK	_IO(SHMRING_IOC_TYPE, 0x13)
#define SHMRING_IOC_KICK_WAIT	_IO(SHMRING_IOC_TYPE, 0x14)
#define SHMRING_IOC_EVENTFD	_IO(SHMRING_IOC_TYPE, 0x15)

#endif /* _UAPI_LINUX_SHMRING_H */
