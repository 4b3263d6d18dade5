// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints: what they are called, what their fields are called, and what
 * they say of one record that a sleeping consumer got.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

#define RECORD_CMD	TRACEFS "/options/record-cmd"
#define INSTANCE	TRACEFS "/instances/shmring-test"
#define EVENTS		TRACEFS "/events/shmring"

FIXTURE(trace)
{
	char name[SHMRING_NAME_MAX];
};

FIXTURE_SETUP(trace)
{
	const char *why = unusable();
	char *record;

	if (why)
		SKIP(return, "%s", why);
	/* EBUSY: it is mounted. */
	mount("tracefs", TRACEFS, "tracefs", 0, NULL);
	if (access(EVENTS, X_OK))
		SKIP(return, "no tracefs, or a kernel without tracepoints");
	ring_name(self->name);
	/*
	 * Names of programs would come from events of the scheduler, whose code
	 * changes for them. An instance has the option as it is when made.
	 */
	record = file_text(RECORD_CMD);
	ASSERT_EQ(0, write_file(RECORD_CMD, "0"));
	ASSERT_EQ(0, mkdir(INSTANCE, 0700));
	ASSERT_EQ(0, write_file(RECORD_CMD, record));
	free(record);
	ASSERT_EQ(0, write_file(INSTANCE "/events/shmring/enable", "1"));
}

FIXTURE_TEARDOWN(trace)
{
	EXPECT_EQ(0, write_file(INSTANCE "/events/shmring/enable", "0"));
	EXPECT_EQ(0, rmdir(INSTANCE));
	if (ring_exists(self->name))
		EXPECT_EQ(0, ring_destroy(self->name));
}

/* The event @name has exactly the fields of @want, in that order. */
static bool has_fields(const char *name, const char *want)
{
	char path[128], found[256] = "", field[64];
	char *format, *at;

	snprintf(path, sizeof(path), EVENTS "/%s/format", name);
	format = file_text(path);
	/* Those of all events come first, and end with an empty line. */
	at = strstr(format, "\n\n");
	while (at && (at = strstr(at, "field:"))) {
		at = strchr(at, ';');
		while (*at != ' ')
			at--;
		if (sscanf(at, " %63[^[;]", field) == 1)
			strcat(strcat(found, field), " ");
		at = strchr(at, '\n');
	}
	free(format);
	if (!strcmp(found, want))
		return true;
	fprintf(stderr, "# %s has: %s\n", name, found);
	return false;
}

TEST_F(trace, names_of_events_and_fields_stay)
{
	EXPECT_TRUE(has_fields("shmring_create", "id name size record_size node "));
	EXPECT_TRUE(has_fields("shmring_destroy", "id name size record_size node "));
	EXPECT_TRUE(has_fields("shmring_attach", "id name role pid "));
	EXPECT_TRUE(has_fields("shmring_detach", "id name role pid killed "));
	EXPECT_TRUE(has_fields("shmring_wait", "id name role want "));
	EXPECT_TRUE(has_fields("shmring_wake", "id name role "));
	EXPECT_TRUE(has_fields("shmring_kick", "id name role "));
	EXPECT_TRUE(has_fields("shmring_eventfd", "id name role "));
}

/* Where @text comes in the trace, after @from; NULL if it does not. */
static const char *next(const char *from, const char *event, const char *name,
			const char *rest)
{
	char want[160];
	const char *at;

	for (at = from; at && *at; at = strchr(at, '\n'), at += !!at) {
		snprintf(want, sizeof(want), " %s: id=", event);
		at = strstr(at, want);
		if (!at)
			return NULL;
		snprintf(want, sizeof(want), "name=%s %s", name, rest);
		at = strchr(at, '=');
		if (!strncmp(at + 1 + strspn(at + 1, "0123456789") + 1, want,
			     strlen(want)))
			return at;
	}
	return NULL;
}

/* In the kernel, and off its CPU: whatever comes now has to wake it. */
static bool is_off_its_cpu(pid_t pid)
{
	char path[64], wchan[64] = "0";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
	file = fopen(path, "r");
	if (file) {
		if (!fgets(wchan, sizeof(wchan), file))
			wchan[0] = '0';
		fclose(file);
	}
	return strcmp(wchan, "0");
}

#define EXPECT_NEXT(event, rest) do {					\
	at = next(at, event, self->name, rest);				\
	ASSERT_NE(NULL, at);						\
} while (0)

/* One record, by read() and write(): who comes, sleeps, is woken, and goes. */
TEST_F(trace, a_rings_life_is_told_in_order)
{
	char attached[64], geometry[64], *trace, byte;
	__u32 events;
	const char *at, *kick;
	pid_t pid;
	int fd;

	ASSERT_EQ(0, ring_create(self->name, page_size(), 1));
	fd = ring_open_as(self->name, SHMRING_ROLE_PRODUCER);
	ASSERT_LE(0, fd);
	pid = fork();
	if (!pid) {
		close(fd);
		fd = ring_open_as(self->name, SHMRING_ROLE_CONSUMER);
		CHILD_ASSERT(fd >= 0);
		CHILD_ASSERT(ring_eventfd(fd, eventfd(0, EFD_CLOEXEC)) == 0);
		CHILD_ASSERT(read(fd, &byte, 1) == 1);
		for (;;)
			pause();
	}
	do {
		trace = file_text(INSTANCE "/trace");
		at = next(trace, "shmring_wait", self->name, "role=consumer want=0");
		free(trace);
	} while (!at || !is_off_its_cpu(pid));
	ASSERT_EQ(1, write(fd, "x", 1));
	ASSERT_EQ(0, ring_wait(fd, 0, page_size(), -1, &events));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
	ASSERT_EQ(0, ring_destroy(self->name));

	trace = file_text(INSTANCE "/trace");
	at = trace;
	snprintf(geometry, sizeof(geometry), "size=%zu record_size=1 node=-1\n",
		 page_size());
	EXPECT_NEXT("shmring_create", geometry);
	snprintf(attached, sizeof(attached), "role=producer pid=%d\n",
		 getpid());
	EXPECT_NEXT("shmring_attach", attached);
	snprintf(attached, sizeof(attached), "role=consumer pid=%d\n", pid);
	EXPECT_NEXT("shmring_attach", attached);
	EXPECT_NEXT("shmring_wait", "role=consumer want=0\n");
	EXPECT_NEXT("shmring_kick", "role=consumer\n");
	/* Whom it wakes can be quicker than the eventfd. */
	kick = at;
	EXPECT_NEXT("shmring_eventfd", "role=consumer\n");
	at = kick;
	EXPECT_NEXT("shmring_wake", "role=consumer\n");
	snprintf(attached, sizeof(attached), "role=consumer pid=%d killed=1\n",
		 pid);
	EXPECT_NEXT("shmring_detach", attached);
	snprintf(attached, sizeof(attached), "role=producer pid=%d killed=0\n",
		 getpid());
	EXPECT_NEXT("shmring_detach", attached);
	EXPECT_NEXT("shmring_destroy", geometry);
	free(trace);
}

TEST_HARNESS_MAIN
