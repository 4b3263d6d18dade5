// SPDX-License-Identifier: GPL-2.0-only
/* read(2) and write(2): one record each, so that cat and echo work. */
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

#define NOBODY 65534

FIXTURE(rw)
{
	char name[SHMRING_NAME_MAX];
	int in;
	int out;
};

FIXTURE_VARIANT(rw)
{
	__u32 record_size;
};

FIXTURE_VARIANT_ADD(rw, any_length)
{
	.record_size = 0,
};

FIXTURE_VARIANT_ADD(rw, fixed)
{
	.record_size = 48,
};

FIXTURE_SETUP(rw)
{
	const char *why = unusable();

	if (why)
		SKIP(return, "%s", why);
	ring_name(self->name);
	ASSERT_EQ(0, ring_create(self->name, page_size(),
				 variant->record_size));
	self->in = ring_open(self->name, O_WRONLY);
	self->out = ring_open(self->name, O_RDONLY);
	ASSERT_LE(0, self->in);
	ASSERT_LE(0, self->out);
}

FIXTURE_TEARDOWN(rw)
{
	close(self->in);
	close(self->out);
	EXPECT_EQ(0, ring_destroy(self->name));
}

static ssize_t put(int fd, const void *from, size_t bytes)
{
	ssize_t ret = write(fd, from, bytes);

	return ret < 0 ? -errno : ret;
}

static ssize_t take(int fd, void *to, size_t bytes)
{
	ssize_t ret = read(fd, to, bytes);

	return ret < 0 ? -errno : ret;
}

/* How often its sides have gone to sleep, by what the module counts. */
static long long waits_of(const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/class/shmring/%s/waits", name);
	return number_of(path, "");
}

TEST_F_TIMEOUT(rw, inv2_stream, HANG)
{
	struct endpoint shape = { .record_size = variant->record_size };
	unsigned char record[256];
	__u64 seq, count = 20000;
	ssize_t len;
	pid_t pid;

	pid = spawn(1);
	if (!pid) {
		close(self->out);
		for (seq = 0; seq < count; seq++) {
			len = record_fill(record, &shape, seq);
			CHILD_ASSERT(put(self->in, record, len) == len);
		}
		_exit(0);
	}
	close(self->in);
	self->in = -1;
	pin(0);
	for (seq = 0; seq < count; seq++) {
		len = take(self->out, record, sizeof(record));
		ASSERT_LT(0, len);
		ASSERT_TRUE(record_matches(record, len, &shape, seq));
	}
	EXPECT_EQ(0, reap(pid));
	/* Its producer is gone: end of file, again and again. */
	EXPECT_EQ(0, take(self->out, record, sizeof(record)));
	EXPECT_EQ(0, take(self->out, record, sizeof(record)));
}

TEST_F(rw, inv2_what_the_dead_wrote)
{
	char record[48] = "last words";

	ASSERT_EQ(48, put(self->in, record, 48));
	ASSERT_EQ(48, put(self->in, record, 48));
	close(self->in);
	self->in = -1;
	EXPECT_EQ(48, take(self->out, record, 48));
	EXPECT_STREQ("last words", record);
	EXPECT_EQ(48, take(self->out, record, 48));
	EXPECT_EQ(0, take(self->out, record, 48));
}

TEST_F(rw, inv9_nonblock)
{
	char record[48] = "";
	int n, i;

	set_nonblock(self->in, true);
	set_nonblock(self->out, true);
	EXPECT_EQ(-EAGAIN, take(self->out, record, 48));
	for (n = 0; n < 1000; n++) {
		record[0] = n;
		if (put(self->in, record, 48) != 48)
			break;
	}
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(page_size() / (variant->record_size ?: 48 + 8), n);
	EXPECT_EQ(-EAGAIN, put(self->in, record, 48));
	for (i = 0; i < n; i++) {
		ASSERT_EQ(48, take(self->out, record, 48));
		ASSERT_EQ((char)i, record[0]);
	}
	EXPECT_EQ(-EAGAIN, take(self->out, record, 48));
}

TEST_F(rw, inv9_short_buffer_leaves_the_record)
{
	char record[48] = "still here", other[100];

	set_nonblock(self->out, true);
	ASSERT_EQ(48, put(self->in, record, 48));
	EXPECT_EQ(-EMSGSIZE, take(self->out, other, 47));
	EXPECT_EQ(-EMSGSIZE, take(self->out, other, 1));
	EXPECT_EQ(48, take(self->out, other, sizeof(other)));
	EXPECT_STREQ(record, other);
}

TEST_F(rw, inv9_write_of_a_wrong_size)
{
	static char big[2 * 65536];
	size_t largest = page_size() - sizeof(struct shmring_record);

	set_nonblock(self->in, true);
	set_nonblock(self->out, true);
	EXPECT_EQ(-EMSGSIZE, put(self->in, big, page_size() + 1));
	EXPECT_EQ(-EMSGSIZE, put(self->in, big, sizeof(big)));
	if (variant->record_size) {
		EXPECT_EQ(-EMSGSIZE, put(self->in, big, 47));
		EXPECT_EQ(-EMSGSIZE, put(self->in, big, 49));
		EXPECT_EQ(-EMSGSIZE, put(self->in, big, 96));
	} else {
		EXPECT_EQ(-EMSGSIZE, put(self->in, big, largest + 1));
		EXPECT_EQ(largest, put(self->in, big, largest));
		EXPECT_EQ(largest, take(self->out, big, sizeof(big)));
	}
	EXPECT_EQ(-EAGAIN, take(self->out, big, sizeof(big)));
}

TEST_F(rw, inv9_bad_buffer_moves_nothing)
{
	char record[48] = "kept", *half = shared_memory(2 * page_size());

	char *none;

	ASSERT_TRUE(!!half);
	none = half + page_size();
	ASSERT_EQ(0, mprotect(none, page_size(), PROT_NONE));
	half = none - 8;
	set_nonblock(self->in, true);
	set_nonblock(self->out, true);
	EXPECT_EQ(-EFAULT, put(self->in, none, 48));
	EXPECT_EQ(-EFAULT, put(self->in, half, 48));
	EXPECT_EQ(-EAGAIN, take(self->out, record, 48));
	ASSERT_EQ(48, put(self->in, record, 48));
	EXPECT_EQ(-EFAULT, take(self->out, none, 48));
	EXPECT_EQ(-EFAULT, take(self->out, half, 48));
	memset(record, 0, sizeof(record));
	EXPECT_EQ(48, take(self->out, record, 48));
	EXPECT_STREQ("kept", record);
}

TEST_F(rw, inv9_roles)
{
	int second = ring_open(self->name, O_RDWR | O_NONBLOCK);
	char record[48] = "";

	ASSERT_LE(0, second);
	ASSERT_EQ(48, put(self->in, record, 48));
	ASSERT_EQ(48, take(self->out, record, 48));
	EXPECT_EQ(-EBUSY, put(second, record, 48));
	EXPECT_EQ(-EBUSY, take(second, record, 48));
	close(self->in);
	EXPECT_EQ(48, put(second, record, 48));
	EXPECT_EQ(-EISCONN, take(second, record, 48));
	close(self->out);
	self->out = second;
	self->in = ring_open(self->name, O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, self->in);
	EXPECT_EQ(48, take(self->in, record, 48));
	EXPECT_EQ(-EISCONN, put(self->in, record, 48));
}

TEST_F(rw, inv3_epipe)
{
	char record[48] = "";
	int n = 0;

	set_nonblock(self->out, true);
	EXPECT_EQ(-EAGAIN, take(self->out, record, 48));
	ASSERT_EQ(48, put(self->in, record, 48));
	close(self->out);
	self->out = -1;
	/* Until it is full, the next consumer will want them. */
	while (put(self->in, record, 48) == 48)
		n++;
	EXPECT_EQ(EPIPE, errno);
	EXPECT_EQ(page_size() / (variant->record_size ?: 48 + 8), n + 1);
	EXPECT_EQ(-EPIPE, put(self->in, record, 48));
	self->out = ring_open(self->name, O_RDONLY);
	for (n++; n > 0; n--)
		ASSERT_EQ(48, take(self->out, record, 48));
	EXPECT_EQ(48, put(self->in, record, 48));
}

TEST_F(rw, zero_length)
{
	char record[48];

	set_nonblock(self->in, true);
	set_nonblock(self->out, true);
	EXPECT_EQ(0, put(self->in, record, 0));
	EXPECT_EQ(-EAGAIN, take(self->out, record, 48));
	ASSERT_EQ(48, put(self->in, record, 48));
	EXPECT_EQ(-EMSGSIZE, take(self->out, record, 0));
	EXPECT_EQ(48, take(self->out, record, 48));
}

static void on_alarm(int signal)
{
	(void)signal;
}

TEST_F(rw, inv9_eintr)
{
	struct itimerval tick = { { 0, 1000 }, { 0, 1000 } }, none = {};
	struct sigaction action = { .sa_handler = on_alarm };
	char record[48] = "";

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &tick, NULL);
	EXPECT_EQ(-EINTR, take(self->out, record, 48));
	set_nonblock(self->in, true);
	while (put(self->in, record, 48) == 48)
		;
	fcntl(self->in, F_SETFL, O_WRONLY);
	EXPECT_EQ(-EINTR, put(self->in, record, 48));
	setitimer(ITIMER_REAL, &none, NULL);
}

/*
 * Without a peer that ever was, a reader waits for one: it sleeps, before there
 * is a record.
 */
TEST_F(rw, inv1_read_waits_for_the_first_producer)
{
	char record[48] = "";
	pid_t pid = spawn(1);

	if (!pid) {
		CHILD_ASSERT(take(self->out, record, 48) == 48);
		_exit(0);
	}
	while (waits_of(self->name) < 1 || !is_asleep(pid)) {
		ASSERT_EQ(0, waitpid(pid, NULL, WNOHANG)) {
			TH_LOG("it read without waiting");
		}
		relax();
	}
	EXPECT_EQ(48, put(self->in, record, 48));
	EXPECT_EQ(0, reap(pid));
}

/* What nobody can tell from the end is not told: an empty record is passed. */
TEST_F(rw, inv2_records_of_no_bytes_are_passed_over)
{
	struct endpoint producer;
	char record[48] = "full";

	if (variant->record_size)
		SKIP(return, "no record of this ring is empty");
	ASSERT_EQ(0, endpoint_open(&producer, self->name,
				   SHMRING_ROLE_PRODUCER));
	/* Headers of zeros: two records without bytes, then one with some. */
	*(struct shmring_record *)(producer.data + 16) =
		(struct shmring_record) { .len = 5 };
	memcpy(producer.data + 24, record, 5);
	endpoint_move(&producer, 32);
	set_nonblock(self->out, true);
	EXPECT_EQ(5, take(self->out, record, 48));
	EXPECT_STREQ("full", record);
	EXPECT_EQ(-EAGAIN, take(self->out, record, 48));
	/* Nor does one end a wait: what comes then is the end itself. */
	memset(producer.data + 32, 0, 8);
	endpoint_move(&producer, 8);
	EXPECT_EQ(-EAGAIN, take(self->out, record, 48));
	EXPECT_EQ(40, producer.peer->pos);
	endpoint_close(&producer);
	EXPECT_EQ(0, take(self->out, record, 48));
}

/* A record is what one call puts in, in however many pieces. */
TEST_F(rw, inv2_writev_is_one_record)
{
	char head[8] = "head", rest[40] = "payload", got[64] = "";
	struct iovec put_iov[] = { { head, 8 }, { rest, 40 } };
	struct iovec take_iov[] = { { got, 3 }, { got + 3, 61 } };
	struct iovec none[] = { { head, 0 }, { rest, 0 } };

	set_nonblock(self->out, true);
	ASSERT_EQ(48, writev(self->in, put_iov, 2));
	ASSERT_EQ(0, writev(self->in, none, 2));
	ASSERT_EQ(48, readv(self->out, take_iov, 2));
	EXPECT_STREQ("head", got);
	EXPECT_STREQ("payload", got + 8);
	EXPECT_EQ(-EAGAIN, take(self->out, got, 48));
	/* Of a record too large for all the pieces nothing is taken. */
	ASSERT_EQ(48, put(self->in, got, 48));
	take_iov[1].iov_len = 44;
	EXPECT_EQ(-1, readv(self->out, take_iov, 2));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(48, take(self->out, got, 48));
}

/* What the node's mode allows is what its opener may be. */
TEST_F(rw, inv5_reading_takes_no_right_to_write)
{
	char record[48] = "";

	EXPECT_EQ(-EBADF, put(self->out, record, 48));
	EXPECT_EQ(-EBADF, take(self->in, record, 48));
	EXPECT_EQ(-EACCES, ring_attach(self->out, SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(-EACCES, ring_attach(self->in, SHMRING_ROLE_CONSUMER));
}

/* Those who may only read the node consume, by either way, and do no more. */
TEST_F(rw, inv5_a_mode_for_consumers)
{
	char record[48] = "for all", path[64];
	int ring;
	pid_t pid;

	ring_path(path, self->name);
	ASSERT_EQ(0, chmod(path, 0644));
	ASSERT_EQ(48, put(self->in, record, 48));
	pid = spawn(0);
	if (!pid) {
		CHILD_ASSERT(!setgid(NOBODY) && !setuid(NOBODY));
		CHILD_ASSERT(ring_open(self->name, O_RDWR) == -EACCES);
		CHILD_ASSERT(ring_open(self->name, O_WRONLY) == -EACCES);
		ring = ring_open(self->name, O_RDONLY);
		CHILD_ASSERT(ring >= 0);
		CHILD_ASSERT(take(ring, record, 48) == 48);
		close(ring);
		ring = ring_open(self->name, O_RDONLY);
		CHILD_ASSERT(ring_attach(ring, SHMRING_ROLE_PRODUCER) ==
			     -EACCES);
		CHILD_ASSERT(ring_attach(ring, SHMRING_ROLE_CONSUMER) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F(rw, cat_and_echo)
{
	char path[64], command[256];

	if (variant->record_size)
		SKIP(return, "lines have any length");
	ring_path(path, self->name);
	snprintf(command, sizeof(command),
		 "(echo one; echo two three) >%s; test \"$(cat %s)\" = 'one\ntwo three'",
		 path, path);
	EXPECT_EQ(0, system(command));
}

TEST_HARNESS_MAIN
