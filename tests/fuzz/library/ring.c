// SPDX-License-Identifier: MIT
/*
 * A ring whose other side is hostile: the input says what stands in its pages,
 * when it changes, and which calls the honest side makes meanwhile. Invariant 4
 * for the library: it never touches a byte beside the ring, its errors are those
 * that its header lists, and what makes no sense is EBADMSG.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "victim.h"

#define MOST_CALLS	48
#define SEALS		(F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/*
 * Calls of a consumer.
 */
static void peek(struct victim *v, struct input *in)
{
	const void *p;
	size_t len;
	uint32_t tag;

	p = shmring_peek(v->r, &len, &tag);
	if (!p) {
		check_error(v, errno);
		return;
	}
	touch(v, p, len);
	if (take(in, 1) & 1)
		shmring_release(v->r, len);
}

static void peek_many(struct victim *v, struct input *in)
{
	size_t asked = take(in, 2), n = asked;
	const void *p = shmring_peek_n(v->r, &n);

	if (!p) {
		check_error(v, errno);
		return;
	}
	PROMISE(n || !asked, "a run of no records");
	touch(v, p, n * v->r->record_size);
	shmring_release_n(v->r, n);
}

static void look_over(struct victim *v, struct input *in)
{
	uint64_t at = take(in, 2), from;
	const void *p;
	uint32_t tag;
	size_t len;

	do {
		from = at;
		p = shmring_peek_at(v->r, &at, &len, &tag);
		if (p)
			touch(v, p, len);
		else if (errno != ESTALE)
			check_error(v, errno);
		PROMISE(!p || (at > from && at <= RING), "at %llu",
			(unsigned long long)at);
	} while (at != from);
}

static void receive(struct victim *v, struct input *in)
{
	unsigned char buf[RING];
	size_t cap = take(in, 2) % (sizeof(buf) + 1);
	ssize_t got = shmring_recv(v->r, buf, cap, NULL, 0);

	if (got < 0)
		check_error(v, (int)-got);
	else
		PROMISE((size_t)got <= cap, "%zd bytes", got);
}

/*
 * Calls of a producer.
 */
static void reserve(struct victim *v, struct input *in)
{
	size_t len = v->r->record_size && take(in, 1) & 1 ? v->r->record_size :
		     take(in, 3);
	void *p = shmring_reserve(v->r, len);

	if (!p) {
		check_error(v, errno);
		return;
	}
	touch(v, p, len);
	memset(p, 1, len);
	if (take(in, 1) & 1)
		shmring_commit(v->r, (uint32_t)len, 0);
	else
		shmring_stage(v->r, (uint32_t)len, 0);
}

static void reserve_many(struct victim *v, struct input *in)
{
	size_t n = take(in, 2);
	void *p = shmring_reserve_n(v->r, &n);

	if (!p) {
		check_error(v, errno);
		return;
	}
	touch(v, p, n * v->r->record_size);
	memset(p, 2, n * v->r->record_size);
	shmring_commit_n(v->r, n);
}

static void send_one(struct victim *v, struct input *in)
{
	static const unsigned char bytes[2 * RING];
	size_t len = take(in, 2) % sizeof(bytes);
	int err = shmring_send(v->r, bytes, len, 0, 0);

	if (err)
		check_error(v, -err);
}

/*
 * Calls of both.
 */
static void wait_for(struct victim *v, struct input *in)
{
	size_t want = take(in, 2);
	/* What sleeps does so for a moment. */
	int64_t timeout = take(in, 1) & 1 ? 1000 : 0;
	int err = shmring_wait(v->r, want, timeout);

	/* -EINTR: a handler ran, and -EMSGSIZE is of no record. */
	if (err && err != -EMSGSIZE && err != -EINTR)
		check_error(v, -err);
}

static void ask(struct victim *v, struct input *in)
{
	struct shmring_stat st = SHMRING_STAT_INIT;
	int got;

	switch (take(in, 1) % 6) {
	case 0:
		got = shmring_peer(v->r);
		PROMISE(got == -EBADMSG || (got >= SHMRING_STATE_NEVER &&
					    got <= SHMRING_STATE_GONE),
			"peer %d", got);
		break;
	case 1:
		got = shmring_wait_peer(v->r, take(in, 1) & 1 ? 1000 : 0);
		PROMISE(!got || got == -ETIMEDOUT || got == -EINTR,
			"wait_peer %d", got);
		break;
	case 2:
		got = shmring_stat(v->address, &st);
		PROMISE(!got || got == -EPROTO, "stat %d", got);
		break;
	case 3:
		shmring_flush(v->r);
		break;
	case 4:
		shmring_epoch(v->r);
		break;
	default:
		got = shmring_kick_wait(v->r, v->r, 0);
		if (got)
			check_error(v, -got);
	}
}

/* Starts threads, so it is rare. */
static void arm(struct victim *v, struct input *in)
{
	size_t want = take(in, 2);
	int got = shmring_arm(v->r, want);

	if (got == 1)
		return;
	PROMISE(got <= 0, "arm %d", got);
	if (got)
		check_error(v, -got);
	else
		PROMISE(v->flipped || is_honest(v), "armed");
}

/*
 * The hostile side: a word, near the truth or far from it.
 */
static uint64_t value(struct victim *v, struct input *in)
{
	switch (take(in, 1) % 4) {
	case 0:
		return *own_pos(v) + (uint64_t)(int8_t)take(in, 1) * 8;
	case 1:
		return *own_pos(v) + (uint64_t)(int16_t)take(in, 2);
	case 2:
		return *peers_pos(v) + take(in, 2);
	default:
		return take(in, 8);
	}
}

static uint64_t *word(struct victim *v, struct input *in)
{
	unsigned char *at;

	switch (take(in, 1) % 8) {
	case 0:
	case 1:
	case 2:
		return peers_pos(v);
	case 3:
		/* Where the next header is. */
		return (uint64_t *)(void *)
			(v->file + 3 * PAGE + (v->r ? v->r->pos % RING & ~7ULL :
					       0));
	case 4:
		at = v->file + take(in, 1) % 16 * 4 / 8 * 8;
		break;
	case 5:
		at = peers_page(v) + take(in, 1) % 64 * 8;
		break;
	case 6:
		at = own_page(v) + take(in, 1) % 64 * 8;
		break;
	default:
		at = v->file + take(in, 2) % (FILE_BYTES / 8) * 8;
	}
	return (uint64_t *)(void *)at;
}

static void store(struct victim *v, struct input *in)
{
	uint64_t *to = word(v, in);

	__atomic_store_n(to, value(v, in), __ATOMIC_RELAXED);
}

static void start_flip(struct victim *v, struct input *in)
{
	uint64_t *at = word(v, in);
	uint64_t a = value(v, in);

	v->flipped = true;
	set_flip(at, a, value(v, in));
}

static void one_call(struct victim *v, struct input *in)
{
	uint64_t call = take(in, 1);
	bool produces = v->role == SHMRING_ROLE_PRODUCER;

	switch (call % 16) {
	case 0:
	case 1:
	case 2:
	case 3:
		store(v, in);
		return;
	case 4:
		leave(v);
		enter(v);
		return;
	case 5:
		start_flip(v, in);
		return;
	}
	if (!v->r)
		return;
	switch (call % 16) {
	case 6:
	case 7:
	case 8:
		produces ? reserve(v, in) : peek(v, in);
		break;
	case 9:
	case 10:
		produces ? reserve_many(v, in) : peek_many(v, in);
		break;
	case 11:
	case 12:
		produces ? send_one(v, in) : receive(v, in);
		break;
	case 13:
		wait_for(v, in);
		break;
	case 14:
		ask(v, in);
		break;
	default:
		if (call / 16 == 0)
			arm(v, in);
		else if (!produces)
			look_over(v, in);
	}
	check_handle(v);
}

/* A ring that the library made, which then gets into bad company. */
static void run_ring(struct input *in)
{
	static const uint32_t sizes[] = { 0, 0, 0, 8, 24, 64, 1, RING };
	struct shmring_opts o = SHMRING_OPTS_INIT;
	uint64_t first = take(in, 1);
	struct victim v = {
		.role = SHMRING_ROLE_PRODUCER + (first & 1),
		.spin_ns = first & 16 ? 500 : 0,
	};
	unsigned int i;

	o.flags = SHMRING_OPEN_CREATE;
	o.ring_bytes = RING;
	o.record_size = sizes[first / 2 % 8];
	v.any = shmring_open("memfd:", SHMRING_ROLE_NONE, &o);
	PROMISE(v.any, "%s", shmring_errmsg());
	snprintf(v.address, sizeof(v.address), "memfd:%d", shmring_fd(v.any));
	v.file = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
		      shmring_fd(v.any), 0);
	PROMISE(v.file != MAP_FAILED, "no memory");

	enter(&v);
	for (i = 0; in->left && i < MOST_CALLS; i++)
		one_call(&v, in);
	set_flip(NULL, 0, 0);
	leave(&v);
	munmap(v.file, FILE_BYTES);
	shmring_close(v.any);
}

/* A file that a stranger made, and says that it is a ring. */
static void run_file(struct input *in)
{
	struct shmring_info_page info = {
		.magic = SHMRING_MAGIC,
		.version = SHMRING_VERSION,
	};
	uint64_t first = take(in, 1), version;
	off_t size = (off_t)(take(in, 2) * 64);
	struct shmring_stat st = SHMRING_STAT_INIT;
	struct shmring *r;
	char address[32];
	int fd = memfd_create("fuzz", MFD_ALLOW_SEALING);

	PROMISE(fd >= 0, "no memory");
	/* An odd one is ours, whatever that is: a new one outdates no corpus. */
	version = take(in, 1);
	if (!(version & 1))
		info.version = (uint32_t)version;
	info.record_size = (uint32_t)take(in, 4);
	info.ring_bytes = first & 1 ? 1ULL << take(in, 1) % 64 : take(in, 8);
	if (first & 2)
		size = (off_t)((3 * PAGE + info.ring_bytes) % (1 << 20));
	PROMISE(!ftruncate(fd, size), "no memory");
	pwrite(fd, &info, (size_t)size < sizeof(info) ? (size_t)size :
							sizeof(info), 0);
	fcntl(fd, F_ADD_SEALS, first & 4 ? SEALS : (int)take(in, 1) & 15);

	snprintf(address, sizeof(address), "memfd:%d", fd);
	r = shmring_open(address, SHMRING_ROLE_PRODUCER + (first >> 3 & 1),
			 NULL);
	if (!r)
		check_open_error(errno);
	shmring_close(r);
	shmring_stat(address, &st);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	start_signals();
	if (take(&in, 1) % 8)
		run_ring(&in);
	else
		run_file(&in);
	return 0;
}
