// SPDX-License-Identifier: MIT
/* What send and recv share. */
#include "stream.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd.h"
#include "interrupt.h"
#include "kernel.h"
#include "sysfs.h"

static void choose_framing(struct stream *s)
{
	uint32_t size = shmring_record_size(s->r);

	if (s->lines + s->raw + s->records > 1)
		refuse("--lines, --raw and --records: one of them");
	if (s->records && !size)
		refuse("--records: the records of %s have any length: use --raw or --lines",
		       s->address);
	s->framing = s->raw ? FRAMING_RAW : s->lines ? FRAMING_LINES :
		     size ? FRAMING_RECORDS : FRAMING_LINES;
}

/* The ring's memory was taken away: its owner evicted this side. */
static void on_sigbus(int sig)
{
	static const char text[] = "shmring: evicted: the ring's owner ended this role\n";
	ssize_t done = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)sig;
	(void)done;
	_exit(EXIT_FAILURE);
}

static bool has_lanes(const struct stream *s)
{
	struct shmring_info info = { .size = sizeof(info) };

	return !ioctl(shmring_ring_fd(s->r), SHMRING_IOC_INFO, &info) &&
	       info.max_producers > 1;
}

/* Who has the role already, where the module tells, and it is one. */
static int fail_attach(const struct stream *s, uint32_t role, int err)
{
	const char *name = args_dev_name(s->address);
	struct ring_info r = { 0 };
	char comm[FILE_LINE_MAX];
	uint32_t pid = 0;

	if (err == EBUSY && name &&
	    (role == SHMRING_ROLE_CONSUMER || !has_lanes(s)) &&
	    kernel_find(name, &r))
		pid = r.side[role - SHMRING_ROLE_PRODUCER].pid;
	ring_info_free(&r);
	if (pid)
		return fail("%s: pid %u (%s) is its %s: shmring evict %s %s ends that role",
			    s->address, pid, comm_of(pid, comm), role_word(role),
			    name, role_word(role));
	return fail("%s: %s", s->address, shmring_errmsg());
}

int stream_open(struct stream *s, int argc, char **argv,
		const struct poptOption *table, uint32_t role)
{
	const char *args[ARGS_MAX];
	uint64_t id;
	int err;

	args_parse(argc, argv, table, "NAME [OPTION...]", 1, 1, args);
	args_address(args[0], s->address);
	if (args_ring_id(s->address, &id))
		return fail("%s: a ring without a name is used through the descriptors that its creator passes on",
			    s->address);
	s->count = s->count_text ?
		   args_size("--count", s->count_text, 1, UINT64_MAX) :
		   UINT64_MAX;
	s->timeout_ns = s->timeout_text ?
			args_ns("--timeout", s->timeout_text) : -1;
	interrupt_catch();
	signal(SIGBUS, on_sigbus);
	s->r = shmring_open(s->address, SHMRING_ROLE_NONE, NULL);
	if (!s->r)
		return fail_library(errno);
	choose_framing(s);
	err = shmring_attach(s->r, role);
	if (err) {
		err = fail_attach(s, role, -err);
		shmring_close(s->r);
		return err;
	}
	s->epoch = shmring_epoch(s->r);
	s->met = shmring_peer(s->r) == SHMRING_STATE_ATTACHED;
	return 0;
}

/*
 * A peer of earlier days does not count: then this side came first, and waits
 * as it does for a FIFO's other end. This side's own role stays as it is, so
 * the epoch moves with the peer alone.
 */
static int next_peer(struct stream *s)
{
	if (s->met || shmring_epoch(s->r) != s->epoch) {
		s->met = true;
		if (!s->follow)
			return -EPIPE;
	}
	return shmring_wait_peer(s->r, s->timeout_ns);
}

int stream_wait(struct stream *s, size_t want)
{
	int err = interrupted() ? -EINTR :
				  shmring_wait(s->r, want, s->timeout_ns);

	if (err == -EPIPE)
		err = next_peer(s);
	/* Another signal, such as SIGCONT, is no reason to end. */
	return err == -EINTR && !interrupted() ? 0 : err;
}

size_t stream_record_max(const struct stream *s)
{
	uint64_t most = shmring_size(s->r) - sizeof(struct shmring_record);

	if (shmring_record_size(s->r))
		return shmring_record_size(s->r);
	return most < SHMRING_RECORD_MAX ? (size_t)most : SHMRING_RECORD_MAX;
}

int stream_close(struct stream *s, int err)
{
	int sig = interrupted();

	shmring_close(s->r);
	if (sig)
		return EXIT_SIGNAL + sig;
	switch (err) {
	case 0:
		return EXIT_SUCCESS;
	case -ETIMEDOUT:
	case -EAGAIN:
		fail("%s: nothing moved in %s s, after %llu records",
		     s->address, s->timeout_text, (unsigned long long)s->done);
		return EXIT_TIMEOUT;
	case -EBADMSG:
		return fail("%s: the ring is damaged: its positions or a record's header make no sense",
			    s->address);
	case -ECANCELED:	/* was said */
		return EXIT_FAILURE;
	default:
		return fail("%s: %s", s->address, strerror(-err));
	}
}
