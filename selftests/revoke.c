// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariants 3 and 5: when a role ends, it ends. Whatever its holder kept, a
 * mapping, a thread in a call, a child, a system call half done, writes nothing
 * and waits for nothing any more; its peer is told, and the role is free.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "kselftest_harness.h"
#include "shmring_test.h"

#define RECORD 64

FIXTURE(revoke)
{
	char name[SHMRING_NAME_MAX];
	struct endpoint producer;
	struct endpoint consumer;
};

FIXTURE_SETUP(revoke)
{
	const char *why = unusable();

	if (why)
		SKIP(return, "%s", why);
	ring_name(self->name);
	ASSERT_EQ(0, ring_create(self->name, 4 * page_size(), RECORD));
	ASSERT_EQ(0, endpoint_open(&self->producer, self->name,
				   SHMRING_ROLE_PRODUCER));
	ASSERT_EQ(0, endpoint_open(&self->consumer, self->name,
				   SHMRING_ROLE_CONSUMER));
}

FIXTURE_TEARDOWN(revoke)
{
	endpoint_close(&self->producer);
	endpoint_close(&self->consumer);
	EXPECT_EQ(0, ring_destroy(self->name));
}

/* The signal that an access gets, or 0. In whichever thread. */
static __thread sigjmp_buf back;

static void jump_back(int signal)
{
	siglongjmp(back, signal);
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = jump_back };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

static int signal_of_read(const void *at)
{
	int signal = sigsetjmp(back, 1);

	if (!signal)
		(void)READ_ONCE(*(const char *)at);
	return signal;
}

static int signal_of_write(void *at)
{
	int signal = sigsetjmp(back, 1);

	if (!signal)
		WRITE_ONCE(*(char *)at, 1);
	return signal;
}

/* Nothing of it works any more, and it says so. */
static void expect_ended(struct __test_metadata *_metadata,
			 const struct endpoint *ep)
{
	char record[RECORD] = "";
	__u32 events;

	EXPECT_EQ(-ENOTCONN, ring_ioctl(ep->fd, SHMRING_IOC_KICK, NULL));
	EXPECT_EQ(-ENOTCONN, ring_wait(ep->fd, 0, 0, 0, &events));
	EXPECT_EQ(-ENOTCONN, ring_wait(ep->fd, SHMRING_WAIT_PEER, 0, -1,
				       &events));
	EXPECT_EQ(-ENOTCONN, ring_eventfd(ep->fd, -1));
	EXPECT_EQ(-1, ep->role == SHMRING_ROLE_PRODUCER ?
		  write(ep->fd, record, RECORD) : read(ep->fd, record, RECORD));
	EXPECT_EQ(ENOTCONN, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, page_size(), PROT_READ, MAP_SHARED,
				   ep->fd, 0));
	EXPECT_EQ(ENOTCONN, errno);
	EXPECT_EQ(POLLERR | POLLHUP, polled(ep->fd) & (POLLERR | POLLHUP));
}

static void expect_no_memory(struct __test_metadata *_metadata,
			     const struct endpoint *ep)
{
	catch_signals();
	EXPECT_EQ(SIGBUS, signal_of_read(ep->info));
	EXPECT_EQ(SIGBUS, signal_of_read(ep->ctl));
	EXPECT_EQ(SIGBUS, signal_of_read(ep->peer_ctl));
	EXPECT_EQ(SIGBUS, signal_of_read(ep->data));
	EXPECT_EQ(SIGBUS, signal_of_read(ep->data + ep->ring_bytes));
	EXPECT_EQ(SIGBUS, signal_of_write(ep->ctl));
	if (ep->role == SHMRING_ROLE_PRODUCER)
		EXPECT_EQ(SIGBUS, signal_of_write(ep->data));
}

static int state_of_producer(const struct endpoint *consumer)
{
	return READ_ONCE(consumer->info->state[0]);
}

TEST_F(revoke, inv5_evicted)
{
	struct endpoint *p = &self->producer, *c = &self->consumer, next;
	__u32 events;

	endpoint_move(p, endpoint_fill(p, 0));
	ASSERT_EQ(0, ring_evict(self->name, SHMRING_ROLE_PRODUCER));
	expect_ended(_metadata, p);
	expect_no_memory(_metadata, p);
	EXPECT_EQ(-ENOTCONN, ring_evict(self->name, SHMRING_ROLE_PRODUCER));

	/* What it published is there, and that it left is told. */
	EXPECT_EQ(SHMRING_STATE_GONE, state_of_producer(c));
	EXPECT_EQ(0, ring_wait(c->fd, 0, 0, SHMRING_WAIT_FOREVER, &events));
	EXPECT_EQ(SHMRING_EVENT_READY | SHMRING_EVENT_HUP, events);
	EXPECT_EQ(RECORD, endpoint_check(c, 0));

	/* Who comes next has it for itself. */
	ASSERT_EQ(0, endpoint_open(&next, self->name, SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(RECORD, next.mine->pos);
	expect_ended(_metadata, p);
	expect_no_memory(_metadata, p);
	endpoint_close(p);
	EXPECT_EQ(SHMRING_STATE_ATTACHED, state_of_producer(c));
	EXPECT_EQ(0, ring_ioctl(next.fd, SHMRING_IOC_KICK, NULL));
	endpoint_close(&next);
}

TEST_F(revoke, inv5_consumer_evicted)
{
	ASSERT_EQ(0, ring_evict(self->name, SHMRING_ROLE_CONSUMER));
	expect_ended(_metadata, &self->consumer);
	expect_no_memory(_metadata, &self->consumer);
	EXPECT_EQ(POLLOUT | POLLHUP | POLLERR, polled(self->producer.fd));
	endpoint_close(&self->consumer);
	ASSERT_EQ(0, endpoint_open(&self->consumer, self->name,
				   SHMRING_ROLE_CONSUMER));
	EXPECT_EQ(POLLOUT, polled(self->producer.fd));
}

/* Never mapped, it has nothing to lose but its descriptor. */
TEST_F(revoke, inv5_unmapped_evicted)
{
	int fd;

	endpoint_close(&self->producer);
	fd = ring_open_as(self->name, SHMRING_ROLE_PRODUCER);
	ASSERT_LE(0, fd);
	EXPECT_EQ(SHMRING_STATE_ATTACHED, state_of_producer(&self->consumer));
	ASSERT_EQ(0, ring_evict(self->name, SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(-ENOTCONN, ring_ioctl(fd, SHMRING_IOC_KICK, NULL));
	close(fd);
	fd = ring_open_as(self->name, SHMRING_ROLE_PRODUCER);
	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_EQ(SHMRING_STATE_GONE, state_of_producer(&self->consumer));
}

/*
 * The last writable mapping: the role stays with any page of one, and goes with
 * the last, while the descriptor is open and the rest is mapped.
 */
TEST_F(revoke, inv5_last_writable_mapping)
{
	struct endpoint *p = &self->producer, *c = &self->consumer;
	size_t page = page_size();

	ASSERT_EQ(0, munmap(p->ctl, page));
	EXPECT_EQ(SHMRING_STATE_ATTACHED, state_of_producer(c));
	EXPECT_EQ(-EBUSY, ring_open_as(self->name, SHMRING_ROLE_PRODUCER));
	p->data[page] = 'x';
	EXPECT_EQ('x', c->data[page]);
	/* Holes in the data leave parts of it. */
	ASSERT_EQ(0, munmap(p->data, page));
	ASSERT_EQ(0, munmap(p->data + 2 * page, p->data_bytes - 2 * page));
	EXPECT_EQ(SHMRING_STATE_ATTACHED, state_of_producer(c));
	p->data[page] = 'y';
	EXPECT_EQ('y', c->data[page]);
	EXPECT_EQ(0, ring_ioctl(p->fd, SHMRING_IOC_KICK, NULL));

	ASSERT_EQ(0, munmap(p->data + page, page));
	EXPECT_EQ(SHMRING_STATE_GONE, state_of_producer(c));
	expect_ended(_metadata, p);
	catch_signals();
	EXPECT_EQ(SIGBUS, signal_of_read(p->info));
	EXPECT_EQ(SIGBUS, signal_of_read(p->peer_ctl));
	munmap((void *)p->info, page);
	munmap((void *)p->peer_ctl, page);
	p->info = NULL;
	p->ctl = NULL;
	p->peer_ctl = NULL;
	p->data = NULL;
}

/* To make it unwritable gives nothing up: it may be made writable again. */
TEST_F(revoke, inv5_mprotect_keeps_the_role)
{
	struct endpoint *p = &self->producer, *c = &self->consumer;
	size_t page = page_size();
	char *to;

	ASSERT_EQ(0, mprotect(p->ctl, page, PROT_NONE));
	ASSERT_EQ(0, mprotect(p->data, p->data_bytes, PROT_READ));
	ASSERT_EQ(0, mprotect(p->data + page, page, PROT_NONE));
	EXPECT_EQ(SHMRING_STATE_ATTACHED, state_of_producer(c));
	ASSERT_EQ(0, mprotect(p->data, p->data_bytes, PROT_READ | PROT_WRITE));
	ASSERT_EQ(0, mprotect(p->ctl, page, PROT_READ | PROT_WRITE));
	endpoint_move(p, endpoint_fill(p, 1));
	EXPECT_EQ(RECORD, endpoint_check(c, 1));

	/* Where it is moved to, it is the same. */
	to = mremap(p->ctl, page, page, MREMAP_MAYMOVE | MREMAP_FIXED,
		    shared_memory(page));
	ASSERT_NE(MAP_FAILED, to);
	p->ctl = (void *)to;
	p->mine = p->ctl->cursor;
	EXPECT_EQ(SHMRING_STATE_ATTACHED, state_of_producer(c));
	EXPECT_EQ(RECORD, p->mine->pos);
	/* A second one of the same holds it as well. */
	ASSERT_EQ(0, munmap(p->data, p->data_bytes));
	EXPECT_EQ(SHMRING_STATE_ATTACHED, state_of_producer(c));
	ASSERT_EQ(0, munmap(p->ctl, page));
	p->data = NULL;
	p->ctl = NULL;
	EXPECT_EQ(SHMRING_STATE_GONE, state_of_producer(c));
}

/* What fork() must not give away, advice does not give either. */
TEST_F(revoke, inv5_no_dofork)
{
	struct endpoint *p = &self->producer;
	size_t page = page_size();
	pid_t pid;

	EXPECT_EQ(-1, madvise(p->ctl, page, MADV_DOFORK));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, madvise(p->data, p->data_bytes, MADV_DOFORK));
	pid = spawn(1);
	if (!pid) {
		catch_signals();
		CHILD_ASSERT(signal_of_read(p->ctl) == SIGSEGV);
		CHILD_ASSERT(signal_of_read(p->data) == SIGSEGV);
		CHILD_ASSERT(!signal_of_read(p->info));
		CHILD_ASSERT(!signal_of_read(p->peer_ctl));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	p->data[0] = 'p';
	EXPECT_EQ('p', self->consumer.data[0]);
}

/* Attaches, maps, has an idle child, and is killed. */
static void hold_and_fork(const char *name, int ready, int stay)
{
	struct endpoint ep;
	char c;

	CHILD_ASSERT(!endpoint_open(&ep, name, SHMRING_ROLE_PRODUCER));
	endpoint_move(&ep, endpoint_fill(&ep, 7));
	if (!fork()) {
		CHILD_ASSERT(write(ready, "", 1) == 1);
		CHILD_ASSERT(read(stay, &c, 1) == 1);
		/* What it has of its parent's is a descriptor of nothing. */
		CHILD_ASSERT(ring_ioctl(ep.fd, SHMRING_IOC_KICK, NULL) ==
			     -ENOTCONN);
		catch_signals();
		CHILD_ASSERT(signal_of_read(ep.info) == SIGBUS);
		CHILD_ASSERT(write(ready, "", 1) == 1);
		_exit(0);
	}
	pause();
}

/* A role ends with its process, whoever else has the descriptor. */
TEST_F(revoke, inv3_idle_child_of_a_killed_producer)
{
	struct endpoint *c = &self->consumer, next;
	int ready[2], stay[2];
	__u32 events;
	pid_t pid;
	char byte;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(stay));
	endpoint_close(&self->producer);
	pid = spawn(1);
	if (!pid)
		hold_and_fork(self->name, ready[1], stay[0]);
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	ASSERT_EQ(RECORD, endpoint_check(c, 7));
	endpoint_move(c, RECORD);
	kill(pid, SIGKILL);
	EXPECT_EQ(0, ring_wait(c->fd, 0, 0, SHMRING_WAIT_FOREVER, &events));
	EXPECT_EQ(SHMRING_EVENT_HUP, events);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	ASSERT_EQ(0, endpoint_open(&next, self->name, SHMRING_ROLE_PRODUCER));
	ASSERT_EQ(1, write(stay[1], "", 1));
	EXPECT_EQ(1, read(ready[0], &byte, 1));
	endpoint_close(&next);
}

/* An endpoint may be passed on until it is mapped, and then not. */
TEST_F(revoke, inv5_first_to_map)
{
	int fd, mapped[2];
	struct endpoint ep;
	pid_t pid;
	char byte;

	endpoint_close(&self->producer);
	fd = ring_open_as(self->name, SHMRING_ROLE_PRODUCER);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, pipe(mapped));
	pid = spawn(1);
	if (!pid) {
		CHILD_ASSERT(!endpoint_map(&ep, fd));
		CHILD_ASSERT(write(mapped[1], "", 1) == 1);
		pause();
	}
	ASSERT_EQ(1, read(mapped[0], &byte, 1));
	EXPECT_EQ(-EPERM, endpoint_map(&ep, dup(fd)));
	EXPECT_EQ(SHMRING_STATE_ATTACHED, state_of_producer(&self->consumer));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	/* It is gone with the one that mapped it, though this one has it. */
	EXPECT_EQ(SHMRING_STATE_GONE, state_of_producer(&self->consumer));
	EXPECT_EQ(-ENOTCONN, endpoint_map(&ep, dup(fd)));
	close(fd);
}

/*
 * Asleep
 */
enum way { BY_WAIT, BY_TIMED_WAIT, BY_POLL, BY_IO, WAYS };

struct sleeper {
	pthread_t thread;
	pid_t tid;
	struct endpoint *ep;
	enum way way;
	int result;
};

static int io(int fd, __u32 role)
{
	char record[RECORD] = "";
	ssize_t ret = role == SHMRING_ROLE_PRODUCER ?
		      write(fd, record, RECORD) : read(fd, record, RECORD);

	return ret < 0 ? -errno : ret;
}

static void *sleep_by(void *arg)
{
	struct sleeper *s = arg;
	struct pollfd pollfd = { .fd = s->ep->fd, .events = POLLIN };
	__u32 events;

	WRITE_ONCE(s->tid, syscall(SYS_gettid));
	switch (s->way) {
	case BY_WAIT:
		s->result = ring_wait(s->ep->fd, 0, 0, SHMRING_WAIT_FOREVER,
				      &events);
		break;
	case BY_TIMED_WAIT:
		s->result = ring_wait(s->ep->fd, 0, s->ep->ring_bytes,
				      3600LL * 1000000000, &events);
		break;
	case BY_POLL:
		s->result = poll(&pollfd, 1, -1) == 1 ?
			    pollfd.revents & ~POLLIN : -errno;
		break;
	default:
		s->result = io(s->ep->fd, s->ep->role);
		break;
	}
	return s;
}

/* Whoever sleeps for a role that ends is told, however it sleeps. */
TEST_F(revoke, inv3_sleepers_of_an_evicted_role)
{
	struct sleeper sleeper[WAYS];
	enum way way;

	for (way = 0; way < WAYS; way++) {
		sleeper[way] = (struct sleeper) {
			.ep = &self->consumer,
			.way = way,
		};
		ASSERT_EQ(0, pthread_create(&sleeper[way].thread, NULL,
					    sleep_by, &sleeper[way]));
		while (!READ_ONCE(sleeper[way].tid) ||
		       !is_asleep(sleeper[way].tid))
			relax();
	}
	ASSERT_EQ(0, ring_evict(self->name, SHMRING_ROLE_CONSUMER));
	for (way = 0; way < WAYS; way++) {
		ASSERT_EQ(0, pthread_join(sleeper[way].thread, NULL));
		EXPECT_EQ(way == BY_POLL ? POLLERR | POLLHUP : -ENOTCONN,
			  sleeper[way].result) {
			TH_LOG("way %u", way);
		}
	}
}

static void *evict_producer(void *name)
{
	return (void *)(long)ring_evict(name, SHMRING_ROLE_PRODUCER);
}

/*
 * A role that read() or write() gave an open file: eviction ends it, and a
 * descriptor that is used no more is no hindrance.
 */
TEST_F(revoke, inv3_evicted_in_read_of_a_ring)
{
	int ring = ring_open(self->name, O_RDWR);
	pid_t pid;
	char path[96];

	ASSERT_LE(0, ring);
	endpoint_close(&self->consumer);
	pid = spawn(1);
	if (!pid)
		_exit(-io(ring, SHMRING_ROLE_CONSUMER));
	snprintf(path, sizeof(path), "/sys/class/shmring/%s/waits", self->name);
	while (number_of(path, "") < 1 || !is_asleep(pid))
		relax();
	ASSERT_EQ(0, ring_evict(self->name, SHMRING_ROLE_CONSUMER));
	EXPECT_EQ(ENOTCONN, reap(pid));
	EXPECT_EQ(-ENOTCONN, io(ring, SHMRING_ROLE_CONSUMER));
	ASSERT_EQ(0, endpoint_open(&self->consumer, self->name,
				   SHMRING_ROLE_CONSUMER));
	close(ring);
	EXPECT_EQ(0, ring_ioctl(self->consumer.fd, SHMRING_IOC_KICK, NULL));
}

/*
 * A thread that touches it without end while its role ends: SIGBUS, at the
 * latest then, and nothing of it reaches a successor.
 */
struct toucher {
	struct endpoint *ep;
	int signal;
	__u64 written;
};

static void *write_until_it_hurts(void *arg)
{
	struct toucher *t = arg;

	t->signal = sigsetjmp(back, 1);
	while (!t->signal) {
		WRITE_ONCE(t->ep->data[0], 'o');
		WRITE_ONCE(t->written, t->written + 1);
	}
	return t;
}

TEST_F(revoke, inv5_writing_while_evicted)
{
	struct toucher toucher = { .ep = &self->producer };
	struct endpoint next;
	pthread_t thread;
	int i;

	catch_signals();
	ASSERT_EQ(0, pthread_create(&thread, NULL, write_until_it_hurts,
				    &toucher));
	while (!READ_ONCE(toucher.written))
		relax();
	ASSERT_EQ(0, ring_evict(self->name, SHMRING_ROLE_PRODUCER));
	ASSERT_EQ(0, endpoint_open(&next, self->name, SHMRING_ROLE_PRODUCER));
	WRITE_ONCE(next.data[0], 'n');
	for (i = 0; i < 100000; i++)
		ASSERT_EQ('n', READ_ONCE(self->consumer.data[0]));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(SIGBUS, toucher.signal);
	endpoint_close(&next);
}

/* Takes the role as soon as it can be had, and looks what the last one kept. */
struct successor {
	const char *name;
	unsigned char *at;
	bool there;
	int fd;
	int signal;
};

static void *succeed(void *arg)
{
	struct successor *s = arg;

	pin(1);
	do {
		s->fd = ring_open_as(s->name, SHMRING_ROLE_PRODUCER);
		WRITE_ONCE(s->there, true);
	} while (s->fd == -EBUSY);
	s->signal = signal_of_write(s->at);
	return s;
}

/* Of a ring that takes long to be unmapped. */
TEST_F(revoke, inv5_successor_comes_after_all_is_gone)
{
	struct successor s = { 0 };
	char name[SHMRING_NAME_MAX];
	struct endpoint ep;
	pthread_t thread;

	ring_name(name);
	ASSERT_EQ(0, ring_create(name, 16 << 20, RECORD));
	ASSERT_EQ(0, endpoint_open(&ep, name, SHMRING_ROLE_PRODUCER));
	s.name = name;
	s.at = ep.data + ep.data_bytes - 1;
	catch_signals();
	EXPECT_EQ(0, signal_of_write(s.at));
	ASSERT_EQ(0, pthread_create(&thread, NULL, succeed, &s));
	pin(0);
	while (!READ_ONCE(s.there))
		relax();
	EXPECT_EQ(0, ring_evict(name, SHMRING_ROLE_PRODUCER));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_LE(0, s.fd);
	EXPECT_EQ(SIGBUS, s.signal);
	close(s.fd);
	endpoint_close(&ep);
	EXPECT_EQ(0, ring_destroy(name));
}

struct writer {
	int fd;
	void *from;
	int result;
};

static void *write_one(void *arg)
{
	struct writer *w = arg;

	w->result = write(w->fd, w->from, RECORD) < 0 ? -errno : 0;
	return w;
}

/*
 * A write(2) that the kernel is in the middle of: it holds up no eviction, and
 * what it was about to write reaches nobody.
 */
TEST_F(revoke, inv5_evicted_in_the_middle_of_a_write)
{
	struct endpoint *p = &self->producer, *c = &self->consumer, next;
	struct writer writer = { .fd = p->fd };
	struct uffd_msg fault;
	pthread_t thread;
	__u32 events;
	int uffd;

	writer.from = slow_page(&uffd);
	if (!writer.from)
		SKIP(return, "no userfaultfd");
	ASSERT_EQ(0, pthread_create(&thread, NULL, write_one, &writer));
	/* It is in there once it wants the page. */
	ASSERT_EQ(sizeof(fault), read(uffd, &fault, sizeof(fault)));
	ASSERT_EQ(0, ring_evict(self->name, SHMRING_ROLE_PRODUCER));
	EXPECT_EQ(SHMRING_STATE_GONE, state_of_producer(c));
	ASSERT_EQ(0, endpoint_open(&next, self->name, SHMRING_ROLE_PRODUCER));
	memset(next.data, 'n', RECORD);
	endpoint_move(&next, RECORD);

	fill_page(uffd, writer.from);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(-ENOTCONN, writer.result);
	EXPECT_EQ(RECORD, endpoint_has(c));
	EXPECT_EQ('n', c->data[0]);
	EXPECT_EQ('n', c->data[RECORD - 1]);
	EXPECT_EQ(0, c->data[RECORD]);
	EXPECT_EQ(0, ring_wait(c->fd, 0, 0, 0, &events));
	EXPECT_EQ(SHMRING_EVENT_READY, events);
	endpoint_close(&next);
	close(uffd);
}

/* The same write, which nobody disturbs, arrives. */
TEST_F(revoke, write_of_a_slow_page)
{
	struct writer writer = { .fd = self->producer.fd };
	struct uffd_msg fault;
	pthread_t thread;
	int uffd;

	writer.from = slow_page(&uffd);
	if (!writer.from)
		SKIP(return, "no userfaultfd");
	ASSERT_EQ(0, pthread_create(&thread, NULL, write_one, &writer));
	ASSERT_EQ(sizeof(fault), read(uffd, &fault, sizeof(fault)));
	EXPECT_EQ(0, endpoint_has(&self->consumer));
	fill_page(uffd, writer.from);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, writer.result);
	EXPECT_EQ(RECORD, endpoint_has(&self->consumer));
	EXPECT_EQ('w', self->consumer.data[0]);
	close(uffd);
}

/*
 * Pins
 */

/* Pages in a pipe would outlive the role. That of plain memory can go there. */
TEST_F(revoke, inv5_no_vmsplice)
{
	struct iovec iov = { shared_memory(page_size()), page_size() };
	struct endpoint *p = &self->producer;
	void *regions[] = { (void *)p->info, p->ctl, (void *)p->peer_ctl, p->data };
	unsigned int i;
	int fd[2];

	ASSERT_EQ(0, pipe2(fd, O_NONBLOCK));
	ASSERT_EQ(page_size(), vmsplice(fd[1], &iov, 1, 0));
	for (i = 0; i < ARRAY_SIZE(regions); i++) {
		iov.iov_base = regions[i];
		EXPECT_EQ(-1, vmsplice(fd[1], &iov, 1, 0)) {
			TH_LOG("region %u", i);
		}
		EXPECT_EQ(EFAULT, errno);
	}
	close(fd[0]);
	close(fd[1]);
}

/* Other ways for the kernel to hold a page: none has one of a ring. */
TEST_F(revoke, inv5_no_process_vm)
{
	char plain[8] = "plain", *shared = shared_memory(page_size());
	struct iovec local = { plain, sizeof(plain) };
	struct iovec remote = { shared, sizeof(plain) };
	struct endpoint *p = &self->producer;

	ASSERT_EQ(8, process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
	ASSERT_EQ(8, process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	remote.iov_base = p->data;
	EXPECT_EQ(-1, process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	remote.iov_base = p->ctl;
	EXPECT_EQ(-1, process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, p->mine->pos);
	/* By way of the page tables, a call can read from it and write to it. */
	ASSERT_EQ(0, pipe((int *)shared));
	EXPECT_EQ(8, write(((int *)shared)[1], p->data, 8));
	EXPECT_EQ(8, read(((int *)shared)[0], p->data, 8));
}

/* Of all mappings of this process, the number that follows @key. */
static long long sum_of_smaps(const char *key)
{
	return sum_of("/proc/self/smaps", key);
}

/* It is no process's own, and none is killed for having it. */
TEST_F(revoke, counts_in_no_rss)
{
	const __u64 bytes = 4 << 20;
	struct endpoint *p = &self->producer;
	char name[SHMRING_NAME_MAX];
	long long before, after;
	struct endpoint ep;
	char *plain;
	size_t at;

	endpoint_close(p);
	ring_name(name);
	ASSERT_EQ(0, ring_create(name, bytes, 0));
	plain = shared_memory(bytes);
	before = sum_of_smaps("Rss:");
	for (at = 0; at < bytes; at += page_size())
		WRITE_ONCE(plain[at], 1);
	after = sum_of_smaps("Rss:");
	EXPECT_LE((long long)bytes >> 10, after - before);

	before = after;
	ASSERT_EQ(0, endpoint_open(&ep, name, SHMRING_ROLE_PRODUCER));
	for (at = 0; at < ep.data_bytes; at += page_size())
		ep.data[at] = 1;
	after = sum_of_smaps("Rss:");
	EXPECT_GT((long long)bytes >> 11, after - before);
	endpoint_close(&ep);
	EXPECT_EQ(0, ring_destroy(name));
}

/* The "dd" of a mapping's flags says that it is left out of a core. */
static bool is_dumped(const void *at)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	unsigned long from, to;
	bool here = false, dumped = true;
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = from <= (uintptr_t)at && (uintptr_t)at < to;
		if (here && !strncmp(line, "VmFlags:", 8))
			dumped = !strstr(line, " dd");
	}
	if (file)
		fclose(file);
	return dumped;
}

TEST_F(revoke, is_left_out_of_a_core)
{
	struct endpoint *p = &self->producer;

	EXPECT_TRUE(is_dumped(shared_memory(page_size())));
	EXPECT_FALSE(is_dumped(p->data));
	EXPECT_FALSE(is_dumped(p->ctl));
	EXPECT_FALSE(is_dumped((void *)p->info));
	/* Advice does not put it back. */
	madvise(p->data, p->data_bytes, MADV_DODUMP);
	EXPECT_FALSE(is_dumped(p->data));
}

/* Copies of one's own: through a fork, and after a write on either side. */
TEST_F(revoke, private_copies_through_fork)
{
	struct endpoint *p = &self->producer;
	struct shmring_info info;
	char *copy;
	pid_t pid;

	ASSERT_EQ(0, ring_info(p->fd, &info));
	copy = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE,
		    p->fd, info.data_offset);
	ASSERT_NE(MAP_FAILED, copy);
	p->data[0] = 's';
	EXPECT_EQ('s', copy[0]);
	copy[1] = 'c';
	pid = spawn(1);
	if (!pid) {
		CHILD_ASSERT(copy[1] == 'c');
		copy[1] = 'd';
		CHILD_ASSERT(copy[1] == 'd');
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ('c', copy[1]);
	EXPECT_EQ(0, p->data[1]);
	/* They are this process's own, and hold no role. */
	endpoint_unmap(p);
	EXPECT_EQ(SHMRING_STATE_GONE, state_of_producer(&self->consumer));
	munmap(copy, page_size());
}

/* An eviction of one that takes and leaves the role all the time. */
TEST_F_TIMEOUT(revoke, inv5_evictions_while_they_come_and_go, HANG)
{
	unsigned int i, evicted = 0, n = rounds_up_to(20000, 500);
	struct endpoint ep;
	pthread_t thread;
	void *ret;

	endpoint_close(&self->producer);
	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, endpoint_open(&ep, self->name,
					   SHMRING_ROLE_PRODUCER));
		ASSERT_EQ(0, pthread_create(&thread, NULL, evict_producer,
					    self->name));
		jitter(i);
		endpoint_close(&ep);
		ASSERT_EQ(0, pthread_join(thread, &ret));
		ASSERT_TRUE((long)ret == 0 || (long)ret == -ENOTCONN);
		evicted += !ret;
		ASSERT_EQ(SHMRING_STATE_GONE,
			  state_of_producer(&self->consumer));
	}
	TH_LOG("%u of %u were evicted before they left", evicted, n);
}

TEST_HARNESS_MAIN
