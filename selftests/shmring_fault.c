// SPDX-License-Identifier: GPL-2.0-only
/* Faults, one after the other: see shmring_fault.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <netlink/genl/genl.h>

#include "shmring_fault.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define MOST_FAULTS	5000	/* of one call: something goes round in circles */

const int no_error[] = { 0 };
const int bad_copy[] = { EFAULT, 0 };
const int no_memory[] = { ENOMEM, EFAULT, 0 };

static int nth_fd = -1;

int faults_of(unsigned long start, unsigned long end)
{
	static const char *const kinds[] = {
		"failslab", "fail_page_alloc", "fail_usercopy", NULL,
	};
	char path[64], from[32], to[32];
	unsigned int i;
	int err = 0;

	snprintf(from, sizeof(from), "%#lx", start);
	snprintf(to, sizeof(to), "%#lx", end);
	for (i = 0; !err && kinds[i]; i++) {
		snprintf(path, sizeof(path), DEBUGFS "%s/require-start", kinds[i]);
		err = write_file(path, from);
		snprintf(path, sizeof(path), DEBUGFS "%s/require-end", kinds[i]);
		err = err ?: write_file(path, to);
	}
	return err;
}

/* Every kind of fault, also where the caller may wait; nothing in the log. */
const char *faults_unusable(void)
{
	static const struct {
		const char *file;
		const char *value;
	} knobs[] = {
		{ DEBUGFS "failslab/ignore-gfp-wait", "N" },
		{ DEBUGFS "failslab/verbose", "0" },
		{ DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N" },
		{ DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ DEBUGFS "fail_page_alloc/min-order", "0" },
		{ DEBUGFS "fail_page_alloc/verbose", "0" },
		{ DEBUGFS "fail_usercopy/verbose", "0" },
		{ NULL, NULL },
	};
	unsigned int i;

	for (i = 0; knobs[i].file; i++)
		if (write_file(knobs[i].file, knobs[i].value))
			return "no fault injection in this kernel: see config";
	/* A kernel that cannot tell where one comes from has all. */
	faults_of(0, ULONG_MAX);
	nth_fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	return nth_fd < 0 ? "no " FAIL_NTH : NULL;
}

void arm(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	/* 0: the copy of this very text may be what fails. */
	while (pwrite(nth_fd, text, len, 0) != len)
		;
}

unsigned int disarm(void)
{
	char text[16] = "";
	unsigned int left = 1;

	/* Where this copy is what fails, one was left. */
	if (pread(nth_fd, text, sizeof(text) - 1, 0) > 0)
		left = strtoul(text, NULL, 10);
	arm(0);
	return left;
}

/* Whether the listener got the event, or was told that some were lost. */
static bool told(struct world *w, int cmd)
{
	int fd = nl_socket_get_fd(w->listener.sk);
	unsigned char buf[8192];
	bool yes = false;
	ssize_t n;

	do {
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n > 0 && genlmsg_hdr((struct nlmsghdr *)buf)->cmd == cmd)
			yes = true;
		if (n < 0 && errno == ENOBUFS)
			yes = true;
	} while (n > 0 || errno == ENOBUFS);
	return yes;
}

static int run_with_fault(struct world *w, const struct call *call,
			  unsigned int nth, bool *hit)
{
	int ret;

	if (call->prepare)
		call->prepare(w);
	told(w, 0);
	arm(nth);
	ret = call->run(w);
	*hit = !disarm();
	return ret;
}

/* Says what was wrong. */
static bool holds(bool promise, const char *what, unsigned int nth,
		  const char *but)
{
	if (!promise)
		fprintf(stderr, "# %s: %s with fault %u\n", what, but, nth);
	return promise;
}

static bool fail_once(struct world *w, const struct call *call,
		      const char *what, unsigned int nth, bool *hit,
		      bool *failed)
{
	int ret = run_with_fault(w, call, nth, hit);
	bool ok = true;

	*failed = ret != call->works;
	if (*failed) {
		ok = holds(*hit, what, nth, "fails by itself") &&
		     holds(documented(ret, call->errors), what, nth,
			   "another errno");
		told(w, 0);
		if (!holds(call->run(w) == call->works, what, nth,
			   "the next try fails"))
			return false;
	}
	if (call->news)
		ok &= holds(told(w, call->news), what, nth, "no news");
	if (call->check)
		ok &= holds(call->check(w), what, nth, "not done");
	if (call->undo)
		call->undo(w);
	return ok;
}

bool fail_each(struct world *w, const struct call *call, const char *what)
{
	unsigned int nth, errors = 0;
	bool hit = true, ok = true, failed;

	/* Once without: what is only there from the second time on is there. */
	run_with_fault(w, call, 0, &failed);
	if (call->undo)
		call->undo(w);
	for (nth = 0; ok && hit && nth < MOST_FAULTS; errors += failed)
		ok = fail_once(w, call, what, ++nth, &hit, &failed);
	nth -= !hit;
	fprintf(stderr, "# %s: %u faults injected, %u of them failed it\n",
		what, nth, errors);
	return ok && nth < MOST_FAULTS &&
	       holds(nth >= call->least, what, nth, "too few: the last was");
}

bool world_open(struct world *w)
{
	ring_name(w->name);
	ring_path(w->path, w->name);
	w->fd = -1;
	w->peer = -1;
	w->other = -1;
	w->ctl = open(SHMRING_CTL_PATH, O_RDWR | O_CLOEXEC);
	/* A page fault would allocate, too. */
	return w->ctl >= 0 && !client_open(&w->listener) &&
	       !client_join(&w->listener) && !mlockall(MCL_CURRENT);
}

void world_close(struct world *w)
{
	close(w->ctl);
	client_close(&w->listener);
}

int run_close(struct world *w)
{
	return close(w->fd) ? -errno : 0;
}

int lines_with(const char *path, const char *text)
{
	FILE *file = fopen(path, "r");
	char line[512];
	int n = 0;

	while (file && fgets(line, sizeof(line), file))
		n += !!strstr(line, text);
	if (file)
		fclose(file);
	return n;
}

static int entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int n = 0;

	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

bool nothing_left(void)
{
	const struct {
		const char *what;
		int found;
		int expected;
	} left[] = {
		{ "rings in sysfs", entries("/sys/class/shmring"), 0 },
		{ "nodes but ctl", entries(SHMRING_DEV_DIR), 1 },
		{ "lines of /proc/shmring", lines_with("/proc/shmring", ""), 1 },
		{ "mappings of the kernel",
		  lines_with("/proc/vmallocinfo", "[shmring] vmap"), 0 },
		{ "users of the module", module_users(), 0 },
	};
	bool ok = true;
	unsigned int i;

	for (i = 0; i < sizeof(left) / sizeof(*left); i++) {
		if (left[i].found == left[i].expected)
			continue;
		fprintf(stderr, "# %s: %d, expected %d\n", left[i].what,
			left[i].found, left[i].expected);
		ok = false;
	}
	return ok;
}
