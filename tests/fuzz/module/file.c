// SPDX-License-Identifier: MIT
/* What can be done with any descriptor. */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "calls.h"
#include "shared.h"
#include "values.h"

#define MOST	(4 * 4096)

static long do_read(struct fuzz_run *run, const uint64_t *a)
{
	static const unsigned char nothing[1];
	void *at = fuzz_place(run, a[2], nothing, 1);

	return fuzz_ret(read(fuzz_fd(run, a[0]), at, a[1]));
}

static long do_write(struct fuzz_run *run, const uint64_t *a)
{
	unsigned char bytes[MOST];
	size_t len = a[1] < MOST ? a[1] : MOST;

	memset(bytes, (int)a[1], sizeof(bytes));
	return fuzz_ret(write(fuzz_fd(run, a[0]),
			      fuzz_place(run, a[2], bytes, len), a[1]));
}

static long do_readv(struct fuzz_run *run, const uint64_t *a)
{
	unsigned char bytes[64] = { 0 };
	struct iovec v[2] = {
		{ fuzz_place(run, AT_GOOD, bytes, sizeof(bytes)), a[1] & 63 },
		{ fuzz_place(run, a[2], bytes, sizeof(bytes)), a[1] >> 6 & 63 },
	};

	return fuzz_ret(a[3] ? writev(fuzz_fd(run, a[0]), v, 2) :
			       readv(fuzz_fd(run, a[0]), v, 2));
}

static long do_seek(struct fuzz_run *run, const uint64_t *a)
{
	return fuzz_ret(lseek(fuzz_fd(run, a[0]), (off_t)a[1], (int)a[2]));
}

static long do_pread(struct fuzz_run *run, const uint64_t *a)
{
	char bytes[256];

	return fuzz_ret(pread(fuzz_fd(run, a[0]), bytes, sizeof(bytes),
			      (off_t)a[1]));
}

static long do_poll(struct fuzz_run *run, const uint64_t *a)
{
	struct pollfd fds[2] = {
		{ .fd = fuzz_fd(run, a[0]), .events = (short)a[2] },
		{ .fd = fuzz_fd(run, a[1]), .events = (short)a[2] },
	};

	return fuzz_ret(poll(fds, 2, (int)a[3]));
}

static long new_epoll(struct fuzz_run *run, const uint64_t *a)
{
	return fuzz_keep(run, a[0], TYPE_EPOLL, epoll_create1(EPOLL_CLOEXEC));
}

static long control_epoll(struct fuzz_run *run, const uint64_t *a)
{
	struct epoll_event e = { .events = (uint32_t)a[3] };

	return fuzz_ret(epoll_ctl(fuzz_fd(run, a[0]), (int)a[1],
				  fuzz_fd(run, a[2]), &e));
}

static long wait_epoll(struct fuzz_run *run, const uint64_t *a)
{
	struct epoll_event e[4];

	return fuzz_ret(epoll_wait(fuzz_fd(run, a[0]), e, 4, (int)a[1]));
}

static long new_eventfd(struct fuzz_run *run, const uint64_t *a)
{
	return fuzz_keep(run, a[1], TYPE_EVENTFD,
			 eventfd((unsigned int)a[0], EFD_NONBLOCK));
}

static long new_pipe(struct fuzz_run *run, const uint64_t *a)
{
	int fds[2];

	if (pipe2(fds, O_NONBLOCK))
		return -errno;
	fuzz_keep(run, a[0], TYPE_PIPE, fds[0]);
	return fuzz_keep(run, a[1], TYPE_PIPE, fds[1]);
}

static long do_dup(struct fuzz_run *run, const uint64_t *a)
{
	return fuzz_keep(run, a[1], fuzz_slot(run, a[0])->type,
			 dup(fuzz_fd(run, a[0])));
}

static long do_close(struct fuzz_run *run, const uint64_t *a)
{
	struct fuzz_slot *slot = fuzz_slot(run, a[0]);
	int fd = fuzz_fd(run, a[0]);

	if (fd < 0)
		return -EBADF;
	/* The next one that is opened gets the number: it is another slot's. */
	*slot = (struct fuzz_slot){ .fd = -1 };
	return fuzz_ret(close(fd));
}

static long set_flags(struct fuzz_run *run, const uint64_t *a)
{
	return fuzz_ret(fcntl(fuzz_fd(run, a[0]), F_SETFL, (int)a[1]));
}

/* What the module has no operation for. */
static long other(struct fuzz_run *run, const uint64_t *a)
{
	int fd = fuzz_fd(run, a[0]);
	struct stat st;

	switch (a[1]) {
	case 0:
		return fuzz_ret(fsync(fd));
	case 1:
		return fuzz_ret(ftruncate(fd, 4096));
	case 2:
		return fuzz_ret(fallocate(fd, 0, 0, 4096));
	case 3:
		return fuzz_ret(fstat(fd, &st));
	case 4:
		return fuzz_ret(fcntl(fd, F_SETOWN, getpid()));
	case 5:
		return fuzz_ret(fcntl(fd, F_SETLEASE, F_RDLCK));
	default:
		return fuzz_ret(fchmod(fd, 0600));
	}
}

static long do_splice(struct fuzz_run *run, const uint64_t *a)
{
	return fuzz_ret(splice(fuzz_fd(run, a[0]), NULL, fuzz_fd(run, a[1]),
			       NULL, a[2], SPLICE_F_NONBLOCK));
}

/* To and from the other workers. */
static long send_fd(struct fuzz_run *run, const uint64_t *a)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {
		.header = {
			.cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		},
	};
	uint64_t type = fuzz_slot(run, a[0])->type;
	struct iovec v = { &type, sizeof(type) };
	struct msghdr msg = {
		.msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fd = fuzz_fd(run, a[0]);

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return fuzz_ret(sendmsg(run->shared->post[0], &msg, MSG_DONTWAIT));
}

int fuzz_receive_fd(int from, uint64_t *type)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec v = { type, sizeof(*type) };
	struct msghdr msg = {
		.msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(from, &msg, MSG_DONTWAIT) < 0)
		return -1;
	errno = ENODATA;
	if (!CMSG_FIRSTHDR(&msg))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static long receive_fd(struct fuzz_run *run, const uint64_t *a)
{
	uint64_t type;
	int fd = fuzz_receive_fd(run->shared->post[1], &type);

	return fuzz_keep(run, a[0], fd < 0 ? TYPE_NONE : (enum fuzz_type)type,
			 fd);
}

#define LENGTH	ONE_OF("len", 3, 8, 64, 24, 0, 1, 56, 100, 4088, 4096, 4097, \
		       8184, 16384, 1 << 20, INT64_MAX, ~0ULL)
#define EVENTS	ONE_OF("events", 5, EPOLLIN, EPOLLOUT, EPOLLIN | EPOLLOUT, \
		       EPOLLIN | EPOLLET, EPOLLOUT | EPOLLET, 0, \
		       EPOLLIN | EPOLLONESHOT, EPOLLIN | EPOLLEXCLUSIVE, ~0ULL)
#define MOMENT	ONE_OF("timeout", 3, 0, 0, 1, -1ULL)
/* EINVAL: a length that no call can have. */
#define IO_ERRNOS	EBUSY, EISCONN, EMSGSIZE, EAGAIN, EINTR, EBADMSG, \
			EFAULT, EBADF, EACCES, EINVAL, ENOTCONN, ENOENT, \
			ENOMEM

const struct fuzz_call fuzz_file_calls[] = {
	{ "read", 20, do_read,
	  ERRNOS(IO_ERRNOS),
	  { USE("fd", TYPE_ENDPOINT), LENGTH, AT } },
	{ "write", 20, do_write,
	  ERRNOS(IO_ERRNOS, EPIPE),
	  { USE("fd", TYPE_ENDPOINT), LENGTH, AT } },
	{ "read_ring", 12, do_read,
	  ERRNOS(IO_ERRNOS),
	  { USE("fd", TYPE_RING), LENGTH, AT } },
	{ "write_ring", 12, do_write,
	  ERRNOS(IO_ERRNOS, EPIPE),
	  { USE("fd", TYPE_RING), LENGTH, AT } },
	{ "readv", 4, do_readv,
	  ERRNOS(IO_ERRNOS, EPIPE),
	  { USE("fd", TYPE_ENDPOINT), ONE_OF("lens", 6, 0, 1, 24, 63, 0xe38, 0xfff), AT,
	    ONE_OF("write", 2, 0, 1) } },
	{ "read_file", 6, do_read, NULL,
	  { USE("fd", TYPE_FILE), LENGTH, AT } },
	{ "seek", 3, do_seek, NULL,
	  { USE("fd", TYPE_FILE),
	    ONE_OF("to", 4, 0, 1, 2, 10, 100, 4096, INT64_MAX, -1ULL),
	    ONE_OF("from", 3, 0, 1, 2) } },
	{ "pread", 4, do_pread, NULL,
	  { USE("fd", TYPE_FILE),
	    ONE_OF("from", 4, 0, 1, 7, 200, 300, 4096, 1ULL << 32, INT64_MAX) } },
	{ "pread_ring", 1, do_pread, NULL,
	  { USE("fd", TYPE_RING), ONE_OF("from", 1, 0, 8) } },
	{ "poll", 20, do_poll, NULL,
	  { USE("fd", TYPE_ENDPOINT), USE("other", TYPE_RING), EVENTS, MOMENT } },
	{ "epoll", 5, new_epoll, NULL,
	  { MAKE("out", TYPE_EPOLL) } },
	{ "epoll_ctl", 10, control_epoll, NULL,
	  { USE("epoll", TYPE_EPOLL),
	    ONE_OF("op", 4, EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD,
		   EPOLL_CTL_DEL),
	    USE("fd", TYPE_ENDPOINT), EVENTS } },
	{ "epoll_ring", 2, control_epoll, NULL,
	  { USE("epoll", TYPE_EPOLL), ONE_OF("op", 1, EPOLL_CTL_ADD),
	    USE("fd", TYPE_RING), EVENTS } },
	{ "epoll_nest", 1, control_epoll, NULL,
	  { USE("epoll", TYPE_EPOLL), ONE_OF("op", 1, EPOLL_CTL_ADD),
	    USE("fd", TYPE_EPOLL), EVENTS } },
	{ "epoll_wait", 10, wait_epoll, NULL,
	  { USE("epoll", TYPE_EPOLL), MOMENT } },
	{ "eventfd", 6, new_eventfd, NULL,
	  { ONE_OF("value", 2, 0, 1, 0xffffffff), MAKE("out", TYPE_EVENTFD) } },
	{ "pipe", 2, new_pipe, NULL,
	  { MAKE("from", TYPE_PIPE), MAKE("to", TYPE_PIPE) } },
	{ "dup", 6, do_dup, NULL,
	  { USE("fd", TYPE_RING), MAKE("out", TYPE_RING) } },
	{ "dup_endpoint", 4, do_dup, NULL,
	  { USE("fd", TYPE_ENDPOINT), MAKE("out", TYPE_ENDPOINT) } },
	{ "close", 4, do_close, NULL,
	  { USE("fd", TYPE_RING) } },
	{ "close_endpoint", 8, do_close, NULL,
	  { USE("fd", TYPE_ENDPOINT) } },
	{ "close_eventfd", 2, do_close, NULL,
	  { USE("fd", TYPE_EVENTFD) } },
	{ "set_flags", 3, set_flags, NULL,
	  { USE("fd", TYPE_ENDPOINT),
	    ONE_OF("flags", 2, 0, O_NONBLOCK, O_ASYNC, O_APPEND, O_DIRECT,
		   O_NOATIME) } },
	{ "other", 2, other, NULL,
	  { USE("fd", TYPE_ENDPOINT), ONE_OF("which", 7, 0, 1, 2, 3, 4, 5, 6) } },
	{ "splice", 2, do_splice, NULL,
	  { USE("from", TYPE_PIPE), USE("to", TYPE_ENDPOINT), LENGTH } },
	{ "splice_from", 1, do_splice, NULL,
	  { USE("from", TYPE_ENDPOINT), USE("to", TYPE_PIPE), LENGTH } },
	{ "send_fd", 5, send_fd, NULL,
	  { USE("fd", TYPE_RING) } },
	{ "send_endpoint", 5, send_fd, NULL,
	  { USE("fd", TYPE_ENDPOINT) } },
	{ "receive_fd", 5, receive_fd, NULL,
	  { MAKE("out", TYPE_RING) } },
	{ "receive_endpoint", 5, receive_fd, NULL,
	  { MAKE("out", TYPE_ENDPOINT) } },
	{ 0 },
};
