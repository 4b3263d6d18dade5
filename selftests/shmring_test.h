/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests share: a ring by system calls and shared memory alone, with
 * nothing between the test and the contract in <linux/shmring.h>.
 *
 * Functions return 0 or more when all is well, and -errno.
 */
#ifndef SHMRING_TEST_H
#define SHMRING_TEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <linux/shmring.h>

/*
 * The harness' own 30 seconds are too few for an emulated kernel that looks at
 * every access: what is to be noticed is a hang.
 */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	240

#define TRACEFS			"/sys/kernel/tracing"
#define PARAM_MAX_RING_BYTES	"max_ring_bytes"
#define PARAM_MAX_TOTAL_BYTES	"max_total_bytes"
#define PARAM_MAX_RINGS		"max_rings"
#define PARAM_LEVEL_MS		"level_ms"

/*
 * struct endpoint - one of the two sides, with every region mapped
 * @lane: in @info
 * @ctl, @peer_ctl: the two sides' pages
 * @mine, @peer: how far they say that they are in the lane
 * @bell: the peer's
 */
struct endpoint {
	int fd;
	__u32 role;
	__u32 record_size;
	__u64 ring_bytes;
	size_t page;
	size_t info_bytes;
	size_t ctl_bytes;
	size_t peer_bytes;
	size_t data_bytes;
	const struct shmring_info_page *info;
	const struct shmring_lane *lane;
	struct shmring_ctl_page *ctl;
	const struct shmring_ctl_page *peer_ctl;
	struct shmring_cursor *mine;
	const struct shmring_cursor *peer;
	const __u32 *bell;
	unsigned char *data;
};

/* For TEST_F_TIMEOUT: seconds, far more than any machine needs. */
#define HANG		600

#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, value)	__atomic_store_n(&(x), value, __ATOMIC_RELAXED)

/* In a forked child, where the harness' ASSERT would run the test's end. */
#define CHILD_ASSERT(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "# %s:%d: child: '%s' is false\n",	\
			__FILE__, __LINE__, #cond);			\
		_exit(1);						\
	}								\
} while (0)

/*
 * Rings. A name belongs to the calling process and is unique in it. Who creates
 * one as usual keeps no descriptor of it.
 */
void ring_name(char name[SHMRING_NAME_MAX]);
void ring_path(char path[64], const char *name);
bool ring_exists(const char *name);
void ring_defaults(struct shmring_create *create, const char *name);
int ring_create_fd(const struct shmring_create *create);
int ring_create_as(const struct shmring_create *create);
int ring_create_anonymous(__u64 ring_bytes, __u32 record_size);
int ring_create(const char *name, __u64 ring_bytes, __u32 record_size);
int ring_destroy(const char *name);
int ring_destroy_id(__u64 id);
int ring_evict(const char *name, __u32 role);
int ring_evict_id(__u64 id, __u32 role);
int ring_open(const char *name, int flags);
int ring_attach(int ring, __u32 role);	/* the endpoint's descriptor */
int ring_attach_at(int ring, __u32 role, __u32 index);
int ring_open_as(const char *name, __u32 role);	/* open and attach */
int ring_info(int fd, struct shmring_info *info);
int ring_wait(int fd, __u32 flags, __u64 want, __s64 timeout_ns,
	      __u32 *events);
int ring_kick_wait(int fd, int kick_fd, __s64 timeout_ns, __u32 *events);
int ring_eventfd(int fd, int event_fd);
int ring_ioctl(int fd, unsigned long request, void *arg);

/* What poll() says at once, and whether calls wait. */
short polled(int fd);
void set_nonblock(int fd, bool on);

/*
 * Endpoints: of the process that maps them. That of a consumer shows one lane, the
 * first one unless it is named.
 */
int endpoint_map(struct endpoint *ep, int fd);
int endpoint_map_lane(struct endpoint *ep, int fd, __u32 lane);
int endpoint_open(struct endpoint *ep, const char *name, __u32 role);
int endpoint_attach(struct endpoint *ep, int ring, __u32 role);
void endpoint_unmap(struct endpoint *ep);
void endpoint_close(struct endpoint *ep);

/* Records whose length and bytes follow from their number. */
size_t record_fill(unsigned char *to, const struct endpoint *ep, __u64 seq);
bool record_matches(const unsigned char *from, size_t len,
		    const struct endpoint *ep, __u64 seq);
size_t endpoint_fill(struct endpoint *ep, __u64 seq);
ssize_t endpoint_check(struct endpoint *ep, __u64 seq);

/* Rings that stay, by number, and a process that makes others come and go. */
void steady_name(char name[SHMRING_NAME_MAX], int i);
pid_t start_churn(void);
void stop_churn(pid_t churn);

/* Module parameters, /proc, CPUs and processes. */
int param_get(const char *name, char value[32]);
int param_set(const char *name, const char *value);
int write_file(const char *path, const char *value);
char *file_text(const char *path);	/* to be freed; at most 1 MiB */
int cpu_set_online(unsigned int cpu, bool online);
bool cpu_can_go(unsigned int cpu);
int count_lines(const char *path, const char *begin);
long long number_of(const char *path, const char *key);
long long sum_of(const char *path, const char *key);
long module_users(void);
pid_t spawn(unsigned int cpu);
int reap(pid_t pid);
bool is_asleep(pid_t pid);
void pin(unsigned int n);
void *shared_memory(size_t bytes);
/* A page that whoever touches it waits for, until it is filled with 'w'. */
void *slow_page(int *uffd);
void fill_page(int uffd, void *page);
__s64 clock_ns(clockid_t clock);
bool documented(int ret, const int *errors);	/* which end with 0 */
const char *unusable(void);

static inline size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

static inline __u64 mix(__u64 x)
{
	x = (x ^ (x >> 31)) * 0x9e3779b97f4a7c15ULL;
	x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9ULL;
	return x ^ (x >> 32);
}

/* One turn of a loop that waits or passes time, which the compiler keeps. */
static inline void relax(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

/* Waits for less than a system call takes, differently each time. */
static inline void jitter(__u64 seed)
{
	__u64 r = mix(seed);

	for (r = (r >> 8) & ((1U << (r % 11)) - 1); r; r--)
		relax();
}

/*
 * How often to do what is usually done @usual times: SHMRING_TEST_ROUNDS is the
 * most, for a kernel that looks at every access.
 */
__u64 rounds(__u64 usual);
/* The same, of what is done @most times by those who have the time for it. */
__u64 rounds_up_to(__u64 most, __u64 usual);

static inline __u64 load_acquire(const __u64 *from)
{
	return __atomic_load_n(from, __ATOMIC_ACQUIRE);
}

/* Bytes that are there for a consumer, free for a producer. */
static inline __u64 endpoint_has(const struct endpoint *ep)
{
	/* Pairs with the store in endpoint_move() of the other side. */
	__u64 peer = load_acquire(&ep->peer->pos);

	if (ep->role == SHMRING_ROLE_CONSUMER) {
		/* Producers are honest here: there is nothing to go back to. */
		__atomic_store_n(&ep->mine->generation,
				 __atomic_load_n(&ep->lane->generation,
						 __ATOMIC_ACQUIRE),
				 __ATOMIC_RELEASE);
		return peer - ep->mine->pos;
	}
	return ep->ring_bytes - (ep->mine->pos - peer);
}

static inline unsigned char *endpoint_at(const struct endpoint *ep)
{
	return ep->data + (ep->mine->pos & (ep->ring_bytes - 1));
}

/* Publishes or releases without a look at who sleeps. */
static inline void endpoint_store(struct endpoint *ep, __u64 bytes)
{
	/* Pairs with the load in endpoint_has() of the other side. */
	__atomic_store_n(&ep->mine->pos, ep->mine->pos + bytes,
			 __ATOMIC_RELEASE);
}

static inline bool endpoint_must_kick(struct endpoint *ep)
{
	/* The sleeper makes this CPU fence: only the compiler must keep order. */
	atomic_signal_fence(memory_order_seq_cst);
	return READ_ONCE(*ep->bell) & 1;
}

static inline void endpoint_move(struct endpoint *ep, __u64 bytes)
{
	endpoint_store(ep, bytes);
	if (endpoint_must_kick(ep))
		ring_ioctl(ep->fd, SHMRING_IOC_KICK,
			   (void *)(ep->lane - ep->info->lane));
}

#endif /* SHMRING_TEST_H */
